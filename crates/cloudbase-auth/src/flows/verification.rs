//! Codes by e-mail and text message: send, check, send again.

pub(crate) mod otp;
mod sent;

use std::fmt;
use std::time::Duration;

use cloudbase_core::{Error, Idempotency, Response, Result, open_enum};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

pub use self::otp::{OtpType, Resend, ResendType, VerifyOtp};
pub(crate) use self::sent::{SentCode, waits_for_code};
use crate::api::{Call, Caller};
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::value::de::Object;

open_enum! {
    /// To whom a code may be sent.
    pub enum VerificationTarget {
        /// Whether or not there is such an account.
        Any = "ANY",
        /// Only if there is such an account.
        User = "USER",
        /// Only if there is no such account.
        NotUser = "NOT_USER",
        /// Only to the signed-in user's own address or number.
        CurrentUser = "CUR_USER",
    }
}

/// Asks for a code; see [`Auth::send_verification`].
#[doc(alias = "GetVerificationReq")]
#[derive(Clone, Debug)]
pub struct VerificationRequest {
    contact: Contact,
    target: VerificationTarget,
    usage: Option<String>,
    email_redirect_to: Option<String>,
    with_captcha: bool,
    /// Within a flow of the signed-in user.
    within_session: bool,
}

impl VerificationRequest {
    /// A code by e-mail.
    pub fn email(address: impl Into<String>) -> Self {
        Self::new(Contact::Email(address.into()))
    }

    /// A code by text message. Bare digits are a number of mainland China; for other countries give
    /// the country code, a space, and the number: `+1 4155550100`.
    pub fn phone(number: impl Into<String>) -> Self {
        Self::new(Contact::Phone(number.into()))
    }

    pub(crate) fn new(contact: Contact) -> Self {
        Self {
            contact,
            target: VerificationTarget::Any,
            usage: None,
            email_redirect_to: None,
            with_captcha: false,
            within_session: false,
        }
    }

    pub(crate) fn within_session(mut self) -> Self {
        self.within_session = true;
        self
    }

    /// To whom the code may be sent. Default [`Any`](VerificationTarget::Any).
    #[must_use]
    pub fn target(mut self, target: VerificationTarget) -> Self {
        self.target = target;
        self
    }

    /// Which template the e-mail follows: `email`, `recovery`, `reauthentication`.
    #[must_use]
    pub fn usage(mut self, usage: impl Into<String>) -> Self {
        self.usage = Some(usage.into());
        self
    }

    /// Sends a link to this URL instead of a code. By e-mail only.
    #[must_use]
    pub fn email_redirect_to(mut self, url: impl Into<String>) -> Self {
        self.email_redirect_to = Some(url.into());
        self
    }

    /// Rejects what cannot be right, and brings the rest into the service's form.
    pub(crate) fn checked(mut self) -> Result<Self> {
        self.contact = self.contact.normalised()?;
        validate::not_empty("target", self.target.as_str())?;
        validate::not_empty_if_given("usage", self.usage.as_deref())?;
        if let Some(url) = &self.email_redirect_to {
            validate::url("email_redirect_to", url)?;
            if !self.contact.is_email() {
                let rule = "is for e-mail only: a text message carries a code";
                return Err(Error::argument("email_redirect_to", rule));
            }
        }
        Ok(self)
    }

    /// Solves a captcha first instead of waiting until the service asks for one.
    #[must_use]
    pub fn with_captcha(mut self, with_captcha: bool) -> Self {
        self.with_captcha = with_captcha;
        self
    }
}

/// A code is on its way.
#[doc(alias = "GetVerificationRes")]
#[doc(alias = "ResendRes")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentVerification {
    /// What the code belongs to. Sending another code makes this one worthless.
    #[doc(alias = "messageId")]
    #[doc(alias = "verificationId")]
    pub verification_id: String,
    /// How long the code is good for.
    pub expires_in: Duration,
    /// Whether there is an account with this address or number.
    pub is_user: bool,
}

/// A code was right.
#[doc(alias = "VerifyRes")]
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedCode {
    /// The proof, which a sign-in, sign-up or change spends.
    pub verification_token: SecretString,
    /// How long it is good for.
    pub expires_in: Duration,
}

impl fmt::Debug for VerifiedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCode")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Sends a code by e-mail or text message. The flows ([`sign_up`](Self::sign_up),
    /// [`sign_in_with_otp`](Self::sign_in_with_otp), …) do so by themselves.
    ///
    /// Text messages are sent by environments in Shanghai only, and e-mails where a mail server (SMTP) has
    /// been set up in the console. A code is good for ten minutes, and an address gets about one a minute.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for what cannot be an address or number.
    /// From the service:
    ///
    /// | code | when |
    /// |---|---|
    /// | `captcha_required` | too many codes, and no [`CaptchaHandler`](crate::CaptchaHandler) |
    /// | `resource_exhausted`, `rate_limit_exceeded` | too many codes: see [`retry_after`](cloudbase_core::Error::retry_after) |
    /// | `not_found`, `user_not_found` | the target must be a user, and no such user exists |
    /// | `login_type_disabled`, `unimplemented`, `failed_precondition` | the environment sends no codes of this kind, or the address is bound already |
    /// | `aborted`, `internal`, `unavailable` | the environment's mail server or SMS sender fails, or is not set up |
    /// | `mfa_phone_required` | a phone number must be bound first |
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::VerificationRequest;
    ///
    /// let sent = auth.send_verification(VerificationRequest::phone("13800000000")).await?;
    /// let verified = auth.verify(&sent.verification_id, "042317").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getVerification")]
    pub fn send_verification(&self, request: VerificationRequest) -> SendVerification {
        SendVerification::new(self, request)
    }

    /// Checks a code and returns the proof that it was right. Nobody is signed in by this.
    ///
    /// # Errors
    ///
    /// `invalid_verification_code`, or `invalid_argument` with a message about the code, if it is
    /// wrong or too old.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::VerificationRequest;
    ///
    /// let sent = auth.send_verification(VerificationRequest::email("lin@example.org")).await?;
    /// let verified = auth.verify(&sent.verification_id, "042317").await?;
    /// let leave = auth.sudo_with_verification(verified.verification_token).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VerifyReq")]
    pub fn verify(
        &self,
        verification_id: impl Into<String>,
        verification_code: impl Into<SecretString>,
    ) -> Verify {
        Verify::new(self, verification_id.into(), verification_code.into())
    }
}

request! {
    /// Sends a code; see [`Auth::send_verification`].
    pub struct SendVerification { request: VerificationRequest }
    "auth.send_verification" => SentVerification; auth; operation
}

impl SendVerification {
    fn call(&self) -> Result<Call> {
        Ok(self.request.clone().checked()?.call())
    }

    async fn run(self) -> Result<Response<SentVerification>> {
        send(self.auth.caller(), &self.call()?).await
    }
}

request! {
    /// Checks a code; see [`Auth::verify`].
    pub struct Verify { id: String, code: SecretString }
    "auth.verify" => VerifiedCode; auth; operation
}

impl Verify {
    fn call(&self) -> Result<Call> {
        verify_call(&self.id, &self.code)
    }

    async fn run(self) -> Result<Response<VerifiedCode>> {
        verify(self.auth.caller(), &self.call()?).await
    }
}

impl VerificationRequest {
    /// Has a code sent; the request has been checked.
    pub(crate) fn call(&self) -> Call {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(flatten)]
            contact: &'a Contact,
            target: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            usage: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            email_redirect_to: Option<&'a str>,
        }
        let usage = self.usage.as_deref();
        let mut call = Call::post("auth.send_verification", "/auth/v1/verification")
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                contact: &self.contact,
                target: self.target.as_str(),
                usage: usage.filter(|_| self.contact.is_email()),
                email_redirect_to: self.email_redirect_to.as_deref(),
            });
        if self.within_session || self.target == VerificationTarget::CurrentUser {
            call = call.user();
        }
        if self.with_captcha {
            call = call.captcha_first();
        }
        call
    }
}

/// Sends the call that has a code sent.
pub(crate) async fn send(caller: &Caller, call: &Call) -> Result<Response<SentVerification>> {
    let make = |mut body: Object| {
        Ok(SentVerification {
            verification_id: body.require("verification_id")?,
            expires_in: body.expires_in(600),
            is_user: body.take(&["is_user"]).unwrap_or_default(),
        })
    };
    caller.read(call, make).await
}

/// Trades a code for its proof.
pub(crate) fn verify_call(id: &str, code: &SecretString) -> Result<Call> {
    #[derive(Serialize)]
    struct Body<'a> {
        verification_id: &'a str,
        verification_code: &'a str,
    }
    let code = code.expose_secret().trim();
    validate::token("verification_id", id)?;
    validate::code("code", code)?;
    Ok(Call::post("auth.verify", "/auth/v1/verification/verify")
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            verification_id: id,
            verification_code: code,
        }))
}

/// Sends the call that trades a code for its proof.
pub(crate) async fn verify(caller: &Caller, call: &Call) -> Result<Response<VerifiedCode>> {
    let make = |mut body: Object| {
        Ok(VerifiedCode {
            verification_token: body.require("verification_token")?,
            expires_in: body.expires_in(600),
        })
    };
    caller.read(call, make).await
}

/// Whether two codes are the same text.
pub(crate) fn is_same_code(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().trim() == other.expose_secret().trim()
}
