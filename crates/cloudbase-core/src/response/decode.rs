//! Reads JSON into a type; the error says where and what, and shows nothing of the content.

use http::HeaderValue;
use serde::de::DeserializeOwned;

use super::{misfit, type_name};
use crate::error::{Error, ErrorKind, ErrorResponse, Result};
use crate::value::json;

/// Reads JSON; the error names the path to the value that does not fit, not the value.
///
/// A byte order mark before it is skipped, and half a surrogate pair (`"\ud83d"`) is read as U+FFFD.
///
/// # Errors
///
/// [`ErrorKind::Decode`].
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    decode(bytes, None)
}

impl ErrorResponse {
    /// Reads the body as JSON, whatever its content type says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the JSON path of the first value that does
    /// not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        from_json(self.bytes()).map_err(|error| {
            let error = error.with_status(self.status());
            match self.is_truncated() {
                true => error.with_message(format!(
                    "only the first {} bytes of the response are here",
                    self.bytes().len()
                )),
                false => error,
            }
        })
    }
}

/// `content_type`: what the bytes call themselves, where that is known.
pub(super) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    content_type: Option<&HeaderValue>,
) -> Result<T> {
    // The plain parser first: what comes after it costs, and is needed for few.
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(plain) => decode_again(bytes, plain, content_type),
    }
}

#[cold]
fn decode_again<T: DeserializeOwned>(
    bytes: &[u8],
    plain: serde_json::Error,
    content_type: Option<&HeaderValue>,
) -> Result<T> {
    match json::repaired(bytes) {
        Some(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| locate::<T>(&bytes, &error, content_type)),
        None => Err(locate::<T>(bytes, &plain, content_type)),
    }
}

fn locate<T: DeserializeOwned>(
    bytes: &[u8],
    plain: &serde_json::Error,
    content_type: Option<&HeaderValue>,
) -> Error {
    let expected = type_name::short(std::any::type_name::<T>());
    let message = if bytes.is_empty() {
        format!("empty response, {expected} expected")
    } else if let Some(misfit) = misfit::find::<T>(bytes, plain) {
        let place = match misfit.path.as_str() {
            "." => String::new(),
            path => format!(" at `{path}`"),
        };
        format!(
            "the response does not fit `{expected}`{place}{}",
            misfit.problem
        )
    } else if let Some(other) = content_type.and_then(other_than_json) {
        format!(
            "the response is `{other}`, not JSON ({} bytes)",
            bytes.len()
        )
    } else {
        format!(
            "the response is not valid JSON ({} bytes, line {})",
            bytes.len(),
            plain.line()
        )
    };
    tracing::trace!(
        bytes = bytes.len(),
        shape = shape(bytes),
        "response not decoded"
    );
    Error::new(ErrorKind::Decode, message).with_sent(true)
}

/// What a body looks like from outside. Its content may be anybody's secret and is never logged.
fn shape(bytes: &[u8]) -> &'static str {
    match bytes.trim_ascii_start().first() {
        None => "empty",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b'<') => "markup",
        Some(b'0'..=b'9' | b'-') => "number",
        Some(_) if std::str::from_utf8(bytes).is_ok() => "text",
        Some(_) => "binary",
    }
}

/// The media type, if it is not that of JSON.
pub(super) fn other_than_json(content_type: &HeaderValue) -> Option<&str> {
    let essence = content_type.to_str().ok()?.split(';').next()?.trim();
    let json = essence.to_ascii_lowercase().ends_with("json");
    (!json && !essence.is_empty()).then_some(essence)
}

/// Whether the body says of itself that it is JSON.
pub(super) fn claims_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests;
