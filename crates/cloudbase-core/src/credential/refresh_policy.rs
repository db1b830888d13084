//! When a token is replaced before its end, and how soon after a failure it is tried again.

use std::time::Duration;

use tokio::time::Instant;

use super::Token;

/// When a [`TokenCache`](super::TokenCache) refreshes, and its cooldown after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// How long before its end a token is refreshed; at most a quarter of its lifetime. Default 30 s.
    pub leeway: Duration,
    /// By how much of the leeway the moment is moved at random, so that many clients do not refresh
    /// in the same second. Default 0.25.
    pub jitter: f64,
    /// The cooldown after a failed refresh; doubles with each further one. Default 5 s.
    pub backoff: Duration,
    /// The longest cooldown. Default 60 s.
    pub max_backoff: Duration,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(30),
            jitter: 0.25,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_secs(60),
        }
    }
}

impl RefreshPolicy {
    /// With this [leeway](Self::leeway).
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// With this [jitter](Self::jitter), 0 to 1.
    #[must_use]
    pub fn with_jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// With this [cooldown](Self::backoff), and the [longest](Self::max_backoff) that it becomes.
    #[must_use]
    pub fn with_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = first;
        self.max_backoff = longest;
        self
    }

    pub(super) fn refresh_at(&self, token: &Token) -> Option<Instant> {
        let end = token.expires_at()?;
        let leeway = self.leeway.min(token.lifetime()? / 4);
        let jitter = leeway.mul_f64(self.jitter.clamp(0.0, 1.0) * fastrand::f64());
        Some(end.checked_sub(leeway + jitter).unwrap_or(end))
    }
}
