//! A new password of the signed-in user.

use cloudbase_core::{Idempotency, PathBuilder, Response, Result};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::sudo::{SudoToken, password_sudo_call, sudo};
use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::sign_in::SignedIn;

impl Auth {
    /// Changes the password of the signed-in user, who knows the old one. Other devices are signed
    /// out by the service.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for an empty password; `invalid_password` if the old one is
    /// wrong; `weak_password` if the new one is.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// auth.reset_password_for_old("N3w-pass!", "N3wer-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "resetPasswordForOld")]
    #[doc(alias = "ResetPasswordForOldReq")]
    pub fn reset_password_for_old(
        &self,
        old_password: impl Into<SecretString>,
        new_password: impl Into<SecretString>,
    ) -> ResetPasswordForOld {
        ResetPasswordForOld::new(self, old_password.into(), new_password.into())
    }

    /// Sets the password of the signed-in user.
    ///
    /// # Errors
    ///
    /// `weak_password`; `permission_denied` if the leave has ended.
    #[doc(alias = "setPassword")]
    pub fn set_password(
        &self,
        sudo: &SudoToken,
        new_password: impl Into<SecretString>,
    ) -> SetPassword {
        SetPassword::new(self, sudo.clone(), new_password.into())
    }
}

request! {
    /// Changes a password by the old one; see [`Auth::reset_password_for_old`].
    pub struct ResetPasswordForOld { old: SecretString, new: SecretString }
    "auth.reset_password_for_old" => SignedIn; auth; operation
}

impl ResetPasswordForOld {
    fn call(&self) -> Result<Call> {
        validate::not_empty("new_password", self.new.expose_secret())?;
        password_sudo_call("old_password", &self.old)
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        let call = self.call()?;
        let auth = self.auth.one_call()?;
        let sudo = sudo(auth.caller(), &call).await?.into_value();
        let call = set_password_call(&sudo, &self.new)?;
        let changed = auth.caller().unit(&call).await?;
        let signed_in = auth.signed_in_as_caller().await?;
        Ok(changed.map(|()| signed_in))
    }
}

request! {
    /// Sets a password; see [`Auth::set_password`].
    pub struct SetPassword { sudo: SudoToken, password: SecretString }
    "auth.set_password" => (); auth, write; operation
}

impl SetPassword {
    fn call(&self) -> Result<Call> {
        set_password_call(&self.sudo, &self.password)
    }

    async fn run(self) -> Result<Response<()>> {
        self.auth.caller().unit(&self.call()?).await
    }
}

pub(super) fn set_password_call(sudo: &SudoToken, new_password: &SecretString) -> Result<Call> {
    #[derive(Serialize)]
    struct Body<'a> {
        new_password: &'a str,
        sudo_token: &'a str,
    }
    validate::not_empty("new_password", new_password.expose_secret())?;
    let (name, path) = ("auth.set_password", "/auth/v1/user/password");
    let token = sudo.sudo_token.expose_secret();
    // The HTTP API docs have the token in the query, the JS SDK in the body: a service that reads
    // either is satisfied.
    Ok(Call::new(name, path, Method::PATCH, PathBuilder::new(path))
        .query("sudo_token", token)
        .user()
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            new_password: new_password.expose_secret(),
            sudo_token: token,
        }))
}
