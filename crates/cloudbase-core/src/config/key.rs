//! The table of settings: their names, variables and types.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::text::FromText;
use super::{ProxyChoice, Site};
use crate::error::{Error, Result};

macro_rules! settings {
    ($($(#[$doc:meta])* $variant:ident, $field:ident: $type:ty = $($variable:literal)|+;)*) => {
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
                    $(Self::$variant => &[$($variable),+],)*
                }
            }

            /// Its name: `env_id`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($field),)*
                }
            }
        }

        /// What was set, unchecked. `None` is "not set", so that sources can be merged.
        #[derive(Clone, Default)]
        pub(crate) struct Settings {
            $(pub(crate) $field: Option<$type>,)*
            /// The first value that could not be read.
            pub(super) problem: Option<Error>,
            /// Which of the values came from environment variables, for errors to name.
            pub(super) variables: Vec<(ConfigKey, &'static str)>,
        }

        impl Settings {
            /// These settings, and those of `other` for what is not set.
            pub(crate) fn or(self, other: Self) -> Self {
                let used = other.variables.iter().filter(|(key, _)| !self.has(*key));
                Self {
                    variables: self.variables.iter().chain(used).copied().collect(),
                    $($field: self.$field.or(other.$field),)*
                    problem: self.problem.or(other.problem),
                }
            }

            pub(super) fn has(&self, key: ConfigKey) -> bool {
                match key {
                    $(ConfigKey::$variant => self.$field.is_some(),)*
                }
            }

            /// Sets `key`, which an error calls `name`, from text.
            pub(super) fn read(
                &mut self,
                key: ConfigKey,
                name: &'static str,
                value: &SecretString,
            ) -> Result<()> {
                let text = value.expose_secret();
                if key == ConfigKey::CaCertificates {
                    self.add_ca(text.as_bytes());
                    return Ok(());
                }
                let invalid = |rule: &str| Error::config(name, rule);
                match key {
                    $(ConfigKey::$variant => {
                        self.$field = Some(FromText::from_text(text).map_err(invalid)?);
                    })*
                }
                Ok(())
            }
        }
    };
}

settings! {
    /// See [`env_id`](crate::config::ConfigBuilder::env_id).
    EnvId, env_id: String = "CLOUDBASE_ENV_ID" | "CLOUDBASE_ENV" | "TCB_ENV" | "SCF_NAMESPACE";
    /// See [`region`](crate::config::ConfigBuilder::region).
    Region, region: String = "CLOUDBASE_REGION" | "TENCENTCLOUD_REGION";
    /// See [`site`](crate::config::ConfigBuilder::site): `domestic` or `international`.
    Site, site: Site = "CLOUDBASE_SITE";
    /// See [`endpoint`](crate::config::ConfigBuilder::endpoint).
    Endpoint, endpoint: String = "CLOUDBASE_ENDPOINT";
    /// See [`access_key`](crate::config::ConfigBuilder::access_key).
    AccessKey, access_key: SecretString = "CLOUDBASE_ACCESS_KEY" | "CLOUDBASE_APIKEY" | "CLOUDBASE_API_KEY";
    /// See [`language`](crate::config::ConfigBuilder::language).
    Language, language: String = "CLOUDBASE_LANGUAGE";
    /// See [`user_agent`](crate::config::ConfigBuilder::user_agent).
    UserAgent, user_agent: String = "CLOUDBASE_USER_AGENT";
    /// See [`connect_timeout`](crate::config::ConfigBuilder::connect_timeout): `3.1s`, `500ms`, or seconds.
    ConnectTimeout, connect_timeout: Duration = "CLOUDBASE_CONNECT_TIMEOUT";
    /// See [`attempt_timeout`](crate::config::ConfigBuilder::attempt_timeout).
    AttemptTimeout, attempt_timeout: Duration = "CLOUDBASE_ATTEMPT_TIMEOUT";
    /// See [`timeout`](crate::config::ConfigBuilder::timeout).
    Timeout, timeout: Duration = "CLOUDBASE_TIMEOUT";
    /// See [`stall_timeout`](crate::config::ConfigBuilder::stall_timeout).
    StallTimeout, stall_timeout: Duration = "CLOUDBASE_STALL_TIMEOUT";
    /// See [`pool_idle_timeout`](crate::config::ConfigBuilder::pool_idle_timeout).
    PoolIdleTimeout, pool_idle_timeout: Duration = "CLOUDBASE_POOL_IDLE_TIMEOUT";
    /// See [`max_connections`](crate::config::ConfigBuilder::max_connections).
    MaxConnections, max_connections: usize = "CLOUDBASE_MAX_CONNECTIONS";
    /// See [`max_attempts`](crate::config::ConfigBuilder::max_attempts).
    MaxAttempts, max_attempts: u32 = "CLOUDBASE_MAX_ATTEMPTS";
    /// See [`RetryConfig::base`](crate::config::RetryConfig::base).
    RetryBase, retry_base: Duration = "CLOUDBASE_RETRY_BASE";
    /// See [`RetryConfig::cap`](crate::config::RetryConfig::cap).
    RetryCap, retry_cap: Duration = "CLOUDBASE_RETRY_CAP";
    /// See [`RetryConfig::budget`](crate::config::RetryConfig::budget).
    RetryBudget, retry_budget: u32 = "CLOUDBASE_RETRY_BUDGET";
    /// See [`RetryConfig::retry_after_cap`](crate::config::RetryConfig::retry_after_cap).
    RetryAfterCap, retry_after_cap: Duration = "CLOUDBASE_RETRY_AFTER_CAP";
    /// See [`max_response_size`](crate::config::ConfigBuilder::max_response_size): bytes.
    MaxResponseSize, max_response_size: u64 = "CLOUDBASE_MAX_RESPONSE_SIZE";
    /// See [`allow_plain_http`](crate::config::ConfigBuilder::allow_plain_http): `true` or `false`.
    AllowPlainHttp, allow_plain_http: bool = "CLOUDBASE_ALLOW_PLAIN_HTTP";
    /// See [`require_user`](crate::config::ConfigBuilder::require_user): `true` or `false`.
    RequireUser, require_user: bool = "CLOUDBASE_REQUIRE_USER";
    /// See [`http2`](crate::config::ConfigBuilder::http2): `true` or `false`.
    Http2, http2: bool = "CLOUDBASE_HTTP2";
    /// See [`proxy`](crate::config::ConfigBuilder::proxy): a URL, or `off`.
    Proxy, proxy: ProxyChoice = "CLOUDBASE_PROXY";
    /// See [`ca_certificates`](crate::config::ConfigBuilder::ca_certificates): PEM text.
    CaCertificates, ca_certificates: Vec<u8> = "CLOUDBASE_CA_CERTIFICATES";
    /// See [`only_ca_certificates`](crate::config::ConfigBuilder::only_ca_certificates): `true` or `false`.
    OnlyCaCertificates, only_ca_certificates: bool = "CLOUDBASE_ONLY_CA_CERTIFICATES";
    /// See [`client_certificate`](crate::config::ConfigBuilder::client_certificate): PEM text.
    ClientCertificate, client_certificate: Vec<u8> = "CLOUDBASE_CLIENT_CERTIFICATE";
    /// The private key of the client certificate: PEM text.
    ClientKey, client_key: SecretString = "CLOUDBASE_CLIENT_KEY";
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
