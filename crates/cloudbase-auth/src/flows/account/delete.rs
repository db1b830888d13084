//! Deletes the signed-in user's account.

use cloudbase_core::{Idempotency, PathBuilder, Response, Result};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::{Call, detached};
use crate::events::SignOutReason;
use crate::flows::Auth;
use crate::flows::password::{SudoToken, password_sudo_call, sudo};
use crate::flows::request::request;

impl Auth {
    /// Deletes the account of the signed-in user for good, and ends the session.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for an empty password;
    /// `invalid_password`; `password_not_set` if the account has none: see
    /// [`delete_user_with`](Self::delete_user_with).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// auth.delete_user("N3w-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "deleteUser")]
    #[doc(alias = "DeleteUserReq")]
    pub fn delete_user(&self, password: impl Into<SecretString>) -> DeleteUser {
        DeleteUser::new(self, password.into())
    }

    /// As [`delete_user`](Self::delete_user), by a proof that is at hand: for accounts without a
    /// password, by the code that was sent to their own address or number.
    ///
    /// An account with neither a password nor an address or number (a custom ticket, an identity
    /// source) must [set](Self::update_user) one first.
    ///
    /// # Errors
    ///
    /// `permission_denied` if the proof is of another user, or too old: the session is kept.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::VerificationRequest;
    ///
    /// let sent = auth.send_verification(VerificationRequest::phone("13800000000")).await?;
    /// let verified = auth.verify(&sent.verification_id, "042317").await?;
    /// let sudo = auth.sudo_with_verification(verified.verification_token).await?;
    /// auth.delete_user_with(&sudo).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_user_with(&self, sudo: &SudoToken) -> DeleteUserWith {
        DeleteUserWith::new(self, sudo.clone())
    }

    /// Deletes the account of the user of this handle, of which all calls are one, and ends the session.
    async fn delete(self, call: Call) -> Result<Response<()>> {
        detached(async move {
            let deleted = self.caller().unit(&call).await?;
            let lineage = self.caller().options.lineage();
            let reason = SignOutReason::UserDeleted;
            let ended = self.manager().end(lineage.as_ref(), reason).await?;
            ended.removed.map(|()| deleted)
        })
        .await
    }
}

request! {
    /// Deletes the account by its password; see [`Auth::delete_user`].
    pub struct DeleteUser { password: SecretString }
    "auth.delete_user" => (); auth; operation
}

impl DeleteUser {
    fn call(&self) -> Result<Call> {
        password_sudo_call("password", &self.password)
    }

    async fn run(self) -> Result<Response<()>> {
        let call = self.call()?;
        let auth = self.auth.one_call()?;
        let sudo = sudo(auth.caller(), &call).await?.into_value();
        auth.delete(delete_call(&sudo)).await
    }
}

request! {
    /// Deletes the account by a proof; see [`Auth::delete_user_with`].
    pub struct DeleteUserWith { sudo: SudoToken }
    "auth.delete_user_with" => (); auth; operation
}

impl DeleteUserWith {
    #[expect(clippy::unnecessary_wraps, reason = "as that of every builder")]
    fn call(&self) -> Result<Call> {
        Ok(delete_call(&self.sudo))
    }

    async fn run(self) -> Result<Response<()>> {
        let call = self.call()?;
        self.auth.one_call()?.delete(call).await
    }
}

fn delete_call(sudo: &SudoToken) -> Call {
    let (name, path) = ("auth.delete_user", "/auth/v1/user/me");
    Call::new(name, path, Method::DELETE, PathBuilder::new(path))
        .query("sudo_token", sudo.sudo_token.expose_secret())
        .user()
        .idempotency(Idempotency::Unsafe)
}
