//! `/v1/cloudrun/{service}` and `/v1/apis/{name}`: requests passed on to servers.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    forward::{ForwardError, identify},
    function::Service,
    route::{Address, is_name},
};
use crate::{error::GatewayError, identity::Caller, request_id::RequestId, state::AppState};

/// Largest request body of a cloud-hosting service.
const MAX_CLOUD_RUN: u64 = 20 * 1024 * 1024;
/// Largest request body of the gateway in general.
const MAX_GATEWAY: u64 = 100 * 1024 * 1024;
/// How long the head of a response may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Handles every request below `/v1/cloudrun/`.
pub(super) async fn cloud_run(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, GatewayError> {
    let uri = request.uri().clone();
    let missing =
        || GatewayError::not_found("SERVICE_NOT_FOUND", "There is no service of this name.");
    let address = Address::read("/v1/cloudrun/", &uri)
        .filter(|address| is_name(address.name))
        .ok_or_else(missing)?;
    let service = state.functions.service(address.name).ok_or_else(missing)?;
    let is_get = request.method() == Method::GET;
    let mut response = pass(&state, &caller, &service, &address, request, MAX_CLOUD_RUN).await?;
    if is_get || !is_text(response.headers()) {
        attach(response.headers_mut());
    }
    Ok(response)
}

/// Handles every request below `/v1/apis/`.
pub(super) async fn apis(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, GatewayError> {
    let uri = request.uri().clone();
    let missing = || GatewayError::not_found("RESOURCE_NOT_FOUND", "There is no API of this name.");
    let address = Address::read("/v1/apis/", &uri).ok_or_else(missing)?;
    let service = state.functions.api(address.name).ok_or_else(missing)?;
    pass(&state, &caller, &service, &address, request, MAX_GATEWAY).await
}

async fn pass(
    state: &AppState,
    caller: &Caller,
    service: &Service,
    address: &Address<'_>,
    request: Request,
    limit: u64,
) -> Result<Response, GatewayError> {
    if !service.access.admits(caller) {
        return Err(GatewayError::forbidden(
            "SERVICE_FORBIDDEN",
            "Service forbidden.",
        ));
    }
    let id = RequestId::from_request(&request);
    let (mut parts, body) = request.into_parts();
    parts.uri = address.target(None)?;
    identify(
        &mut parts.headers,
        &id,
        state.keys.env_id(),
        address.name,
        caller,
    );
    let request = Request::from_parts(parts, body);
    let response = state
        .functions
        .forwarder()
        .send(&service.upstream, request, limit);
    let timed = tokio::time::timeout(service.timeout.unwrap_or(TIMEOUT), response).await;
    timed
        .map_err(|_| {
            GatewayError::new(
                StatusCode::GATEWAY_TIMEOUT,
                "SERVICE_TIMEOUT",
                "The service did not respond in time.",
            )
        })?
        .map_err(|error| match error {
            ForwardError::NotReady(error) => GatewayError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SERVICE_NOT_READY",
                format!("The service's process did not start: {error}."),
            ),
            ForwardError::Unreachable(error) => GatewayError::new(
                StatusCode::BAD_GATEWAY,
                "SERVICE_LB_STATUS_ABNORMAL",
                format!("The service gave no response: {error}."),
            ),
            ForwardError::TooLarge => GatewayError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "EXCEED_MAX_PAYLOAD_SIZE",
                format!("The request body is larger than {limit} bytes."),
            ),
        })
}

/// The types that the gateway does not turn into downloads.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = media_type(headers);
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
    ]
    .contains(&content_type.as_str())
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = value
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}

/// Event streams are exempt, and so is a service's own wish.
fn attach(headers: &mut HeaderMap) {
    if media_type(headers) != "text/event-stream" {
        headers
            .entry(header::CONTENT_DISPOSITION)
            .or_insert(HeaderValue::from_static("attachment"));
    }
}
