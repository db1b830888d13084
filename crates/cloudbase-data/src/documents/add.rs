//! Adding documents.

use std::collections::HashMap;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, ErrorKind, Idempotency, Operation, Response, Result};
use serde::{Deserialize, Serialize};

use super::ejson::{self, Form};
use super::filter::in_;
use super::find::Find;
use super::request::{Body, CollectionTarget, Name, fetch, id_text};
use super::value::{Document, Value};

const NAME: Name = Name(
    "documents.add",
    "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents",
);

/// How many documents are looked for in one request, whose URL names them.
const IDS_AT_ONCE: usize = 100;

/// A document that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Added {
    /// Its id: its `_id` as text, or the one that the service gave it.
    pub id: String,
}

/// Documents that were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddedMany {
    /// Their ids, in the order of the documents.
    #[doc(alias = "insertedIds")]
    pub ids: Vec<String>,
}

/// Adds a document; awaited, it gives its id.
///
/// Not repeated once it may have been sent: a second time could add a second document. With
/// `.idempotent(true)` it is, if the document has an `_id`; that one of this id is there then counts as
/// success if it is the same document, its `_openid` aside. With a [`server_date`](super::server_date) or
/// NaN it never is: what is stored is another value, and NaN is not equal to itself.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Add {
    target: CollectionTarget,
    document: Result<String>,
    options: CallOptions,
}

/// Adds a list of documents; awaited, it gives their ids in order. See [`Add`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct AddMany {
    target: CollectionTarget,
    documents: Result<Vec<String>>,
    options: CallOptions,
}

impl Add {
    pub(super) fn new<T: Serialize + ?Sized>(target: CollectionTarget, document: &T) -> Self {
        Self {
            options: target.target.options(),
            document: object("document", document),
            target,
        }
    }

    fn build(self) -> Result<Operation> {
        let documents = self.document.map(|document| vec![document]);
        operation(&self.target, &documents, self.options)
    }

    async fn respond(self) -> Result<Response<Added>> {
        let documents = self.document.map(|document| vec![document]);
        let added = send(self.target, documents, self.options).await?;
        added.try_map(|mut ids| {
            let id = ids.pop().ok_or_else(|| no_id(0, 1))?;
            Ok(Added { id })
        })
    }
}

impl AddMany {
    pub(super) fn new<'a, T: Serialize + 'a>(
        target: CollectionTarget,
        documents: impl IntoIterator<Item = &'a T>,
    ) -> Self {
        let written = documents
            .into_iter()
            .enumerate()
            .map(|(at, document)| object(&format!("documents[{at}]"), document));
        Self {
            options: target.target.options(),
            documents: written.collect(),
            target,
        }
    }

    fn build(self) -> Result<Operation> {
        operation(&self.target, &self.documents, self.options)
    }

    async fn respond(self) -> Result<Response<AddedMany>> {
        if self.documents.as_ref().is_ok_and(Vec::is_empty) {
            return Ok(Response::without_call(NAME.0, AddedMany::default()));
        }
        let added = send(self.target, self.documents, self.options).await?;
        Ok(added.map(|ids| AddedMany { ids }))
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; an error that
    /// [is a conflict](cloudbase_core::Error::is_conflict) if there is a document with this id, or with the
    /// same value of a unique index; whatever the service or the way to it reports.
    impl[] Add => Added; call, product, write, operation
}

cloudbase_core::request_builder! {
    /// As [`Add::send`].
    impl[] AddMany => AddedMany; call, product, write, operation
}

fn operation(
    target: &CollectionTarget,
    documents: &Result<Vec<String>>,
    options: CallOptions,
) -> Result<Operation> {
    let operation = NAME.operation(Method::POST, || {
        let documents = documents.as_ref().map_err(Error::clone)?;
        if documents.is_empty() {
            return Err(Error::argument(
                "documents",
                "must have at least one document",
            ));
        }
        if options.idempotent() == Some(true) {
            ids(documents)?;
        }
        let body = Body::new().json("data", &format!("[{}]", documents.join(",")));
        Ok((target.documents()?, Some(target.target.mark_body(body)?)))
    })?;
    Ok(operation.idempotency(Idempotency::Unsafe).options(options))
}

async fn send(
    target: CollectionTarget,
    documents: Result<Vec<String>>,
    options: CallOptions,
) -> Result<Response<Vec<String>>> {
    #[derive(Deserialize)]
    struct Inserted {
        #[serde(rename = "insertedIds")]
        ids: Vec<Value>,
    }
    let options = match options.idempotent() {
        // What looks whether the documents are there is part of the call.
        Some(true) => options.as_one_call(),
        _ => options,
    };
    let client = target.target.client.clone();
    let operation = operation(&target, &documents, options.clone())?;
    let documents = documents?;
    match fetch::<Inserted>(&client, operation).await {
        Ok(inserted) => {
            let sent = documents.len();
            inserted.try_map(|Inserted { ids }| match ids.len() == sent {
                true => Ok(ids.into_iter().map(id_text).collect()),
                false => Err(no_id(ids.len(), sent)),
            })
        }
        Err(error) if is_own_duplicate(&error, &options) => {
            match are_stored(target, &documents, options).await {
                Some(ids) => Ok(Response::of_error(&error, ids)),
                None => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Whether the duplicate may be what an earlier attempt of the same call has added.
fn is_own_duplicate(error: &Error, options: &CallOptions) -> bool {
    options.idempotent() == Some(true) && error.attempts() > 1 && error.is_conflict()
}

/// The ids of the documents, if all of them are stored as they were sent.
async fn are_stored(
    target: CollectionTarget,
    documents: &[String],
    options: CallOptions,
) -> Option<Vec<String>> {
    let ids = ids(documents).ok()?;
    let mut stored = HashMap::new();
    for ids in ids.chunks(IDS_AT_ONCE) {
        let limit = u32::try_from(ids.len()).ok()?;
        let find = Find::<Document>::new(target.clone(), in_("_id", ids)).limit(limit);
        let (query, _) = find.into_parts();
        let find = Find::<Document>::from_parts(query, options.clone());
        for document in find.send().await.ok()? {
            stored.insert(id_text(document.get("_id")?.clone()), document);
        }
    }
    let ids: Vec<String> = ids.into_iter().map(id_text).collect();
    let same = ids.iter().zip(documents).all(|(id, sent)| {
        let sent: Option<Document> = sent.parse().ok();
        sent.zip(stored.get(id))
            .is_some_and(|(sent, stored)| is_same(&sent, stored))
    });
    same.then_some(ids)
}

/// Whether both have the same fields, whose order the service may change; it adds the owner.
fn is_same(sent: &Document, stored: &Document) -> bool {
    let owned = stored.contains("_openid") && !sent.contains("_openid");
    stored.len() - usize::from(owned) == sent.len()
        && sent
            .iter()
            .all(|(name, value)| stored.get(name) == Some(value))
}

/// The ids of the documents, which all of them must have.
fn ids(documents: &[String]) -> Result<Vec<Value>> {
    let id = |document: &String| {
        let document: Document = document.parse()?;
        document.get("_id").cloned().ok_or_else(|| {
            Error::argument(
                "document",
                "must have an `_id` if it is added with `idempotent(true)`: without one a repetition adds a \
                 second document",
            )
        })
    };
    documents.iter().map(id).collect()
}

/// A document as EJSON text.
fn object<T: Serialize + ?Sized>(argument: &str, document: &T) -> Result<String> {
    let text = ejson::encode(argument, document, Form::Relaxed)?;
    match text.starts_with('{') {
        true => Ok(text),
        false => Err(Error::argument(
            argument,
            "must be a struct or map: field names and values",
        )),
    }
}

fn no_id(given: usize, sent: usize) -> Error {
    let message = format!("the service gave {given} ids for {sent} documents");
    Error::new(ErrorKind::Decode, message)
}
