//! Which requests are let in: a developer opens web pages, and none of them may use the emulator unasked.
//!
//! Browsers let any page send requests to 127.0.0.1, and a page whose name is rebound to 127.0.0.1 even reads the
//! responses. `Host`, `Origin` and `Sec-Fetch-Site` are set by the browser and cannot be forged by a page.

use std::net::IpAddr;

use http::header::{self, HeaderName};
use http::uri::Authority;
use http::{HeaderMap, Method, Request};

use super::reached::Reached;
use crate::error::StartError;

/// Marks a change through the control API as no form's: a page cannot send it without a preflight.
const CONTROL_HEADER: HeaderName = HeaderName::from_static("x-cloudbase-emulator");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the builder's `allow_host` and `allow_origin` collected.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardOptions {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
}

/// The rules of one emulator, for both of its ports.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: Vec<Host>,
    origins: Vec<Origin>,
}

/// Which rules a path is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// What the real service has: gateway paths and objects.
    Products,
    /// `/__emulator`: keys, codes, the request log.
    Control,
}

/// A request that is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Guard {
    /// The rules of an emulator that listens on `listen`.
    pub(crate) fn new(listen: IpAddr, options: &GuardOptions) -> Result<Self, StartError> {
        let mut hosts = vec![Host::Ip(listen.to_canonical())];
        for text in &options.hosts {
            hosts.push(allowed_host(text)?);
        }
        let mut origins = Vec::new();
        for text in &options.origins {
            origins.push(Origin::parse(text).ok_or_else(|| {
                StartError::new(format!(
                    "allow_origin: `{text}` is not an origin; expected `scheme://host` or `scheme://host:port` \
                     without a path, or `null`"
                ))
            })?);
        }
        Ok(Self { hosts, origins })
    }

    /// Whether a request is let in, and by what host it came.
    pub(super) fn admit<B>(&self, zone: Zone, request: &Request<B>) -> Result<Reached, Rejection> {
        let host = self.check_host(request)?;
        match zone {
            Zone::Products => self.check_origin(request.headers(), &host)?,
            Zone::Control => check_control(request, &host)?,
        }
        Ok(Reached(host))
    }

    /// `Host`, and the authority of a request line in absolute form: what the browser believes to talk to.
    fn check_host<B>(&self, request: &Request<B>) -> Result<Authority, Rejection> {
        let mut values = request.headers().get_all(header::HOST).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(invalid_host("exactly one Host header is required"));
        };
        let host = Authority::try_from(value.as_bytes())
            .map_err(|_| invalid_host("the Host header is not `host` or `host:port`"))?;
        for authority in [Some(&host), request.uri().authority()]
            .into_iter()
            .flatten()
        {
            let is_allowed = Host::of(authority)
                .is_some_and(|host| host.is_loopback() || self.hosts.contains(&host));
            if !is_allowed {
                let name = authority.host();
                return Err(invalid_host(format!(
                    "host `{name}` is not allowed; start the emulator with --allow-host {name} to allow it"
                )));
            }
        }
        Ok(host)
    }

    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<(), Rejection> {
        for value in headers.get_all(header::ORIGIN) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let is_allowed = Origin::parse(&text).is_some_and(|origin| {
                origin.is_loopback() || origin.is_of(host) || self.origins.contains(&origin)
            });
            if !is_allowed {
                return Err(foreign_origin(format!(
                    "origin `{text}` is not allowed; start the emulator with --allow-origin {text} to allow it"
                )));
            }
        }
        Ok(())
    }
}

/// The control API is for its own page and for programs that are no browser.
fn check_control<B>(request: &Request<B>, host: &Authority) -> Result<(), Rejection> {
    let headers = request.headers();
    for value in headers.get_all(header::ORIGIN) {
        let text = String::from_utf8_lossy(value.as_bytes());
        if !Origin::parse(&text).is_some_and(|origin| origin.is_of(host)) {
            return Err(foreign_origin(format!(
                "the control API is not open to pages of `{text}`"
            )));
        }
    }
    let is_own = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .all(|site| site == "none" || site == "same-origin");
    if !is_own && !is_visit(request) {
        return Err(foreign_origin(
            "the control API is not open to pages of other sites",
        ));
    }
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if changes && !is_json(headers) && !headers.contains_key(CONTROL_HEADER) {
        return Err(Rejection {
            code: "INVALID_REQUEST",
            message: format!(
                "a change needs `content-type: application/json` or the header `{CONTROL_HEADER}`"
            ),
        });
    }
    Ok(())
}

/// A link from another site to something that is made to be looked at, in a tab of its own.
fn is_visit<B>(request: &Request<B>) -> bool {
    let is =
        |name: HeaderName, value: &str| request.headers().get(name).is_some_and(|v| v == value);
    let path = request.uri().path();
    let is_sign_in = path
        .strip_prefix("/__emulator/provider/")
        .and_then(|rest| rest.strip_suffix("/authorize"))
        .is_some_and(|provider| !provider.contains('/'));
    request.method() == Method::GET
        && (is_sign_in || path == "/__emulator" || path == "/__emulator/")
        && is(SEC_FETCH_MODE, "navigate")
        && is(SEC_FETCH_DEST, "document")
}

/// Forms and unasked `fetch` calls have another type: a page may send this one only after a preflight.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    values.next().is_some_and(is_json) && values.all(is_json)
}

fn invalid_host(message: impl Into<String>) -> Rejection {
    Rejection {
        code: "INVALID_HOST",
        message: message.into(),
    }
}

fn foreign_origin(message: impl Into<String>) -> Rejection {
    Rejection {
        code: "ACCESS_DENIED",
        message: message.into(),
    }
}

/// A host without its port. Ports do not matter: containers and tunnels map them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    /// In lower case, without a dot at the end.
    Name(String),
}

impl Host {
    fn of(authority: &Authority) -> Option<Self> {
        if authority.as_str().contains('@') {
            return None;
        }
        Self::parse(authority.host())
    }

    fn parse(text: &str) -> Option<Self> {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Some(bare) = bare {
            let ip: std::net::Ipv6Addr = bare.parse().ok()?;
            return Some(Self::Ip(IpAddr::V6(ip).to_canonical()));
        }
        if let Ok(ip) = text.parse::<std::net::Ipv4Addr>() {
            return Some(Self::Ip(ip.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        is_name.then_some(Self::Name(name))
    }

    /// `localhost` and the names below it never leave the machine (RFC 6761, section 6.3).
    fn is_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_loopback(),
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

fn allowed_host(text: &str) -> Result<Host, StartError> {
    let host = match text.parse::<IpAddr>() {
        Ok(ip) => Some(Host::Ip(ip.to_canonical())),
        Err(_) => Host::parse(text),
    };
    host.ok_or_else(|| {
        StartError::new(format!(
            "allow_host: `{text}` is not a host; expected a name or an IP address without scheme and port"
        ))
    })
}

/// Where a page comes from, as `Origin` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// `null`: a sandboxed frame, a local file, a redirect.
    Opaque,
    Page {
        scheme: String,
        host: Host,
        port: Option<u16>,
    },
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Opaque);
        }
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let authority: Authority = authority.parse().ok()?;
        let port = match (authority.port_u16(), &*scheme) {
            (Some(80), "http") | (Some(443), "https") => None,
            (port, _) => port,
        };
        let host = Host::of(&authority)?;
        Some(Self::Page { scheme, host, port })
    }

    fn is_loopback(&self) -> bool {
        matches!(self, Self::Page { scheme, host, .. } if is_web(scheme) && host.is_loopback())
    }

    /// Whether the page was loaded from the host that it calls.
    fn is_of(&self, called: &Authority) -> bool {
        match self {
            Self::Page { scheme, host, port } => {
                let default = if scheme == "https" { 443 } else { 80 };
                is_web(scheme)
                    && Host::of(called).as_ref() == Some(host)
                    && called.port_u16().unwrap_or(default) == port.unwrap_or(default)
            }
            Self::Opaque => false,
        }
    }
}

fn is_web(scheme: &str) -> bool {
    scheme == "http" || scheme == "https"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(listen: &str, hosts: &[&str], origins: &[&str]) -> Guard {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        let options = GuardOptions {
            hosts: texts(hosts),
            origins: texts(origins),
        };
        Guard::new(listen.parse().unwrap(), &options).unwrap()
    }

    fn admits(
        guard: &Guard,
        zone: Zone,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> bool {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        guard.admit(zone, &request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn hosts() {
        let guard = guard("192.168.1.5", &["phone.test", "10.0.2.2", "fd00::2"], &[]);
        for (host, allowed) in [
            ("127.0.0.1:8787", true),
            ("127.8.9.1", true),
            ("localhost:1", true),
            ("LOCALHOST.", true),
            ("app.localhost", true),
            ("[::1]:8787", true),
            ("[::ffff:127.0.0.1]", true),
            ("192.168.1.5:8787", true),
            ("phone.test:8787", true),
            ("Phone.Test", true),
            ("10.0.2.2:8787", true),
            ("[fd00::2]:1", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("evil-localhost", false),
            ("a.phone.test", false),
            ("192.168.1.6", false),
            ("0.0.0.0:8787", false),
            ("localhost@evil.example", false),
            ("evil.example@localhost", false),
            ("[::2]", false),
            ("", false),
        ] {
            let headers = [("host", host)];
            for zone in [Zone::Products, Zone::Control] {
                assert_eq!(
                    admits(&guard, zone, "GET", "/", &headers),
                    allowed,
                    "{host}"
                );
            }
        }
        let both = [("host", "localhost"), ("host", "evil.example")];
        assert!(!admits(&guard, Zone::Products, "GET", "/", &both));
        assert!(!admits(&guard, Zone::Products, "GET", "/", &[]));
        let local = [("host", "localhost")];
        assert!(!admits(
            &guard,
            Zone::Products,
            "GET",
            "http://evil.example/",
            &local
        ));
    }

    #[test]
    fn origins_of_products() {
        let guard = guard(
            "127.0.0.1",
            &["phone.test"],
            &["https://app.example", "capacitor://localhost"],
        );
        for (origin, allowed) in [
            ("http://localhost:5173", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:3000", true),
            ("http://phone.test:8787", true),
            ("https://app.example", true),
            ("https://app.example:443", true),
            ("capacitor://localhost", true),
            ("http://app.example", false),
            ("https://app.example:8443", false),
            ("https://app.example.evil.example", false),
            ("https://evil.example", false),
            ("http://phone.test", false),
            ("ionic://localhost", false),
            ("null", false),
            ("localhost", false),
            ("http://localhost/", false),
            ("http://localhost@evil.example", false),
            ("", false),
        ] {
            let headers = [("host", "phone.test:8787"), ("origin", origin)];
            let admitted = admits(&guard, Zone::Products, "POST", "/v1/functions/f", &headers);
            assert_eq!(admitted, allowed, "{origin}");
        }
    }

    #[test]
    fn the_control_api() {
        const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
        let guard = guard("127.0.0.1", &[], &["https://app.example"]);
        let admits = |method: &str, path: &str, more: &[(&str, &str)]| {
            let headers = [&[("host", "localhost:8787")], more].concat();
            admits(&guard, Zone::Control, method, path, &headers)
        };
        for (more, allowed) in [
            (&[][..], true),
            (&[("origin", "http://localhost:8787")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", "http://localhost:5173")], false),
            (&[("origin", "http://localhost")], false),
            (&[("origin", "http://127.0.0.1:8787")], false),
            (&[("origin", "https://app.example")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
        ] {
            assert_eq!(
                admits("GET", "/__emulator/inbox", more),
                allowed,
                "{more:?}"
            );
        }
        for (more, allowed) in [
            (&[][..], false),
            (&[("content-type", "text/plain")], false),
            (&[("content-type", "text/plain;application/json")], false),
            (&[("content-type", "text/plain"), JSON], false),
            (&[JSON], true),
            (&[("x-cloudbase-emulator", "1")], true),
            (&[JSON, ("origin", "http://localhost:8787")], true),
            (&[JSON, ("origin", "https://evil.example")], false),
            (&[JSON, ("sec-fetch-site", "cross-site")], false),
        ] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                assert_eq!(
                    admits(method, "/__emulator/reset", more),
                    allowed,
                    "{more:?}"
                );
            }
        }
        let tab = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let frame = [tab[0], tab[1], ("sec-fetch-dest", "iframe")];
        for (path, headers, allowed) in [
            ("/__emulator/", &tab, true),
            ("/__emulator/provider/github/authorize", &tab, true),
            ("/__emulator/provider/github/authorize", &frame, false),
            ("/__emulator/inbox", &tab, false),
        ] {
            assert_eq!(admits("GET", path, headers), allowed, "{path}");
        }
    }

    #[test]
    fn settings_that_can_match_nothing() {
        let start = |hosts: &[&str], origins: &[&str]| {
            let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
            let options = GuardOptions {
                hosts: texts(hosts),
                origins: texts(origins),
            };
            Guard::new(IpAddr::from([127, 0, 0, 1]), &options).map_err(|error| error.to_string())
        };
        for host in ["http://phone.test", "phone.test:8787", "a b", "", "*"] {
            let error = start(&[host], &[]).unwrap_err();
            assert!(error.contains("allow_host"), "{error}");
        }
        for origin in [
            "app.example",
            "https://app.example/",
            "https://a b",
            "",
            "*",
        ] {
            let error = start(&[], &[origin]).unwrap_err();
            assert!(error.contains("allow_origin"), "{error}");
        }
    }
}
