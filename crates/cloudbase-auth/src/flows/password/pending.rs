//! Passwords that wait for a code: a forgotten one, and a new one of a signed-in user.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudbase_core::{Idempotency, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::time::Instant;

use super::{SudoToken, set_password, sudo};
use crate::api::Call;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::events::AuthEvent;
use crate::flows::Auth;
use crate::flows::sign_in;
use crate::flows::sign_in::SignedIn;
use crate::flows::verification::{SentCode, is_same_code, waits_for_code};
use crate::value::clock::later;
use crate::value::named::named;

/// A forgotten password that waits for a code and its successor. A wrong code costs nothing.
#[doc(alias = "ResetPasswordForEmailRes")]
#[derive(Debug)]
pub struct PendingPasswordReset {
    auth: Auth,
    code: SentCode,
    redirect_to: Option<String>,
}

waits_for_code!(PendingPasswordReset, "auth.pending_password_reset.resend");

impl PendingPasswordReset {
    pub(super) fn new(auth: Auth, code: SentCode, redirect_to: Option<String>) -> Self {
        Self {
            auth,
            code,
            redirect_to,
        }
    }

    /// Checks the code (`nonce` in the other SDKs), sets the password, and signs in with it.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong; `weak_password`. If the sign-in fails, the new
    /// password is in force all the same.
    #[doc(alias = "updateUser")]
    #[doc(alias = "UpdateUserAttributes")]
    pub async fn update_user(
        &self,
        code: impl AsRef<str>,
        password: impl Into<SecretString>,
    ) -> Result<SignedIn> {
        named("auth.pending_password_reset.update_user", async {
            #[derive(Serialize)]
            struct Body<'a> {
                #[serde(flatten)]
                contact: &'a Contact,
                new_password: &'a str,
                verification_token: &'a str,
            }
            let password = password.into();
            validate::not_empty("password", password.expose_secret())?;
            let caller = self.auth.caller();
            let contact = self.code.contact();
            let token = self.code.verify(caller, code.as_ref()).await?;
            let call = Call::post("auth.reset_password", "/auth/v1/reset")
                .idempotency(Idempotency::Unsafe)
                .json(&Body {
                    contact,
                    new_password: password.expose_secret(),
                    verification_token: token.expose_secret(),
                });
            caller.unit(&call).await?;
            self.code.forget();
            self.auth
                .manager()
                .events()
                .publish([AuthEvent::PasswordRecovery]);
            let session = sign_in::with_password(caller, contact.as_str(), &password).await?;
            self.auth.manager().sign_in(caller, session, None).await
        })
        .await
    }

    /// Where to lead the user afterwards.
    pub fn redirect_to(&self) -> Option<&str> {
        self.redirect_to.as_deref()
    }
}

/// A signed-in user of whom a code is awaited. A wrong code costs nothing.
#[doc(alias = "ReauthenticateRes")]
#[derive(Debug)]
pub struct PendingReauthentication {
    auth: Auth,
    code: SentCode,
    /// What the code was traded for: if the new password is rejected, the same code can be given
    /// again although the service takes it only once.
    leave: Mutex<Option<Leave>>,
}

/// Leave to set a password, and for which code it was given.
#[derive(Debug)]
struct Leave {
    code: SecretString,
    sudo: SudoToken,
    until: Instant,
}

waits_for_code!(
    PendingReauthentication,
    "auth.pending_reauthentication.resend"
);

impl PendingReauthentication {
    pub(super) fn new(auth: Auth, code: SentCode) -> Self {
        Self {
            auth,
            code,
            leave: Mutex::default(),
        }
    }

    /// Checks the code (`nonce` in the other SDKs) and sets a new password. The session goes on.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong; `weak_password`: the same code can be given again
    /// with a better one.
    #[doc(alias = "updateUser")]
    #[doc(alias = "UpdateUserAttributes")]
    pub async fn update_user(
        &self,
        code: impl AsRef<str>,
        password: impl Into<SecretString>,
    ) -> Result<SignedIn> {
        named("auth.pending_reauthentication.update_user", async {
            let password = password.into();
            validate::not_empty("password", password.expose_secret())?;
            let sudo = self.leave(code.as_ref()).await?;
            set_password(self.auth.caller(), &sudo, &password).await?;
            *self.lock() = None;
            self.auth.signed_in_as_caller().await
        })
        .await
    }

    /// Checks the code and signs in again with it: a fresh session.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong.
    pub async fn verify(&self, code: impl AsRef<str>) -> Result<SignedIn> {
        named("auth.pending_reauthentication.verify", async {
            self.auth.check_can_sign_in()?;
            let caller = self.auth.caller();
            let token = self.code.verify(caller, code.as_ref()).await?;
            let username = self.code.contact().as_str();
            let session = sign_in::with_verification(caller, Some(username), &token).await?;
            self.code.forget();
            self.auth.manager().sign_in(caller, session, None).await
        })
        .await
    }

    async fn leave(&self, code: &str) -> Result<SudoToken> {
        let known =
            |leave: &&Leave| is_same_code(&leave.code, code) && leave.until > Instant::now();
        if let Some(leave) = self.lock().as_ref().filter(known) {
            return Ok(leave.sudo.clone());
        }
        let caller = self.auth.caller();
        let token = self.code.verify(caller, code).await?;
        let sudo = sudo(caller, None, Some(&token)).await?;
        self.code.forget();
        *self.lock() = Some(Leave {
            code: code.trim().into(),
            sudo: sudo.clone(),
            until: later(Instant::now(), sudo.expires_in),
        });
        Ok(sudo)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Leave>> {
        self.leave.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
