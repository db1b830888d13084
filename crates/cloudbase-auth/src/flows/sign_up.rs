//! Registration: an address, number or identity with its proof, and what users say of themselves.

pub(crate) mod registration;
pub(crate) mod request;

use secrecy::SecretString;

use self::registration::Registration;
use crate::args::contact::Contact;
use crate::value::user::Gender;

/// Who registers: with a code that is sent ([`Auth::sign_up`](crate::Auth::sign_up)), or with a proof that is at hand
/// ([`Auth::sign_up_with_proof`](crate::Auth::sign_up_with_proof)).
#[doc(alias = "SignUpReq")]
#[derive(Clone, Debug)]
pub struct SignUp<P = ByCode> {
    proof: P,
    registration: Registration,
    upgrade: bool,
}

/// A [`SignUp`] with a code that is sent.
#[derive(Clone, Debug)]
pub struct ByCode(Contact);

/// A [`SignUp`] with a proof that is at hand.
#[derive(Clone, Debug)]
pub struct ByProof(AtHand);

#[derive(Clone, Debug)]
enum AtHand {
    Verification(Contact, SecretString),
    Provider(SecretString),
}

impl SignUp {
    /// By e-mail address.
    pub fn email(address: impl Into<String>) -> Self {
        Self::new(Contact::Email(address.into()))
    }

    /// By phone number. Bare digits are a number of mainland China; for other countries give the
    /// country code, a space, and the number: `+1 4155550100`.
    ///
    /// Text messages are sent by environments in Shanghai only.
    pub fn phone(number: impl Into<String>) -> Self {
        Self::new(Contact::Phone(number.into()))
    }

    /// The address or number is proven already, by a token that [`Auth::verify`](crate::Auth::verify) or a server returned.
    pub fn verified(self, verification_token: impl Into<SecretString>) -> SignUp<ByProof> {
        let proof = AtHand::Verification(self.proof.0, verification_token.into());
        SignUp {
            proof: ByProof(proof),
            registration: self.registration,
            upgrade: self.upgrade,
        }
    }

    fn new(contact: Contact) -> Self {
        Self {
            proof: ByCode(contact),
            registration: Registration::default(),
            upgrade: false,
        }
    }
}

impl SignUp<ByProof> {
    /// By an identity at an identity source, which [`Auth::grant_provider_token`](crate::Auth::grant_provider_token) has proven.
    #[doc(alias = "providerToken")]
    pub fn provider_token(token: impl Into<SecretString>) -> Self {
        Self {
            proof: ByProof(AtHand::Provider(token.into())),
            registration: Registration::default(),
            upgrade: false,
        }
    }
}

impl<P> SignUp<P> {
    /// The password for later sign-ins.
    #[must_use]
    pub fn password(mut self, password: impl Into<SecretString>) -> Self {
        self.registration.password = Some(password.into());
        self
    }

    /// The login name.
    #[must_use]
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.registration.username = Some(name.into());
        self
    }

    /// The display name.
    #[must_use]
    pub fn nickname(mut self, name: impl Into<String>) -> Self {
        self.registration.name = Some(name.into());
        self
    }

    /// The avatar's URL.
    #[doc(alias = "avatarUrl")]
    #[must_use]
    pub fn avatar_url(mut self, url: impl Into<String>) -> Self {
        self.registration.picture = Some(url.into());
        self
    }

    /// The gender.
    #[must_use]
    pub fn gender(mut self, gender: Gender) -> Self {
        self.registration.gender = Some(gender);
        self
    }

    /// The language.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.registration.locale = Some(locale.into());
        self
    }

    /// Turns the anonymous user with this access token into the registered one.
    #[doc(alias = "anonymousToken")]
    #[must_use]
    pub fn anonymous_token(mut self, token: impl Into<SecretString>) -> Self {
        self.registration.anonymous_token = Some(token.into());
        self
    }

    /// Turns the anonymous user that is signed in now, if one is, into the registered one.
    #[must_use]
    pub fn upgrade_anonymous(mut self) -> Self {
        self.upgrade = true;
        self
    }
}
