//! How a session is refreshed: once for all processes, never from a stale copy, never twice with one
//! refresh token.

use cloudbase_core::credential::TokenHolder as _;
use cloudbase_core::{Error, ErrorKind, Result};

use super::manager::Core;
use crate::api::session;
use crate::events::{AuthEvent, SignOutReason};
use crate::store::StoreLock;
use crate::token::active_session::{ActiveSession, Rejection, not_refreshable, rejected};
use crate::token::state::Stored;
use crate::value::session::Session;

impl Core {
    /// The session that replaces `previous`. Called with the permit held.
    ///
    /// # Errors
    ///
    /// Of kind [`ErrorKind::Credentials`] if the session has ended by this, with the reason.
    pub(super) async fn fetch(
        &self,
        previous: Option<ActiveSession>,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        // Without the lock first: its holder may be waiting for the network, and what is
        // needed may be there already.
        match self.read().await {
            Ok(Stored::Session(session)) => {
                let live = self.reconcile(Some(*session), events)?;
                // What is unsaved is tried again, with the lock.
                if !self.state().unsaved
                    && let Some(live) = self.usable(live, previous.as_ref())
                {
                    return Ok(Some(live));
                }
            }
            Ok(Stored::Nothing) if self.cache.peek().is_none() => {
                return self.reconcile(None, events);
            }
            // With the lock it is looked at again.
            Ok(_) => {}
            // Nobody was signed in, and nothing is known of another process: as before.
            Err(error) if self.is_signed_out() => {
                tracing::debug!(%error, "the session store cannot be read");
                return Ok(None);
            }
            Err(error) if !self.state().unsaved => return Err(error),
            Err(_) => {}
        }
        let lock = match self.store.lock(&self.key).await {
            Ok(lock) => lock,
            // The store has failed before, and the session lives in memory alone.
            Err(_) if self.state().unsaved => StoreLock::missing(),
            Err(error) => return Err(error),
        };
        let result = self.fetch_locked(previous.as_ref(), &lock, events).await;
        lock.release().await;
        result
    }

    async fn fetch_locked(
        &self,
        previous: Option<&ActiveSession>,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        let read = self.read().await;
        // What is unsaved is written over nothing that has not been looked at.
        let is_known = read.is_ok();
        let live = match read {
            Ok(stored) => {
                if matches!(stored, Stored::Unreadable)
                    && !lock.is_missing()
                    && let Err(error) = self.store.discard(&self.key, lock).await
                {
                    tracing::warn!(%error, "the unusable session could not be put aside");
                }
                self.reconcile(stored.session(), events)?
            }
            // The store has failed before, and the session lives in memory alone.
            Err(_) if self.state().unsaved => self.cache.peek(),
            Err(error) => return Err(error),
        };
        let Some(live) = live else {
            if is_known {
                self.write_again(lock).await;
            }
            return Ok(None);
        };
        if let Some(live) = self.usable(Some(live.clone()), previous) {
            if is_known {
                self.write_again(lock).await;
            }
            return Ok(Some(live));
        }
        self.refresh(live, lock, events).await
    }

    /// `live`, if it has another token than the one to be replaced, and a good one.
    fn usable(
        &self,
        live: Option<ActiveSession>,
        previous: Option<&ActiveSession>,
    ) -> Option<ActiveSession> {
        let generation = |live: &ActiveSession| live.token.generation();
        live.filter(|live| {
            previous.is_none_or(|previous| generation(previous) != generation(live))
                && self.is_alive(live)
        })
    }

    /// Whether the token can still be sent: neither clock says that it is over, and the gateway has
    /// not rejected it.
    fn is_alive(&self, live: &ActiveSession) -> bool {
        !live.is_expired() && !self.cache.is_rejected(live)
    }

    async fn refresh(
        &self,
        mut live: ActiveSession,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        let mut why = None;
        if let Some(refresh_token) = live.session.refresh_token() {
            let version = live.session.version();
            let caller = self.caller()?;
            let refreshed = session::refresh(&caller, version, refresh_token);
            match self.interruption.unless_interrupted(refreshed).await {
                Ok(newer) if !newer.value().has_user_of(&live.session) => {
                    return Err(another_user());
                }
                Ok(newer) => {
                    let newer = newer.into_value();
                    return self.replace(&live.session, newer, lock, events).await;
                }
                Err(error) if session::is_rejected(&error) => {
                    // A program that knows nothing of the lock may have refreshed it meanwhile.
                    if let Some(newer) = self.adopt_newer(&live, events).await? {
                        return Ok(Some(newer));
                    }
                    tracing::info!(%error, "the service does not refresh the session any more");
                    live.session = live.session.rejected(error.code().cloned());
                    self.reject(&live, &error);
                    match self.put_successor(live, lock, events).await? {
                        Some(in_force) if in_force.session.rejection().is_some() => live = in_force,
                        in_force => return Ok(in_force),
                    }
                    why = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        self.sign_in_again(live, why, lock, events).await
    }

    /// Refreshes a session that has no refresh token (any more), by signing in again if that needs
    /// nobody's help. Else it lasts for as long as its access token.
    async fn sign_in_again(
        &self,
        live: ActiveSession,
        mut why: Option<Error>,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        let attempt = async {
            let (ticket, is_anonymous) = {
                let state = self.state();
                let is_anonymous = state.may_sign_in_anonymously(&live.session);
                (state.ticket.clone(), is_anonymous)
            };
            let caller = self.caller()?;
            let response = match ticket {
                Some(source) => session::custom_ticket(&caller, &source).await?,
                None if is_anonymous => {
                    session::obtain(&caller, &session::anonymous_call(None)).await?
                }
                None => return Ok(None),
            };
            Ok(Some(response.into_value()))
        };
        match self.interruption.unless_interrupted(attempt).await {
            Ok(Some(newer)) => return self.replace(&live.session, newer, lock, events).await,
            Ok(None) => {}
            Err(error) if session::is_rejected(&error) => {
                self.reject(&live, &error);
                why = Some(error);
            }
            Err(error) => return Err(passing(error)),
        }
        if self.is_alive(&live) {
            let live = live.prolonged()?;
            return Ok(self.go_on(&mut self.state(), live));
        }
        let rejection = self.state().rejection.clone();
        let reason = match &rejection {
            Some(Rejection { code, .. }) => SignOutReason::Rejected { code: code.clone() },
            None => SignOutReason::Expired,
        };
        if let Some(in_force) = self.end(&live, reason, lock, events).await? {
            return Ok(Some(in_force));
        }
        Err(match (why, rejection) {
            (Some(error), _) => {
                let what = "the session has ended, as the service does not refresh it";
                Error::because_of(ErrorKind::Credentials, what, &error)
            }
            (None, Some(rejection)) => rejected(rejection),
            (None, None) => not_refreshable(),
        })
    }

    fn reject(&self, live: &ActiveSession, error: &Error) {
        self.state().rejection = error.code().map(|code| Rejection {
            code: code.clone(),
            history: live.history(),
        });
    }

    async fn replace(
        &self,
        previous: &Session,
        newer: Session,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        let newer = newer.succeeding(previous);
        let live = ActiveSession::fresh(newer.clone())?;
        let Some(in_force) = self.put_successor(live, lock, events).await? else {
            return Ok(None);
        };
        if in_force.session.is_same(&newer) {
            self.state().rejection = None;
            // Who signs in anonymously again may be another user.
            events.push(match newer.lineage() == previous.lineage() {
                true => AuthEvent::TokenRefreshed(newer),
                false => AuthEvent::SignedIn(newer),
            });
        }
        Ok(Some(in_force))
    }

    /// A session that has come into the store since, if there is one.
    async fn adopt_newer(
        &self,
        live: &ActiveSession,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        match self.read().await {
            Ok(Stored::Session(stored))
                if !stored.is_same(&live.session) && !stored.remaining().is_zero() =>
            {
                let adopted = self.reconcile(Some(*stored), events)?;
                Ok(adopted.filter(|adopted| !adopted.session.is_same(&live.session)))
            }
            _ => Ok(None),
        }
    }
}

/// What a refresh fails with whose response is another user's session. The own one is kept until
/// its access token ends.
fn another_user() -> Error {
    let message = "the response to the refresh holds the session of another user; it is not used";
    Error::new(ErrorKind::Decode, message).with_sent(true)
}

/// A failure of the program's function for tickets, whatever kind of error that returns.
fn passing(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Credentials => Error::because_of(ErrorKind::Local, "there is no ticket", &error),
        _ => error,
    }
}
