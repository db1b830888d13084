//! Sends a call again after a passing failure, as far as that is safe.

mod budget;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::uri::Authority;
use tokio::time::{Instant, sleep};

use self::budget::Budgets;
use super::next::tower_layer;
use super::trace::error_type;
use super::{Next, Reply};
use crate::config::{Config, FAR, RetryConfig};
use crate::error::{BoxError, Error, ErrorKind};
use crate::operation::{Call, Effect};
use crate::value::telemetry::ERROR_TYPE;

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

    pub(crate) fn around<N>(&self, next: N) -> Retry<N> {
        Retry {
            next,
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
pub struct Retry<N> {
    next: N,
    shared: Arc<Shared>,
}

tower_layer!(RetryLayer, Retry);

impl<N: Next> Next for Retry<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let host = call.request.uri().authority().cloned();
        let max_attempts = call.info.options().max_attempts();
        let max_attempts = max_attempts.unwrap_or(self.shared.config.max_attempts);
        let effect = call.effect();
        if max_attempts > 1 {
            call.save();
        }
        let mut attempt = 1;
        loop {
            let pause = {
                let result = self.next.send(call).await;
                let attempts = attempt..max_attempts;
                match self
                    .shared
                    .pause(call, effect, &result, host.as_ref(), attempts)
                {
                    Some(pause) => pause,
                    None => return result,
                }
            };
            sleep(pause).await;
            call.restore();
            attempt += 1;
        }
    }
}

impl Shared {
    /// How long to wait before the next attempt; `None` if there is to be none.
    fn pause(
        &self,
        call: &Call,
        effect: Effect,
        result: &Result<Reply, BoxError>,
        host: Option<&Authority>,
        attempts: Range<u32>,
    ) -> Option<Duration> {
        let Some(failure) = Failure::of(result) else {
            if result.is_ok() {
                self.budgets.succeed(host);
            }
            return None;
        };
        if attempts.is_empty() || !failure.allows_another(effect) || !call.is_repeatable() {
            return None;
        }
        let attempt = attempts.start;
        let pause = self.wait(attempt, &failure)?;
        let deadline = call.info.deadline();
        if deadline.is_some_and(|deadline| Instant::now() + pause >= deadline.at) {
            return None;
        }
        if !self.budgets.spend(host, failure.throttled) {
            tracing::debug!("retry budget is empty");
            return None;
        }
        let status = result.as_ref().map(|reply| reply.response.status());
        tracing::debug!(
            attempt,
            wait = ?pause,
            { ERROR_TYPE } = status.as_ref().map_or_else(|error| error_type(error), StatusCode::as_str),
            "attempt failed, retrying"
        );
        Some(pause)
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
    /// What kept an attempt from succeeding, if it is the SDK's to judge.
    fn of(result: &Result<Reply, BoxError>) -> Option<Self> {
        match result {
            // A success may be an error by what it says.
            Ok(reply) => reply.error.as_ref().map(Self::by),
            // A failure of the user's own layer is the user's to judge.
            Err(error) => crate::error::find(&**error).map(Self::by),
        }
    }

    fn by(error: &Error) -> Self {
        // As the predicates: what the body states counts before the response's own status.
        let status = error.body_status().or(error.status());
        let by_server = status.is_some_and(|status| status.is_server_error());
        Self {
            rejected_by_limit: error.is_throttled() && !by_server,
            // A token that could not be refreshed has its own back-off.
            transient: error.is_transient() && error.kind() != ErrorKind::Credentials,
            throttled: error.is_throttled(),
            sent: error.was_sent(),
            retry_after: error.retry_after(),
        }
    }

    fn allows_another(&self, effect: Effect) -> bool {
        // Who writes too much decides what is written next.
        let repeatable = match self.rejected_by_limit {
            true => effect.reads,
            false => effect.idempotent,
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
            Some(asked) if asked > self.config.retry_after_cap.min(FAR) => None,
            // Clients that were given the same second must not come back in the same millisecond.
            Some(asked) => Some(asked + jittered.min(FAR)),
            None => Some(jittered.min(FAR)),
        }
    }
}
