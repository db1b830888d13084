//! The methods for one-time codes whose message id the program has kept.

use cloudbase_core::{Response, Result};

use super::{OtpType, ResendType};
use crate::api::Call;
use crate::args::contact::Contact;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::session::manager::Manager;
use crate::flows::sign_in::{SignedIn, verification_call};
use crate::flows::verification::{
    SentVerification, VerificationRequest, VerificationTarget, send, verify, verify_call,
};

impl Auth {
    /// Signs in with a one-time code whose message id the program has kept. The account must exist;
    /// to register, go through [`sign_up`](Self::sign_up).
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify) and [`sign_in_with_otp`](Self::sign_in_with_otp);
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials), before the code is spent, if a code for
    /// a new address or number comes while nobody is signed in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, message_id: String) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::VerifyOtp;
    ///
    /// let signed_in = auth.verify_otp(VerifyOtp::new(message_id, "042317").phone("13800000000")).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "verifyOtp")]
    pub fn verify_otp(&self, otp: super::VerifyOtp) -> VerifyOtp {
        VerifyOtp::new(self, otp)
    }

    /// Sends another code. The one before is worthless then: give the new message id to the pending
    /// value ([`set_message_id`](crate::PendingSignIn::set_message_id)), or use its own `resend`.
    ///
    /// # Errors
    ///
    /// As [`send_verification`](Self::send_verification).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::{Resend, ResendType, SignUp};
    ///
    /// let mut pending = auth.sign_up(SignUp::phone("13800000000")).await?;
    /// let again = auth.resend(Resend::phone("13800000000", ResendType::Signup)).await?;
    /// pending.set_message_id(again.verification_id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "messageId")]
    pub fn resend(&self, resend: super::Resend) -> Resend {
        Resend::new(self, resend)
    }
}

request! {
    /// Signs in with a one-time code; see [`Auth::verify_otp`].
    pub struct VerifyOtp { otp: super::VerifyOtp }
    "auth.verify_otp" => SignedIn; auth; operation
}

impl VerifyOtp {
    /// Whether the code is for a new address or number, and only checked.
    fn is_change(&self) -> bool {
        let kind = self.otp.kind.as_ref();
        matches!(kind, Some(OtpType::PhoneChange | OtpType::EmailChange))
    }

    fn contact(&self) -> Result<Option<Contact>> {
        let contact = self.otp.contact.clone();
        contact.map(Contact::normalised).transpose()
    }

    fn call(&self) -> Result<Call> {
        if !self.is_change() {
            self.auth.check_can_sign_in()?;
        }
        self.contact()?;
        verify_call(&self.otp.message_id, &self.otp.token)
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        let (call, contact) = (self.call()?, self.contact()?);
        // Before the code is spent: it is of no use without a session, and it is for the user who is
        // signed in now, by the store if no call has needed one yet.
        let begun = match self.is_change() {
            true => Some(self.auth.signed_in_as_caller().await?.session),
            false => None,
        };
        let verified = verify(self.auth.caller(), &call).await?;
        if let Some(begun) = begun {
            let session = self.auth.manager().session_of(&begun.lineage())?;
            return Ok(verified.map(|_| Manager::as_known(session)));
        }
        let username = contact.as_ref().map(Contact::as_str);
        let token = verified.into_value().verification_token;
        let call = verification_call(username, &token);
        self.auth.sign_in_by(&call).await
    }
}

request! {
    /// Sends another code; see [`Auth::resend`].
    pub struct Resend { resend: super::Resend }
    "auth.resend" => SentVerification; auth; operation
}

impl Resend {
    fn call(&self) -> Result<Call> {
        // A new address or number belongs to nobody yet.
        let target = match self.resend.kind {
            ResendType::Sms => VerificationTarget::User,
            _ => VerificationTarget::Any,
        };
        let request = VerificationRequest::new(self.resend.contact.clone());
        let request = request.target(target).usage("email");
        Ok(request.checked()?.call())
    }

    async fn run(self) -> Result<Response<SentVerification>> {
        send(self.auth.caller(), &self.call()?).await
    }
}
