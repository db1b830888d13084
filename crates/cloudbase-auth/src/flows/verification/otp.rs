//! One-time codes outside a pending value: checked by their message id, and sent again.

use cloudbase_core::{Result, open_enum};

use super::{SentVerification, VerificationRequest, VerificationTarget, send, verify};
use crate::args::contact::Contact;
use crate::flows::Auth;
use crate::flows::session::manager::Manager;
use crate::flows::sign_in;
use crate::flows::sign_in::SignedIn;
use crate::value::named::named;

open_enum! {
    /// What a one-time code is for.
    pub enum OtpType {
        /// A sign-in by text message.
        Sms = "sms",
        /// A new phone number.
        PhoneChange = "phone_change",
        /// A registration.
        Signup = "signup",
        /// An invitation.
        Invite = "invite",
        /// A link by e-mail.
        Magiclink = "magiclink",
        /// A forgotten password.
        Recovery = "recovery",
        /// A new e-mail address.
        EmailChange = "email_change",
        /// A sign-in by e-mail.
        Email = "email",
    }
}

open_enum! {
    /// Which code is sent again.
    pub enum ResendType {
        /// That of a registration.
        Signup = "signup",
        /// That of a new e-mail address.
        EmailChange = "email_change",
        /// That of a new phone number.
        PhoneChange = "phone_change",
        /// That of a sign-in.
        Sms = "sms",
    }
}

/// A one-time code to check; see [`Auth::verify_otp`].
#[doc(alias = "VerifyOtpParams")]
#[derive(Clone, Debug)]
pub struct VerifyOtp {
    message_id: String,
    token: secrecy::SecretString,
    contact: Option<Contact>,
    kind: Option<OtpType>,
}

impl VerifyOtp {
    /// The code `token` that belongs to the message `message_id`.
    pub fn new(message_id: impl Into<String>, token: impl Into<secrecy::SecretString>) -> Self {
        Self {
            message_id: message_id.into(),
            token: token.into(),
            contact: None,
            kind: None,
        }
    }

    /// The address that the code was sent to.
    #[must_use]
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.contact = Some(Contact::Email(address.into()));
        self
    }

    /// The number that the code was sent to.
    #[must_use]
    pub fn phone(mut self, number: impl Into<String>) -> Self {
        self.contact = Some(Contact::Phone(number.into()));
        self
    }

    /// What the code is for. A code for a new address or number is only checked; any other signs in.
    #[must_use]
    pub fn kind(mut self, kind: OtpType) -> Self {
        self.kind = Some(kind);
        self
    }
}

/// Asks for another code; see [`Auth::resend`].
#[doc(alias = "ResendReq")]
#[derive(Clone, Debug)]
pub struct Resend {
    contact: Contact,
    kind: ResendType,
}

impl Resend {
    /// Another code by e-mail.
    pub fn email(address: impl Into<String>, kind: ResendType) -> Self {
        Self {
            contact: Contact::Email(address.into()),
            kind,
        }
    }

    /// Another code by text message.
    pub fn phone(number: impl Into<String>, kind: ResendType) -> Self {
        Self {
            contact: Contact::Phone(number.into()),
            kind,
        }
    }
}

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
    pub async fn verify_otp(&self, otp: VerifyOtp) -> Result<SignedIn> {
        named("auth.verify_otp", async {
            use secrecy::ExposeSecret as _;
            let is_change = matches!(otp.kind, Some(OtpType::PhoneChange | OtpType::EmailChange));
            if !is_change {
                self.check_can_sign_in()?;
            }
            let contact = otp.contact.map(Contact::normalised).transpose()?;
            // Before the code is spent: it is of no use without a session, and it is for whoever is signed
            // in now, by the store if nobody has asked yet.
            let begun = match is_change {
                true => Some(self.signed_in_as_caller().await?.session),
                false => None,
            };
            let verified =
                verify(self.caller(), &otp.message_id, otp.token.expose_secret()).await?;
            if let Some(begun) = begun {
                let session = self.manager().session_of(&begun.lineage())?;
                return Ok(Manager::as_known(session));
            }
            let username = contact.as_ref().map(Contact::as_str);
            let session =
                sign_in::with_verification(self.caller(), username, &verified.verification_token)
                    .await?;
            self.manager().sign_in(self.caller(), session, None).await
        })
        .await
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
    pub async fn resend(&self, resend: Resend) -> Result<SentVerification> {
        named("auth.resend", async {
            // A new address or number belongs to nobody yet.
            let target = match resend.kind {
                ResendType::Sms => VerificationTarget::User,
                _ => VerificationTarget::Any,
            };
            let request = VerificationRequest::new(resend.contact).target(target);
            send(self.caller(), &request.usage("email").checked()?).await
        })
        .await
    }
}
