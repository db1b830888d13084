//! The session's methods: read, renew, replace, end, watch.

use std::fmt;
use std::future::IntoFuture;

use cloudbase_core::credential::CredentialProvider as _;
use cloudbase_core::{Error, Idempotency, Result};
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::events::{AuthEvent, AuthEvents, SignOutReason, Subscription};
use super::manager::{Manager, fetch_user};
use super::state::{not_renewable, rejected};
use super::{ApiVersion, Session, wire};
use crate::auth::Auth;
use crate::caller::{Call, Caller, detached};
use crate::check;
use crate::claims::TokenClaims;
use crate::lenient;
use crate::result::SignedIn;

impl Auth {
    /// The session, renewed if its access token has ended. `None` if nobody is signed in.
    ///
    /// Reads the store at the first call. Does not ask the service unless a renewal is due.
    ///
    /// # Errors
    ///
    /// If the session has to be renewed and cannot be now. It is kept: try again later, and see
    /// [`peek_session`](Self::peek_session) for who it belongs to.
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
        self.manager().session().await
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

    /// Renews the session now, even if its access token has not ended.
    ///
    /// Renewals that run at the same time are one.
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
        self.manager()
            .take_over(self.caller(), session.refresh_token, true)
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
        self.manager().restore(session).await
    }

    /// Signs out: revokes the access token and removes the session from this machine. Other devices
    /// stay signed in. The device id is kept.
    ///
    /// # Errors
    ///
    /// If the store cannot be cleared; the session has ended in this process all the same. That the
    /// service could not be told is no error: see [`SignOutOutcome::revoked`].
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
        SignOut {
            auth: self.clone(),
            redirect_uri: None,
            state: None,
        }
    }

    /// What happens to the session from now on, as a stream.
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
        self.manager().hub().stream()
    }

    /// Calls `callback` for whatever happens to the session from now on, until the subscription is
    /// dropped.
    ///
    /// Callbacks run one event after the other on a thread where they may block. They may call the
    /// SDK, and a panic in one stops nobody.
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
        self.manager().hub().listen(callback)
    }

    /// What the session's access token says, renewed if need be; of the access key if nobody is
    /// signed in. The signature is not checked.
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
        if let Some(session) = self.session().await? {
            return TokenClaims::decode(session.access_token().expose_secret());
        }
        let key = self.caller().client.credentials().access_key().cloned();
        let key = key
            .as_ref()
            .and_then(|token| token.header().to_str().ok()?.strip_prefix("Bearer "));
        TokenClaims::decode(key.ok_or_else(crate::error::not_signed_in)?)
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
        let manager = self.auth.manager();
        match self.refresh_token {
            Some(token) => manager.take_over(self.auth.caller(), token, false).await,
            None => manager.renew().await,
        }
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

/// Signs out; see [`Auth::sign_out`].
#[doc(alias = "SignOutReq")]
#[derive(Debug)]
#[must_use = "nobody is signed out until `send` is called or it is awaited"]
pub struct SignOut {
    auth: Auth,
    redirect_uri: Option<String>,
    state: Option<String>,
}

impl SignOut {
    /// Where the identity source leads its user after its own sign-out, which is asked for by this:
    /// [`SignOutOutcome::redirect_uri`] says where to send the user first.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Text that comes back with the redirect.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Signs out.
    ///
    /// # Errors
    ///
    /// See [`Auth::sign_out`].
    pub async fn send(self) -> Result<SignOutOutcome> {
        if let Some(uri) = &self.redirect_uri {
            check::url("redirect_uri", uri)?;
        }
        check::not_empty_if_given("state", self.state.as_deref())?;
        let Self {
            auth,
            redirect_uri,
            state,
        } = self;
        detached(async move {
            let manager = auth.manager();
            // Also reads the store, if this is the first call; and a token that has ended cannot
            // be revoked. Signing out does not depend on it.
            let token = manager.token().await;
            let (session, removed) = manager.take().await?;
            // Before the service is told: a sign-in meanwhile must not be followed by this.
            manager
                .hub()
                .publish([AuthEvent::SignedOut(SignOutReason::Requested)]);
            let session = session.filter(|_| matches!(token, Ok(Some(_))));
            let mut outcome = SignOutOutcome { revoked: false, redirect_uri: None, error: None };
            if let Some(session) = session {
                match revoke(auth.caller(), &session, redirect_uri, state).await {
                    Ok(uri) => (outcome.revoked, outcome.redirect_uri) = (true, uri),
                    Err(error) => {
                        tracing::warn!(%error, "signed out here, but the service could not be told");
                        outcome.error = Some(error);
                    }
                }
            } else if let Err(error) = token {
                outcome.error = Some(error);
            }
            removed.map(|()| outcome)
        })
        .await
    }
}

impl IntoFuture for SignOut {
    type Output = Result<SignOutOutcome>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What came of a sign-out. On this machine the session has ended in any case.
#[doc(alias = "SignOutRes")]
#[derive(Debug)]
#[non_exhaustive]
pub struct SignOutOutcome {
    /// Whether the service has revoked the session. `false` also if nobody was signed in.
    pub revoked: bool,
    /// Where to send the user to sign out at the identity source, too.
    pub redirect_uri: Option<String>,
    /// Why the service could not be told.
    pub error: Option<Error>,
}

/// Revokes the tokens of `session`.
async fn revoke(
    caller: &Caller,
    session: &Session,
    redirect_uri: Option<String>,
    state: Option<String>,
) -> Result<Option<String>> {
    #[derive(Serialize)]
    struct Revoke<'a> {
        token: &'a str,
    }
    #[derive(Serialize)]
    struct Leave {
        #[serde(skip_serializing_if = "Option::is_none")]
        redirect_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<String>,
    }
    #[derive(Deserialize)]
    struct Left {
        #[serde(default, deserialize_with = "lenient::text")]
        redirect_uri: Option<String>,
    }
    let token = session.access_token();
    // Either may be sent twice: a revoked token is still revoked.
    if redirect_uri.is_none() && state.is_none() {
        let call = Call::post("auth.sign_out", "/auth/v1/revoke")
            .query("client_id", caller.client.env_id().as_str()) // as the other SDKs do here
            .json(&Revoke {
                token: token.expose_secret(),
            });
        let call = call.bearer(token).idempotency(Idempotency::Idempotent);
        return caller.unit(&call).await.map(|()| None);
    }
    let call = Call::post("auth.sign_out", "/auth/v1/user/signout").json(&Leave {
        redirect_uri,
        state,
    });
    let call = call.bearer(token).idempotency(Idempotency::Idempotent);
    caller
        .json::<Left>(&call)
        .await
        .map(|left| left.redirect_uri)
}

impl Manager {
    /// Renews the current session now.
    async fn renew(&self) -> Result<SignedIn> {
        let before = self.cache.peek();
        let token = self
            .token()
            .await?
            .ok_or_else(crate::error::not_signed_in)?;
        {
            let state = self.state();
            if state.current.is_none() {
                return Err(crate::error::not_signed_in());
            }
            if !state.is_renewable() {
                return Err(state.rejection.clone().map_or_else(not_renewable, rejected));
            }
        }
        // If it had ended, it is new already.
        let renewed = before.is_some_and(|before| before.generation() != token.generation());
        if !renewed {
            self.cache.renew().await?;
        }
        if let Some(rejection) = self.state().rejection.clone() {
            return Err(rejected(rejection));
        }
        self.signed_in_as_known()
    }

    /// Spends `refresh_token` and puts the session that comes of it in force.
    async fn take_over(
        &self,
        caller: &Caller,
        refresh_token: SecretString,
        signs_in: bool,
    ) -> Result<SignedIn> {
        check::token("refresh_token", refresh_token.expose_secret())?;
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move {
            let renewed = wire::refresh(&this.core.caller, ApiVersion::V1, &refresh_token);
            let session = this
                .install_with(None, Some(AuthEvent::TokenRefreshed), renewed)
                .await?;
            let user = fetch_user(&caller, &session).await;
            this.update_user(&user).await;
            let session = session.with_user(user.clone());
            if signs_in && this.peek().is_some_and(|current| current.is_same(&session)) {
                this.hub().publish([AuthEvent::SignedIn(session.clone())]);
            }
            Ok(SignedIn { session, user })
        })
        .await
    }

    async fn restore(&self, session: Session) -> Result<()> {
        let this = self.clone();
        detached(async move { this.install_stored(&session).await }).await
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("session", self.manager())
            .finish_non_exhaustive()
    }
}
