//! Sign-in with a one-time code instead of a password.

use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::{SignedIn, verification_call};
use crate::api::Call;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::pending::PendingSignIn;
use crate::flows::request::request;
use crate::flows::verification::{SentCode, VerificationRequest, VerificationTarget};

/// Who signs in with a code; see [`Auth::sign_in_with_otp`].
#[doc(alias = "SignInWithOtpReq")]
#[derive(Clone, Debug)]
pub struct Otp {
    contact: Contact,
    should_create_user: bool,
    email_redirect_to: Option<String>,
}

impl Otp {
    /// A code by e-mail.
    pub fn email(address: impl Into<String>) -> Self {
        Self::new(Contact::Email(address.into()))
    }

    /// A code by text message. Bare digits are a number of mainland China; for other countries give
    /// the country code, a space, and the number: `+1 4155550100`.
    ///
    /// Text messages are sent by environments in Shanghai only.
    pub fn phone(number: impl Into<String>) -> Self {
        Self::new(Contact::Phone(number.into()))
    }

    fn new(contact: Contact) -> Self {
        Self {
            contact,
            should_create_user: true,
            email_redirect_to: None,
        }
    }

    /// Whether a user without an account is registered. Default `true`.
    #[doc(alias = "shouldCreateUser")]
    #[must_use]
    pub fn should_create_user(mut self, create: bool) -> Self {
        self.should_create_user = create;
        self
    }

    /// Sends a link to this URL instead of a code. By e-mail only.
    #[doc(alias = "emailRedirectTo")]
    #[must_use]
    pub fn email_redirect_to(mut self, url: impl Into<String>) -> Self {
        self.email_redirect_to = Some(url.into());
        self
    }
}

impl Auth {
    /// Sends a code, with which the pending value signs in.
    ///
    /// # Errors
    ///
    /// As [`send_verification`](Self::send_verification); `not_found` if nobody may be registered
    /// and there is no such account.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::Otp;
    ///
    /// let pending = auth.sign_in_with_otp(Otp::phone("13800000000")).await?;
    /// let signed_in = pending.verify("042317").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInWithOtp")]
    pub fn sign_in_with_otp(&self, otp: Otp) -> SignInWithOtp {
        SignInWithOtp::new(self, otp)
    }

    /// Signs in with the proof of a code that is at hand, as [`verify`](Self::verify) or a server
    /// returned it. It is spent by this.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the proof is wrong, spent or too old; `not_found` if there is no account with
    /// its address or number: register with [`sign_up_with_proof`](Self::sign_up_with_proof) then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::VerificationRequest;
    ///
    /// let sent = auth.send_verification(VerificationRequest::email("lin@example.org")).await?;
    /// let verified = auth.verify(&sent.verification_id, "042317").await?;
    /// let signed_in = auth.sign_in_with_verification(verified.verification_token).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in_with_verification(
        &self,
        token: impl Into<SecretString>,
    ) -> SignInWithVerification {
        SignInWithVerification::new(self, token.into())
    }
}

request! {
    /// Sends a code to sign in with; see [`Auth::sign_in_with_otp`].
    pub struct SignInWithOtp { otp: Otp }
    "auth.sign_in_with_otp" => PendingSignIn; auth; operation
}

impl SignInWithOtp {
    fn request(&self) -> Result<VerificationRequest> {
        self.auth.check_can_sign_in()?;
        let target = match self.otp.should_create_user {
            true => VerificationTarget::Any,
            false => VerificationTarget::User,
        };
        let mut request = VerificationRequest::new(self.otp.contact.clone())
            .target(target)
            .usage("email");
        if let Some(url) = &self.otp.email_redirect_to {
            request = request.email_redirect_to(url);
        }
        request.checked()
    }

    fn call(&self) -> Result<Call> {
        Ok(self.request()?.call())
    }

    async fn run(self) -> Result<Response<PendingSignIn>> {
        let sent = SentCode::send(self.auth.caller(), self.request()?).await?;
        let registration = self.otp.should_create_user.then(Default::default);
        Ok(sent.map(|code| PendingSignIn::new(&self.auth, code, registration)))
    }
}

request! {
    /// Signs in with the proof of a code; see [`Auth::sign_in_with_verification`].
    pub struct SignInWithVerification { token: SecretString }
    "auth.sign_in_with_verification" => SignedIn; auth; operation
}

impl SignInWithVerification {
    fn call(&self) -> Result<Call> {
        self.auth.check_can_sign_in()?;
        validate::token("verification_token", self.token.expose_secret())?;
        Ok(verification_call(None, &self.token))
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.sign_in_by(&self.call()?).await
    }
}
