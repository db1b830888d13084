//! A sign-in or registration that waits for a code.

use std::time::Duration;

use cloudbase_core::Result;

use crate::auth::Auth;
use crate::contact::Contact;
use crate::result::SignedIn;
use crate::sign_in;
use crate::sign_up::Registration;
use crate::verification::{
    self, SentCode, SentVerification, VerificationRequest, VerificationTarget,
};

/// A sign-in or registration that goes on when the code is known.
///
/// A wrong code costs nothing: [`verify`](Self::verify) can be called again.
#[doc(alias = "SignUpRes")]
#[doc(alias = "SignInWithOtpRes")]
#[derive(Debug)]
pub struct PendingSignIn {
    auth: Auth,
    contact: Contact,
    target: VerificationTarget,
    code: SentCode,
    /// What to register with if there is no such account; `None` where nobody may be registered.
    registration: Option<Box<Registration>>,
}

impl PendingSignIn {
    pub(crate) fn new(
        auth: Auth,
        contact: Contact,
        target: VerificationTarget,
        code: SentCode,
        registration: Option<Registration>,
    ) -> Self {
        Self {
            auth,
            contact,
            target,
            code,
            registration: registration.map(Box::new),
        }
    }

    /// Checks the code, then signs in, or registers if there was no such account.
    ///
    /// # Errors
    ///
    /// `invalid_verification_code`, or `invalid_argument` with a message about the code, if it is
    /// wrong or too old; what sign-in or registration say otherwise (`already_exists`,
    /// `weak_password`, …). If one of those fails after the code was right, the same code can be
    /// given again.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, it is unknown whether the sign-in took place.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::Otp;
    ///
    /// let pending = auth.sign_in_with_otp(Otp::email("lin@example.org")).await?;
    /// let signed_in = pending.verify("042317").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "verifyOtp")]
    pub async fn verify(&self, code: impl AsRef<str>) -> Result<SignedIn> {
        let code = code.as_ref();
        let caller = self.auth.caller();
        let token = self.code.verify(caller, code).await?;
        let session = match &self.registration {
            Some(registration) if !self.code.sent().is_user => {
                registration
                    .send(caller, &self.contact, &token, code)
                    .await?
            }
            _ => sign_in::with_verification(caller, Some(self.contact.as_str()), &token).await?,
        };
        self.code.forget();
        self.auth.manager().sign_in(caller, session, None).await
    }

    /// Sends another code, which replaces the one before.
    ///
    /// # Errors
    ///
    /// As [`Auth::send_verification`]; the code before stays good then.
    pub async fn resend(&mut self) -> Result<&SentVerification> {
        let mut request =
            VerificationRequest::new(self.contact.clone()).target(self.target.clone());
        if self.contact.is_email() {
            request = request.usage("email");
        }
        self.code = SentCode::new(verification::send(self.auth.caller(), request).await?);
        Ok(self.code.sent())
    }

    /// What the code belongs to.
    #[doc(alias = "messageId")]
    pub fn message_id(&self) -> &str {
        &self.code.sent().verification_id
    }

    /// Goes on with a code that [`Auth::resend`] has sent.
    pub fn set_message_id(&mut self, id: impl Into<String>) {
        self.code.set_id(id.into());
    }

    /// How long the code is good for, from when it was sent.
    pub fn expires_in(&self) -> Duration {
        self.code.sent().expires_in
    }

    /// Whether there is an account with this address or number: then [`verify`](Self::verify) signs
    /// in and registers nobody.
    pub fn is_existing_user(&self) -> bool {
        self.code.sent().is_user
    }
}
