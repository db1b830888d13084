//! Sign-in with a token that an identity source has issued to the program.

use cloudbase_core::{Idempotency, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::SignedIn;
use super::provider::{Options, provider_token_call};
use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;

/// A token of an identity source; see [`Auth::sign_in_with_id_token`].
#[doc(alias = "SignInWithIdTokenReq")]
#[derive(Clone, Debug)]
pub struct IdToken {
    provider: Option<String>,
    token: SecretString,
    options: Options,
}

impl IdToken {
    /// An OpenID Connect id token of the identity source `provider`: `google`, …
    pub fn new(provider: impl Into<String>, token: impl Into<SecretString>) -> Self {
        Self {
            provider: Some(provider.into()),
            token: token.into(),
            options: Options::default(),
        }
    }

    /// A provider token of CloudBase, as [`Auth::grant_provider_token`] returns it.
    pub fn provider_token(token: impl Into<SecretString>) -> Self {
        Self {
            provider: None,
            token: token.into(),
            options: Options::default(),
        }
    }

    /// Fails instead of registering a user who has no account. Default `false`.
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
}

impl Auth {
    /// Signs in with a token of an identity source.
    ///
    /// # Errors
    ///
    /// `invalid_grant` or `invalid_argument` if the token is wrong or too old; `not_found` if nobody
    /// may be registered and there is no such account; `provider_error` if the identity source fails.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, token: String) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::IdToken;
    ///
    /// let signed_in = auth.sign_in_with_id_token(IdToken::new("google", token)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInWithIdToken")]
    #[doc(alias = "signInWithProvider")]
    pub fn sign_in_with_id_token(&self, token: IdToken) -> SignInWithIdToken {
        SignInWithIdToken::new(self, token)
    }
}

request! {
    /// Signs in with a token of an identity source; see [`Auth::sign_in_with_id_token`].
    pub struct SignInWithIdToken { token: IdToken }
    "auth.sign_in_with_id_token" => SignedIn; auth; operation
}

impl SignInWithIdToken {
    fn call(&self) -> Result<Call> {
        #[derive(Serialize)]
        struct Body<'a> {
            provider_id: &'a str,
            provider_id_token: &'a str,
            #[serde(flatten)]
            options: Options,
        }
        self.auth.check_can_sign_in()?;
        let IdToken {
            provider,
            token,
            options,
        } = &self.token;
        validate::token("token", token.expose_secret())?;
        let Some(provider) = provider else {
            return Ok(provider_token_call(token, *options));
        };
        validate::not_empty("provider", provider)?;
        let path = "/auth/v1/signin/with/provider";
        Ok(Call::post("auth.sign_in_with_id_token", path)
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                provider_id: provider,
                provider_id_token: token.expose_secret(),
                options: *options,
            }))
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.sign_in_by(&self.call()?).await
    }
}
