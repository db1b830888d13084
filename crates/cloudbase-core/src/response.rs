//! A decoded answer with what the service said around it.

mod type_name;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::operation::RequestId;

/// A value from the service, with status, headers and request id.
#[derive(Clone, Debug)]
pub struct Response<T> {
    value: T,
    meta: Meta,
}

#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) operation: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) sent_request_id: RequestId,
    pub(crate) attempts: u32,
}

impl<T> Response<T> {
    pub(crate) fn from_parts(value: T, meta: Meta) -> Self {
        Self { value, meta }
    }

    pub(crate) fn into_parts(self) -> (T, Meta) {
        (self.value, self.meta)
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, leaving the rest behind.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The HTTP status, always 2xx.
    pub fn status(&self) -> StatusCode {
        self.meta.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.meta.headers
    }

    /// The id under which the service knows the request: from the answer's header, else the one
    /// that was sent.
    pub fn request_id(&self) -> &str {
        self.meta.request_id()
    }

    /// How many times the call was put on the wire.
    pub fn attempts(&self) -> u32 {
        self.meta.attempts
    }

    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            meta: self.meta,
        }
    }

    /// The same answer with another value, if it can be made.
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

    /// Puts operation, status and request id of this answer into `error`.
    #[doc(hidden)]
    pub fn complete(&self, error: Error) -> Error {
        self.meta.complete(error)
    }
}

impl Meta {
    fn request_id(&self) -> &str {
        told_request_id(&self.headers).unwrap_or_else(|| self.sent_request_id.as_str())
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

/// The request id that an answer names: the gateway's, what passes it, or the object store.
pub(crate) fn told_request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "x-cloudbase-request-id", "x-cos-request-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}

impl Response<Bytes> {
    /// Reads the answer as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the JSON path of the first value that does not fit.
    pub fn json<T: DeserializeOwned>(self) -> Result<Response<T>> {
        self.try_map(|bytes| from_json(&bytes))
    }
}

/// Reads JSON; the error names the path to the value that does not fit, not the value.
///
/// # Errors
///
/// [`ErrorKind::Decode`].
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // The plain parser first: tracking the path costs, and is needed for errors only.
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(plain) => Err(locate::<T>(bytes, plain)),
    }
}

#[cold]
fn locate<T: DeserializeOwned>(bytes: &[u8], plain: serde_json::Error) -> Error {
    let deserializer = &mut serde_json::Deserializer::from_slice(bytes);
    let path = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(error) => error.path().to_string(),
        Ok(_) => String::from("."),
    };
    let wanted = type_name::short(std::any::type_name::<T>());
    let message = match plain.classify() {
        serde_json::error::Category::Data => {
            let place = match path.as_str() {
                "." => String::new(),
                path => format!(" at `{path}`"),
            };
            let problem = expectation(&plain.to_string());
            format!("the answer does not fit `{wanted}`{place}{problem}")
        }
        serde_json::error::Category::Eof if bytes.is_empty() => {
            format!("empty answer, {wanted} expected")
        }
        _ => format!(
            "the answer is not valid JSON ({} bytes, line {})",
            bytes.len(),
            plain.line()
        ),
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

/// What serde says was expected. What it found instead, which its text quotes before that, may be
/// anybody's and is not told; nor are the words of types that make their own errors.
fn expectation(text: &str) -> String {
    const QUOTING: [&str; 5] = [
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
        "unknown variant `",
        "unknown field `",
    ];
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    if text.starts_with("missing field `") {
        return format!(": {text}");
    }
    match text.rsplit_once(", expected ") {
        Some((found, expected)) if QUOTING.iter().any(|start| found.starts_with(start)) => {
            format!(": {expected} expected")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Todo {
        title: String,
        state: State,
        at: At,
    }

    #[derive(Debug, serde::Deserialize)]
    enum State {
        #[serde(rename = "open")]
        Open,
    }

    #[derive(Debug)]
    struct At;

    impl<'de> serde::Deserialize<'de> for At {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Err(serde::de::Error::custom(format!(
                "`{text}` is no date, expected {text}"
            )))
        }
    }

    #[test]
    fn an_answer_that_does_not_fit_says_where_and_what_was_expected_but_not_what_came() {
        for (body, expected) in [
            (
                r#"[{"title":7}]"#,
                "the answer does not fit `Vec<Todo>` at `[0].title`: a string expected",
            ),
            (
                r#"[{"title":"t","state":"secret, expected secret"}]"#,
                "the answer does not fit `Vec<Todo>` at `[0].state`: `open` expected",
            ),
            (
                r#"[{"title":"t"}]"#,
                "the answer does not fit `Vec<Todo>` at `[0]`: missing field `state`",
            ),
            (
                r#""secret""#,
                "the answer does not fit `Vec<Todo>`: a sequence expected",
            ),
            (
                r#"[{"title":"t","state":"open","at":"secret"}]"#,
                "the answer does not fit `Vec<Todo>` at `[0].at`",
            ),
            ("", "empty answer, Vec<Todo> expected"),
        ] {
            let error = from_json::<Vec<Todo>>(body.as_bytes()).unwrap_err();
            assert_eq!(error.message(), expected, "{body}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}
