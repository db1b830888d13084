//! How failed calls are repeated.

use std::time::Duration;

/// How failed calls are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// How often a call is put on the wire at most, the first time included. Default 3; 1 switches
    /// retries off.
    pub max_attempts: u32,
    /// The upper end of the first random pause; it doubles with each retry. Default 100 ms.
    pub base: Duration,
    /// The longest pause that the SDK chooses by itself. Default 5 s.
    pub cap: Duration,
    /// How many tokens the client's bucket holds: a retry costs 14 (5 after throttling), a success
    /// gives 1 back, and an empty bucket means no retries. Default 500.
    pub budget: u32,
    /// The longest `Retry-After` that is waited for; with a longer one the error is returned.
    /// Default 20 s.
    pub retry_after_cap: Duration,
}

impl RetryConfig {
    /// With so many [attempts](Self::max_attempts).
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// With pauses that begin with this [upper end](Self::base).
    #[must_use]
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// With this [longest pause](Self::cap).
    #[must_use]
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// With a bucket of so many [tokens](Self::budget).
    #[must_use]
    pub fn with_budget(mut self, tokens: u32) -> Self {
        self.budget = tokens;
        self
    }

    /// With this [longest `Retry-After`](Self::retry_after_cap).
    #[must_use]
    pub fn with_retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry_after_cap = cap;
        self
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(5),
            budget: 500,
            retry_after_cap: Duration::from_secs(20),
        }
    }
}
