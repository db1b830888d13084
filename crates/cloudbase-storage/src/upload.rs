//! Uploads: ask the gateway for a signature, then put the bytes into the object store.

mod chunks;
pub(crate) mod headers;
mod permit;
pub(crate) mod progress;
pub(crate) mod source;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::http::HeaderValue;
use cloudbase_core::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use cloudbase_core::{CallOptions, Client, Error, ErrorKind, Operation, Response, Result};

use self::headers::{ObjectHeaders, object_headers};
pub use self::permit::{RequestUploadInfo, UploadInfo};
pub use self::progress::UploadProgress;
use self::progress::{OnProgress, UploadMonitor};
use self::source::Content;
pub use self::source::UploadSource;
use crate::checksum::announced_crc64;
use crate::named_request::named_request;
use crate::{FileId, ObjectKey, content_type};

/// How much of the object store's response to an upload is read: it has no body to speak of.
const RESPONSE_LIMIT: u64 = 64 * 1024;

/// Gives a builder with the fields `on_progress` and `options` what all uploads have.
macro_rules! transfer_methods {
    ($type:ident) => {
        impl $type {
            /// Calls `callback` for every piece (256 KiB or less) that the connection has taken. It
            /// must not block.
            #[doc(alias = "onUploadProgress")]
            pub fn on_progress(
                mut self,
                callback: impl FnMut(crate::UploadProgress) + Send + 'static,
            ) -> Self {
                self.on_progress = Some(Box::new(callback));
                self
            }

            /// Ends an upload that stalls for this long, whichever side causes it. Default: the
            /// client's (5 s).
            pub fn stall_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options = self.options.with_stall_timeout(limit);
                self
            }
        }
    };
}
pub(crate) use transfer_methods;

/// An upload; see [`Storage::upload`](crate::Storage::upload).
///
/// Dropping its future cancels it: the connection is closed, and no object is made, unless all bytes
/// were sent already. The response of [`send_with_meta`](Self::send_with_meta) is that of the object
/// store, which received the bytes; [`operation`](Self::operation) is the request for the permit, without the
/// length of a file, which is known when the file is open.
#[doc(alias = "StorageUploadOptions")]
#[must_use = "an upload does nothing until it is awaited or sent"]
pub struct Upload {
    client: Client,
    path: String,
    source: UploadSource,
    headers: ObjectHeaders,
    on_progress: Option<OnProgress>,
    options: CallOptions,
}

named_request! {
    /// [`ErrorKind::Argument`] before anything is sent, such as for a reader or stream without a
    /// [length](UploadSource::with_length); [`Local`](ErrorKind::Local) if a file
    /// cannot be read or changes meanwhile; [`Api`](ErrorKind::Api) with the code of the gateway
    /// ([`STORAGE_EXCEED_AUTHORITY`](cloudbase_core::ErrorCode::STORAGE_EXCEED_AUTHORITY)) or of the object store (`AccessDenied`, `FileAlreadyExists`);
    /// [`Body`](ErrorKind::Body) if the object store has other bytes than were sent.
    impl Upload => Uploaded, "storage.upload"; transfer, product, write, operation
}
object_headers!(Upload);
transfer_methods!(Upload);

impl Upload {
    pub(crate) fn new(client: Client, path: &str, source: UploadSource) -> Self {
        Self {
            client,
            path: path.to_owned(),
            source,
            headers: ObjectHeaders::default(),
            on_progress: None,
            options: CallOptions::default(),
        }
    }

    pub(crate) fn always_replace(mut self) -> Self {
        self.headers.always_replace();
        self
    }

    fn key(&mut self) -> Result<ObjectKey> {
        let key = ObjectKey::checked("path", &self.path)?;
        let media_type = self.source.content_type(&key);
        self.headers.default_content_type(media_type);
        Ok(key)
    }

    fn make(mut self) -> Result<Operation> {
        let key = self.key()?;
        if let Some(length) = self.source.sized(None)?.length() {
            self.headers.length(length);
        }
        permit::operation(&key, &self.headers.finish()?, self.options)
    }

    async fn run(mut self) -> Result<Response<Uploaded>> {
        let key = self.key()?;
        let stall = stall_limit(&self.client, &self.options);
        let content = self.source.sized(None)?.open(stall).await?;
        if let Some(length) = content.length() {
            self.headers.length(length);
        }
        let headers = self.headers.finish()?;
        let limits = self.options.limits();
        let info = permit::request(&self.client, key, headers, self.options)
            .await?
            .into_value();
        put(&self.client, &info, content, self.on_progress, limits).await
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("path", &self.path)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// An upload by an [`UploadInfo`]; see
/// [`Storage::upload_to_signed_url`](crate::Storage::upload_to_signed_url).
#[must_use = "an upload does nothing until it is awaited or sent"]
pub struct SignedUpload {
    client: Client,
    info: UploadInfo,
    source: UploadSource,
    on_progress: Option<OnProgress>,
    options: CallOptions,
}

named_request! {
    /// As [`Upload::send`]. [`ErrorKind::Argument`] if another length was signed than `source` has.
    impl SignedUpload => Uploaded, "storage.upload_to_signed_url"; limits, write, operation
}
transfer_methods!(SignedUpload);

impl SignedUpload {
    pub(crate) fn new(client: Client, info: UploadInfo, source: UploadSource) -> Self {
        Self {
            client,
            info,
            source,
            on_progress: None,
            options: CallOptions::default(),
        }
    }

    fn make(self) -> Result<Operation> {
        let signed = self.info.signed_length();
        let source = self.source.sized(signed);
        source
            .and_then(|source| check_length(signed, source.length()))
            .and_then(|()| put_operation(&self.info, self.options))
    }

    async fn run(self) -> Result<Response<Uploaded>> {
        let stall = stall_limit(&self.client, &self.options);
        let signed = self.info.signed_length();
        let source = self.source.sized(signed)?;
        // Before the source is opened, where that is known.
        check_length(signed, source.length())?;
        let content = source.open(stall).await?;
        check_length(signed, content.length())?;
        let (client, on_progress) = (&self.client, self.on_progress);
        put(client, &self.info, content, on_progress, self.options).await
    }
}

/// Checks the length of a source, where it is known, against the one that was signed, if one was.
fn check_length(signed: Option<u64>, length: Option<u64>) -> Result<()> {
    match (signed, length) {
        (Some(signed), Some(length)) if signed != length => {
            let rule = format!("has {length} bytes, but {signed} were signed");
            Err(Error::argument("source", rule))
        }
        _ => Ok(()),
    }
}

impl fmt::Debug for SignedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedUpload")
            .field("info", &self.info)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// An object that was put.
#[doc(alias = "StorageUploadResult")]
#[derive(Clone)]
#[non_exhaustive]
pub struct Uploaded {
    /// The object's id: what every other call wants.
    pub file_id: FileId,
    /// The object's name.
    pub key: ObjectKey,
    /// The object store's tag for this content.
    pub etag: Option<String>,
    /// The object's CRC-64 (ECMA), compared with that of the bytes sent.
    pub crc64: Option<u64>,
    download_url: Option<String>,
}

impl Uploaded {
    /// Where the object can be read; the URL may expire.
    pub fn download_url(&self) -> Option<&str> {
        self.download_url.as_deref()
    }
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which may be signed.
        f.debug_struct("Uploaded")
            .field("file_id", &self.file_id)
            .field("key", &self.key)
            .field("etag", &self.etag)
            .field("crc64", &self.crc64)
            .finish_non_exhaustive()
    }
}

/// How long the body of a transfer may stall.
pub(crate) fn stall_limit(client: &Client, options: &CallOptions) -> Duration {
    let default = client.config().timeouts().stall;
    options.stall_timeout().unwrap_or(default)
}

/// The PUT of an object, without its bytes.
fn put_operation(info: &UploadInfo, options: CallOptions) -> Result<Operation> {
    let operation = info.put()?.options(options);
    if operation.headers().contains_key(CONTENT_TYPE) {
        return Ok(operation);
    }
    let media_type = content_type::guess(info.key().file_name());
    Ok(operation.header(CONTENT_TYPE, HeaderValue::from_static(media_type)))
}

async fn put(
    client: &Client,
    info: &UploadInfo,
    content: Content,
    on_progress: Option<OnProgress>,
    options: CallOptions,
) -> Result<Response<Uploaded>> {
    let operation = put_operation(info, options)?;
    let response = transmit(client, operation, content, on_progress).await?;
    let uploaded = Uploaded {
        file_id: info.file_id().clone(),
        key: info.key().clone(),
        etag: text_header(&response, ETAG.as_str()),
        crc64: announced_crc64(response.headers()),
        download_url: info.download_url().map(str::to_owned),
    };
    Ok(response.map(|_| uploaded))
}

/// Sends `content` as the body of `operation` and compares checksums if the response names one.
pub(crate) async fn transmit(
    client: &Client,
    mut operation: Operation,
    content: Content,
    on_progress: Option<OnProgress>,
) -> Result<Response<Bytes>> {
    let name = operation.name();
    let monitor = UploadMonitor::new(on_progress);
    let is_empty = content.length() == Some(0);
    if is_empty {
        // Of an empty body the connection would not state the length, which is signed.
        operation = operation.header(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let operation = operation.body(content.into_body(monitor.clone()));
    let response = match client.execute(operation).await {
        Ok(response) => response,
        // Why the source failed says more than that the connection had to give up.
        Err(error) => return Err(monitor.take_failure().unwrap_or(error).with_operation(name)),
    };
    let problem = match (announced_crc64(response.headers()), monitor.crc64()) {
        (Some(stored), Some(sent)) if stored != sent => {
            "the object store has other bytes than were sent: the CRC-64 differs"
        }
        (_, None) if !is_empty => "the response to the upload came before all of it was sent",
        _ => return Ok(read(response).await),
    };
    Err(response.complete(Error::new(ErrorKind::Body, problem)))
}

async fn read(response: Response<cloudbase_core::Body>) -> Response<Bytes> {
    // The head said that all is well; a connection that is lost now changes nothing.
    let wait = Duration::from_secs(5);
    let mut body = None;
    let response = response.map(|value| body = Some(value));
    let bytes = match body {
        Some(body) => tokio::time::timeout(wait, body.into_bytes(RESPONSE_LIMIT))
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default(),
        None => Bytes::new(),
    };
    response.map(|()| bytes)
}

pub(crate) fn text_header<T>(response: &Response<T>, name: &str) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}
