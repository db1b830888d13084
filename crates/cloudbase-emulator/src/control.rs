//! The control API under `/__emulator`: everything that the library's handle can do, for other processes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::emulator::{self, Snapshot};
use crate::error::{GatewayError, StartError};
use crate::fault;
use crate::inbox::InboxMessage;
use crate::keys::KEY_ID;
use crate::pattern::Pattern;
use crate::requests;
use crate::server::Reached;
use crate::state::AppState;

/// The control API's own state.
#[derive(Default)]
pub(crate) struct ControlState {
    snapshots: Mutex<BTreeMap<String, Snapshot>>,
}

/// The routes, below `/__emulator`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/info", get(info))
        .route("/jwks.json", get(jwks))
        .route("/inbox", get(inbox).delete(clear_inbox))
        .route("/clock", get(clock).post(move_clock).delete(reset_clock))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/reset", post(reset))
        .route("/snapshots", get(snapshots))
        .route(
            "/snapshots/{name}",
            post(take_snapshot).delete(drop_snapshot),
        )
        .route("/snapshots/{name}/restore", post(restore_snapshot))
        .merge(crate::auth::control_routes())
}

/// A JSON body whatever its content type; an empty body reads as `{}`.
pub(crate) fn json_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, GatewayError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| GatewayError::bad_request("INVALID_PARAM", error.to_string()))
}

async fn info(State(state): State<AppState>, reached: Reached) -> Json<Value> {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "env_id": state.keys.env_id(),
        "endpoint": reached.to_string(),
        "publishable_key": &*state.publishable_key,
        "api_key": &*state.api_key,
    }))
}

async fn jwks(State(state): State<AppState>) -> Json<Value> {
    Json(state.keys.jwks(KEY_ID))
}

#[derive(Deserialize)]
struct InboxQuery {
    to: Option<String>,
}

async fn inbox(
    State(state): State<AppState>,
    Query(query): Query<InboxQuery>,
) -> Json<Vec<InboxMessage>> {
    Json(match query.to {
        Some(to) => state.inbox.latest(&to).into_iter().collect(),
        None => state.inbox.messages(),
    })
}

async fn clear_inbox(State(state): State<AppState>) -> StatusCode {
    state.inbox.clear();
    StatusCode::NO_CONTENT
}

async fn clock(State(state): State<AppState>) -> Json<Value> {
    Json(json!({"now": state.clock.rfc3339(), "offset_ms": state.clock.offset_ms()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    advance_ms: Option<i64>,
    offset_ms: Option<i64>,
}

async fn move_clock(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let request: MoveClock = json_body(&body)?;
    match (request.advance_ms, request.offset_ms) {
        (Some(by), None) => state.clock.shift_ms(by),
        (None, Some(offset)) => state.clock.set_offset_ms(offset),
        _ => {
            return Err(GatewayError::bad_request(
                "INVALID_PARAM",
                "give advance_ms or offset_ms.",
            ));
        }
    }
    Ok(clock(State(state)).await)
}

async fn reset_clock(State(state): State<AppState>) -> StatusCode {
    state.clock.reset();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct RequestsQuery {
    #[serde(rename = "match")]
    pattern: Option<String>,
}

async fn requests(
    State(state): State<AppState>,
    Query(query): Query<RequestsQuery>,
) -> Result<Json<Vec<requests::View>>, GatewayError> {
    let pattern = query.pattern.as_deref().unwrap_or("* *");
    check_pattern(pattern)?;
    let entries = state.requests.matching(pattern);
    Ok(Json(
        entries.into_iter().map(requests::View::from).collect(),
    ))
}

/// A pattern that can match nothing is a mistake in writing it.
pub(crate) fn check_pattern(text: &str) -> Result<(), GatewayError> {
    match Pattern::parse(text) {
        Ok(_) => Ok(()),
        Err(rule) => Err(GatewayError::bad_request("INVALID_PARAM", rule)),
    }
}

async fn clear_requests(State(state): State<AppState>) -> StatusCode {
    state.requests.clear();
    StatusCode::NO_CONTENT
}

async fn faults(State(state): State<AppState>) -> Json<Vec<fault::View>> {
    Json(state.faults.views())
}

async fn add_fault(State(state): State<AppState>, body: Bytes) -> Result<Response, GatewayError> {
    let spec: fault::Spec = json_body(&body)?;
    let fault = spec
        .into_fault()
        .map_err(|error| GatewayError::bad_request("INVALID_PARAM", error))?;
    let id = state.faults.add(fault);
    Ok((StatusCode::CREATED, Json(json!({"id": id}))).into_response())
}

async fn clear_faults(State(state): State<AppState>) -> StatusCode {
    state.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(state): State<AppState>, Path(id): Path<u64>) -> StatusCode {
    state.faults.remove(id);
    StatusCode::NO_CONTENT
}

async fn reset(State(state): State<AppState>) -> Result<StatusCode, GatewayError> {
    emulator::reset(&state).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn snapshots(State(state): State<AppState>) -> Json<Vec<String>> {
    Json(state.control.lock().keys().cloned().collect())
}

async fn take_snapshot(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<StatusCode, GatewayError> {
    let snapshot = emulator::snapshot(&state).await.map_err(failed)?;
    state.control.lock().insert(name, snapshot);
    Ok(StatusCode::CREATED)
}

async fn drop_snapshot(State(state): State<AppState>, Path(name): Path<String>) -> StatusCode {
    state.control.lock().remove(&name);
    StatusCode::NO_CONTENT
}

async fn restore_snapshot(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<StatusCode, GatewayError> {
    let snapshot = state.control.lock().get(&name).cloned().ok_or_else(|| {
        GatewayError::not_found("RESOURCE_NOT_FOUND", "There is no snapshot of this name.")
    })?;
    emulator::restore(&state, &snapshot).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

fn failed(error: StartError) -> GatewayError {
    GatewayError::internal(error.to_string())
}

impl ControlState {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Snapshot>> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
