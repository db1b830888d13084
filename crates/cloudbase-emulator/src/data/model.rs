//! Data models: `/v1/model/…` and stored SQL templates.

mod command;
mod error;
mod filter;
mod read;
mod relation;
mod schema;
mod source;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, delete, get, post};
use axum::{Extension, Json};
use bytes::Bytes;
use http::Method;
use sea_query::TableRef;
use serde_json::{Value, json};

use super::catalog;
use super::engine::{Dialect, Engine};
use super::permission::{Access, Actor, Permissions, Reach};
use crate::error::GatewayError;
use crate::identity::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

use self::error::ModelError;
use self::schema::Model;

pub(super) use self::schema::Models;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/model/{env}/{model}/{action}", any(action))
        .route("/v1/model/{env}/{model}/{record}/get", get(get_by_id))
        .route(
            "/v1/model/{env}/{model}/{record}/delete",
            delete(delete_by_id),
        )
        .route(
            "/v1/model/plugin/{env}/mysqlCommand",
            post(command::mysql_command),
        )
        .route("/v1/sql/{env}/{template}/run", post(command::run_template))
        .merge(source::routes())
}

async fn action(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    method: Method,
    Path((env, model, action)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, GatewayError> {
    let expected = match (action.as_str(), &method) {
        ("list", &Method::GET) => Method::GET,
        ("update" | "updateMany", _) => Method::PUT,
        ("get" | "list" | "create" | "createMany" | "upsert" | "delete" | "deleteMany", _) => {
            Method::POST
        }
        _ => {
            return Err(GatewayError::not_found(
                "INVALID_PATH",
                "There is nothing at this path.",
            ));
        }
    };
    if method != expected {
        return Err(GatewayError::new(
            http::StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_REQUEST",
            format!("{action} is called with {expected}."),
        ));
    }
    let outcome = async {
        let call = Call::new(&state, &caller, &env, &model)?;
        let body = if method == Method::GET {
            paging_query(query.as_deref().unwrap_or_default())?
        } else {
            object(&body)?
        };
        match action.as_str() {
            "get" => call.get(&body).await,
            "list" => call.list(&body).await,
            "create" => call.create(&body).await,
            "createMany" => call.create_many(&body).await,
            "update" => call.update(&body).await,
            "updateMany" => call.update_many(&body).await,
            "upsert" => call.upsert(&body).await,
            "delete" => call.delete(&body).await,
            _ => call.delete_many(&body).await,
        }
    };
    Ok(respond(&id, outcome.await))
}

async fn get_by_id(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Path((env, model, record)): Path<(String, String, String)>,
) -> Response {
    let outcome = async {
        let call = Call::new(&state, &caller, &env, &model)?;
        call.get(&json!({"filter":{"where":{"_id":{"$eq":record}}}}))
            .await
    };
    respond(&id, outcome.await)
}

async fn delete_by_id(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Path((env, model, record)): Path<(String, String, String)>,
) -> Response {
    let outcome = async {
        let call = Call::new(&state, &caller, &env, &model)?;
        call.delete(&json!({"filter":{"where":{"_id":{"$eq":record}}}}))
            .await
    };
    respond(&id, outcome.await)
}

/// `{data, requestId}`, or the error in the same 200.
fn respond(id: &RequestId, outcome: Result<Value, ModelError>) -> Response {
    match outcome {
        Ok(data) => Json(json!({"data": data, "requestId": id.0})).into_response(),
        Err(error) => {
            let body = json!({"code": error.code, "message": error.message, "requestId": id.0});
            Json(body).into_response()
        }
    }
}

/// The body as an object; an empty one is empty.
fn object(body: &[u8]) -> Result<Value, ModelError> {
    if body.trim_ascii().is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ModelError::parameter("the body must be an object")),
        Err(error) => Err(ModelError::parameter(format!(
            "the body is no JSON: {error}"
        ))),
    }
}

/// `pageSize=10&pageNumber=1&getCount=true` in the shape of a body.
fn paging_query(query: &str) -> Result<Value, ModelError> {
    let mut body = json!({});
    for (key, value) in source::pairs(query) {
        body[key.as_str()] = match key.as_str() {
            "pageSize" | "pageNumber" => value
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| ModelError::value(format!("{key} takes a whole number")))?,
            "getCount" => Value::Bool(value == "true" || value == "1"),
            _ => continue,
        };
    }
    Ok(body)
}

/// One call of one model.
struct Call<'a> {
    engine: Arc<dyn Engine>,
    models: &'a Models,
    model: &'a Model,
    permissions: Arc<Permissions>,
    actor: Actor,
    now_ms: i64,
    /// The trial data (`pre`) instead of the published.
    preview: bool,
}

impl<'a> Call<'a> {
    fn new(
        state: &'a AppState,
        caller: &Caller,
        env: &str,
        model: &str,
    ) -> Result<Self, ModelError> {
        let preview = is_preview(env)?;
        let models = &state.data.models;
        let model = models
            .get(model)
            .ok_or_else(|| ModelError::no_source(model))?;
        Ok(Self {
            engine: state.data.engine.clone(),
            models,
            model,
            permissions: state.data.permissions.clone(),
            actor: Actor::from(caller),
            now_ms: state.clock.now_ms(),
            preview,
        })
    }

    /// A table as statements name it.
    fn source(&self, name: String) -> TableRef {
        catalog::source(self.engine.database(), &name)
    }

    fn dialect(&self) -> Dialect {
        self.engine.dialect()
    }

    /// What the caller may reach of a model's records.
    fn reach(&self, model: &Model, access: Access) -> Result<Reach, ModelError> {
        // Trial data is under the permission of the published.
        let mut table = model.table(false);
        table.name = model.table_name(false);
        self.permissions
            .reach(&self.actor, &table, access)
            .map_err(ModelError::from)
    }
}

fn is_preview(env: &str) -> Result<bool, ModelError> {
    match env {
        "prod" => Ok(false),
        "pre" => Ok(true),
        other => Err(ModelError::value(format!(
            "envType is prod or pre, not {other:?}"
        ))),
    }
}
