//! Removals.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::{Call, Fields, json_response};
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation::{self, Removal, Selection};
use crate::documents::permission::Kind;
use crate::error::GatewayError;

pub(super) async fn remove(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    let reach = call.reach(Kind::Write)?;
    let mut fields = Fields(call.body(&body)?);
    let filter = fields.object("query")?.filter(|filter| !filter.is_empty());
    let filter = filter.ok_or_else(|| DocumentError::invalid("param.query can't be empty"))?;
    let removal = Removal {
        selection: Selection::new(&filter, reach, call.now_ms)?,
        multi: fields.flag("multi")?,
    };
    let deleted = run(&call, fields.text("transactionId")?, removal).await?;
    Ok(deleted_response(deleted))
}

pub(super) async fn remove_one(call: Call) -> Result<Response, GatewayError> {
    let removal = Removal {
        selection: Selection::by_id(call.path("id"), call.reach(Kind::Write)?, call.now_ms)?,
        multi: false,
    };
    let transaction = call.parameter("transactionId").map(str::to_owned);
    match run(&call, transaction, removal).await? {
        0 => Err(DocumentError::no_document().into()),
        deleted => Ok(deleted_response(deleted)),
    }
}

async fn run(call: &Call, transaction: Option<String>, removal: Removal) -> Result<u64> {
    let place = call.collection()?;
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    call.run(move |database| {
        let transaction = transaction.as_deref().map(|id| (id, &actor));
        database.write(transaction, now_ms, |session| {
            operation::remove(session, &place, &removal)
        })
    })
    .await
}

fn deleted_response(deleted: u64) -> Response {
    json_response(StatusCode::OK, json!({"deleted": deleted}).to_string())
}
