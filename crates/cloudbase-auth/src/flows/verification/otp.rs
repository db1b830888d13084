//! One-time codes outside a pending value: checked by their message id, and sent again.

pub(crate) mod request;

use cloudbase_core::open_enum;
use secrecy::SecretString;

use crate::args::contact::Contact;

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

/// A one-time code to check; see [`Auth::verify_otp`](crate::Auth::verify_otp).
#[doc(alias = "VerifyOtpParams")]
#[derive(Clone, Debug)]
pub struct VerifyOtp {
    message_id: String,
    token: SecretString,
    contact: Option<Contact>,
    kind: Option<OtpType>,
}

impl VerifyOtp {
    /// The code `token` that belongs to the message `message_id`.
    pub fn new(message_id: impl Into<String>, token: impl Into<SecretString>) -> Self {
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

/// Asks for another code; see [`Auth::resend`](crate::Auth::resend).
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
