//! What the gateway says about where and how an object may be put.

use std::fmt;

use cloudbase_core::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use cloudbase_core::http::{HeaderMap, HeaderName, HeaderValue, Method};
use cloudbase_core::{
    CallOptions, Client, CredentialUse, Envelope, Error, ErrorKind, ExposeSecret as _, Idempotency,
    Operation, Response, Result, SecretString,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::headers::{ObjectHeaders, object_headers};
use crate::batch::Batch;
use crate::fields::Fields;
use crate::named_request::named_request;
use crate::signed_url::download_url;
use crate::{FileId, ObjectKey, url};

/// The permission to put one object, for a short while: what
/// [`upload_to_signed_url`](crate::Storage::upload_to_signed_url) and clients without a CloudBase
/// credential need.
///
/// Written as JSON by serde, so that a server can hand it to a client. That JSON holds the
/// signature: treat it like a password. `Debug` does not show it.
#[derive(Clone)]
pub struct UploadInfo {
    pub(crate) key: ObjectKey,
    file_id: FileId,
    url: SecretString,
    authorization: SecretString,
    token: SecretString,
    meta: SecretString,
    download_url: Option<SecretString>,
    signed: HeaderMap,
}

impl UploadInfo {
    /// The object's name.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The id that the object will have.
    pub fn file_id(&self) -> &FileId {
        &self.file_id
    }

    /// Where the object is put, by PUT, with [these headers](Self::headers).
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Where the object can be read afterwards; it may expire.
    pub fn download_url(&self) -> Option<&str> {
        self.download_url.as_ref().map(|url| url.expose_secret())
    }

    /// The headers that the PUT must carry, unchanged. They hold the signature.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] if what the gateway sent does not make headers.
    pub fn headers(&self) -> Result<HeaderMap> {
        let mut headers = self.signed.clone();
        let secrets = [
            (AUTHORIZATION, &self.authorization),
            (HeaderName::from_static("x-cos-security-token"), &self.token),
            (HeaderName::from_static("x-cos-meta-fileid"), &self.meta),
        ];
        for (name, secret) in secrets {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| malformed("a part of the signature is no header value"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// The length that was signed, if one was.
    pub(crate) fn signed_length(&self) -> Option<u64> {
        self.signed.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The PUT without its body.
    pub(crate) fn put(&self) -> Result<Operation> {
        let target = url::parse(&url::of_object(self.url(), self.key.as_str())?)?;
        let mut headers = self.headers()?;
        // The body says its length itself, and it must be the same one.
        headers.remove(CONTENT_LENGTH);
        let again = if headers.contains_key("x-cos-forbid-overwrite") {
            Idempotency::Unsafe
        } else {
            Idempotency::Idempotent
        };
        let mut operation = Operation::new("storage.put", "/{key}", Method::PUT, target)
            .credential(CredentialUse::None)
            .envelope(Envelope::ObjectStore)
            .idempotency(again)
            .transfer();
        for (name, value) in headers {
            if let Some(name) = name {
                operation = operation.header(name, value);
            }
        }
        Ok(operation)
    }

    fn of_item(mut item: Fields, key: ObjectKey, signed: HeaderMap) -> Result<Self> {
        let mut need = |name: &str| {
            let missing = || malformed(&format!("the upload information lacks `{name}`"));
            item.string(name).ok_or_else(missing)
        };
        let id = need("cloudObjectId")?;
        Ok(Self {
            file_id: FileId::new(&id).map_err(|_| malformed("`cloudObjectId` is no file id"))?,
            url: need("uploadUrl")?.into(),
            authorization: need("authorization")?.into(),
            token: need("token")?.into(),
            meta: need("cloudObjectMeta")?.into(),
            // One that is no URL is as good as none: nobody asked for it.
            download_url: download_url(&mut item, key.as_str())
                .and_then(Result::ok)
                .map(Into::into),
            key,
            signed,
        })
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Decode, what.to_owned()).with_sent(true)
}

impl fmt::Debug for UploadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadInfo")
            .field("key", &self.key)
            .field("file_id", &self.file_id)
            .finish_non_exhaustive()
    }
}

/// The JSON of an [`UploadInfo`], named as by the gateway.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Portable {
    object_id: String,
    cloud_object_id: FileId,
    upload_url: String,
    authorization: String,
    token: String,
    cloud_object_meta: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
    #[serde(default)]
    signed_header: std::collections::BTreeMap<String, Vec<String>>,
}

impl Serialize for UploadInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let secret = |secret: &SecretString| secret.expose_secret().to_owned();
        Portable {
            object_id: self.key.to_string(),
            cloud_object_id: self.file_id.clone(),
            upload_url: secret(&self.url),
            authorization: secret(&self.authorization),
            token: secret(&self.token),
            cloud_object_meta: secret(&self.meta),
            download_url: self.download_url.as_ref().map(secret),
            signed_header: portable(&self.signed),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for UploadInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let given = Portable::deserialize(deserializer)?;
        let mut signed = HeaderMap::new();
        for (name, values) in given.signed_header {
            for value in values {
                let name = HeaderName::try_from(&name).map_err(D::Error::custom)?;
                let value = HeaderValue::try_from(value).map_err(D::Error::custom)?;
                signed.append(name, value);
            }
        }
        Ok(Self {
            key: ObjectKey::new(&given.object_id).map_err(D::Error::custom)?,
            file_id: given.cloud_object_id,
            url: given.upload_url.into(),
            authorization: given.authorization.into(),
            token: given.token.into(),
            meta: given.cloud_object_meta.into(),
            download_url: given.download_url.map(Into::into),
            signed,
        })
    }
}

/// Headers as the gateway wants to hear of them: name → values.
fn portable(headers: &HeaderMap) -> std::collections::BTreeMap<String, Vec<String>> {
    let mut named = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        // Made from text, or from numbers.
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        named.entry(name.to_string()).or_default().push(value);
    }
    named
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    object_id: &'a str,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    signed_header: std::collections::BTreeMap<String, Vec<String>>,
}

const NAME: &str = "storage.upload_info";

fn batch(options: CallOptions) -> Batch {
    Batch {
        name: NAME,
        path: "/v1/storages/get-objects-upload-info",
        idempotency: Idempotency::Safe,
        options,
    }
}

fn items<'a>(key: &'a ObjectKey, headers: &HeaderMap) -> [Request<'a>; 1] {
    [Request {
        object_id: key.as_str(),
        signed_header: portable(headers),
    }]
}

/// The request for the permission to put the object `key` with `headers`.
pub(crate) fn operation(
    key: &ObjectKey,
    headers: &HeaderMap,
    options: CallOptions,
) -> Result<Operation> {
    batch(options).first("path", &items(key, headers))
}

/// Asks for the permission to put the object `key` with `headers`.
pub(crate) async fn request(
    client: &Client,
    key: ObjectKey,
    headers: HeaderMap,
    options: CallOptions,
) -> Result<Response<UploadInfo>> {
    let mut outcomes = batch(options).send(client, &items(&key, &headers)).await?;
    let item = outcomes.next_item()?;
    let info = UploadInfo::of_item(item, key.clone(), headers);
    let info = info.map_err(|error| outcomes.complete(error))?;
    Ok(outcomes.respond(info))
}

/// A request for an [`UploadInfo`]; see [`Storage::upload_info`](crate::Storage::upload_info).
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct RequestUploadInfo {
    client: Client,
    path: String,
    headers: ObjectHeaders,
    options: CallOptions,
}

named_request! {
    /// [`ErrorKind::Argument`] before anything is sent;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl RequestUploadInfo => UploadInfo, NAME; call, product, operation
}

object_headers!(RequestUploadInfo);

impl RequestUploadInfo {
    pub(crate) fn new(client: Client, path: &str) -> Self {
        Self {
            client,
            path: path.to_owned(),
            headers: ObjectHeaders::default(),
            options: CallOptions::default(),
        }
    }

    /// Signs the length, so that exactly so many bytes can be put.
    pub fn content_length(mut self, bytes: u64) -> Self {
        self.headers.length(bytes);
        self
    }

    fn make(self) -> Result<Operation> {
        let key = ObjectKey::checked("path", &self.path)?;
        operation(&key, &self.headers.finish()?, self.options)
    }

    async fn run(self) -> Result<Response<UploadInfo>> {
        let key = ObjectKey::checked("path", &self.path)?;
        request(&self.client, key, self.headers.finish()?, self.options).await
    }
}
