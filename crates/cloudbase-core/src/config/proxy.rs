//! Which proxy a request goes through: the machine's rules or the caller's.

mod direct;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use secrecy::{ExposeSecret as _, SecretString};

use self::direct::{Direct, bare_host};
use crate::config::endpoint::{is_loopback, port_of};
use crate::error::{Error, Result};
use crate::value::percent_encoding;

/// The proxies of a client and the hosts that are reached without. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxyRules {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    direct: Arc<Direct>,
}

/// One proxy server.
pub(crate) struct Proxy {
    pub(crate) kind: ProxyKind,
    /// `http://host:port/`, whatever the kind: where to connect to.
    pub(crate) address: Uri,
    pub(crate) credentials: Option<Credentials>,
    /// What has named it: a setting or a variable.
    pub(crate) setting: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    Http,
    /// The way to the proxy itself is encrypted.
    Https,
    Socks5 {
        local_dns: bool,
    },
}

pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: SecretString,
    /// For `Proxy-Authorization`, marked sensitive.
    pub(crate) basic: HeaderValue,
}

/// The values of the proxy variables.
#[derive(Clone, Default)]
pub(crate) struct ProxyVariables {
    http: Option<(&'static str, SecretString)>,
    https: Option<(&'static str, SecretString)>,
    all: Option<(&'static str, SecretString)>,
    direct: Option<String>,
}

impl ProxyVariables {
    /// Reads the variables from `lookup`; the lower-case name comes first, as everywhere.
    pub(crate) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let find = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = lookup(name).filter(|value| !value.is_empty())?;
                Some((*name, SecretString::from(value)))
            })
        };
        // In a CGI program `HTTP_PROXY` is a header of its caller.
        let cgi = lookup("REQUEST_METHOD").is_some();
        let http: &[_] = if cgi {
            &["http_proxy"]
        } else {
            &["http_proxy", "HTTP_PROXY"]
        };
        let direct = find(&["no_proxy", "NO_PROXY"]);
        Self {
            http: find(http),
            https: find(&["https_proxy", "HTTPS_PROXY"]),
            all: find(&["all_proxy", "ALL_PROXY"]),
            direct: direct.map(|(_, value)| value.expose_secret().to_owned()),
        }
    }

    pub(crate) fn rules(&self) -> Result<ProxyRules> {
        let parse = |own: &Option<(&'static str, SecretString)>| {
            let chosen = own.as_ref().or(self.all.as_ref());
            chosen.map_or(Ok(None), |(name, url)| Proxy::read(name, url))
        };
        Ok(ProxyRules {
            http: parse(&self.http)?,
            https: parse(&self.https)?,
            direct: Arc::new(Direct::parse(self.direct.as_deref().unwrap_or_default())),
        })
    }
}

impl ProxyRules {
    /// One proxy for everything; `setting` is what an error names.
    pub(crate) fn all(setting: &str, url: &SecretString) -> Result<Self> {
        let proxy = Proxy::read(setting, url)?;
        Ok(Self {
            http: proxy.clone(),
            https: proxy,
            direct: Arc::default(),
        })
    }

    /// The proxy for `target`, if there is one. This machine is always reached directly.
    pub(crate) fn proxy_for(&self, target: &Uri) -> Option<&Arc<Proxy>> {
        let proxy = if target.scheme() == Some(&Scheme::HTTP) {
            self.http.as_ref()?
        } else {
            self.https.as_ref()?
        };
        let host = bare_host(target.host()?);
        let port = target.port_u16().unwrap_or_else(|| default_port(target));
        let direct = is_loopback(host) || self.direct.contains(host, port);
        (!direct).then_some(proxy)
    }
}

pub(crate) fn default_port(target: &Uri) -> u16 {
    if target.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    }
}

impl Proxy {
    /// The proxy that `url` names; none if it says `off`, wherever that is written.
    fn read(setting: &str, url: &SecretString) -> Result<Option<Arc<Self>>> {
        if url.expose_secret().trim().eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self::parse(setting, url)?)))
    }

    fn parse(setting: &str, url: &SecretString) -> Result<Self> {
        const FORM: &str = "must be a URL of the form `http://[user:password@]host[:port]`";
        let invalid = |rule: &str| Error::config(setting, rule);
        let url = url.expose_secret().trim();
        let (scheme, rest, has_scheme) = match url.split_once("://") {
            Some((scheme, rest)) => (scheme, rest, true),
            None => ("http", url, false),
        };
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" if cfg!(feature = "_tls") => (ProxyKind::Https, 443),
            "https" => return Err(invalid("needs a TLS feature such as `rustls-ring`")),
            // Desktops write `socks://` and mean SOCKS 5.
            "socks5h" | "socks" => (ProxyKind::Socks5 { local_dns: false }, 1080),
            "socks5" => (ProxyKind::Socks5 { local_dns: true }, 1080),
            _ => {
                return Err(invalid(
                    "must begin with `http://`, `https://`, `socks5://` or `socks5h://`",
                ));
            }
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (rest, path) = rest.split_at(end);
        // The host would be what is the user's name: `http://user:1/2@host`.
        if path.contains('@') {
            return Err(invalid(
                "must have `/`, `?`, `#` and `@` in a user name or password percent-encoded: \
                 percent-encode the password",
            ));
        }
        // The host would be what was meant as a scheme: `http//host`.
        if !has_scheme && !matches!(path, "" | "/") {
            return Err(invalid(FORM));
        }
        let (user_info, server) = match rest.rsplit_once('@') {
            Some((user_info, server)) => (Some(user_info), server),
            None => (None, rest),
        };
        let server: Authority = server.parse().map_err(|_| invalid(FORM))?;
        let port = port_of(&server)
            .ok_or_else(|| invalid(FORM))?
            .unwrap_or(port);
        let address = format!("http://{}:{port}/", server.host());
        let socks = matches!(kind, ProxyKind::Socks5 { .. });
        let credentials = user_info
            .map(|info| Credentials::parse(info).ok_or_else(|| invalid(FORM)))
            .transpose()?;
        let too_long = |known: &Credentials| {
            known.user.len() > 255 || known.password.expose_secret().len() > 255
        };
        if socks && credentials.as_ref().is_some_and(too_long) {
            return Err(invalid(
                "must have a user and password of at most 255 bytes",
            ));
        }
        Ok(Self {
            kind,
            address: address.parse().map_err(|_| invalid(FORM))?,
            credentials,
            setting: setting.into(),
        })
    }

    /// `Proxy-Authorization` for requests that this proxy reads itself.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        // A SOCKS proxy reads no requests: the header would go to the target.
        if matches!(self.kind, ProxyKind::Socks5 { .. }) {
            return None;
        }
        self.credentials.as_ref().map(|known| &known.basic)
    }
}

impl Credentials {
    fn parse(info: &str) -> Option<Self> {
        let (user, password) = info.split_once(':').unwrap_or((info, ""));
        let (user, password) = (percent_decode(user)?, percent_decode(password)?);
        let pair = STANDARD.encode(format!("{user}:{password}"));
        let mut basic = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
        basic.set_sensitive(true);
        Some(Self {
            user,
            password: password.into(),
            basic,
        })
    }
}

/// Undoes percent-encoding; `None` if an escape is cut short or the outcome is no text.
fn percent_decode(text: &str) -> Option<String> {
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut escapes = text.split('%').skip(1);
    let whole = escapes.all(|after| after.get(..2).is_some_and(is_hex));
    whole.then(|| String::from_utf8(percent_encoding::percent_decode(text)).ok())?
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("kind", &self.kind)
            .field("host", &self.address.host())
            .field("credentials", &self.credentials.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests;
