//! Sign-up and sign-in with codes, passwords, and anonymously.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::captcha::check_solved;
use super::extract::{Body, Call, Text};
use super::linked::bind_identity;
use super::password::{check_new_password, hash_password, password_fits};
use super::session::TokenObject;
use super::store::{Contact, Right, Store, User, normal_phone};
use super::token::issuer;
use crate::error::AuthError;
use crate::keys::random_token;
use crate::state::AppState;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignUp {
    phone_number: Text,
    email: Text,
    provider_token: Text,
    verification_token: Text,
    username: Text,
    password: Text,
    name: Text,
    picture: Text,
    gender: Text,
    locale: Text,
    anonymous_token: Text,
}

pub(super) async fn sign_up(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<SignUp>,
) -> Result<Json<TokenObject>, AuthError> {
    let anonymous = match body.anonymous_token.get() {
        Some(token) => state.auth.check_token(&state, token)?.user_id,
        None => None,
    };
    if let Some(password) = body.password.get() {
        check_new_password(state.auth.options.password_policy, password)?;
    }
    let now = state.auth.now();
    let issued = state.auth.write(|store| {
        let mut user = match anonymous.as_deref().and_then(|id| store.users.get(id)) {
            Some(user) if user.is_anonymous() => user.clone(),
            Some(_) => {
                return Err(AuthError::new(
                    "failed_precondition",
                    "this user is not anonymous",
                ));
            }
            None => new_user(now),
        };
        user.anonymous_device = None;
        user.name = None;
        user.groups = vec!["registered".to_owned()];
        let (provider, spent) = match given_contact(&body.email, &body.phone_number)? {
            Some(contact) => {
                let token = body.verification_token.required("verification_token")?;
                if *verified(store, token, now)? != contact {
                    return Err(AuthError::invalid_argument(
                        "the verification token is for another email or phone number",
                    ));
                }
                if store.user_by_contact(&contact).is_some() {
                    return Err(AuthError::new("already_exists", "the user already exists"));
                }
                let kind = contact.kind();
                user.set_contact(contact);
                (kind.to_owned(), token)
            }
            None => {
                let token = body.provider_token.get().ok_or_else(|| {
                    AuthError::invalid_argument("email, phone_number or provider_token is required")
                })?;
                let Some(Right::Provider(identity)) = store.right(token, now) else {
                    return Err(AuthError::new(
                        "invalid_grant",
                        "provider token is invalid or expired",
                    ));
                };
                if store
                    .user_by_identity(&identity.provider, &identity.sub)
                    .is_some()
                {
                    return Err(AuthError::new("already_exists", "the user already exists"));
                }
                user.name.clone_from(&identity.name);
                user.picture.clone_from(&identity.picture);
                user.identities.push(identity.clone());
                (identity.provider.clone(), token)
            }
        };
        if let Some(username) = body.username.get() {
            check_username(store, username, &user.id)?;
            user.username = Some(username.to_owned());
        }
        if let Some(password) = body.password.get() {
            user.password = Some(hash_password(password));
            user.password_updated_at = Some(now);
        }
        user.name = body.name.owned().or(user.name);
        user.picture = body.picture.owned().or(user.picture);
        user.gender = body.gender.owned().or(user.gender);
        user.locale = body.locale.owned().or(user.locale);
        user.created_from.clone_from(&provider);
        user.updated_at = now;
        let id = user.id.clone();
        store.users.insert(id.clone(), user);
        let issued = issuer(&state).open(store, &id, &provider, call.device_id.as_deref())?;
        store.grants.remove(spent);
        Ok(issued)
    })?;
    Ok(Json(issued.sign(&state.keys)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignIn {
    username: Text,
    password: Text,
    verification_token: Text,
}

pub(super) async fn sign_in(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<SignIn>,
) -> Result<Json<TokenObject>, AuthError> {
    match (body.password.get(), body.verification_token.get()) {
        (Some(_), Some(_)) => Err(AuthError::invalid_argument(
            "password and verification_token must not be given together",
        )),
        (Some(password), None) => {
            let username = body.username.required("username")?;
            with_password(&state, &call, username, password).map(Json)
        }
        (None, Some(token)) => with_code(&state, &call, body.username.get(), token).map(Json),
        (None, None) => Err(AuthError::invalid_argument(
            "password or verification_token is required",
        )),
    }
}

pub(super) fn with_password(
    state: &AppState,
    call: &Call,
    username: &str,
    password: &str,
) -> Result<TokenObject, AuthError> {
    if !state.auth.options.password_sign_in {
        return Err(AuthError::new(
            "login_type_disabled",
            "sign-in by password is not enabled",
        ));
    }
    let now = state.auth.now();
    let issued = state.auth.write(|store| {
        let user = store
            .user_by_login(username)
            .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))?;
        let (id, hash) = (user.id.clone(), user.password.clone());
        let failures = store.failures.get(&id).copied().unwrap_or(0);
        if failures >= state.auth.options.captcha_after_failures {
            check_solved(store, call.captcha_token.as_deref(), now)?;
        }
        if !hash.is_some_and(|hash| password_fits(&hash, password)) {
            *store.failures.get_or_default(id) += 1;
            return Err(AuthError::new(
                "invalid_password",
                "user name or password is not correct",
            ));
        }
        issuer(state).open(store, &id, login_kind(username), call.device_id.as_deref())
    })?;
    Ok(issued.sign(&state.keys))
}

fn with_code(
    state: &AppState,
    call: &Call,
    username: Option<&str>,
    token: &str,
) -> Result<TokenObject, AuthError> {
    let now = state.auth.now();
    let issued = state.auth.write(|store| {
        let contact = verified(store, token, now)?.clone();
        let user = store
            .user_by_contact(&contact)
            .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))?;
        let id = user.id.clone();
        if let Some(username) = username
            && store
                .user_by_login(username)
                .is_none_or(|user| user.id != id)
        {
            return Err(AuthError::invalid_argument(
                "the verification token is for another user",
            ));
        }
        let device = call.device_id.as_deref();
        let issued = issuer(state).open(store, &id, contact.kind(), device)?;
        store.grants.remove(token);
        Ok(issued)
    })?;
    Ok(issued.sign(&state.keys))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Anonymously {
    provider_token: Text,
}

/// One anonymous user per device. A provider token binds its identity to that user. What the service does with an identity that
/// another user has is not known: it is rejected here.
pub(super) async fn anonymously(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<Anonymously>,
) -> Result<Json<TokenObject>, AuthError> {
    let device = call.device_id()?;
    if !state.auth.options.anonymous_sign_in {
        return Err(AuthError::new(
            "failed_precondition",
            "anonymous sign-in is not enabled",
        ));
    }
    let now = state.auth.now();
    let issued = state.auth.write(|store| {
        let token = body.provider_token.get();
        let identity = match token.map(|token| store.right(token, now)) {
            None => None,
            Some(Some(Right::Provider(identity))) => Some(identity.clone()),
            Some(_) => {
                return Err(AuthError::new(
                    "invalid_grant",
                    "provider token is invalid or expired",
                ));
            }
        };
        let mut user = match store.anonymous_on(device) {
            Some(user) => user.clone(),
            None => User {
                id: random_token(12),
                name: Some("anonymous".to_owned()),
                anonymous_device: Some(device.to_owned()),
                created_from: "anonymous".to_owned(),
                ..new_user(now)
            },
        };
        if let Some(identity) = identity {
            bind_identity(store, &mut user, identity)?;
        }
        let id = user.id.clone();
        store.users.insert(id.clone(), user);
        if let Some(token) = token {
            store.grants.remove(token);
        }
        issuer(&state).open(store, &id, "anonymous", Some(device))
    })?;
    Ok(Json(issued.sign(&state.keys)))
}

/// A user with a fresh decimal id, not in the store yet.
///
/// Ids are random, so that a token from before a reset cannot mean a user from after it.
pub(super) fn new_user(now: i64) -> User {
    let random = uuid::Uuid::new_v4().as_u128() % 100_000_000_000_000_000;
    User {
        id: format!("19{random:017}"),
        status: "ACTIVE".to_owned(),
        created_at: now,
        updated_at: now,
        ..User::default()
    }
}

/// The contact that a verification token proves.
pub(super) fn verified<'a>(
    store: &'a Store,
    token: &str,
    now: i64,
) -> Result<&'a Contact, AuthError> {
    match store.right(token, now) {
        Some(Right::Verified(contact)) => Ok(contact),
        _ => Err(AuthError::invalid_argument(
            "verification token is invalid or expired",
        )),
    }
}

/// At most one of the two fields.
pub(super) fn given_contact(email: &Text, phone: &Text) -> Result<Option<Contact>, AuthError> {
    match (email.get(), phone.get()) {
        (Some(_), Some(_)) => Err(AuthError::invalid_argument(
            "email and phone_number must not be given together",
        )),
        (Some(email), None) => Ok(Some(Contact::Email(email.to_owned()))),
        (None, Some(phone)) => Ok(Some(Contact::Phone(normal_phone(phone)))),
        (None, None) => Ok(None),
    }
}

/// 2 to 48 letters, digits and `-_.:+ @`, the first a letter or digit; nobody else's.
pub(super) fn check_username(store: &Store, name: &str, own_id: &str) -> Result<(), AuthError> {
    let fits = (2..=48).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.:+ @".contains(c));
    if !fits {
        return Err(AuthError::invalid_argument(
            "username must have 2 to 48 letters, digits or -_.:+ @ and start with a letter or digit",
        ));
    }
    match store.user_by_username(name) {
        Some(user) if user.id != own_id => Err(AuthError::new(
            "username_already_exists",
            "the user name is taken",
        )),
        _ => Ok(()),
    }
}

fn login_kind(login: &str) -> &'static str {
    if login.contains('@') {
        "email"
    } else if login.starts_with('+') {
        "phone"
    } else {
        "username"
    }
}
