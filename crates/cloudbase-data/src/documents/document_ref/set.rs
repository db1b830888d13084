//! Replacing one document.

use cloudbase_core::{CallOptions, Error, Idempotency, Operation, Response, Result};
use serde::Serialize;

use super::DocumentRef;
use crate::documents::ejson::{self, Form};
use crate::documents::request::fetch;
use crate::documents::results::{Updated, UpdatedBody};
use crate::documents::value::Document;

/// Replaces a document, or adds it; awaited, it gives an [`Updated`].
///
/// The same twice as once, so it is retried after transient failures.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct SetDocument {
    document: DocumentRef,
    content: Result<String>,
    options: CallOptions,
}

impl SetDocument {
    pub(super) fn new<T: Serialize + ?Sized>(document: DocumentRef, content: &T) -> Self {
        Self {
            options: document.target.target.options(),
            document,
            content: replacement(content),
        }
    }

    fn build(self) -> Result<Operation> {
        let operation = self.document.patch("documents.set", |body| {
            let body = body.json("data", &self.content?);
            Ok(body.flag("upsert", true).flag("replaceMode", true))
        })?;
        Ok(operation
            .idempotency(Idempotency::Idempotent)
            .options(self.options))
    }

    async fn respond(self) -> Result<Response<Updated>> {
        let client = self.document.target.target.client.clone();
        let updated = fetch::<UpdatedBody>(&client, self.build()?).await?;
        Ok(updated.map(Updated::from))
    }
}

/// The document as EJSON text, if it is one without `_id` and without commands.
fn replacement<T: Serialize + ?Sized>(content: &T) -> Result<String> {
    let document = Document::of_argument("document", content)?;
    if document.contains("_id") {
        return Err(Error::argument(
            "document",
            "must not have an `_id`: it is that of `doc(id)`; leave it out with \
             `#[serde(skip_serializing)]`",
        ));
    }
    if let Some((key, _)) = document.iter().find(|(key, _)| key.starts_with('$')) {
        let rule = format_args!("must not have commands such as `{key}`: they are for `update`");
        return Err(Error::argument("document", rule));
    }
    ejson::encode("document", content, Form::Relaxed)
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports.
    impl[] SetDocument => Updated; call, product, write, operation
}
