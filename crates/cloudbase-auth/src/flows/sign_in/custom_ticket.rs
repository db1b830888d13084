//! Sign-in with a ticket that the program's own server issues.

use std::sync::Arc;

use cloudbase_core::{Response, Result};
use secrecy::SecretString;

use super::SignedIn;
use crate::api::session;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::token::ticket_callback::TicketSource;

impl Auth {
    /// Signs in a user of your own system: `get_ticket` asks your server for a ticket, which is
    /// traded for a session.
    ///
    /// `get_ticket` is kept: when the session ends and has no refresh token, it is asked again, so
    /// that the user stays signed in for as long as your server says. It has 60 seconds, and may call
    /// the SDK; such calls carry the access key instead of the session, which waits for the ticket.
    ///
    /// # Errors
    ///
    /// The error of `get_ticket`, which may also take too long or panic; what the service says of the
    /// ticket otherwise: `invalid_argument`, `invalid_grant`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// # async fn ask_my_server() -> std::io::Result<String> { Ok(String::new()) }
    /// let get_ticket = || async {
    ///     let ticket = ask_my_server().await?; // an `io::Error`; `map_err(Error::other)` for any other
    ///     Ok(ticket)
    /// };
    /// let signed_in = auth.sign_in_with_custom_ticket(get_ticket).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInWithCustomTicket")]
    pub fn sign_in_with_custom_ticket<F, Fut, T>(&self, get_ticket: F) -> SignInWithCustomTicket
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
        T: Into<SecretString>,
    {
        let source: TicketSource = Arc::new(move || {
            let ticket = get_ticket();
            Box::pin(async move { ticket.await.map(Into::into) })
        });
        SignInWithCustomTicket::new(self, source)
    }
}

request! {
    /// Signs in with a ticket; see [`Auth::sign_in_with_custom_ticket`].
    pub struct SignInWithCustomTicket { source: TicketSource }
    "auth.sign_in_with_custom_ticket" => SignedIn; auth
}

impl SignInWithCustomTicket {
    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.check_can_sign_in()?;
        let caller = self.auth.caller();
        let session = session::custom_ticket(caller, &self.source).await?;
        let manager = self.auth.manager();
        manager.sign_in(caller, session, Some(self.source)).await
    }
}
