//! Removing objects.

use cloudbase_core::{CallOptions, Client, Idempotency, Operation, Response, Result};
use serde::Serialize;

use crate::FileId;
use crate::batch::Batch;
use crate::signed_url::parse_all;

const NAME: &str = "storage.remove";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RemoveItem<'a> {
    cloud_object_id: &'a str,
}

/// A removal, of 50 objects with each request; see [`Storage::remove`](crate::Storage::remove).
///
/// The results are in the order of the ids.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct Remove {
    client: Client,
    ids: Vec<String>,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// failed the first call. Later failures are results of the objects that they concern, and so is
    /// [`is_not_found`](cloudbase_core::Error::is_not_found).
    impl[] Remove => Vec<Result<FileId>>; call, product, write, operation
}

impl Remove {
    pub(crate) fn new(client: Client, ids: Vec<String>) -> Self {
        Self {
            client,
            ids,
            options: CallOptions::default(),
        }
    }

    fn ids(&self) -> Result<Vec<FileId>> {
        parse_all(&self.ids).map_err(|error| error.with_operation(NAME))
    }

    fn batch(self) -> Batch {
        Batch {
            name: NAME,
            path: "/v1/storages/delete-objects",
            idempotency: Idempotency::Idempotent,
            options: self.options,
        }
    }

    fn build(self) -> Result<Operation> {
        let ids = self.ids()?;
        self.batch().first("ids", &items(&ids))
    }

    async fn respond(self) -> Result<Response<Vec<Result<FileId>>>> {
        let (client, ids) = (self.client.clone(), self.ids()?);
        self.batch()
            .send_all(&client, &items(&ids), &ids, |_, id| Ok(id.clone()))
            .await
    }
}

fn items(ids: &[FileId]) -> Vec<RemoveItem<'_>> {
    ids.iter()
        .map(|id| RemoveItem {
            cloud_object_id: id.as_str(),
        })
        .collect()
}
