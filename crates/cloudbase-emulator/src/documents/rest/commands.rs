//! Commands of MongoDB, for the administrator.

use axum::response::Response;
use bson::Bson;
use bytes::Bytes;
use http::StatusCode;

use super::{Call, Fields, json_response, wrong_type};
use crate::documents::command::{self, Context};
use crate::documents::ejson;
use crate::documents::error::{DocumentError, Result};
use crate::error::GatewayError;

pub(super) async fn run(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    call.only_admin("run commands")?;
    let mut fields = Fields(call.body(&body)?);
    let commands = fields
        .array("commands")?
        .filter(|commands| !commands.is_empty());
    let commands =
        commands.ok_or_else(|| DocumentError::invalid("param.commands can't be empty"))?;
    let command = |value| match value {
        Bson::Document(command) => Ok(command),
        _ => Err(wrong_type("commands", "a list of objects")),
    };
    let commands: Vec<_> = commands.into_iter().map(command).collect::<Result<_>>()?;
    let context = Context {
        scope: call.place("").scope,
        transaction: fields.text("transactionId")?,
        actor: call.actor.clone(),
        now_ms: call.now_ms,
    };
    let results = call.run(move |database| {
        let run = |command| command::run(database, &context, command);
        commands.into_iter().map(run).collect::<Result<Vec<_>>>()
    });
    let mut body = String::from(r#"{"requestId":"#);
    ejson::write_text(&mut body, &call.request_id.0);
    body.push_str(r#","list":["#);
    for (place, documents) in results.await?.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        ejson::write_list(&mut body, documents);
    }
    body.push_str("]}");
    Ok(json_response(StatusCode::OK, body))
}
