//! A decoded response with what the service said around it.

mod bytes;
mod decode;
mod misfit;
mod pages;
pub mod sse;
mod type_name;

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::timeout;

pub use self::decode::from_json;
pub use self::pages::{ItemStream, PageSource, PageStream};
use crate::body::{Body, BodyReader, Over};
use crate::error::{Error, ErrorResponse, Result, is_request_id, request_id_of};
use crate::operation::RequestId;

/// A value from the service, with status, headers and request id.
///
/// Calls of the user's own code (functions, cloud hosting, APIs) give a `Response<Bytes>`, to be read by
/// [`json`](Self::json), [`text`](Self::text) or [`bytes`](Self::bytes); other calls give the value alone, and
/// the response by `send_with_meta()`. `Debug` shows neither value nor headers, which are the user's data.
#[doc(alias = "ApiResponse")]
#[doc(alias = "CloudRunResponse")]
#[doc(alias = "FunctionResponse")]
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    /// In a box, because a response is handed on from function to function.
    meta: Box<Meta>,
}

#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) operation: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) sent_request_id: RequestId,
    /// The id that the body names.
    pub(crate) body_request_id: Option<Box<str>>,
    pub(crate) attempts: u32,
    /// Whether errors about the response have it: it is that of the user's own code.
    pub(crate) keeps_response: bool,
}

impl<T> Response<T> {
    pub(crate) fn from_parts(value: T, meta: Box<Meta>) -> Self {
        Self { value, meta }
    }

    /// The response to a call that had nothing to send: status 204, no attempts.
    #[doc(hidden)]
    pub fn without_call(operation: &'static str, value: T) -> Self {
        let meta = Box::new(Meta {
            operation,
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            sent_request_id: RequestId::random(),
            body_request_id: None,
            attempts: 0,
            keeps_response: false,
        });
        Self { value, meta }
    }

    pub(crate) fn into_parts(self) -> (T, Box<Meta>) {
        (self.value, self.meta)
    }

    /// The value, and the response without it.
    #[doc(hidden)]
    pub fn split(self) -> (T, Response<()>) {
        let head = Response {
            value: (),
            meta: self.meta,
        };
        (self.value, head)
    }

    /// The response to a call whose error is a value: status, request id and attempts are the error's.
    #[doc(hidden)]
    pub fn of_error(error: &Error, value: T) -> Self {
        let mut response = Self::without_call(error.operation(), value);
        response.meta.status = error.status().unwrap_or(StatusCode::NOT_FOUND);
        response.meta.attempts = error.attempts();
        response.with_request_id(error.request_id().map(str::to_owned))
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, leaving the rest behind.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The HTTP status: 2xx, unless the call takes [any status](crate::CallOptions::with_any_status).
    pub fn status(&self) -> StatusCode {
        self.meta.status
    }

    /// The headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        &self.meta.headers
    }

    /// The id under which the service knows the request: from the body, where the product's have one,
    /// else from the response's header, else the one that was sent.
    pub fn request_id(&self) -> &str {
        self.meta.request_id()
    }

    /// How many times the call was put on the wire.
    pub fn attempts(&self) -> u32 {
        self.meta.attempts
    }

    /// The same response with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            meta: self.meta,
        }
    }

    /// The same response with another value, if it can be made.
    ///
    /// # Errors
    ///
    /// The error of `change`, with operation, status and request id filled in.
    pub fn try_map<U>(self, change: impl FnOnce(T) -> Result<U>) -> Result<Response<U>> {
        match change(self.value) {
            Ok(value) => Ok(Response {
                value,
                meta: self.meta,
            }),
            Err(error) => Err(self.meta.complete(error)),
        }
    }

    /// The same response with the request id that its body names, if it names one.
    #[doc(hidden)]
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.meta.body_request_id = id.filter(|id| is_request_id(id)).map(Into::into);
        self
    }

    /// Puts operation, status and request id of this response into `error`.
    #[doc(hidden)]
    pub fn complete(&self, error: Error) -> Error {
        self.meta.complete(error)
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("operation", &self.meta.operation)
            .field("status", &self.status())
            .field("request_id", &self.request_id())
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}

impl Meta {
    fn request_id(&self) -> &str {
        let named = self.body_request_id.as_deref();
        named
            .or_else(|| request_id_of(&self.headers))
            .unwrap_or_else(|| self.sent_request_id.as_str())
    }

    pub(crate) fn complete(&self, error: Error) -> Error {
        let mut error = error
            .with_operation(self.operation)
            .or_request_id(Some(self.request_id()))
            .with_attempts(self.attempts)
            .with_sent(true);
        if error.status().is_none() {
            error = error.with_status(self.status);
        }
        error
    }
}

/// How long the body of a response is waited for that is an error already.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

impl Response<Body> {
    /// `error` with this response, as far as its body comes within some seconds: it is not what was
    /// asked for, and may have no end.
    #[doc(hidden)]
    pub async fn into_error(self, error: Error) -> Error {
        let (mut body, meta) = self.into_parts();
        let mut reader = BodyReader::new(ErrorResponse::LIMIT as u64 + 1, Over::Truncate);
        let read = std::future::poll_fn(|cx| reader.poll(&mut body, cx));
        let (bytes, whole) = match timeout(ERROR_BODY_TIMEOUT, read).await {
            Ok(Ok(bytes)) => (bytes, true),
            _ => (reader.take_content(), false),
        };
        let error = meta.complete(error);
        let response = ErrorResponse::new(meta.status, meta.headers, &bytes);
        error.with_response(if whole { response } else { response.cut() })
    }
}
