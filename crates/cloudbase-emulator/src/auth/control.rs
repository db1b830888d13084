//! The control API's part for auth, below `/__emulator`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::captcha::{self, Captcha};
use super::identity_source::{self, ID_TOKEN_KEY, Person, pages};
use super::ticket;
use super::users::{NewUser, UserInfo, Users};
use crate::control::{check_pattern, json_body};
use crate::error::GatewayError;
use crate::state::AppState;

/// The routes, below `/__emulator`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/users", get(users).post(add_user))
        .route("/users/{id}", patch(set_status).delete(remove_user))
        .route("/users/{id}/sessions", delete(end_sessions))
        .route("/captcha", post(demand).delete(clear_demands))
        .route("/captcha/tokens", delete(invalidate_tokens))
        .route("/captcha/{token}", get(captcha::reveal))
        .route("/custom-login-key.json", get(custom_login_key))
        .route("/provider/{id}/authorize", get(pages::authorize))
        .route("/provider/{id}/sign_out", get(pages::sign_out))
        .route("/provider/{id}/id_token", post(id_token))
        .route("/provider/{id}/access_token", post(access_token))
        .route("/provider/{id}/jwks.json", get(jwks))
        .route("/mini-program/{app_id}/code", post(mini_program_code))
}

async fn users(State(state): State<AppState>) -> Json<Vec<UserInfo>> {
    Json(Users::new(state).all())
}

async fn add_user(State(state): State<AppState>, body: Bytes) -> Result<Response, GatewayError> {
    let user: NewUser = json_body(&body)?;
    let id = Users::new(state)
        .insert(user)
        .map_err(|error| GatewayError::bad_request("INVALID_PARAM", error.to_string()))?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status: String,
}

async fn set_status(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, GatewayError> {
    let Status { status } = json_body(&body)?;
    if !["ACTIVE", "PENDING", "BLOCKED"].contains(&status.as_str()) {
        return Err(GatewayError::bad_request(
            "INVALID_PARAM",
            "status must be ACTIVE, PENDING or BLOCKED.",
        ));
    }
    if Users::new(state).set_status(&id, &status) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(GatewayError::not_found(
            "RESOURCE_NOT_FOUND",
            "There is no such user.",
        ))
    }
}

async fn remove_user(State(state): State<AppState>, Path(id): Path<String>) -> StatusCode {
    Users::new(state).remove(&id);
    StatusCode::NO_CONTENT
}

async fn end_sessions(State(state): State<AppState>, Path(id): Path<String>) -> StatusCode {
    Users::new(state).end_sessions(&id);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Demand {
    #[serde(rename = "match", default = "everything")]
    pattern: String,
    times: Option<u32>,
}

fn everything() -> String {
    "* *".to_owned()
}

async fn demand(State(state): State<AppState>, body: Bytes) -> Result<StatusCode, GatewayError> {
    let Demand { pattern, times } = json_body(&body)?;
    check_pattern(&pattern)?;
    Captcha::new(state).demand(&pattern, times);
    Ok(StatusCode::CREATED)
}

async fn clear_demands(State(state): State<AppState>) -> StatusCode {
    Captcha::new(state).clear();
    StatusCode::NO_CONTENT
}

async fn invalidate_tokens(State(state): State<AppState>) -> StatusCode {
    Captcha::new(state).invalidate_tokens();
    StatusCode::NO_CONTENT
}

async fn custom_login_key(State(state): State<AppState>) -> Response {
    let key = ticket::custom_login_key(state.keys.env_id());
    ([(http::header::CONTENT_TYPE, "application/json")], key).into_response()
}

async fn id_token(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let person: Person = json_body(&body)?;
    Ok(Json(
        json!({"id_token": identity_source::id_token(&state, &id, &person)}),
    ))
}

async fn access_token(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let person: Person = json_body(&body)?;
    Ok(Json(
        json!({"access_token": identity_source::access_token(&state, &id, &person)}),
    ))
}

async fn mini_program_code(
    State(state): State<AppState>,
    Path(app_id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let person: Person = json_body(&body)?;
    Ok(Json(
        json!({"code": identity_source::mini_program_code(&state, &app_id, &person)}),
    ))
}

async fn jwks(State(state): State<AppState>) -> Json<Value> {
    Json(state.keys.jwks(ID_TOKEN_KEY))
}
