//! Sends a call again after a passing failure, as far as that is safe.

mod budget;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service};

use self::budget::Budgets;
use super::spare::Spare;
use crate::body::Body;
use crate::config::{Config, RetryConfig};
use crate::error::{Error, ErrorKind, parse_envelope};
use crate::operation::{CallInfo, Envelope};
use crate::service::BoxError;

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
///   [`Idempotency`](crate::Idempotency)) and the failure is a passing one.
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
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let spare = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, spare);
        Box::pin(send(ready, self.shared.clone(), request))
    }
}

async fn send<S>(
    mut service: S,
    shared: Arc<Shared>,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    let call = request.extensions().get::<CallInfo>().cloned();
    let host = request.uri().authority().cloned();
    let attempts = call
        .as_ref()
        .and_then(|call| call.0.options.max_attempts)
        .unwrap_or(shared.config.max_attempts);
    let repeatable = call
        .as_ref()
        .map_or_else(|| request.method().is_idempotent(), CallInfo::is_idempotent);
    let envelope = call
        .as_ref()
        .map_or(Envelope::Gateway, |call| call.0.envelope);
    let deadline = call
        .as_ref()
        .and_then(|call| call.0.deadline.get().copied());

    let mut request = Some(request);
    let mut spare = None;
    let mut attempt = 1;
    loop {
        let Some(current) = request
            .take()
            .or_else(|| spare.take().map(Spare::into_request))
        else {
            return Err(Error::new(ErrorKind::Interrupted, "nothing left to send").into());
        };
        if attempt < attempts {
            spare = Spare::of(&current);
        }
        std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
        let result = service.call(current).await;
        let failure = match &result {
            Ok(answer) if answer.status().is_success() => {
                shared.budgets.succeed(host.as_ref());
                return result;
            }
            Ok(answer) => {
                let body = answer.body().as_bytes().unwrap_or_default();
                match parse_envelope(envelope, answer.status(), answer.headers(), body) {
                    Some(error) => Failure::of(&error),
                    None => return result,
                }
            }
            Err(error) => match crate::error::find::<Error>(&**error) {
                Some(error) => Failure::of(error),
                // A failure of the user's own layer is the user's to judge.
                None => return result,
            },
        };
        if spare.is_none() || !failure.allows_another(repeatable) {
            return result;
        }
        let Some(wait) = shared.wait(attempt, &failure) else {
            return result;
        };
        if deadline.is_some_and(|end| Instant::now() + wait >= end) {
            return result;
        }
        if !shared.budgets.spend(host.as_ref(), failure.throttled) {
            tracing::debug!("retry budget is empty");
            return result;
        }
        tracing::debug!(attempt, wait = ?wait, "attempt failed, retrying");
        drop(result);
        sleep(wait).await;
        attempt += 1;
    }
}

struct Failure {
    transient: bool,
    throttled: bool,
    sent: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    fn of(error: &Error) -> Self {
        Self {
            // A token that could not be renewed has its own back-off.
            transient: error.is_transient() && error.kind() != ErrorKind::Credentials,
            throttled: error.is_throttled(),
            sent: error.was_sent(),
            retry_after: error.retry_after(),
        }
    }

    fn allows_another(&self, repeatable: bool) -> bool {
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
            Some(asked) if asked > self.config.retry_after_cap => None,
            // Clients that were told the same second must not come back in the same millisecond.
            Some(asked) => Some(asked + jittered),
            None => Some(jittered),
        }
    }
}
