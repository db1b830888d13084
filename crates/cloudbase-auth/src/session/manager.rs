//! Owns the current session: its place in memory and in the store, and the order of changes.
//!
//! Every change takes a turn, so that there is one at a time in this process, and the store's lock,
//! so that there is one at a time among all processes that share the store. A session is stored
//! before anybody sees it. Events are published when both are free again.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudbase_core::Result;
use cloudbase_core::credential::{
    Cached, CredentialProvider, RefreshPolicy, Token, TokenCache, TokenSource,
};
use futures_core::future::BoxFuture;
use secrecy::ExposeSecret as _;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};
use tokio::time::Instant;

use super::Session;
use super::ask::{TicketSource, is_asking, would_wait_for_itself};
use super::events::{AuthEvent, Hub, SignOutReason};
use super::state::{Live, Rejection, State, Stored};
use crate::caller::{Call, Caller, detached};
use crate::result::SignedIn;
use crate::store::{SessionStore, StoreLock};
use crate::user::User;

/// How long a sign-in waits for the profile before it does without.
const PROFILE_LIMIT: Duration = Duration::from_secs(15);

/// The session of one client, with the token cache that the client's calls ask.
#[derive(Clone)]
pub(crate) struct Manager {
    pub(super) core: Arc<Core>,
    pub(super) cache: TokenCache<Source>,
}

/// What the token cache asks for tokens.
pub(crate) struct Source(Arc<Core>);

pub(crate) struct Core {
    /// Calls that bypass the session: a renewal must not wait for itself.
    pub(super) caller: Caller,
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) key: String,
    pub(super) hub: Arc<Hub>,
    /// Held by whoever changes the session. Readers never wait for it.
    pub(super) turn: AsyncMutex<()>,
    state: Mutex<State>,
}

impl Manager {
    pub(crate) fn new(caller: Caller, store: Arc<dyn SessionStore>, policy: RefreshPolicy) -> Self {
        let core = Arc::new(Core {
            key: format!("credentials_{}", caller.client.env_id()),
            caller,
            store,
            hub: Arc::default(),
            turn: AsyncMutex::new(()),
            state: Mutex::default(),
        });
        Self {
            cache: TokenCache::new(Source(core.clone()), policy),
            core,
        }
    }

    pub(crate) fn store(&self) -> &dyn SessionStore {
        &*self.core.store
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.core.hub
    }

    /// The session as known here, without waiting for anything.
    pub(crate) fn peek(&self) -> Option<Session> {
        self.core
            .state()
            .current
            .as_ref()
            .map(|live| live.session.clone())
    }

    /// The session, renewed if it has to be.
    pub(crate) async fn session(&self) -> Result<Option<Session>> {
        let present = match self.cached() {
            Cached::Token(_) => true,
            Cached::Absent => false,
            _ => self.token().await?.is_some(),
        };
        Ok(if present { self.peek() } else { None })
    }

    /// The current session with this user.
    pub(crate) fn signed_in(&self, user: User) -> Result<SignedIn> {
        let session = self.peek().ok_or_else(crate::error::not_signed_in)?;
        Ok(SignedIn {
            session: session.with_user(user.clone()),
            user,
        })
    }

    /// The current session with the user known last.
    pub(crate) fn signed_in_as_known(&self) -> Result<SignedIn> {
        let session = self.peek().ok_or_else(crate::error::not_signed_in)?;
        let user = session.user().cloned();
        let user = user.unwrap_or_else(|| User::from_token(session.sub(), session.scope()));
        Ok(SignedIn { session, user })
    }

    /// Makes `session` the current one: stores it, fetches its user, tells everybody.
    pub(crate) async fn sign_in(
        &self,
        caller: &Caller,
        session: Session,
        ticket: Option<TicketSource>,
    ) -> Result<SignedIn> {
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move {
            this.install(&session, ticket, None).await?;
            let user = fetch_user(&caller, &session).await;
            this.update_user(&user).await;
            let session = session.with_user(user.clone());
            // Signed out meanwhile: that has been told already, and must stay the last word.
            if this.peek().is_some_and(|current| current.is_same(&session)) {
                this.hub().publish([AuthEvent::SignedIn(session.clone())]);
            }
            Ok(SignedIn { session, user })
        })
        .await
    }

    /// Stores `session` and puts it in force.
    pub(super) async fn install(
        &self,
        session: &Session,
        ticket: Option<TicketSource>,
        event: Option<fn(Session) -> AuthEvent>,
    ) -> Result<()> {
        let session = session.clone();
        self.install_with(ticket, event, async move { Ok(session) })
            .await
            .map(drop)
    }

    /// Obtains a session, stores it and puts it in force. Nobody renews anything meanwhile, here or
    /// in another process: what is spent on it may be the current session's.
    pub(super) async fn install_with(
        &self,
        ticket: Option<TicketSource>,
        event: Option<fn(Session) -> AuthEvent>,
        obtain: impl Future<Output = Result<Session>>,
    ) -> Result<Session> {
        let mut events = Vec::new();
        let session = {
            let _turn = self.core.turn().await?;
            let lock = self.core.lock_or_go_on().await;
            let installed = match obtain.await {
                Ok(session) => match self.core.keep(session.clone(), &lock, &mut events).await {
                    Ok(live) => {
                        self.core.state().ticket = ticket;
                        self.cache.set(live.token);
                        Ok(session)
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            lock.release().await;
            installed?
        };
        events.extend(event.map(|event| event(session.clone())));
        self.hub().publish(events);
        Ok(session)
    }

    /// Stores a session that came from elsewhere and puts it in force for what is left of it.
    pub(super) async fn install_stored(&self, session: &Session) -> Result<()> {
        let mut events = Vec::new();
        {
            let _turn = self.core.turn().await?;
            let lock = self.core.lock_or_go_on().await;
            let live = Live::new(session.clone(), session.remaining())?;
            self.core.put(live.clone(), &lock, &mut events).await;
            {
                let mut state = self.core.state();
                state.ticket = None;
                state.rejection = Rejection::stored(session);
            }
            self.cache.set(live.token);
            lock.release().await;
        }
        events.push(AuthEvent::SignedIn(session.clone()));
        self.hub().publish(events);
        Ok(())
    }

    /// Puts a newer profile into the session, if it is still that user's.
    pub(crate) async fn update_user(&self, user: &User) {
        if self
            .peek()
            .is_none_or(|session| session.user() == Some(user))
        {
            return; // nothing new, and no reason to lock the store
        }
        let mut events = Vec::new();
        {
            let Ok(_turn) = self.core.turn().await else {
                return;
            };
            let lock = self.core.lock_or_go_on().await;
            self.core.put_user(user, &lock, &mut events).await;
            lock.release().await;
        }
        self.hub().publish(events);
    }

    /// Ends the session on this machine.
    ///
    /// # Errors
    ///
    /// If the store cannot be cleared. The session has ended in this process all the same.
    pub(crate) async fn forget(&self) -> Result<()> {
        self.take().await?.1
    }

    /// Ends the session on this machine and says which one it was: a renewal may have replaced the
    /// one that was seen last.
    ///
    /// # Errors
    ///
    /// If nothing could be done. The inner result says whether the store has been cleared.
    pub(crate) async fn take(&self) -> Result<(Option<Session>, Result<()>)> {
        let _turn = self.core.turn().await?;
        let lock = self.core.lock_or_go_on().await;
        let removed = self.core.remove(&lock).await;
        let session = self.peek();
        {
            let mut state = self.core.state();
            state.clear();
            // What could not be removed must not come back.
            state.unsaved = removed.is_err();
        }
        self.cache.clear();
        lock.release().await;
        Ok((session, removed))
    }

    /// Reads the store again at the next call: another process may have signed in.
    pub(crate) fn reload(&self) {
        self.cache.reload();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.core.state()
    }
}

/// The user of a session that has just begun. The sign-in has succeeded: without a profile the
/// token tells who it is.
pub(super) async fn fetch_user(caller: &Caller, session: &Session) -> User {
    let mut caller = caller.clone();
    caller.options.timeout.get_or_insert(PROFILE_LIMIT);
    let call = Call::get("auth.user", "/auth/v1/user/me").bearer(session.access_token());
    match caller.json(&call).await {
        Ok(profile) => User::from_profile(profile, session.scope()),
        Err(error) => {
            tracing::warn!(%error, "signed in, but the profile could not be fetched");
            session
                .user()
                .cloned()
                .unwrap_or_else(|| User::from_token(session.sub(), session.scope()))
        }
    }
}

impl CredentialProvider for Manager {
    fn cached(&self) -> Cached {
        if is_asking() {
            return Cached::Absent;
        }
        match self.cache.cached() {
            Cached::Absent if self.core.state().is_worth_a_look() => {
                self.cache.reload();
                Cached::Unknown
            }
            cached => cached,
        }
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        match is_asking() {
            true => Box::pin(std::future::ready(Ok(None))),
            false => self.cache.token(),
        }
    }

    fn reject(&self, token: &Token) {
        // The cache only knows that the token must be replaced; a renewal has to know that it must
        // not be handed out again either.
        self.core.state().refused = Some(token.generation());
        self.cache.reject(token);
    }
}

impl TokenSource for Source {
    fn fetch(&self, previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        Box::pin(async move {
            let mut events = Vec::new();
            let renewing = previous.is_some();
            let result = {
                let _turn = self.0.turn.lock().await;
                self.0.fetch(previous, &mut events).await
            };
            self.0.hub.publish(events);
            if let Ok(Some(token)) = &result {
                self.0.await_farewell(token, renewing);
            }
            result
        })
    }
}

impl Core {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to change the session.
    async fn turn(&self) -> Result<AsyncMutexGuard<'_, ()>> {
        match is_asking() {
            true => Err(would_wait_for_itself()),
            false => Ok(self.turn.lock().await),
        }
    }

    /// The store's lock. A store that has none to give must not cost a session that has just been
    /// won: it is kept in memory then.
    pub(super) async fn lock_or_go_on(&self) -> StoreLock {
        match self.store.lock(&self.key).await {
            Ok(lock) => lock,
            Err(error) => {
                tracing::warn!(%error, "the session store cannot be locked");
                StoreLock::unshared()
            }
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
            Ok(session) => Ok(Stored::Session(Box::new(session))),
            Err(error) => {
                tracing::warn!(%error, "the stored session cannot be used");
                Ok(Stored::Unreadable)
            }
        }
    }

    /// Brings memory in line with what the store holds, unless an unsaved change of that stands, and
    /// returns the session in force.
    pub(super) fn reconcile(
        &self,
        stored: Option<Session>,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<Live>> {
        let mut state = self.state();
        let first = !std::mem::replace(&mut state.loaded, true);
        if state.unsaved {
            let ours = state.current.as_ref().map(|live| &live.session);
            if state.ancestor.is_still(stored.as_ref(), ours) {
                return Ok(state.current.clone());
            }
            tracing::info!("an unsaved session or sign-out yields to what is stored by now");
            state.unsaved = false;
        }
        state.ancestor.is_now(stored.clone());
        let Some(stored) = stored else {
            if let Some(live) = &state.current {
                let reason = match &state.rejection {
                    // It has ended, and whoever noticed first has removed it.
                    Some(rejection) if live.token.is_expired() => SignOutReason::Rejected {
                        code: rejection.code.clone(),
                    },
                    _ => SignOutReason::Elsewhere,
                };
                state.clear();
                events.push(AuthEvent::SignedOut(reason));
            }
            return Ok(None);
        };
        if let Some(live) = &mut state.current
            && live.session.is_same(&stored)
        {
            return Ok(Some(live.clone()));
        }
        if let Some(live) = &mut state.current
            && live.session.has_access_token_of(&stored)
            && stored.refresh_token().is_none()
        {
            // The same token, but the last one: another process has been told so.
            live.session = stored.clone();
            state.rejection = Rejection::stored(&stored);
            return Ok(state.current.clone());
        }
        let remaining = stored.remaining();
        let live = Live::new(stored, remaining)?;
        let session = live.session.clone();
        let same_user = state
            .current
            .as_ref()
            .is_some_and(|live| live.session.sub() == session.sub());
        events.push(match (first, same_user) {
            (_, true) => AuthEvent::TokenRefreshed(session),
            (true, _) => AuthEvent::InitialSession(session),
            (false, _) => AuthEvent::SignedIn(session),
        });
        if !same_user {
            state.ticket = None;
        }
        state.rejection = Rejection::stored(&live.session);
        state.current = Some(live.clone());
        Ok(Some(live))
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.core.state();
        f.debug_struct("Manager")
            .field("session", &state.current.as_ref().map(|live| &live.session))
            .field("unsaved", &state.unsaved)
            .finish_non_exhaustive()
    }
}
