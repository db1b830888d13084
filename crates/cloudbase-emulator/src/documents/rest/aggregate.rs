//! Pipelines.

use axum::response::Response;
use bytes::Bytes;

use super::{Call, Fields, list_response};
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation::{self, Aggregation};
use crate::documents::permission::{Actor, Kind};
use crate::error::GatewayError;

pub(super) async fn aggregate(call: Call, body: Bytes) -> Result<Response, GatewayError> {
    let place = call.collection()?;
    let reach = call.reach(Kind::Read)?;
    let mut fields = Fields(call.body(&body)?);
    let stages = fields.array("pipeline")?;
    let stages = stages.ok_or_else(|| DocumentError::invalid("param.pipeline can't be empty"))?;
    let transaction = fields.text("transactionId")?;
    let (actor, now_ms) = (call.actor.clone(), call.now_ms);
    let aggregation = Aggregation {
        stages,
        reach,
        is_admin: actor == Actor::Admin,
        is_paged: true,
        now_ms,
    };
    let documents = call.run(move |database| {
        let transaction = transaction.as_deref().map(|id| (id, &actor));
        database.read(transaction, now_ms, |session| {
            operation::aggregate(session, &place, &aggregation)
        })
    });
    Ok(list_response(&documents.await?))
}
