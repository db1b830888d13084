//! The two error envelopes: the gateway's under `/v1` and the auth service's under `/auth`.

use std::fmt;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::request_id::RequestId;

mod auth;
mod start;

pub(crate) use auth::AuthError;
pub use start::StartError;

/// An error of the gateway: `{code, message, requestId}`.
///
/// As a response it travels unrendered; the server fills in the request id.
#[derive(Clone, Debug)]
pub(crate) struct GatewayError {
    status: StatusCode,
    code: String,
    message: String,
    extra: Map<String, Value>,
}

impl GatewayError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            extra: Map::new(),
        }
    }

    pub(crate) fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn unauthorized(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    pub(crate) fn forbidden(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn not_found(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "SYS_ERR", message)
    }

    /// Adds a field next to `code`, such as `details` or `hint`.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(field.to_owned(), value.into());
        self
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    fn render(mut self, id: &RequestId, source: Source) -> Response {
        let mut message = std::mem::take(&mut self.message);
        if !message.ends_with(['.', '!', '?', '…', '。', '！', '？']) {
            message.push('.');
        }
        if source != Source::Emulator {
            message.push_str(
                " For more information, please refer to https://docs.cloudbase.net/error-code/service",
            );
        }
        let mut body = json!({"code": self.code, "message": message, "requestId": id.0});
        if source == Source::Documents {
            // The documents of that API spell it so, its samples the other way.
            self.extra
                .insert("request_id".to_owned(), id.0.clone().into());
        }
        if let Some(body) = body.as_object_mut() {
            body.append(&mut self.extra);
        }
        (self.status, Json(body)).into_response()
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.status.as_u16(),
            self.code,
            self.message
        )
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Unrendered::Gateway(self));
        response
    }
}

/// Who an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// What the real service has too, and documents.
    Service,
    /// The same, from the document database.
    Documents,
    /// The emulator's own: the control API, and requests that are not let in.
    Emulator,
}

impl Source {
    /// What serves a path.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/v1/database/") {
            Self::Documents
        } else if path.starts_with("/v1/") || path.starts_with("/auth/") {
            Self::Service
        } else {
            Self::Emulator
        }
    }
}

/// An error on its way to the server, which knows the request id and the language.
#[derive(Clone, Debug)]
enum Unrendered {
    Gateway(GatewayError),
    Auth(AuthError),
}

/// Writes out an error that a handler returned; other responses pass untouched.
pub(crate) fn render(
    mut response: Response,
    id: &RequestId,
    source: Source,
    request: &HeaderMap,
) -> Response {
    let mut rendered = match response.extensions_mut().remove::<Unrendered>() {
        Some(Unrendered::Gateway(error)) => error.render(id, source),
        Some(Unrendered::Auth(error)) => error.render(request),
        None => return response,
    };
    // Headers that were added to the error on its way stay; the body's own are the rendered ones.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    rendered
}

fn set_retry_after(headers: &mut HeaderMap, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
}
