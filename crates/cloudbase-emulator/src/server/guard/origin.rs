//! Hosts and origins, as browsers name them.

use std::net::IpAddr;

use http::uri::Authority;

use crate::error::StartError;

/// A host without its port. Ports do not matter: containers and tunnels map them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Ip(IpAddr),
    /// In lower case, without a dot at the end.
    Name(String),
}

impl Host {
    pub(super) fn of(authority: &Authority) -> Option<Self> {
        if authority.as_str().contains('@') {
            return None;
        }
        Self::parse(authority.host())
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
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
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_loopback(),
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

pub(super) fn allowed_host(text: &str) -> Result<Host, StartError> {
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
pub(super) enum Origin {
    /// `null`: a sandboxed frame, a local file, a redirect.
    Opaque,
    Page {
        scheme: String,
        host: Host,
        port: Option<u16>,
    },
}

impl Origin {
    pub(super) fn parse(text: &str) -> Option<Self> {
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

    pub(super) fn is_loopback(&self) -> bool {
        matches!(self, Self::Page { scheme, host, .. } if is_web(scheme) && host.is_loopback())
    }

    /// Whether the page was loaded from the host that it calls.
    pub(super) fn is_of(&self, called: &Authority) -> bool {
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
