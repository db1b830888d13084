//! Reads: a page of documents, their number, or one document.

use axum::response::Response;
use bson::{Bson, Document};
use http::StatusCode;
use serde_json::json;

use super::{Call, json_response};
use crate::documents::ejson;
use crate::documents::engine::{Direction, Projection, Sort};
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation::{Find, Selection, count, find};
use crate::documents::permission::Kind;
use crate::error::GatewayError;

/// How many documents a page has if none says how many, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 1000;

pub(super) async fn list(call: Call) -> Result<Response, GatewayError> {
    let place = call.collection()?;
    let reach = call.reach(Kind::Read)?;
    let filter = object(&call, "query")?.unwrap_or_default();
    let selection = Selection::new(&filter, reach, call.now_ms)?;
    let transaction = call.parameter("transactionId").map(str::to_owned);
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    if flag(&call, "count")? {
        let counted = call.run(move |database| {
            let transaction = transaction.as_deref().map(|id| (id, &actor));
            database.read(transaction, now_ms, |session| {
                count(session, &place, &selection)
            })
        });
        let body = json!({"total": counted.await?}).to_string();
        return Ok(json_response(StatusCode::OK, body));
    }
    let offset = number(&call, "offset")?.unwrap_or(0);
    let limit = number(&call, "limit")?.unwrap_or(PAGE);
    if limit == 0 || limit > LARGEST_PAGE {
        let rule = format!("param.limit must be from 1 to {LARGEST_PAGE}");
        return Err(DocumentError::invalid(rule).into());
    }
    let page = Find {
        selection,
        sort: sort(&call)?,
        projection: projection(&call)?,
        skip: offset,
        limit: Some(limit),
    };
    let found = call.run(move |database| {
        let transaction = transaction.as_deref().map(|id| (id, &actor));
        database.read(transaction, now_ms, |session| find(session, &place, &page))
    });
    let found = found.await?;
    let mut body = format!(r#"{{"offset":{offset},"limit":{limit},"list":"#);
    ejson::write_list(&mut body, &found);
    body.push('}');
    Ok(json_response(StatusCode::OK, body))
}

pub(super) async fn get(call: Call) -> Result<Response, GatewayError> {
    let place = call.collection()?;
    let page = Find {
        selection: Selection::by_id(call.path("id"), call.reach(Kind::Read)?, call.now_ms)?,
        sort: None,
        projection: projection(&call)?,
        skip: 0,
        limit: Some(1),
    };
    let transaction = call.parameter("transactionId").map(str::to_owned);
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    let found = call.run(move |database| {
        let transaction = transaction.as_deref().map(|id| (id, &actor));
        database.read(transaction, now_ms, |session| find(session, &place, &page))
    });
    let found = found.await?;
    let document = found.first().ok_or_else(DocumentError::no_document)?;
    let mut body = String::new();
    ejson::write_document(&mut body, document);
    Ok(json_response(StatusCode::OK, body))
}

fn object(call: &Call, name: &str) -> Result<Option<Document>> {
    match call.json_parameter(name)? {
        None | Some(Bson::Null) => Ok(None),
        Some(Bson::Document(document)) => Ok(Some(document)),
        Some(_) => Err(super::wrong_type(name, "an object")),
    }
}

fn flag(call: &Call, name: &str) -> Result<bool> {
    match call.parameter(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(super::wrong_type(name, "true or false")),
    }
}

fn number(call: &Call, name: &str) -> Result<Option<usize>> {
    let read = call.parameter(name).map(str::parse);
    read.transpose()
        .map_err(|_| super::wrong_type(name, "a whole number from 0 on"))
}

fn projection(call: &Call) -> Result<Option<Projection>> {
    let projection = object(call, "projection")?.filter(|fields| !fields.is_empty());
    Ok(projection.as_ref().map(Projection::parse).transpose()?)
}

/// `[{"field", "direction"}]`.
fn sort(call: &Call) -> Result<Option<Sort>> {
    let wrong = || {
        super::wrong_type(
            "order",
            r#"a list of {"field", "direction": "asc" or "desc"}"#,
        )
    };
    let orders = match call.json_parameter("order")? {
        None | Some(Bson::Null) => return Ok(None),
        Some(Bson::Array(orders)) => orders,
        Some(_) => return Err(wrong()),
    };
    let mut keys: Vec<(&str, Direction)> = Vec::new();
    for order in &orders {
        let order = order.as_document().ok_or_else(wrong)?;
        let field = order.get_str("field").map_err(|_| wrong())?;
        let direction = match order.get_str("direction") {
            Ok("asc") => Direction::Ascending,
            Ok("desc") => Direction::Descending,
            _ => return Err(wrong()),
        };
        keys.push((field, direction));
    }
    if keys.is_empty() {
        return Ok(None);
    }
    Ok(Some(Sort::new(keys)?))
}
