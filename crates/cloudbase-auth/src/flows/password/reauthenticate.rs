//! A code to the signed-in user's own address or number, for a new password or a new sign-in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudbase_core::{Error, ErrorCode, ErrorKind, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::change::set_password_call;
use super::sudo::{SudoToken, sudo, verification_sudo_call};
use crate::api::session;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::sign_in::{SignedIn, verification_call};
use crate::flows::verification::{
    SentCode, VerificationRequest, VerificationTarget, is_same_code, waits_for_code,
};
use crate::value::clock::later;

impl Auth {
    /// Sends a code to the signed-in user's own address, or else number; the pending
    /// value sets a new password with it, or just signs in again.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in; [`Local`](cloudbase_core::ErrorKind::Local) with
    /// the code [`FAILED_PRECONDITION`](cloudbase_core::ErrorCode::FAILED_PRECONDITION) if the user has neither address
    /// nor number, which no sign-in changes; otherwise as
    /// [`send_verification`](Self::send_verification).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let pending = auth.reauthenticate().await?;
    /// let signed_in = pending.update_user("042317", "N3w-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reauthenticate(&self) -> Reauthenticate {
        Reauthenticate::new(self)
    }
}

request! {
    /// Sends a code to the signed-in user; see [`Auth::reauthenticate`].
    pub struct Reauthenticate {}
    "auth.reauthenticate" => PendingReauthentication; auth
}

impl Reauthenticate {
    async fn run(self) -> Result<Response<PendingReauthentication>> {
        let auth = self.auth.one_call()?;
        let signed_in = auth.fetch_user(false).await?;
        let signed_in = signed_in.ok_or_else(crate::value::error::not_signed_in)?;
        let user = signed_in.into_value().user;
        let contact = match (user.email, user.phone) {
            (Some(email), _) => Contact::Email(email),
            (None, Some(phone)) => Contact::Phone(phone),
            (None, None) => {
                let message =
                    "the user has neither an e-mail address nor a phone number to send a code to";
                let error = Error::new(ErrorKind::Local, message);
                return Err(error.with_code(ErrorCode::FAILED_PRECONDITION));
            }
        };
        let request = VerificationRequest::new(contact)
            .target(VerificationTarget::User)
            .usage("reauthentication")
            .within_session()
            .checked()?;
        let sent = SentCode::send(auth.caller(), request).await?;
        Ok(sent.map(|code| PendingReauthentication {
            auth: auth.for_later_requests(),
            code,
            leave: Arc::default(),
        }))
    }
}

/// A signed-in user of whom a code is awaited. A wrong code costs nothing.
#[doc(alias = "ReauthenticateRes")]
#[derive(Clone, Debug)]
pub struct PendingReauthentication {
    auth: Auth,
    code: SentCode,
    /// What the code was traded for: if the new password is rejected, the same code can be given
    /// again although the service takes it only once.
    leave: Arc<Mutex<Option<Leave>>>,
}

/// Leave to set a password, and for which code it was given.
#[derive(Debug)]
struct Leave {
    code: SecretString,
    sudo: SudoToken,
    until: Instant,
}

waits_for_code! {
    PendingReauthentication, PendingReauthenticationResend, "auth.pending_reauthentication.resend",
    "Sends another code; see [`PendingReauthentication::resend`](crate::PendingReauthentication::resend)."
}

impl PendingReauthentication {
    /// Checks the code (`nonce` in the other SDKs) and sets a new password. The session goes on.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong; `weak_password`: the same code can be given again
    /// with a better one.
    #[doc(alias = "updateUser")]
    #[doc(alias = "UpdateUserAttributes")]
    pub fn update_user(
        &self,
        code: impl Into<SecretString>,
        password: impl Into<SecretString>,
    ) -> PendingReauthenticationUpdateUser {
        let (code, password) = (code.into(), password.into());
        PendingReauthenticationUpdateUser::new(&self.auth, self.clone(), code, password)
    }

    /// Checks the code and signs in again with it: a fresh session.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong.
    pub fn verify(&self, code: impl Into<SecretString>) -> PendingReauthenticationVerify {
        PendingReauthenticationVerify::new(&self.auth, self.code.clone(), code.into())
    }

    async fn leave(&self, auth: &Auth, code: &SecretString) -> Result<SudoToken> {
        let known =
            |leave: &&Leave| is_same_code(&leave.code, code) && leave.until > Instant::now();
        if let Some(leave) = self.lock().as_ref().filter(known) {
            return Ok(leave.sudo.clone());
        }
        let caller = auth.caller();
        let token = self.code.verify(caller, code).await?;
        let sudo = sudo(caller, &verification_sudo_call(&token)).await?;
        let sudo = sudo.into_value();
        self.code.forget();
        *self.lock() = Some(Leave {
            code: code.clone(),
            sudo: sudo.clone(),
            until: later(Instant::now(), sudo.expires_in),
        });
        Ok(sudo)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Leave>> {
        self.leave.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

request! {
    /// Sets a new password by a code; see [`PendingReauthentication::update_user`].
    pub struct PendingReauthenticationUpdateUser {
        pending: PendingReauthentication,
        code: SecretString,
        password: SecretString,
    }
    "auth.pending_reauthentication.update_user" => SignedIn; auth
}

impl PendingReauthenticationUpdateUser {
    async fn run(self) -> Result<Response<SignedIn>> {
        validate::not_empty("password", self.password.expose_secret())?;
        let sudo = self.pending.leave(&self.auth, &self.code).await?;
        let call = set_password_call(&sudo, &self.password)?;
        let changed = self.auth.caller().unit(&call).await?;
        *self.pending.lock() = None;
        let signed_in = self.auth.signed_in_as_caller().await?;
        Ok(changed.map(|()| signed_in))
    }
}

request! {
    /// Signs in again with a code; see [`PendingReauthentication::verify`].
    pub struct PendingReauthenticationVerify { sent: SentCode, code: SecretString }
    "auth.pending_reauthentication.verify" => SignedIn; auth
}

impl PendingReauthenticationVerify {
    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.check_can_sign_in()?;
        let caller = self.auth.caller();
        let token = self.sent.verify(caller, &self.code).await?;
        let call = verification_call(Some(self.sent.contact().as_str()), &token);
        let session = session::obtain(caller, &call).await?;
        self.sent.forget();
        self.auth.manager().sign_in(caller, session, None).await
    }
}
