//! The thirteen endpoints: `/v1/database/instances/{instance}/databases/{database}/…`.

mod aggregate;
mod commands;
mod insert;
mod query;
mod remove;
mod transactions;
mod update;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bson::{Bson, Document};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::json;

use super::database::Database;
use super::ejson::Decoder;
use super::error::{DocumentError, Result};
use super::permission::{Actor, Kind, Reach};
use super::store::Place;
use super::{DocumentsState, ejson, operation};
use crate::error::GatewayError;
use crate::identity::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

const BASE: &str = "/v1/database/instances/{instance}/databases/{database}";

pub(super) fn routes() -> Router<AppState> {
    let path = |rest: &str| format!("{BASE}{rest}");
    Router::new()
        .route(&path("/collections"), post(create_collection))
        .route(
            &path("/collections/{collection}/documents"),
            get(query::list).post(insert::insert).patch(update::update),
        )
        .route(
            &path("/collections/{collection}/documents/{id}"),
            get(query::get)
                .post(post_below_documents)
                .patch(update::update_one)
                .delete(remove::remove_one),
        )
        .route(&path("/transactions"), post(transactions::start))
        .route(&path("/transactions/{id}/{end}"), post(transactions::end))
        .route(&path("/commands"), post(commands::run))
}

/// Removes by a filter or runs a pipeline: neither is a document, whatever the ids of documents are.
async fn post_below_documents(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    match call.path("id") {
        "remove" => remove::remove(call, body).await,
        "aggregations" => aggregate::aggregate(call, body).await,
        _ => Err(GatewayError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_REQUEST",
            "This method is not allowed here.",
        )),
    }
}

async fn create_collection(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    call.only_admin("create collections")?;
    let body = call.body(&body)?;
    let name = match body.get("collectionName") {
        Some(Bson::String(name)) if !name.is_empty() => name.clone(),
        None => return Err(DocumentError::invalid("Collection name is required").into()),
        Some(_) => return Err(wrong_type("collectionName", "text").into()),
    };
    operation::check_name(&name)?;
    let place = call.place(name);
    call.run(move |database| database.store.create(&place).map(drop))
        .await?;
    let body = json!({"requestId": call.request_id.0}).to_string();
    Ok(json_response(StatusCode::CREATED, body))
}

/// What every endpoint needs of a request.
struct Call {
    state: AppState,
    actor: Actor,
    path: HashMap<String, String>,
    query: HashMap<String, String>,
    request_id: RequestId,
    now_ms: i64,
}

impl FromRequestParts<AppState> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let caller = <Caller as FromRequestParts<AppState>>::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let request_id = parts.extensions.get::<RequestId>().cloned();
        Ok(Self {
            state: state.clone(),
            actor: Actor::from(&caller),
            path,
            query,
            request_id: request_id.unwrap_or_else(|| RequestId::of(&parts.headers)),
            now_ms: state.clock.now_ms(),
        })
    }
}

impl Call {
    fn documents(&self) -> &DocumentsState {
        &self.state.documents
    }

    fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A parameter; an empty one counts as absent.
    fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    fn place(&self, name: impl Into<String>) -> Place {
        Place {
            scope: format!("{}/{}", self.path("instance"), self.path("database")),
            name: name.into(),
        }
    }

    /// The collection that the path names.
    fn collection(&self) -> Result<Place> {
        let name = self.path("collection");
        operation::check_name(name)?;
        Ok(self.place(name))
    }

    fn reach(&self, kind: Kind) -> Result<Reach> {
        let permissions = &self.documents().permissions;
        permissions.reach(&self.actor, self.path("collection"), kind)
    }

    fn only_admin(&self, what: &str) -> Result<()> {
        if self.actor == Actor::Admin {
            return Ok(());
        }
        Err(DocumentError::denied(format!(
            "Permission denied: only the administrator may {what}"
        )))
    }

    fn decoder(&self) -> Decoder {
        Decoder::at(self.now_ms)
    }

    fn body(&self, body: &[u8]) -> Result<Document> {
        let read = self.decoder().document(body);
        read.map_err(|error| DocumentError::invalid(format!("the body cannot be read: {error}")))
    }

    /// A parameter that holds Extended JSON.
    fn json_parameter(&self, name: &str) -> Result<Option<Bson>> {
        let Some(text) = self.parameter(name) else {
            return Ok(None);
        };
        match self.decoder().value(text.as_bytes()) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(DocumentError::invalid(format!(
                "param.{name} cannot be read: {error}"
            ))),
        }
    }

    /// Runs a function on the database.
    async fn run<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.documents().run(run).await
    }
}

/// The fields of a body, each of its type if it is there. Null counts as absent.
struct Fields(Document);

impl Fields {
    fn take(&mut self, name: &str) -> Option<Bson> {
        self.0.remove(name).filter(|value| *value != Bson::Null)
    }

    fn object(&mut self, name: &str) -> Result<Option<Document>> {
        match self.take(name) {
            None => Ok(None),
            Some(Bson::Document(document)) => Ok(Some(document)),
            Some(_) => Err(wrong_type(name, "an object")),
        }
    }

    fn array(&mut self, name: &str) -> Result<Option<Vec<Bson>>> {
        match self.take(name) {
            None => Ok(None),
            Some(Bson::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong_type(name, "an array")),
        }
    }

    fn flag(&mut self, name: &str) -> Result<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(Bson::Boolean(flag)) => Ok(flag),
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(wrong_type(name, "text")),
        }
    }
}

fn wrong_type(name: &str, expected: &str) -> DocumentError {
    DocumentError::invalid(format!("param.{name} must be {expected}"))
}

/// An id as text: that of an ObjectId is its hex digits.
fn id_text(id: &Bson) -> String {
    match id {
        Bson::String(text) => text.clone(),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => number.to_string(),
        other => {
            let mut text = String::new();
            ejson::write(&mut text, other);
            text
        }
    }
}

fn json_response(status: StatusCode, body: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}

/// `{"list": […]}`.
fn list_response(documents: &[Document]) -> Response {
    let mut body = String::from(r#"{"list":"#);
    ejson::write_list(&mut body, documents);
    body.push('}');
    json_response(StatusCode::OK, body)
}
