//! The handle for everything about users and sessions.

use std::fmt;
use std::sync::Arc;

use cloudbase_core::credential::RefreshPolicy;
use cloudbase_core::{CallOptions, Client, Error, Result};
use secrecy::SecretString;

use crate::caller::Caller;
use crate::captcha::gate::Gate;
use crate::captcha::handler::CaptchaHandler;
use crate::device::Device;
use crate::oauth::state::OAuthStates;
use crate::result::SignedIn;
use crate::server::as_session;
use crate::session::manager::Manager;
use crate::store::{MemoryStore, SessionStore};

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
    gate: Arc<Gate>,
    shared: Arc<Shared>,
}

struct Shared {
    manager: Manager,
    oauth: OAuthStates,
}

impl Auth {
    /// A handle with default settings: the session is kept in memory.
    ///
    /// # Errors
    ///
    /// As [`AuthBuilder::build`].
    pub fn new(client: Client) -> Result<Self> {
        Self::builder(client).build()
    }

    /// Starts a handle for `client`.
    pub fn builder(client: Client) -> AuthBuilder {
        AuthBuilder {
            client,
            store: None,
            captcha: None,
            device_id: None,
            policy: RefreshPolicy::default(),
        }
    }

    /// The same handle with these choices for each call that it makes: time limits, headers.
    ///
    /// Calls for the signed-in user reject a `token` among them (an
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) error): it may be another user's. See
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
        let mut auth = self.clone();
        auth.caller.options = options;
        auth
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
                .ok_or_else(crate::error::not_signed_in)?,
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

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }
}

impl Auth {
    /// A handle that acts as the user whose access token this is: for servers that are called by
    /// many users. Its calls, and those of its [`client`](Self::client), carry that token over the
    /// same connections.
    ///
    /// The handle has no part in the session of this one, and nothing of it is stored. It cannot sign
    /// anybody in, up or over (an [`Argument`](cloudbase_core::ErrorKind::Argument) error), nor be
    /// refreshed: when the token ends by its own word and this machine's clock,
    /// [`session`](Self::session) is `None` and calls fail without being sent. Make one
    /// for each request that the server gets; that costs no connection and no call.
    ///
    /// The token is not checked here; the gateway does so with each call. See the feature `jwks` for
    /// checking it without one.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if the token is empty or holds characters
    /// that a header must not.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, bearer: String) -> cloudbase_auth::Result<()> {
    /// let theirs = auth.for_user(bearer)?;
    /// let user = theirs.refresh_user().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_user(&self, token: impl Into<SecretString>) -> Result<Self> {
        let token = token.into();
        let client = self.client().for_user(token.clone())?;
        let key = format!("credentials_{}", client.env_id());
        let store = MemoryStore::holding(key, as_session(&token));
        let mut theirs = Self::builder(client).session_store(store).build()?;
        theirs.caller.device = self.caller.device.clone();
        theirs.gate = self.gate.clone();
        theirs.caller.captcha = self.caller.captcha.clone();
        theirs.caller.options = self.caller.options.clone();
        Ok(theirs)
    }
}

/// Puts an [`Auth`] together.
#[must_use = "a builder does nothing until `build` is called"]
pub struct AuthBuilder {
    client: Client,
    store: Option<Arc<dyn SessionStore>>,
    captcha: Option<Arc<dyn CaptchaHandler>>,
    device_id: Option<String>,
    policy: RefreshPolicy,
}

impl AuthBuilder {
    /// Where the session is kept. Default: [`MemoryStore`].
    ///
    /// A store that cannot be written costs no sign-in: the session goes on in memory, which is a
    /// warning in the trace and [`AuthEvent::StoreFailed`](crate::AuthEvent::StoreFailed), and is
    /// lost at the end of the program. [`Auth::check_store`] says so at the start.
    pub fn session_store(mut self, store: impl SessionStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// As [`session_store`](Self::session_store), for a store that is shared already.
    pub fn shared_session_store(mut self, store: Arc<dyn SessionStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Who solves captchas. Without one, `captcha_required` is an error of the call.
    pub fn captcha_handler(mut self, handler: impl CaptchaHandler) -> Self {
        self.captcha = Some(Arc::new(handler));
        self
    }

    /// As [`captcha_handler`](Self::captcha_handler), for a handler that is shared already.
    pub fn shared_captcha_handler(mut self, handler: Arc<dyn CaptchaHandler>) -> Self {
        self.captcha = Some(handler);
        self
    }

    /// The id of this device, by which the service knows anonymous users. Default: a random one
    /// that the session store keeps.
    pub fn device_id(mut self, id: impl Into<String>) -> Self {
        self.device_id = Some(id.into());
        self
    }

    /// When access tokens are renewed. Default: [`RefreshPolicy::default`].
    pub fn refresh_policy(mut self, policy: RefreshPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Makes the handle and gives its session to the client. Touches neither the network nor the
    /// store, and needs no runtime.
    ///
    /// If the client has a credential provider of its own already, that one goes on serving the
    /// client's calls.
    ///
    /// # Errors
    ///
    /// [`Config`](cloudbase_core::ErrorKind::Config) if the device id is too long, empty, or not
    /// visible ASCII.
    pub fn build(self) -> Result<Auth> {
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let device = Arc::new(Device::new(store.clone(), self.device_id.as_deref())?);
        let gate = Arc::new(Gate::new(self.captcha));
        let caller = Caller {
            client: self.client.clone(),
            device,
            captcha: Some(gate.clone()),
            options: CallOptions::default(),
        };
        let renewals = Caller {
            client: self.client.direct(),
            captcha: None,
            ..caller.clone()
        };
        let oauth = OAuthStates::new(store.clone(), self.client.env_id());
        let manager = Manager::new(renewals, store, self.policy);
        if self.client.is_for_user() {
            manager.for_one_user();
        }
        let installed = self.client.install_session(Arc::new(manager.clone()));
        if !(installed || self.client.is_for_user()) {
            tracing::warn!(
                "the client has a credential provider already: the session does not serve its calls"
            );
        }
        Ok(Auth {
            caller,
            gate,
            shared: Arc::new(Shared { manager, oauth }),
        })
    }
}

impl fmt::Debug for AuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthBuilder")
            .field("client", &self.client)
            .field("device_id", &self.device_id)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
