//! Counting documents.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Operation, Response, Result};
use serde::Deserialize;

use super::filter::Filter;
use super::find::query;
use super::request::{CollectionTarget, Name, fetch};

/// Counts the documents that match; awaited, it gives a `u64`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Count {
    target: CollectionTarget,
    filter: Filter,
    options: CallOptions,
}

impl Count {
    pub(super) fn new(target: CollectionTarget, filter: Filter) -> Self {
        Self {
            options: target.target.options(),
            target,
            filter,
        }
    }

    fn build(self) -> Result<Operation> {
        let name = Name(
            "documents.count",
            "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents",
        );
        let operation = name.operation(Method::GET, || {
            let path = self.target.target.mark_query(self.target.documents()?)?;
            let path = path.query("count", "true");
            Ok((
                path.query_opt("query", query(&self.filter)?.as_deref()),
                None,
            ))
        })?;
        Ok(operation.options(self.options))
    }

    async fn respond(self) -> Result<Response<u64>> {
        #[derive(Deserialize)]
        struct Total {
            total: u64,
        }
        let client = self.target.target.client.clone();
        let counted = fetch::<Total>(&client, self.build()?).await?;
        Ok(counted.map(|Total { total }| total))
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports.
    impl[] Count => u64; call, product, operation
}
