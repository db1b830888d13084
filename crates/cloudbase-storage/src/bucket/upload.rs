//! Uploads into a bucket.

use std::fmt;
use std::time::Duration;

use cloudbase_core::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use cloudbase_core::http::{HeaderName, HeaderValue, Method};
use cloudbase_core::{
    CallOptions, CredentialUse, Envelope, Error, ErrorKind, Idempotency, Operation, Response,
    Result, from_json,
};
use serde::Serialize;

use super::Bucket;
use super::sign_upload::SignedUploadUrl;
use crate::ObjectKey;
use crate::fields::Fields;
use crate::unused_options::check_without_token;
use crate::upload::headers::encode_metadata;
use crate::upload::progress::OnProgress;
use crate::upload::{UploadSource, stall_limit, transfer_methods, transmit};

const METADATA: HeaderName = HeaderName::from_static("x-metadata");
const UPSERT: HeaderName = HeaderName::from_static("x-upsert");

/// An upload into a bucket; see [`Bucket::upload`].
///
/// Dropping its future cancels it.
#[must_use = "an upload does nothing until it is awaited or sent"]
pub struct BucketUpload {
    bucket: Bucket,
    method: Method,
    path: String,
    source: UploadSource,
    signed: Option<SignedUploadUrl>,
    content_type: Option<String>,
    max_age: Duration,
    metadata: Option<Result<HeaderValue>>,
    upsert: bool,
    on_progress: Option<OnProgress>,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent; [`Local`](ErrorKind::Local) if a file
    /// cannot be read or changes meanwhile; [`is_not_found`](Error::is_not_found) if there is no
    /// such bucket; [`is_conflict`](Error::is_conflict) if there is an object already; 413 if the
    /// bucket takes no object of this size; whatever broke the connection.
    impl[] BucketUpload => BucketObject; transfer, product, write, operation
}
transfer_methods!(BucketUpload);

impl BucketUpload {
    pub(super) fn new(bucket: Bucket, method: Method, path: &str, source: UploadSource) -> Self {
        Self {
            bucket,
            upsert: method == Method::PUT,
            method,
            path: path.to_owned(),
            source,
            signed: None,
            content_type: None,
            max_age: Duration::from_secs(3600),
            metadata: None,
            on_progress: None,
            options: CallOptions::default(),
        }
    }

    pub(super) fn signed(bucket: Bucket, url: &SignedUploadUrl, source: UploadSource) -> Self {
        let mut upload = Self::new(bucket, Method::PUT, url.path().as_str(), source);
        upload.signed = Some(url.clone());
        upload
    }

    /// The object's content type. Default: by the extension of the file's name or of the object's,
    /// else `application/octet-stream`. (The JavaScript SDK puts raw bytes as
    /// `text/plain;charset=UTF-8`: a bucket that takes only certain
    /// [content types](crate::CreateBucket::allowed_mime_types) may take one and not the other.)
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Sets how long the object may be cached, in whole seconds (fractions are left out). Default: an hour.
    #[doc(alias = "cacheControl")]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Keeps this value, as JSON, with the object.
    pub fn metadata<T: Serialize + ?Sized>(mut self, metadata: &T) -> Self {
        self.metadata = Some(encode_metadata(metadata));
        self
    }

    /// Whether an object of this path may be replaced. Default: no; [`Bucket::update`] always
    /// replaces, and of a signed URL its maker has decided.
    pub fn upsert(mut self, upsert: bool) -> Self {
        self.upsert = upsert || self.method == Method::PUT;
        self
    }

    async fn respond(self) -> Result<Response<BucketObject>> {
        let name = self.name();
        let run = self.run();
        run.await.map_err(|error| error.with_operation(name))
    }

    async fn run(self) -> Result<Response<BucketObject>> {
        let key = ObjectKey::checked("path", &self.path)?;
        let operation = self.request(&key)?;
        let stall = stall_limit(&self.bucket.client, &self.options);
        let content = self.source.open(stall).await?;
        let response = transmit(&self.bucket.client, operation, content, self.on_progress).await?;
        response.try_map(|stored| Ok(BucketObject::of(from_json(&stored)?, key, &self.bucket.id)))
    }

    fn name(&self) -> &'static str {
        match self.signed {
            Some(_) => "storage.bucket.upload_to_signed_url",
            None => "storage.bucket.upload",
        }
    }

    fn build(self) -> Result<Operation> {
        let request = || self.request(&ObjectKey::checked("path", &self.path)?);
        request().map_err(|error| error.with_operation(self.name()))
    }

    fn request(&self, key: &ObjectKey) -> Result<Operation> {
        let own = self.content_type.as_deref();
        let media_type = own.unwrap_or_else(|| self.source.content_type(key));
        let media_type = HeaderValue::from_str(media_type).map_err(|_| {
            Error::argument(
                "content type",
                "must not contain control characters such as CR, LF or NUL",
            )
        })?;
        let max_age = HeaderValue::try_from(format!("max-age={}", self.max_age.as_secs()))
            .map_err(|error| {
                Error::new(ErrorKind::Encode, "`max_age` cannot be sent as a header")
                    .with_source(error)
            })?;
        let path = self
            .bucket
            .object("/v1/storages/object", key.as_str())?
            .build()?;
        let operation = match &self.signed {
            Some(signed) => {
                check_without_token(&self.options)?;
                Operation::new(
                    self.name(),
                    "/v1/storages/object/upload/sign/{bucket}/{key}",
                    Method::PUT,
                    signed.target(&self.bucket)?,
                )
                .credential(CredentialUse::None)
                // Whether a second time finds the first in its way is not known here.
                .idempotency(Idempotency::Unsafe)
            }
            None => Operation::new(
                self.name(),
                "/v1/storages/object/{bucket}/{key}",
                self.method.clone(),
                path,
            )
            .idempotency(if self.upsert {
                Idempotency::Idempotent
            } else {
                Idempotency::Unsafe
            }),
        };
        let mut operation = operation
            .envelope(Envelope::Storage)
            .header(CONTENT_TYPE, media_type)
            .header(CACHE_CONTROL, max_age)
            .options(self.options.clone())
            .transfer();
        if self.signed.is_none() && self.method == Method::POST {
            let upsert = if self.upsert { "true" } else { "false" };
            operation = operation.header(UPSERT, HeaderValue::from_static(upsert));
        }
        match &self.metadata {
            Some(Ok(metadata)) => Ok(operation.header(METADATA, metadata.clone())),
            Some(Err(error)) => Err(Error::new(error.kind(), error.message().to_owned())),
            None => Ok(operation),
        }
    }
}

impl fmt::Debug for BucketUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketUpload")
            .field("bucket", &self.bucket.id)
            .field("path", &self.path)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// An object that was put into a bucket, or copied or moved there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketObject {
    /// The object's id.
    pub id: Option<String>,
    /// Its path in the bucket.
    pub path: ObjectKey,
    /// Its path with the bucket in front, as the service gives it (`Key`).
    pub full_path: String,
}

impl BucketObject {
    /// Reads the response to a write of the object `path`: `{Id, Key}`, `{Key}` or `{message}`.
    pub(super) fn of(mut fields: Fields, path: ObjectKey, bucket: &str) -> Self {
        let key = fields.text("Key");
        Self {
            id: fields.text("Id"),
            full_path: key.unwrap_or_else(|| format!("{bucket}/{path}")),
            path,
        }
    }
}

/// The path in the bucket, as every other call takes it.
impl AsRef<str> for BucketObject {
    fn as_ref(&self) -> &str {
        self.path.as_str()
    }
}
