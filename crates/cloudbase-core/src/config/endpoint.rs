//! Where calls go: the environment, and the one origin that may see a credential.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};

use super::Site;
use crate::error::{Error, Result};

/// The id of a CloudBase environment: `my-env-1a2b3c`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvId(Box<str>);

impl EnvId {
    /// Checks an environment id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) unless it is 1 to 63 letters, digits and
    /// hyphens, with no hyphen at either end: it becomes part of a host name.
    pub fn new(id: &str) -> Result<Self> {
        Self::parse("env_id", id)
    }

    /// As [`new`](Self::new); `setting` is what an error names.
    pub(crate) fn parse(setting: &str, id: &str) -> Result<Self> {
        let fits = (1..=63).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !id.starts_with('-')
            && !id.ends_with('-');
        if fits {
            Ok(Self(id.into()))
        } else {
            Err(Error::config(
                setting,
                "must be 1 to 63 letters, digits and hyphens, with no hyphen at either end",
            ))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for EnvId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origin of the gateway, with the path in front of every call, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) prefix: Box<str>,
}

impl Endpoint {
    /// The gateway of an environment.
    pub(crate) fn of(env_id: &EnvId, site: Site) -> Result<Self> {
        let domain = match site {
            Site::Domestic => "api.tcloudbasegateway.com",
            Site::International => "api.intl.tcloudbasegateway.com",
        };
        Self::parse("endpoint", &format!("https://{env_id}.{domain}"), false)
    }

    /// `setting` is what an error names.
    pub(crate) fn parse(setting: &str, text: &str, allow_plain_http: bool) -> Result<Self> {
        const FORM: &str = "must be a URL of the form `https://host[:port][/path]`";
        let invalid = |rule: &str| Error::config(setting, rule);
        // The parser would drop a fragment without a word.
        if text.contains(['?', '#']) {
            return Err(invalid("must not have a query or a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| invalid(FORM))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid(FORM));
        };
        if authority.as_str().contains('@') {
            return Err(invalid("must not hold a user name or password"));
        }
        if authority.host().is_empty() || port_of(&authority).is_none() {
            return Err(invalid(FORM));
        }
        if scheme == Scheme::HTTP {
            if !allow_plain_http && !is_loopback(authority.host()) {
                return Err(invalid(
                    "uses plain http to another machine: use https, or set `allow_plain_http`",
                ));
            }
        } else if scheme != Scheme::HTTPS {
            return Err(invalid("must begin with `https://` or `http://`"));
        }
        let path = parts.path_and_query.as_ref().map_or("", |path| path.path());
        let prefix = path.trim_end_matches('/');
        if prefix.split('/').any(|part| part == "." || part == "..") {
            return Err(invalid("must not have `.` or `..` in its path"));
        }
        Ok(Self {
            scheme,
            authority,
            prefix: prefix.into(),
        })
    }

    /// Whether calls go over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host, without its port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Whether `uri` is on this origin: same scheme, host and port.
    pub fn is_origin_of(&self, uri: &Uri) -> bool {
        let default = if self.is_https() { 443 } else { 80 };
        uri.scheme() == Some(&self.scheme)
            && uri
                .host()
                .is_some_and(|host| host.eq_ignore_ascii_case(self.authority.host()))
            && uri.port_u16().unwrap_or(default) == self.authority.port_u16().unwrap_or(default)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

/// The port that `authority` names, if any; `None` if what stands in its place is no port. The
/// parser lets anything pass there, and the standard library reads `+80` as a number.
pub(crate) fn port_of(authority: &Authority) -> Option<Option<u16>> {
    match authority.as_str().strip_prefix(authority.host())? {
        "" => Some(None),
        rest => {
            let digits = rest.strip_prefix(':')?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok().map(Some))?
        }
    }
}

/// Whether `host` names this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
