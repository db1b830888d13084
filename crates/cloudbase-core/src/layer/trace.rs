//! The spans of a call and of each attempt, with OpenTelemetry's names and nothing secret.

use std::sync::Arc;

use tracing::{Instrument as _, Level, Span, field::Empty};

use super::next::tower_layer;
use super::{Next, Reply};
use crate::config::Config;
use crate::error::{BoxError, Error, ErrorKind};
use crate::operation::Call;
use crate::value::telemetry::{
    ATTEMPT_SPAN, ATTEMPTS, CALL_SPAN, ENV_ID, ERROR_TYPE, HTTP_REQUEST_METHOD,
    HTTP_REQUEST_RESEND_COUNT, HTTP_RESPONSE_STATUS_CODE, OPERATION, OTEL_KIND, OTEL_NAME,
    OTEL_STATUS_CODE, REQUEST_ID, SERVER_ADDRESS, SERVER_PORT, URL_TEMPLATE,
};

/// Gives each call the span `cloudbase.call` (level info).
///
/// Fields: `otel.name` and `cloudbase.operation` (`mysql.select`), `otel.kind`, `cloudbase.env_id`,
/// and at the end `cloudbase.attempts`, `cloudbase.request_id`, `error.type`, `otel.status_code`.
#[derive(Clone, Debug)]
pub struct CallTraceLayer {
    env_id: Arc<str>,
}

impl CallTraceLayer {
    /// The layer for the environment of `config`.
    pub fn new(config: &Config) -> Self {
        Self {
            env_id: Arc::from(config.env_id().as_str()),
        }
    }

    pub(crate) fn around<N>(&self, next: N) -> CallTrace<N> {
        CallTrace {
            next,
            env_id: self.env_id.clone(),
        }
    }
}

/// See [`CallTraceLayer`].
#[derive(Clone, Debug)]
pub struct CallTrace<N> {
    next: N,
    env_id: Arc<str>,
}

tower_layer!(CallTraceLayer, CallTrace);

impl<N: Next> Next for CallTrace<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let info = &call.info;
        if info.context().by_hand || !tracing::enabled!(Level::INFO) {
            return self.next.send(call).await;
        }
        let span = tracing::info_span!(
            CALL_SPAN,
            { OTEL_NAME } = info.operation(),
            { OTEL_KIND } = "client",
            { OTEL_STATUS_CODE } = Empty,
            { OPERATION } = info.operation(),
            { ENV_ID } = &*self.env_id,
            { ATTEMPTS } = Empty,
            { REQUEST_ID } = Empty,
            { ERROR_TYPE } = Empty,
        );
        // In a box, so that a call that nobody traces is not as large.
        let traced = Box::pin(self.next.send(call).instrument(span.clone()));
        let result = traced.await;
        record(&span, &result);
        span.record(ATTEMPTS, call.info.attempts());
        let named = result
            .as_ref()
            .ok()
            .and_then(|reply| reply.response.headers().get("x-request-id")?.to_str().ok());
        span.record(REQUEST_ID, named.unwrap_or(call.info.request_id()));
        result
    }
}

/// Gives each attempt the span `cloudbase.attempt` (level debug).
///
/// Fields: `otel.name` (`GET /v1/functions/{name}`), `http.request.method`, `url.template`,
/// `server.address`, `server.port`, `http.request.resend_count` (from the second attempt),
/// `http.response.status_code`, `error.type`, `otel.status_code`. Neither URL nor query nor headers.
#[derive(Clone, Debug)]
pub struct AttemptTraceLayer(());

impl AttemptTraceLayer {
    /// The layer.
    pub fn new(_config: &Config) -> Self {
        Self(())
    }

    pub(crate) fn around<N>(&self, next: N) -> AttemptTrace<N> {
        AttemptTrace { next }
    }
}

/// See [`AttemptTraceLayer`]. Counts the attempts of the call, too.
#[derive(Clone, Debug)]
pub struct AttemptTrace<N> {
    next: N,
}

tower_layer!(AttemptTraceLayer, AttemptTrace);

impl<N: Next> Next for AttemptTrace<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let attempt = call.info.count_attempt();
        if !tracing::enabled!(Level::DEBUG) {
            return self.next.send(call).await;
        }
        // A path of the user's own may hold anything: without a template it is not shown.
        let template = call.info.template();
        let (method, uri) = (call.request.method(), call.request.uri());
        let span = tracing::debug_span!(
            ATTEMPT_SPAN,
            { OTEL_NAME } = %format_args!("{method} {template}"),
            { OTEL_KIND } = "client",
            { HTTP_REQUEST_METHOD } = method.as_str(),
            { URL_TEMPLATE } = template,
            { SERVER_ADDRESS } = uri.host(),
            { SERVER_PORT } = uri.port_u16(),
            { HTTP_REQUEST_RESEND_COUNT } = (attempt > 1).then_some(attempt - 1),
            { HTTP_RESPONSE_STATUS_CODE } = Empty,
            { ERROR_TYPE } = Empty,
            { OTEL_STATUS_CODE } = Empty,
        );
        // In a box, so that a call that nobody traces is not as large.
        let traced = Box::pin(self.next.send(call).instrument(span.clone()));
        let result = traced.await;
        record(&span, &result);
        result
    }
}

/// Records how a call or an attempt has ended.
fn record(span: &Span, result: &Result<Reply, BoxError>) {
    let status = result.as_ref().map(|reply| reply.response.status());
    if let Ok(status) = status {
        span.record(HTTP_RESPONSE_STATUS_CODE, status.as_u16());
    }
    let failure = match &status {
        Ok(status) if status.is_success() => return,
        Ok(status) => status.as_str(),
        Err(error) => error_type(error),
    };
    span.record(ERROR_TYPE, failure);
    span.record(OTEL_STATUS_CODE, "ERROR");
}

pub(super) fn error_type(error: &BoxError) -> &'static str {
    let kind = crate::error::find::<Error>(&**error).map_or(ErrorKind::Middleware, Error::kind);
    match kind {
        ErrorKind::Connect => "connect",
        ErrorKind::Credentials => "credentials",
        ErrorKind::Dns => "dns",
        ErrorKind::Reset => "reset",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Tls => "tls",
        ErrorKind::TooLarge => "too_large",
        ErrorKind::Body => "body",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_lose_an_attempt_has_its_own_type() {
        for (kind, expected) in [
            (ErrorKind::Connect, "connect"),
            (ErrorKind::Credentials, "credentials"),
            (ErrorKind::Dns, "dns"),
            (ErrorKind::Reset, "reset"),
            (ErrorKind::Timeout, "timeout"),
            (ErrorKind::Tls, "tls"),
            (ErrorKind::TooLarge, "too_large"),
            (ErrorKind::Body, "body"),
            (ErrorKind::Decode, "_OTHER"),
        ] {
            let error: BoxError = Error::new(kind, "lost").into();
            assert_eq!(error_type(&error), expected);
        }
        assert_eq!(error_type(&"from a layer".into()), "_OTHER");
    }
}
