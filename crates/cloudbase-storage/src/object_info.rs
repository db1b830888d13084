//! What is known of an object without its bytes.

use cloudbase_core::Timestamp;
use cloudbase_core::http::HeaderMap;
use cloudbase_core::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};

use serde_json::Value;

use crate::checksum::announced_crc64;
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
    /// Reads the head of an answer that holds the whole object.
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
