//! Where calls go: environment, region, site, and the one origin that may see a credential.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};

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
                "env_id",
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

/// A region's name: `ap-shanghai`.
pub type Region = String;

/// Which of the two CloudBase sites an environment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Site {
    /// The domestic site.
    Domestic,
    /// The international site.
    International,
}

/// The origin of the gateway, with the path in front of every call, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) prefix: Box<str>,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let refuse = |rule: &str| Error::config("endpoint", rule);
        let uri: Uri = text
            .parse()
            .map_err(|_| refuse("must be a URL such as `https://host`"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(refuse("must be a URL such as `https://host`"));
        };
        let prefix = parts.path_and_query.map_or_else(String::new, |path| {
            path.path().trim_end_matches('/').to_owned()
        });
        Ok(Self {
            scheme,
            authority,
            prefix: prefix.into(),
        })
    }

    /// Whether `uri` is on this origin: same scheme, host and port.
    pub fn is_origin_of(&self, uri: &Uri) -> bool {
        let port = |scheme: Option<&Scheme>, port: Option<u16>| {
            port.or_else(|| (scheme == Some(&Scheme::HTTP)).then_some(80))
                .unwrap_or(443)
        };
        uri.scheme() == Some(&self.scheme)
            && uri
                .host()
                .is_some_and(|host| host.eq_ignore_ascii_case(self.authority.host()))
            && port(uri.scheme(), uri.port_u16())
                == port(Some(&self.scheme), self.authority.port_u16())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
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
