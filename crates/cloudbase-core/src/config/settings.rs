//! The settings as they were given, and the rules that make a configuration of them.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::endpoint::{Endpoint, EnvId};
use super::env::{Environment, variable};
use super::text::{language, parse_duration, parse_flag, parse_site, user_agent};
use super::{
    Config, ConfigKey, DEFAULT_MAX_RESPONSE_SIZE, ProxyRules, ProxyVariables, Region, RetryConfig,
    Site, Timeouts, TlsSettings, access_key,
};
use crate::error::{Error, Result};

/// Which proxy was chosen.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    Off,
    Url(SecretString),
    /// Read from the environment earlier.
    Rules(ProxyRules),
}

macro_rules! settings {
    ($($field:ident: $type:ty,)*) => {
        /// What was set, unchecked. `None` is "not set", so that sources can be merged.
        #[derive(Clone, Default)]
        pub(crate) struct Settings {
            $(pub(crate) $field: Option<$type>,)*
            /// The first value that could not be read.
            pub(super) problem: Option<Problem>,
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

            fn has(&self, key: ConfigKey) -> bool {
                match key.as_str() {
                    $(stringify!($field) => self.$field.is_some(),)*
                    _ => false,
                }
            }
        }
    };
}

settings! {
    env_id: String,
    region: String,
    site: Site,
    endpoint: String,
    access_key: SecretString,
    language: String,
    user_agent: String,
    connect_timeout: Duration,
    attempt_timeout: Duration,
    timeout: Duration,
    stall_timeout: Duration,
    pool_idle_timeout: Duration,
    max_connections: usize,
    max_attempts: u32,
    retry_base: Duration,
    retry_cap: Duration,
    retry_budget: u32,
    retry_after_cap: Duration,
    max_response_size: u64,
    allow_plain_http: bool,
    require_user: bool,
    http2: bool,
    proxy: ProxyChoice,
    ca_certificates: Vec<u8>,
    only_ca_certificates: bool,
    client_certificate: Vec<u8>,
    client_key: SecretString,
}

#[derive(Clone, Copy)]
pub(super) struct Problem {
    name: &'static str,
    rule: &'static str,
}

impl Problem {
    fn into_error(self) -> Error {
        Error::config(self.name, self.rule)
    }
}

impl Settings {
    pub(crate) fn set_retry(&mut self, retry: RetryConfig) {
        self.max_attempts = Some(retry.max_attempts);
        self.retry_base = Some(retry.base);
        self.retry_cap = Some(retry.cap);
        self.retry_budget = Some(retry.budget);
        self.retry_after_cap = Some(retry.retry_after_cap);
    }

    pub(crate) fn add_ca(&mut self, pem: &[u8]) {
        let all = self.ca_certificates.get_or_insert_default();
        all.extend_from_slice(pem);
        all.push(b'\n');
    }

    /// Sets `key` from text; a value that cannot be read is reported later.
    pub(crate) fn set(&mut self, key: ConfigKey, value: &SecretString) {
        if let Err(problem) = self.read(key, key.as_str(), value) {
            self.problem.get_or_insert(problem);
        }
    }

    fn read(
        &mut self,
        key: ConfigKey,
        name: &'static str,
        value: &SecretString,
    ) -> Result<(), Problem> {
        let text = value.expose_secret();
        let owned = || Some(text.to_owned());
        let secret = || Some(value.clone());
        let invalid = |rule| Problem { name, rule };
        let duration = || parse_duration(text).map(Some).map_err(invalid);
        let flag = || parse_flag(text).map(Some).map_err(invalid);
        let small = || {
            let number = text.trim().parse().map(Some);
            number.map_err(|_| invalid("must be a whole number"))
        };
        match key {
            ConfigKey::EnvId => self.env_id = owned(),
            ConfigKey::Region => self.region = owned(),
            ConfigKey::Site => self.site = Some(parse_site(text).map_err(invalid)?),
            ConfigKey::Endpoint => self.endpoint = owned(),
            ConfigKey::AccessKey => self.access_key = secret(),
            ConfigKey::Language => self.language = owned(),
            ConfigKey::UserAgent => self.user_agent = owned(),
            ConfigKey::ConnectTimeout => self.connect_timeout = duration()?,
            ConfigKey::AttemptTimeout => self.attempt_timeout = duration()?,
            ConfigKey::Timeout => self.timeout = duration()?,
            ConfigKey::StallTimeout => self.stall_timeout = duration()?,
            ConfigKey::PoolIdleTimeout => self.pool_idle_timeout = duration()?,
            ConfigKey::MaxConnections => {
                let number = text.trim().parse();
                let number = number.map_err(|_| invalid("must be a whole number"))?;
                self.max_connections = Some(number);
            }
            ConfigKey::MaxAttempts => self.max_attempts = small()?,
            ConfigKey::RetryBase => self.retry_base = duration()?,
            ConfigKey::RetryCap => self.retry_cap = duration()?,
            ConfigKey::RetryBudget => self.retry_budget = small()?,
            ConfigKey::RetryAfterCap => self.retry_after_cap = duration()?,
            ConfigKey::MaxResponseSize => {
                let number = text.trim().parse();
                let number = number.map_err(|_| invalid("must be a whole number of bytes"))?;
                self.max_response_size = Some(number);
            }
            ConfigKey::AllowPlainHttp => self.allow_plain_http = flag()?,
            ConfigKey::RequireUser => self.require_user = flag()?,
            ConfigKey::Http2 => self.http2 = flag()?,
            ConfigKey::Proxy => self.proxy = Some(ProxyChoice::Url(value.clone())),
            ConfigKey::CaCertificates => self.add_ca(text.as_bytes()),
            ConfigKey::OnlyCaCertificates => self.only_ca_certificates = flag()?,
            ConfigKey::ClientCertificate => self.client_certificate = Some(text.into()),
            ConfigKey::ClientKey => self.client_key = secret(),
        }
        Ok(())
    }

    /// Fills in from `environment` what is not set.
    fn or_environment(self, environment: &Environment) -> Result<Self> {
        let mut from_environment = Self::default();
        for variable in &environment.values {
            // Only what is used is read: a bad variable that is overruled does no harm.
            let mut one = Self::default();
            match one.read(variable.key, variable.name, &variable.value) {
                Ok(()) => {
                    one.variables.push((variable.key, variable.name));
                    from_environment = from_environment.or(one);
                }
                Err(_) if self.has(variable.key) => {}
                Err(problem) => return Err(problem.into_error()),
            }
        }
        Ok(self.or(from_environment))
    }

    /// What an error calls the setting `key`: the variable that its value came from, else its name.
    fn name(&self, key: ConfigKey) -> &'static str {
        let variable = self.variables.iter().find(|(known, _)| *known == key);
        variable.map_or(key.as_str(), |(_, name)| *name)
    }

    /// Applies the rules.
    pub(crate) fn finish(self, environment: Environment) -> Result<Config> {
        let given = self.or_environment(&environment)?;
        if let Some(problem) = given.problem {
            return Err(problem.into_error());
        }
        let set = given.clone();
        // An empty key comes from a variable or a form that was left empty.
        let access_key = set.access_key.filter(|key| !key.expose_secret().is_empty());
        let env_id = given.which_environment(access_key.as_ref())?;
        // Not so an empty address: what was meant for a test must not reach the real environment.
        let region = match set.region.as_deref().filter(|name| !name.is_empty()) {
            None => Region::default(),
            Some(name) => Region::parse(given.name(ConfigKey::Region), name)?,
        };
        let site = set.site.or_else(|| region.site());
        let allow_plain_http = set.allow_plain_http.unwrap_or(false);
        let endpoint = match (set.endpoint.as_deref(), site) {
            (Some(url), _) => {
                Endpoint::parse(given.name(ConfigKey::Endpoint), url, allow_plain_http)?
            }
            (None, Some(site)) => Endpoint::of(&env_id, site)?,
            // The access key must not go to a host that was guessed.
            (None, None) => {
                return Err(Error::config(
                    given.name(ConfigKey::Region),
                    "is not known to the SDK: correct it, or set `site` or `endpoint`",
                ));
            }
        };
        let proxy = match set.proxy {
            Some(ProxyChoice::Off) => ProxyRules::none(),
            Some(ProxyChoice::Url(url)) => ProxyRules::all(given.name(ConfigKey::Proxy), &url)?,
            Some(ProxyChoice::Rules(rules)) => rules,
            None => environment
                .proxies
                .unwrap_or_else(|| ProxyVariables::read(&variable))
                .rules()?,
        };
        let http2 = set.http2.unwrap_or(cfg!(feature = "http2"));
        if http2 && !cfg!(feature = "http2") {
            let name = given.name(ConfigKey::Http2);
            return Err(Error::config(name, "needs the Cargo feature `http2`"));
        }
        Ok(Config {
            env_id,
            region,
            site,
            endpoint,
            access_key,
            language: language(given.name(ConfigKey::Language), set.language)?,
            user_agent: user_agent(given.name(ConfigKey::UserAgent), set.user_agent)?,
            timeouts: given.timeouts()?,
            pool_idle_timeout: set.pool_idle_timeout.unwrap_or(Duration::from_millis(4500)),
            max_connections: given
                .at_least_1(
                    ConfigKey::MaxConnections,
                    set.max_connections.unwrap_or(256),
                )?
                .min(tokio::sync::Semaphore::MAX_PERMITS),
            retry: given.retry()?,
            max_response_size: given.at_least_1(
                ConfigKey::MaxResponseSize,
                set.max_response_size.unwrap_or(DEFAULT_MAX_RESPONSE_SIZE),
            )?,
            allow_plain_http,
            require_user: set.require_user.unwrap_or(false),
            http2,
            proxy,
            tls: TlsSettings::read(
                &|key| given.name(key),
                set.ca_certificates.as_deref(),
                set.only_ca_certificates.unwrap_or(false),
                set.client_certificate.as_deref(),
                set.client_key.as_ref(),
            )?,
            given: Box::new(given),
        })
    }

    fn timeouts(&self) -> Result<Timeouts> {
        let default = Timeouts::default();
        let limit =
            |key, set: Option<Duration>, default| self.positive(key, set.unwrap_or(default));
        Ok(Timeouts {
            connect: limit(
                ConfigKey::ConnectTimeout,
                self.connect_timeout,
                default.connect,
            )?,
            attempt: limit(
                ConfigKey::AttemptTimeout,
                self.attempt_timeout,
                default.attempt,
            )?,
            total: limit(ConfigKey::Timeout, self.timeout, default.total)?,
            stall: limit(ConfigKey::StallTimeout, self.stall_timeout, default.stall)?,
        })
    }

    fn retry(&self) -> Result<RetryConfig> {
        let default = RetryConfig::default();
        let attempts = self.max_attempts.unwrap_or(default.max_attempts);
        let retry = RetryConfig {
            max_attempts: self.at_least_1(ConfigKey::MaxAttempts, attempts)?,
            base: self.positive(
                ConfigKey::RetryBase,
                self.retry_base.unwrap_or(default.base),
            )?,
            cap: self.positive(ConfigKey::RetryCap, self.retry_cap.unwrap_or(default.cap))?,
            budget: self.retry_budget.unwrap_or(default.budget),
            retry_after_cap: self.retry_after_cap.unwrap_or(default.retry_after_cap),
        };
        if retry.cap < retry.base {
            return Err(Error::config(
                self.name(ConfigKey::RetryCap),
                format_args!(
                    "must not be shorter than `{}`",
                    self.name(ConfigKey::RetryBase)
                ),
            ));
        }
        Ok(retry)
    }

    fn positive(&self, key: ConfigKey, limit: Duration) -> Result<Duration> {
        if limit.is_zero() {
            return Err(Error::config(self.name(key), "must be longer than zero"));
        }
        Ok(limit)
    }

    fn at_least_1<N: PartialEq + Default>(&self, key: ConfigKey, number: N) -> Result<N> {
        if number == N::default() {
            return Err(Error::config(self.name(key), "must be at least 1"));
        }
        Ok(number)
    }

    /// The environment that is set, or that the access key names; both, if they agree.
    fn which_environment(&self, key: Option<&SecretString>) -> Result<EnvId> {
        let names = (self.name(ConfigKey::EnvId), self.name(ConfigKey::AccessKey));
        if let Some(key) = key {
            access_key::check(names.1, key)?;
        }
        let named = key.and_then(access_key::environment);
        // The platform names its namespace so whether it is an environment or not.
        let is_namespace = names.0 == "SCF_NAMESPACE";
        let set = match self.env_id.as_deref() {
            None | Some("") => None,
            Some("default") if is_namespace => None,
            Some(id) => Some(EnvId::parse(names.0, id)?),
        };
        match (set, named) {
            (Some(_), Some(named)) if is_namespace => Ok(named),
            (Some(set), Some(named)) if set != named => Err(Error::config(
                names.1,
                format_args!(
                    "is for the environment `{named}`, but `{}` is `{set}`",
                    names.0
                ),
            )),
            (Some(id), _) | (None, Some(id)) => Ok(id),
            (None, None) => Err(Error::config(
                "env_id",
                "is not set: give it, or an `access_key` that names its environment",
            )),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("env_id", &self.env_id)
            .field("region", &self.region)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
