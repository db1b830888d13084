//! Endpoints that are taken, those that are rejected, and what their origin is.

use super::*;

fn endpoint(text: &str) -> Result<String> {
    Endpoint::parse("endpoint", text, false).map(|endpoint| endpoint.to_string())
}

#[test]
fn endpoints_keep_their_path() {
    for (text, kept) in [
        ("https://example.org", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        (
            "https://example.org:8443/a/b/",
            "https://example.org:8443/a/b",
        ),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://[::1]:8787/x", "http://[::1]:8787/x"),
        ("http://localhost", "http://localhost"),
    ] {
        assert_eq!(endpoint(text).unwrap(), kept);
    }
}

#[test]
fn bad_endpoints_are_rejected_with_the_rule() {
    for (text, rule) in [
        ("", "of the form"),
        ("example.org", "of the form"),
        ("/path", "of the form"),
        ("https://", "of the form"),
        ("https://host:port", "of the form"),
        ("https://host:99999", "of the form"),
        ("https://host:", "of the form"),
        ("https://host:+80", "of the form"),
        ("http://[::1]:+80", "of the form"),
        ("ftp://example.org", "must begin with"),
        ("https://user:secret@example.org", "user name or password"),
        ("https://user@example.org", "user name or password"),
        ("https://example.org/?a=1", "query or a fragment"),
        ("https://example.org/#x", "query or a fragment"),
        ("https://example.org/a/../b", "`..`"),
        ("http://example.org", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://localhost.example.org", "plain http"),
        ("https://exa mple.org", "of the form"),
        ("https://example.org\r\nx: y", "of the form"),
    ] {
        let error = endpoint(text).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Config);
        assert!(error.message().contains(rule), "{text:?}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(Endpoint::parse("endpoint", "http://example.org", true).is_ok());
}

#[test]
fn origins_are_scheme_host_and_port() {
    let endpoint = Endpoint::parse("endpoint", "https://Example.org/x", false).unwrap();
    for (uri, own) in [
        ("https://example.org/y", true),
        ("https://example.org:443/y", true),
        ("https://example.org:444/y", false),
        ("http://example.org/y", false),
        ("https://example.org.evil.example/y", false),
        ("/y", false),
    ] {
        assert_eq!(endpoint.is_origin_of(&uri.parse().unwrap()), own, "{uri}");
    }
}
