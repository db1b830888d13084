//! URLs that grant read access to an object of a bucket for a while.

use std::collections::HashMap;
use std::time::Duration;

use cloudbase_core::http::Method;
use cloudbase_core::{
    CallOptions, Envelope, Error, ErrorKind, Idempotency, Operation, Response, Result,
};
use serde::Serialize;
use serde_json::Value;

use super::Bucket;
use crate::ObjectKey;
use crate::fields::Fields;
use crate::signed_url::{Extras, seconds};

/// How many objects one call signs.
const CHUNK: usize = 500;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<&'a [ObjectKey]>,
}

/// Reads `{signedURL, fullSignedURL, error}`.
fn url(mut signed: Fields, bucket: &Bucket) -> Result<String> {
    if let Some(message) = signed.string("error") {
        let status = cloudbase_core::http::StatusCode::OK;
        let code = looks_missing(&message).then(|| "not_found".into());
        return Err(Error::api(status, code, message));
    }
    let (full, relative) = (signed.string("fullSignedURL"), signed.string("signedURL"));
    whole(bucket, full, relative)
}

/// What a response says of each of `paths`, in their order: the service promises none of its own, but
/// names the path with each URL.
fn sorted(paths: &[ObjectKey], items: Vec<Value>) -> Result<Vec<Option<Fields>>> {
    let mut items: Vec<Fields> = items.into_iter().map(Fields::of).collect();
    let names: Vec<_> = items.iter_mut().map(|item| item.string("path")).collect();
    let items = names.into_iter().zip(items);
    if items.clone().all(|(name, _)| name.is_none()) {
        return in_place(paths, items.map(|(_, item)| item).collect());
    }
    let named = items.filter_map(|(name, item)| Some((ObjectKey::new(&name?).ok()?, item)));
    let named: HashMap<_, _> = named.collect();
    Ok(paths.iter().map(|path| named.get(path).cloned()).collect())
}

/// The same where no item names its path.
fn in_place(paths: &[ObjectKey], items: Vec<Fields>) -> Result<Vec<Option<Fields>>> {
    if items.len() == paths.len() {
        return Ok(items.into_iter().map(Some).collect());
    }
    let (sent, got) = (paths.len(), items.len());
    let message = format!("{sent} objects were sent, but the response has {got} and names none");
    Err(Error::new(ErrorKind::Decode, message))
}

fn looks_missing(message: &str) -> bool {
    message.to_ascii_lowercase().contains("not found")
}

/// A whole URL, completed if the service gave only the part after `/v1/storages`.
pub(super) fn whole(
    bucket: &Bucket,
    full: Option<String>,
    relative: Option<String>,
) -> Result<String> {
    let full = full.filter(|url| url.contains("://"));
    let relative = relative.filter(|url| !url.is_empty());
    match (full, relative) {
        (Some(full), _) => Ok(full),
        (None, Some(relative)) if relative.contains("://") => Ok(relative),
        (None, Some(relative)) if relative.starts_with("/v1/") => Ok(bucket.complete(&relative)),
        (None, Some(relative)) => {
            let path = relative.trim_start_matches('/');
            Ok(bucket.complete(&format!("/v1/storages/{path}")))
        }
        (None, None) => Err(Error::new(ErrorKind::Decode, "the response has no URL")),
    }
}

/// Gives a builder with a field `extras: Extras` what is added to its URL.
macro_rules! url_extras {
    ($type:ident) => {
        impl $type {
            /// Lets browsers save the object under this name instead of showing it. Empty: under
            /// its own.
            #[doc(alias = "download")]
            pub fn download_as(mut self, file_name: impl Into<String>) -> Self {
                self.extras.download = Some(file_name.into());
                self
            }

            /// Makes the URL a new one for caches.
            #[doc(alias = "cacheNonce")]
            pub fn cache_nonce(mut self, nonce: impl Into<String>) -> Self {
                self.extras.nonce = Some(nonce.into());
                self
            }
        }
    };
}

/// Signs many objects; see [`Bucket::signed_urls`].
pub(super) async fn many(
    bucket: &Bucket,
    paths: Vec<ObjectKey>,
    lifetime: Duration,
    options: CallOptions,
) -> Result<Response<Vec<Result<String>>>> {
    let target = bucket.at("/v1/storages/object/sign")?.build()?;
    let expires_in = seconds(lifetime)?;
    let options = options.as_one_call();
    let mut head = Response::without_call("storage.bucket.signed_urls", ());
    let mut urls = Vec::with_capacity(paths.len());
    for paths in paths.chunks(CHUNK) {
        let operation = Operation::new(
            "storage.bucket.signed_urls",
            "/v1/storages/object/sign/{bucket}",
            Method::POST,
            target.clone(),
        )
        .json(&Request {
            expires_in,
            paths: Some(paths),
        })?
        .idempotency(Idempotency::Safe)
        .envelope(Envelope::Storage)
        .options(options.clone());
        let response = bucket.client.fetch_json(operation).await?;
        let response = response.try_map(|items| sorted(paths, items))?;
        let (items, response) = response.split();
        let missing = || Error::new(ErrorKind::Decode, "the response has no URL for this path");
        urls.extend(items.into_iter().map(|item| {
            let url = item.ok_or_else(missing).and_then(|item| url(item, bucket));
            url.map_err(|error| response.complete(error))
        }));
        head = response;
    }
    Ok(head.map(|()| urls))
}

/// A request for a signed URL; see [`Bucket::signed_url`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketSignedUrl {
    bucket: Bucket,
    path: String,
    lifetime: Duration,
    extras: Extras,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent; [`is_not_found`](Error::is_not_found);
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl[] BucketSignedUrl => String; call, product
}
url_extras!(BucketSignedUrl);

impl BucketSignedUrl {
    pub(super) fn new(bucket: Bucket, path: String, lifetime: Duration) -> Self {
        Self {
            bucket,
            path,
            lifetime,
            extras: Extras::default(),
            options: CallOptions::default(),
        }
    }

    async fn respond(self) -> Result<Response<String>> {
        let expires_in = seconds(self.lifetime)?;
        let target = self
            .bucket
            .object("/v1/storages/object/sign", &self.path)?
            .build()?;
        let operation = Operation::new(
            "storage.bucket.signed_url",
            "/v1/storages/object/sign/{bucket}/{key}",
            Method::POST,
            target,
        )
        .json(&Request {
            expires_in,
            paths: None,
        })?
        .idempotency(Idempotency::Safe)
        .envelope(Envelope::Storage)
        .options(self.options);
        let response = self.bucket.client.fetch_json(operation).await?;
        let response = response.try_map(|signed| url(signed, &self.bucket))?;
        Ok(response.map(|url| self.extras.add_to(url)))
    }
}

/// The URL of an object in a public bucket; see [`Bucket::public_url`].
#[must_use = "the URL is what `build` returns"]
#[derive(Debug)]
pub struct PublicUrl {
    bucket: Bucket,
    path: String,
    extras: Extras,
}

url_extras!(PublicUrl);

impl PublicUrl {
    pub(super) fn new(bucket: Bucket, path: String) -> Self {
        Self {
            bucket,
            path,
            extras: Extras::default(),
        }
    }

    /// Makes the URL. Nothing is sent, so nobody asks whether bucket and object are there and
    /// public.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] if path or bucket id are no legal names.
    pub fn build(self) -> Result<String> {
        let target = self
            .bucket
            .object("/v1/storages/object/public", &self.path)?
            .build()?;
        Ok(self.extras.add_to(self.bucket.complete(target.path())))
    }
}
