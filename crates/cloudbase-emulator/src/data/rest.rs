//! MySQL over REST: `/v1/rdb/rest/…`.

mod body;
mod delete;
mod insert;
mod read;
mod update;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::DataState;
use super::catalog::Catalog;
use super::engine::{Dialect, Engine};
use super::error::DataError;
use super::fetch::Fetched;
use super::grammar::{Prefer, Query, Return, parse_query};
use super::permission::{Actor, Permissions};
use super::plan::{Plan, Planner};
use crate::error::GatewayError;
use crate::identity::Caller;
use crate::state::AppState;

/// One object instead of an array.
const SINGLE: &str = "application/vnd.pgrst.object+json";

/// Formats that PostgreSQL's interface has and this one has not.
const OTHER_FORMATS: [&str; 4] = [
    "text/csv",
    "application/geo+json",
    "application/vnd.pgrst.plan+text",
    "application/vnd.pgrst.plan+json",
];

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/rdb/rest/{table}", any(table))
        .route("/v1/rdb/rest/{schema}/{table}", any(table))
        .route("/v1/rdb/rest/{instance}/{schema}/{table}", any(table))
        .route("/v1/rdb/rest/rpc/{function}", any(rpc))
        .route("/v1/rdb/exec-pgsql", any(exec_pgsql))
}

async fn table(
    State(state): State<AppState>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Path(path): Path<HashMap<String, String>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, GatewayError> {
    let request = Request {
        engine: state.data.engine.clone(),
        catalog: state.data.engine.catalog(),
        permissions: state.data.permissions(),
        actor: Actor::from(&caller),
        now_ms: state.clock.now_ms(),
        query: parse_query(query.as_deref().unwrap_or_default())?,
        prefer: Prefer::parse(
            headers
                .get_all("prefer")
                .iter()
                .filter_map(|value| value.to_str().ok()),
        )?,
        single: wants_single(&headers),
        table: path.get("table").cloned().unwrap_or_default(),
    };
    request.check_place(&method, &path, &headers)?;
    check_accept(&headers)?;
    let response = match method {
        Method::GET => read::get(request, &headers).await,
        Method::HEAD => read::head(request).await,
        Method::POST => insert::post(request, body).await,
        Method::PATCH => update::patch(request, body).await,
        Method::DELETE => delete::delete(request).await,
        _ => {
            return Err(GatewayError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "INVALID_REQUEST",
                "A table takes GET, HEAD, POST, PATCH and DELETE.",
            ));
        }
    };
    Ok(response?)
}

async fn rpc(_: Caller, Path(function): Path<String>) -> GatewayError {
    DataError::not_found(format!(
        "function '{function}' not found: stored functions are called on PostgreSQL only, and this is a MySQL database"
    ))
    .into()
}

async fn exec_pgsql(_: Caller) -> GatewayError {
    DataError::invalid_request(
        "raw PostgreSQL needs an environment in PostgreSQL mode; this is a MySQL database",
    )
    .into()
}

/// A request to a table, read and ready.
struct Request {
    engine: Arc<dyn Engine>,
    catalog: Arc<Catalog>,
    permissions: Arc<Permissions>,
    actor: Actor,
    now_ms: i64,
    query: Query,
    prefer: Prefer,
    single: bool,
    table: String,
}

impl Request {
    fn planner(&self) -> Planner<'_> {
        Planner {
            catalog: &self.catalog,
            permissions: &self.permissions,
            actor: &self.actor,
        }
    }

    fn dialect(&self) -> Dialect {
        self.engine.dialect()
    }

    fn returns_rows(&self) -> bool {
        self.prefer.returning == Some(Return::Representation)
    }

    /// Instance and database, from the path or the older headers.
    fn check_place(
        &self,
        method: &Method,
        path: &HashMap<String, String>,
        headers: &HeaderMap,
    ) -> Result<(), DataError> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let profile = if reads {
            "accept-profile"
        } else {
            "content-profile"
        };
        let instance = path
            .get("instance")
            .map(String::as_str)
            .or(header("x-db-instance"));
        if let Some(instance) = instance.filter(|instance| *instance != "default") {
            return Err(DataError::not_found(format!(
                "instance '{instance}' not found"
            )));
        }
        match path.get("schema").map(String::as_str).or(header(profile)) {
            Some(schema) if !self.engine.is_schema(schema) => Err(DataError::not_found(format!(
                "database '{schema}' not found"
            ))),
            _ => Ok(()),
        }
    }

    /// A write's filters. Without one the gateway rejects it.
    fn require_filter(&self, verb: &str) -> Result<(), DataError> {
        if self.query.filters.is_empty() {
            return Err(DataError::invalid_request(format!(
                "{verb} requires a WHERE clause"
            )));
        }
        if self.query.offset.is_some() {
            return Err(DataError::invalid_param(format!(
                "{verb} takes limit, but no offset"
            )));
        }
        Ok(())
    }

    /// The response to a write.
    fn written(
        &self,
        affected: u64,
        rows: Option<(&Fetched, &Plan<'_>)>,
        with_rows: StatusCode,
        without: StatusCode,
    ) -> Result<Response, DataError> {
        let mut response = match rows {
            Some((rows, plan)) => (with_rows, self.rows_body(rows, plan)?).into_response(),
            None => without.into_response(),
        };
        let headers = response.headers_mut();
        if rows.is_some() {
            headers.insert(header::CONTENT_TYPE, self.content_type());
        }
        set(headers, "content-range", &format!("*/{affected}"));
        set(headers, "preference-applied", &self.prefer.applied());
        Ok(response)
    }

    /// All rows as an array, or the one that was asked for.
    fn rows_body(&self, rows: &Fetched, plan: &Plan<'_>) -> Result<Body, DataError> {
        let bytes = match (self.single, rows.rows.len()) {
            (false, _) => rows.write_array(plan),
            (true, 1) => rows.write_object(plan, 0),
            (true, count) => return Err(DataError::not_single(count)),
        };
        Ok(Body::from(bytes))
    }

    fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(if self.single {
            "application/vnd.pgrst.object+json; charset=utf-8"
        } else {
            "application/json; charset=utf-8"
        })
    }
}

fn wants_single(headers: &HeaderMap) -> bool {
    accepted(headers).any(|kind| kind.eq_ignore_ascii_case(SINGLE))
}

/// Rejects a request that accepts nothing but formats that only PostgreSQL's interface can write.
fn check_accept(headers: &HeaderMap) -> Result<(), DataError> {
    let other = |kind: &&str| {
        OTHER_FORMATS
            .iter()
            .any(|other| kind.eq_ignore_ascii_case(other))
    };
    let mut kinds = accepted(headers).peekable();
    match kinds.peek().copied() {
        Some(first) if kinds.all(|kind| other(&kind)) => Err(DataError::not_acceptable(first)),
        _ => Ok(()),
    }
}

/// The media types of the `Accept` headers, without parameters.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .filter(|kind| !kind.is_empty())
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl DataState {
    fn permissions(&self) -> Arc<Permissions> {
        self.permissions.clone()
    }
}
