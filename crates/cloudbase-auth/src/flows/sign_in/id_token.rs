//! Sign-in with a token that an identity source has issued to the program.

use cloudbase_core::{Idempotency, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::provider::{Options, with_provider_token};
use crate::api::Call;
use crate::api::session;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::sign_in::SignedIn;
use crate::value::named::named;

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

    /// Fails instead of registering somebody who has no account. Default `false`.
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
    pub async fn sign_in_with_id_token(&self, token: IdToken) -> Result<SignedIn> {
        named("auth.sign_in_with_id_token", async {
            #[derive(Serialize)]
            struct Body<'a> {
                provider_id: &'a str,
                provider_id_token: &'a str,
                #[serde(flatten)]
                options: Options,
            }
            self.check_can_sign_in()?;
            validate::token("token", token.token.expose_secret())?;
            let session = match &token.provider {
                Some(provider) => {
                    validate::not_empty("provider", provider)?;
                    let call = Call::post(
                        "auth.sign_in_with_id_token",
                        "/auth/v1/signin/with/provider",
                    )
                    .idempotency(Idempotency::Unsafe)
                    .json(&Body {
                        provider_id: provider,
                        provider_id_token: token.token.expose_secret(),
                        options: token.options,
                    });
                    session::obtain(self.caller(), &call).await?
                }
                None => with_provider_token(self.caller(), &token.token, token.options).await?,
            };
            self.manager().sign_in(self.caller(), session, None).await
        })
        .await
    }
}
