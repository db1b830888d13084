//! Sends a call again after a passing failure, as far as that is safe.

mod budget;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower::{Layer, Service};

use self::budget::Budgets;
use super::span::error_type;
use super::spare::Spare;
use crate::body::Body;
use crate::config::{Config, RetryConfig};
use crate::error::{Error, ErrorKind, parse_envelope};
use crate::operation::{CallIdentity, CallInfo, Envelope};
use crate::service::BoxError;
use crate::telemetry::ERROR_TYPE;

/// Puts [`Retry`] around a service. Services made by the same layer share one budget per host.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: RetryConfig,
    budgets: Budgets,
}

impl RetryLayer {
    /// The layer with the retry settings of `config`.
    pub fn new(config: &Config) -> Self {
        let config = config.retry();
        Self {
            shared: Arc::new(Shared {
                budgets: Budgets::new(config.budget),
                config,
            }),
        }
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry {
            inner,
            shared: self.shared.clone(),
        }
    }
}

/// Retries.
///
/// - What never reached the service may always be sent again.
/// - What may have reached it, only if the call is repeatable (see
///   [`Idempotency`](crate::Idempotency)) and the failure is a passing one. A 2xx that is an error by
///   its [envelope](crate::Envelope) is a failure like any other.
/// - What hit a limit (429, or a code that means the same) only if the call just reads, or the caller has
///   said that it may be repeated.
/// - A body that can be sent only once is sent once.
///
/// Between attempts: full jitter from the base to the cap, at least what `Retry-After` asks for. A
/// longer `Retry-After` than the cap for it, too little time before the deadline, or an empty
/// budget end the call with the failure itself.
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Body>> for Retry<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = RetryFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // Here, so that all attempts share it.
        CallIdentity::ensure(&mut request);
        let spare = self.inner.clone();
        let mut service = std::mem::replace(&mut self.inner, spare);
        let call = CallInfo::of(&request);
        let max_attempts = call.and_then(|call| call.0.options.max_attempts());
        let mut course = Course {
            shared: self.shared.clone(),
            host: request.uri().authority().cloned(),
            attempt: 1,
            max_attempts: max_attempts.unwrap_or(self.shared.config.max_attempts),
            repeatable: call
                .map_or_else(|| request.method().is_idempotent(), CallInfo::is_idempotent),
            reads: call.map_or_else(|| request.method().is_safe(), |call| call.0.reads),
            envelope: call.map_or(Envelope::Gateway, |call| call.0.envelope),
            spare: None,
        };
        course.keep(&request);
        RetryFuture {
            state: State::Sending {
                future: service.call(request),
            },
            service,
            course,
        }
    }
}

pin_project! {
    /// The future of [`Retry`]: written out, because a box here would be one on every call.
    #[must_use = "futures do nothing unless polled"]
    pub struct RetryFuture<S>
    where
        S: Service<Request<Body>>,
    {
        service: S,
        course: Course,
        #[pin]
        state: State<S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Sending { #[pin] future: F },
        // Apart: few calls get here, and every call's future is as large as the largest state.
        Waiting { pause: Pin<Box<Pause>> },
    }
}

pin_project! {
    /// The time before another attempt, and what is sent then.
    struct Pause {
        #[pin]
        timer: Sleep,
        request: Option<Request<Body>>,
    }
}

/// The course of one call.
struct Course {
    shared: Arc<Shared>,
    host: Option<Authority>,
    attempt: u32,
    max_attempts: u32,
    repeatable: bool,
    reads: bool,
    envelope: Envelope,
    spare: Option<Spare>,
}

impl<S> Future for RetryFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Sending { future } => {
                    let result = ready!(future.poll(cx));
                    match this.course.another(&result) {
                        Some((wait, request)) => State::Waiting {
                            pause: Box::pin(Pause {
                                timer: sleep(wait),
                                request: Some(request),
                            }),
                        },
                        None => return Poll::Ready(result),
                    }
                }
                StateProjection::Waiting { pause } => {
                    let pause = pause.as_mut().project();
                    ready!(pause.timer.poll(cx));
                    ready!(this.service.poll_ready(cx))?;
                    let Some(request) = pause.request.take() else {
                        return Poll::Pending;
                    };
                    this.course.keep(&request);
                    State::Sending {
                        future: this.service.call(request),
                    }
                }
            };
            this.state.set(next);
        }
    }
}

impl Course {
    /// Keeps what another attempt would need, if there may be one.
    fn keep(&mut self, request: &Request<Body>) {
        self.spare = if self.attempt < self.max_attempts {
            Spare::of(request)
        } else {
            None
        };
    }

    /// The wait and the request of another attempt, if there is to be one.
    fn another(
        &mut self,
        result: &Result<Response<Body>, BoxError>,
    ) -> Option<(Duration, Request<Body>)> {
        let failure = match result {
            // A success may be an error by what it says.
            Ok(answer) => {
                let body = answer.body().as_bytes().unwrap_or_default();
                let (status, headers) = (answer.status(), answer.headers());
                match parse_envelope(self.envelope, status, headers, body) {
                    Some(error) => Failure::of(&error),
                    None => {
                        self.shared.budgets.succeed(self.host.as_ref());
                        return None;
                    }
                }
            }
            // A failure of the user's own layer is the user's to judge.
            Err(error) => Failure::of(crate::error::find::<Error>(&**error)?),
        };
        if !failure.allows_another(self.repeatable, self.reads) {
            return None;
        }
        let spare = self.spare.take()?;
        let wait = self.shared.wait(self.attempt, &failure)?;
        let deadline = spare.call().and_then(|call| call.0.deadline());
        if deadline.is_some_and(|end| Instant::now() + wait >= end) {
            return None;
        }
        if !self
            .shared
            .budgets
            .spend(self.host.as_ref(), failure.throttled)
        {
            tracing::debug!("retry budget is empty");
            return None;
        }
        let status = result.as_ref().map(Response::status);
        tracing::debug!(
            attempt = self.attempt,
            wait = ?wait,
            { ERROR_TYPE } = status.as_ref().map_or_else(|error| error_type(error), StatusCode::as_str),
            "attempt failed, retrying"
        );
        self.attempt += 1;
        Some((wait, spare.into_request()))
    }
}

impl<S: Service<Request<Body>>> std::fmt::Debug for RetryFuture<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RetryFuture")
            .field("attempt", &self.course.attempt)
            .finish_non_exhaustive()
    }
}

struct Failure {
    transient: bool,
    throttled: bool,
    /// Throttled, and no failure of the server's: 429, or a code that means the same.
    rejected_by_limit: bool,
    sent: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    fn of(error: &Error) -> Self {
        // As the predicates: what the body states counts before the response's own status.
        let status = error.body_status().or(error.status());
        let by_server = status.is_some_and(|status| status.is_server_error());
        Self {
            rejected_by_limit: error.is_throttled() && !by_server,
            // A token that could not be renewed has its own back-off.
            transient: error.is_transient() && error.kind() != ErrorKind::Credentials,
            throttled: error.is_throttled(),
            sent: error.was_sent(),
            retry_after: error.retry_after(),
        }
    }

    fn allows_another(&self, repeatable: bool, reads: bool) -> bool {
        // Who writes too much decides what is written next.
        let repeatable = if self.rejected_by_limit {
            reads
        } else {
            repeatable
        };
        self.transient && (repeatable || !self.sent)
    }
}

impl Shared {
    /// How long to wait before the next attempt; `None` if the service asks for too long.
    fn wait(&self, attempt: u32, failure: &Failure) -> Option<Duration> {
        let ceiling = self
            .config
            .base
            .saturating_mul(1 << (attempt - 1).min(16))
            .min(self.config.cap);
        let jittered = ceiling.mul_f64(fastrand::f64());
        match failure.retry_after {
            Some(asked) if asked > self.config.retry_after_cap.min(super::FAR) => None,
            // Clients that were told the same second must not come back in the same millisecond.
            Some(asked) => Some(asked + jittered.min(super::FAR)),
            None => Some(jittered.min(super::FAR)),
        }
    }
}
