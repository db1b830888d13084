//! A sign-in or registration that waits for a code.

use std::time::Duration;

use cloudbase_core::Result;
use secrecy::ExposeSecret as _;

use crate::flows::Auth;
use crate::flows::sign_in;
use crate::flows::sign_in::SignedIn;
use crate::flows::sign_up::{Proof, Registration};
use crate::flows::verification::{SentCode, waits_for_code};
use crate::value::named::named;

/// A sign-in or registration that goes on when the code is known.
///
/// A wrong code costs nothing: [`verify`](Self::verify) can be called again.
#[doc(alias = "SignUpRes")]
#[doc(alias = "SignInWithOtpRes")]
#[derive(Debug)]
pub struct PendingSignIn {
    auth: Auth,
    code: SentCode,
    /// What to register with if there is no such account; `None` where nobody may be registered.
    registration: Option<Box<Registration>>,
}

waits_for_code!(PendingSignIn, "auth.pending_sign_in.resend");

impl PendingSignIn {
    pub(crate) fn new(auth: Auth, code: SentCode, registration: Option<Registration>) -> Self {
        Self {
            auth,
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
        named("auth.pending_sign_in.verify", async {
            let code = code.as_ref();
            let caller = self.auth.caller();
            let contact = self.code.contact();
            let is_user = self.code.sent().is_user;
            let registration = self.registration.as_ref().filter(|_| !is_user);
            // Before the code is spent: this can fail.
            let anonymous = match registration {
                Some(registration) => registration.anonymous_token(&self.auth).await?,
                None => None,
            };
            let token = self.code.verify(caller, code).await?;
            let session = match registration {
                Some(registration) => {
                    let proof = Proof {
                        contact: Some(contact),
                        verification_token: Some(token.expose_secret()),
                        verification_code: Some(code.trim()),
                        provider_token: None,
                    };
                    registration.send(caller, proof, anonymous).await?
                }
                None => sign_in::with_verification(caller, Some(contact.as_str()), &token).await?,
            };
            self.code.forget();
            self.auth.manager().sign_in(caller, session, None).await
        })
        .await
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
