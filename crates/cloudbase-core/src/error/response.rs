//! The response that an error was made of, as the user's own code sent it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

/// The response behind an [`Error`](super::Error); see [`Error::response`](super::Error::response).
///
/// Its body is cut to the first 64 KiB. `Debug` shows neither the body nor the headers.
///
/// ```
/// # fn show(error: &cloudbase_core::Error) {
/// #[derive(serde::Deserialize)]
/// struct Invalid {
///     errors: Vec<Problem>,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Problem {
///     field: String,
/// }
///
/// if let Some(response) = error.response()
///     && let Ok(invalid) = response.json::<Invalid>()
/// {
///     for problem in invalid.errors {
///         println!("{} is not valid", problem.field);
///     }
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct ErrorResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    truncated: bool,
}

impl ErrorResponse {
    /// How much of a body is kept.
    pub(crate) const LIMIT: usize = 64 * 1024;

    /// Keeps the beginning of `body`: a copy, because what it is a part of may be much larger.
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Self {
        let kept = &body[..body.len().min(Self::LIMIT)];
        Self {
            status,
            headers,
            body: Bytes::copy_from_slice(kept),
            truncated: kept.len() < body.len(),
        }
    }

    /// Says that more was to come.
    pub(crate) fn cut(mut self) -> Self {
        self.truncated = true;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, such as the `Location` of a redirect, which is not followed.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The content type that the response claims; empty if it claims none.
    pub fn content_type(&self) -> &str {
        let header = self.headers.get(CONTENT_TYPE);
        header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body, or the first 64 KiB of it.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Whether the body is longer than what is kept of it, or the connection was lost before its end.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The body as text. What is not UTF-8 in it becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl fmt::Debug for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Body and headers are the service's words, and may repeat what was sent to it.
        f.debug_struct("ErrorResponse")
            .field("status", &self.status)
            .field("length", &self.body.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}
