//! Third-party sign-in, with a development identity source that plays the third party.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form_urlencoded::Serializer;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::{Body, Call, Text};
use super::options::Provider;
use super::redirect;
use super::session::TokenObject;
use super::sign_in::new_user;
use super::store::{Grant, Identity, Right, User};
use super::token::issuer;
use crate::error::{AuthError, GatewayError};
use crate::keys::random_token;
use crate::server::Reached;
use crate::state::AppState;

/// Seconds that a provider token lives.
const TOKEN_LIFETIME: i64 = 3600;

/// Seconds that a code of the development identity source lives.
const CODE_LIFETIME: i64 = 600;

/// The development key's name when it signs id tokens, so that these are no access tokens.
pub(super) const PROVIDER_KEY_ID: &str = "development-identity-source";

/// The development key's name when it signs codes.
const CODE_KEY_ID: &str = "development-identity-source-code";

/// What a code of the development identity source says. It is signed and not stored: a page that was only opened has changed
/// nothing.
#[derive(Serialize, Deserialize)]
struct ProviderCode {
    /// The environment: all emulators share the key.
    aud: String,
    identity: Identity,
    redirect_uri: String,
    /// What the verifier must hash to, in a flow with PKCE.
    challenge: Option<String>,
    exp: i64,
    /// Remembered once the code was spent.
    jti: String,
}

/// Somebody at the development identity source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
}

impl Person {
    /// A person by the id that the source knows them by.
    pub fn new(sub: impl Into<String>) -> Self {
        Self {
            sub: sub.into(),
            ..Self::default()
        }
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets the picture's address.
    #[must_use]
    pub fn picture(mut self, url: impl Into<String>) -> Self {
        self.picture = Some(url.into());
        self
    }

    fn at(self, provider: &str) -> Identity {
        Identity {
            provider: provider.to_owned(),
            sub: self.sub,
            name: self.name,
            picture: self.picture,
            email: self.email,
            ..Identity::default()
        }
    }
}

/// The address of the third party's sign-in page.
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
    Ok(Json(json!({"uri": format!("{page}?{}", pairs.finish())})))
}

/// The third party's page. It asks nothing: it redirects at once, as the person of `login_hint`, or with an error for `deny`.
pub(super) async fn authorize(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, GatewayError> {
    let given = |name: &str| query.get(name).filter(|value| !value.is_empty()).cloned();
    let redirect_uri = given("redirect_uri")
        .ok_or_else(|| GatewayError::bad_request("INVALID_PARAM", "redirect_uri is required."))?;
    redirect::check(&redirect_uri)
        .map_err(|rule| GatewayError::bad_request("INVALID_PARAM", format!("{rule}.")))?;
    let mut pairs = Serializer::new(String::new());
    let challenge = given("code_challenge");
    let method = query.get("code_challenge_method").map(String::as_str);
    if challenge.is_some() && method != Some("S256") {
        pairs.append_pair("error", "invalid_request");
        pairs.append_pair("error_description", "code_challenge_method must be S256");
    } else if query.contains_key("deny") {
        pairs.append_pair("error", "access_denied");
        pairs.append_pair("error_description", "the user said no");
    } else {
        let sub = given("login_hint").unwrap_or_else(|| "dev-user".to_owned());
        let email = given("email").or_else(|| sub.contains('@').then(|| sub.clone()));
        let person = Person {
            name: given("name").or_else(|| Some(sub.clone())),
            email,
            picture: given("picture"),
            sub,
        };
        let code = ProviderCode {
            aud: state.keys.env_id().to_owned(),
            identity: person.at(&provider),
            redirect_uri: redirect_uri.clone(),
            challenge,
            exp: state.auth.now() + CODE_LIFETIME,
            jti: random_token(16),
        };
        let code = state.keys.sign_as(CODE_KEY_ID, &code);
        pairs.append_pair("code", &code);
    }
    if let Some(given_state) = given("state") {
        pairs.append_pair("state", &given_state);
    }
    let (target, fragment) = match redirect_uri.split_once('#') {
        Some((target, fragment)) => (target, format!("#{fragment}")),
        None => (&*redirect_uri, String::new()),
    };
    let separator = if target.contains('?') { '&' } else { '?' };
    let target = format!("{target}{separator}{}{fragment}", pairs.finish());
    Ok(Redirect::to(&target).into_response())
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
    let given = [
        &body.provider_code,
        &body.provider_id_token,
        &body.provider_access_token,
    ];
    let identity = match given.map(Text::get) {
        [Some(code), None, None] => {
            let redirect_uri = body.provider_redirect_uri.get().unwrap_or_default();
            let verifier = body.provider_params.get("code_verifier");
            let verifier = verifier.and_then(Value::as_str).unwrap_or_default();
            redeem(&state, provider, code, redirect_uri, verifier)?
        }
        [None, Some(id_token), None] => identity_of(&state, provider, id_token)?,
        // The development identity source gives out no access tokens of its own.
        [None, None, Some(_)] => {
            return Err(AuthError::new(
                "failed_precondition",
                "the identity source refused",
            ));
        }
        _ => {
            return Err(AuthError::invalid_argument(
                "exactly one of provider_code, provider_id_token and provider_access_token is required",
            ));
        }
    };
    let token = format!("pt.{}", random_token(24));
    let answer = describe(&token, TOKEN_LIFETIME, &identity);
    let grant = Grant {
        expires_at: now + TOKEN_LIFETIME,
        right: Right::Provider(identity),
    };
    state.auth.write(|store| store.grants.insert(token, grant));
    Ok(Json(answer))
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
            Some(identity_of(&state, provider, id_token)?)
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

/// An id token of the development identity source.
pub(crate) fn id_token(state: &AppState, provider: &str, person: &Person) -> String {
    let now = state.clock.now_secs();
    let claims = json!({
        "iss": issuer_uri(state, provider),
        "aud": state.keys.env_id(),
        "sub": person.sub,
        "name": person.name,
        "email": person.email,
        "picture": person.picture,
        "iat": now,
        "exp": now + 3600,
    });
    state.keys.sign_as(PROVIDER_KEY_ID, &claims)
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

/// The person of an id token.
fn identity_of(state: &AppState, provider: &str, id_token: &str) -> Result<Identity, AuthError> {
    let refused = |why: &str| AuthError::new("provider_error", why);
    let claims = state
        .keys
        .verify_as(PROVIDER_KEY_ID, id_token)
        .map_err(|_| refused("the id token is not of the development identity source"))?;
    if claims.exp <= state.auth.now() {
        return Err(refused("the id token has expired"));
    }
    if claims.iss != Some(issuer_uri(state, provider)) {
        return Err(refused("the id token is of another identity source"));
    }
    let person = Person {
        sub: claims.sub.unwrap_or_default(),
        name: claims.name,
        email: claims.email,
        picture: claims.picture,
    };
    Ok(person.at(provider))
}

/// Spends a code; the redirect URI must be the one that it was made for, and so must the verifier of a flow with PKCE.
fn redeem(
    state: &AppState,
    provider: &str,
    code: &str,
    redirect_uri: &str,
    verifier: &str,
) -> Result<Identity, AuthError> {
    let now = state.auth.now();
    let refused = || {
        AuthError::new(
            "failed_precondition",
            "the identity source refused the code",
        )
    };
    let code: ProviderCode = state.keys.open(CODE_KEY_ID, code).map_err(|_| refused())?;
    let hash = || URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let proven = code
        .challenge
        .as_ref()
        .is_none_or(|wanted| *wanted == hash());
    let fits = code.aud == state.keys.env_id()
        && code.identity.provider == provider
        && code.redirect_uri == redirect_uri;
    if code.exp <= now || !fits || !proven {
        return Err(refused());
    }
    let is_first = state
        .auth
        .write(|store| store.revoked.insert(code.jti, code.exp).is_none());
    if is_first {
        Ok(code.identity)
    } else {
        Err(refused())
    }
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

fn issuer_uri(state: &AppState, provider: &str) -> String {
    format!("{}/__emulator/provider/{provider}", state.base_url)
}
