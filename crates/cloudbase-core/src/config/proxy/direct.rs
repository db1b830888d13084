//! The hosts that are reached without a proxy: the entries of `NO_PROXY`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The entries of a `NO_PROXY`: a matcher for those that hold for every port, and one for each port that
/// others are limited to. The matcher itself knows no ports, brackets, final dots or `*.` before a domain,
/// only commas between entries, and takes `*` for names alone.
#[derive(Debug, Default)]
pub(super) struct Direct(Vec<(Option<u16>, Matcher)>);

impl Direct {
    /// What cannot be understood matches nothing, as everywhere.
    pub(super) fn parse(list: &str) -> Self {
        let separates = |c: char| matches!(c, ',' | ';') || c.is_whitespace();
        let mut by_port = BTreeMap::<_, Vec<_>>::new();
        for (host, port) in list.split(separates).filter_map(entry) {
            by_port.entry(port).or_default().push(host);
        }
        // A matcher says for which hosts to use its proxy; which one that is does not matter.
        let matcher = |hosts: Vec<String>| Matcher::builder().all("proxy").no(hosts.join(","));
        let matchers = by_port.into_iter();
        Self(
            matchers
                .map(|(port, hosts)| (port, matcher(hosts).build()))
                .collect(),
        )
    }

    /// Whether `host`, which is [bare](bare_host), is reached without a proxy on `port`.
    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let host = match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            Ok(IpAddr::V4(address)) => address.to_string(),
            Err(_) => host.to_owned(),
        };
        let Ok(target) = Uri::try_from(format!("http://{host}/")) else {
            return false;
        };
        self.0.iter().any(|(only, hosts)| {
            only.is_none_or(|only| only == port) && hosts.intercept(&target).is_none()
        })
    }
}

/// A host without the brackets of an address and the final dot of a name.
pub(super) fn bare_host(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// An entry as the matcher reads it, and the port that it is limited to.
fn entry(entry: &str) -> Option<(String, Option<u16>)> {
    if entry == "*" {
        return Some(("*,0.0.0.0/0,::/0".to_owned(), None));
    }
    // `[fd00::1]:443`, `[fd00::]/8`, `[fd00::/8]`
    let bracketed = entry
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    if let Some((inside, after)) = bracketed {
        return match after.strip_prefix(':') {
            Some(digits) => Some((network(inside)?, Some(number(digits)?))),
            None => Some((network(&format!("{inside}{after}"))?, None)),
        };
    }
    if let Some(network) = network(entry) {
        return Some((network, None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, digits)) => (host, Some(number(digits)?)),
        None => (entry, None),
    };
    let domain = host.trim_start_matches('*').trim_start_matches('.');
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    (!domain.is_empty()).then(|| (domain.to_owned(), port))
}

/// An address, or the network `address/bits`. An IPv4 one written as IPv6 is the same.
fn network(text: &str) -> Option<String> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(number::<u8>(bits)?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    Some(match (address.to_canonical(), bits) {
        (IpAddr::V4(short), Some(bits)) if address.is_ipv6() && bits >= 96 => {
            format!("{short}/{}", bits - 96)
        }
        (canonical, None) => canonical.to_string(),
        _ => text.to_owned(),
    })
}

/// Digits alone: the standard library reads `+80` as a number.
fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests;
