//! Reading what a call addresses: a name, a path below it, and the query.

use http::Uri;

use crate::error::GatewayError;

/// `{prefix}{name}{path}?{query}`, taken apart without decoding.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) name: &'a str,
    /// With its leading `/`; `None` when nothing follows the name.
    pub(super) path: Option<&'a str>,
    pub(super) query: Option<&'a str>,
}

impl<'a> Address<'a> {
    pub(super) fn read(prefix: &str, uri: &'a Uri) -> Option<Self> {
        let rest = uri.path().strip_prefix(prefix)?;
        let (name, path) = match rest.find('/') {
            Some(slash) => (&rest[..slash], Some(&rest[slash..])),
            None => (rest, None),
        };
        Some(Self {
            name,
            path,
            query: uri.query(),
        })
    }

    /// The path and query to send to user code, without the parameter `dropped`.
    pub(super) fn target(&self, dropped: Option<&str>) -> Result<Uri, GatewayError> {
        let query: Vec<&str> = self
            .query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| dropped.is_none() || pair.split('=').next() != dropped)
            .collect();
        let query = query.join("&");
        let path = self.path.unwrap_or("/");
        let text = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        };
        text.parse()
            .map_err(|_| GatewayError::not_found("INVALID_PATH", "The path is not valid."))
    }

    /// The value of a query parameter, without decoding.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query?
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Whether a function or service can have this name: 2 to 60 letters, digits, `-` and `_`; the first
/// a letter, the last a letter or digit.
pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (2..=60).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["ab", "hello", "a-b_c9", "pay_x1y2z3", &"a".repeat(60)] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "9a",
            "a-",
            "_ab",
            "a b",
            "\u{4f60}\u{597d}",
            "a/b",
            &"a".repeat(61),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn addresses() {
        let uri: Uri = "/v1/functions/hello/a%20b/c?webfn=true&x=1&webfn2=y"
            .parse()
            .unwrap();
        let address = Address::read("/v1/functions/", &uri).unwrap();
        assert_eq!((address.name, address.path), ("hello", Some("/a%20b/c")));
        assert_eq!(address.parameter("webfn"), Some("true"));
        assert_eq!(
            address.target(Some("webfn")).unwrap(),
            "/a%20b/c?x=1&webfn2=y"
        );
        let uri: Uri = "/v1/functions/hello".parse().unwrap();
        let address = Address::read("/v1/functions/", &uri).unwrap();
        assert_eq!((address.name, address.path), ("hello", None));
        assert_eq!(address.target(None).unwrap(), "/");
    }
}
