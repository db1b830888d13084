//! Object storage for the CloudBase SDK: upload, download, signed URLs, copy, move, delete.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use cloudbase_core::Client;
//! use cloudbase_storage::Storage;
//!
//! # async fn run() -> cloudbase_core::Result<()> {
//! let client = Client::builder().env_id("my-env-1a2b3c").access_key("…").build()?;
//! let storage = Storage::new(client);
//! let object = storage.upload("notes/today.txt", "Remember the milk").await?;
//! assert_eq!(storage.download(&object.file_id).await?, "Remember the milk");
//! let url = storage.signed_url(&object.file_id, Duration::from_secs(600)).await?;
//! println!("{url}");
//! # Ok(())
//! # }
//! ```
//!
//! # Memory
//!
//! Files, readers and streams pass in pieces of 256 KiB, up and down; memory does not grow with the
//! size of an object, except where its bytes are asked for at once.

#![cfg_attr(docsrs, feature(doc_cfg))]

// First, so that the page of `Storage` begins with uploads and downloads, not with the management of buckets.
mod storage;

mod batch;
mod bucket;
mod buckets;
mod checksum;
mod content_type;
mod copy;
mod download;
mod fields;
mod file;
mod file_id;
mod key;
mod named_request;
mod object_info;
mod remove;
mod signed_url;
mod transform;
mod unused_options;
mod upload;
mod url;

pub use crate::bucket::{
    Bucket, BucketCopy, BucketExists, BucketInfo, BucketList, BucketObject, BucketObjectInfo,
    BucketRemove, BucketSignedUploadUrl, BucketSignedUrl, BucketSignedUrls, BucketUpload, ListPage,
    ListedObject, PublicUrl, SignedUploadUrl,
};
pub use crate::buckets::{
    BucketDetails, CreateBucket, DeleteBucket, ListBuckets, MimeTypes, RequestBucketDetails,
    UpdateBucket,
};
pub use crate::copy::{CopyItem, CopyMany, CopyObject};
pub use crate::download::{Download, DownloadProgress, ObjectStream};
pub use crate::file_id::FileId;
pub use crate::key::ObjectKey;
pub use crate::object_info::{Exists, Info, ObjectInfo};
pub use crate::remove::Remove;
pub use crate::signed_url::{SignedUrl, SignedUrls};
pub use crate::storage::Storage;
pub use crate::transform::{Resize, Transform};
pub use crate::upload::{
    RequestUploadInfo, SignedUpload, Upload, UploadInfo, UploadProgress, UploadSource, Uploaded,
};

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
