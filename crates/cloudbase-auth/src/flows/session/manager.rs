//! Owns the current session: its place in memory and in the store, and the order of changes.
//!
//! Every change takes a permit, so that there is one at a time in this process, and the store's lock,
//! so that there is one at a time among all processes that share the store. A session is stored
//! before anybody sees it. Events are published before the permit is released, so that they come in the order
//! of the changes; they are delivered outside of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cloudbase_core::credential::{
    Cached, CredentialProvider as _, Lineage, RefreshPolicy, TokenCache,
};
use cloudbase_core::sdk::WeakClient;
use cloudbase_core::{CallOptions, Client, EnvId, Error, ErrorKind, Response, Result};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use super::provider::Source;
use crate::api::device::Device;
use crate::api::{Caller, detached};
use crate::events::{AuthEvent, EventBus};
use crate::flows::account;
use crate::flows::sign_in::SignedIn;
use crate::store::{SessionStore, StoreLock};
use crate::token::active_session::ActiveSession;
use crate::token::interruption::Interruption;
use crate::token::state::State;
use crate::token::ticket_callback::{TicketSource, is_asking, would_wait_for_itself};
use crate::value::session::Session;
use crate::value::user::User;

/// How long a sign-in waits for the profile before it does without.
const PROFILE_LIMIT: Duration = Duration::from_secs(15);

/// How soon a sign-in by another process is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The session of one client, with the token cache that the client's calls ask.
#[derive(Clone)]
pub(crate) struct Manager {
    pub(super) core: Arc<Core>,
}

pub(crate) struct Core {
    /// Owns the session in force. It may be locked while the state is, and never the other way round.
    pub(super) cache: TokenCache<ActiveSession>,
    /// The client owns this session, so the session must not keep it alive.
    client: WeakClient,
    pub(super) env_id: EnvId,
    device: Arc<Device>,
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) key: String,
    pub(super) bus: Arc<EventBus>,
    /// Held while the session is changed. Readers never wait for it.
    pub(super) permit: AsyncMutex<()>,
    pub(super) interruption: Interruption,
    state: Mutex<State>,
}

impl Manager {
    pub(crate) fn new(
        client: &Client,
        device: Arc<Device>,
        store: Arc<dyn SessionStore>,
        policy: RefreshPolicy,
    ) -> Self {
        let core = Arc::new_cyclic(|core: &Weak<Core>| Core {
            cache: TokenCache::new(Source(core.clone()), policy),
            key: format!("credentials_{}", client.env_id()),
            client: client.direct().downgrade(),
            env_id: client.env_id().clone(),
            device,
            store,
            bus: Arc::default(),
            permit: AsyncMutex::new(()),
            interruption: Interruption::default(),
            state: Mutex::default(),
        });
        Self { core }
    }

    /// Never refreshes, and never signs in silently: the session is the token of one user.
    pub(crate) fn for_one_user(&self) {
        self.core.state().is_for_user = true;
    }

    pub(crate) fn store(&self) -> &dyn SessionStore {
        &*self.core.store
    }

    pub(crate) fn events(&self) -> &Arc<EventBus> {
        &self.core.bus
    }

    /// The session as known here, without waiting for anything.
    pub(crate) fn peek(&self) -> Option<Session> {
        self.core.cache.peek().map(|live| live.session)
    }

    /// The session, refreshed if it has to be.
    pub(crate) async fn session(&self) -> Result<Option<Session>> {
        let present = match self.cached() {
            Cached::Token(_) => true,
            Cached::Absent => false,
            _ => match self.core.cache.token().await {
                Ok(token) => token.is_some(),
                // It has come to its end in time.
                Err(_) if self.core.has_expired() => false,
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
            .ok_or_else(crate::value::error::user_changed)
    }

    /// A session with the user known last.
    pub(crate) fn as_known(session: Session) -> SignedIn {
        let user = User::of_session(&session);
        SignedIn { session, user }
    }

    /// Makes the session of a response the current one: stores it, reports it, and fetches its user.
    ///
    /// # Errors
    ///
    /// If the user is signed in no more when the profile is there.
    pub(crate) async fn sign_in(
        &self,
        caller: &Caller,
        response: Response<Session>,
        ticket: Option<TicketSource>,
    ) -> Result<Response<SignedIn>> {
        let (this, caller) = (self.clone(), caller.clone());
        let (session, response) = response.split();
        let signed_in = detached(async move {
            this.install(&session, ticket, &[AuthEvent::SignedIn])
                .await?;
            this.with_profile(&caller, &session).await
        });
        let signed_in = signed_in.await?;
        Ok(response.map(|()| signed_in))
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
        let session = current.ok_or_else(crate::value::error::user_changed)?;
        let session = session.with_user(user.clone());
        Ok(SignedIn { session, user })
    }

    /// Stores `session` and puts it in force.
    pub(super) async fn install(
        &self,
        session: &Session,
        ticket: Option<TicketSource>,
        report: &[fn(Session) -> AuthEvent],
    ) -> Result<()> {
        let live = ActiveSession::fresh(session.clone())?;
        let permit = self.core.permit().await?;
        self.install_within(permit, ticket, report, async { Ok(live) })
            .await
            .map(drop)
    }

    /// Obtains a session, stores it and puts it in force. Nobody refreshes anything meanwhile, here or
    /// in another process: what is spent on it is the current session's.
    pub(super) async fn install_after(
        &self,
        ticket: Option<TicketSource>,
        report: &[fn(Session) -> AuthEvent],
        obtain: impl Future<Output = Result<Session>>,
    ) -> Result<Session> {
        let permit = self.core.queued_permit().await?;
        let obtain = Box::pin(async { ActiveSession::fresh(obtain.await?) });
        self.install_within(permit, ticket, report, obtain).await
    }

    /// Stores a session that came from elsewhere and puts it in force for what is left of it.
    pub(super) async fn install_stored(&self, session: Session) -> Result<()> {
        let remaining = session.remaining();
        let live = ActiveSession::new(session, remaining)?;
        let permit = self.core.permit().await?;
        self.install_within(permit, None, &[AuthEvent::SignedIn], async { Ok(live) })
            .await
            .map(drop)
    }

    async fn install_within(
        &self,
        _permit: AsyncMutexGuard<'_, ()>,
        ticket: Option<TicketSource>,
        report: &[fn(Session) -> AuthEvent],
        obtain: impl Future<Output = Result<ActiveSession>>,
    ) -> Result<Session> {
        let mut events = Vec::new();
        let lock = self.core.lock_or_go_on().await;
        let obtained = obtain.await;
        if let Ok(live) = &obtained {
            let live = live.clone();
            self.core.put(live, ticket, &lock, &mut events).await;
        }
        lock.release().await;
        let session = obtained?.session;
        events.extend(report.iter().map(|event| event(session.clone())));
        self.events().publish(events);
        Ok(session)
    }

    /// Puts a newer profile into the session of this lineage, if it is still in force, and publishes
    /// that if it is to `report`.
    pub(crate) async fn update_user(&self, lineage: &Lineage, user: &User, report: bool) {
        let is_news = |session: &Session| report || session.user() != Some(user);
        if !self
            .session_of(lineage)
            .is_ok_and(|session| is_news(&session))
        {
            return; // no reason to lock the store
        }
        let mut events = Vec::new();
        let Ok(_permit) = self.core.queued_permit().await else {
            return;
        };
        if self.session_of(lineage).is_err() {
            return;
        }
        let lock = self.core.lock_or_go_on().await;
        self.core.put_user(user, &lock, &mut events).await;
        lock.release().await;
        if let (true, Ok(session)) = (report, self.session_of(lineage)) {
            events.push(AuthEvent::UserUpdated(session.with_user(user.clone())));
        }
        self.events().publish(events);
    }

    /// Reads the store again at the next call: another process may have signed in.
    pub(crate) fn reload(&self) {
        self.core.cache.reload();
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
    let call = account::profile_call().bearer(session.access_token());
    match account::fetch(&caller, &call, session).await {
        Ok(user) => Some(user.into_value()),
        Err(error) => {
            tracing::warn!(%error, "signed in, but the profile could not be fetched");
            None
        }
    }
}

impl Core {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends calls that bypass the session: a refresh must not wait for itself.
    ///
    /// # Errors
    ///
    /// If the client is gone, with all that could use a session.
    pub(super) fn caller(&self) -> Result<Caller> {
        let gone = || Error::new(ErrorKind::Interrupted, "the client has been dropped");
        Ok(Caller {
            client: self.client.upgrade().ok_or_else(gone)?,
            device: self.device.clone(),
            captcha: None,
            options: CallOptions::default(),
        })
    }

    /// The store has said that there is no session.
    pub(super) fn is_signed_out(&self) -> bool {
        self.state().loaded && self.cache.peek().is_none()
    }

    /// The last session has ended in its time, rejected by nobody.
    fn has_expired(&self) -> bool {
        self.is_signed_out() && self.state().rejection.is_none()
    }

    /// Whether nobody is signed in, as far as is known, and another process may have signed in since.
    pub(super) fn is_worth_a_look(&self) -> bool {
        let looked = self.state().looked;
        let lately = looked.is_some_and(|at| at.elapsed() < LOOK_AGAIN);
        self.is_signed_out() && !lately
    }

    /// The permit to replace or end the session. A refresh of it that is under way gives up.
    pub(super) async fn permit(&self) -> Result<AsyncMutexGuard<'_, ()>> {
        let _waiting = self.interruption.begin();
        self.queued_permit().await
    }

    /// The permit to change the session after whatever is under way.
    pub(super) async fn queued_permit(&self) -> Result<AsyncMutexGuard<'_, ()>> {
        match is_asking() {
            true => Err(would_wait_for_itself()),
            false => Ok(self.permit.lock().await),
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
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("session", &self.peek())
            .field("unsaved", &self.core.state().unsaved)
            .finish_non_exhaustive()
    }
}
