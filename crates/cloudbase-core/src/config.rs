//! The settings of a client, their sources and their rules.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::error::Result;

use crate::endpoint::Endpoint;
pub use crate::endpoint::{EnvId, Region, Site};

/// The settings of a client. See [`ClientBuilder`](crate::ClientBuilder) for each of them.
#[derive(Clone)]
pub struct Config {
    pub(crate) env_id: EnvId,
    pub(crate) endpoint: Endpoint,
    pub(crate) access_key: Option<SecretString>,
    pub(crate) language: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) max_response_size: u64,
    pub(crate) retry: RetryConfig,
    pub(crate) allow_plain_http: bool,
}

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

/// The settings as they were given, before they are checked.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) env_id: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) access_key: Option<SecretString>,
    pub(crate) timeouts: Option<Timeouts>,
}

impl Settings {
    pub(crate) fn finish(self) -> Result<Config> {
        let env_id = EnvId::new(self.env_id.as_deref().unwrap_or_default())?;
        let endpoint = self
            .endpoint
            .unwrap_or_else(|| format!("https://{env_id}.api.tcloudbasegateway.com"));
        Ok(Config {
            endpoint: Endpoint::parse(&endpoint)?,
            env_id,
            access_key: self.access_key,
            language: "zh-CN".to_owned(),
            timeouts: self.timeouts.unwrap_or_default(),
            max_response_size: 10 * 1024 * 1024,
            retry: RetryConfig::default(),
            allow_plain_http: false,
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("env_id", &self.env_id)
            .finish_non_exhaustive()
    }
}

impl Config {
    pub(crate) fn into_settings(self) -> Settings {
        Settings {
            env_id: Some(self.env_id.to_string()),
            endpoint: Some(self.endpoint.to_string()),
            access_key: self.access_key,
            timeouts: Some(self.timeouts),
        }
    }

    /// The language in which the service words its messages. Default `zh-CN`.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The `User-Agent`.
    pub fn user_agent(&self) -> &str {
        concat!("cloudbase-rust/", env!("CARGO_PKG_VERSION"))
    }

    pub(crate) fn allow_plain_http(&self) -> bool {
        self.allow_plain_http
    }
    /// The environment.
    pub fn env_id(&self) -> &EnvId {
        &self.env_id
    }

    /// The time limits.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// How failed calls are repeated.
    pub fn retry(&self) -> RetryConfig {
        self.retry
    }

    /// How many bytes of an ordinary answer are read at most. Default 10 MiB.
    pub fn max_response_size(&self) -> u64 {
        self.max_response_size
    }

    /// Where calls go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("env_id", &self.env_id)
            .field("endpoint", &self.endpoint)
            .field(
                "access_key",
                &self.access_key.as_ref().map(|_| "[redacted]"),
            )
            .finish_non_exhaustive()
    }
}
