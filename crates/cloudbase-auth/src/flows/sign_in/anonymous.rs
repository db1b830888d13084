//! Sign-in as nobody in particular: the user that belongs to this device.

use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::SignedIn;
use crate::api::Call;
use crate::api::session::anonymous_call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;

impl Auth {
    /// Signs in as the anonymous user of this device: the same device id gets the same user.
    ///
    /// Replaces a session that is there: look at [`session`](Self::session) first. To keep what the
    /// anonymous user has made, register by [`sign_up`](Self::sign_up) with
    /// [`upgrade_anonymous`](crate::SignUp::upgrade_anonymous).
    ///
    /// # Errors
    ///
    /// `permission_denied` or `failed_precondition` if the environment does not allow it, which is
    /// the default of new ones.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let signed_in = auth.sign_in_anonymously().await?;
    /// assert!(signed_in.user.is_anonymous);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInAnonymously")]
    pub fn sign_in_anonymously(&self) -> SignInAnonymously {
        SignInAnonymously::new(self, None)
    }
}

request! {
    /// Signs in anonymously; see [`Auth::sign_in_anonymously`].
    pub struct SignInAnonymously { provider_token: Option<SecretString> }
    "auth.sign_in_anonymously" => SignedIn; auth; operation
}

impl SignInAnonymously {
    /// Ties the anonymous user to an identity of an identity source.
    #[doc(alias = "providerToken")]
    pub fn provider_token(mut self, token: impl Into<SecretString>) -> Self {
        self.provider_token = Some(token.into());
        self
    }

    fn call(&self) -> Result<Call> {
        self.auth.check_can_sign_in()?;
        if let Some(token) = &self.provider_token {
            validate::token("provider_token", token.expose_secret())?;
        }
        Ok(anonymous_call(self.provider_token.as_ref()))
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.sign_in_by(&self.call()?).await
    }
}
