//! The user's account: profile, edits, deletion, queries.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::extract::{Body, Call, Text, UserCall};
use super::sign_in::check_username;
use super::store::{Contact, Right, Store, User, is_email, is_phone, normal_phone};
use crate::clock::rfc3339;
use crate::error::AuthError;
use crate::state::AppState;

pub(super) async fn me(
    State(state): State<AppState>,
    caller: UserCall,
) -> Result<Json<Value>, AuthError> {
    state
        .auth
        .read(|store| own(store, &caller.user_id).map(profile))
        .map(Json)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SudoQuery {
    pub(super) sudo_token: Option<String>,
}

pub(super) async fn delete(
    State(state): State<AppState>,
    caller: UserCall,
    Query(query): Query<SudoQuery>,
) -> Result<Json<Value>, AuthError> {
    let token = query.sudo_token.unwrap_or_default();
    let now = state.auth.now();
    state.auth.write(|store| {
        check_sudo(store, &token, &caller.user_id, now)?;
        store.end_other_sessions(&caller.user_id, None);
        store.users.remove(&caller.user_id);
        store.grants.remove(&token);
        Ok(Json(json!({})))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Edit {
    user_id: Text,
    nickname: Option<String>,
    username: Text,
    phone: Text,
    email: Text,
    description: Option<String>,
    avatar_url: Option<String>,
    gender: Option<String>,
}

/// The administrator may edit anybody by `user_id`, a user only themselves.
pub(super) async fn edit(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<Edit>,
) -> Result<Json<Value>, AuthError> {
    let claims = call
        .claims
        .as_ref()
        .ok_or_else(|| AuthError::unauthenticated("an access token is required"))?;
    let target = match (&claims.user_id, body.user_id.get()) {
        (_, Some(target)) if claims.is_system_admin => target,
        (Some(own), None) => own,
        (Some(own), Some(target)) if own == target => own,
        (Some(_), Some(_)) => {
            return Err(AuthError::new(
                "permission_denied",
                "only administrators edit others",
            ));
        }
        (None, _) => {
            return Err(AuthError::unauthenticated(
                "an access key is not a signed-in user",
            ));
        }
    };
    let now = state.auth.now();
    state.auth.write(|store| {
        let mut user = own(store, target)?.clone();
        if let Some(name) = body.nickname {
            if !(2..=48).contains(&name.chars().count()) {
                return Err(AuthError::invalid_argument(
                    "nickname must have 2 to 48 characters",
                ));
            }
            user.name = Some(name);
        }
        if let Some(username) = body.username.get() {
            check_username(store, username, &user.id)?;
            user.username = Some(username.to_owned());
        }
        if let Some(email) = body.email.get() {
            claim_contact(store, &mut user, Contact::Email(email.to_owned()))?;
        }
        if let Some(phone) = body.phone.get() {
            claim_contact(store, &mut user, Contact::Phone(normal_phone(phone)))?;
        }
        set(&mut user.description, body.description);
        set(&mut user.picture, body.avatar_url);
        set(&mut user.gender, body.gender);
        user.updated_at = now;
        store.users.insert(user.id.clone(), user);
        Ok(Json(json!({})))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OldEdit {
    name: Option<String>,
    username: Text,
    picture: Option<String>,
    gender: Option<String>,
    locale: Option<String>,
}

/// The edit that current SDKs no longer use; it returns the whole profile.
pub(super) async fn old_edit(
    State(state): State<AppState>,
    caller: UserCall,
    Body(body): Body<OldEdit>,
) -> Result<Json<Value>, AuthError> {
    let now = state.auth.now();
    state.auth.write(|store| {
        let mut user = own(store, &caller.user_id)?.clone();
        if let Some(username) = body.username.get() {
            check_username(store, username, &user.id)?;
            user.username = Some(username.to_owned());
        }
        set(&mut user.name, body.name);
        set(&mut user.picture, body.picture);
        set(&mut user.gender, body.gender);
        set(&mut user.locale, body.locale);
        user.updated_at = now;
        let response = profile(&user);
        store.users.insert(user.id.clone(), user);
        Ok(Json(response))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserQuery {
    id: Option<String>,
    username: Option<String>,
    email: Option<String>,
    phone_number: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

pub(super) async fn query(
    State(state): State<AppState>,
    _caller: UserCall,
    Query(query): Query<UserQuery>,
) -> Result<Json<Value>, AuthError> {
    let offset = query.offset.unwrap_or(0);
    let limit = query.limit.unwrap_or(100);
    let (total, page): (usize, Vec<Value>) = state.auth.read(|store| match query.find(store) {
        Some(found) => {
            let page = found.iter().skip(offset).take(limit);
            (found.len(), page.map(|user| profile(user)).collect())
        }
        None => {
            let page = store.users.values().skip(offset).take(limit);
            (store.users.len(), page.map(profile).collect())
        }
    });
    Ok(Json(json!({"total": total, "data": page})))
}

impl UserQuery {
    /// The users that fit, by id; none if the query is for all of them. They are looked up, whatever their number.
    fn find<'a>(&self, store: &'a Store) -> Option<Vec<&'a User>> {
        let ids = || {
            let ids: BTreeSet<&str> = self.id.as_deref()?.split(',').collect();
            Some(ids.iter().filter_map(|id| store.users.get(*id)).collect())
        };
        let with = |property, value: Option<&str>| {
            Some(
                store
                    .users
                    .with(property, value?)
                    .map(|(_, user)| user)
                    .collect(),
            )
        };
        let phone = self.phone_number.as_deref().map(normal_phone);
        let email = self.email.as_deref().map(str::to_ascii_lowercase);
        let mut found: Vec<&User> = ids()
            .or_else(|| with("username", self.username.as_deref()))
            .or_else(|| with("phone", phone.as_deref()))
            .or_else(|| with("email", email.as_deref()))?;
        let same = |expected: Option<&str>, own: &Option<String>| {
            expected.is_none_or(|expected| own.as_deref() == Some(expected))
        };
        found.retain(|user| {
            same(self.username.as_deref(), &user.username)
                && same(self.email.as_deref(), &user.email)
                && same(phone.as_deref(), &user.phone)
        });
        Some(found)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ExistsQuery {
    username: Option<String>,
}

pub(super) async fn exists(
    State(state): State<AppState>,
    _call: Call,
    Query(query): Query<ExistsQuery>,
) -> Result<Json<Value>, AuthError> {
    let username = query
        .username
        .filter(|name| !name.is_empty())
        .ok_or_else(|| AuthError::invalid_argument("username is required"))?;
    let exist = state
        .auth
        .read(|store| store.user_by_login(&username).is_some());
    Ok(Json(json!({"exist": exist})))
}

/// The caller's own user; a token whose user is gone does not get here.
pub(super) fn own<'a>(store: &'a Store, id: &str) -> Result<&'a User, AuthError> {
    store
        .users
        .get(id)
        .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))
}

/// Whether a sudo token is this user's and has not ended.
pub(super) fn check_sudo(
    store: &Store,
    token: &str,
    user_id: &str,
    now: i64,
) -> Result<(), AuthError> {
    match store.right(token, now) {
        Some(Right::Sudo(owner)) if owner == user_id => Ok(()),
        _ => Err(AuthError::new("permission_denied", "bad sudo token")),
    }
}

/// Gives a user a contact that is well-formed and nobody else's.
pub(super) fn claim_contact(
    store: &Store,
    user: &mut User,
    contact: Contact,
) -> Result<(), AuthError> {
    let well_formed = match &contact {
        Contact::Email(email) => is_email(email),
        Contact::Phone(phone) => is_phone(phone),
    };
    if !well_formed {
        return Err(AuthError::invalid_argument(format!(
            "{} is malformed",
            contact.kind()
        )));
    }
    if store
        .user_by_contact(&contact)
        .is_some_and(|owner| owner.id != user.id)
    {
        return Err(AuthError::new(
            "failed_precondition",
            format!("the {} is bound to another user", contact.kind()),
        ));
    }
    user.set_contact(contact);
    Ok(())
}

/// The profile as `/user/me` shows it. What the user does not have is left out.
pub(super) fn profile(user: &User) -> Value {
    let mut profile = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            profile.insert(key.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.clone().map(Value::from);
    let time = |at: Option<i64>| at.map(rfc3339).map(Value::from);
    put("sub", Some(user.id.clone().into()));
    put("user_id", Some(user.id.clone().into()));
    put("name", text(&user.name));
    put("username", text(&user.username));
    put("picture", text(&user.picture));
    put("email", text(&user.email));
    put("email_verified", user.email.as_ref().map(|_| true.into()));
    put("phone_number", text(&user.phone));
    put("gender", text(&user.gender));
    put("locale", text(&user.locale));
    put("user_desc", text(&user.description));
    put(
        "groups",
        Some(user.groups.iter().map(|id| json!({"id": id})).collect()),
    );
    put("providers", Some(providers(user)));
    put("status", Some(user.status.clone().into()));
    put("password", user.password.as_ref().map(|_| "SET".into()));
    put("meta", Some(json!({})));
    put("type", Some("external".into()));
    put("internal_user_type", Some("generalUser".into()));
    put("user_source", Some(1.into()));
    put("created_from", Some(user.created_from.clone().into()));
    put("created_at", time(Some(user.created_at)));
    put("updated_at", time(Some(user.updated_at)));
    put("password_updated_at", time(user.password_updated_at));
    put("last_login", time(user.last_login));
    profile.into()
}

/// The ways in that the user has: their contacts, then third parties.
fn providers(user: &User) -> Value {
    let contact = |id: &str, name: &str, own: &Option<String>| {
        own.as_ref()
            .map(|own| json!({"id": id, "provider_user_id": own, "name": name}))
    };
    let third_parties = user.identities.iter().map(|identity| {
        json!({
            "id": identity.provider,
            "provider_user_id": identity.sub,
            "name": identity.name,
            "picture": identity.picture,
            "meta": identity.meta,
        })
    });
    contact("email", "Email", &user.email)
        .into_iter()
        .chain(contact("phone", "Phone", &user.phone))
        .chain(third_parties)
        .collect()
}

/// An absent field stays as it is; an empty one is cleared.
fn set(field: &mut Option<String>, value: Option<String>) {
    if let Some(value) = value {
        *field = (!value.is_empty()).then_some(value);
    }
}
