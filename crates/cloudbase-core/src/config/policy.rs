//! Groups of numbers that layers read: time limits and retries.

use std::time::Duration;

/// The time limits of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Opening a connection: name resolution, TCP, proxy and TLS. Default 3.1 s.
    pub connect: Duration,
    /// One attempt, from sending to the end of an ordinary answer (the head of a stream's).
    /// Time spent waiting for a free connection does not count. Default 15 s.
    pub attempt: Duration,
    /// A call with all its attempts; uploads and downloads have none. Default 60 s.
    pub total: Duration,
    /// A body that moves slower than one byte a second is given up after this. Default 5 s.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(3100),
            attempt: Duration::from_secs(15),
            total: Duration::from_secs(60),
            stall: Duration::from_secs(5),
        }
    }
}

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
