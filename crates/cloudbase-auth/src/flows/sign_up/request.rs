//! The methods that register.

use cloudbase_core::{Response, Result};
use secrecy::ExposeSecret as _;

use super::registration::{Proof, Registration};
use super::{AtHand, ByProof};
use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::pending::PendingSignIn;
use crate::flows::request::request;
use crate::flows::sign_in::SignedIn;
use crate::flows::verification::{SentCode, VerificationRequest, VerificationTarget};
use crate::value::session::Session;

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
    pub fn sign_up(&self, sign_up: super::SignUp) -> SignUp {
        SignUp::new(self, sign_up)
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
    pub fn sign_up_with_proof(&self, sign_up: super::SignUp<ByProof>) -> SignUpWithProof {
        SignUpWithProof::new(self, sign_up)
    }
}

request! {
    /// Sends a code to register with; see [`Auth::sign_up`].
    pub struct SignUp { sign_up: super::SignUp }
    "auth.sign_up" => PendingSignIn; auth; operation
}

impl SignUp {
    fn request(&self) -> Result<VerificationRequest> {
        self.auth.check_can_sign_in()?;
        let request = VerificationRequest::new(self.sign_up.proof.0.clone());
        let request = request.target(VerificationTarget::Any).usage("email");
        let request = request.checked()?;
        self.sign_up.registration.check()?;
        Ok(request)
    }

    fn call(&self) -> Result<Call> {
        Ok(self.request()?.call())
    }

    async fn run(self) -> Result<Response<PendingSignIn>> {
        let request = self.request()?;
        let registration = self.auth.registration_of(self.sign_up).await?;
        let sent = SentCode::send(self.auth.caller(), request).await?;
        Ok(sent.map(|code| PendingSignIn::new(&self.auth, code, Some(registration))))
    }
}

request! {
    /// Registers with a proof that is at hand; see [`Auth::sign_up_with_proof`].
    pub struct SignUpWithProof { sign_up: super::SignUp<ByProof> }
    "auth.sign_up_with_proof" => SignedIn; auth
}

impl SignUpWithProof {
    async fn run(self) -> Result<Response<SignedIn>> {
        let auth = self.auth;
        auth.check_can_sign_in()?;
        let at_hand = self.sign_up.proof.0.clone().checked()?;
        self.sign_up.registration.check()?;
        let registration = auth.registration_of(self.sign_up).await?;
        let anonymous = registration.anonymous_token(&auth).await?;
        let call = registration.call(at_hand.proof(), anonymous.as_ref());
        auth.sign_in_by(&call).await
    }
}

impl AtHand {
    fn checked(self) -> Result<Self> {
        Ok(match self {
            Self::Verification(contact, token) => {
                validate::token("verification_token", token.expose_secret())?;
                Self::Verification(contact.normalised()?, token)
            }
            Self::Provider(token) => {
                validate::token("provider_token", token.expose_secret())?;
                Self::Provider(token)
            }
        })
    }

    fn proof(&self) -> Proof<'_> {
        match self {
            Self::Verification(contact, token) => Proof {
                contact: Some(contact),
                verification_token: Some(token.expose_secret()),
                ..Proof::default()
            },
            Self::Provider(token) => Proof {
                provider_token: Some(token.expose_secret()),
                ..Proof::default()
            },
        }
    }
}

impl Auth {
    /// What to register with, which has been checked. An upgrade is bound to who is signed in now.
    async fn registration_of<P>(&self, sign_up: super::SignUp<P>) -> Result<Registration> {
        let mut registration = sign_up.registration;
        if sign_up.upgrade && registration.anonymous_token.is_none() {
            let session = self.session().await?.filter(Session::is_anonymous);
            registration.upgrade = session.map(|session| session.lineage());
        }
        Ok(registration)
    }
}
