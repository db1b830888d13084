//! Calls whose response is a stream of server-sent events.

use std::time::Duration;

use cloudbase_core::http::header::CONTENT_TYPE;
use cloudbase_core::sse::EventStream;
use cloudbase_core::{Client, Error, ErrorKind, Operation, Response, Result};

/// How long a server may send neither an event nor a heartbeat.
pub(crate) const EVENTS_STALL: Duration = Duration::from_secs(60);

/// Sends a call for events.
pub(crate) async fn open(client: &Client, operation: Operation) -> Result<Response<EventStream>> {
    let operation = operation.accept("text/event-stream").transfer();
    let response = client.execute(operation).await?;
    let header = response.headers().get(CONTENT_TYPE);
    let media_type = header
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .unwrap_or_default()
        .trim();
    if media_type.eq_ignore_ascii_case("text/event-stream") {
        return Ok(response.map(EventStream::new));
    }
    let what = match media_type {
        "" => "has no content type".to_owned(),
        other => format!("is `{other}`"),
    };
    let error = Error::new(
        ErrorKind::Decode,
        format!("the response {what}, not `text/event-stream`"),
    );
    Err(response.into_error(error).await)
}
