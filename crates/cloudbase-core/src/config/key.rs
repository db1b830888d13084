//! The names of the settings, for configuration that comes as text.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

macro_rules! keys {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $variable:literal $(| $alias:literal)*;)*) => {
        /// The name of a setting.
        ///
        /// ```
        /// use cloudbase_core::config::ConfigKey;
        ///
        /// let key: ConfigKey = "region".parse()?;
        /// assert_eq!(key.as_ref(), "region");
        /// let error = "regoin".parse::<ConfigKey>().unwrap_err();
        /// assert!(error.to_string().contains("`regoin`"));
        /// # Ok::<(), cloudbase_core::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ConfigKey {
            $($(#[$doc])* $variant,)*
        }

        impl ConfigKey {
            /// Every key.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The environment variables that set it; an earlier one beats a later one.
            pub fn variables(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$variable $(, $alias)*],)*
                }
            }

            /// Its name: `env_id`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

keys! {
    /// See [`env_id`](crate::config::ConfigBuilder::env_id).
    EnvId = "env_id", "CLOUDBASE_ENV_ID" | "CLOUDBASE_ENV" | "TCB_ENV" | "SCF_NAMESPACE";
    /// See [`region`](crate::config::ConfigBuilder::region).
    Region = "region", "CLOUDBASE_REGION" | "TENCENTCLOUD_REGION";
    /// See [`site`](crate::config::ConfigBuilder::site): `domestic` or `international`.
    Site = "site", "CLOUDBASE_SITE";
    /// See [`endpoint`](crate::config::ConfigBuilder::endpoint).
    Endpoint = "endpoint", "CLOUDBASE_ENDPOINT";
    /// See [`access_key`](crate::config::ConfigBuilder::access_key).
    AccessKey = "access_key", "CLOUDBASE_ACCESS_KEY" | "CLOUDBASE_APIKEY" | "CLOUDBASE_API_KEY";
    /// See [`language`](crate::config::ConfigBuilder::language).
    Language = "language", "CLOUDBASE_LANGUAGE";
    /// See [`user_agent`](crate::config::ConfigBuilder::user_agent).
    UserAgent = "user_agent", "CLOUDBASE_USER_AGENT";
    /// See [`connect_timeout`](crate::config::ConfigBuilder::connect_timeout): `3.1s`, `500ms`, or seconds.
    ConnectTimeout = "connect_timeout", "CLOUDBASE_CONNECT_TIMEOUT";
    /// See [`attempt_timeout`](crate::config::ConfigBuilder::attempt_timeout).
    AttemptTimeout = "attempt_timeout", "CLOUDBASE_ATTEMPT_TIMEOUT";
    /// See [`timeout`](crate::config::ConfigBuilder::timeout).
    Timeout = "timeout", "CLOUDBASE_TIMEOUT";
    /// See [`stall_timeout`](crate::config::ConfigBuilder::stall_timeout).
    StallTimeout = "stall_timeout", "CLOUDBASE_STALL_TIMEOUT";
    /// See [`pool_idle_timeout`](crate::config::ConfigBuilder::pool_idle_timeout).
    PoolIdleTimeout = "pool_idle_timeout", "CLOUDBASE_POOL_IDLE_TIMEOUT";
    /// See [`max_connections`](crate::config::ConfigBuilder::max_connections).
    MaxConnections = "max_connections", "CLOUDBASE_MAX_CONNECTIONS";
    /// See [`max_attempts`](crate::config::ConfigBuilder::max_attempts).
    MaxAttempts = "max_attempts", "CLOUDBASE_MAX_ATTEMPTS";
    /// See [`RetryConfig::base`](crate::config::RetryConfig::base).
    RetryBase = "retry_base", "CLOUDBASE_RETRY_BASE";
    /// See [`RetryConfig::cap`](crate::config::RetryConfig::cap).
    RetryCap = "retry_cap", "CLOUDBASE_RETRY_CAP";
    /// See [`RetryConfig::budget`](crate::config::RetryConfig::budget).
    RetryBudget = "retry_budget", "CLOUDBASE_RETRY_BUDGET";
    /// See [`RetryConfig::retry_after_cap`](crate::config::RetryConfig::retry_after_cap).
    RetryAfterCap = "retry_after_cap", "CLOUDBASE_RETRY_AFTER_CAP";
    /// See [`max_response_size`](crate::config::ConfigBuilder::max_response_size): bytes.
    MaxResponseSize = "max_response_size", "CLOUDBASE_MAX_RESPONSE_SIZE";
    /// See [`allow_plain_http`](crate::config::ConfigBuilder::allow_plain_http): `true` or `false`.
    AllowPlainHttp = "allow_plain_http", "CLOUDBASE_ALLOW_PLAIN_HTTP";
    /// See [`require_user`](crate::config::ConfigBuilder::require_user): `true` or `false`.
    RequireUser = "require_user", "CLOUDBASE_REQUIRE_USER";
    /// See [`http2`](crate::config::ConfigBuilder::http2): `true` or `false`.
    Http2 = "http2", "CLOUDBASE_HTTP2";
    /// See [`proxy`](crate::config::ConfigBuilder::proxy): a URL, or `off`.
    Proxy = "proxy", "CLOUDBASE_PROXY";
    /// See [`ca_certificates`](crate::config::ConfigBuilder::ca_certificates): PEM text.
    CaCertificates = "ca_certificates", "CLOUDBASE_CA_CERTIFICATES";
    /// See [`only_ca_certificates`](crate::config::ConfigBuilder::only_ca_certificates): `true` or `false`.
    OnlyCaCertificates = "only_ca_certificates", "CLOUDBASE_ONLY_CA_CERTIFICATES";
    /// See [`client_certificate`](crate::config::ConfigBuilder::client_certificate): PEM text.
    ClientCertificate = "client_certificate", "CLOUDBASE_CLIENT_CERTIFICATE";
    /// The private key of the client certificate: PEM text.
    ClientKey = "client_key", "CLOUDBASE_CLIENT_KEY";
}

impl AsRef<str> for ConfigKey {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ConfigKey {
    type Err = Error;

    /// Reads a name, whatever its case.
    fn from_str(name: &str) -> Result<Self, Error> {
        let known = Self::ALL
            .iter()
            .find(|key| key.as_str().eq_ignore_ascii_case(name));
        known.copied().ok_or_else(|| {
            // A secret put in the wrong place must not end up in a message.
            let shown: String = name
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
                .take(40)
                .collect();
            Error::config(&shown, "is not a setting")
        })
    }
}
