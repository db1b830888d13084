//! What comes back from an identity source, and what came of it.

pub(crate) mod request;

use std::fmt;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::flows::sign_in::SignedIn;
use crate::value::oauth_purpose::OAuthPurpose;

/// What came back from an identity source; see [`Auth::verify_oauth`](crate::Auth::verify_oauth).
#[doc(alias = "VerifyOAuthReq")]
#[derive(Clone)]
pub struct VerifyOAuth {
    code: SecretString,
    state: String,
    provider: Option<String>,
    redirect_uri: Option<String>,
    params: Map<String, Value>,
}

impl VerifyOAuth {
    /// The authorization code and the state that came with it.
    pub fn new(code: impl Into<SecretString>, state: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            state: state.into(),
            provider: None,
            redirect_uri: None,
            params: Map::new(),
        }
    }

    /// The identity source, where the state is not remembered here: another process sent the user.
    /// A program that sets this has checked the state itself.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// The redirect URI for which the code was issued, where the state is not remembered here.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// A parameter for the identity source, such as the `code_verifier` of a flow with PKCE, where
    /// [`OAuth::provider_param`](crate::OAuth::provider_param) has not been given it on the way there.
    #[must_use]
    pub fn provider_param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }
}

/// Names of parameters without their values, which may be secrets.
impl fmt::Debug for VerifyOAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyOAuth")
            .field("provider", &self.provider)
            .field("redirect_uri", &self.redirect_uri)
            .field("params", &self.params.keys())
            .finish_non_exhaustive()
    }
}

/// What came of the way to an identity source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedOAuth {
    /// The session and its user.
    pub signed_in: SignedIn,
    /// The identity source.
    pub provider: String,
    /// What the user was sent there for.
    pub purpose: OAuthPurpose,
    /// Where the user was to come back to, query and fragment included.
    pub redirect_url: Option<String>,
}
