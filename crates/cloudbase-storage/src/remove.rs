//! Removing objects.

use cloudbase_core::{CallOptions, Client, Idempotency, Result};
use serde::Serialize;

use crate::FileId;
use crate::batch::Batch;
use crate::signed_url::parse_all;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RemoveItem<'a> {
    cloud_object_id: &'a str,
}

/// A removal; see [`Storage::remove`](crate::Storage::remove).
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct Remove {
    client: Client,
    ids: Vec<String>,
    options: CallOptions,
}

cloudbase_core::request_options!(impl[] Remove; call, product, write);

impl Remove {
    pub(crate) fn new(client: Client, ids: Vec<String>) -> Self {
        Self {
            client,
            ids,
            options: CallOptions::default(),
        }
    }

    /// Sends as many calls as it takes, 50 objects each; the results are in the order of the ids.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever failed the first call. Later
    /// failures are results of the objects that they concern, and so is
    /// [`is_not_found`](cloudbase_core::Error::is_not_found).
    pub async fn send(self) -> Result<Vec<Result<FileId>>> {
        let ids = parse_all(&self.ids)?;
        let items: Vec<_> = ids
            .iter()
            .map(|id| RemoveItem {
                cloud_object_id: id.as_str(),
            })
            .collect();
        let call = Batch {
            name: "storage.remove",
            path: "/v1/storages/delete-objects",
            idempotency: Idempotency::Idempotent,
            options: self.options,
        };
        call.send_all(&self.client, &items, &ids, |_, id| Ok(id.clone()))
            .await
    }
}

awaitable!(Remove => Vec<Result<FileId>>);
