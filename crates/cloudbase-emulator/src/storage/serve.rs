//! Sending an object: headers, ranges, conditions, and the bytes in pieces.

use std::{io::SeekFrom, time::Duration};

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{
    Storage,
    disk::Record,
    key,
    range::{self, Condition, Part},
    staging::PIECE,
};

/// The header that carries an object's CRC-64.
pub(super) const CRC64: HeaderName = HeaderName::from_static("x-cos-hash-crc64ecma");

/// Why an object that is there is not sent.
#[derive(Debug)]
pub(super) enum ServeError {
    /// A conditional header does not hold.
    Precondition,
    /// The range lies outside the object.
    Range { size: u64 },
    /// The disk failed.
    Disk(std::io::Error),
}

/// The decoded query of a download.
#[derive(Debug, Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `a=b&c` and so on; nothing in it is an error.
    pub(super) fn parse(raw: &str) -> Self {
        let pairs = raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (key::decode_component(name), key::decode_component(value)))
            .collect();
        Self { pairs }
    }

    /// The first value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The headers that identify the bytes of an object.
pub(super) fn identify(headers: &mut HeaderMap, record: &Record) {
    set(headers, header::ETAG, &etag(record));
    set(
        headers,
        HeaderName::from_static("x-cos-hash-crc64ecma"),
        &record.crc64.to_string(),
    );
}

/// The ETag with its quotes.
pub(super) fn etag(record: &Record) -> String {
    format!("\"{}\"", record.md5)
}

/// The response to a GET or HEAD of an object.
pub(super) async fn object(
    storage: &Storage,
    record: &Record,
    method: &Method,
    request: &HeaderMap,
    query: &Query,
) -> Result<Response, ServeError> {
    let modified = record.modified_ms / 1000;
    let honour_range = match range::condition(request, &etag(record), modified) {
        Condition::Proceed { honour_range } => honour_range,
        Condition::NotModified => return Ok(not_modified(record)),
        Condition::Failed => return Err(ServeError::Precondition),
    };
    let asked = request
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let part = range::part(asked.filter(|_| honour_range), record.size);
    let (start, length) = match part {
        Part::Whole => (0, record.size),
        Part::Slice { start, end } => (start, end - start + 1),
        Part::Unsatisfiable => return Err(ServeError::Range { size: record.size }),
    };
    let body = if *method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        bytes(storage, record, start, length)
            .await
            .map_err(ServeError::Disk)?
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    describe(headers, record, query);
    headers.insert(header::CONTENT_LENGTH, length.into());
    if let Part::Slice { start, end } = part {
        set(
            headers,
            header::CONTENT_RANGE,
            &format!("bytes {start}-{end}/{}", record.size),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

async fn bytes(
    storage: &Storage,
    record: &Record,
    start: u64,
    length: u64,
) -> std::io::Result<Body> {
    let mut file = tokio::fs::File::from_std(storage.disk().open_blob(record).await?);
    file.set_max_buf_size(PIECE);
    if start > 0 {
        file.seek(SeekFrom::Start(start)).await?;
    }
    Ok(Body::from_stream(ReaderStream::with_capacity(
        file.take(length),
        PIECE,
    )))
}

fn describe(headers: &mut HeaderMap, record: &Record, query: &Query) {
    identify(headers, record);
    set(
        headers,
        header::LAST_MODIFIED,
        &http_date(record.modified_ms),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    for (name, value) in &record.headers.meta {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            set(headers, name, value);
        }
    }
    let stored = &record.headers;
    let fields = [
        (
            header::CONTENT_TYPE,
            "response-content-type",
            &stored.content_type,
        ),
        (
            header::CACHE_CONTROL,
            "response-cache-control",
            &stored.cache_control,
        ),
        (
            header::CONTENT_DISPOSITION,
            "response-content-disposition",
            &stored.content_disposition,
        ),
        (
            header::CONTENT_ENCODING,
            "response-content-encoding",
            &stored.content_encoding,
        ),
        (
            header::CONTENT_LANGUAGE,
            "response-content-language",
            &stored.content_language,
        ),
        (header::EXPIRES, "response-expires", &stored.expires),
    ];
    for (name, parameter, stored) in fields {
        if let Some(value) = query.get(parameter).or(stored.as_deref()) {
            set(headers, name, value);
        }
    }
    if !headers.contains_key(header::CONTENT_TYPE) {
        let default = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, default);
    }
    if let Some(name) = query.get("download") {
        let own = record.key.rsplit('/').next().unwrap_or_default();
        let name = if matches!(name, "" | "true") {
            own
        } else {
            name
        };
        set(headers, header::CONTENT_DISPOSITION, &attachment(name));
    }
}

/// `Content-Disposition` for saving under `name`.
fn attachment(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!(
        "attachment; filename=\"{ascii}\"; filename*=UTF-8''{}",
        key::encode_component(name)
    )
}

fn not_modified(record: &Record) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    identify(response.headers_mut(), record);
    set(
        response.headers_mut(),
        header::LAST_MODIFIED,
        &http_date(record.modified_ms),
    );
    response
}

/// Adds the length of an object whose range was not satisfiable.
pub(super) fn mark_unsatisfiable(headers: &mut HeaderMap, size: u64) {
    set(headers, header::CONTENT_RANGE, &format!("bytes */{size}"));
}

fn http_date(ms: u64) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(ms / 1000))
}

/// Sets a header; a value that no header can carry is left out.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_leniently() {
        let query = Query::parse("sign=a&t=1&&download=n%20m.txt&imageMogr2/thumbnail/30x20^");
        assert_eq!(query.get("download"), Some("n m.txt"));
        assert_eq!(query.get("imageMogr2/thumbnail/30x20^"), Some(""));
        assert_eq!(query.get("x"), None);
    }

    #[test]
    fn attachment_names_cannot_break_out() {
        assert_eq!(
            attachment("a\"; b\r\n\u{4f60}.txt"),
            "attachment; filename=\"a_; b___.txt\"; filename*=UTF-8''a%22%3B%20b%0D%0A%E4%BD%A0.txt"
        );
    }
}
