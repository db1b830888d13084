//! The host that a request names.

use super::*;

#[test]
fn the_port_is_named_unless_it_is_the_schemes_own() {
    for (url, host) in [
        ("http://a.example/b", "a.example"),
        ("http://a.example:80/b", "a.example"),
        ("http://a.example:443/b", "a.example:443"),
        ("https://a.example:443/b", "a.example"),
        ("https://a.example:80/b", "a.example:80"),
        ("https://user@a.example:8443", "a.example:8443"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ] {
        assert_eq!(host_of(&Uri::from_static(url)).unwrap(), host, "{url}");
    }
    assert_eq!(host_of(&Uri::from_static("/b")), None);
}
