//! Reading one document.

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Envelope, Operation, Response, Result};
use serde::de::DeserializeOwned;

use super::{DocumentRef, Id, TEMPLATE};
use crate::documents::find::Find;
use crate::documents::projection::Projection;
use crate::documents::request::{Name, fetch_document, fetch_list, is_no_document};
use crate::documents::value::Document;

/// Reads a document by its id; awaited, it gives an `Option<T>`.
///
/// Safe to repeat, so it is retried after transient failures.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct GetDocument<T = Document> {
    document: DocumentRef,
    fields: Option<Projection>,
    options: CallOptions,
    of: PhantomData<fn() -> T>,
}

impl<T> GetDocument<T> {
    pub(super) fn new(document: DocumentRef) -> Self {
        Self {
            options: document.target.target.options(),
            document,
            fields: None,
            of: PhantomData,
        }
    }

    /// Reads only these fields. Default: all. `_id` comes along unless it is excluded.
    #[doc(alias = "field")]
    pub fn fields(mut self, fields: impl Into<Projection>) -> Self {
        self.fields = Some(fields.into());
        self
    }

    fn build(self) -> Result<Operation> {
        let Self {
            document,
            fields,
            options,
            ..
        } = self;
        let id = match &document.id.0 {
            Id::Text(id) => id,
            Id::Number(id) => {
                let find = Find::<T>::new(document.target, DocumentRef::filter(id)).limit(1);
                let (mut query, _) = find.into_parts();
                query.fields = fields;
                return Find::<T>::from_parts(query, options).build();
            }
        };
        let operation = Name("documents.get", TEMPLATE).operation(Method::GET, || {
            let path = document.target.target.mark_query(document.path(id)?)?;
            let fields = fields.as_ref().map(Projection::encode).transpose()?;
            Ok((path.query_opt("projection", fields.as_deref()), None))
        })?;
        // The response is the document itself. One without `_id` may be anything, an error's fields included.
        let envelope = match fields.is_none_or(|fields| fields.has_id()) {
            true => Envelope::Documents,
            false => Envelope::Gateway,
        };
        Ok(operation.envelope(envelope).options(options))
    }
}

impl<T: DeserializeOwned> GetDocument<T> {
    async fn respond(self) -> Result<Response<Option<T>>> {
        let client = self.document.target.target.client.clone();
        if let Id::Number(_) = self.document.id.0 {
            let found = fetch_list(&client, self.build()?).await?;
            return Ok(found.map(|documents| documents.into_iter().next()));
        }
        match fetch_document(&client, self.build()?).await {
            Ok(found) => Ok(found.map(Some)),
            Err(error) if is_no_document(&error) => Ok(Response::of_error(&error, None)),
            Err(error) => Err(error),
        }
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports, that there is no such collection included;
    /// [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode) if the document does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] GetDocument<T> => Option<T>; call, product, operation
}
