//! The identity sources of a signed-in user: list, bind, unbind.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::own;
use super::extract::{Body, Text, UserCall};
use super::store::{Identity, Right, Store, User};
use crate::error::AuthError;
use crate::state::AppState;

/// All sources that are switched on, bound or not.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: UserCall,
) -> Result<Json<Value>, AuthError> {
    let data: Vec<Value> = state.auth.read(|store| {
        let user = own(store, &caller.user_id)?;
        let describe = |provider: &super::options::Provider| {
            let bound = user
                .identities
                .iter()
                .find(|identity| identity.provider == provider.id);
            let name = bound.map(|identity| identity.name.as_deref().unwrap_or(&identity.sub));
            json!({
                "id": provider.id,
                "name": provider.name,
                "homepage": "",
                "picture": "",
                "provider_user_name": name.unwrap_or_default(),
                "provider_type": "oauth",
                "bind": bound.is_some(),
            })
        };
        Ok(state.auth.options.providers.iter().map(describe).collect())
    })?;
    Ok(Json(json!({"total": data.len(), "data": data})))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Bind {
    provider_token: Text,
}

pub(super) async fn bind(
    State(state): State<AppState>,
    caller: UserCall,
    Body(body): Body<Bind>,
) -> Result<Json<Value>, AuthError> {
    let token = body.provider_token.required("provider_token")?;
    let now = state.auth.now();
    state.auth.write(|store| {
        let Some(Right::Provider(identity)) = store.right(token, now).cloned() else {
            return Err(AuthError::new(
                "invalid_grant",
                "provider token is invalid or expired",
            ));
        };
        let mut user = own(store, &caller.user_id)?.clone();
        bind_identity(store, &mut user, identity)?;
        user.updated_at = now;
        store.users.insert(user.id.clone(), user);
        store.grants.remove(token);
        Ok(Json(json!({})))
    })
}

/// Gives a user an identity that nobody else has.
pub(super) fn bind_identity(
    store: &Store,
    user: &mut User,
    identity: Identity,
) -> Result<(), AuthError> {
    let owner = store.user_by_identity(&identity.provider, &identity.sub);
    if owner.is_some_and(|owner| owner.id != user.id) {
        return Err(AuthError::new(
            "failed_precondition",
            "the identity is bound to another user",
        ));
    }
    let mut own = user.identities.iter_mut();
    match own.find(|own| own.provider == identity.provider) {
        Some(bound) if bound.sub != identity.sub => {
            return Err(AuthError::new(
                "failed_precondition",
                "another identity of this source is bound already",
            ));
        }
        Some(bound) => *bound = identity,
        None => user.identities.push(identity),
    }
    Ok(())
}

/// The last way to sign in may be unbound: whether the service prevents that is not known.
pub(super) async fn unbind(
    State(state): State<AppState>,
    caller: UserCall,
    Path(provider): Path<String>,
) -> Result<Json<Value>, AuthError> {
    let now = state.auth.now();
    state.auth.write(|store| {
        let mut user = store
            .users
            .get_mut(&caller.user_id)
            .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))?;
        let before = user.identities.len();
        user.identities
            .retain(|identity| identity.provider != provider);
        if user.identities.len() == before {
            return Err(AuthError::new(
                "provider_not_found",
                "the identity provider is not bound",
            ));
        }
        user.updated_at = now;
        Ok(Json(json!({})))
    })
}
