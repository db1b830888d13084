//! Sign-in as nobody in particular: the user that belongs to this device.

use std::future::IntoFuture;

use cloudbase_core::Result;
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::session;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::sign_in::SignedIn;

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
        SignInAnonymously {
            auth: self.clone(),
            provider_token: None,
        }
    }
}

/// Signs in anonymously; see [`Auth::sign_in_anonymously`].
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called or it is awaited"]
pub struct SignInAnonymously {
    auth: Auth,
    provider_token: Option<SecretString>,
}

impl SignInAnonymously {
    /// Ties the anonymous user to an identity of an identity source.
    #[doc(alias = "providerToken")]
    pub fn provider_token(mut self, token: impl Into<SecretString>) -> Self {
        self.provider_token = Some(token.into());
        self
    }

    /// Signs in.
    ///
    /// # Errors
    ///
    /// See [`Auth::sign_in_anonymously`].
    pub async fn send(self) -> Result<SignedIn> {
        self.auth.check_can_sign_in()?;
        if let Some(token) = &self.provider_token {
            validate::token("provider_token", token.expose_secret())?;
        }
        let caller = self.auth.caller();
        let session = session::anonymous(caller, self.provider_token.as_ref()).await?;
        self.auth.manager().sign_in(caller, session, None).await
    }
}

impl IntoFuture for SignInAnonymously {
    type Output = Result<SignedIn>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
