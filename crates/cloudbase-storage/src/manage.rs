//! Removing, copying and moving objects.

use cloudbase_core::{CallOptions, Client, Error, ErrorKind, Idempotency, Result, call_options};
use serde::Serialize;

use crate::batch::{Call, Item};
use crate::signed_url::parse_all;
use crate::{FileId, ObjectKey};

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

call_options!(Remove);

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
    /// [`ErrorKind::Argument`] before anything is sent; whatever failed the first call. Later
    /// failures are results of the objects that they concern, and so is
    /// [`is_not_found`](Error::is_not_found).
    pub async fn send(self) -> Result<Vec<Result<FileId>>> {
        let ids = parse_all(&self.ids)?;
        let items: Vec<_> = ids
            .iter()
            .map(|id| RemoveItem {
                cloud_object_id: id.as_str(),
            })
            .collect();
        let call = Call {
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CopyItem {
    src_path: ObjectKey,
    dst_path: ObjectKey,
    overwrite: bool,
    remove_original: bool,
}

/// Copies or moves of objects; see [`Storage::copy`](crate::Storage::copy) and
/// [`Storage::move_to`](crate::Storage::move_to).
///
/// The service lets only administrators copy and move: callers with an API key.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct CopyObjects {
    client: Client,
    pairs: Vec<(String, String)>,
    overwrite: bool,
    remove_original: bool,
    options: CallOptions,
}

call_options!(CopyObjects);

impl CopyObjects {
    pub(crate) fn new(client: Client, pairs: Vec<(String, String)>, remove_original: bool) -> Self {
        Self {
            client,
            pairs,
            overwrite: true,
            remove_original,
            options: CallOptions::default(),
        }
    }

    /// Whether existing objects may be replaced. Default: yes.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Sends as many calls as it takes, 50 objects each; the results, the ids of the new objects,
    /// are in the order of the pairs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] before anything is sent; whatever failed the first call. Later
    /// failures are results of the objects that they concern.
    pub async fn send(self) -> Result<Vec<Result<FileId>>> {
        let (overwrite, remove_original) = (self.overwrite, self.remove_original);
        let items: Vec<_> = self
            .pairs
            .iter()
            .map(|(from, to)| {
                let src_path = ObjectKey::checked("from", from)?;
                let dst_path = ObjectKey::checked("to", to)?;
                if src_path == dst_path {
                    return Err(Error::argument("to", "must not be the same as `from`"));
                }
                Ok(CopyItem {
                    src_path,
                    dst_path,
                    overwrite,
                    remove_original,
                })
            })
            .collect::<Result<_>>()?;
        let again = if overwrite && !remove_original {
            Idempotency::Idempotent
        } else {
            // A second time finds its own result in the way, or the original gone.
            Idempotency::Unsafe
        };
        let call = Call {
            name: if remove_original {
                "storage.move"
            } else {
                "storage.copy"
            },
            path: "/v1/storages/copy-objects",
            idempotency: again,
            options: self.options,
        };
        call.send_all(&self.client, &items, &items, |item, _| new_id(item))
            .await
    }
}

fn new_id(item: Item) -> Result<FileId> {
    let id = item.cloud_object_id.unwrap_or_default();
    FileId::new(&id).map_err(|_| {
        Error::new(
            ErrorKind::Decode,
            "`cloudObjectId` of the new object is no file id",
        )
    })
}

awaitable!(CopyObjects => Vec<Result<FileId>>);

/// One copy or move of an object; see [`Storage::copy`](crate::Storage::copy) and
/// [`Storage::move_to`](crate::Storage::move_to).
///
/// The service lets only administrators copy and move: callers with an API key.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct CopyObject {
    many: CopyObjects,
    options: CallOptions,
}

call_options!(CopyObject);

impl CopyObject {
    pub(crate) fn new(client: Client, from: String, to: String, remove_original: bool) -> Self {
        Self {
            many: CopyObjects::new(client, vec![(from, to)], remove_original),
            options: CallOptions::default(),
        }
    }

    /// Whether an existing object may be replaced. Default: yes.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.many.overwrite = overwrite;
        self
    }

    /// Sends the call; gives the id of the new object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] before anything is sent; [`is_not_found`](Error::is_not_found);
    /// [`is_conflict`](Error::is_conflict) if there is an object that may not be replaced;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    pub async fn send(mut self) -> Result<FileId> {
        self.many.options = self.options;
        match self.many.send().await?.pop() {
            Some(result) => result,
            None => Err(Error::new(ErrorKind::Decode, "the answer is empty")),
        }
    }
}

awaitable!(CopyObject => FileId);
