//! URLs that the gateway hands out for the object store, some of them unencoded.

use cloudbase_core::http::Uri;
use cloudbase_core::sdk::{percent_decode, push_encoded};
use cloudbase_core::{Error, ErrorKind, Result};

use crate::key::encode_path;

/// The URL of the object `key` (its plain name) in `text`, encoded whether it came so or not.
///
/// The name is known, so a `?` or `#` in it is not taken for the start of query or fragment.
pub(crate) fn of_object(text: &str, key: &str) -> Result<String> {
    let path_start = text
        .find("://")
        .and_then(|scheme| text[scheme + 3..].find('/').map(|at| scheme + 3 + at))
        .ok_or_else(|| unusable("it has no path"))?;
    let (origin, rest) = text.split_at(path_start);
    let raw = rest
        .strip_prefix('/')
        .and_then(|rest| rest.strip_prefix(key))
        .filter(|after| after.is_empty() || after.starts_with('?'));
    let query = match raw {
        Some(query) => query,
        None => {
            let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
            if decode(&path[1..]) != key {
                // Another name than ours, as in environments that map names: trust it as it is.
                return Ok(encode_illegal(text));
            }
            query
        }
    };
    Ok(format!(
        "{origin}/{}{}",
        encode_path(key),
        encode_illegal(query)
    ))
}

/// Reads a URL that must be absolute and http or https.
pub(crate) fn parse(url: &str) -> Result<Uri> {
    let uri: Uri = url.parse().map_err(|_| unusable("it does not parse"))?;
    if uri.authority().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(unusable("it is not absolute"));
    }
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(unusable("it names a user"));
    }
    Ok(uri)
}

/// Where a redirect from `base` leads.
pub(crate) fn resolve(base: &Uri, location: &str) -> Result<Uri> {
    let location = encode_illegal(location);
    let location = location.split('#').next().unwrap_or_default();
    if location.contains("://") && !location.starts_with(['/', '?']) {
        return parse(location);
    }
    let scheme = base.scheme_str().unwrap_or("https");
    if let Some(rest) = location.strip_prefix("//") {
        return parse(&format!("{scheme}://{rest}"));
    }
    let authority = base.authority().map_or("", |authority| authority.as_str());
    let path = base.path();
    let path = if location.starts_with('/') {
        location.to_owned()
    } else if location.starts_with('?') {
        format!("{path}{location}")
    } else {
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{folder}{location}")
    };
    parse(&format!("{scheme}://{authority}{path}"))
}

fn unusable(why: &str) -> Error {
    // Neither the URL nor its query: they carry signatures.
    Error::new(
        ErrorKind::Decode,
        format!("the URL of the object is not usable: {why}"),
    )
    .with_sent(true)
}

/// Encodes what no URL may carry and leaves the rest, escapes included, as it is.
fn encode_illegal(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_encoded(&mut encoded, text, |byte| {
        byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
    });
    encoded
}

/// Undoes percent-encoding; what is no UTF-8 afterwards comes out with replacement characters.
pub(crate) fn decode(text: &str) -> String {
    String::from_utf8_lossy(&percent_decode(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_encoded_whether_it_came_so_or_not() {
        let cases = [
            ("https://h/a/b.png", "a/b.png", "https://h/a/b.png"),
            (
                "https://h/a b?.png?sign=1&t=2",
                "a b?.png",
                "https://h/a%20b%3F.png?sign=1&t=2",
            ),
            (
                "https://h/a%20b%3F.png?sign=1",
                "a b?.png",
                "https://h/a%20b%3F.png?sign=1",
            ),
            ("https://h/a%20b", "a%20b", "https://h/a%2520b"),
            ("https://h/a%2520b", "a%20b", "https://h/a%2520b"),
            (
                "https://h/你#1?s=你",
                "你#1",
                "https://h/%E4%BD%A0%231?s=%E4%BD%A0",
            ),
            (
                "http://h:1/other/a b%20c?x",
                "a b%20c",
                "http://h:1/other/a%20b%20c?x",
            ),
        ];
        for (given, key, expected) in cases {
            assert_eq!(of_object(given, key).unwrap(), expected);
        }
        assert!(of_object("no url", "a").is_err());
    }

    #[test]
    fn redirects_resolve_like_links() {
        let base = Uri::from_static("https://h:8/a/b?c=d");
        let to = |location| resolve(&base, location).unwrap().to_string();
        assert_eq!(to("https://other/x?y"), "https://other/x?y");
        assert_eq!(to("//other/x"), "https://other/x");
        assert_eq!(to("/x y#z"), "https://h:8/x%20y");
        assert_eq!(to("x"), "https://h:8/a/x");
        assert_eq!(to("?x"), "https://h:8/a/b?x");
        assert_eq!(to("/x?u=http://z"), "https://h:8/x?u=http://z");
        for bad in ["ftp://h/x", "https://user@h/x", "https://"] {
            let error = resolve(&base, bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{bad}");
        }
    }
}
