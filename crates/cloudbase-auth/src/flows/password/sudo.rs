//! Leave for what needs more than a session.

use std::fmt;
use std::time::Duration;

use cloudbase_core::{Idempotency, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::api::{Call, Caller};
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::value::de::Object;

/// Leave to do something that needs more than a session, for some minutes.
#[derive(Clone)]
#[non_exhaustive]
pub struct SudoToken {
    /// The proof.
    pub sudo_token: SecretString,
    /// How long it is good for.
    pub expires_in: Duration,
}

impl fmt::Debug for SudoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SudoToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Trades the password of the signed-in user for leave to
    /// [delete the account](Self::delete_user_with) or [set a password](Self::set_password).
    ///
    /// # Errors
    ///
    /// `invalid_password`; `password_not_set` if the account has none.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let leave = auth.sudo_with_password("N3w-pass!").await?;
    /// auth.set_password(&leave, "N3wer-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "sudo")]
    pub fn sudo_with_password(&self, password: impl Into<SecretString>) -> SudoWithPassword {
        SudoWithPassword::new(self, password.into())
    }

    /// As [`sudo_with_password`](Self::sudo_with_password), by the proof of a code that was sent to
    /// the user's own address or number: the way for accounts without a password.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the proof is wrong, spent or too old.
    pub fn sudo_with_verification(&self, token: impl Into<SecretString>) -> SudoWithVerification {
        SudoWithVerification::new(self, token.into())
    }
}

request! {
    /// Trades a password for leave; see [`Auth::sudo_with_password`].
    pub struct SudoWithPassword { password: SecretString }
    "auth.sudo_with_password" => SudoToken; auth; operation
}

impl SudoWithPassword {
    fn call(&self) -> Result<Call> {
        password_sudo_call("password", &self.password)
    }

    async fn run(self) -> Result<Response<SudoToken>> {
        sudo(self.auth.caller(), &self.call()?).await
    }
}

request! {
    /// Trades the proof of a code for leave; see [`Auth::sudo_with_verification`].
    pub struct SudoWithVerification { token: SecretString }
    "auth.sudo_with_verification" => SudoToken; auth; operation
}

impl SudoWithVerification {
    fn call(&self) -> Result<Call> {
        validate::token("verification_token", self.token.expose_secret())?;
        Ok(verification_sudo_call(&self.token))
    }

    async fn run(self) -> Result<Response<SudoToken>> {
        sudo(self.auth.caller(), &self.call()?).await
    }
}

#[derive(Default, Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_token: Option<&'a str>,
}

/// Trades a password for leave; `argument` names it in the error.
pub(crate) fn password_sudo_call(argument: &str, password: &SecretString) -> Result<Call> {
    validate::not_empty(argument, password.expose_secret())?;
    Ok(sudo_call(&Body {
        password: Some(password.expose_secret()),
        ..Body::default()
    }))
}

/// Trades the proof of a code for leave.
pub(crate) fn verification_sudo_call(token: &SecretString) -> Call {
    sudo_call(&Body {
        verification_token: Some(token.expose_secret()),
        ..Body::default()
    })
}

fn sudo_call(body: &Body<'_>) -> Call {
    Call::post("auth.sudo", "/auth/v1/user/sudo")
        .user()
        .idempotency(Idempotency::Unsafe)
        .json(body)
}

/// Sends the call that asks for leave.
pub(crate) async fn sudo(caller: &Caller, call: &Call) -> Result<Response<SudoToken>> {
    let make = |mut body: Object| {
        Ok(SudoToken {
            sudo_token: body.require("sudo_token")?,
            expires_in: body.expires_in(900),
        })
    };
    caller.read(call, make).await
}
