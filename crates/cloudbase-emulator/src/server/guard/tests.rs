//! Which hosts, origins and sites are let in where.

use super::*;

fn guard(listen: &str, hosts: &[&str], origins: &[&str]) -> Guard {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    let options = GuardOptions {
        hosts: texts(hosts),
        origins: texts(origins),
    };
    Guard::new(listen.parse().unwrap(), &options).unwrap()
}

fn admits(guard: &Guard, zone: Zone, method: &str, uri: &str, headers: &[(&str, &str)]) -> bool {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    guard.admit(zone, &request.body(()).unwrap()).is_ok()
}

#[test]
fn hosts() {
    let guard = guard("192.168.1.5", &["phone.test", "10.0.2.2", "fd00::2"], &[]);
    for (host, allowed) in [
        ("127.0.0.1:8787", true),
        ("127.8.9.1", true),
        ("localhost:1", true),
        ("LOCALHOST.", true),
        ("app.localhost", true),
        ("[::1]:8787", true),
        ("[::ffff:127.0.0.1]", true),
        ("192.168.1.5:8787", true),
        ("phone.test:8787", true),
        ("Phone.Test", true),
        ("10.0.2.2:8787", true),
        ("[fd00::2]:1", true),
        ("evil.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.1.evil.example", false),
        ("evil-localhost", false),
        ("a.phone.test", false),
        ("192.168.1.6", false),
        ("0.0.0.0:8787", false),
        ("localhost@evil.example", false),
        ("evil.example@localhost", false),
        ("[::2]", false),
        ("", false),
    ] {
        let headers = [("host", host)];
        for zone in [Zone::Products, Zone::Control] {
            assert_eq!(
                admits(&guard, zone, "GET", "/", &headers),
                allowed,
                "{host}"
            );
        }
    }
    let both = [("host", "localhost"), ("host", "evil.example")];
    assert!(!admits(&guard, Zone::Products, "GET", "/", &both));
    assert!(!admits(&guard, Zone::Products, "GET", "/", &[]));
    let local = [("host", "localhost")];
    assert!(!admits(
        &guard,
        Zone::Products,
        "GET",
        "http://evil.example/",
        &local
    ));
}

#[test]
fn origins_of_products() {
    let guard = guard(
        "127.0.0.1",
        &["phone.test"],
        &["https://app.example", "capacitor://localhost"],
    );
    for (origin, allowed) in [
        ("http://localhost:5173", true),
        ("https://127.0.0.1", true),
        ("http://[::1]:3000", true),
        ("http://phone.test:8787", true),
        ("https://app.example", true),
        ("https://app.example:443", true),
        ("capacitor://localhost", true),
        ("http://app.example", false),
        ("https://app.example:8443", false),
        ("https://app.example.evil.example", false),
        ("https://evil.example", false),
        ("http://phone.test", false),
        ("ionic://localhost", false),
        ("null", false),
        ("localhost", false),
        ("http://localhost/", false),
        ("http://localhost@evil.example", false),
        ("", false),
    ] {
        let headers = [("host", "phone.test:8787"), ("origin", origin)];
        let admitted = admits(&guard, Zone::Products, "POST", "/v1/functions/f", &headers);
        assert_eq!(admitted, allowed, "{origin}");
    }
}

#[test]
fn requests_of_other_sites_without_an_origin() {
    let guard = guard("127.0.0.1", &[], &["https://app.example"]);
    let admits = |zone, method: &str, path: &str, more: &[(&str, &str)]| {
        let headers = [&[("host", "localhost:8787")], more].concat();
        admits(&guard, zone, method, path, &headers)
    };
    let foreign = [("sec-fetch-site", "cross-site")];
    for (method, path, allowed) in [
        ("GET", "/v1/functions/hello", false),
        ("GET", "/v1/cloudrun/api/items", false),
        ("POST", "/auth/v1/signin/anonymously", false),
        ("GET", "/v1/storages/object/docs/a.png", false),
        ("GET", "/v1/storages/object/info/docs/a.png", false),
        ("GET", "/v1/storages/object/public/docs/a.png", true),
        ("HEAD", "/v1/storages/object/sign/docs/a.png?token=x", true),
        ("POST", "/v1/storages/object/sign/docs/a.png", false),
        ("GET", "/nothing", false),
    ] {
        let what = format!("{method} {path}");
        assert_eq!(
            admits(Zone::Products, method, path, &foreign),
            allowed,
            "{what}"
        );
        assert!(admits(Zone::Products, method, path, &[]), "{what}");
    }
    assert!(admits(Zone::Objects, "GET", "/a.png", &foreign));
    for (more, allowed) in [
        (("origin", "http://localhost:5173"), true),
        (("origin", "https://app.example"), true),
        (("origin", "https://evil.example"), false),
    ] {
        let headers = [foreign[0], more];
        assert_eq!(
            admits(Zone::Products, "GET", "/v1/apis/a/b", &headers),
            allowed,
            "{more:?}"
        );
    }
    for site in ["same-origin", "same-site", "none"] {
        let own = [("sec-fetch-site", site)];
        assert!(
            admits(Zone::Products, "GET", "/v1/apis/a/b", &own),
            "{site}"
        );
    }
}

#[test]
fn the_control_api() {
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
    let guard = guard("127.0.0.1", &[], &["https://app.example"]);
    let admits = |method: &str, path: &str, more: &[(&str, &str)]| {
        let headers = [&[("host", "localhost:8787")], more].concat();
        admits(&guard, Zone::Control, method, path, &headers)
    };
    for (more, allowed) in [
        (&[][..], true),
        (&[("origin", "http://localhost:8787")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("origin", "http://localhost:5173")], false),
        (&[("origin", "http://localhost")], false),
        (&[("origin", "http://127.0.0.1:8787")], false),
        (&[("origin", "https://app.example")], false),
        (&[("origin", "null")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
    ] {
        assert_eq!(
            admits("GET", "/__emulator/inbox", more),
            allowed,
            "{more:?}"
        );
    }
    for (more, allowed) in [
        (&[][..], false),
        (&[("content-type", "text/plain")], false),
        (&[("content-type", "text/plain;application/json")], false),
        (&[("content-type", "text/plain"), JSON], false),
        (&[JSON], true),
        (&[("x-cloudbase-emulator", "1")], true),
        (&[JSON, ("origin", "http://localhost:8787")], true),
        (&[JSON, ("origin", "https://evil.example")], false),
        (&[JSON, ("sec-fetch-site", "cross-site")], false),
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(
                admits(method, "/__emulator/reset", more),
                allowed,
                "{more:?}"
            );
        }
    }
    let tab = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let frame = [tab[0], tab[1], ("sec-fetch-dest", "iframe")];
    for (path, headers, allowed) in [
        ("/__emulator/", &tab, true),
        ("/__emulator/provider/github/authorize", &tab, true),
        ("/__emulator/provider/github/authorize", &frame, false),
        ("/__emulator/provider/github/sign_out", &tab, true),
        ("/__emulator/provider/github/sign_out", &frame, false),
        ("/__emulator/inbox", &tab, false),
    ] {
        assert_eq!(admits("GET", path, headers), allowed, "{path}");
    }
}

#[test]
fn settings_that_can_match_nothing() {
    let start = |hosts: &[&str], origins: &[&str]| {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        let options = GuardOptions {
            hosts: texts(hosts),
            origins: texts(origins),
        };
        Guard::new(IpAddr::from([127, 0, 0, 1]), &options).map_err(|error| error.to_string())
    };
    for host in ["http://phone.test", "phone.test:8787", "a b", "", "*"] {
        let error = start(&[host], &[]).unwrap_err();
        assert!(error.contains("allow_host"), "{error}");
    }
    for origin in [
        "app.example",
        "https://app.example/",
        "https://a b",
        "",
        "*",
    ] {
        let error = start(&[], &[origin]).unwrap_err();
        assert!(error.contains("allow_origin"), "{error}");
    }
}
