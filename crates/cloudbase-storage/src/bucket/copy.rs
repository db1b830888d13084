//! Copies and moves inside and between buckets.

use cloudbase_core::http::{HeaderName, HeaderValue, Method};
use cloudbase_core::{
    CallOptions, Envelope, Error, ErrorKind, Idempotency, Operation, PathBuilder, Response, Result,
    to_json,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Bucket, BucketObject, check_id};
use crate::ObjectKey;
use crate::upload::headers::encode_metadata;

/// A copy or move; see [`Bucket::copy`] and [`Bucket::move_to`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketCopy {
    bucket: Bucket,
    from: String,
    to: String,
    to_bucket: Option<String>,
    remove_original: bool,
    upsert: Option<bool>,
    copy_metadata: Option<bool>,
    metadata: Option<Result<Metadata>>,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent;
    /// [`is_not_found`](Error::is_not_found); [`is_conflict`](Error::is_conflict);
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl[] BucketCopy => BucketObject; call, product, write, operation
}
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    bucket_id: &'a str,
    source_key: &'a ObjectKey,
    destination_key: &'a ObjectKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_bucket: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_metadata: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

/// What is kept with a copy. The official SDK sends it in the body and in a header; which of the
/// two the service reads is not known.
#[derive(Debug)]
struct Metadata {
    json: Box<RawValue>,
    header: HeaderValue,
}

impl Metadata {
    fn of<T: Serialize + ?Sized>(metadata: &T) -> Result<Self> {
        let json = String::from_utf8(to_json("metadata", metadata)?);
        let json = json.ok().and_then(|json| RawValue::from_string(json).ok());
        let json = json
            .ok_or_else(|| Error::new(ErrorKind::Encode, "`metadata` cannot be written as JSON"))?;
        let header = encode_metadata(&json)?;
        Ok(Self { json, header })
    }
}

impl BucketCopy {
    pub(super) fn new(bucket: Bucket, from: &str, to: &str, remove_original: bool) -> Self {
        Self {
            bucket,
            from: from.to_owned(),
            to: to.to_owned(),
            to_bucket: None,
            remove_original,
            upsert: None,
            copy_metadata: None,
            metadata: None,
            options: CallOptions::default(),
        }
    }

    /// Puts the new object into another bucket.
    #[doc(alias = "destinationBucket")]
    pub fn to_bucket(mut self, id: impl Into<String>) -> Self {
        self.to_bucket = Some(id.into());
        self
    }

    /// Whether an existing object may be replaced by a copy. Default: as the service does it.
    pub fn upsert(mut self, upsert: bool) -> Self {
        self.upsert = Some(upsert);
        self
    }

    /// Whether a copy gets the original's metadata. Default: as the service does it.
    pub fn copy_metadata(mut self, copy_metadata: bool) -> Self {
        self.copy_metadata = Some(copy_metadata);
        self
    }

    /// Keeps this value, as JSON, with a copy.
    pub fn metadata<T: Serialize + ?Sized>(mut self, metadata: &T) -> Self {
        self.metadata = Some(Metadata::of(metadata));
        self
    }

    fn name(remove_original: bool) -> &'static str {
        if remove_original {
            "storage.bucket.move"
        } else {
            "storage.bucket.copy"
        }
    }

    fn build(self) -> Result<Operation> {
        let name = Self::name(self.remove_original);
        self.make(name).map_err(|error| error.with_operation(name))
    }

    fn make(self, name: &'static str) -> Result<Operation> {
        let from = ObjectKey::checked("from", &self.from)?;
        let to = ObjectKey::checked("to", &self.to)?;
        check_id(&self.bucket.id)?;
        if let Some(id) = &self.to_bucket {
            check_id(id)?;
        }
        if from == to
            && self
                .to_bucket
                .as_ref()
                .is_none_or(|id| *id == self.bucket.id)
        {
            return Err(Error::argument("to", "must not be the same as `from`"));
        }
        let path = if self.remove_original {
            "/v1/storages/object/move"
        } else {
            "/v1/storages/object/copy"
        };
        let again = if self.upsert == Some(true) && !self.remove_original {
            Idempotency::Idempotent
        } else {
            Idempotency::Unsafe
        };
        let target = PathBuilder::new(path).build()?;
        let metadata = self.metadata.transpose()?;
        let mut operation = Operation::new(name, path, Method::POST, target)
            .json(&Request {
                bucket_id: &self.bucket.id,
                source_key: &from,
                destination_key: &to,
                destination_bucket: self.to_bucket.as_deref(),
                copy_metadata: self.copy_metadata,
                metadata: metadata.as_ref().map(|metadata| &*metadata.json),
            })?
            .idempotency(again)
            .envelope(Envelope::Storage)
            .options(self.options);
        if let Some(upsert) = self.upsert {
            let value = HeaderValue::from_static(if upsert { "true" } else { "false" });
            operation = operation.header(HeaderName::from_static("x-upsert"), value);
        }
        if let Some(metadata) = metadata {
            operation = operation.header(HeaderName::from_static("x-metadata"), metadata.header);
        }
        Ok(operation)
    }

    async fn respond(self) -> Result<Response<BucketObject>> {
        let client = self.bucket.client.clone();
        let bucket = self.to_bucket.clone().unwrap_or(self.bucket.id.clone());
        let to = self.to.clone();
        let operation = self.build()?;
        let to = ObjectKey::checked("to", &to)?;
        let response = client.fetch_json(operation).await?;
        Ok(response.map(|fields| BucketObject::of(fields, to, &bucket)))
    }
}
