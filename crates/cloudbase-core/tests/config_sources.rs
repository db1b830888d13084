//! Where settings come from, which source wins, and what is rejected.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/config.rs"]
mod config;

use std::time::Duration;

use cloudbase_core::config::{ConfigBuilder, ConfigKey, RetryConfig, Site};
use cloudbase_core::{Client, ClientBuilder, Config, ExposeSecret as _};

use self::config::{base, key, rejected, variables};

#[test]
fn defaults() {
    let config = base().build().unwrap();
    assert_eq!(
        config.endpoint().to_string(),
        "https://demo-1a2b3c.api.tcloudbasegateway.com"
    );
    assert_eq!(config.region().as_str(), "ap-shanghai");
    assert_eq!(config.site(), Some(Site::Domestic));
    assert_eq!(config.language(), "zh-CN");
    assert!(config.user_agent().starts_with("cloudbase-rust/"));
    assert!(config.access_key().is_none());
    assert_eq!(config.timeouts().connect, Duration::from_millis(3100));
    assert_eq!(config.timeouts().attempt, Duration::from_secs(15));
    assert_eq!(config.timeouts().total, Duration::from_secs(60));
    assert_eq!(config.timeouts().stall, Duration::from_secs(5));
    assert_eq!(config.pool_idle_timeout(), Duration::from_millis(4500));
    assert_eq!(config.max_connections(), 256);
    assert_eq!(config.max_response_size(), 10 * 1024 * 1024);
    assert_eq!(config.retry(), RetryConfig::default());
    assert!(!config.allow_plain_http());
    assert_eq!(config.http2(), cfg!(feature = "http2"));
}

#[test]
fn an_empty_region_is_the_default() {
    let config = base().region("").build().unwrap();
    assert_eq!(config.region().as_str(), "ap-shanghai");
    assert!(!config.endpoint().to_string().contains("intl"));
}

#[test]
fn the_environment_is_read_under_all_its_names() {
    for known in [
        &[("CLOUDBASE_ENV_ID", "demo-1"), ("TCB_ENV", "other")][..],
        &[("CLOUDBASE_ENV", "demo-1")],
        &[("TCB_ENV", "demo-1"), ("CLOUDBASE_ENV_ID", "")],
        &[("TCB_ENV", "demo-1"), ("SCF_NAMESPACE", "other")],
        &[("SCF_NAMESPACE", "demo-1")],
    ] {
        assert_eq!(
            variables(known).build().unwrap().env_id().as_str(),
            "demo-1"
        );
    }
    let config = variables(&[
        ("CLOUDBASE_ENV", "demo-1"),
        ("TENCENTCLOUD_REGION", "ap-singapore"),
        ("CLOUDBASE_APIKEY", "opaque-key"),
        ("CLOUDBASE_TIMEOUT", "90s"),
        ("CLOUDBASE_CONNECT_TIMEOUT", "250ms"),
        ("CLOUDBASE_MAX_ATTEMPTS", "5"),
        ("CLOUDBASE_MAX_RESPONSE_SIZE", "1024"),
        ("CLOUDBASE_LANGUAGE", "en-US"),
        ("CLOUDBASE_USER_AGENT", "my-app/1.2"),
    ])
    .build()
    .unwrap();
    assert_eq!(
        config.endpoint().to_string(),
        "https://demo-1.api.intl.tcloudbasegateway.com"
    );
    assert_eq!(config.access_key().unwrap().expose_secret(), "opaque-key");
    assert_eq!(config.timeouts().total, Duration::from_secs(90));
    assert_eq!(config.timeouts().connect, Duration::from_millis(250));
    assert_eq!(config.retry().max_attempts, 5);
    assert_eq!(config.max_response_size(), 1024);
    assert_eq!(config.language(), "en-US");
    assert!(
        config
            .user_agent()
            .starts_with("my-app/1.2 cloudbase-rust/")
    );
    let local = variables(&[
        ("CLOUDBASE_ENV_ID", "demo-1"),
        ("CLOUDBASE_ENDPOINT", "http://127.0.0.1:8787"),
        ("CLOUDBASE_ACCESS_KEY", "first"),
        ("CLOUDBASE_APIKEY", "second"),
        ("CLOUDBASE_REGION", "ap-guangzhou"),
        ("TENCENTCLOUD_REGION", "ap-singapore"),
    ])
    .build()
    .unwrap();
    assert_eq!(local.endpoint().to_string(), "http://127.0.0.1:8787");
    assert_eq!(local.access_key().unwrap().expose_secret(), "first");
    assert_eq!(local.region().as_str(), "ap-guangzhou");
}

/// A process cannot change its own variables safely: the test runs itself once more, with some set.
#[test]
fn the_variables_of_the_process_are_read() {
    if std::env::var_os("CLOUDBASE_LANGUAGE").is_none() {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_variables_of_the_process_are_read"])
            .env("CLOUDBASE_LANGUAGE", "ja")
            .env("TCB_ENV", "of-the-process")
            .env("CLOUDBASE_ENDPOINT", "http://localhost:1")
            .env("CLOUDBASE_ACCESS_KEY", "the-key")
            .env("HTTPS_PROXY", "http://proxy.example:3128")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    for config in [
        Config::from_env().unwrap(),
        ClientBuilder::from_env().build().unwrap().config().clone(),
    ] {
        assert_eq!(config.env_id().as_str(), "of-the-process");
        assert_eq!(config.endpoint().to_string(), "http://localhost:1");
        assert_eq!(config.access_key().unwrap().expose_secret(), "the-key");
        assert_eq!(config.language(), "ja");
    }
    // Without being asked, only the machine's proxy is followed.
    let asked_nothing = Config::builder().env_id("demo").build().unwrap();
    assert_eq!(asked_nothing.language(), "zh-CN");
    assert!(format!("{asked_nothing:?}").contains("proxy.example"));
    assert!(!format!("{:?}", base().build().unwrap()).contains("proxy.example"));
}

#[test]
fn the_builder_beats_the_configuration_beats_the_environment() {
    let known = &[
        ("CLOUDBASE_ENV_ID", "from-environment"),
        ("CLOUDBASE_REGION", "ap-singapore"),
        ("CLOUDBASE_ENDPOINT", "http://localhost:1"),
        ("CLOUDBASE_LANGUAGE", "en-US"),
    ];
    let config = variables(known).language("ja").build().unwrap();
    assert_eq!(config.env_id().as_str(), "from-environment");
    assert_eq!(config.language(), "ja");
    let client = ClientBuilder::default()
        .env_id("from-builder")
        .config(config)
        .build()
        .unwrap();
    assert_eq!(client.env_id().as_str(), "from-builder");
    assert_eq!(client.config().language(), "ja");
    assert_eq!(client.config().region().as_str(), "ap-singapore");
    // A variable that is overruled is not read, so it cannot be wrong.
    let overruled = variables(&[("CLOUDBASE_ENV_ID", "demo"), ("CLOUDBASE_TIMEOUT", "soon")]);
    let config = overruled.timeout(Duration::from_secs(7)).build().unwrap();
    assert_eq!(config.timeouts().total, Duration::from_secs(7));
}

#[test]
fn the_site_beats_the_region_and_the_endpoint_beats_both() {
    let host = |builder: ConfigBuilder| builder.build().unwrap().endpoint().to_string();
    let domestic = "https://demo-1a2b3c.api.tcloudbasegateway.com";
    let international = "https://demo-1a2b3c.api.intl.tcloudbasegateway.com";
    let singapore = || base().region("ap-singapore");
    assert_eq!(host(singapore()), international);
    assert_eq!(host(singapore().site(Site::Domestic)), domestic);
    assert_eq!(host(base().site(Site::International)), international);
    let own = singapore().site(Site::International);
    assert_eq!(
        host(own.endpoint("https://own.example")),
        "https://own.example"
    );
}

#[test]
fn a_later_configuration_beats_an_earlier_one() {
    let first = base().language("en-US").build().unwrap();
    let second = base().env_id("second").build().unwrap();
    let client = ClientBuilder::from_config(first)
        .config(second)
        .endpoint("http://localhost:1")
        .build()
        .unwrap();
    assert_eq!(client.env_id().as_str(), "second");
    // The default of the second is no setting.
    assert_eq!(client.config().language(), "en-US");
}

#[test]
fn the_access_key_names_the_environment() {
    let config = Config::builder().access_key(key("demo-1a2b3c")).build();
    assert_eq!(config.unwrap().env_id().as_str(), "demo-1a2b3c");
    assert!(base().access_key(key("demo-1a2b3c")).build().is_ok());
    let error = rejected(base().access_key(key("other-9z")));
    assert_eq!(
        error.message(),
        "`access_key` is for the environment `other-9z`, but `env_id` is `demo-1a2b3c`"
    );
    assert!(!format!("{error:?}").contains(&key("other-9z")));
}

#[test]
fn the_namespace_of_the_platform_is_the_last_to_name_the_environment() {
    for namespace in ["default", "somewhere"] {
        let variables = ConfigBuilder::from_variables(move |name| match name {
            "SCF_NAMESPACE" => Some(namespace.to_owned()),
            "CLOUDBASE_ACCESS_KEY" => Some(key("demo-1a2b3c")),
            _ => None,
        });
        let config = variables.build().unwrap();
        assert_eq!(config.env_id().as_str(), "demo-1a2b3c");
    }
    let error = rejected(variables(&[("SCF_NAMESPACE", "default")]));
    assert!(error.message().contains("`env_id` is not set"), "{error}");
}

#[test]
fn an_empty_access_key_is_none() {
    assert!(
        base()
            .access_key("")
            .build()
            .unwrap()
            .access_key()
            .is_none()
    );
    let error = rejected(Config::builder().access_key(""));
    assert!(
        error.message().starts_with("`env_id` is not set"),
        "{error}"
    );
}

#[test]
fn bad_values_are_rejected_with_name_and_rule() {
    let zero = Duration::ZERO;
    let mut upside_down = RetryConfig::default();
    upside_down.cap = Duration::from_millis(1);
    for (builder, message) in [
        (Config::builder(), "`env_id` is not set"),
        (base().env_id("a.b"), "`env_id` must be 1 to 63"),
        (base().env_id("-a"), "`env_id` must be 1 to 63"),
        (base().env_id("a\r\nb"), "`env_id` must be 1 to 63"),
        (base().region("Shanghai!"), "`region` must be"),
        (base().endpoint("example.org"), "`endpoint` must be a URL"),
        (base().endpoint(""), "`endpoint` must be a URL"),
        (
            base().endpoint("http://example.org"),
            "`endpoint` uses plain http",
        ),
        (base().access_key("se cret"), "`access_key` must consist"),
        (base().access_key("secret\n"), "`access_key` must consist"),
        (base().access_key("sécret"), "`access_key` must consist"),
        (base().language("zh\r\nCN"), "`language` must be"),
        (base().language(""), "`language` must be"),
        (base().user_agent("a\nb"), "`user_agent` must consist"),
        (
            base().connect_timeout(zero),
            "`connect_timeout` must be longer",
        ),
        (
            base().attempt_timeout(zero),
            "`attempt_timeout` must be longer",
        ),
        (base().timeout(zero), "`timeout` must be longer"),
        (base().stall_timeout(zero), "`stall_timeout` must be longer"),
        (
            base().max_connections(0),
            "`max_connections` must be at least 1",
        ),
        (base().max_attempts(0), "`max_attempts` must be at least 1"),
        (
            base().max_response_size(0),
            "`max_response_size` must be at least 1",
        ),
        (base().retry(upside_down), "`retry_cap` must not be shorter"),
        (base().proxy("ftp://u:secret@p"), "`proxy` must begin with"),
        (
            base().set(ConfigKey::Site, "mars"),
            "`site` must be `domestic`",
        ),
        (
            base().set(ConfigKey::MaxAttempts, "-1"),
            "`max_attempts` must be a whole number",
        ),
        (
            base().set(ConfigKey::AllowPlainHttp, "maybe"),
            "`allow_plain_http` must be",
        ),
    ] {
        let error = rejected(builder);
        assert!(
            error.message().starts_with(message),
            "{error} is not {message}"
        );
        assert!(
            !format!("{error} {error:?}").contains("cret\""),
            "{error:?}"
        );
    }
    let error = rejected(variables(&[
        ("CLOUDBASE_ENV_ID", "demo"),
        ("CLOUDBASE_TIMEOUT", "soon"),
    ]));
    assert!(
        error
            .message()
            .starts_with("`CLOUDBASE_TIMEOUT` must be a duration"),
        "{error}"
    );
}

#[test]
fn keys_are_read_from_text() {
    for key in ConfigKey::ALL {
        assert_eq!(key.as_ref().parse::<ConfigKey>().unwrap(), *key);
        assert_eq!(
            key.as_ref().to_uppercase().parse::<ConfigKey>().unwrap(),
            *key
        );
        let upper = format!("CLOUDBASE_{}", key.as_ref().to_uppercase());
        assert_eq!(key.variables()[0], upper);
    }
    let error = "regoin".parse::<ConfigKey>().unwrap_err();
    assert_eq!(error.message(), "`regoin` is not a setting");
    let config = base()
        .set(ConfigKey::Site, "intl")
        .set(ConfigKey::Timeout, "2m")
        .set(ConfigKey::AllowPlainHttp, "yes")
        .set(ConfigKey::Endpoint, "http://gateway.internal/base/")
        .set(ConfigKey::Proxy, "off")
        .build()
        .unwrap();
    assert_eq!(config.site(), Some(Site::International));
    assert_eq!(config.timeouts().total, Duration::from_secs(120));
    assert_eq!(
        config.endpoint().to_string(),
        "http://gateway.internal/base"
    );
}

#[test]
fn nothing_shows_a_secret() {
    let config = base()
        .access_key("sentinel-key")
        .proxy("http://user:sentinel-password@proxy.example:3128");
    let shown = format!("{config:?} {:?}", config.clone().build().unwrap());
    assert!(!shown.contains("sentinel"), "{shown}");
    let client = Client::new(config.endpoint("http://localhost:1").build().unwrap()).unwrap();
    assert!(!format!("{client:?}").contains("sentinel"));
}

#[cfg(not(feature = "rustls-ring"))]
#[test]
fn without_tls_https_is_rejected_by_name() {
    let error = base().build().and_then(Client::new).unwrap_err();
    assert!(error.message().contains("rustls-ring"), "{error}");
    assert!(Client::new(base().endpoint("http://localhost:1").build().unwrap()).is_ok());
}
