//! What every auth handler reads first: device, token, captcha, JSON body.

use std::fmt;

use axum::extract::{FromRequest, FromRequestParts, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header;
use http::request::Parts;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::AuthError;
use crate::identity::bearer;
use crate::keys::Claims;
use crate::state::AppState;

/// The service's limit for `x-device-id`.
const DEVICE_ID_LIMIT: usize = 71;

/// A call of an endpoint that works without a user: a token that is sent along must still be good, and a demanded captcha
/// must have been solved.
pub(super) struct Call {
    pub(super) device_id: Option<String>,
    pub(super) captcha_token: Option<String>,
    /// The claims of the token, if one was sent.
    pub(super) claims: Option<Claims>,
}

/// A call of an endpoint that needs a signed-in user.
pub(super) struct UserCall {
    pub(super) user_id: String,
    pub(super) claims: Claims,
    pub(super) call: Call,
}

/// A JSON body whatever its content type says; an empty body reads as `{}`.
pub(super) struct Body<T>(pub(super) T);

/// A string field that may be absent, `null`, empty (all three read as absent) or a number.
#[derive(Clone, Default)]
pub(super) struct Text(Option<String>);

impl Call {
    /// The device id where the service demands one.
    pub(super) fn device_id(&self) -> Result<&str, AuthError> {
        self.device_id
            .as_deref()
            .ok_or_else(|| AuthError::invalid_argument("device id is required"))
    }

    /// The id of the signed-in user; `None` for the access keys.
    pub(super) fn user_id(&self) -> Option<&str> {
        self.claims.as_ref()?.user_id.as_deref()
    }

    /// The device id and the captcha token, without looking at the bearer.
    fn without_bearer(parts: &Parts) -> Result<Self, AuthError> {
        let device_id = header_text(parts, "x-device-id");
        if device_id
            .as_ref()
            .is_some_and(|id| id.len() > DEVICE_ID_LIMIT)
        {
            return Err(AuthError::invalid_argument("device id must less than 72"));
        }
        let captcha_token =
            header_text(parts, "x-captcha-token").or_else(|| query_value(parts, "captcha_token"));
        Ok(Self {
            device_id,
            captcha_token,
            claims: None,
        })
    }
}

impl FromRequestParts<AppState> for Call {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AuthError> {
        let mut call = Self::without_bearer(parts)?;
        if let Some(token) = bearer(&parts.headers) {
            call.claims = Some(state.auth.check_token(state, token)?);
        } else if !basic_is_readable(parts) {
            return Err(AuthError::unauthenticated("the credentials cannot be read"));
        }
        let solved = call.captcha_token.as_deref();
        state
            .auth
            .meet_demand(&parts.method, parts.uri.path(), solved, &state.clock)?;
        Ok(call)
    }
}

impl FromRequestParts<AppState> for UserCall {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AuthError> {
        let mut call = Call::from_request_parts(parts, state).await?;
        let claims = call
            .claims
            .take()
            .ok_or_else(|| AuthError::unauthenticated("an access token is required"))?;
        let user_id = claims
            .user_id
            .clone()
            .ok_or_else(|| AuthError::unauthenticated("an access key is not a signed-in user"))?;
        call.claims = Some(claims.clone());
        Ok(Self {
            user_id,
            claims,
            call,
        })
    }
}

/// A call that may come with a token that has ended.
pub(super) struct AnyTokenCall {
    pub(super) claims: Option<Claims>,
}

impl FromRequestParts<AppState> for AnyTokenCall {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AuthError> {
        Call::without_bearer(parts)?;
        let claims =
            bearer(&parts.headers).and_then(|token| state.keys.verify_ignoring_expiry(token).ok());
        Ok(Self { claims })
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = AuthError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, AuthError> {
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|error| AuthError::invalid_argument(error.to_string()))?;
        let body = if body.trim_ascii().is_empty() {
            b"{}"
        } else {
            &body[..]
        };
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|error| AuthError::invalid_argument(format!("malformed body: {error}")))
    }
}

impl Text {
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(super) fn owned(&self) -> Option<String> {
        self.0.clone()
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, AuthError> {
        self.get()
            .ok_or_else(|| AuthError::invalid_argument(format!("{name} is required")))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text((!text.is_empty()).then(|| text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// The first value of a query parameter, decoded; empty values count as absent.
pub(super) fn query_value(parts: &Parts, name: &str) -> Option<String> {
    type Pairs = axum::extract::Query<Vec<(String, String)>>;
    let Ok(axum::extract::Query(pairs)) = Pairs::try_from_uri(&parts.uri) else {
        return None;
    };
    pairs
        .into_iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value)
}

fn header_text(parts: &Parts, name: &str) -> Option<String> {
    let text = parts.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// `Basic base64(client_id:client_secret)` is accepted from two calls of the JS SDK; what is in it does not matter here.
fn basic_is_readable(parts: &Parts) -> bool {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return true;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    match value.trim().split_once(' ') {
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            STANDARD.decode(pair.trim()).is_ok()
        }
        // Other schemes, such as a cloud signature, are the endpoint's to judge.
        _ => true,
    }
}
