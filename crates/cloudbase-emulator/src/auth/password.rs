//! Passwords: sudo, change, reset; and the change of a contact, which needs the same proof.

use axum::Json;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{self, SHA256};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{SudoQuery, check_sudo, claim_contact, own};
use super::captcha::check_solved;
use super::extract::{Body, Call, Text, UserCall};
use super::options::PasswordPolicy;
use super::sign_in::{given_contact, verified};
use super::store::{Grant, PasswordHash, Right};
use crate::error::AuthError;
use crate::keys::random_token;
use crate::state::AppState;

/// Seconds that a sudo token lives. It counts for every change until then; only verification tokens are spent by use.
const SUDO_LIFETIME: i64 = 900;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sudo {
    password: Text,
    verification_token: Text,
}

pub(super) async fn sudo(
    State(state): State<AppState>,
    caller: UserCall,
    Body(body): Body<Sudo>,
) -> Result<Json<Value>, AuthError> {
    let now = state.auth.now();
    state.auth.write(|store| {
        let user = own(store, &caller.user_id)?;
        match (body.password.get(), body.verification_token.get()) {
            (Some(password), None) => {
                let hash = user.password.clone().ok_or_else(|| {
                    AuthError::new("password_not_set", "the user has no password")
                })?;
                let failures = store.failures.get(&caller.user_id).copied().unwrap_or(0);
                if failures >= state.auth.options.captcha_after_failures {
                    check_solved(store, caller.call.captcha_token.as_deref(), now)?;
                }
                if !password_fits(&hash, password) {
                    *store.failures.get_or_default(caller.user_id.clone()) += 1;
                    return Err(AuthError::new(
                        "invalid_password",
                        "password is not correct",
                    ));
                }
                store.failures.remove(&caller.user_id);
            }
            (None, Some(token)) => {
                if !user.owns(verified(store, token, now)?) {
                    return Err(AuthError::new(
                        "permission_denied",
                        "the verification token is for another user's contact",
                    ));
                }
                store.grants.remove(token);
            }
            _ => {
                return Err(AuthError::invalid_argument(
                    "exactly one of password and verification_token is required",
                ));
            }
        }
        let token = format!("st.{}", random_token(24));
        let right = Right::Sudo(caller.user_id.clone());
        store.grants.insert(
            token.clone(),
            Grant {
                expires_at: now + SUDO_LIFETIME,
                right,
            },
        );
        Ok(Json(
            json!({"sudo_token": token, "expires_in": SUDO_LIFETIME}),
        ))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Change {
    new_password: Text,
    old_password: Text,
    sudo_token: Text,
}

/// The sudo token may stand in the body (JS SDK) or in the query (documents). Other devices are signed out.
pub(super) async fn change(
    State(state): State<AppState>,
    caller: UserCall,
    Query(query): Query<SudoQuery>,
    Body(body): Body<Change>,
) -> Result<Json<Value>, AuthError> {
    let password = body.new_password.required("new_password")?;
    let token = body
        .sudo_token
        .owned()
        .or(query.sudo_token)
        .unwrap_or_default();
    let now = state.auth.now();
    state.auth.write(|store| {
        check_sudo(store, &token, &caller.user_id, now)?;
        check_new_password(state.auth.options.password_policy, password)?;
        let current = store.session_of(&caller.claims.at_hash);
        let mut user = store
            .users
            .get_mut(&caller.user_id)
            .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))?;
        if let (Some(old), Some(hash)) = (body.old_password.get(), &user.password)
            && !password_fits(hash, old)
        {
            return Err(AuthError::new(
                "invalid_password",
                "old password is not correct",
            ));
        }
        user.password = Some(hash_password(password));
        user.password_updated_at = Some(now);
        user.updated_at = now;
        drop(user);
        store.end_other_sessions(&caller.user_id, current);
        Ok(Json(json!({})))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Reset {
    email: Text,
    phone_number: Text,
    new_password: Text,
    verification_token: Text,
}

pub(super) async fn reset(
    State(state): State<AppState>,
    _call: Call,
    Body(body): Body<Reset>,
) -> Result<Json<Value>, AuthError> {
    let contact = given_contact(&body.email, &body.phone_number)?
        .ok_or_else(|| AuthError::invalid_argument("email or phone number is empty"))?;
    let password = body.new_password.required("new_password")?;
    let token = body.verification_token.required("verification_token")?;
    let now = state.auth.now();
    state.auth.write(|store| {
        if *verified(store, token, now)? != contact {
            return Err(AuthError::invalid_argument(
                "the verification token is for another email or phone number",
            ));
        }
        check_new_password(state.auth.options.password_policy, password)?;
        let id = store
            .user_by_contact(&contact)
            .map(|user| user.id.clone())
            .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))?;
        if let Some(mut user) = store.users.get_mut(&id) {
            user.password = Some(hash_password(password));
            user.password_updated_at = Some(now);
            user.updated_at = now;
        }
        store.failures.remove(&id);
        store.end_other_sessions(&id, None);
        store.grants.remove(token);
        Ok(Json(json!({})))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewContact {
    email: Text,
    phone_number: Text,
    sudo_token: Text,
    verification_token: Text,
    conflict_resolution: Text,
}

/// Changes the contact with proof of the account (sudo) and of the new contact (verification).
pub(super) async fn contact(
    State(state): State<AppState>,
    caller: UserCall,
    Body(body): Body<NewContact>,
) -> Result<Json<Value>, AuthError> {
    let contact = given_contact(&body.email, &body.phone_number)?
        .ok_or_else(|| AuthError::invalid_argument("email or phone_number is required"))?;
    let sudo = body.sudo_token.required("sudo_token")?;
    let token = body.verification_token.required("verification_token")?;
    let now = state.auth.now();
    state.auth.write(|store| {
        check_sudo(store, sudo, &caller.user_id, now)?;
        if *verified(store, token, now)? != contact {
            return Err(AuthError::invalid_argument(
                "the verification token is for another email or phone number",
            ));
        }
        let owner = store
            .user_by_contact(&contact)
            .map(|owner| owner.id.clone());
        if let Some(owner) = owner.filter(|owner| *owner != caller.user_id) {
            match body.conflict_resolution.get().unwrap_or("DEFAULT") {
                "DELETE_ACCOUNT_TRANSFER" => {
                    store.end_other_sessions(&owner, None);
                    store.users.remove(&owner);
                }
                "TRANSFER" => {
                    if let Some(mut owner) = store.users.get_mut(&owner) {
                        owner.email = owner.email.take().filter(|own| own != contact.address());
                        owner.phone = owner.phone.take().filter(|own| own != contact.address());
                    }
                }
                _ => {}
            }
        }
        let mut user = own(store, &caller.user_id)?.clone();
        claim_contact(store, &mut user, contact)?;
        user.updated_at = now;
        store.users.insert(user.id.clone(), user);
        store.grants.remove(token);
        Ok(Json(json!({})))
    })
}

pub(super) fn check_new_password(policy: PasswordPolicy, password: &str) -> Result<(), AuthError> {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let length = (8..=64).contains(&password.chars().count());
    let fits = match policy {
        PasswordPolicy::Any => !password.is_empty(),
        PasswordPolicy::LetterAndDigit => {
            length && has(|c| c.is_ascii_alphabetic()) && has(|c| c.is_ascii_digit())
        }
        PasswordPolicy::Strict => {
            length
                && has(|c| c.is_ascii_uppercase())
                && has(|c| c.is_ascii_lowercase())
                && has(|c| c.is_ascii_digit())
                && has(|c| !c.is_ascii_alphanumeric())
        }
    };
    if fits {
        Ok(())
    } else {
        Err(AuthError::new(
            "weak_password",
            "the password does not meet the password policy",
        ))
    }
}

/// A salted hash that costs next to nothing: this is a development tool, and tests sign in often.
pub(super) fn hash_password(password: &str) -> PasswordHash {
    let salt = random_token(12);
    let hash = digest_of(&salt, password);
    PasswordHash { salt, hash }
}

pub(super) fn password_fits(hash: &PasswordHash, password: &str) -> bool {
    digest_of(&hash.salt, password) == hash.hash
}

fn digest_of(salt: &str, password: &str) -> String {
    let mut context = digest::Context::new(&SHA256);
    context.update(salt.as_bytes());
    context.update(password.as_bytes());
    URL_SAFE_NO_PAD.encode(context.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        let fits = |policy, password| check_new_password(policy, password).is_ok();
        assert!(fits(PasswordPolicy::Any, "x") && !fits(PasswordPolicy::Any, ""));
        assert!(fits(PasswordPolicy::LetterAndDigit, "passw0rd"));
        assert!(!fits(PasswordPolicy::LetterAndDigit, "password"));
        assert!(!fits(PasswordPolicy::LetterAndDigit, "pa55"));
        assert!(
            fits(PasswordPolicy::Strict, "Passw0rd!") && !fits(PasswordPolicy::Strict, "passw0rd")
        );
    }
}
