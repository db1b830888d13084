//! The hosts that are reached without a proxy: the entries of `NO_PROXY`.

use std::net::IpAddr;
use std::sync::Arc;

/// One entry of `NO_PROXY`; perhaps for one port only.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Direct {
    Everything,
    /// The domain and what is below it.
    Domain(Box<str>, Option<u16>),
    Network(IpAddr, u8, Option<u16>),
}

/// Entries of `NO_PROXY`; what cannot be understood matches nothing, as everywhere.
pub(super) fn parse_direct(list: &str) -> Arc<[Direct]> {
    let separates = |c: char| matches!(c, ',' | ';') || c.is_whitespace();
    list.split(separates)
        .filter(|entry| !entry.is_empty())
        .filter_map(Direct::parse)
        .collect()
}

/// A host without the brackets of an address and the final dot of a name.
pub(super) fn bare_host(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.trim_start_matches('[').trim_end_matches(']')
}

impl Direct {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((inside, after)) = entry
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            // `[fd00::1]:443`, `[fd00::]/8`, `[fd00::/8]`
            return if after.is_empty() {
                Self::network(inside, None)
            } else if let Some(digits) = after.strip_prefix(':') {
                Self::network(inside, Some(number(digits)?))
            } else {
                Self::network(&format!("{inside}/{}", after.strip_prefix('/')?), None)
            };
        }
        if entry.contains('/') || entry.parse::<IpAddr>().is_ok() {
            return Self::network(entry, None);
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, digits)) => (host, Some(number(digits)?)),
            None => (entry, None),
        };
        if host.parse::<IpAddr>().is_ok() {
            return Self::network(host, port);
        }
        let domain = host.trim_start_matches('*').trim_start_matches('.');
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let domain = domain.to_ascii_lowercase().into_boxed_str();
        (!domain.is_empty()).then_some(Self::Domain(domain, port))
    }

    /// An address, or the network `address/bits`.
    fn network(text: &str, port: Option<u16>) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(number(bits)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(widest);
        (bits <= widest).then_some(Self::Network(address, bits, port))
    }

    /// Whether `host`, which is [bare](bare_host), is reached without a proxy on `port`.
    pub(super) fn is(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Domain(domain, only) => {
                only.is_none_or(|only| only == port) && is_below(host, domain)
            }
            Self::Network(network, bits, only) => {
                only.is_none_or(|only| only == port)
                    && host
                        .parse()
                        .is_ok_and(|address| contains(*network, *bits, address))
            }
        }
    }
}

/// Digits alone: the standard library reads `+80` as a number.
fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
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

/// Whether `address` is in the network. An IPv4 address written as one of IPv6 is the same.
fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (network, bits) = match (network, network.to_canonical()) {
        (IpAddr::V6(_), canonical @ IpAddr::V4(_)) if bits >= 96 => (canonical, bits - 96),
        _ => (network, bits),
    };
    let (network, address, width) = match (network, address.to_canonical()) {
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

#[cfg(test)]
mod tests {
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
        assert!(contains("10.0.0.0", 8, "::ffff:10.9.9.9"));
        assert!(contains("::ffff:10.0.0.0", 104, "10.9.9.9"));
        assert!(!contains("::ffff:10.0.0.0", 104, "11.9.9.9"));
    }
}
