//! Calls that see the content before a reset or a restored snapshot, or after it.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest as _, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::Request;

use crate::state::AppState;

/// Routes whose calls keep what replaces the content away while they run.
pub(super) fn calls(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    routes.route_layer(middleware::from_fn_with_state(state.clone(), call))
}

/// The body is read first: a caller that stalls in it keeps nobody waiting.
async fn call(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let body = match Bytes::from_request(whole, &state).await {
        Ok(body) => body,
        Err(rejection) => return rejection.into_response(),
    };
    let _steady = state.content.read().await;
    next.run(Request::from_parts(parts, Body::from(body))).await
}
