//! What a handle does: sign-in, sign-up, sessions, accounts, verification.

pub(crate) mod account;
pub(crate) mod captcha;
pub(crate) mod identities;
pub(crate) mod introspection;
pub(crate) mod oauth;
pub(crate) mod password;
pub(crate) mod pending;
pub(crate) mod request;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
pub(crate) mod verification;

use std::fmt;
use std::sync::Arc;

use cloudbase_core::{CallOptions, Client, Error, Result};

use self::oauth::state::OAuthStates;
use self::session::manager::Manager;
use self::sign_in::SignedIn;
use crate::api::Caller;
use crate::captcha::broker::CaptchaBroker;

/// Signs users in and out, keeps their session, and manages their account.
///
/// Cheap to clone; clones share the session. The client that it was made with carries the session
/// into every call of every product.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> cloudbase_auth::Result<()> {
/// use cloudbase_auth::{Auth, Password};
/// use cloudbase_core::Client;
///
/// let client = Client::builder().env_id("my-env-1a2b3c").build()?;
/// let auth = Auth::new(client)?;
/// let signed_in = auth.sign_in_with_password(Password::username("lin", "N3w-pass!")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Auth {
    pub(crate) caller: Caller,
    /// Of every call of this handle; those of `caller` may be of one request more.
    pub(crate) options: CallOptions,
    pub(crate) captchas: Arc<CaptchaBroker>,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) manager: Manager,
    pub(crate) oauth: OAuthStates,
}

impl Auth {
    /// The same handle with these choices for each call that it makes: time limits, headers. A
    /// [request](crate::request) adds its own.
    ///
    /// Calls for the signed-in user reject a `token` among them, and all calls an `authorization` header
    /// (an [`Argument`](cloudbase_core::ErrorKind::Argument) error): it may be another user's. See
    /// [`for_user`](Self::for_user).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let options = cloudbase_core::CallOptions::new().with_timeout(std::time::Duration::from_secs(5));
    /// let session = auth.with_options(options).refresh_user().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        let mut auth = self.with_request_options(options);
        auth.options = auth.caller.options.clone();
        auth
    }

    /// The same handle with these options for one request of it.
    pub(crate) fn with_request_options(&self, options: CallOptions) -> Self {
        let mut auth = self.clone();
        // What a rejection means is for the methods to say.
        auth.caller.options = options.with_any_status(false);
        auth
    }

    /// The handle for the requests that follow this one: without the options of this one, but on behalf
    /// of the same user, if this is one call.
    pub(crate) fn for_later_requests(&self) -> Self {
        let options = self.options.clone();
        self.with_options(options.with_identity_of(&self.caller.options))
    }

    /// The same handle, all of whose calls are one call of the user who is signed in now.
    ///
    /// # Errors
    ///
    /// As [`Caller::check_user`].
    pub(crate) fn one_call(&self) -> Result<Self> {
        self.caller.check_user()?;
        let mut auth = self.clone();
        auth.caller = auth.caller.one_call();
        Ok(auth)
    }

    /// The session that the calls of a handle from [`one_call`](Self::one_call) were made with, and the
    /// user known last.
    ///
    /// # Errors
    ///
    /// If it has been replaced or has ended.
    pub(crate) async fn signed_in_as_caller(&self) -> Result<SignedIn> {
        let session = match self.caller.options.lineage() {
            Some(lineage) => self.manager().session_of(&lineage)?,
            // The token of a handle for one user names no session.
            None => self
                .session()
                .await?
                .ok_or_else(crate::value::error::not_signed_in)?,
        };
        Ok(Manager::as_known(session))
    }

    /// Checks that this handle can sign a user in.
    ///
    /// # Errors
    ///
    /// If it was made for one user by [`for_user`](Self::for_user).
    pub(crate) fn check_can_sign_in(&self) -> Result<()> {
        if !self.client().is_for_user() {
            return Ok(());
        }
        let rule = "was made by `for_user` and acts with that token alone: sign in on the handle that it was made from";
        Err(Error::argument("auth", rule))
    }

    /// The client that carries the session.
    pub fn client(&self) -> &Client {
        &self.caller.client
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn manager(&self) -> &Manager {
        &self.shared.manager
    }

    pub(crate) fn oauth(&self) -> &OAuthStates {
        &self.shared.oauth
    }

    pub(crate) fn captchas(&self) -> &CaptchaBroker {
        &self.captchas
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("session", self.manager())
            .finish_non_exhaustive()
    }
}
