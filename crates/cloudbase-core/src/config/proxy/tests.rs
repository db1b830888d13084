//! What proxy variables and URLs mean, and which are rejected.

use super::*;

fn rules(variables: &[(&str, &str)]) -> Result<ProxyRules> {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    ProxyVariables::read(&lookup).rules()
}

fn way(rules: &ProxyRules, target: &str) -> Option<String> {
    let proxy = rules.proxy_for(&target.parse().unwrap())?;
    Some(proxy.address.authority().unwrap().to_string())
}

#[test]
fn variables_choose_the_proxy() {
    let rules = rules(&[
        ("HTTP_PROXY", "http://plain:3128"),
        ("https_proxy", "secure:8080"),
        ("HTTPS_PROXY", "http://ignored"),
    ])
    .unwrap();
    assert_eq!(way(&rules, "http://a.org/").as_deref(), Some("plain:3128"));
    assert_eq!(
        way(&rules, "https://a.org/").as_deref(),
        Some("secure:8080")
    );
}

#[test]
fn all_proxy_fills_in() {
    let rules = rules(&[("ALL_PROXY", "socks5h://s"), ("http_proxy", "http://p")]).unwrap();
    assert_eq!(way(&rules, "http://a.org/").as_deref(), Some("p:80"));
    assert_eq!(way(&rules, "https://a.org/").as_deref(), Some("s:1080"));
}

#[test]
fn a_cgi_program_ignores_the_header() {
    let rules = rules(&[("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")]).unwrap();
    assert_eq!(way(&rules, "http://a.org/"), None);
}

#[test]
fn this_machine_needs_no_proxy() {
    let rules = ProxyRules::all("proxy", &"http://p:1".into()).unwrap();
    for target in ["http://localhost:1/", "http://127.9.9.9/", "https://[::1]/"] {
        assert_eq!(way(&rules, target), None, "{target}");
    }
    assert_eq!(way(&rules, "http://10.0.0.1/").as_deref(), Some("p:1"));
}

#[test]
fn no_proxy_lists_hosts() {
    let direct = "example.org, .corp.example,10.1.0.0/16,192.168.1.7 [2001:db8::1],fd00::/8,\
                  ported.example:8443,*.star.example,bad/x,10.0.0.0/99";
    let rules = rules(&[("all_proxy", "http://p:1"), ("no_proxy", direct)]).unwrap();
    for (target, proxied) in [
        ("https://example.org/", false),
        ("https://EXAMPLE.org/", false),
        ("https://api.example.org/", false),
        ("https://notexample.org/", true),
        ("https://example.org.evil.example/", true),
        ("https://corp.example/", false),
        ("https://a.corp.example/", false),
        ("https://10.1.255.1/", false),
        ("https://10.2.0.1/", true),
        ("https://192.168.1.7/", false),
        ("https://192.168.1.8/", true),
        ("https://[2001:db8::1]/", false),
        ("https://[2001:db8::2]/", true),
        ("https://[fd12::9]/", false),
        ("https://ported.example:8443/", false),
        ("https://ported.example/", true),
        ("https://a.star.example/", false),
    ] {
        assert_eq!(way(&rules, target).is_some(), proxied, "{target}");
    }
    let all = [("all_proxy", "http://p:1"), ("NO_PROXY", "*")];
    assert_eq!(
        way(&super::tests::rules(&all).unwrap(), "https://a.org/"),
        None
    );
}

#[test]
fn no_proxy_lists_are_read_however_they_are_written() {
    let direct = "[fd00::1]:443;[2001:db8::]/32\tdotted.example.;10.9.0.0/16,[fe80::1]\n\
                  10.0.0.1:8443;[::ffff:192.0.2.0]/120;[fd11::/16];bad:+80;[fd22::;fd23::]:1";
    let rules = rules(&[("all_proxy", "http://p:1"), ("no_proxy", direct)]).unwrap();
    for (target, proxied) in [
        ("https://[fd00::1]/", false),
        ("https://[fd00::1]:444/", true),
        ("http://[fd00::1]/", true),
        ("https://[2001:db8:1::7]/", false),
        ("https://[2001:db9::7]/", true),
        ("https://[fe80::1]:99/", false),
        ("https://[fd11:2::3]/", false),
        ("https://dotted.example/", false),
        ("https://a.dotted.example./", false),
        ("https://notdotted.example./", true),
        ("https://10.9.1.1/", false),
        ("https://10.0.0.1:8443/", false),
        ("https://10.0.0.1/", true),
        ("https://192.0.2.9/", false),
        ("https://192.0.3.9/", true),
        ("http://bad/", true),
        ("https://[fd22::]/", true),
        ("https://localhost./", false),
    ] {
        assert_eq!(way(&rules, target).is_some(), proxied, "{target}");
    }
}

#[test]
fn what_would_be_misread_is_rejected() {
    for url in [
        "http://u:1/2hunter2@h:1",
        "http://u:12#3hunter2@h:1",
        "http://u:12?hunter2@h:1",
        "https://u/hunter2@h",
        "u:1/hunter2@h:1",
        "http://h:1/@hunter2",
    ] {
        let error = rules(&[("https_proxy", url)]).unwrap_err();
        assert!(
            error.message().contains("percent-encode the password"),
            "{url}: {error}"
        );
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    for url in [
        "http//h:1",
        "http:/h:1",
        "https//h:1",
        "socks5/h:1",
        "h:1?x",
        "http:///h:1",
        "http://h:+80",
        "http://h:0x50",
    ] {
        let error = rules(&[("https_proxy", url)]).unwrap_err();
        assert!(error.message().contains("of the form"), "{url}: {error}");
    }
    for (url, address) in [("h:1/", "h:1"), ("h", "h:80"), ("http://h:1/x?y", "h:1")] {
        let rules = rules(&[("https_proxy", url)]).unwrap();
        assert_eq!(way(&rules, "https://a.org/").as_deref(), Some(address));
    }
    let encoded = "http://u:1%2F2@h:1".into();
    assert!(ProxyRules::all("proxy", &encoded).is_ok());
}

#[test]
fn credentials_are_decoded_and_hidden() {
    let url = "http://us%40er:p%3Ass@proxy.example:3128/path".into();
    let rules = ProxyRules::all("proxy", &url).unwrap();
    let proxy = rules.proxy_for(&"https://a.org/".parse().unwrap()).unwrap();
    let expected = format!("Basic {}", STANDARD.encode("us@er:p:ss"));
    assert_eq!(proxy.authorization().unwrap(), &expected);
    assert_eq!(proxy.address.to_string(), "http://proxy.example:3128/");
    let shown = format!("{rules:?}");
    assert!(
        !shown.contains("p%3Ass") && !shown.contains("p:ss"),
        "{shown}"
    );
}

#[test]
fn bad_proxies_are_rejected_without_their_secret() {
    for url in [
        "ftp://u:hunter2@p",
        "http://u:hunter2@",
        "http://u:hunter2@p:port",
        "http://u:hunter2%zz@p",
        "http://u:hunter2@p q",
    ] {
        let error = rules(&[("HTTPS_PROXY", url)]).unwrap_err();
        assert!(error.message().starts_with("`HTTPS_PROXY` must"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
