//! Passwords: forgotten ones, and new ones.

mod pending;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use cloudbase_core::{Error, ErrorCode, ErrorKind, Idempotency, PathBuilder, Result};
use futures_core::future::BoxFuture;
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

pub use self::pending::{PendingPasswordReset, PendingReauthentication};
use crate::api::{Call, Caller};
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::sign_in::SignedIn;
use crate::flows::verification::{SentCode, VerificationRequest, VerificationTarget};
use crate::value::de::Object;
use crate::value::named::named;

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
    /// Sends a code to somebody who has forgotten their password; the pending value sets a new one
    /// and signs in with it. Text with an `@` is an e-mail address, anything else a phone number.
    ///
    /// # Errors
    ///
    /// As [`send_verification`](Self::send_verification); `not_found` or `user_not_found` if there
    /// is no such account.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let pending = auth.reset_password_for_email("lin@example.org").await?;
    /// let signed_in = pending.update_user("042317", "N3w-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "resetPasswordForEmail")]
    pub fn reset_password_for_email(&self, email_or_phone: impl Into<String>) -> ResetPassword {
        ResetPassword {
            auth: self.clone(),
            contact: Contact::guess(email_or_phone.into()),
            redirect_to: None,
        }
    }

    /// Changes the password of the signed-in user, who knows the old one. Other devices are signed
    /// out by the service.
    ///
    /// # Errors
    ///
    /// [`Argument`](ErrorKind::Argument) for an empty password; `invalid_password` if the old one is
    /// wrong; `weak_password` if the new one is.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// auth.reset_password_for_old("N3w-pass!", "N3wer-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "resetPasswordForOld")]
    #[doc(alias = "ResetPasswordForOldReq")]
    pub async fn reset_password_for_old(
        &self,
        old_password: impl Into<SecretString>,
        new_password: impl Into<SecretString>,
    ) -> Result<SignedIn> {
        named("auth.reset_password_for_old", async {
            let new_password = new_password.into();
            validate::not_empty("new_password", new_password.expose_secret())?;
            let auth = self.one_call()?;
            let sudo =
                sudo_by_password(auth.caller(), "old_password", &old_password.into()).await?;
            set_password(auth.caller(), &sudo, &new_password).await?;
            auth.signed_in_as_caller().await
        })
        .await
    }

    /// Sends a code to the signed-in user's own address, or number if there is none; the pending
    /// value sets a new password with it, or just signs in again.
    ///
    /// # Errors
    ///
    /// [`Credentials`](ErrorKind::Credentials) if nobody is signed in; [`Local`](ErrorKind::Local) with
    /// the code [`FAILED_PRECONDITION`](ErrorCode::FAILED_PRECONDITION) if the user has neither address
    /// nor number, which no sign-in changes; otherwise as
    /// [`send_verification`](Self::send_verification).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let pending = auth.reauthenticate().await?;
    /// let signed_in = pending.update_user("042317", "N3w-pass!").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reauthenticate(&self) -> Result<PendingReauthentication> {
        named("auth.reauthenticate", async {
        let auth = self.one_call()?;
        let user = auth.user().await?.ok_or_else(crate::value::error::not_signed_in)?;
        let contact = match (user.email, user.phone) {
            (Some(email), _) => Contact::Email(email),
            (None, Some(phone)) => Contact::Phone(phone),
            (None, None) => {
                let message =
                    "the user has neither an e-mail address nor a phone number to send a code to";
                let error = Error::new(ErrorKind::Local, message);
                return Err(error.with_code(ErrorCode::FAILED_PRECONDITION));
            }
        };
        let request = VerificationRequest::new(contact)
            .target(VerificationTarget::User)
            .usage("reauthentication")
            .within_session();
        let code = SentCode::send(auth.caller(), request).await?;
        Ok(PendingReauthentication::new(auth, code))
        })
        .await
    }

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
    pub async fn sudo_with_password(&self, password: impl Into<SecretString>) -> Result<SudoToken> {
        named("auth.sudo_with_password", async {
            sudo_by_password(self.caller(), "password", &password.into()).await
        })
        .await
    }

    /// As [`sudo_with_password`](Self::sudo_with_password), by the proof of a code that was sent to
    /// the user's own address or number: the way for accounts without a password.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the proof is wrong, spent or too old.
    pub async fn sudo_with_verification(
        &self,
        token: impl Into<SecretString>,
    ) -> Result<SudoToken> {
        named("auth.sudo_with_verification", async {
            let token = token.into();
            validate::token("verification_token", token.expose_secret())?;
            sudo(self.caller(), None, Some(&token)).await
        })
        .await
    }

    /// Sets the password of the signed-in user.
    ///
    /// # Errors
    ///
    /// `weak_password`; `permission_denied` if the leave has ended.
    #[doc(alias = "setPassword")]
    pub async fn set_password(
        &self,
        sudo: &SudoToken,
        new_password: impl Into<SecretString>,
    ) -> Result<()> {
        set_password(self.caller(), sudo, &new_password.into()).await
    }
}

/// Asks for a code to reset a password with; see [`Auth::reset_password_for_email`].
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called or it is awaited"]
pub struct ResetPassword {
    auth: Auth,
    contact: Contact,
    redirect_to: Option<String>,
}

impl ResetPassword {
    /// Where a web page would lead the user afterwards: [`PendingPasswordReset::redirect_to`] tells
    /// it again. Nothing is sent to the service.
    #[doc(alias = "redirectTo")]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }

    /// Sends the code.
    ///
    /// # Errors
    ///
    /// See [`Auth::reset_password_for_email`].
    pub async fn send(self) -> Result<PendingPasswordReset> {
        named("auth.reset_password_for_email", async {
            self.auth.check_can_sign_in()?;
            validate::not_empty("email_or_phone", self.contact.as_str())?;
            let request = VerificationRequest::new(self.contact)
                .target(VerificationTarget::User)
                .usage("recovery")
                .checked()?;
            if let Some(url) = &self.redirect_to {
                validate::url("redirect_to", url)?;
            }
            let code = SentCode::send(self.auth.caller(), request).await?;
            Ok(PendingPasswordReset::new(self.auth, code, self.redirect_to))
        })
        .await
    }
}

impl IntoFuture for ResetPassword {
    type Output = Result<PendingPasswordReset>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Trades a password for leave; `argument` names it in the error.
pub(crate) async fn sudo_by_password(
    caller: &Caller,
    argument: &str,
    password: &SecretString,
) -> Result<SudoToken> {
    validate::not_empty(argument, password.expose_secret())?;
    sudo(caller, Some(password), None).await
}

async fn sudo(
    caller: &Caller,
    password: Option<&SecretString>,
    verification_token: Option<&SecretString>,
) -> Result<SudoToken> {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        password: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        verification_token: Option<&'a str>,
    }
    let secret =
        |secret: Option<&SecretString>| secret.map(|secret| secret.expose_secret().to_owned());
    let call = Call::post("auth.sudo", "/auth/v1/user/sudo")
        .user()
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            password: secret(password).as_deref(),
            verification_token: secret(verification_token).as_deref(),
        });
    let make = |mut body: Object| {
        Ok(SudoToken {
            sudo_token: body.require("sudo_token")?,
            expires_in: body.expires_in(900),
        })
    };
    caller.read(&call, make).await
}

pub(crate) async fn set_password(
    caller: &Caller,
    sudo: &SudoToken,
    new_password: &SecretString,
) -> Result<()> {
    #[derive(Serialize)]
    struct Body<'a> {
        new_password: &'a str,
        sudo_token: &'a str,
    }
    validate::not_empty("new_password", new_password.expose_secret())?;
    let path = "/auth/v1/user/password";
    let token = sudo.sudo_token.expose_secret();
    // The HTTP API docs have the token in the query, the JS SDK in the body: a service that reads
    // either is satisfied.
    let call = Call::new(
        "auth.set_password",
        path,
        Method::PATCH,
        PathBuilder::new(path),
    )
    .query("sudo_token", token)
    .user()
    .idempotency(Idempotency::Unsafe)
    .json(&Body {
        new_password: new_password.expose_secret(),
        sudo_token: token,
    });
    caller.unit(&call).await
}
