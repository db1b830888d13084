//! Responses in place of a handler's, each in the envelope of its family.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Surface;
use super::guard::Rejection;
use crate::error::{self, AuthError, GatewayError, Source};
use crate::fault::Scripted;
use crate::request_id::RequestId;
use crate::storage;

/// Which envelope an operation's errors have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Family {
    Auth,
    Gateway,
    Objects,
}

impl Family {
    pub(super) fn of(surface: Surface, path: &str) -> Self {
        match surface {
            Surface::Objects => Self::Objects,
            Surface::Gateway if path.starts_with("/auth") => Self::Auth,
            Surface::Gateway => Self::Gateway,
        }
    }
}

/// The response that a fault asked for.
pub(super) fn scripted(script: Scripted, family: Family, id: &RequestId) -> Response {
    let status = StatusCode::from_u16(script.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match (script.body, family) {
        (Some(body), _) => {
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        (None, Family::Auth) => {
            AuthError::scripted(status, script.code, script.message).into_response()
        }
        (None, Family::Gateway) => {
            GatewayError::new(status, script.code, script.message).into_response()
        }
        (None, Family::Objects) => {
            storage::object_error(status, &script.code, &script.message, &id.0)
        }
    };
    for (name, value) in script.headers {
        if let (Ok(name), Ok(value)) = (
            header::HeaderName::try_from(name),
            HeaderValue::try_from(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A request that is not let in, in the envelope of its family.
pub(super) fn rejected(
    rejection: Rejection,
    family: Family,
    id: &RequestId,
    headers: &HeaderMap,
) -> Response {
    let script = Scripted {
        status: StatusCode::FORBIDDEN.as_u16(),
        code: rejection.code.to_owned(),
        message: rejection.message,
        headers: Vec::new(),
        body: None,
    };
    error::render(scripted(script, family, id), id, Source::Emulator, headers)
}
