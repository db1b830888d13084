//! Owns the current session: its place in memory and in the store, and the order of changes.
//!
//! Every change takes a turn, so that there is one at a time in this process, and the store's lock,
//! so that there is one at a time among all processes that share the store. A session is stored
//! before anybody sees it. Events are published before the turn ends, so that they come in the order
//! of the changes; they are delivered outside of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudbase_core::Result;
use cloudbase_core::credential::{
    Cached, CredentialProvider, Lineage, RefreshPolicy, Token, TokenCache, TokenSource,
};
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};
use tokio::time::Instant;

use super::Session;
use super::ask::{TicketSource, is_asking, would_wait_for_itself};
use super::events::{AuthEvent, Hub, SignOutReason};
use super::interruption::Interruption;
use super::state::{Live, Rejection, State, Stored};
use crate::caller::{Caller, detached};
use crate::de::Object;
use crate::result::SignedIn;
use crate::store::{SessionStore, StoreLock};
use crate::user::{self, User};

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
    pub(super) interruption: Interruption,
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
            interruption: Interruption::default(),
            state: Mutex::default(),
        });
        Self {
            cache: TokenCache::new(Source(core.clone()), policy),
            core,
        }
    }

    /// Never refreshes, and never signs in silently: the session is the token of one user.
    pub(crate) fn for_one_user(&self) {
        self.core.state().is_for_user = true;
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

    /// The session, refreshed if it has to be.
    pub(crate) async fn session(&self) -> Result<Option<Session>> {
        let present = match self.cached() {
            Cached::Token(_) => true,
            Cached::Absent => false,
            _ => match self.cache.token().await {
                Ok(token) => token.is_some(),
                // It has come to its end in time.
                Err(_) if self.core.state().has_expired() => false,
                Err(error) => return Err(error),
            },
        };
        Ok(if present { self.peek() } else { None })
    }

    /// The session of this lineage, if it is still in force.
    ///
    /// # Errors
    ///
    /// If it has been replaced or has ended.
    pub(crate) fn session_of(&self, lineage: &Lineage) -> Result<Session> {
        let session = self.peek();
        session
            .filter(|session| session.lineage() == *lineage)
            .ok_or_else(crate::error::user_changed)
    }

    /// A session with the user known last.
    pub(crate) fn as_known(session: Session) -> SignedIn {
        let user = User::of_session(&session);
        SignedIn { session, user }
    }

    /// Makes `session` the current one: stores it, reports it, and fetches its user.
    ///
    /// # Errors
    ///
    /// If the user is signed in no more when the profile is there.
    pub(crate) async fn sign_in(
        &self,
        caller: &Caller,
        session: Session,
        ticket: Option<TicketSource>,
    ) -> Result<SignedIn> {
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move {
            this.install(&session, ticket, &[AuthEvent::SignedIn])
                .await?;
            this.with_profile(&caller, &session).await
        })
        .await
    }

    /// The session that has just been put in force, with the profile of its user.
    ///
    /// # Errors
    ///
    /// If that user is signed in no more.
    pub(super) async fn with_profile(
        &self,
        caller: &Caller,
        session: &Session,
    ) -> Result<SignedIn> {
        let lineage = session.lineage();
        let profile = fetch_profile(caller, session).await;
        let is_known = profile.is_some();
        let user = profile.unwrap_or_else(|| User::of_session(session));
        self.update_user(&lineage, &user, is_known).await;
        // The same user may have signed in once more meanwhile, or the session been refreshed.
        let is_theirs = |current: &Session| {
            let same_user = !session.sub().is_empty() && current.sub() == session.sub();
            same_user || current.lineage() == lineage
        };
        let current = self.peek().filter(is_theirs);
        let session = current.ok_or_else(crate::error::user_changed)?;
        let session = session.with_user(user.clone());
        Ok(SignedIn { session, user })
    }

    /// Stores `session` and puts it in force.
    pub(super) async fn install(
        &self,
        session: &Session,
        ticket: Option<TicketSource>,
        told: &[fn(Session) -> AuthEvent],
    ) -> Result<()> {
        let session = session.clone();
        let turn = self.core.turn().await?;
        self.install_within(turn, ticket, told, async move { Ok(session) })
            .await
            .map(drop)
    }

    /// Obtains a session, stores it and puts it in force. Nobody refreshes anything meanwhile, here or
    /// in another process: what is spent on it is the current session's.
    pub(super) async fn install_after(
        &self,
        ticket: Option<TicketSource>,
        told: &[fn(Session) -> AuthEvent],
        obtain: impl Future<Output = Result<Session>>,
    ) -> Result<Session> {
        let turn = self.core.turn_of_many().await?;
        self.install_within(turn, ticket, told, obtain).await
    }

    async fn install_within(
        &self,
        _turn: AsyncMutexGuard<'_, ()>,
        ticket: Option<TicketSource>,
        told: &[fn(Session) -> AuthEvent],
        obtain: impl Future<Output = Result<Session>>,
    ) -> Result<Session> {
        let mut events = Vec::new();
        let lock = self.core.lock_or_go_on().await;
        let installed = match obtain.await {
            Ok(session) => match self.core.keep(session.clone(), &lock, &mut events).await {
                Ok(live) => {
                    {
                        let mut state = self.core.state();
                        state.ticket = ticket;
                        state.changes += 1;
                    }
                    self.cache.set(live.token);
                    Ok(session)
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        lock.release().await;
        let session = installed?;
        events.extend(told.iter().map(|event| event(session.clone())));
        self.hub().publish(events);
        Ok(session)
    }

    /// Stores a session that came from elsewhere and puts it in force for what is left of it.
    pub(super) async fn install_stored(&self, session: &Session) -> Result<()> {
        let mut events = Vec::new();
        let live = Live::new(session.clone(), session.remaining())?;
        let _turn = self.core.turn().await?;
        let lock = self.core.lock_or_go_on().await;
        self.core.put(live.clone(), &lock, &mut events).await;
        {
            let mut state = self.core.state();
            state.ticket = None;
            state.rejection = Rejection::stored(session);
            state.changes += 1;
        }
        self.cache.set(live.token);
        lock.release().await;
        events.push(AuthEvent::SignedIn(session.clone()));
        self.hub().publish(events);
        Ok(())
    }

    /// Puts a newer profile into the session of this lineage, if it is still in force, and reports
    /// that if `told`.
    pub(crate) async fn update_user(&self, lineage: &Lineage, user: &User, told: bool) {
        let is_news = |session: &Session| told || session.user() != Some(user);
        if !self
            .session_of(lineage)
            .is_ok_and(|session| is_news(&session))
        {
            return; // no reason to lock the store
        }
        let mut events = Vec::new();
        let Ok(_turn) = self.core.turn_of_many().await else {
            return;
        };
        if self.session_of(lineage).is_err() {
            return;
        }
        let lock = self.core.lock_or_go_on().await;
        self.core.put_user(user, &lock, &mut events).await;
        lock.release().await;
        if let (true, Ok(session)) = (told, self.session_of(lineage)) {
            events.push(AuthEvent::UserUpdated(session.with_user(user.clone())));
        }
        self.hub().publish(events);
    }

    /// Reads the store again at the next call: another process may have signed in.
    pub(crate) fn reload(&self) {
        self.core.state().stale = true;
        self.cache.reload();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.core.state()
    }
}

/// The profile of a session that has just begun. The sign-in has succeeded, with or without it.
async fn fetch_profile(caller: &Caller, session: &Session) -> Option<User> {
    let mut caller = caller.clone();
    if caller.options.timeout().is_none() {
        caller.options = caller.options.with_timeout(PROFILE_LIMIT);
    }
    let call = user::profile_call().bearer(session.access_token());
    match user::fetch(&caller, &call, session).await {
        Ok(user) => Some(user),
        Err(error) => {
            tracing::warn!(%error, "signed in, but the profile could not be fetched");
            None
        }
    }
}

impl CredentialProvider for Manager {
    fn cached(&self) -> Cached {
        if is_asking() {
            return Cached::Absent;
        }
        if let Some(token) = self.core.state().over_by_the_wall_clock() {
            self.cache.reject(&token);
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
        Box::pin(async move {
            if is_asking() {
                return Ok(None);
            }
            let changes = self.core.state().changes;
            let token = self.cache.token().await?;
            // Whoever signed in or out while a call waited is not whom it was made for.
            match self.core.state().changes == changes {
                true => Ok(token),
                false => Err(crate::error::user_changed()),
            }
        })
    }

    fn current(&self) -> Option<Token> {
        if is_asking() {
            return None;
        }
        self.core.state().in_force().map(|live| live.token)
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
                let result = self.0.fetch(previous, &mut events).await;
                self.0.hub.publish(events);
                result
            };
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

    /// The turn to replace or end the session. A refresh of it that is under way gives up.
    pub(super) async fn turn(&self) -> Result<AsyncMutexGuard<'_, ()>> {
        let _waiting = self.interruption.begin();
        self.turn_of_many().await
    }

    /// The turn to change the session after whatever is under way.
    pub(super) async fn turn_of_many(&self) -> Result<AsyncMutexGuard<'_, ()>> {
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
                StoreLock::missing()
            }
        }
    }

    /// The session in force, here or in the store, if this is its refresh token.
    pub(super) async fn has_refresh_token(&self, token: &SecretString) -> Option<Session> {
        let is_its = |session: &Session| {
            let own = session.refresh_token();
            own.is_some_and(|own| own.expose_secret() == token.expose_secret())
        };
        let known = self
            .state()
            .current
            .as_ref()
            .map(|live| live.session.clone());
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
        let key = format!("user_info_{}", self.caller.client.env_id());
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
    pub(super) async fn stored(&self) -> Option<Live> {
        match self.read().await {
            Ok(Stored::Session(session)) => {
                let remaining = session.remaining();
                Live::new(*session, remaining).ok()
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
    ) -> Result<Option<Live>> {
        let mut state = self.state();
        if state.leaving > 0 {
            return Ok(None);
        }
        let first = !std::mem::replace(&mut state.loaded, true);
        state.stale = false;
        if state.unsaved {
            let ours = state.current.as_ref().map(|live| &live.session);
            if state.ancestor.is_still(stored.as_ref(), ours) {
                return Ok(state.current.clone());
            }
            tracing::info!("an unsaved session or sign-out yields to what is stored by now");
            state.unsaved = false;
        }
        state.ancestor.is_now(stored.clone());
        let known = state.current.as_ref().map(|live| &live.session);
        let stored = stored.map(|stored| match known {
            Some(known) => stored.or_lineage_of(known),
            None => stored,
        });
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
