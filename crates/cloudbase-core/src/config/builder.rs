//! Collects settings; one set of setters for configuration and client.

use std::fmt;

use super::env::Environment;
use super::{Config, Settings};
use crate::error::Result;

/// Collects the settings of a [`Config`].
///
/// Setters never fail: a bad value is reported by [`build`](Self::build), with the name of the
/// setting and its rule, never with the value of a secret.
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Clone, Default)]
pub struct ConfigBuilder {
    settings: Settings,
    environment: Environment,
}

impl ConfigBuilder {
    /// Takes what is not set here from environment variables; see [`Config`] for their names.
    pub fn from_env() -> Self {
        Self {
            environment: Environment::of_process(),
            ..Self::default()
        }
    }

    /// Takes what is not set here from variables that `lookup` knows: a test's, or those of a
    /// platform without environment variables. An empty one counts as not set.
    ///
    /// ```
    /// use cloudbase_core::config::ConfigBuilder;
    ///
    /// let config = ConfigBuilder::from_variables(|name| {
    ///     (name == "TCB_ENV").then(|| "my-env-1a2b3c".to_owned())
    /// })
    /// .build()?;
    /// assert_eq!(config.env_id().as_str(), "my-env-1a2b3c");
    /// # Ok::<(), cloudbase_core::Error>(())
    /// ```
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            environment: Environment::read(lookup),
            ..Self::default()
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the setting (or the variable it came
    /// from) and its rule.
    pub fn build(self) -> Result<Config> {
        self.settings.finish(self.environment)
    }
}

impl fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The setters, for a builder with a field `settings`.
macro_rules! setters {
    ($builder:ty) => {
        impl $builder {
            /// The environment to talk to: 1 to 63 letters, digits and hyphens. May be left out if the
            /// access key names its environment.
            #[doc(alias = "env")]
            pub fn env_id(mut self, id: impl Into<String>) -> Self {
                self.settings.env_id = Some(id.into());
                self
            }

            /// The region of the environment. Default `ap-shanghai`, also of an empty name. It decides the
            /// [site](Self::site), and thereby the host; a region that the SDK does not know
            /// decides none, and needs `site` or [`endpoint`](Self::endpoint) beside it.
            pub fn region(mut self, name: impl Into<String>) -> Self {
                self.settings.region = Some(name.into());
                self
            }

            /// The site of the environment, where the region does not decide it: there are
            /// environments in Singapore on both sites.
            #[doc(alias = "intl")]
            pub fn site(mut self, site: $crate::config::Site) -> Self {
                self.settings.site = Some(site);
                self
            }

            /// Where calls go, instead of the environment's own host: `https://host[:port][/path]`.
            /// The path stands in front of that of each call. Plain `http` only to this machine,
            /// unless [allowed](Self::allow_plain_http).
            #[doc(alias = "registerHost")]
            pub fn endpoint(mut self, url: impl Into<String>) -> Self {
                self.settings.endpoint = Some(url.into());
                self
            }

            /// The publishable key or API key that calls carry while nobody is signed in. An empty
            /// one is treated as unset. A key of another environment is rejected.
            #[doc(alias = "accessKey")]
            pub fn access_key(mut self, key: impl Into<$crate::SecretString>) -> Self {
                self.settings.access_key = Some(key.into());
                self
            }

            /// The language in which the service words its messages: a tag such as `en-US`, or a
            /// list as in `Accept-Language`. Default `zh-CN`.
            #[doc(alias = "lang")]
            pub fn language(mut self, tag: impl Into<String>) -> Self {
                self.settings.language = Some(tag.into());
                self
            }

            /// The program's own part of the `User-Agent` (`my-app/1.2`), at most 256 printable
            /// ASCII characters; the SDK's follows it.
            pub fn user_agent(mut self, product: impl Into<String>) -> Self {
                self.settings.user_agent = Some(product.into());
                self
            }

            /// How long opening a connection may take: name resolution, TCP, proxy and TLS.
            /// Default 3.1 s.
            pub fn connect_timeout(mut self, limit: std::time::Duration) -> Self {
                self.settings.connect_timeout = Some(limit);
                self
            }

            /// How long one attempt may take. Default 15 s. Waiting for a free connection does not
            /// count. Keep it longer than [`connect_timeout`](Self::connect_timeout): an attempt that
            /// ends while its connection is still being opened counts as sent, and a write is not
            /// repeated then.
            pub fn attempt_timeout(mut self, limit: std::time::Duration) -> Self {
                self.settings.attempt_timeout = Some(limit);
                self
            }

            /// How long a call may take with all its attempts. Default 60 s. Uploads and downloads
            /// have no such limit; of an upload this limits each attempt's wait for the response,
            /// from the last byte of the body.
            pub fn timeout(mut self, limit: std::time::Duration) -> Self {
                self.settings.timeout = Some(limit);
                self
            }

            /// How long a body may stall before it is given up: nothing moves for that time, or less
            /// than a byte a second. Default 5 s. Over HTTP/2 a server that makes room for an upload
            /// less often than that counts as stalled: set more for one that is that slow.
            pub fn stall_timeout(mut self, limit: std::time::Duration) -> Self {
                self.settings.stall_timeout = Some(limit);
                self
            }

            /// How long an unused connection is kept. Default 4.5 s: the gateway drops idle ones
            /// soon after.
            pub fn pool_idle_timeout(mut self, limit: std::time::Duration) -> Self {
                self.settings.pool_idle_timeout = Some(limit);
                self
            }

            /// How many calls to one host may be under way at once, and thereby how many
            /// connections; further calls wait for one of them to finish. Default 256.
            ///
            /// A program that may have fewer files open (`ulimit -n`) works, too: a connection that
            /// finds no file descriptor waits for one that comes free, for at most `attempt_timeout`.
            /// With no connection open it is an error at once.
            pub fn max_connections(mut self, per_host: usize) -> Self {
                self.settings.max_connections = Some(per_host);
                self
            }

            /// How often a call is put on the wire at most, the first time included. Default 3;
            /// 1 switches retries off.
            pub fn max_attempts(mut self, attempts: u32) -> Self {
                self.settings.max_attempts = Some(attempts);
                self
            }

            /// How failed calls are repeated; replaces [`max_attempts`](Self::max_attempts), too.
            pub fn retry(mut self, retry: $crate::config::RetryConfig) -> Self {
                self.settings.set_retry(retry);
                self
            }

            /// How many bytes of an ordinary response are read at most, after decompression.
            /// Default 10 MiB.
            pub fn max_response_size(mut self, bytes: u64) -> Self {
                self.settings.max_response_size = Some(bytes);
                self
            }

            /// Allows plain http to other machines. Default no: an eavesdropper sees tokens and
            /// passwords.
            pub fn allow_plain_http(mut self, allow: bool) -> Self {
                self.settings.allow_plain_http = Some(allow);
                self
            }

            /// Makes every call that a user can make fail while nobody is signed in, instead of
            /// falling back to the access key. Default: they fall back. A single call can ask for the
            /// same by its own `require_user`. Calls that need no user, such as a sign-in, carry
            /// the access key as ever.
            pub fn require_user(mut self) -> Self {
                self.settings.require_user = Some(true);
                self
            }

            /// Whether HTTP/2 is offered to servers. Default yes with the feature `http2`, which it
            /// needs. Has to be off for a server that agrees on HTTP/2 and then asks for HTTP/1.1:
            /// the error names this setting.
            pub fn http2(mut self, offer: bool) -> Self {
                self.settings.http2 = Some(offer);
                self
            }

            /// The proxy for every host but this machine:
            /// `http://[user:password@]host[:port]`, or `https`, `socks5` (names are resolved here),
            /// `socks5h` (names are resolved by the proxy). User and password are percent-encoded.
            /// `off` means [none](Self::no_proxy), here and in the variables.
            ///
            /// Without it, what the machine prescribes is followed: `HTTPS_PROXY`, `HTTP_PROXY`,
            /// `ALL_PROXY` and `NO_PROXY`, in capitals or not, read when this is built. `NO_PROXY`
            /// lists hosts, domains and networks (`[fd00::]/8`), a port behind them if need be,
            /// separated by commas, semicolons or blanks.
            pub fn proxy(mut self, url: impl Into<$crate::SecretString>) -> Self {
                self.settings.proxy = Some($crate::config::ProxyChoice::Url(url.into()));
                self
            }

            /// Uses no proxy, whatever the machine prescribes.
            pub fn no_proxy(mut self) -> Self {
                self.settings.proxy = Some($crate::config::ProxyChoice::Url("off".into()));
                self
            }

            /// Trusts these certificate authorities (PEM, one or more) besides the usual ones. May be
            /// called repeatedly.
            pub fn ca_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
                self.settings.add_ca(pem.as_ref());
                self
            }

            /// Trusts [`ca_certificates`](Self::ca_certificates) alone, and no usual authority.
            pub fn only_ca_certificates(mut self, only: bool) -> Self {
                self.settings.only_ca_certificates = Some(only);
                self
            }

            /// The certificate with which this program identifies itself to servers that ask: the
            /// chain, its own first, and its private key, both PEM.
            pub fn client_certificate(
                mut self,
                chain_pem: impl AsRef<[u8]>,
                key_pem: impl Into<$crate::SecretString>,
            ) -> Self {
                self.settings.client_certificate = Some(chain_pem.as_ref().to_vec());
                self.settings.client_key = Some(key_pem.into());
                self
            }

            /// Sets a setting by its name, from text.
            ///
            /// ```
            /// use cloudbase_core::Config;
            ///
            /// let error = Config::builder()
            ///     .env_id("my-env-1a2b3c")
            ///     .set("timeout".parse()?, "soon")
            ///     .build()
            ///     .unwrap_err();
            /// assert!(error.message().starts_with("`timeout` must be"));
            /// # Ok::<(), cloudbase_core::Error>(())
            /// ```
            pub fn set(
                mut self,
                key: $crate::config::ConfigKey,
                value: impl Into<$crate::SecretString>,
            ) -> Self {
                self.settings.set(key, &value.into());
                self
            }
        }
    };
}

setters!(ConfigBuilder);

pub(crate) use setters;
