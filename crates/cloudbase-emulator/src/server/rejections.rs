//! What the web framework rejects on its own, such as a path that is not UTF-8, in the envelope of its family.

use axum::Router;
use axum::body::Body;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use super::Surface;
use super::envelope::Family;
use crate::error::{AuthError, GatewayError};
use crate::state::AppState;

/// Routes whose handlers never respond to a fault with plain text: what does is the framework.
pub(super) fn enveloped(routes: Router<AppState>) -> Router<AppState> {
    routes.route_layer(middleware::from_fn(envelope))
}

async fn envelope(request: Request<Body>, next: Next) -> Response {
    let family = Family::of(Surface::Gateway, request.uri().path());
    // Before its first byte, where a request says how long its body is.
    let response = if request.body().size_hint().lower() > super::BODY_LIMIT as u64 {
        (StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded").into_response()
    } else {
        next.run(request).await
    };
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_plain = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    if !is_plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    // A sentence, which is there already.
    let message = response.into_body().collect().await;
    let message = message.map(|body| body.to_bytes()).unwrap_or_default();
    let message = String::from_utf8_lossy(&message).into_owned();
    match (family, status) {
        (Family::Auth, _) => AuthError::invalid_argument(message).into_response(),
        (_, StatusCode::PAYLOAD_TOO_LARGE) => too_large().into_response(),
        _ => GatewayError::new(status, "INVALID_PARAM", message).into_response(),
    }
}

/// The response to a request that no product takes for its size.
pub(crate) fn too_large() -> GatewayError {
    GatewayError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "EXCEED_MAX_PAYLOAD_SIZE",
        format!(
            "The request body is larger than {} bytes.",
            super::BODY_LIMIT
        ),
    )
}
