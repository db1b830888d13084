//! Removing one document.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Idempotency, Operation, Response, Result};

use super::{DocumentRef, Id, TEMPLATE};
use crate::documents::request::{Name, fetch, is_no_document};
use crate::documents::results::{Removed, RemovedBody};
use crate::documents::write::RemoveMany;

/// Removes a document; awaited, it gives a [`Removed`].
///
/// The same twice as once, so it is retried after transient failures.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct RemoveDocument {
    document: DocumentRef,
    options: CallOptions,
}

impl RemoveDocument {
    pub(super) fn new(document: DocumentRef) -> Self {
        Self {
            options: document.target.target.options(),
            document,
        }
    }

    fn build(self) -> Result<Operation> {
        let Self { document, options } = self;
        let id = match &document.id.0 {
            Id::Text(id) => id,
            Id::Number(id) => {
                let by_number = RemoveMany::new(document.target, DocumentRef::filter(id));
                let operation = by_number.first_only().build()?;
                let operation = operation.idempotency(Idempotency::Idempotent);
                return Ok(operation.options(options));
            }
        };
        let operation = Name("documents.remove", TEMPLATE).operation(Method::DELETE, || {
            let path = document.target.target.mark_query(document.path(id)?)?;
            Ok((path, None))
        })?;
        Ok(operation.options(options))
    }

    async fn respond(self) -> Result<Response<Removed>> {
        let client = self.document.target.target.client.clone();
        match fetch::<RemovedBody>(&client, self.build()?).await {
            Ok(removed) => {
                // One that finds nothing again may have found it before.
                let repeated = removed.attempts() > 1;
                Ok(removed
                    .map(Removed::from)
                    .map(|removed| match removed.deleted {
                        Some(0) if repeated => Removed { deleted: None },
                        _ => removed,
                    }))
            }
            Err(error) if is_no_document(&error) => {
                let deleted = (error.attempts() <= 1).then_some(0);
                Ok(Response::of_error(&error, Removed { deleted }))
            }
            Err(error) => Err(error),
        }
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports.
    impl[] RemoveDocument => Removed; call, product, write, operation
}
