//! Deletes the signed-in user's account.

use cloudbase_core::{Idempotency, PathBuilder, Result};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::{Call, detached};
use crate::events::SignOutReason;
use crate::flows::Auth;
use crate::flows::password::{SudoToken, sudo_by_password};
use crate::value::named::named;

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
    pub async fn delete_user(&self, password: impl Into<SecretString>) -> Result<()> {
        named("auth.delete_user", async {
            let auth = self.one_call()?;
            let sudo = sudo_by_password(auth.caller(), "password", &password.into()).await?;
            auth.delete(&sudo).await
        })
        .await
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
    pub async fn delete_user_with(&self, sudo: &SudoToken) -> Result<()> {
        named("auth.delete_user_with", async {
            self.one_call()?.delete(sudo).await
        })
        .await
    }

    async fn delete(self, sudo: &SudoToken) -> Result<()> {
        let token = sudo.sudo_token.clone();
        detached(async move {
            let path = "/auth/v1/user/me";
            let call = Call::new(
                "auth.delete_user",
                path,
                Method::DELETE,
                PathBuilder::new(path),
            )
            .query("sudo_token", token.expose_secret())
            .user()
            .idempotency(Idempotency::Unsafe);
            self.caller().unit(&call).await?;
            let lineage = self.caller().options.lineage();
            let reason = SignOutReason::UserDeleted;
            self.manager().end(lineage.as_ref(), reason).await?.removed
        })
        .await
    }
}
