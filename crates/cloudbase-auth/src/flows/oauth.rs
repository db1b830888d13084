//! Sign-in at an identity source: where to send the user, and what to do when they come back.

mod begin;
pub(crate) mod callback;
mod callback_url;
mod loopback;
#[cfg(feature = "pkce")]
mod pkce;
mod returned;
pub(crate) mod state;

use std::time::Duration;

use cloudbase_core::Result;
use secrecy::SecretString;

pub use self::begin::SignInWithOAuth;
pub use self::callback::{VerifiedOAuth, VerifyOAuth};
pub use self::loopback::{LoopbackSignIn, OAuthLoopback};
pub use self::returned::OAuthReturn;
use crate::args::validate;
use crate::flows::sign_in::provider::Options;
use crate::value::oauth_purpose::OAuthPurpose;

/// How long a user has for the way to the identity source and back.
pub(crate) const STATE_LIFETIME: Duration = Duration::from_secs(600);

/// Which identity source, and what to ask of it; see [`Auth::sign_in_with_oauth`](crate::Auth::sign_in_with_oauth).
#[doc(alias = "SignInWithOAuthReq")]
#[derive(Clone, Debug)]
pub struct OAuth {
    provider: String,
    redirect_to: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    response_type: Option<String>,
    query_params: Vec<(String, String)>,
    other_params: Vec<(String, String)>,
    provider_params: Vec<(String, SecretString)>,
    purpose: OAuthPurpose,
    options: Options,
}

impl OAuth {
    /// The identity source `provider`: `github`, `google`, `wx_open`, …
    pub fn new(provider: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            redirect_to: None,
            state: None,
            scope: None,
            response_type: None,
            query_params: Vec::new(),
            other_params: Vec::new(),
            provider_params: Vec::new(),
            purpose: OAuthPurpose::SignIn,
            options: Options::default(),
        }
    }

    /// Where the user comes back to. Query and fragment are cut off for the identity source;
    /// [`VerifiedOAuth::redirect_url`] has them again.
    #[doc(alias = "redirectTo")]
    #[must_use]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }

    /// The text that ties the way back to the way there. Default: a random one.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// What to ask the identity source for.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// The OAuth response type. Default: the identity source's.
    #[must_use]
    pub fn response_type(mut self, kind: impl Into<String>) -> Self {
        self.response_type = Some(kind.into());
        self
    }

    /// Sets a query parameter of the authorization URL.
    #[doc(alias = "queryParams")]
    #[must_use]
    pub fn query_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query_params.push((name.into(), value.into()));
        self
    }

    /// Passes a parameter to the service as `other_params[name]`, for the authorization URL:
    /// `code_challenge` and `code_challenge_method` for PKCE, where the identity source asks for it.
    #[must_use]
    pub fn other_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.other_params.push((name.into(), value.into()));
        self
    }

    /// Keeps a parameter for the way back, when the code is traded: the `code_verifier` of a flow
    /// with PKCE. It is remembered with the state: for ten minutes, and for one use.
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, verifier: String, challenge: String) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::{OAuth, OAuthLoopback};
    ///
    /// let to = OAuth::new("my-provider")
    ///     .other_param("code_challenge", challenge)
    ///     .other_param("code_challenge_method", "S256")
    ///     .provider_param("code_verifier", verifier);
    /// let way = OAuthLoopback::new(&auth).begin(to).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn provider_param(
        mut self,
        name: impl Into<String>,
        value: impl Into<SecretString>,
    ) -> Self {
        self.provider_params.push((name.into(), value.into()));
        self
    }

    /// What the user is sent there for. Default [`SignIn`](OAuthPurpose::SignIn).
    #[doc(alias = "type")]
    #[must_use]
    pub fn purpose(mut self, purpose: OAuthPurpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Fails on the way back instead of registering a user who has no account. Default `false`.
    #[must_use]
    pub fn force_disable_sign_up(mut self, disable: bool) -> Self {
        self.options.force_disable_sign_up = disable;
        self
    }

    /// Overwrites nickname and avatar by those of the identity source. Default `false`.
    #[must_use]
    pub fn sync_profile(mut self, sync: bool) -> Self {
        self.options.sync_profile = sync;
        self
    }

    /// Rejects what cannot be right.
    pub(crate) fn check(&self) -> Result<()> {
        validate::not_empty("provider", &self.provider)?;
        if let Some(url) = &self.redirect_to {
            validate::url("redirect_to", url)?;
        }
        let texts = [
            ("state", &self.state),
            ("scope", &self.scope),
            ("response_type", &self.response_type),
        ];
        for (argument, text) in texts {
            validate::not_empty_if_given(argument, text.as_deref())?;
        }
        for (name, _) in &self.query_params {
            validate::not_empty("query_param", name)?;
        }
        for (name, _) in &self.other_params {
            validate::token("other_param", name)?;
        }
        for (name, _) in &self.provider_params {
            validate::not_empty("provider_param", name)?;
        }
        Ok(())
    }
}

/// Where to send the user.
#[doc(alias = "SignInOAuthRes")]
#[doc(alias = "LinkIdentityRes")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthUrl {
    /// The authorization page: open it in the user's browser.
    pub url: String,
    /// The identity source.
    pub provider: String,
    /// The text that comes back with the user.
    pub state: String,
    /// What the user is sent there for.
    pub purpose: OAuthPurpose,
    /// What the identity source was asked for, if that was said.
    #[doc(alias = "scopes")]
    pub scope: Option<String>,
    /// Where the user signs out at the identity source, if it says.
    pub signout_url: Option<String>,
}
