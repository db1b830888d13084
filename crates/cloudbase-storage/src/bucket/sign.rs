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
use crate::named_request::named_request;
use crate::signed_url::{Extras, seconds};

/// How many objects one call signs.
const CHUNK: usize = 500;

/// The name of a call that signs one object.
const ONE: &str = "storage.bucket.signed_url";

/// The name of a call that signs many objects.
const MANY: &str = "storage.bucket.signed_urls";

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

named_request! {
    /// [`ErrorKind::Argument`] before anything is sent; [`is_not_found`](Error::is_not_found);
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl BucketSignedUrl => String, ONE; call, product, operation
}

url_extras!(BucketSignedUrl);

impl BucketSignedUrl {
    pub(super) fn new(bucket: Bucket, path: &str, lifetime: Duration) -> Self {
        Self {
            bucket,
            path: path.to_owned(),
            lifetime,
            extras: Extras::default(),
            options: CallOptions::default(),
        }
    }

    fn make(self) -> Result<Operation> {
        let expires_in = seconds(self.lifetime)?;
        let target = self
            .bucket
            .object("/v1/storages/object/sign", &self.path)?
            .build()?;
        let template = "/v1/storages/object/sign/{bucket}/{key}";
        let operation = Operation::new(ONE, template, Method::POST, target);
        let request = Request {
            expires_in,
            paths: None,
        };
        Ok(operation
            .json(&request)?
            .idempotency(Idempotency::Safe)
            .envelope(Envelope::Storage)
            .options(self.options))
    }

    async fn run(mut self) -> Result<Response<String>> {
        let (bucket, extras) = (self.bucket.clone(), std::mem::take(&mut self.extras));
        let response = bucket.client.fetch_json(self.build()?).await?;
        let response = response.try_map(|signed| url(signed, &bucket))?;
        Ok(response.map(|url| extras.add_to(url)))
    }
}

/// A request for many signed URLs; see [`Bucket::signed_urls`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketSignedUrls {
    bucket: Bucket,
    paths: Result<Vec<ObjectKey>>,
    lifetime: Duration,
    options: CallOptions,
}

named_request! {
    /// [`ErrorKind::Argument`] before anything is sent; whatever failed a call. What is wrong with one
    /// object is its result.
    impl BucketSignedUrls => Vec<Result<String>>, MANY; call, product, operation
}

impl BucketSignedUrls {
    pub(super) fn new(bucket: Bucket, paths: Result<Vec<ObjectKey>>, lifetime: Duration) -> Self {
        Self {
            bucket,
            paths,
            lifetime,
            options: CallOptions::default(),
        }
    }

    /// One call of at most [`CHUNK`] objects.
    fn request(&self, paths: &[ObjectKey], options: CallOptions) -> Result<Operation> {
        let expires_in = seconds(self.lifetime)?;
        let target = self.bucket.at("/v1/storages/object/sign")?.build()?;
        let template = "/v1/storages/object/sign/{bucket}";
        let request = Request {
            expires_in,
            paths: Some(paths),
        };
        Ok(Operation::new(MANY, template, Method::POST, target)
            .json(&request)?
            .idempotency(Idempotency::Safe)
            .envelope(Envelope::Storage)
            .options(options))
    }

    fn make(self) -> Result<Operation> {
        match self.paths.clone()?.chunks(CHUNK).next() {
            Some(paths) => self.request(paths, self.options.clone()),
            None => Err(Error::argument("paths", "must not be empty")),
        }
    }

    async fn run(self) -> Result<Response<Vec<Result<String>>>> {
        let (bucket, paths) = (&self.bucket, self.paths.clone()?);
        // Checked before the first call, so that an empty list is checked too.
        drop(self.request(&[], CallOptions::default())?);
        let options = self.options.clone().as_one_call();
        let mut head = Response::without_call(MANY, ());
        let mut urls = Vec::with_capacity(paths.len());
        for paths in paths.chunks(CHUNK) {
            let operation = self.request(paths, options.clone())?;
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
    pub(super) fn new(bucket: Bucket, path: &str) -> Self {
        Self {
            bucket,
            path: path.to_owned(),
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
