//! What an access key says of itself: it is a JWT that names its environment.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::endpoint::EnvId;
use crate::error::{Error, Result};

/// The end of an issuer's host, after environment and region.
const ISSUER: &str = ".tcb-api.tencentcloudapi.com";

#[derive(Deserialize)]
struct Claims {
    project_id: Option<String>,
    iss: Option<String>,
    aud: Option<serde_json::Value>,
}

/// Checks that `key` can be sent; `setting` is what an error names.
pub(super) fn check(setting: &str, key: &SecretString) -> Result<()> {
    let visible = key
        .expose_secret()
        .bytes()
        .all(|byte| (b'!'..=b'~').contains(&byte));
    if visible {
        Ok(())
    } else {
        Err(Error::config(
            setting,
            "must consist of visible ASCII characters, without spaces or line breaks",
        ))
    }
}

/// The environment that `key` is for, if it is a JWT that says so. The signature is the service's
/// to check.
pub(super) fn environment(key: &SecretString) -> Option<EnvId> {
    let mut parts = key.expose_secret().split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let names = [
        claims.project_id.as_deref(),
        claims.iss.as_deref().and_then(issuer),
        claims.aud.as_ref().and_then(audience),
    ];
    names
        .into_iter()
        .flatten()
        .find_map(|name| EnvId::new(name).ok())
}

/// `https://{env}.{region}.tcb-api.tencentcloudapi.com` → `env`
fn issuer(url: &str) -> Option<&str> {
    let (_, host) = url.split_once("://")?;
    let host = host.split('/').next()?;
    let (env_id, _region) = host.strip_suffix(ISSUER)?.split_once('.')?;
    Some(env_id)
}

fn audience(aud: &serde_json::Value) -> Option<&str> {
    match aud {
        serde_json::Value::Array(many) if many.len() == 1 => many[0].as_str(),
        one => one.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(payload: &str) -> SecretString {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln").into()
    }

    fn named(payload: &str) -> Option<String> {
        environment(&key(payload)).map(|id| id.to_string())
    }

    #[test]
    fn claims_name_the_environment() {
        assert_eq!(
            named(r#"{"project_id":"a-1","aud":"b-1"}"#).as_deref(),
            Some("a-1")
        );
        assert_eq!(
            named(r#"{"iss":"https://c-1.ap-shanghai.tcb-api.tencentcloudapi.com"}"#).as_deref(),
            Some("c-1")
        );
        assert_eq!(named(r#"{"aud":["d-1"]}"#).as_deref(), Some("d-1"));
        assert_eq!(
            named(r#"{"project_id":"","aud":"e-1"}"#).as_deref(),
            Some("e-1")
        );
    }

    #[test]
    fn other_keys_name_none() {
        assert_eq!(named(r#"{"iss":"https://example.org"}"#), None);
        assert_eq!(named("[]"), None);
        for opaque in ["", "opaque", "a.b", "a.b.c", "a.b.c.d", "..", "a.%%%.c"] {
            assert_eq!(environment(&opaque.into()), None, "{opaque}");
        }
    }
}
