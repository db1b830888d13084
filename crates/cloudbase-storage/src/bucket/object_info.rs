//! What the service knows of an object of a bucket, and the calls that ask for it.

use cloudbase_core::http::{Method, StatusCode};
use cloudbase_core::{CallOptions, Envelope, Error, Operation, Response, Result, Timestamp};
use serde_json::{Map, Value};

use super::Bucket;
use crate::ObjectKey;
use crate::fields::Fields;
use crate::named_request::named_request;

/// A request for what the service knows of an object; see [`Bucket::info`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketInfo {
    bucket: Bucket,
    path: String,
    options: CallOptions,
}

named_request! {
    /// [`is_not_found`](Error::is_not_found) if there is no such object;
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// broke the connection.
    impl BucketInfo => BucketObjectInfo, "storage.bucket.info"; call, product, operation
}

impl BucketInfo {
    pub(super) fn new(bucket: Bucket, path: &str) -> Self {
        Self {
            bucket,
            path: path.to_owned(),
            options: CallOptions::default(),
        }
    }

    fn make(self) -> Result<Operation> {
        let target = self
            .bucket
            .object("/v1/storages/object/info", &self.path)?
            .build()?;
        let operation = Operation::new(
            "storage.bucket.info",
            "/v1/storages/object/info/{bucket}/{key}",
            Method::GET,
            target,
        );
        Ok(operation.envelope(Envelope::Storage).options(self.options))
    }

    async fn run(self) -> Result<Response<BucketObjectInfo>> {
        let key = ObjectKey::checked("path", &self.path)?;
        let client = self.bucket.client.clone();
        let response = client.fetch_json(self.build()?).await?;
        Ok(response.map(|fields| BucketObjectInfo::of(fields, &key)))
    }
}

/// A request for whether there is an object; see [`Bucket::exists`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketExists {
    bucket: Bucket,
    path: String,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// As [`BucketInfo::send`], but for the object's absence.
    impl[] BucketExists => bool; call, product, operation
}

impl BucketExists {
    pub(super) fn new(bucket: Bucket, path: &str) -> Self {
        Self {
            bucket,
            path: path.to_owned(),
            options: CallOptions::default(),
        }
    }

    fn into_info(self) -> BucketInfo {
        BucketInfo {
            bucket: self.bucket,
            path: self.path,
            options: self.options,
        }
    }

    fn build(self) -> Result<Operation> {
        self.into_info().build()
    }

    async fn respond(self) -> Result<Response<bool>> {
        match self.into_info().respond().await {
            Ok(response) => Ok(response.map(|_| true)),
            // The service also says 400 to what it does not have.
            Err(error) if error.is_not_found() || is_bad_request(&error) => {
                Ok(Response::of_error(&error, false))
            }
            Err(error) => Err(error),
        }
    }
}

/// The body may state another status, which is meant then.
fn is_bad_request(error: &Error) -> bool {
    error.body_status().or(error.status()) == Some(StatusCode::BAD_REQUEST)
}

/// What the service knows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketObjectInfo {
    /// The object's id.
    pub id: Option<String>,
    /// Its path in the bucket.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its bucket.
    pub bucket_id: Option<String>,
    /// How many bytes it has.
    pub size: Option<u64>,
    /// Its content type.
    pub content_type: Option<String>,
    /// How long it may be cached.
    pub cache_control: Option<String>,
    /// The tag of its content.
    pub etag: Option<String>,
    /// What its owner [put with it](crate::BucketUpload::metadata).
    pub metadata: Option<Value>,
    /// When it was last written.
    pub last_modified: Option<Timestamp>,
    /// When it was first written.
    pub created_at: Option<Timestamp>,
    /// What else the service sends, by name.
    pub extra: Map<String, Value>,
}

impl BucketObjectInfo {
    /// Reads the response about the object `key`.
    fn of(mut fields: Fields, key: &ObjectKey) -> Self {
        Self {
            id: fields.text("id"),
            name: fields.text("name").unwrap_or_else(|| key.to_string()),
            version: fields.text("version"),
            bucket_id: fields.text("bucket_id"),
            size: fields.number("size"),
            content_type: fields.text("content_type"),
            cache_control: fields.text("cache_control"),
            etag: fields.text("etag"),
            metadata: fields.value("metadata"),
            last_modified: fields.timestamp("last_modified"),
            created_at: fields.timestamp("created_at"),
            extra: fields.rest(),
        }
    }
}
