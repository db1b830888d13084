//! URLs that grant read access to an object for a while.

use std::time::Duration;

use cloudbase_core::sdk::encode_component;
use cloudbase_core::{
    CallOptions, Client, Error, ErrorKind, Idempotency, Operation, Response, Result,
};
use serde::Serialize;

use crate::batch::Batch;
use crate::fields::Fields;
use crate::transform::Transform;
use crate::{FileId, url};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    cloud_object_id: &'a str,
    max_age: u64,
}

const NAME: &str = "storage.signed_url";

fn batch(options: CallOptions) -> Batch {
    Batch {
        name: NAME,
        path: "/v1/storages/get-objects-download-info",
        idempotency: Idempotency::Safe,
        options,
    }
}

fn items(ids: &[FileId], lifetime: Duration) -> Vec<Request<'_>> {
    ids.iter()
        .map(|id| Request {
            cloud_object_id: id.as_str(),
            max_age: lifetime.as_secs(),
        })
        .collect()
}

/// The request for the URL of one object.
pub(crate) fn operation(
    id: &FileId,
    lifetime: Duration,
    options: CallOptions,
) -> Result<Operation> {
    batch(options).first("ids", &items(std::slice::from_ref(id), lifetime))
}

/// Asks for the URL of one object.
pub(crate) async fn request(
    client: &Client,
    id: &FileId,
    lifetime: Duration,
    options: CallOptions,
) -> Result<Response<String>> {
    let items = items(std::slice::from_ref(id), lifetime);
    let mut outcomes = batch(options).send(client, &items).await?;
    let item = outcomes.next_item()?;
    let url = read(item, id).map_err(|error| outcomes.complete(error))?;
    Ok(outcomes.respond(url))
}

fn read(mut item: Fields, id: &FileId) -> Result<String> {
    let missing = || Error::new(ErrorKind::Decode, "the response has no download URL");
    download_url(&mut item, id.key()).unwrap_or_else(|| Err(missing()))
}

/// Where the object `key` can be read, encoded whether the service encoded it or not.
pub(crate) fn download_url(item: &mut Fields, key: &str) -> Option<Result<String>> {
    let urls = ["downloadUrlEncoded", "downloadUrl"].map(|name| item.string(name));
    Some(url::of_object(&urls.into_iter().flatten().next()?, key))
}

/// Whole seconds, as the service counts lifetimes.
pub(crate) fn seconds(lifetime: Duration) -> Result<u64> {
    if lifetime.as_secs() >= 1 && lifetime.subsec_nanos() == 0 {
        Ok(lifetime.as_secs())
    } else {
        Err(Error::argument(
            "lifetime",
            "must be a whole number of seconds, at least one",
        ))
    }
}

/// What is added to a URL after it was signed.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) download: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) transform: Option<Transform>,
}

impl Extras {
    pub(crate) fn add_to(&self, mut url: String) -> String {
        let mut add = |parameter: &str| {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(parameter);
        };
        for (name, value) in [("download", &self.download), ("cacheNonce", &self.nonce)] {
            if let Some(value) = value {
                add(&format!("{name}={}", encode_component(value)));
            }
        }
        if let Some(transform) = self.transform.as_ref().map(Transform::query)
            && !transform.is_empty()
        {
            add(&transform);
        }
        url
    }
}

/// A request for a signed URL; see [`Storage::signed_url`](crate::Storage::signed_url).
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct SignedUrl {
    client: Client,
    id: String,
    lifetime: Duration,
    extras: Extras,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection. That
    /// there is no such object may show only when the URL is used.
    impl[] SignedUrl => String; call, product, operation
}

impl SignedUrl {
    pub(crate) fn new(client: Client, id: String, lifetime: Duration) -> Self {
        Self {
            client,
            id,
            lifetime,
            extras: Extras::default(),
            options: CallOptions::default(),
        }
    }

    /// Lets browsers save the object under this name instead of showing it. Empty: under its own.
    #[doc(alias = "download")]
    pub fn download_as(mut self, file_name: impl Into<String>) -> Self {
        let file_name = file_name.into();
        // The download domain wants it said; in buckets, empty is the form for this.
        let is_own = file_name.is_empty();
        self.extras.download = Some(if is_own { "true".to_owned() } else { file_name });
        self
    }

    /// Changes the image on its way out.
    pub fn transform(mut self, transform: Transform) -> Self {
        self.extras.transform = Some(transform);
        self
    }

    fn check(&self) -> Result<FileId> {
        let check = || {
            seconds(self.lifetime)?;
            FileId::new(&self.id)
        };
        check().map_err(|error| error.with_operation(NAME))
    }

    fn build(self) -> Result<Operation> {
        operation(&self.check()?, self.lifetime, self.options)
    }

    async fn respond(self) -> Result<Response<String>> {
        let id = self.check()?;
        let response = request(&self.client, &id, self.lifetime, self.options).await?;
        Ok(response.map(|url| self.extras.add_to(url)))
    }
}

/// A request for many signed URLs, 50 with each request; see
/// [`Storage::signed_urls`](crate::Storage::signed_urls). The results are in the order of the ids.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct SignedUrls {
    client: Client,
    ids: Vec<String>,
    lifetime: Duration,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent; whatever failed the first call. Later
    /// failures are results of the objects that they concern.
    impl[] SignedUrls => Vec<Result<String>>; call, product, operation
}

impl SignedUrls {
    pub(crate) fn new(client: Client, ids: Vec<String>, lifetime: Duration) -> Self {
        Self {
            client,
            ids,
            lifetime,
            options: CallOptions::default(),
        }
    }

    fn check(&self) -> Result<Vec<FileId>> {
        let check = || {
            seconds(self.lifetime)?;
            parse_all(&self.ids)
        };
        check().map_err(|error| error.with_operation(NAME))
    }

    fn build(self) -> Result<Operation> {
        let ids = self.check()?;
        batch(self.options).first("ids", &items(&ids, self.lifetime))
    }

    async fn respond(self) -> Result<Response<Vec<Result<String>>>> {
        let ids = self.check()?;
        batch(self.options)
            .send_all(&self.client, &items(&ids, self.lifetime), &ids, read)
            .await
    }
}

/// Checks all ids; the error says which one is invalid.
pub(crate) fn parse_all(ids: &[String]) -> Result<Vec<FileId>> {
    ids.iter()
        .enumerate()
        .map(|(index, id)| FileId::checked(&format!("file id {index}"), id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_whole_seconds() {
        assert_eq!(seconds(Duration::from_secs(600)).unwrap(), 600);
        for bad in [
            Duration::ZERO,
            Duration::from_millis(999),
            Duration::from_millis(1500),
        ] {
            assert!(seconds(bad).is_err());
        }
    }

    #[test]
    fn extras_follow_the_signature() {
        let extras = Extras {
            download: Some("n m.txt".into()),
            transform: Some(Transform::new().width(30).height(20).quality(80)),
            nonce: None,
        };
        assert_eq!(
            extras.add_to("https://h/a?sign=1&t=2".into()),
            "https://h/a?sign=1&t=2&download=n%20m.txt&imageMogr2/thumbnail/30x20^/quality/80"
        );
        assert_eq!(
            extras.add_to("https://h/a".into()),
            "https://h/a?download=n%20m.txt&imageMogr2/thumbnail/30x20^/quality/80"
        );
    }
}
