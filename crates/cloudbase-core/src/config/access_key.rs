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
mod tests;
