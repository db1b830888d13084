//! The development identity source, which plays the third party: what it issues, and how the service reads that.
//!
//! Its codes and tokens are signed and not stored: a page that was only opened has changed nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::redirect;
use super::store::Identity;
use crate::error::AuthError;
use crate::keys::random_token;
use crate::state::AppState;

pub(super) mod pages;
mod person;

pub use person::Person;

/// Seconds that an authorization code or a mini-program code lives.
const CODE_LIFETIME: i64 = 600;

/// Seconds that an id token or an access token lives.
const TOKEN_LIFETIME: i64 = 3600;

/// The development key's name when it signs id tokens, so that these are no access tokens.
pub(super) const ID_TOKEN_KEY: &str = "development-identity-source";

/// The development key's name when it signs authorization codes.
const CODE_KEY: &str = "development-identity-source-code";

/// The development key's name when it signs the source's own access tokens.
const ACCESS_TOKEN_KEY: &str = "development-identity-source-access-token";

/// The development key's name when it signs mini-program codes.
const MINI_PROGRAM_KEY: &str = "development-identity-source-mini-program";

/// What an authorization code says.
#[derive(Serialize, Deserialize)]
struct AuthorizationCode {
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

/// What an access token says. A program cannot read one, unlike an id token.
#[derive(Serialize, Deserialize)]
struct AccessToken {
    aud: String,
    identity: Identity,
    exp: i64,
}

/// What a mini-program code says.
#[derive(Serialize, Deserialize)]
struct MiniProgramCode {
    aud: String,
    app_id: String,
    person: Person,
    exp: i64,
    /// Remembered once the code was spent.
    jti: String,
}

/// Issues an authorization code.
fn authorization_code(
    state: &AppState,
    identity: Identity,
    redirect_uri: &str,
    challenge: Option<String>,
) -> String {
    let code = AuthorizationCode {
        aud: state.keys.env_id().to_owned(),
        identity,
        redirect_uri: redirect_uri.to_owned(),
        challenge,
        exp: state.auth.now() + CODE_LIFETIME,
        jti: random_token(16),
    };
    state.keys.sign_as(CODE_KEY, &code)
}

/// Issues an id token.
pub(crate) fn id_token(state: &AppState, provider: &str, person: &Person) -> String {
    let now = state.clock.now_secs();
    let claims = json!({
        "iss": issuer_uri(state, provider),
        "aud": state.keys.env_id(),
        "sub": person.sub,
        "name": person.name,
        "email": person.email,
        "phone_number": person.phone_number,
        "picture": person.picture,
        "iat": now,
        "exp": now + TOKEN_LIFETIME,
    });
    state.keys.sign_as(ID_TOKEN_KEY, &claims)
}

/// Issues an access token.
pub(crate) fn access_token(state: &AppState, provider: &str, person: &Person) -> String {
    let token = AccessToken {
        aud: state.keys.env_id().to_owned(),
        identity: person.clone().at(provider),
        exp: state.auth.now() + TOKEN_LIFETIME,
    };
    state.keys.sign_as(ACCESS_TOKEN_KEY, &token)
}

/// Issues a code as a mini program gets it.
pub(crate) fn mini_program_code(state: &AppState, app_id: &str, person: &Person) -> String {
    let code = MiniProgramCode {
        aud: state.keys.env_id().to_owned(),
        app_id: app_id.to_owned(),
        person: person.clone(),
        exp: state.auth.now() + CODE_LIFETIME,
        jti: random_token(16),
    };
    state.keys.sign_as(MINI_PROGRAM_KEY, &code)
}

/// Reads an id token.
pub(super) fn read_id_token(
    state: &AppState,
    provider: &str,
    id_token: &str,
) -> Result<Identity, AuthError> {
    let invalid = |why: &str| AuthError::new("provider_error", why);
    let claims = state
        .keys
        .verify_as(ID_TOKEN_KEY, id_token)
        .map_err(|_| invalid("the id token is not of the development identity source"))?;
    if claims.exp <= state.auth.now() {
        return Err(invalid("the id token has expired"));
    }
    if claims.iss != Some(issuer_uri(state, provider)) {
        return Err(invalid("the id token is of another identity source"));
    }
    let person = Person {
        sub: claims.sub.unwrap_or_default(),
        name: claims.name,
        email: claims.email,
        phone_number: claims.phone_number,
        picture: claims.picture,
        union_id: None,
    };
    Ok(person.at(provider))
}

/// Asks the source whose access token this is.
pub(super) fn read_access_token(
    state: &AppState,
    provider: &str,
    token: &str,
) -> Result<Identity, AuthError> {
    let invalid = || rejected("the access token");
    let token: AccessToken = state
        .keys
        .open(ACCESS_TOKEN_KEY, token)
        .map_err(|_| invalid())?;
    let fits = token.aud == state.keys.env_id() && token.identity.provider == provider;
    if fits && token.exp > state.auth.now() {
        Ok(token.identity)
    } else {
        Err(invalid())
    }
}

/// Spends an authorization code; the redirect URI must be the one that it was made for, and so must the verifier of a flow
/// with PKCE.
pub(super) fn redeem(
    state: &AppState,
    provider: &str,
    code: &str,
    redirect_uri: &str,
    verifier: &str,
) -> Result<Identity, AuthError> {
    let invalid = || rejected("the code");
    let code: AuthorizationCode = state.keys.open(CODE_KEY, code).map_err(|_| invalid())?;
    let hash = || URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let proven = code
        .challenge
        .as_ref()
        .is_none_or(|expected| *expected == hash());
    let fits = code.aud == state.keys.env_id()
        && code.identity.provider == provider
        && code.redirect_uri == redirect_uri;
    if fits && proven && spend(state, code.jti, code.exp) {
        Ok(code.identity)
    } else {
        Err(invalid())
    }
}

/// Spends a mini-program code, which says who its person is by the id of one type.
pub(super) fn redeem_mini_program(
    state: &AppState,
    provider: &str,
    app_id: Option<&str>,
    code_type: &str,
    code: &str,
) -> Result<Identity, AuthError> {
    if !["open_id", "union_id", "phone"].contains(&code_type) {
        return Err(AuthError::invalid_argument(
            "provider_params.provider_code_type must be open_id, union_id or phone",
        ));
    }
    let app_id =
        app_id.ok_or_else(|| AuthError::invalid_argument("provider_params.appid is required"))?;
    let invalid = || rejected("the mini-program code");
    let code: MiniProgramCode = state
        .keys
        .open(MINI_PROGRAM_KEY, code)
        .map_err(|_| invalid())?;
    let fits = code.aud == state.keys.env_id() && code.app_id == app_id;
    if !fits || !spend(state, code.jti, code.exp) {
        return Err(invalid());
    }
    let person = code.person;
    let sub = match code_type {
        "union_id" => person.union_id.clone(),
        "phone" => person.phone_number.clone(),
        _ => Some(person.sub.clone()),
    };
    let sub = sub.ok_or_else(|| rejected("a code type that the person has no id of"))?;
    Ok(Person { sub, ..person }.at(provider))
}

/// Whether a code is used in its time and for the first time.
fn spend(state: &AppState, id: String, exp: i64) -> bool {
    let spend = |store: &mut super::store::Store| store.revoked.insert(id, exp).is_none();
    exp > state.auth.now() && state.auth.write(spend)
}

fn rejected(what: &str) -> AuthError {
    let message = format!("the identity source rejected {what}");
    AuthError::new("failed_precondition", message)
}

fn issuer_uri(state: &AppState, provider: &str) -> String {
    format!("{}/__emulator/provider/{provider}", state.base_url)
}
