//! The session's methods: read, renew, replace, end, watch.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use cloudbase_core::Result;
use cloudbase_core::credential::CredentialProvider as _;
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::ask::{is_asking, would_wait_for_itself};
use super::events::{AuthEvent, AuthEvents, Subscription};
use super::manager::Manager;
use super::sign_out::SignOut;
use super::state::{Live, Stored, not_renewable, rejected};
use super::{ApiVersion, Session, wire};
use crate::auth::Auth;
use crate::caller::{Caller, detached};
use crate::check;
use crate::claims::TokenClaims;
use crate::named::named;
use crate::result::SignedIn;

/// When a store that could not be read at the first look is read again.
const LOOKS_AGAIN_AFTER: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

impl Auth {
    /// The session, refreshed if its access token is over. `None` if nobody is signed in.
    ///
    /// Reads the store at the first call. Does not ask the service unless a refresh is due.
    ///
    /// # Errors
    ///
    /// If the session has to be refreshed and cannot be now. It is kept: try again later, and see
    /// [`peek_session`](Self::peek_session) for who it belongs to. If the service rejects the refresh,
    /// the session has ended: the call that finds out fails with the rejection (code
    /// `invalid_grant`), and from then on it is `None`.
    ///
    /// # Cancel safety
    ///
    /// A renewal goes on when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// match auth.session().await? {
    ///     Some(session) => println!("signed in as {}", session.sub()),
    ///     None => println!("signed out"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getSession")]
    #[doc(alias = "currentSession")]
    pub async fn session(&self) -> Result<Option<Session>> {
        named("auth.session", async { self.manager().session().await }).await
    }

    /// The session as this process knows it, without waiting, renewing or reading the store: `None`
    /// before the first call that needs a session, and its access token may have ended.
    ///
    /// Tells an offline program whose session it holds.
    pub fn peek_session(&self) -> Option<Session> {
        self.manager().peek()
    }

    /// Reads the store again at the next call that needs a session, whatever is known of it here: a
    /// session that another process has put in place of the one in force takes effect at once.
    ///
    /// Without this, a sign-in elsewhere is noticed by the first call after five seconds if nobody is
    /// signed in here, and a sign-out elsewhere at the next renewal.
    pub fn reload_session(&self) {
        self.manager().reload();
    }

    /// Refreshes the session now, even if its access token is not over, and whatever became of the
    /// last refresh: the cooldown after a failed one holds calls back, not this.
    ///
    /// Refreshes that run at the same time are one.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in, there is no
    /// refresh token, or the service does not renew the session any more (code `invalid_grant`).
    /// Anything else leaves the session as it is.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let signed_in = auth.refresh_session().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "refreshSession")]
    pub fn refresh_session(&self) -> RefreshSession {
        RefreshSession {
            auth: self.clone(),
            refresh_token: None,
        }
    }

    /// Takes a session over from elsewhere by its refresh token, which is spent on the way.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if the token cannot be one; what the
    /// service says of it otherwise. The session that was there stays then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::SetSession;
    ///
    /// let signed_in = auth.set_session(SetSession::new("m.Q0mLr8Zt2YbE5uJw9XkPa1")).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "setSession")]
    pub async fn set_session(&self, session: SetSession) -> Result<SignedIn> {
        named("auth.set_session", async {
            self.check_can_sign_in()?;
            self.manager()
                .take_over(self.caller(), session.refresh_token, true)
                .await
        })
        .await
    }

    /// Puts a session in force as it is, without asking the service: one that was read by
    /// [`Session::from_json`] and is stored here from now on.
    ///
    /// # Errors
    ///
    /// [`Interrupted`](cloudbase_core::ErrorKind::Interrupted) if the runtime shuts down.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::Session;
    ///
    /// # let of_another_sdk = "";
    /// auth.restore_session(Session::from_json(of_another_sdk)?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restore_session(&self, session: Session) -> Result<()> {
        self.check_can_sign_in()?;
        self.manager().restore(session).await
    }

    /// Signs out: removes the session from this machine, then revokes its tokens. Other devices stay
    /// signed in. The device id is kept.
    ///
    /// The session is gone here at once, whatever the network does: a refresh that is under way is
    /// given up. The service then has one attempt and 5 seconds. With nobody signed in, nothing
    /// happens and nothing is reported.
    ///
    /// # Errors
    ///
    /// If the store cannot be cleared; the session has ended in this process all the same. Failing to
    /// notify the service is not an error: see [`revoked`](super::SignOutOutcome::revoked).
    ///
    /// # Cancel safety
    ///
    /// The sign-out goes on when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// auth.sign_out().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signOut")]
    pub fn sign_out(&self) -> SignOut {
        SignOut::new(self.clone())
    }

    /// What happens to the session from now on, as a stream.
    ///
    /// The first read of it looks for a stored session, unless a call has done so already: a program that
    /// only listens gets [`InitialSession`](AuthEvent::InitialSession) too, without a request.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) {
    /// use cloudbase_auth::AuthEvent;
    ///
    /// let mut events = auth.events();
    /// loop {
    ///     match events.next().await {
    ///         AuthEvent::SignedOut(reason) => println!("signed out: {reason:?}"),
    ///         event => println!("{}", event.name()),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> AuthEvents {
        let manager = self.manager().clone();
        let look = Box::new(move || manager.look_for_stored());
        self.manager().hub().stream(Some(look))
    }

    /// Calls `callback` for whatever happens to the session from now on, until the subscription is
    /// dropped.
    ///
    /// Callbacks run one event after the other on a thread where they may block. They may call the
    /// SDK, and a panic in one stops nobody. As with [`events`](Self::events), a stored session is looked
    /// for at once; outside a tokio runtime the first call does that.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example(auth: cloudbase_auth::Auth) {
    /// let subscription = auth.on_auth_state_change(|event| println!("{}", event.name()));
    /// // …
    /// subscription.unsubscribe();
    /// # }
    /// ```
    #[doc(alias = "onAuthStateChange")]
    pub fn on_auth_state_change(
        &self,
        callback: impl Fn(AuthEvent) + Send + Sync + 'static,
    ) -> Subscription {
        let subscription = self.manager().hub().listen(callback);
        self.manager().look_for_stored();
        subscription
    }

    /// Returns the claims of the session's access token, refreshed if need be, or those of the access
    /// key if nobody is signed in. A handle of [`for_user`](Self::for_user) returns those of its user's
    /// token only. The signature is not checked.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if there is neither,
    /// [`Decode`](cloudbase_core::ErrorKind::Decode) if it is no JSON Web Token.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let token = auth.claims().await?;
    /// println!("{:?} {:?}", token.claims.sub, token.header.kid);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getClaims")]
    pub async fn claims(&self) -> Result<TokenClaims> {
        named("auth.claims", async {
            if let Some(session) = self.session().await? {
                return TokenClaims::decode(session.access_token().expose_secret());
            }
            if self.client().is_for_user() {
                return Err(crate::error::not_signed_in());
            }
            let key = self.client().credentials().access_key().cloned();
            let key = key
                .as_ref()
                .and_then(|token| token.header().to_str().ok()?.strip_prefix("Bearer "));
            TokenClaims::decode(key.ok_or_else(crate::error::not_signed_in)?)
        })
        .await
    }
}

/// Renews the session; see [`Auth::refresh_session`].
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called or it is awaited"]
pub struct RefreshSession {
    auth: Auth,
    refresh_token: Option<SecretString>,
}

impl RefreshSession {
    /// Renews with this refresh token instead of the current one.
    pub fn refresh_token(mut self, token: impl Into<SecretString>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Renews.
    ///
    /// # Errors
    ///
    /// See [`Auth::refresh_session`].
    pub async fn send(self) -> Result<SignedIn> {
        named("auth.refresh_session", async {
            let manager = self.auth.manager();
            match self.refresh_token {
                Some(token) => {
                    self.auth.check_can_sign_in()?;
                    manager.take_over(self.auth.caller(), token, false).await
                }
                None => manager.renew().await,
            }
        })
        .await
    }
}

impl IntoFuture for RefreshSession {
    type Output = Result<SignedIn>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A session to take over; see [`Auth::set_session`].
#[doc(alias = "SetSessionReq")]
#[derive(Clone, Debug)]
pub struct SetSession {
    refresh_token: SecretString,
}

impl SetSession {
    /// The session to which this refresh token belongs.
    pub fn new(refresh_token: impl Into<SecretString>) -> Self {
        Self {
            refresh_token: refresh_token.into(),
        }
    }

    /// Accepted for likeness with the other SDKs; the service tells the access token anew.
    #[must_use]
    pub fn access_token(self, _token: impl Into<SecretString>) -> Self {
        self
    }
}

impl Manager {
    /// Refreshes the current session now, whatever became of the last refresh.
    async fn renew(&self) -> Result<SignedIn> {
        let live = self.live().await?.ok_or_else(crate::error::not_signed_in)?;
        if !self.state().is_renewable(&live) {
            let rejection = self.state().rejection.clone();
            return Err(rejection.map_or_else(not_renewable, rejected));
        }
        self.core.cache.refresh().await?;
        if let Some(rejection) = self.state().rejection.clone() {
            return Err(rejected(rejection));
        }
        self.session_of(&live.session.lineage()).map(Self::as_known)
    }

    /// Looks for a stored session behind the caller's back, if nobody has done so. A store that cannot be
    /// read is reported once, and asked again for half a minute; after that the next call does.
    /// `false` if that takes a runtime and none is here.
    pub(super) fn look_for_stored(&self) -> bool {
        if self.state().loaded {
            return true;
        }
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        let this = self.clone();
        runtime.spawn(async move {
            let Err(error) = this.live().await else {
                return;
            };
            tracing::warn!(%error, "the stored session could not be read; trying again");
            let event = AuthEvent::StoreFailed(error);
            this.hub().publish([event]);
            for pause in LOOKS_AGAIN_AFTER {
                sleep(pause).await;
                if this.live().await.is_ok() {
                    return;
                }
            }
        });
        true
    }

    /// The session in force, read from the store if nobody is known to be signed in.
    async fn live(&self) -> Result<Option<Live>> {
        if is_asking() {
            return Ok(None);
        }
        let cache = &self.core.cache;
        if cache.current().is_some() {
            return Ok(cache.peek());
        }
        let _permit = self.core.queued_permit().await?;
        let mut events = Vec::new();
        let live = match self.core.read().await {
            // It is put aside by whoever holds the store's lock.
            Ok(Stored::Unreadable) => cache.peek(),
            Ok(stored) => self.core.reconcile(stored.session(), &mut events)?,
            // The session lives in memory alone.
            Err(_) if self.state().unsaved => cache.peek(),
            Err(error) => return Err(error),
        };
        self.hub().publish(events);
        if let Some(live) = &live {
            self.core.await_expiry(live, false);
        }
        Ok(live)
    }

    /// Spends `refresh_token` and puts the session that comes of it in force.
    async fn take_over(
        &self,
        caller: &Caller,
        refresh_token: SecretString,
        signs_in: bool,
    ) -> Result<SignedIn> {
        check::token("refresh_token", refresh_token.expose_secret())?;
        if is_asking() {
            return Err(would_wait_for_itself());
        }
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move {
            let renewed = wire::refresh(&this.core.caller, ApiVersion::V1, &refresh_token);
            let own = this.core.has_refresh_token(&refresh_token).await;
            let events: &[fn(Session) -> AuthEvent] = match signs_in {
                true => &[AuthEvent::TokenRefreshed, AuthEvent::SignedIn],
                false => &[AuthEvent::TokenRefreshed],
            };
            let session = match own {
                // A refresh of the session may be spending the same token.
                Some(previous) => {
                    let renewed = async {
                        let renewed = this.core.interruption.unless_interrupted(renewed);
                        let session = renewed.await?;
                        Ok(match signs_in {
                            true => session,
                            false => session.succeeding(&previous),
                        })
                    };
                    this.install_after(None, events, renewed).await?
                }
                None => {
                    let session = renewed.await?;
                    this.install(&session, None, events).await?;
                    session
                }
            };
            this.with_profile(&caller, &session).await
        })
        .await
    }

    async fn restore(&self, session: Session) -> Result<()> {
        let this = self.clone();
        detached(async move { this.install_stored(session).await }).await
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("session", self.manager())
            .finish_non_exhaustive()
    }
}
