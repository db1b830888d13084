//! The spans of a call and of each attempt, with OpenTelemetry's names and nothing secret.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::{Level, Span, field::Empty};

use crate::body::Body;
use crate::config::{Config, EnvId};
use crate::error::{Error, ErrorKind};
use crate::operation::CallInfo;
use crate::service::BoxError;
use crate::telemetry::{
    ATTEMPT_SPAN, ATTEMPTS, CALL_SPAN, ENV_ID, ERROR_TYPE, HTTP_REQUEST_METHOD,
    HTTP_REQUEST_RESEND_COUNT, HTTP_RESPONSE_STATUS_CODE, OPERATION, OTEL_KIND, OTEL_NAME,
    OTEL_STATUS_CODE, REQUEST_ID, SERVER_ADDRESS, SERVER_PORT, URL_TEMPLATE,
};

/// Gives each call the span `cloudbase.call` (level info).
///
/// Fields: `otel.name` and `cloudbase.operation` (`mysql.select`), `otel.kind`, `cloudbase.env_id`,
/// and at the end `cloudbase.attempts`, `cloudbase.request_id`, `error.type`, `otel.status_code`.
#[derive(Clone, Debug)]
pub struct CallSpanLayer {
    env_id: EnvId,
}

impl CallSpanLayer {
    /// The layer for the environment of `config`.
    pub fn new(config: &Config) -> Self {
        Self {
            env_id: config.env_id().clone(),
        }
    }
}

impl<S> Layer<S> for CallSpanLayer {
    type Service = CallSpan<S>;

    fn layer(&self, inner: S) -> CallSpan<S> {
        CallSpan {
            inner,
            env_id: Arc::from(self.env_id.as_str()),
        }
    }
}

/// See [`CallSpanLayer`].
#[derive(Clone, Debug)]
pub struct CallSpan<S> {
    inner: S,
    env_id: Arc<str>,
}

impl<S> Service<Request<Body>> for CallSpan<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Spanned<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // A span that nobody listens to must not cost the clone of the call's context.
        let call = tracing::enabled!(Level::INFO)
            .then(|| CallInfo::of(&request).cloned())
            .flatten();
        let span = match &call {
            Some(call) => tracing::info_span!(
                CALL_SPAN,
                { OTEL_NAME } = call.operation(),
                { OTEL_KIND } = "client",
                { OTEL_STATUS_CODE } = Empty,
                { OPERATION } = call.operation(),
                { ENV_ID } = &*self.env_id,
                { ATTEMPTS } = Empty,
                { REQUEST_ID } = Empty,
                { ERROR_TYPE } = Empty,
            ),
            None => Span::none(),
        };
        let _entered = span.clone().entered();
        Spanned {
            future: self.inner.call(request),
            span,
            call,
        }
    }
}

/// Gives each attempt the span `cloudbase.attempt` (level debug).
///
/// Fields: `otel.name` (`GET /v1/functions/{name}`), `http.request.method`, `url.template`,
/// `server.address`, `server.port`, `http.request.resend_count` (from the second attempt),
/// `http.response.status_code`, `error.type`, `otel.status_code`. Neither URL nor query nor headers.
#[derive(Clone, Debug)]
pub struct AttemptSpanLayer(());

impl AttemptSpanLayer {
    /// The layer.
    pub fn new(_config: &Config) -> Self {
        Self(())
    }
}

impl<S> Layer<S> for AttemptSpanLayer {
    type Service = AttemptSpan<S>;

    fn layer(&self, inner: S) -> AttemptSpan<S> {
        AttemptSpan { inner }
    }
}

/// See [`AttemptSpanLayer`]. Counts the attempts of the call, too.
#[derive(Clone, Debug)]
pub struct AttemptSpan<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for AttemptSpan<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Spanned<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = CallInfo::of(&request);
        let attempt = call.map_or(1, CallInfo::count_attempt);
        let span = if tracing::enabled!(Level::DEBUG) {
            let (method, uri) = (request.method(), request.uri());
            // A path of the user's own may hold anything: without a template it is not shown.
            let template = call.map_or("", CallInfo::template);
            tracing::debug_span!(
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
            )
        } else {
            Span::none()
        };
        let _entered = span.clone().entered();
        Spanned {
            future: self.inner.call(request),
            span,
            call: None,
        }
    }
}

pin_project! {
    /// The future of a call or attempt within its span.
    #[derive(Debug)]
    pub struct Spanned<F> {
        #[pin]
        future: F,
        span: Span,
        call: Option<CallInfo>,
    }
}

impl<F> Future for Spanned<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.span.is_none() {
            return this.future.poll(cx);
        }
        let _entered = this.span.enter();
        let output = ready!(this.future.poll(cx));
        match &output {
            Ok(response) if response.status().is_success() => {
                this.span
                    .record(HTTP_RESPONSE_STATUS_CODE, response.status().as_u16());
            }
            Ok(response) => {
                this.span
                    .record(HTTP_RESPONSE_STATUS_CODE, response.status().as_u16());
                this.span.record(ERROR_TYPE, response.status().as_str());
                this.span.record(OTEL_STATUS_CODE, "ERROR");
            }
            Err(error) => {
                this.span.record(ERROR_TYPE, error_type(error));
                this.span.record(OTEL_STATUS_CODE, "ERROR");
            }
        }
        if let Some(call) = this.call {
            this.span.record(ATTEMPTS, call.attempts());
            let answered = output
                .as_ref()
                .ok()
                .and_then(|head| head.headers().get("x-request-id"));
            let id = answered
                .and_then(|id| id.to_str().ok())
                .unwrap_or(call.request_id());
            this.span.record(REQUEST_ID, id);
        }
        Poll::Ready(output)
    }
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
