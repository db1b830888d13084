//! The handle for everything about users and sessions.

use std::fmt;
use std::sync::Arc;

use cloudbase_core::credential::RefreshPolicy;
use cloudbase_core::{CallOptions, Client, Result};
use secrecy::SecretString;

use crate::api::Caller;
use crate::api::device::Device;
use crate::captcha::broker::CaptchaBroker;
use crate::captcha::handler::CaptchaHandler;
use crate::flows::oauth::state::OAuthStates;
use crate::flows::session::manager::Manager;
use crate::flows::{Auth, Shared};
use crate::server::for_user::as_session;
use crate::store::{MemoryStore, SessionStore};

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
        theirs.captchas = self.captchas.clone();
        theirs.caller.captcha = self.caller.captcha.clone();
        Ok(theirs.with_options(self.options.clone()))
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
    /// lost at the end of the program. [`Auth::check_store`] says so at the start. An [`Arc`] of a store
    /// is a store, for one that is shared.
    pub fn session_store(mut self, store: impl SessionStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets who solves captchas. Without a handler, `captcha_required` is an error of the call. An [`Arc`] of a
    /// handler is a handler, for one that is shared.
    pub fn captcha_handler(mut self, handler: impl CaptchaHandler) -> Self {
        self.captcha = Some(Arc::new(handler));
        self
    }

    /// The id of this device, which identifies anonymous users to the service. Default: a random one
    /// that the session store keeps.
    pub fn device_id(mut self, id: impl Into<String>) -> Self {
        self.device_id = Some(id.into());
        self
    }

    /// When access tokens are refreshed. Default: [`RefreshPolicy::default`].
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
        let captchas = Arc::new(CaptchaBroker::new(self.captcha));
        let caller = Caller {
            client: self.client.clone(),
            device,
            captcha: Some(captchas.clone()),
            options: CallOptions::default(),
        };
        let oauth = OAuthStates::new(store.clone(), self.client.env_id());
        let manager = Manager::new(&self.client, caller.device.clone(), store, self.policy);
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
            options: CallOptions::default(),
            captchas,
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
