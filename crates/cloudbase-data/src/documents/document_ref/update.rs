//! Changing one document.

use cloudbase_core::{CallOptions, Idempotency, Operation, Response, Result};

use super::DocumentRef;
use crate::documents::request::{fetch, is_no_document};
use crate::documents::results::{Updated, UpdatedBody};
use crate::documents::update::Update;

/// Changes a document; awaited, it gives an [`Updated`].
///
/// Not repeated once it may have been sent, unless it is `.idempotent(true)`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct UpdateDocument {
    document: DocumentRef,
    update: Update,
    upsert: bool,
    options: CallOptions,
}

impl UpdateDocument {
    pub(super) fn new(document: DocumentRef, update: Update) -> Self {
        Self {
            options: document.target.target.options(),
            document,
            update,
            upsert: false,
        }
    }

    /// Adds the document if it is not there, then changes it.
    pub fn upsert(mut self) -> Self {
        self.upsert = true;
        self
    }

    fn build(self) -> Result<Operation> {
        let operation = self.document.patch("documents.update", |body| {
            let body = body.document("data", &self.update.to_document()?)?;
            Ok(body.flag("upsert", self.upsert).flag("replaceMode", false))
        })?;
        Ok(operation
            .idempotency(Idempotency::Unsafe)
            .options(self.options))
    }

    async fn respond(self) -> Result<Response<Updated>> {
        let client = self.document.target.target.client.clone();
        match fetch::<UpdatedBody>(&client, self.build()?).await {
            Ok(updated) => Ok(updated.map(Updated::from)),
            Err(error) if is_no_document(&error) => {
                Ok(Response::of_error(&error, Updated::default()))
            }
            Err(error) => Err(error),
        }
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports.
    impl[] UpdateDocument => Updated; call, product, write, operation
}
