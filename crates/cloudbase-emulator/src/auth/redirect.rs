//! Where the development identity source may send a browser back to.

/// Schemes that a browser, or the system for it, runs or opens by itself. None is an application's own.
const NOT_AN_APPLICATIONS: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "moz-extension",
    "ms-settings",
    "resource",
    "search-ms",
    "sms",
    "ssh",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Checks a redirect URI: `http`, `https`, or an application's own scheme (RFC 8252, section 7.1), and nothing in it that
/// browsers drop or read as something else.
pub(super) fn check(uri: &str) -> Result<(), String> {
    let invalid = |rule: &str| Err(format!("redirect_uri {rule}"));
    if uri.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return invalid("must not contain white space, control characters or backslashes");
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        return invalid("must be absolute");
    };
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || NOT_AN_APPLICATIONS.contains(&&*scheme) {
        return invalid("must be an http or https URL, or have an application's own scheme");
    }
    let authority = rest
        .strip_prefix("//")
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match authority {
        Some(authority) if authority.contains('@') => invalid("must not name a user"),
        Some(authority) if !authority.is_empty() => Ok(()),
        _ if scheme == "http" || scheme == "https" => invalid("must name a host"),
        Some(_) => Ok(()),
        // `com.example.app:/callback`; without a dot it more likely belongs to another app.
        None if scheme.contains('.') => Ok(()),
        None => {
            invalid("with an application's own scheme must contain `://`, or a dot in the scheme")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_and_applications() {
        for uri in [
            "http://localhost:5173/callback",
            "https://app.example/#/callback",
            "myapp://callback",
            "com.example.app:/callback",
            "capacitor://localhost",
            "myapp:///callback",
        ] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
        for uri in [
            "javascript:alert(1)",
            "JavaScript://%0aalert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:http://localhost/1",
            "view-source:http://localhost",
            "//evil.example",
            "/callback",
            "callback",
            "http:evil.example",
            "http:///evil.example",
            "https:\\\\evil.example",
            "http://good.example@evil.example/",
            "unknown:x",
            "http://localhost/\r\nset-cookie: a=b",
            "",
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
    }
}
