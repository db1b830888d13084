//! The settings of a client, their sources and their rules.

mod access_key;
mod builder;
pub(crate) mod endpoint;
mod env;
mod key;
pub(crate) mod proxy;
mod region;
mod retry;
mod settings;
mod text;
mod timeouts;
#[cfg_attr(not(feature = "_tls"), path = "config/no_tls.rs")]
mod tls;

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

pub use self::builder::ConfigBuilder;
pub(crate) use self::builder::setters;
pub use self::endpoint::{Endpoint, EnvId};
pub(crate) use self::env::Environment;
pub use self::key::ConfigKey;
pub(crate) use self::key::Settings;
pub(crate) use self::proxy::{ProxyRules, ProxyVariables};
pub use self::region::{Region, Site};
pub use self::retry::RetryConfig;
pub(crate) use self::settings::ProxyChoice;
pub use self::timeouts::Timeouts;
pub(crate) use self::tls::TlsSettings;
use crate::error::Result;

/// Effectively unlimited: clocks cannot count further than some centuries.
pub(crate) const FAR: std::time::Duration = std::time::Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How much of a response is read, if neither client nor call says so: 10 MiB.
pub(crate) const DEFAULT_MAX_RESPONSE_SIZE: u64 = 10 * 1024 * 1024;

/// The settings of a client, checked.
///
/// | Setting | Variables | Default |
/// |---|---|---|
/// | [`env_id`](ConfigBuilder::env_id) | `CLOUDBASE_ENV_ID`, `CLOUDBASE_ENV`, `TCB_ENV`, `SCF_NAMESPACE` | taken from the access key |
/// | [`access_key`](ConfigBuilder::access_key) | `CLOUDBASE_ACCESS_KEY`, `CLOUDBASE_APIKEY`, `CLOUDBASE_API_KEY` | none |
/// | [`region`](ConfigBuilder::region) | `CLOUDBASE_REGION`, `TENCENTCLOUD_REGION` | `ap-shanghai` |
/// | every other [key](ConfigKey) | `CLOUDBASE_` and its name in capitals | see its setter |
///
/// What is set on the builder beats a [`Config`] given to it, which beats the environment, which
/// beats the default. The environment is read only by what says so: [`Config::from_env`],
/// [`ConfigBuilder::from_env`] and [`ClientBuilder::from_env`](crate::ClientBuilder::from_env).
/// The one exception is the proxy that the machine prescribes; see
/// [`proxy`](ConfigBuilder::proxy).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cloudbase_core::{Client, Config};
///
/// let config = Config::builder()
///     .env_id("my-env-1a2b3c")
///     .region("ap-singapore")
///     .timeout(Duration::from_secs(30))
///     .build()?;
/// assert_eq!(config.endpoint().to_string(), "https://my-env-1a2b3c.api.intl.tcloudbasegateway.com");
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) env_id: EnvId,
    pub(crate) region: Region,
    pub(crate) site: Option<Site>,
    pub(crate) endpoint: Endpoint,
    pub(crate) access_key: Option<SecretString>,
    pub(crate) language: String,
    pub(crate) user_agent: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) max_connections: usize,
    pub(crate) retry: RetryConfig,
    pub(crate) max_response_size: u64,
    pub(crate) allow_plain_http: bool,
    pub(crate) require_user: bool,
    pub(crate) http2: bool,
    pub(crate) proxy: ProxyRules,
    pub(crate) tls: TlsSettings,
    /// What was set, without the defaults: so that a builder on top keeps their order.
    given: Box<Settings>,
}

impl Config {
    /// Starts settings that are all at their defaults.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// The settings of the environment variables.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the variable or setting and its rule.
    ///
    /// ```no_run
    /// let client = cloudbase_core::Client::new(cloudbase_core::Config::from_env()?)?;
    /// # Ok::<(), cloudbase_core::Error>(())
    /// ```
    pub fn from_env() -> Result<Self> {
        ConfigBuilder::from_env().build()
    }

    /// The environment.
    pub fn env_id(&self) -> &EnvId {
        &self.env_id
    }

    /// The region, `ap-shanghai` if none was named.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The site: as set, else as the region says. `None` if an [`endpoint`](Self::endpoint) was set
    /// and the SDK does not know the region.
    pub fn site(&self) -> Option<Site> {
        self.site
    }

    /// Where calls go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The access key, if one is set.
    pub fn access_key(&self) -> Option<&SecretString> {
        self.access_key.as_ref()
    }

    /// The language in which the service words its messages. Default `zh-CN`.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The whole `User-Agent`: the program's own part, if set, and the SDK's.
    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// The time limits.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// How failed calls are repeated.
    pub fn retry(&self) -> RetryConfig {
        self.retry
    }

    /// How long an unused connection is kept. Default 4.5 s.
    pub fn pool_idle_timeout(&self) -> Duration {
        self.pool_idle_timeout
    }

    /// How many calls to one host are under way at most; more wait. Default 256.
    pub fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// How many bytes of an ordinary response are read at most. Default 10 MiB.
    pub fn max_response_size(&self) -> u64 {
        self.max_response_size
    }

    /// Whether plain http may go to another machine. Default no.
    pub fn allow_plain_http(&self) -> bool {
        self.allow_plain_http
    }

    /// Whether calls that a user can make never fall back to the access key. Default no.
    pub fn require_user(&self) -> bool {
        self.require_user
    }

    /// Whether HTTP/2 is offered.
    pub fn http2(&self) -> bool {
        self.http2
    }

    pub(crate) fn into_settings(self) -> Settings {
        Settings {
            // The machine's proxy was read when this was built; it is not read again.
            proxy: Some(ProxyChoice::Rules(self.proxy)),
            ..*self.given
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access_key = self.access_key.as_ref().map(|_| "[redacted]");
        f.debug_struct("Config")
            .field("env_id", &self.env_id)
            .field("endpoint", &self.endpoint)
            .field("access_key", &access_key)
            .field("language", &self.language)
            .field("user_agent", &self.user_agent)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("max_connections", &self.max_connections)
            .field("max_response_size", &self.max_response_size)
            .field("allow_plain_http", &self.allow_plain_http)
            .field("require_user", &self.require_user)
            .field("http2", &self.http2)
            .field("proxy", &self.proxy)
            .field("tls", &self.tls)
            .finish()
    }
}
