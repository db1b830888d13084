//! Inserts.

use axum::response::Response;
use bson::{Bson, Document};
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::{Call, Fields, id_text, json_response, wrong_type};
use crate::documents::ejson::regexes;
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation;
use crate::documents::permission::{Actor, Kind, OWNER};
use crate::error::GatewayError;

pub(super) async fn insert(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    let place = call.collection()?;
    call.reach(Kind::Write)?;
    let mut fields = Fields(call.body(&body)?);
    let transaction = fields.text("transactionId")?;
    let documents = documents(fields.array("data")?, &call.actor)?;
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    let inserted = call.run(move |database| {
        let transaction = transaction.as_deref().map(|id| (id, &actor));
        database.write(transaction, now_ms, |session| {
            operation::insert(session, &place, documents, actor.owner())
        })
    });
    let ids: Vec<_> = inserted.await?.iter().map(id_text).collect();
    let body = json!({"insertedIds": ids}).to_string();
    Ok(json_response(StatusCode::CREATED, body))
}

fn documents(data: Option<Vec<Bson>>, actor: &Actor) -> Result<Vec<Document>> {
    let data = data.filter(|data| !data.is_empty());
    let data = data.ok_or_else(|| DocumentError::invalid("param.data can't be empty"))?;
    let document = |value| match regexes(value) {
        Bson::Document(document) if *actor == Actor::Admin || !document.contains_key(OWNER) => {
            Ok(document)
        }
        Bson::Document(_) => Err(DocumentError::invalid(format!(
            "{OWNER} is written by the service; leave it out"
        ))),
        _ => Err(wrong_type("data", "a list of objects")),
    };
    data.into_iter().map(document).collect()
}
