//! Copying and moving objects.

use cloudbase_core::{
    CallOptions, Client, Error, ErrorKind, Idempotency, Operation, Response, Result,
};
use serde::Serialize;

use crate::batch::Batch;
use crate::fields::Fields;
use crate::{FileId, ObjectKey};

/// One object of a batch of copies and moves; see [`Storage::copy_many`](crate::Storage::copy_many).
///
/// A pair of paths is a copy from the first to the second.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is part of a batch"]
pub struct CopyItem {
    from: String,
    to: String,
    upsert: Option<bool>,
    remove_original: bool,
}

impl CopyItem {
    /// The object at path `from` is copied to path `to`.
    pub fn copy(from: impl AsRef<str>, to: impl AsRef<str>) -> Self {
        Self {
            from: from.as_ref().to_owned(),
            to: to.as_ref().to_owned(),
            upsert: None,
            remove_original: false,
        }
    }

    /// The object at path `from` is moved to path `to`.
    #[doc(alias = "removeOriginal")]
    pub fn move_to(from: impl AsRef<str>, to: impl AsRef<str>) -> Self {
        Self {
            remove_original: true,
            ..Self::copy(from, to)
        }
    }

    /// Whether an existing object may be replaced. Default: what the
    /// [batch](CopyMany::upsert) says.
    #[doc(alias = "overwrite")]
    pub fn upsert(mut self, upsert: bool) -> Self {
        self.upsert = Some(upsert);
        self
    }

    /// What is sent; `place` distinguishes the item from the others of its batch.
    fn request(&self, place: &str, upsert: bool) -> Result<CopyRequest> {
        let checked = self.checked(place, upsert);
        checked.map_err(|error| error.with_operation(name(self.remove_original)))
    }

    fn checked(&self, place: &str, upsert: bool) -> Result<CopyRequest> {
        let src_path = ObjectKey::checked(&format!("from{place}"), &self.from)?;
        let dst_path = ObjectKey::checked(&format!("to{place}"), &self.to)?;
        if src_path == dst_path {
            let rule = format!("must not be the same as `from{place}`");
            return Err(Error::argument(&format!("to{place}"), rule));
        }
        Ok(CopyRequest {
            src_path,
            dst_path,
            overwrite: self.upsert.unwrap_or(upsert),
            remove_original: self.remove_original,
        })
    }
}

impl<A: AsRef<str>, B: AsRef<str>> From<(A, B)> for CopyItem {
    fn from((from, to): (A, B)) -> Self {
        Self::copy(from, to)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CopyRequest {
    src_path: ObjectKey,
    dst_path: ObjectKey,
    overwrite: bool,
    remove_original: bool,
}

/// Copies or moves of objects, 50 with each request; see
/// [`Storage::copy_many`](crate::Storage::copy_many) and
/// [`Storage::move_many`](crate::Storage::move_many).
///
/// The results, the ids of the new objects, are in the order of the items. The service lets only
/// administrators copy and move: callers with an API key.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct CopyMany {
    client: Client,
    items: Vec<CopyItem>,
    upsert: bool,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent; whatever failed the first call. Later
    /// failures are results of the objects that they concern.
    impl[] CopyMany => Vec<Result<FileId>>; call, product, write, operation
}

impl CopyMany {
    pub(crate) fn new(client: Client, items: Vec<CopyItem>) -> Self {
        Self {
            client,
            items,
            upsert: true,
            options: CallOptions::default(),
        }
    }

    /// Whether existing objects may be replaced. Default: yes.
    #[doc(alias = "overwrite")]
    pub fn upsert(mut self, upsert: bool) -> Self {
        self.upsert = upsert;
        self
    }

    fn requests(&self) -> Result<Vec<CopyRequest>> {
        let requests = self.items.iter().enumerate();
        requests
            .map(|(index, item)| item.request(&format!(" {index}"), self.upsert))
            .collect()
    }

    fn build(self) -> Result<Operation> {
        let requests = self.requests()?;
        batch(&requests, self.options).first("items", &requests)
    }

    async fn respond(self) -> Result<Response<Vec<Result<FileId>>>> {
        transfer(&self.client, &self.requests()?, self.options).await
    }
}

fn name(remove_original: bool) -> &'static str {
    if remove_original {
        "storage.move"
    } else {
        "storage.copy"
    }
}

/// The calls that make these copies and moves.
fn batch(requests: &[CopyRequest], options: CallOptions) -> Batch {
    let repeats = |item: &CopyRequest| item.overwrite && !item.remove_original;
    let idempotency = if requests.iter().all(repeats) {
        Idempotency::Idempotent
    } else {
        // A second time finds its own result in the way, or the original gone.
        Idempotency::Unsafe
    };
    Batch {
        name: name(requests.iter().all(|item| item.remove_original)),
        path: "/v1/storages/copy-objects",
        idempotency,
        options,
    }
}

async fn transfer(
    client: &Client,
    requests: &[CopyRequest],
    options: CallOptions,
) -> Result<Response<Vec<Result<FileId>>>> {
    batch(requests, options)
        .send_all(client, requests, requests, |item, _| new_id(item))
        .await
}

fn new_id(mut item: Fields) -> Result<FileId> {
    let id = item.string("cloudObjectId").unwrap_or_default();
    FileId::new(&id).map_err(|_| {
        Error::new(
            ErrorKind::Decode,
            "`cloudObjectId` of the new object is no file id",
        )
    })
}

/// One copy or move of an object; see [`Storage::copy`](crate::Storage::copy) and
/// [`Storage::move_to`](crate::Storage::move_to). Awaited, it gives the id of the new object.
///
/// The service lets only administrators copy and move: callers with an API key.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct CopyObject {
    client: Client,
    item: CopyItem,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent; [`is_not_found`](Error::is_not_found);
    /// [`is_conflict`](Error::is_conflict) if there is an object that may not be replaced;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl[] CopyObject => FileId; call, product, write, operation
}

impl CopyObject {
    pub(crate) fn new(client: Client, item: CopyItem) -> Self {
        Self {
            client,
            item,
            options: CallOptions::default(),
        }
    }

    /// Whether an existing object may be replaced. Default: yes.
    #[doc(alias = "overwrite")]
    pub fn upsert(mut self, upsert: bool) -> Self {
        self.item = self.item.upsert(upsert);
        self
    }

    fn build(self) -> Result<Operation> {
        let requests = [self.item.request("", true)?];
        batch(&requests, self.options).first("items", &requests)
    }

    async fn respond(self) -> Result<Response<FileId>> {
        let request = self.item.request("", true)?;
        let response = transfer(&self.client, &[request], self.options).await?;
        response.try_map(|mut results| {
            let missing = || Error::new(ErrorKind::Decode, "the response is empty");
            results.pop().ok_or_else(missing)?
        })
    }
}
