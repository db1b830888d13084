//! Creating a collection.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Operation, Response, Result};

use super::request::{Body, Name, Target, confirm};

/// Creates a collection.
///
/// Not repeated once it may have been sent, unless it is `.idempotent(true)`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct CreateCollection {
    target: Target,
    name: String,
    options: CallOptions,
}

impl CreateCollection {
    pub(super) fn new(target: Target, name: String) -> Self {
        Self {
            options: target.options(),
            target,
            name,
        }
    }

    fn build(self) -> Result<Operation> {
        let name = Name(
            "documents.create_collection",
            "/v1/database/instances/{instance}/databases/{database}/collections",
        );
        let operation = name.operation(Method::POST, || {
            if self.name.is_empty() {
                return Err(Error::argument("collection", "must not be empty"));
            }
            let body = Body::new().text("collectionName", &self.name)?;
            Ok((self.target.path("/collections")?, Some(body)))
        })?;
        Ok(operation.options(self.options))
    }

    async fn respond(self) -> Result<Response<()>> {
        let client = self.target.client.clone();
        confirm(&client, self.build()?).await
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports.
    impl[] CreateCollection => (); call, product, write, operation
}
