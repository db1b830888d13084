//! What a function or service answered, in memory.

use std::fmt;

use bytes::Bytes;
use cloudbase_core::http::header::CONTENT_TYPE;
use cloudbase_core::http::{HeaderMap, StatusCode};
use cloudbase_core::{Error, ErrorKind, Response, Result};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};

/// The answer of a function or service: whatever its code returned, with status and headers.
///
/// A 2xx status alone makes it an answer and not an error: a function that returns
/// `{"code": "OUT_OF_STOCK"}` has answered. With [`any_status`](crate::FunctionCall::any_status) every
/// status does.
#[doc(alias = "FunctionResponse")]
#[doc(alias = "CloudRunResponse")]
#[doc(alias = "ApiResponse")]
#[derive(Clone)]
pub struct Answer {
    response: Response<Bytes>,
}

impl Answer {
    pub(crate) fn new(response: Response<Bytes>) -> Self {
        Self { response }
    }

    /// The answer as a value of the caller's type.
    ///
    /// It is read as JSON whatever its content type says. An empty response is read as `null`, with
    /// status 204 and with any other (a function that returns nothing sends nothing), and one that calls
    /// itself text and is no JSON as a string: functions send the strings that they return either way.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the JSON path of the first value that does not fit, or with the content
    /// type of what is not JSON, and with the [response](Error::response).
    #[doc(alias = "result")]
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.response
            .read_json()
            .or_else(|error| self.lenient().ok_or_else(|| self.response.attach(error)))
    }

    fn lenient<T: DeserializeOwned>(&self) -> Option<T> {
        let body = self.response.value();
        if body.is_empty() {
            return serde_json::from_str("null").ok();
        }
        if self.is_json() {
            return None;
        }
        let text = std::str::from_utf8(body).ok()?;
        T::deserialize(StrDeserializer::<ValueError>::new(text)).ok()
    }

    /// The answer as text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the [response](Error::response) if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(self.response.value()).map_err(|error| {
            let error = Error::new(ErrorKind::Decode, "the answer is not UTF-8").with_source(error);
            self.response.attach(self.response.complete(error))
        })
    }

    /// The bytes of the answer.
    pub fn bytes(&self) -> &Bytes {
        self.response.value()
    }

    /// The bytes of the answer, leaving the rest behind.
    pub fn into_bytes(self) -> Bytes {
        self.response.into_value()
    }

    /// The answer with its bytes as the value.
    pub fn into_response(self) -> Response<Bytes> {
        self.response
    }

    /// Whether the answer says that it is JSON.
    pub fn is_json(&self) -> bool {
        let media_type = self
            .content_type()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        media_type.eq_ignore_ascii_case("application/json")
            || media_type
                .rsplit_once('+')
                .is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"))
    }

    /// The content type that the answer claims; empty if it claims none.
    pub fn content_type(&self) -> &str {
        let header = self.headers().get(CONTENT_TYPE);
        header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The HTTP status: 2xx, unless the call takes [any status](crate::FunctionCall::any_status).
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The id under which the service knows the request.
    pub fn request_id(&self) -> &str {
        self.response.request_id()
    }

    /// How many times the call was put on the wire.
    pub fn attempts(&self) -> u32 {
        self.response.attempts()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body is the user's data, and may be large.
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("content_type", &self.content_type())
            .field("length", &self.bytes().len())
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}
