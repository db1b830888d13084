//! Reads the store, and brings memory in line with it.

use cloudbase_core::Result;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::manager::Core;
use crate::events::{AuthEvent, SignOutReason};
use crate::token::active_session::{ActiveSession, Rejection};
use crate::token::state::Stored;
use crate::value::de::Object;
use crate::value::session::Session;
use crate::value::user::User;

impl Core {
    /// The session in force, here or in the store, if this is its refresh token.
    pub(super) async fn has_refresh_token(&self, token: &SecretString) -> Option<Session> {
        let is_its = |session: &Session| {
            let own = session.refresh_token();
            own.is_some_and(|own| own.expose_secret() == token.expose_secret())
        };
        let known = self.cache.peek().map(|live| live.session);
        if let Some(known) = known.filter(is_its) {
            return Some(known);
        }
        match self.read().await {
            Ok(Stored::Session(stored)) if is_its(&stored) => Some(*stored),
            _ => None,
        }
    }

    pub(super) async fn read(&self) -> Result<Stored> {
        self.state().looked = Some(Instant::now());
        let Some(json) = self.store.load(&self.key).await? else {
            if self.state().unsaved {
                self.look_for_sign_out().await;
            }
            return Ok(Stored::Nothing);
        };
        match Session::from_json(json.expose_secret()) {
            Ok(session) => Ok(Stored::Session(Box::new(
                self.with_stored_user(session).await,
            ))),
            Err(error) => {
                tracing::warn!(%error, "the stored session cannot be used");
                Ok(Stored::Unreadable)
            }
        }
    }

    /// A session with the user that the JavaScript SDK has stored beside it, if it has none.
    async fn with_stored_user(&self, session: Session) -> Session {
        if session.user().is_some() {
            return session;
        }
        let key = format!("user_info_{}", self.env_id);
        let Ok(Some(json)) = self.store.load(&key).await else {
            return session;
        };
        let stored: Option<Object> = serde_json::from_str(json.expose_secret()).ok();
        let profile = stored.and_then(|stored| stored.get(&["content"]));
        // It may be left over from another user: only an id of its own shows whose it is.
        let is_its = |profile: &Object| {
            let id = User::from_profile(profile.clone(), None).id;
            !id.is_empty() && id == session.sub()
        };
        match profile.filter(is_its) {
            Some(profile) => session.with_user(User::from_profile(profile, Some(&session))),
            None => session,
        }
    }

    /// What the store holds, if that can be used.
    pub(super) async fn stored(&self) -> Option<ActiveSession> {
        match self.read().await {
            Ok(Stored::Session(session)) => {
                let remaining = session.remaining();
                ActiveSession::new(*session, remaining).ok()
            }
            _ => None,
        }
    }

    /// Brings memory in line with what the store holds, unless an unsaved change of that stands or a
    /// sign-out is about to remove it, and returns the session in force.
    pub(super) fn reconcile(
        &self,
        stored: Option<Session>,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        let mut state = self.state();
        if state.leaving > 0 {
            return Ok(None);
        }
        let first = !std::mem::replace(&mut state.loaded, true);
        let known = self.cache.peek();
        if state.unsaved {
            let ours = known.as_ref().map(|live| &live.session);
            if state.ancestor.is_still(stored.as_ref(), ours) {
                return Ok(known);
            }
            tracing::info!("an unsaved session or sign-out yields to what is stored by now");
            state.unsaved = false;
        }
        state.ancestor.is_now(stored.clone());
        let live = match (stored, known) {
            (None, None) => None,
            (None, Some(known)) => {
                let reason = match &state.rejection {
                    // It has ended, and the process that noticed first has removed it.
                    Some(rejection) if known.token.is_expired() => SignOutReason::Rejected {
                        code: rejection.code.clone(),
                    },
                    _ => SignOutReason::Elsewhere,
                };
                state.clear();
                events.push(AuthEvent::SignedOut(reason));
                None
            }
            (Some(stored), Some(known)) if known.session.is_same(&stored) => Some(known),
            (Some(stored), Some(mut known))
                if known.session.has_access_token_of(&stored)
                    && stored.refresh_token().is_none() =>
            {
                // The same token, but the last one: another process has learnt so.
                known.session = stored.or_lineage_of(&known.session);
                state.rejection = Rejection::stored(&known.session);
                Some(known)
            }
            (Some(stored), known) => {
                let known = known.as_ref().map(|live| &live.session);
                let stored = match known {
                    Some(known) => stored.or_lineage_of(known),
                    None => stored,
                };
                let is_same_user = known.is_some_and(|known| known.sub() == stored.sub());
                let remaining = stored.remaining();
                let live = ActiveSession::new(stored, remaining)?;
                let session = live.session.clone();
                events.push(match (first, is_same_user) {
                    (_, true) => AuthEvent::TokenRefreshed(session),
                    (true, _) => AuthEvent::InitialSession(session),
                    (false, _) => AuthEvent::SignedIn(session),
                });
                if !is_same_user {
                    state.ticket = None;
                }
                state.rejection = Rejection::stored(&live.session);
                Some(live)
            }
        };
        self.cache.put(live.clone());
        Ok(live)
    }
}
