//! The time limits of a client.

use std::time::Duration;

/// The time limits of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Opening a connection: name resolution, TCP, proxy and TLS. Default 3.1 s.
    pub connect: Duration,
    /// One attempt, from sending to the end of an ordinary response (the head of a stream's).
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
