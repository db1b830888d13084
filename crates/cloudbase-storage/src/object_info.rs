//! What is known of an object without its bytes, and the calls that ask for it.

use cloudbase_core::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use cloudbase_core::http::{HeaderMap, Method, StatusCode};
use cloudbase_core::{
    CallOptions, Client, Error, ErrorCode, Operation, Response, Result, Timestamp,
};
use serde_json::Value;

use crate::FileId;
use crate::checksum::announced_crc64;
use crate::download::open::{self, Place, Source};
use crate::named_request::named_request;
use crate::upload::headers::{METADATA, decode_metadata};

/// Properties of an object, as the object store gives them in the head of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// How many bytes the object has.
    pub size: Option<u64>,
    /// Its content type.
    pub content_type: Option<String>,
    /// The object store's tag for this content, quotes included.
    pub etag: Option<String>,
    /// When it was last written, to the second.
    pub last_modified: Option<Timestamp>,
    /// How long it may be cached.
    pub cache_control: Option<String>,
    /// Its CRC-64 (ECMA).
    pub crc64: Option<u64>,
    /// What its owner [put with it](crate::Upload::metadata).
    pub metadata: Option<Value>,
}

impl ObjectInfo {
    /// Reads the head of a response that holds the whole object.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| {
            let value: &cloudbase_core::http::HeaderValue = headers.get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        Self {
            size: text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            content_type: text(CONTENT_TYPE),
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED).and_then(|date| Timestamp::parse_http_date(&date)),
            cache_control: text(CACHE_CONTROL),
            crc64: announced_crc64(headers),
            metadata: headers.get(METADATA).and_then(decode_metadata),
        }
    }
}

/// A request for what is known of an object; see [`Storage::info`](crate::Storage::info).
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct Info {
    client: Client,
    id: Result<FileId>,
    options: CallOptions,
}

named_request! {
    /// [`is_not_found`](Error::is_not_found) if there is no such object; as
    /// [`Download::stream`](crate::Download::stream).
    impl Info => ObjectInfo, "storage.info"; call, product, operation
}

impl Info {
    pub(crate) fn new(client: Client, id: Result<FileId>) -> Self {
        Self {
            client,
            id,
            options: CallOptions::default(),
        }
    }

    fn source(self) -> Result<Source> {
        Ok(Source::new(
            self.client,
            Place::File(self.id?),
            self.options,
        ))
    }

    fn make(self) -> Result<Operation> {
        self.source()?.first(Method::HEAD, &HeaderMap::new())
    }

    async fn run(self) -> Result<Response<ObjectInfo>> {
        let source = self.source()?;
        match source.request(Method::HEAD, &HeaderMap::new()).await {
            Ok(response) => {
                let info = ObjectInfo::of(response.headers());
                Ok(response.map(|_| info))
            }
            // The object store also says so that it has no such object.
            Err(error) if is_bad_request_of_store(&error) => {
                Err(error.with_code(ErrorCode::OBJECT_NOT_EXIST))
            }
            Err(error) => Err(error),
        }
    }
}

/// A request for whether there is an object; see [`Storage::exists`](crate::Storage::exists).
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct Exists {
    client: Client,
    id: Result<FileId>,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// As [`Info::send`], but for the object's absence.
    impl[] Exists => bool; call, product, operation
}

impl Exists {
    pub(crate) fn new(client: Client, id: Result<FileId>) -> Self {
        Self {
            client,
            id,
            options: CallOptions::default(),
        }
    }

    fn into_info(self) -> Info {
        Info {
            client: self.client,
            id: self.id,
            options: self.options,
        }
    }

    fn build(self) -> Result<Operation> {
        self.into_info().build()
    }

    async fn respond(self) -> Result<Response<bool>> {
        match self.into_info().respond().await {
            Ok(info) => Ok(info.map(|_| true)),
            Err(error) if error.is_not_found() => Ok(Response::of_error(&error, false)),
            Err(error) => Err(error),
        }
    }
}

fn is_bad_request_of_store(error: &Error) -> bool {
    error.status() == Some(StatusCode::BAD_REQUEST) && error.operation() == open::OPERATION
}
