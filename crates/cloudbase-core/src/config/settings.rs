//! The rules that make a configuration of the settings as they were given.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::endpoint::{Endpoint, EnvId};
use super::env::{Environment, variable};
use super::text::{language, user_agent};
use super::{
    Config, ConfigKey, DEFAULT_MAX_RESPONSE_SIZE, ProxyRules, ProxyVariables, Region, RetryConfig,
    Settings, Timeouts, TlsSettings, access_key,
};
use crate::error::{Error, Result};

/// Which proxy was chosen.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    /// A URL, or `off`.
    Url(SecretString),
    /// Read from the environment earlier.
    Rules(ProxyRules),
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
        if let Err(error) = self.read(key, key.as_str(), value) {
            self.problem.get_or_insert(error);
        }
    }

    /// Fills in from `environment` what is not set.
    fn or_environment(mut self, environment: &Environment) -> Result<Self> {
        for variable in &environment.values {
            // Only what is used is read: a bad variable that is overruled does no harm.
            if !self.has(variable.key) {
                self.read(variable.key, variable.name, &variable.value)?;
                self.variables.push((variable.key, variable.name));
            }
        }
        Ok(self)
    }

    /// What an error calls the setting `key`: the variable that its value came from, else its name.
    fn name(&self, key: ConfigKey) -> &'static str {
        let variable = self.variables.iter().find(|(known, _)| *known == key);
        variable.map_or(key.as_str(), |(_, name)| *name)
    }

    /// Applies the rules.
    pub(crate) fn finish(self, environment: Environment) -> Result<Config> {
        let given = self.or_environment(&environment)?;
        if let Some(error) = &given.problem {
            return Err(error.clone());
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
