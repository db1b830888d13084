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
