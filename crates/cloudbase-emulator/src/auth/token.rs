//! `/auth/v1/token` and what ends tokens: grants, introspection, revocation, sign-out.

use axum::Json;
use axum::extract::State;
use form_urlencoded::Serializer;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{AnyTokenCall, Body, Call, Text};
use super::provider;
use super::session::{Issuer, TokenObject};
use super::sign_in;
use crate::error::AuthError;
use crate::identity::{bearer, signature};
use crate::keys::{Claims, random_token};
use crate::server::Reached;
use crate::state::AppState;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Grant {
    grant_type: Text,
    refresh_token: Text,
    username: Text,
    password: Text,
}

pub(super) async fn grant(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<Grant>,
) -> Result<Json<TokenObject>, AuthError> {
    match body.grant_type.required("grant_type")? {
        "refresh_token" => {
            let refresh_token = body.refresh_token.required("refresh_token")?;
            let issued = state
                .auth
                .write(|store| issuer(&state).refresh(store, refresh_token))?;
            Ok(Json(issued.sign(&state.keys)))
        }
        "password" => {
            let username = body.username.required("username")?;
            let password = body.password.required("password")?;
            sign_in::with_password(&state, &call, username, password).map(Json)
        }
        // The emulator has no authorization page of its own, so nobody can hold such a code.
        "authorization_code" | "urn:ietf:params:oauth:grant-type:device_code" => Err(
            AuthError::new("invalid_grant", "the code is invalid or expired"),
        ),
        other => Err(AuthError::new(
            "unsupported_grant_type",
            format!("grant type {other} is not supported"),
        )),
    }
}

/// Seconds that an administrator's token lives, as in the documents' sample.
const ADMIN_LIFETIME: i64 = 432_000;

/// The administrator's token of the server SDKs, for a SecretId with its SecretKey (`Basic`) or a cloud signature. Neither is
/// checked beyond its form: there is no secret to check it with.
pub(super) async fn client_credential(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Json<Value>, AuthError> {
    if signature::sent(&headers) != Some(true) && !signature::has_secret(&headers) {
        return Err(AuthError::unauthenticated(
            "SecretId and SecretKey (Basic) or a TC3 signature are required",
        ));
    }
    let now = state.clock.now_secs();
    let claims = Claims {
        iss: None,
        exp: now + ADMIN_LIFETIME,
        iat: now,
        at_hash: random_token(16),
        client_type: "client_server".to_owned(),
        is_system_admin: true,
        ..state.keys.claims()
    };
    Ok(Json(json!({
        "token_type": "Bearer",
        "access_token": state.keys.sign(&claims),
        "expires_in": ADMIN_LIFETIME,
    })))
}

/// Returns `{}`, not an error, for a token that does not count.
pub(super) async fn introspect(State(state): State<AppState>, headers: HeaderMap) -> Json<Value> {
    let claims = bearer(&headers).and_then(|token| state.auth.check_token(&state, token).ok());
    Json(match claims {
        Some(claims) => json!({
            "token_type": "Bearer",
            "client_id": state.keys.env_id(),
            "sub": claims.sub,
            "scope": claims.scope,
        }),
        None => json!({}),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Revoke {
    token: Text,
}

/// Ends the session of a token, named in the body or sent as the bearer. Unknown and ended tokens are no error.
pub(super) async fn revoke(
    State(state): State<AppState>,
    call: AnyTokenCall,
    Body(body): Body<Revoke>,
) -> Result<Json<Value>, AuthError> {
    match body.token.get() {
        Some(token) => match state.keys.verify_ignoring_expiry(token) {
            Ok(claims) => end(&state, &claims),
            Err(_) => state.auth.write(|store| {
                let by_refresh = store.session_by_refresh_token(token);
                if let Some(id) = by_refresh.map(|(id, _)| id) {
                    store.end_session(id, true);
                }
            }),
        },
        None => match call.claims {
            Some(claims) => end(&state, &claims),
            None => return Err(AuthError::unauthenticated("an access token is required")),
        },
    }
    Ok(Json(json!({})))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignOut {
    redirect_uri: Text,
    state: Text,
}

/// An access token that has ended still gives success. There is somewhere to redirect to only if the user signed in at an
/// identity source that has a sign-out page.
pub(super) async fn sign_out(
    State(state): State<AppState>,
    reached: Reached,
    call: AnyTokenCall,
    Body(body): Body<SignOut>,
) -> Result<Json<Value>, AuthError> {
    let claims = call
        .claims
        .ok_or_else(|| AuthError::unauthenticated("an access token is required"))?;
    end(&state, &claims);
    let provider = claims.provider.unwrap_or_default();
    let Some(page) = provider::sign_out_page(&state, &reached, &provider) else {
        return Ok(Json(json!({})));
    };
    let mut pairs = Serializer::new(String::new());
    for (name, value) in [("redirect_uri", &body.redirect_uri), ("state", &body.state)] {
        if let Some(value) = value.get() {
            pairs.append_pair(name, value);
        }
    }
    let query = pairs.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    Ok(Json(
        json!({"redirect_uri": format!("{page}{separator}{query}")}),
    ))
}

pub(super) fn issuer(state: &AppState) -> Issuer<'_> {
    Issuer {
        options: &state.auth.options,
        keys: &state.keys,
        now: state.auth.now(),
    }
}

/// Ends an access token and the session that it belongs to. Access keys cannot be ended.
fn end(state: &AppState, claims: &Claims) {
    if claims.user_id.is_none() {
        return;
    }
    state.auth.write(|store| {
        if let Some(id) = store.session_of(&claims.at_hash) {
            store.end_session(id, true);
        }
        store.revoked.insert(claims.at_hash.clone(), claims.exp);
    });
}
