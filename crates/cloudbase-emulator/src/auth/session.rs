//! Sessions: opening, the limit per user, rotation.

use serde::Serialize;
use serde_json::{Map, Value};

use super::options::{AuthOptions, RefreshReuse};
use super::store::{Access, Session, Spent, Store, User};
use crate::error::AuthError;
use crate::keys::{Claims, Keys, random_token};

/// The response to every sign-in and to each refresh.
#[derive(Serialize)]
pub(super) struct TokenObject {
    token_type: &'static str,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    expires_in: i64,
    scope: &'static str,
    sub: String,
    groups: Vec<String>,
}

/// A token object before its access token is signed, which is done outside the store's lock.
pub(super) struct Issued {
    claims: Claims,
    refresh_token: Option<String>,
}

impl Issued {
    pub(super) fn sign(self, keys: &Keys) -> TokenObject {
        let Self {
            claims,
            refresh_token,
        } = self;
        TokenObject {
            token_type: "Bearer",
            access_token: keys.sign(&claims),
            refresh_token,
            expires_in: claims.exp - claims.iat,
            scope: scope(claims.scope.as_deref() == Some("anonymous")),
            sub: claims.sub.unwrap_or_default(),
            groups: claims.groups,
        }
    }
}

/// What opening and refreshing a session needs to know besides the store.
pub(super) struct Issuer<'a> {
    pub(super) options: &'a AuthOptions,
    pub(super) keys: &'a Keys,
    pub(super) now: i64,
}

impl Issuer<'_> {
    /// Signs a user in. The user's state is checked here, so that no way of signing in can forget it.
    pub(super) fn open(
        &self,
        store: &mut Store,
        user_id: &str,
        provider: &str,
        device_id: Option<&str>,
    ) -> Result<Issued, AuthError> {
        let mut user = store
            .users
            .get_mut(user_id)
            .ok_or_else(|| AuthError::new("not_found", "the user does not exist"))?;
        match user.status.as_str() {
            "BLOCKED" => return Err(AuthError::new("user_blocked", "the user is blocked")),
            "PENDING" => return Err(AuthError::new("user_pending", "the user is not active yet")),
            _ => {}
        }
        user.last_login = Some(self.now);
        let signed_in = user.clone();
        drop(user);
        let user = signed_in;
        store.failures.remove(user_id);
        while let Some(oldest) = oldest_beyond(store, user_id, self.options.max_sessions) {
            // Its access tokens go on until they end by themselves: only the refresh token is lost.
            store.end_session(oldest, false);
        }
        let id = store.next_session;
        store.next_session += 1;
        store.sessions.insert(
            id,
            Session {
                user_id: user_id.to_owned(),
                device_id: device_id.map(str::to_owned),
                provider: provider.to_owned(),
                refresh_token: None,
                refresh_expires_at: 0,
                issued: 0,
            },
        );
        Ok(self.issue(store, id, &user))
    }

    /// Exchanges a refresh token.
    pub(super) fn refresh(
        &self,
        store: &mut Store,
        refresh_token: &str,
    ) -> Result<Issued, AuthError> {
        let invalid = || AuthError::new("invalid_grant", "refresh token is invalid or expired");
        let current = store
            .session_by_refresh_token(refresh_token)
            .map(|(id, session)| (id, session.refresh_expires_at));
        let id = match current {
            Some((id, expires_at)) if expires_at > self.now => id,
            Some((id, _)) => {
                store.end_session(id, false);
                return Err(invalid());
            }
            None => return self.reuse(store, refresh_token).ok_or_else(invalid),
        };
        let user_id = store
            .sessions
            .get(&id)
            .map(|session| session.user_id.clone());
        let Some(user) = user_id.and_then(|id| store.users.get(&id)).cloned() else {
            return Err(invalid());
        };
        if user.status == "BLOCKED" {
            return Err(AuthError::new("user_blocked", "the user is blocked"));
        }
        store.spent.insert(
            refresh_token.to_owned(),
            Spent {
                session: id,
                at: self.now,
            },
        );
        Ok(self.issue(store, id, &user))
    }

    /// What the reuse rule makes of a spent token.
    fn reuse(&self, store: &mut Store, refresh_token: &str) -> Option<Issued> {
        let spent = store.spent.get(refresh_token).cloned()?;
        match self.options.refresh_reuse {
            RefreshReuse::Reject => None,
            RefreshReuse::EndSession => {
                store.end_session(spent.session, true);
                None
            }
            RefreshReuse::Grace(grace) => {
                let age = u64::try_from(self.now - spent.at).unwrap_or(0);
                let session = store.sessions.get(&spent.session)?;
                let current = session.refresh_token.clone()?;
                if age > grace.as_secs() || session.refresh_expires_at <= self.now {
                    return None;
                }
                let user = store.users.get(&session.user_id)?.clone();
                let mut issued = self.issue(store, spent.session, &user);
                // The token that the other caller got stays the current one.
                if let Some(mut session) = store.sessions.get_mut(&spent.session) {
                    session.refresh_token = Some(current.clone());
                }
                issued.refresh_token = Some(current);
                Some(issued)
            }
        }
    }

    /// New tokens for a session.
    fn issue(&self, store: &mut Store, id: u64, user: &User) -> Issued {
        let options = self.options;
        let anonymous = user.is_anonymous();
        let issued = store.next_session;
        store.next_session += 1;
        let seconds = |duration: std::time::Duration| {
            i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 4)
        };
        let exp = self.now + seconds(options.access_token_lifetime);
        let at_hash = random_token(16);
        let refresh_token = (!anonymous || options.anonymous_refresh_token)
            .then(|| format!("m.{}", random_token(24)));
        let mut provider = String::new();
        if let Some(mut session) = store.sessions.get_mut(&id) {
            session.refresh_token.clone_from(&refresh_token);
            session.refresh_expires_at = self.now + seconds(options.refresh_token_lifetime);
            session.issued = issued;
            provider.clone_from(&session.provider);
        }
        store
            .access
            .insert(at_hash.clone(), Access { session: id, exp });
        let text = |value: &str| Value::from(value);
        let meta = Map::from_iter([
            ("wxOpenId".to_owned(), text(wechat(user, "openid"))),
            ("wxUnionId".to_owned(), text(wechat(user, "unionid"))),
        ]);
        let claims = Claims {
            sub: Some(user.id.clone()),
            exp,
            iat: self.now,
            at_hash,
            name: user.name.clone(),
            picture: user.picture.clone(),
            email: user.email.clone(),
            phone_number: user.phone.clone(),
            scope: Some(scope(anonymous).to_owned()),
            provider: Some(provider.clone()),
            provider_type: Some(provider),
            groups: user.groups.clone(),
            meta,
            user_id: Some(user.id.clone()),
            user_type: if anonymous {
                String::new()
            } else {
                "external".to_owned()
            },
            client_type: "client_user".to_owned(),
            ..self.keys.claims()
        };
        Issued {
            claims,
            refresh_token,
        }
    }
}

fn scope(anonymous: bool) -> &'static str {
    if anonymous { "anonymous" } else { "user sso" }
}

/// The session with the oldest refresh token, if one more would be too many.
fn oldest_beyond(store: &Store, user_id: &str, limit: usize) -> Option<u64> {
    let own = || store.sessions_of(user_id);
    if own().count() < limit {
        return None;
    }
    own()
        .min_by_key(|(_, session)| session.issued)
        .map(|(id, _)| id)
}

fn wechat<'a>(user: &'a User, key: &str) -> &'a str {
    let of = |identity: &'a super::store::Identity| identity.meta.get(key).and_then(Value::as_str);
    user.identities.iter().find_map(of).unwrap_or_default()
}
