//! Captchas: what the service asks of a human now and then.

pub(crate) mod broker;
pub(crate) mod handler;

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use cloudbase_core::{Idempotency, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::api::{Call, Caller, read};
use crate::args::validate;

/// A picture to be read, and what its answer belongs to.
#[doc(alias = "CreateCaptchaDataRes")]
#[derive(Clone)]
#[non_exhaustive]
pub struct CaptchaData {
    /// The picture as a data URI: `data:image/gif;base64,…`.
    pub data: String,
    /// `image` as far as known.
    pub kind: String,
    /// What the answer belongs to.
    pub token: SecretString,
    /// How long it can be answered.
    pub expires_in: Duration,
}

impl CaptchaData {
    /// The picture's media type and bytes, if it is a picture: `image/gif`, `image/png`.
    pub fn image(&self) -> Option<(&str, Bytes)> {
        let (head, data) = self.data.strip_prefix("data:")?.split_once(',')?;
        let media_type = head.strip_suffix(";base64")?;
        let bytes = BASE64_STANDARD.decode(data.trim()).ok()?;
        Some((
            media_type.split(';').next().unwrap_or(media_type),
            bytes.into(),
        ))
    }
}

impl fmt::Debug for CaptchaData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptchaData")
            .field("kind", &self.kind)
            .field("bytes", &self.data.len())
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Proof that a captcha was solved; it opens calls for some minutes.
#[doc(alias = "GetCaptchaTokenRes")]
#[doc(alias = "VerifyCaptchaDataRes")]
#[derive(Clone)]
#[non_exhaustive]
pub struct CaptchaToken {
    /// The proof.
    pub captcha_token: SecretString,
    /// How long it is good for from now on.
    pub expires_in: Duration,
}

impl CaptchaToken {
    /// A proof that a captcha service of your own has issued.
    pub fn new(token: impl Into<SecretString>, expires_in: Duration) -> Self {
        Self {
            captcha_token: token.into(),
            expires_in,
        }
    }
}

impl fmt::Debug for CaptchaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptchaToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Asks for a picture.
pub(crate) fn create_call(state: &str, redirect_uri: Option<&str>) -> Call {
    #[derive(Serialize)]
    struct Body<'a> {
        state: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        redirect_uri: Option<&'a str>,
    }
    Call::post("auth.create_captcha_data", "/auth/v1/captcha/data")
        .idempotency(Idempotency::Idempotent)
        .json(&Body {
            state,
            redirect_uri,
        })
}

/// Sends the call for a picture. Never asks for a captcha itself.
pub(crate) async fn create(caller: &Caller, call: &Call) -> Result<Response<CaptchaData>> {
    read(caller.send_once(call, None).await?, |mut body| {
        Ok(CaptchaData {
            data: body.require("data")?,
            kind: body.take(&["type"]).unwrap_or_else(|| "image".to_owned()),
            token: body.require("token")?,
            expires_in: body.expires_in(300),
        })
    })
}

/// Checks what was read in a picture.
pub(crate) fn verify_call(token: &SecretString, key: &str) -> Result<Call> {
    #[derive(Serialize)]
    struct Body<'a> {
        token: &'a str,
        key: &'a str,
    }
    let key = key.trim();
    validate::token("token", token.expose_secret())?;
    validate::code("key", key)?;
    let path = "/auth/v1/captcha/data/verify";
    Ok(Call::post("auth.verify_captcha_data", path)
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            token: token.expose_secret(),
            key,
        }))
}

/// Sends the call that checks what was read. Never asks for a captcha itself.
pub(crate) async fn verify(caller: &Caller, call: &Call) -> Result<Response<CaptchaToken>> {
    read(caller.send_once(call, None).await?, |mut body| {
        Ok(CaptchaToken {
            captcha_token: body.require("captcha_token")?,
            expires_in: body.expires_in(300),
        })
    })
}
