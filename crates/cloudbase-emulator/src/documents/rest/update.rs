//! Updates: by a filter, or of one document.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;

use super::{Call, Fields, id_text, json_response};
use crate::documents::ejson;
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation::{self, Change, Changed, Selection, Update};
use crate::documents::permission::Kind;
use crate::error::GatewayError;

pub(super) async fn update(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    let reach = call.reach(Kind::Write)?;
    let mut fields = Fields(call.body(&body)?);
    let filter = fields.object("query")?.filter(|filter| !filter.is_empty());
    let filter = filter.ok_or_else(|| DocumentError::invalid("param.query can't be empty"))?;
    let selection = Selection::new(&filter, reach, call.now_ms)?;
    let multi = fields.flag("multi")?;
    let changed = run(&call, &mut fields, selection, multi).await?;
    Ok(response(&changed, false))
}

pub(super) async fn update_one(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    let mut fields = Fields(call.body(&body)?);
    let selection = Selection::by_id(call.path("id"), call.reach(Kind::Write)?, call.now_ms)?;
    let with_document = fields.flag("returnDoc")?;
    let changed = run(&call, &mut fields, selection, false).await?;
    if changed.matched == 0 && changed.upserted.is_none() {
        return Err(DocumentError::no_document().into());
    }
    Ok(response(&changed, with_document))
}

async fn run(
    call: &Call,
    fields: &mut Fields,
    selection: Selection,
    multi: bool,
) -> Result<Changed> {
    let place = call.collection()?;
    let data = fields.object("data")?.filter(|data| !data.is_empty());
    let data = data.ok_or_else(|| DocumentError::invalid("param.data can't be empty"))?;
    let update = Update {
        selection,
        change: Change::parse(data, fields.flag("replaceMode")?, call.now_ms)?,
        multi,
        upsert: fields.flag("upsert")?,
        owner: call.actor.owner().map(str::to_owned),
    };
    let transaction = fields.text("transactionId")?;
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    call.run(move |database| {
        let transaction = transaction.as_deref().map(|id| (id, &actor));
        database.write(transaction, now_ms, |session| {
            operation::update(session, &place, &update)
        })
    })
    .await
}

fn response(changed: &Changed, with_document: bool) -> Response {
    let Changed {
        matched, updated, ..
    } = changed;
    let mut body = format!(r#"{{"updated":{updated},"matched":{matched},"upsert_id":"#);
    let id = changed.upserted.as_ref().map(id_text).unwrap_or_default();
    ejson::write_text(&mut body, &id);
    if let (true, Some(document)) = (with_document, &changed.after) {
        body.push_str(r#","doc":"#);
        ejson::write_document(&mut body, document);
    }
    body.push('}');
    json_response(StatusCode::OK, body)
}
