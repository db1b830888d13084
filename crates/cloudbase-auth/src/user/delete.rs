//! Deletes the signed-in user's account.

use cloudbase_core::{Idempotency, PathBuilder, Result};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::Auth;
use crate::caller::{Call, detached};
use crate::password::sudo_by_password;
use crate::session::events::SignOutReason;

impl Auth {
    /// Deletes the account of the signed-in user for good, and ends the session.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for an empty password;
    /// `invalid_password`; `password_not_set` if the account has none.
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
        let auth = self.one_call();
        let sudo = sudo_by_password(auth.caller(), "password", &password.into()).await?;
        let lineage = auth.caller().options.lineage();
        detached(async move {
            let path = "/auth/v1/user/me";
            let call = Call::new(
                "auth.delete_user",
                path,
                Method::DELETE,
                PathBuilder::new(path),
            )
            .query("sudo_token", sudo.sudo_token.expose_secret())
            .user()
            .idempotency(Idempotency::Unsafe);
            auth.caller().unit(&call).await?;
            let reason = SignOutReason::UserDeleted;
            auth.manager().end(lineage.as_ref(), reason).await?.removed
        })
        .await
    }
}
