//! URLs that grant read access to an object of a bucket for a while.

use std::time::Duration;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, ErrorKind, Idempotency, Operation, Result, call_options};
use serde::{Deserialize, Serialize};

use super::Bucket;
use crate::ObjectKey;
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

#[derive(Deserialize)]
struct Signed {
    #[serde(rename = "signedURL", default)]
    relative: Option<String>,
    #[serde(rename = "fullSignedURL", default)]
    full: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

impl Signed {
    fn url(self, bucket: &Bucket) -> Result<String> {
        if let Some(message) = self.error.filter(|message| !message.is_empty()) {
            let status = cloudbase_core::http::StatusCode::OK;
            let code = looks_missing(&message).then(|| "not_found".into());
            return Err(Error::api(status, code, message));
        }
        whole(bucket, self.full, self.relative)
    }
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
        (None, None) => Err(Error::new(ErrorKind::Decode, "the answer has no URL")),
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
) -> Result<Vec<Result<String>>> {
    let target = bucket.at("/v1/storages/object/sign")?.build()?;
    let expires_in = seconds(lifetime)?;
    let options = options.as_one_call();
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
        .options(options.clone());
        let answer = bucket.client.fetch_json::<Vec<Signed>>(operation).await?;
        let answer = answer.try_map(|signed| {
            if signed.len() == paths.len() {
                return Ok(signed);
            }
            let (sent, got) = (paths.len(), signed.len());
            let message = format!("{sent} objects were sent, but the answer has {got}");
            Err(Error::new(ErrorKind::Decode, message))
        })?;
        let mut signed = Vec::new();
        let answer = answer.map(|outcomes| signed = outcomes);
        let results = signed.into_iter().map(|outcome| {
            let url = outcome.url(bucket);
            url.map_err(|error| answer.complete(error))
        });
        urls.extend(results);
    }
    Ok(urls)
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

call_options!(BucketSignedUrl);
awaitable!(BucketSignedUrl => String);
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

    /// Sends the call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] before anything is sent; [`is_not_found`](Error::is_not_found);
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    pub async fn send(self) -> Result<String> {
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
        .options(self.options);
        let answer = self.bucket.client.fetch_json::<Signed>(operation).await?;
        let answer = answer.try_map(|signed| signed.url(&self.bucket))?;
        Ok(self.extras.add_to(answer.into_value()))
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
