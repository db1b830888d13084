//! Custom login: tickets that a developer's own server signed.

use std::fs;
use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use ring::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Call, Text};
use super::session::TokenObject;
use super::sign_in::new_user;
use super::store::{Identity, User};
use super::token::issuer;
use crate::error::{AuthError, StartError};
use crate::keys::der::{RsaNumbers, rsa_numbers};
use crate::keys::{DEVELOPMENT_KEY, Jwt, decode_pem};
use crate::state::AppState;

/// The development key's name when it signs tickets.
const DEVELOPMENT_KEY_ID: &str = "development-custom-login-key";

/// A key that tickets may be signed with.
#[derive(Debug)]
pub(super) struct TicketKey {
    id: String,
    numbers: RsaNumbers,
}

/// What the console gives out.
#[derive(Deserialize)]
struct KeyFile {
    private_key_id: String,
    private_key: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignIn {
    provider_id: Text,
    ticket: Text,
}

/// A ticket's claims; times are milliseconds.
#[derive(Deserialize)]
struct Ticket {
    uid: String,
    env: String,
    exp: i64,
}

pub(super) async fn sign_in(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<SignIn>,
) -> Result<Json<TokenObject>, AuthError> {
    if body.provider_id.required("provider_id")? != "custom" {
        return Err(AuthError::invalid_argument("provider_id must be custom"));
    }
    let ticket = read(&state, body.ticket.required("ticket")?)?;
    let now = state.auth.now();
    let issued = state.auth.write(|store| {
        let id = match store.user_by_identity("custom", &ticket.uid) {
            Some(user) => user.id.clone(),
            None => {
                let identity = Identity {
                    provider: "custom".to_owned(),
                    sub: ticket.uid.clone(),
                    ..Identity::default()
                };
                let user = User {
                    identities: vec![identity],
                    groups: vec!["registered".to_owned()],
                    created_from: "custom".to_owned(),
                    ..new_user(now)
                };
                let id = user.id.clone();
                store.users.insert(id.clone(), user);
                id
            }
        };
        issuer(&state).open(store, &id, "custom", call.device_id.as_deref())
    })?;
    Ok(Json(issued.sign(&state.keys)))
}

/// The development key as the console would give it out.
pub(crate) fn custom_login_key(env_id: &str) -> String {
    json!({
        "private_key_id": DEVELOPMENT_KEY_ID,
        "private_key": DEVELOPMENT_KEY,
        "env_id": env_id,
    })
    .to_string()
}

/// The development key and those of the given files.
pub(super) fn load_keys(files: &[PathBuf]) -> Result<Vec<TicketKey>, StartError> {
    let development = key(DEVELOPMENT_KEY_ID.to_owned(), DEVELOPMENT_KEY)
        .ok_or_else(|| StartError::new("the development key is not an RSA key"))?;
    let mut keys = vec![development];
    for file in files {
        keys.push(load_key(file)?);
    }
    Ok(keys)
}

fn load_key(file: &Path) -> Result<TicketKey, StartError> {
    let name = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| StartError::caused_by(format!("cannot read {name}"), error))?;
    let (id, pem) = if text.trim_start().starts_with('{') {
        let key: KeyFile = serde_json::from_str(&text).map_err(|error| {
            StartError::caused_by(format!("{name} is not a custom-login key"), error)
        })?;
        (key.private_key_id, key.private_key)
    } else {
        let stem = file.file_stem().unwrap_or_default();
        (stem.to_string_lossy().into_owned(), text)
    };
    key(id, &pem).ok_or_else(|| StartError::new(format!("{name} holds no RSA key in PEM")))
}

fn key(id: String, pem: &str) -> Option<TicketKey> {
    let numbers = rsa_numbers(&decode_pem(pem)?)?;
    Some(TicketKey { id, numbers })
}

/// Checks a ticket, `{private_key_id}/@@/{JWT}`.
fn read(state: &AppState, ticket: &str) -> Result<Ticket, AuthError> {
    let malformed = || AuthError::invalid_argument("the ticket is malformed");
    let invalid = |why: &str| AuthError::new("invalid_grant", why);
    let (key_id, jwt) = ticket.split_once("/@@/").ok_or_else(malformed)?;
    let jwt = Jwt::parse(jwt).ok_or_else(malformed)?;
    let mut keys = state.auth.ticket_keys.iter();
    let key = keys
        .find(|key| key.id == key_id)
        .ok_or_else(|| invalid("the ticket was signed with an unknown key"))?;
    let (n, e) = (&key.numbers.0, &key.numbers.1);
    RsaPublicKeyComponents { n, e }
        // The console's keys have 1024 bits.
        .verify(
            &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            jwt.signed,
            &jwt.signature,
        )
        .map_err(|_| invalid("the ticket's signature is wrong"))?;
    let claims: Ticket = serde_json::from_slice(&jwt.claims).map_err(|_| malformed())?;
    if claims.env != state.keys.env_id() {
        return Err(invalid("the ticket is for another environment"));
    }
    if claims.exp <= state.clock.now_ms() {
        return Err(invalid("the ticket has expired"));
    }
    if !is_uid(&claims.uid) {
        return Err(AuthError::invalid_argument("the ticket's uid is malformed"));
    }
    Ok(claims)
}

fn is_uid(uid: &str) -> bool {
    (4..=32).contains(&uid.len())
        && uid
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-#@~=*(){}[]:.,<>+".contains(c))
}
