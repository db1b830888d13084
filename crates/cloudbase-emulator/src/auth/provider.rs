//! Third-party sign-in: the service's side of it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use form_urlencoded::Serializer;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::extract::{Body, Call, Text};
use super::identity_source;
use super::options::Provider;
use super::session::TokenObject;
use super::sign_in::new_user;
use super::store::{Grant, Identity, Right, User};
use super::token::issuer;
use crate::error::AuthError;
use crate::keys::random_token;
use crate::server::Reached;
use crate::state::AppState;

/// Seconds that a provider token lives.
const TOKEN_LIFETIME: i64 = 3600;

/// The addresses of the third party's sign-in page and, where it has one, of its sign-out page.
pub(super) async fn uri(
    State(state): State<AppState>,
    reached: Reached,
    call: Call,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, AuthError> {
    call.device_id()?;
    let provider = query
        .get("provider_id")
        .map(String::as_str)
        .unwrap_or_default();
    let provider = &find(&state, provider)?.id;
    let mut pairs = Serializer::new(String::new());
    pairs.append_pair("client_id", "emulator");
    for name in ["redirect_uri", "state", "scope"] {
        if let Some(value) = query.get(name).filter(|value| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
    }
    let response_type = query.get("response_type").map_or("code", String::as_str);
    pairs.append_pair("response_type", response_type);
    for (name, value) in &query {
        let other = name
            .strip_prefix("other_params[")
            .and_then(|name| name.strip_suffix(']'));
        if let Some(other) = other {
            pairs.append_pair(other, value);
        }
    }
    let page = format!("{reached}/__emulator/provider/{provider}/authorize");
    let mut pages = json!({"uri": format!("{page}?{}", pairs.finish())});
    if let Some(page) = sign_out_page(&state, &reached, provider) {
        pages["signout_uri"] = page.into();
    }
    Ok(Json(pages))
}

/// The address of a source's sign-out page, if it has one.
pub(super) fn sign_out_page(state: &AppState, reached: &Reached, provider: &str) -> Option<String> {
    let pages = &state.auth.options.sign_out_pages;
    pages
        .contains(provider)
        .then(|| format!("{reached}/__emulator/provider/{provider}/sign_out"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenRequest {
    provider_id: Text,
    provider_redirect_uri: Text,
    provider_code: Text,
    provider_access_token: Text,
    provider_id_token: Text,
    provider_params: Map<String, Value>,
}

pub(super) async fn token(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<TokenRequest>,
) -> Result<Json<Value>, AuthError> {
    call.device_id()?;
    let provider = &find(&state, body.provider_id.required("provider_id")?)?.id;
    let now = state.auth.now();
    let param = |name: &str| {
        let value = body.provider_params.get(name).and_then(Value::as_str);
        value.filter(|value| !value.is_empty())
    };
    let given = [
        body.provider_code.get(),
        body.provider_id_token.get(),
        body.provider_access_token.get(),
        param("code"),
    ];
    let identity = match (given, param("provider_code_type")) {
        // SDKs of mini programs send the code in either field.
        ([Some(code), None, None, None] | [None, None, None, Some(code)], Some(code_type)) => {
            let app_id = param("appid");
            identity_source::redeem_mini_program(&state, provider, app_id, code_type, code)?
        }
        ([Some(code), None, None, None], None) => {
            let redirect_uri = body.provider_redirect_uri.get().unwrap_or_default();
            let verifier = param("code_verifier").unwrap_or_default();
            identity_source::redeem(&state, provider, code, redirect_uri, verifier)?
        }
        ([None, Some(token), None, None], _) => {
            identity_source::read_id_token(&state, provider, token)?
        }
        ([None, None, Some(token), None], _) => {
            identity_source::read_access_token(&state, provider, token)?
        }
        ([None, None, None, Some(_)], None) => {
            return Err(AuthError::invalid_argument(
                "provider_params.provider_code_type is required for a mini-program code",
            ));
        }
        _ => {
            return Err(AuthError::invalid_argument(
                "exactly one of provider_code, provider_id_token, provider_access_token and provider_params.code is \
                 required",
            ));
        }
    };
    let token = format!("pt.{}", random_token(24));
    let response = describe(&token, TOKEN_LIFETIME, &identity);
    let grant = Grant {
        expires_at: now + TOKEN_LIFETIME,
        right: Right::Provider(identity),
    };
    state.auth.write(|store| store.grants.insert(token, grant));
    Ok(Json(response))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Enrich {
    provider_token: Text,
    provider_params: Map<String, Value>,
}

/// Adds what the client learnt meanwhile (name, phone number, picture) to the profile behind a provider token.
pub(super) async fn enrich(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<Enrich>,
) -> Result<Json<Value>, AuthError> {
    call.device_id()?;
    let token = body.provider_token.required("provider_token")?;
    let now = state.auth.now();
    state.auth.write(|store| {
        let invalid = || AuthError::new("invalid_grant", "provider token is invalid or expired");
        let mut grant = store
            .grants
            .get_mut(token)
            .filter(|grant| grant.expires_at > now)
            .ok_or_else(invalid)?;
        let Grant {
            expires_at,
            right: Right::Provider(identity),
        } = &mut *grant
        else {
            return Err(invalid());
        };
        let text = |names: [&str; 2]| {
            let mut values = names
                .iter()
                .filter_map(|name| body.provider_params.get(*name));
            values.find_map(Value::as_str).map(str::to_owned)
        };
        identity.name = text(["name", "nickname"]).or(identity.name.take());
        identity.phone = text(["phone_number", "phone"]).or(identity.phone.take());
        identity.picture = text(["picture", "avatar_url"]).or(identity.picture.take());
        Ok(Json(describe(token, *expires_at - now, identity)))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignIn {
    provider_token: Text,
    provider_id: Text,
    provider_id_token: Text,
    force_disable_sign_up: bool,
    sync_profile: bool,
}

pub(super) async fn sign_in(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<SignIn>,
) -> Result<Json<TokenObject>, AuthError> {
    let device = call.device_id()?;
    let now = state.auth.now();
    let from_id_token = match (body.provider_token.get(), body.provider_id_token.get()) {
        (Some(_), None) => None,
        (None, Some(id_token)) => {
            let provider = &find(&state, body.provider_id.required("provider_id")?)?.id;
            Some(identity_source::read_id_token(&state, provider, id_token)?)
        }
        _ => {
            return Err(AuthError::invalid_argument(
                "exactly one of provider_token and provider_id_token is required",
            ));
        }
    };
    let issued = state.auth.write(|store| {
        let token = body.provider_token.get();
        let identity = match (
            from_id_token,
            token.and_then(|token| store.right(token, now)),
        ) {
            (Some(identity), _) => identity,
            (None, Some(Right::Provider(identity))) => identity.clone(),
            _ => {
                return Err(AuthError::new(
                    "invalid_grant",
                    "provider token is invalid or expired",
                ));
            }
        };
        let known = store
            .user_by_identity(&identity.provider, &identity.sub)
            .cloned();
        let is_new = known.is_none();
        let mut user = match known {
            Some(user) => user,
            None if body.force_disable_sign_up => {
                return Err(AuthError::new("not_found", "the user does not exist"));
            }
            None => User {
                groups: vec!["registered".to_owned()],
                identities: vec![identity.clone()],
                created_from: identity.provider.clone(),
                ..new_user(now)
            },
        };
        if is_new || body.sync_profile {
            user.name = identity.name.clone().or(user.name);
            user.picture = identity.picture.clone().or(user.picture);
        }
        let id = user.id.clone();
        store.users.insert(id.clone(), user);
        let issued = issuer(&state).open(store, &id, &identity.provider, Some(device))?;
        if let Some(token) = token {
            store.grants.remove(token);
        }
        Ok(issued)
    })?;
    Ok(Json(issued.sign(&state.keys)))
}

/// A provider that is switched on.
pub(super) fn find<'a>(state: &'a AppState, id: &str) -> Result<&'a Provider, AuthError> {
    if id.is_empty() {
        return Err(AuthError::invalid_argument("provider_id is required"));
    }
    let mut providers = state.auth.options.providers.iter();
    providers
        .find(|provider| provider.id == id)
        .ok_or_else(|| AuthError::new("provider_not_enabled", "the identity source is not enabled"))
}

fn describe(token: &str, expires_in: i64, identity: &Identity) -> Value {
    let mut profile = json!({
        "provider_id": identity.provider,
        "provider": identity.provider,
        "sub": identity.sub,
    });
    let optional = [
        ("name", &identity.name),
        ("picture", &identity.picture),
        ("email", &identity.email),
        ("phone_number", &identity.phone),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            profile[key] = Value::from(value.as_str());
        }
    }
    json!({"provider_token": token, "expires_in": expires_in, "provider_profile": profile})
}
