//! The ways to sign in.

mod anonymous;
mod custom_ticket;
mod id_token;
mod otp;
mod password;
pub(crate) mod provider;
mod signed_in;

use cloudbase_core::{Idempotency, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

pub use self::anonymous::SignInAnonymously;
pub use self::id_token::IdToken;
pub use self::otp::Otp;
pub use self::password::Password;
pub use self::provider::{ProviderGrant, ProviderProfile, ProviderToken};
pub(crate) use self::provider::{grant_provider_token, with_provider_token};
pub use self::signed_in::SignedIn;
use crate::api::session;
use crate::api::{Call, Caller};
use crate::value::session::Session;

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
pub(crate) async fn with_password(
    caller: &Caller,
    username: &str,
    password: &SecretString,
) -> Result<Session> {
    let call = Call::post("auth.sign_in_with_password", "/auth/v1/signin")
        // A wrong password counts towards the lock of the account; a right one may end a session.
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            username: Some(username),
            password: Some(password.expose_secret()),
            verification_token: None,
        });
    session::obtain(caller, &call).await
}

/// Signs in with the proof of a code.
pub(crate) async fn with_verification(
    caller: &Caller,
    username: Option<&str>,
    token: &SecretString,
) -> Result<Session> {
    let call = Call::post("auth.sign_in_with_otp", "/auth/v1/signin")
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            username,
            password: None,
            verification_token: Some(token.expose_secret()),
        });
    session::obtain(caller, &call).await
}
