//! Asks at the start whether the session can be stored.

use cloudbase_core::Result;

use crate::flows::Auth;
use crate::store::check::check;

impl Auth {
    /// Checks that the session store can be locked, written, read and cleared.
    ///
    /// Without a store that works a session lives in memory: sign-ins succeed, and the next run of
    /// the program has to sign in again. A program that is run again and again, such as a command,
    /// asks at its start. The check uses a key of its own, asks the service nothing, and does not
    /// touch the session.
    ///
    /// # Errors
    ///
    /// What the store says; [`Local`](cloudbase_core::ErrorKind::Local) if it does not return what it was given.
    ///
    /// # Cancel safety
    ///
    /// A check that is dropped may leave its own value in the store.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) {
    /// if let Err(error) = auth.check_store().await {
    ///     eprintln!("you will have to sign in again next time: {error}");
    /// }
    /// # }
    /// ```
    pub async fn check_store(&self) -> Result<()> {
        check(self.manager().store()).await
    }
}
