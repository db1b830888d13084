//! The session's methods: read, refresh, replace, end, watch.

use cloudbase_core::Result;
use secrecy::ExposeSecret as _;

use super::SetSession;
use super::request::{self, RefreshSession};
use super::sign_out::SignOut;
use crate::events::{AuthEvent, AuthEvents, Subscription};
use crate::flows::Auth;
use crate::value::claims::TokenClaims;
use crate::value::named::named;
use crate::value::session::Session;

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
    /// A refresh goes on when the future is dropped.
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

    /// The session as this process knows it, without waiting, refreshing or reading the store: `None`
    /// before the first call that needs a session, and its access token may have ended.
    ///
    /// Lets an offline program see whose session it holds.
    pub fn peek_session(&self) -> Option<Session> {
        self.manager().peek()
    }

    /// Reads the store again at the next call that needs a session, whatever is known of it here: a
    /// session that another process has put in place of the one in force takes effect at once.
    ///
    /// Without this, a sign-in elsewhere is noticed by the first call after five seconds if nobody is
    /// signed in here, and a sign-out elsewhere at the next refresh.
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
    /// refresh token, or the service does not refresh the session any more (code `invalid_grant`).
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
        RefreshSession::new(self.clone())
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
    pub fn set_session(&self, session: SetSession) -> request::SetSession {
        request::SetSession::new(self, session)
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
        self.manager().events().stream(Some(look))
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
        let subscription = self.manager().events().listen(callback);
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
                return Err(crate::value::error::not_signed_in());
            }
            let key = self.client().credentials().access_key().cloned();
            let key = key
                .as_ref()
                .and_then(|token| token.header().to_str().ok()?.strip_prefix("Bearer "));
            TokenClaims::decode(key.ok_or_else(crate::value::error::not_signed_in)?)
        })
        .await
    }
}
