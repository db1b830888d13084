//! URLs that grant one upload of an object of a bucket for a minute.

use std::fmt;

use cloudbase_core::http::{HeaderName, HeaderValue, Method, Uri};
use cloudbase_core::{
    CallOptions, Envelope, Error, ExposeSecret as _, Idempotency, Operation, Response, Result,
    SecretString,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::sign::whole;
use super::{Bucket, parsed, relative};
use crate::ObjectKey;
use crate::fields::Fields;
use crate::named_request::named_request;
use crate::url::decode;

/// A request for a [`SignedUploadUrl`]; see [`Bucket::signed_upload_url`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketSignedUploadUrl {
    bucket: Bucket,
    path: String,
    upsert: bool,
    options: CallOptions,
}

named_request! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; [`is_conflict`](Error::is_conflict) if
    /// there is an object that may not be replaced;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl BucketSignedUploadUrl => SignedUploadUrl, "storage.bucket.signed_upload_url"; call, product, operation
}

impl BucketSignedUploadUrl {
    pub(super) fn new(bucket: Bucket, path: &str) -> Self {
        Self {
            bucket,
            path: path.to_owned(),
            upsert: false,
            options: CallOptions::default(),
        }
    }

    /// Whether an object that is there may be replaced. Default: no.
    pub fn upsert(mut self, upsert: bool) -> Self {
        self.upsert = upsert;
        self
    }

    fn make(self) -> Result<Operation> {
        let target = self
            .bucket
            .object("/v1/storages/object/upload/sign", &self.path)?;
        let upsert = HeaderValue::from_static(if self.upsert { "true" } else { "false" });
        let operation = Operation::new(
            "storage.bucket.signed_upload_url",
            "/v1/storages/object/upload/sign/{bucket}/{key}",
            Method::POST,
            target.build()?,
        );
        Ok(operation
            .header(HeaderName::from_static("x-upsert"), upsert)
            .idempotency(Idempotency::Safe)
            .envelope(Envelope::Storage)
            .options(self.options))
    }

    async fn run(self) -> Result<Response<SignedUploadUrl>> {
        let path = ObjectKey::checked("path", &self.path)?;
        let bucket = self.bucket.clone();
        let response = bucket.client.fetch_json(self.build()?).await?;
        response.try_map(|signed| granted(&bucket, signed, path))
    }
}

/// Reads `{url, fullURL, token}`. URL and token each hold the whole permission.
fn granted(bucket: &Bucket, mut signed: Fields, path: ObjectKey) -> Result<SignedUploadUrl> {
    let token = signed.string("token");
    let url = match whole(bucket, signed.string("fullURL"), signed.string("url")) {
        Ok(url) => Some(url),
        Err(_) if token.is_some() => None,
        Err(error) => return Err(error),
    };
    let of_url = || {
        let (_, query) = url.as_deref()?.split_once('?')?;
        let mut parameters = query.split('&');
        parameters.find_map(|parameter| parameter.strip_prefix("token="))
    };
    let token = token.or_else(|| of_url().map(decode)).unwrap_or_default();
    Ok(SignedUploadUrl {
        path,
        url: url.map(Into::into),
        token: token.into(),
    })
}

/// The permission to put one object of a bucket, for a minute: a URL, or the token that it holds.
///
/// Written as JSON by serde, so that a server can hand it to a client:
/// `{"path", "token", "fullSignedURL"}`, named as by the other SDKs. That JSON is all it takes to
/// put the object: treat it like a password. `Debug` does not show it.
#[derive(Clone)]
pub struct SignedUploadUrl {
    path: ObjectKey,
    url: Option<SecretString>,
    token: SecretString,
}

impl SignedUploadUrl {
    /// From the path in the bucket and the token, as another SDK or a server hands them on. The
    /// bucket is the one that the object is [put into](Bucket::upload_to_signed_url).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) if the path is no [object key](ObjectKey) or the token is empty.
    ///
    /// ```
    /// use cloudbase_storage::SignedUploadUrl;
    ///
    /// let url = SignedUploadUrl::new("inbox/photo.jpg", "the-token")?;
    /// assert_eq!(url.path().as_str(), "inbox/photo.jpg");
    /// # Ok::<(), cloudbase_core::Error>(())
    /// ```
    pub fn new(path: impl AsRef<str>, token: impl Into<SecretString>) -> Result<Self> {
        let (path, token) = (ObjectKey::checked("path", path.as_ref())?, token.into());
        if token.expose_secret().is_empty() {
            return Err(Error::argument("token", "must not be empty"));
        }
        let url = None;
        Ok(Self { path, url, token })
    }

    /// The object's path in the bucket.
    pub fn path(&self) -> &ObjectKey {
        &self.path
    }

    /// Where the object is put, by PUT, without a credential; absent if only the token was
    /// [given](Self::new).
    pub fn url(&self) -> Option<&str> {
        self.url.as_ref().map(|url| url.expose_secret())
    }

    /// The token, which the URL has in its query.
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Where the gateway takes the object.
    pub(super) fn target(&self, bucket: &Bucket) -> Result<Uri> {
        match self.url() {
            Some(url) => parsed(relative(url)),
            None => bucket
                .object("/v1/storages/object/upload/sign", self.path.as_str())?
                .query("token", self.token.expose_secret())
                .build(),
        }
    }
}

impl fmt::Debug for SignedUploadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedUploadUrl")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The JSON of a [`SignedUploadUrl`].
#[derive(Serialize, Deserialize)]
struct Portable {
    path: String,
    token: String,
    #[serde(
        rename = "fullSignedURL",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    url: Option<String>,
}

impl Serialize for SignedUploadUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Portable {
            path: self.path.to_string(),
            token: self.token.expose_secret().to_owned(),
            url: self.url().map(str::to_owned),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SignedUploadUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let given = Portable::deserialize(deserializer)?;
        let url = given.url.map(Into::into);
        let path = ObjectKey::new(&given.path).map_err(D::Error::custom)?;
        if url.is_none() {
            return Self::new(path, given.token).map_err(D::Error::custom);
        }
        let token = given.token.into();
        Ok(Self { path, url, token })
    }
}
