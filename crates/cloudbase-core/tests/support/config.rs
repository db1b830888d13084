//! Configurations from given variables, and what is wrong with one.

#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "help for tests, of which each file uses a part"
)]

use base64::Engine as _;
use cloudbase_core::config::ConfigBuilder;
use cloudbase_core::{Config, Error, ErrorKind};

/// An access key that names its environment.
pub fn key(env_id: &str) -> String {
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let payload = format!(r#"{{"project_id":"{env_id}","aud":"{env_id}","scope":"anonymous"}}"#);
    format!(
        "{}.{}.c2lnbmF0dXJl",
        encode(r#"{"alg":"RS256"}"#),
        encode(&payload)
    )
}

pub fn variables(known: &'static [(&'static str, &'static str)]) -> ConfigBuilder {
    ConfigBuilder::from_variables(move |name| {
        let found = known.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

pub fn rejected(builder: ConfigBuilder) -> Error {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error
}

pub fn base() -> ConfigBuilder {
    Config::builder().env_id("demo-1a2b3c").no_proxy()
}
