//! Transactions: begun, committed, rolled back.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::{Call, json_response};
use crate::documents::error::Result;
use crate::error::GatewayError;

pub(super) async fn start(call: Call) -> Result<Response, GatewayError> {
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    let started = call.run(move |database| Ok(database.transactions.start(actor, now_ms)));
    let body = json!({"transactionId": started.await?}).to_string();
    Ok(json_response(StatusCode::CREATED, body))
}

pub(super) async fn end(call: Call) -> Result<Response, GatewayError> {
    let (id, actor, now_ms) = (call.path("id").to_owned(), call.actor.clone(), call.now_ms);
    match call.path("end") {
        "commit" => {
            call.run(move |database| database.commit(&id, &actor, now_ms))
                .await?;
        }
        "rollback" => {
            call.run(move |database| database.transactions.roll_back(&id, &actor, now_ms))
                .await?;
        }
        _ => {
            let message = "There is nothing at this path.";
            return Err(GatewayError::not_found("INVALID_PATH", message));
        }
    }
    let body = json!({"requestId": call.request_id.0}).to_string();
    Ok(json_response(StatusCode::OK, body))
}
