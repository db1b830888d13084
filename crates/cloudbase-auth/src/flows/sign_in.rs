//! The ways to sign in.

mod anonymous;
mod custom_ticket;
mod id_token;
mod otp;
mod password;
pub(crate) mod provider;
mod signed_in;

use cloudbase_core::{Idempotency, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

pub use self::anonymous::SignInAnonymously;
pub use self::custom_ticket::SignInWithCustomTicket;
pub use self::id_token::{IdToken, SignInWithIdToken};
pub use self::otp::{Otp, SignInWithOtp, SignInWithVerification};
pub use self::password::{Password, SignInWithPassword};
pub use self::provider::{
    GrantProviderToken, PatchProviderToken, ProviderGrant, ProviderProfile, ProviderToken,
};
pub(crate) use self::provider::{grant_provider_token, provider_token_call};
pub use self::signed_in::SignedIn;
use crate::api::{Call, session};
use crate::flows::Auth;

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_token: Option<&'a str>,
}

/// Signs in with a name and a password.
pub(crate) fn password_call(username: &str, password: &SecretString) -> Call {
    Call::post("auth.sign_in_with_password", "/auth/v1/signin")
        // A wrong password counts towards the lock of the account; a right one may end a session.
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            username: Some(username),
            password: Some(password.expose_secret()),
            verification_token: None,
        })
}

/// Signs in with the proof of a code.
pub(crate) fn verification_call(username: Option<&str>, token: &SecretString) -> Call {
    Call::post("auth.sign_in_with_otp", "/auth/v1/signin")
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            username,
            password: None,
            verification_token: Some(token.expose_secret()),
        })
}

impl Auth {
    /// Sends a call that signs in, and makes its session the current one.
    pub(crate) async fn sign_in_by(&self, call: &Call) -> Result<Response<SignedIn>> {
        let session = session::obtain(self.caller(), call).await?;
        self.manager().sign_in(self.caller(), session, None).await
    }
}
