//! Which proxy a request goes through: the machine's rules or the caller's.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use secrecy::{ExposeSecret as _, SecretString};

use crate::endpoint::is_loopback;
use crate::error::{Error, Result};

/// The proxies of a client and the hosts that are reached without. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct ProxyRules {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    direct: Arc<[Direct]>,
}

/// One proxy server.
pub(super) struct Proxy {
    pub(super) kind: ProxyKind,
    /// `http://host:port/`, whatever the kind: where to connect to.
    pub(super) address: Uri,
    pub(super) credentials: Option<Credentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    Http,
    /// The way to the proxy itself is encrypted.
    Https,
    Socks5 {
        local_dns: bool,
    },
}

pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: SecretString,
    /// For `Proxy-Authorization`, marked sensitive.
    pub(super) basic: HeaderValue,
}

/// One entry of `NO_PROXY`.
#[derive(Debug, PartialEq, Eq)]
enum Direct {
    Everything,
    /// The domain and what is below it; maybe on one port only.
    Domain(Box<str>, Option<u16>),
    Network(IpAddr, u8),
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
    /// Asks `lookup` for the variables; the lower-case name comes first, as everywhere.
    pub(crate) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let find = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = lookup(name).filter(|value| !value.is_empty())?;
                Some((*name, SecretString::from(value)))
            })
        };
        // In a CGI program `HTTP_PROXY` is a header of whoever calls it.
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
            let proxy = chosen.map(|(name, url)| Proxy::parse(name, url).map(Arc::new));
            proxy.transpose()
        };
        Ok(ProxyRules {
            http: parse(&self.http)?,
            https: parse(&self.https)?,
            direct: self.direct.as_deref().map(parse_direct).unwrap_or_default(),
        })
    }
}

impl ProxyRules {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// One proxy for everything; `setting` is what an error names.
    pub(crate) fn all(setting: &str, url: &SecretString) -> Result<Self> {
        let proxy = Arc::new(Proxy::parse(setting, url)?);
        Ok(Self {
            http: Some(proxy.clone()),
            https: Some(proxy),
            direct: Arc::default(),
        })
    }

    /// The proxy for `target`, if there is one. This machine is never reached by a proxy.
    pub(super) fn proxy_for(&self, target: &Uri) -> Option<&Arc<Proxy>> {
        let proxy = if target.scheme() == Some(&Scheme::HTTP) {
            self.http.as_ref()?
        } else {
            self.https.as_ref()?
        };
        let host = target.host()?;
        let port = target.port_u16().unwrap_or_else(|| default_port(target));
        let direct = is_loopback(host) || self.direct.iter().any(|entry| entry.is(host, port));
        (!direct).then_some(proxy)
    }
}

pub(super) fn default_port(target: &Uri) -> u16 {
    if target.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    }
}

impl Proxy {
    fn parse(setting: &str, url: &SecretString) -> Result<Self> {
        const FORM: &str = "must be a URL of the form `http://[user:password@]host[:port]`";
        let refuse = |rule: &str| Error::config(setting, rule);
        let url = url.expose_secret().trim();
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" if cfg!(feature = "_tls") => (ProxyKind::Https, 443),
            "https" => return Err(refuse("needs a TLS feature such as `rustls-ring`")),
            // Desktops write `socks://` and mean SOCKS 5.
            "socks5h" | "socks" => (ProxyKind::Socks5 { local_dns: false }, 1080),
            "socks5" => (ProxyKind::Socks5 { local_dns: true }, 1080),
            _ => {
                return Err(refuse(
                    "must begin with `http://`, `https://`, `socks5://` or `socks5h://`",
                ));
            }
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user_info, server) = match rest.rsplit_once('@') {
            Some((user_info, server)) => (Some(user_info), server),
            None => (None, rest),
        };
        let server: Authority = server.parse().map_err(|_| refuse(FORM))?;
        let explicit = &server.as_str()[server.host().len()..];
        let port = match server.port_u16() {
            Some(port) => port,
            None if explicit.is_empty() => port,
            None => return Err(refuse(FORM)),
        };
        let address = format!("http://{}:{port}/", server.host());
        let socks = matches!(kind, ProxyKind::Socks5 { .. });
        let credentials = user_info
            .map(|info| Credentials::parse(info).ok_or_else(|| refuse(FORM)))
            .transpose()?;
        let too_long = |known: &Credentials| {
            known.user.len() > 255 || known.password.expose_secret().len() > 255
        };
        if socks && credentials.as_ref().is_some_and(too_long) {
            return Err(refuse("must have a user and password of at most 255 bytes"));
        }
        Ok(Self {
            kind,
            address: address.parse().map_err(|_| refuse(FORM))?,
            credentials,
        })
    }

    /// `Proxy-Authorization` for requests that this proxy reads itself.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
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

fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(bytes.next())? * 16 + digit(bytes.next())?;
        decoded.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(decoded).ok()
}

/// Entries of `NO_PROXY`; what cannot be understood matches nothing, as everywhere.
fn parse_direct(list: &str) -> Arc<[Direct]> {
    let entries = list.split([',', ' ']).map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .filter_map(Direct::parse)
        .collect()
}

impl Direct {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((network, bits)) = entry.split_once('/') {
            let network: IpAddr = network.parse().ok()?;
            let bits: u8 = bits.parse().ok()?;
            let widest = if network.is_ipv4() { 32 } else { 128 };
            return (bits <= widest).then_some(Self::Network(network, bits));
        }
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            return Some(Self::Network(address, bits));
        }
        let (domain, port) = match entry.rsplit_once(':') {
            Some((domain, port)) => (domain, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let domain = domain.trim_start_matches('*').trim_start_matches('.');
        let domain = domain.to_ascii_lowercase().into_boxed_str();
        (!domain.is_empty()).then_some(Self::Domain(domain, port))
    }

    fn is(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match self {
            Self::Everything => true,
            Self::Domain(domain, only) => {
                only.is_none_or(|only| only == port) && is_below(host, domain)
            }
            Self::Network(network, bits) => host
                .parse()
                .is_ok_and(|address| contains(*network, *bits, address)),
        }
    }
}

/// Whether `host` is `domain` or ends in `.domain`.
fn is_below(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    host.is_char_boundary(start)
        && host[start..].eq_ignore_ascii_case(domain)
        && (start == 0 || host.as_bytes()[start - 1] == b'.')
}

fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits().into(), address.to_bits().into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let differing: u128 = network ^ address;
    differing
        .checked_shr(width - u32::from(bits))
        .is_none_or(|rest| rest == 0)
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

impl fmt::Debug for ProxyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRules")
            .field("http", &self.http)
            .field("https", &self.https)
            .field("direct", &self.direct)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(variables: &[(&str, &str)]) -> Result<ProxyRules> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        ProxyVariables::read(&lookup).rules()
    }

    fn way(rules: &ProxyRules, target: &str) -> Option<String> {
        let proxy = rules.proxy_for(&target.parse().unwrap())?;
        Some(proxy.address.authority().unwrap().to_string())
    }

    #[test]
    fn variables_choose_the_proxy() {
        let rules = rules(&[
            ("HTTP_PROXY", "http://plain:3128"),
            ("https_proxy", "secure:8080"),
            ("HTTPS_PROXY", "http://ignored"),
        ])
        .unwrap();
        assert_eq!(way(&rules, "http://a.org/").as_deref(), Some("plain:3128"));
        assert_eq!(
            way(&rules, "https://a.org/").as_deref(),
            Some("secure:8080")
        );
    }

    #[test]
    fn all_proxy_fills_in() {
        let rules = rules(&[("ALL_PROXY", "socks5h://s"), ("http_proxy", "http://p")]).unwrap();
        assert_eq!(way(&rules, "http://a.org/").as_deref(), Some("p:80"));
        assert_eq!(way(&rules, "https://a.org/").as_deref(), Some("s:1080"));
    }

    #[test]
    fn a_cgi_program_ignores_the_header() {
        let rules = rules(&[("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")]).unwrap();
        assert_eq!(way(&rules, "http://a.org/"), None);
    }

    #[test]
    fn this_machine_needs_no_proxy() {
        let rules = ProxyRules::all("proxy", &"http://p:1".into()).unwrap();
        for target in ["http://localhost:1/", "http://127.9.9.9/", "https://[::1]/"] {
            assert_eq!(way(&rules, target), None, "{target}");
        }
        assert_eq!(way(&rules, "http://10.0.0.1/").as_deref(), Some("p:1"));
    }

    #[test]
    fn no_proxy_lists_hosts() {
        let direct = "example.org, .corp.example,10.1.0.0/16,192.168.1.7 [2001:db8::1],fd00::/8,\
                      ported.example:8443,*.star.example,bad/x,10.0.0.0/99";
        let rules = rules(&[("all_proxy", "http://p:1"), ("no_proxy", direct)]).unwrap();
        for (target, proxied) in [
            ("https://example.org/", false),
            ("https://EXAMPLE.org/", false),
            ("https://api.example.org/", false),
            ("https://notexample.org/", true),
            ("https://example.org.evil.example/", true),
            ("https://corp.example/", false),
            ("https://a.corp.example/", false),
            ("https://10.1.255.1/", false),
            ("https://10.2.0.1/", true),
            ("https://192.168.1.7/", false),
            ("https://192.168.1.8/", true),
            ("https://[2001:db8::1]/", false),
            ("https://[2001:db8::2]/", true),
            ("https://[fd12::9]/", false),
            ("https://ported.example:8443/", false),
            ("https://ported.example/", true),
            ("https://a.star.example/", false),
        ] {
            assert_eq!(way(&rules, target).is_some(), proxied, "{target}");
        }
        let all = [("all_proxy", "http://p:1"), ("NO_PROXY", "*")];
        assert_eq!(
            way(&super::tests::rules(&all).unwrap(), "https://a.org/"),
            None
        );
    }

    #[test]
    fn credentials_are_decoded_and_hidden() {
        let url = "http://us%40er:p%3Ass@proxy.example:3128/path".into();
        let rules = ProxyRules::all("proxy", &url).unwrap();
        let proxy = rules.proxy_for(&"https://a.org/".parse().unwrap()).unwrap();
        let expected = format!("Basic {}", STANDARD.encode("us@er:p:ss"));
        assert_eq!(proxy.authorization().unwrap(), &expected);
        assert_eq!(proxy.address.to_string(), "http://proxy.example:3128/");
        let shown = format!("{rules:?}");
        assert!(
            !shown.contains("p%3Ass") && !shown.contains("p:ss"),
            "{shown}"
        );
    }

    #[test]
    fn bad_proxies_are_refused_without_their_secret() {
        for url in [
            "ftp://u:hunter2@p",
            "http://u:hunter2@",
            "http://u:hunter2@p:port",
            "http://u:hunter2%zz@p",
            "http://u:hunter2@p q",
        ] {
            let error = rules(&[("HTTPS_PROXY", url)]).unwrap_err();
            assert!(error.message().starts_with("`HTTPS_PROXY` must"), "{error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn networks_of_any_width() {
        let contains = |network: &str, bits, address: &str| {
            super::contains(network.parse().unwrap(), bits, address.parse().unwrap())
        };
        assert!(contains("0.0.0.0", 0, "8.8.8.8"));
        assert!(contains("::", 0, "2001:db8::1"));
        assert!(!contains("::", 0, "8.8.8.8"));
        assert!(contains("10.0.0.1", 32, "10.0.0.1"));
        assert!(!contains("10.0.0.1", 32, "10.0.0.2"));
    }
}
