//! The rules of settings that are text, and what the errors about them name.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/config.rs"]
mod config;

use cloudbase_core::config::{ConfigBuilder, ConfigKey, Site};
use cloudbase_core::{ClientBuilder, Config};

use self::config::{base, key, rejected, variables};

#[test]
fn an_unknown_region_decides_no_site() {
    for region in [
        "ap-shangai",
        "ap-jinan-ec",
        "garbage",
        "ap-singapore-1",
        "us-east-1",
    ] {
        let error = rejected(base().region(region).access_key("sentinel-key"));
        assert!(
            error.message().starts_with("`region`")
                && error.message().contains("`site`")
                && error.message().contains("`endpoint`"),
            "{region}: {error}"
        );
        // Said otherwise, it is a name like any other.
        for builder in [
            base().region(region).site(Site::Domestic),
            base().region(region).endpoint("https://own.example"),
        ] {
            let config = builder.build().unwrap();
            assert_eq!(config.region().as_str(), region);
            assert!(!config.endpoint().host().contains("intl"));
        }
    }
    let error = rejected(variables(&[
        ("CLOUDBASE_ENV_ID", "demo"),
        ("TENCENTCLOUD_REGION", "garbage"),
    ]));
    assert!(
        error.message().starts_with("`TENCENTCLOUD_REGION`"),
        "{error}"
    );
}

#[test]
fn errors_name_the_variable_that_a_value_came_from() {
    for (name, value) in [
        ("TCB_ENV", "a.b"),
        ("CLOUDBASE_ACCESS_KEY", "se cret"),
        ("CLOUDBASE_APIKEY", "se cret"),
        ("TENCENTCLOUD_REGION", " "),
        ("CLOUDBASE_REGION", "Shanghai!"),
        ("CLOUDBASE_ENDPOINT", "example.org"),
        ("CLOUDBASE_ENDPOINT", "http://example.org"),
        ("CLOUDBASE_LANGUAGE", ";;;"),
        ("CLOUDBASE_USER_AGENT", "a\tb"),
        ("CLOUDBASE_TIMEOUT", "0s"),
        ("CLOUDBASE_STALL_TIMEOUT", "0"),
        ("CLOUDBASE_RETRY_BASE", "0"),
        ("CLOUDBASE_RETRY_CAP", "1ms"),
        ("CLOUDBASE_MAX_CONNECTIONS", "0"),
        ("CLOUDBASE_MAX_ATTEMPTS", "0"),
        ("CLOUDBASE_MAX_RESPONSE_SIZE", "0"),
        ("CLOUDBASE_PROXY", "ftp://p"),
        ("CLOUDBASE_CA_CERTIFICATES", "no certificate"),
        ("CLOUDBASE_CLIENT_CERTIFICATE", "no certificate"),
        ("CLOUDBASE_CLIENT_KEY", "no key"),
        ("CLOUDBASE_ONLY_CA_CERTIFICATES", "yes"),
        ("https_proxy", "ftp://p"),
    ] {
        let lookup = move |asked: &str| match asked {
            _ if asked == name => Some(value.to_owned()),
            "CLOUDBASE_ENV_ID" => Some("demo".to_owned()),
            _ => None,
        };
        let lookup = move |asked: &str| match (name, asked) {
            ("TCB_ENV", "CLOUDBASE_ENV_ID") => None,
            _ => lookup(asked),
        };
        let error = rejected(ConfigBuilder::from_variables(lookup));
        assert!(error.message().contains(&format!("`{name}`")), "{error}");
    }
    // What the builder says is named by the setting, though there is a variable.
    let known = &[
        ("CLOUDBASE_ENV_ID", "demo"),
        ("CLOUDBASE_LANGUAGE", "en-US"),
        ("CLOUDBASE_RETRY_CAP", "5s"),
    ];
    let error = rejected(variables(known).language(";;;"));
    assert!(error.message().starts_with("`language`"), "{error}");
    // A rule about two settings names each by where it came from.
    let error = rejected(variables(known).set(ConfigKey::RetryBase, "6s"));
    assert_eq!(
        error.message(),
        "`CLOUDBASE_RETRY_CAP` must not be shorter than `retry_base`"
    );
    // Also after the settings went through a finished configuration.
    let config = variables(known).build().unwrap();
    let error = ClientBuilder::from_config(config.clone())
        .set(ConfigKey::RetryBase, "6s")
        .build()
        .unwrap_err();
    assert!(
        error.message().starts_with("`CLOUDBASE_RETRY_CAP`"),
        "{error}"
    );
    let key = key("other-9z");
    let error = ClientBuilder::from_config(config)
        .access_key(key)
        .build()
        .unwrap_err();
    assert_eq!(
        error.message(),
        "`access_key` is for the environment `other-9z`, but `CLOUDBASE_ENV_ID` is `demo`"
    );
}

#[test]
fn languages_are_tags_or_lists_of_them() {
    for good in [
        "zh-CN",
        "en",
        "ja",
        "zh-Hant-TW",
        "es-419",
        "*",
        "en-US,en;q=0.9, *;q=0.5",
        "de; q=1.000",
    ] {
        let config = base().language(good).build().unwrap();
        assert_eq!(config.language(), good);
    }
    for bad in [
        "",
        "C",
        " ",
        ";;;",
        ",",
        "en,",
        "en_US",
        "-",
        "en-",
        "en--US",
        "en;",
        "en;q=",
        "en;q=2",
        "en;q=0.1234",
        "en;q=1.5",
        "q=1",
        "C.UTF-8",
        "12",
        "abcdefghi",
        "en US",
        "*-US",
        &"en,".repeat(100),
    ] {
        let error = rejected(base().language(bad));
        assert!(
            error.message().starts_with("`language` must be"),
            "{bad:?}: {error}"
        );
    }
}

#[test]
fn a_user_agent_has_a_length_and_no_blank_ends() {
    let longest = "a".repeat(256);
    for good in ["my-app/1.2", "my-app/1.2 (linux; x64)", &longest] {
        let config = base().user_agent(good).build().unwrap();
        assert!(
            config
                .user_agent()
                .starts_with(&format!("{good} cloudbase-rust/"))
        );
    }
    for bad in [
        " ",
        " a",
        "a ",
        "a\tb",
        "ä",
        &"a".repeat(257),
        &"a".repeat(9000),
    ] {
        let error = rejected(base().user_agent(bad));
        assert!(
            error.message().starts_with("`user_agent` must"),
            "{bad:?}: {error}"
        );
    }
}

#[test]
fn ports_are_digits() {
    for bad in [
        "https://h:+80",
        "https://h:-1",
        "https://h: 80",
        "https://h:0x50",
        "https://[::1]:+1",
    ] {
        let error = rejected(base().endpoint(bad));
        assert!(
            error.message().starts_with("`endpoint` must be a URL"),
            "{bad}: {error}"
        );
        let error = rejected(base().proxy(bad.replace("https", "http")));
        assert!(
            error.message().starts_with("`proxy` must be a URL"),
            "{bad}: {error}"
        );
    }
}

#[test]
fn off_means_no_proxy_wherever_it_is_written() {
    let shown = |builder: ConfigBuilder| format!("{:?}", builder.build().unwrap());
    let direct = shown(base());
    for off in ["off", "OFF", " off "] {
        let builder = Config::builder().env_id("demo-1a2b3c");
        assert_eq!(shown(builder.clone().proxy(off)), direct, "{off}");
        assert_eq!(shown(builder.set(ConfigKey::Proxy, off)), direct, "{off}");
    }
    for known in [
        &[
            ("CLOUDBASE_ENV_ID", "demo-1a2b3c"),
            ("CLOUDBASE_PROXY", "off"),
            ("HTTPS_PROXY", "http://p:1"),
        ][..],
        &[
            ("CLOUDBASE_ENV_ID", "demo-1a2b3c"),
            ("HTTPS_PROXY", "off"),
            ("http_proxy", "Off"),
            ("ALL_PROXY", "http://p:1"),
        ],
        &[("CLOUDBASE_ENV_ID", "demo-1a2b3c"), ("all_proxy", "off")],
    ] {
        let config = ConfigBuilder::from_variables(move |name| {
            let found = known.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(shown(config), direct, "{known:?}");
    }
}

#[test]
fn the_environment_and_the_region_read_as_their_text() {
    let config = base().env_id("demo-1").region("ap-guangzhou");
    let config = config.access_key("key").build().unwrap();
    let (env_id, region) = (config.env_id(), config.region());
    let shown = [env_id.to_string(), region.to_string()];
    assert_eq!(shown, ["demo-1", "ap-guangzhou"]);
    let text: [&str; 2] = [env_id.as_ref(), region.as_ref()];
    assert_eq!(text, shown);
}

#[test]
fn user_and_password_of_a_socks_proxy_have_up_to_255_bytes() {
    for (user, password, fits) in [(255, 255, true), (256, 1, false), (1, 256, false)] {
        let (user, password) = ("u".repeat(user), "p".repeat(password));
        let config = Config::builder()
            .env_id("demo-1a2b3c")
            .access_key("key")
            .proxy(format!("socks5://{user}:{password}@proxy.example:1080"));
        let (user, password) = (user.len(), password.len());
        assert_eq!(config.build().is_ok(), fits, "{user}, {password}");
    }
}
