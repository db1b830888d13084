//! Registration: an address, number or identity with its proof, and what the user says of itself.

use cloudbase_core::credential::Lineage;
use cloudbase_core::{Idempotency, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::api::session;
use crate::api::{Call, Caller};
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::pending::PendingSignIn;
use crate::flows::sign_in::SignedIn;
use crate::flows::verification::{SentCode, VerificationRequest, VerificationTarget};
use crate::value::error::user_changed;
use crate::value::named::named;
use crate::value::session::Session;
use crate::value::user::Gender;

/// Who registers: with a code that is sent ([`Auth::sign_up`]), or with a proof that is at hand
/// ([`Auth::sign_up_with_proof`]).
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

/// What a registration proves, and by what.
#[derive(Default, Serialize)]
pub(crate) struct Proof<'a> {
    #[serde(flatten)]
    pub(crate) contact: Option<&'a Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verification_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verification_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider_token: Option<&'a str>,
}

/// What a registration says besides the address or number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registration {
    password: Option<SecretString>,
    username: Option<String>,
    name: Option<String>,
    picture: Option<String>,
    gender: Option<Gender>,
    locale: Option<String>,
    anonymous_token: Option<SecretString>,
    /// The sign-in of the anonymous user to turn into the registered one.
    upgrade: Option<Lineage>,
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

    /// The address or number is proven already, by a token that [`Auth::verify`] or a server returned.
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
    /// By an identity at an identity source, which [`Auth::grant_provider_token`] has proven.
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

impl Auth {
    /// Sends a code to the address or number; the pending value registers with it, or signs in if
    /// there is such an account already.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for what is empty or cannot be right;
    /// otherwise as [`send_verification`](Self::send_verification).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::SignUp;
    ///
    /// let pending = auth.sign_up(SignUp::email("lin@example.org").password("N3w-pass!")).await?;
    /// let signed_in = pending.verify("042317").await?;
    /// println!("{}", signed_in.user.id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signUp")]
    pub async fn sign_up(&self, sign_up: SignUp) -> Result<PendingSignIn> {
        named("auth.sign_up", async {
            self.check_can_sign_in()?;
            let request = VerificationRequest::new(sign_up.proof.0.clone())
                .target(VerificationTarget::Any)
                .usage("email")
                .checked()?;
            let registration = self.registration_of(sign_up).await?;
            let code = SentCode::send(self.caller(), request).await?;
            Ok(PendingSignIn::new(self.clone(), code, Some(registration)))
        })
        .await
    }

    /// Registers at once with a proof that is at hand: a verification token for the address or number,
    /// or a provider token for an identity.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for what is empty or cannot be right;
    /// `invalid_argument` or `invalid_grant` if the proof is wrong, spent or too old; `already_exists`
    /// if there is such an account: sign in with [`sign_in_with_verification`](
    /// Self::sign_in_with_verification) or [`sign_in_with_id_token`](Self::sign_in_with_id_token) then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::{ProviderGrant, SignUp, VerificationRequest};
    ///
    /// let sent = auth.send_verification(VerificationRequest::email("lin@example.org")).await?;
    /// let verified = auth.verify(&sent.verification_id, "042317").await?;
    /// let lin = SignUp::email("lin@example.org").password("N3w-pass!");
    /// auth.sign_up_with_proof(lin.verified(verified.verification_token)).await?;
    ///
    /// let grant = ProviderGrant::code("github", "code", "https://app.example.org/signed-in");
    /// let proof = auth.grant_provider_token(grant).await?;
    /// auth.sign_up_with_proof(SignUp::provider_token(proof.provider_token).username("lin_w")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_up_with_proof(&self, sign_up: SignUp<ByProof>) -> Result<SignedIn> {
        named("auth.sign_up_with_proof", async {
            self.check_can_sign_in()?;
            let at_hand = match sign_up.proof.0.clone() {
                AtHand::Verification(contact, token) => {
                    validate::token("verification_token", token.expose_secret())?;
                    AtHand::Verification(contact.normalised()?, token)
                }
                AtHand::Provider(token) => {
                    validate::token("provider_token", token.expose_secret())?;
                    AtHand::Provider(token)
                }
            };
            let registration = self.registration_of(sign_up).await?;
            let proof = match &at_hand {
                AtHand::Verification(contact, token) => Proof {
                    contact: Some(contact),
                    verification_token: Some(token.expose_secret()),
                    ..Proof::default()
                },
                AtHand::Provider(token) => Proof {
                    provider_token: Some(token.expose_secret()),
                    ..Proof::default()
                },
            };
            let anonymous = registration.anonymous_token(self).await?;
            let session = registration.send(self.caller(), proof, anonymous).await?;
            self.manager().sign_in(self.caller(), session, None).await
        })
        .await
    }

    async fn registration_of<P>(&self, sign_up: SignUp<P>) -> Result<Registration> {
        let mut registration = sign_up.registration;
        registration.check()?;
        if sign_up.upgrade && registration.anonymous_token.is_none() {
            let session = self.session().await?.filter(Session::is_anonymous);
            registration.upgrade = session.map(|session| session.lineage());
        }
        Ok(registration)
    }
}

impl Registration {
    /// Rejects what is given but empty.
    fn check(&self) -> Result<()> {
        let texts = [
            ("username", &self.username),
            ("nickname", &self.name),
            ("avatar_url", &self.picture),
            ("locale", &self.locale),
        ];
        for (argument, text) in texts {
            validate::not_empty_if_given(argument, text.as_deref())?;
        }
        let password = self.password.as_ref();
        validate::not_empty_if_given(
            "password",
            password.map(|password| password.expose_secret()),
        )?;
        validate::not_empty_if_given("gender", self.gender.as_ref().map(Gender::as_str))?;
        if let Some(token) = &self.anonymous_token {
            validate::token("anonymous_token", token.expose_secret())?;
        }
        Ok(())
    }

    /// The token of the anonymous user who registers, as it is by now: it may have been refreshed since
    /// the code was sent.
    ///
    /// # Errors
    ///
    /// If another user, or nobody, is signed in by now.
    pub(crate) async fn anonymous_token(&self, auth: &Auth) -> Result<Option<SecretString>> {
        let Some(lineage) = &self.upgrade else {
            return Ok(self.anonymous_token.clone());
        };
        let session = auth.session().await?;
        let session = session.filter(|session| session.lineage() == *lineage);
        let session = session.ok_or_else(user_changed)?;
        Ok(Some(session.access_token().clone()))
    }

    /// Registers.
    pub(crate) async fn send(
        &self,
        caller: &Caller,
        proof: Proof<'_>,
        anonymous: Option<SecretString>,
    ) -> Result<Session> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(flatten)]
            proof: Proof<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            password: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            picture: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            gender: Option<&'a Gender>,
            #[serde(skip_serializing_if = "Option::is_none")]
            locale: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            anonymous_token: Option<&'a str>,
        }
        let call = Call::post("auth.sign_up", "/auth/v1/signup")
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                proof,
                password: self
                    .password
                    .as_ref()
                    .map(|password| password.expose_secret()),
                username: self.username.as_deref(),
                name: self.name.as_deref(),
                picture: self.picture.as_deref(),
                gender: self.gender.as_ref(),
                locale: self.locale.as_deref(),
                anonymous_token: anonymous.as_ref().map(|token| token.expose_secret()),
            });
        session::obtain(caller, &call).await
    }
}
