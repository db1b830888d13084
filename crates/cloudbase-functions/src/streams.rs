//! Calls whose response is read piece by piece: as bytes, or as server-sent events.

use std::time::Duration;

use cloudbase_core::http::header::CONTENT_TYPE;
use cloudbase_core::sse::EventStream;
use cloudbase_core::{
    Body, CallOptions, Client, DataStream, Error, ErrorKind, Operation, Response, Result,
};

use crate::call::{call_errors, stall_timeout};
use crate::functions::FunctionCall;
use crate::service::ServiceCall;

/// How long a server may send neither an event nor a heartbeat.
const EVENTS_STALL: Duration = Duration::from_secs(60);

/// What is called: a function or a service.
#[derive(Debug)]
pub(crate) enum Callee {
    Function(FunctionCall),
    Service(ServiceCall),
}

impl Callee {
    fn client(&self) -> &Client {
        match self {
            Self::Function(call) => call.client(),
            Self::Service(call) => call.client(),
        }
    }

    fn build(self, options: CallOptions) -> Result<Operation> {
        match self {
            Self::Function(mut call) => {
                call.options = options;
                call.operation()
            }
            Self::Service(mut call) => {
                call.options = options;
                call.operation()
            }
        }
    }
}

/// A call whose response is read piece by piece; see [`FunctionCall::stream`] and
/// [`ServiceCall::stream`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct StreamCall {
    callee: Callee,
    options: CallOptions,
}

call_errors! {
    "Errors while the response comes are items of the stream.",
    StreamCall => DataStream; stream
}
stall_timeout!(StreamCall, "Default: the client's (5 s).");

impl StreamCall {
    pub(crate) fn new(callee: Callee, options: CallOptions) -> Self {
        Self { callee, options }
    }

    fn build(self) -> Result<Operation> {
        Ok(self.callee.build(self.options)?.transfer())
    }

    async fn respond(self) -> Result<Response<DataStream>> {
        let client = self.callee.client().clone();
        let response = client.execute(self.build()?).await?;
        Ok(response.map(Body::into_data_stream))
    }
}

/// A call whose response is read as [server-sent events](crate::sse); see [`FunctionCall::events`] and
/// [`ServiceCall::events`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct EventsCall {
    callee: Callee,
    options: CallOptions,
}

call_errors! {
    "Errors while the events come are those of \
     [`next_event`](crate::EventStream::next_event). \
     [`Decode`](cloudbase_core::ErrorKind::Decode) with the [response](cloudbase_core::Error::response) \
     if that is no event stream, whatever its status.",
    EventsCall => EventStream; stream
}
stall_timeout!(
    EventsCall,
    "Default: a minute, since a server may have nothing to report."
);

impl EventsCall {
    pub(crate) fn new(callee: Callee, options: CallOptions) -> Self {
        Self { callee, options }
    }

    fn build(self) -> Result<Operation> {
        let options = match self.options.stall_timeout() {
            Some(_) => self.options,
            None => self.options.with_stall_timeout(EVENTS_STALL),
        };
        let operation = self.callee.build(options)?;
        Ok(operation.accept("text/event-stream").transfer())
    }

    async fn respond(self) -> Result<Response<EventStream>> {
        let client = self.callee.client().clone();
        let response = client.execute(self.build()?).await?;
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
}
