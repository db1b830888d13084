//! A sign-in or registration that waits for a code.

use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::session;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::sign_in::{SignedIn, verification_call};
use crate::flows::sign_up::registration::{Proof, Registration};
use crate::flows::verification::{SentCode, waits_for_code};

/// A sign-in or registration that goes on when the code is known.
///
/// A wrong code costs nothing: [`verify`](Self::verify) can be called again.
#[doc(alias = "SignUpRes")]
#[doc(alias = "SignInWithOtpRes")]
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    auth: Auth,
    code: SentCode,
    /// What to register with if there is no such account; `None` where nobody may be registered.
    registration: Option<Arc<Registration>>,
}

waits_for_code! {
    PendingSignIn, PendingSignInResend, "auth.pending_sign_in.resend",
    "Sends another code; see [`PendingSignIn::resend`](crate::PendingSignIn::resend)."
}

impl PendingSignIn {
    pub(crate) fn new(auth: &Auth, code: SentCode, registration: Option<Registration>) -> Self {
        Self {
            auth: auth.for_later_requests(),
            code,
            registration: registration.map(Arc::new),
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
    pub fn verify(&self, code: impl Into<SecretString>) -> PendingSignInVerify {
        PendingSignInVerify::new(&self.auth, self.clone(), code.into())
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

request! {
    /// Signs in or registers with a code; see [`PendingSignIn::verify`].
    pub struct PendingSignInVerify { pending: PendingSignIn, code: SecretString }
    "auth.pending_sign_in.verify" => SignedIn; auth
}

impl PendingSignInVerify {
    async fn run(self) -> Result<Response<SignedIn>> {
        let (auth, sent) = (self.auth, self.pending.code);
        let contact = sent.contact();
        let is_user = sent.sent().is_user;
        let registration = self.pending.registration.filter(|_| !is_user);
        // Before the code is spent: this can fail.
        let anonymous = match &registration {
            Some(registration) => registration.anonymous_token(&auth).await?,
            None => None,
        };
        let token = sent.verify(auth.caller(), &self.code).await?;
        let call = match registration {
            Some(registration) => {
                let proof = Proof {
                    contact: Some(contact),
                    verification_token: Some(token.expose_secret()),
                    verification_code: Some(self.code.expose_secret().trim()),
                    provider_token: None,
                };
                registration.call(proof, anonymous.as_ref())
            }
            None => verification_call(Some(contact.as_str()), &token),
        };
        let session = session::obtain(auth.caller(), &call).await?;
        sent.forget();
        let manager = auth.manager();
        manager.sign_in(auth.caller(), session, None).await
    }
}
