//! Passwords: forgotten ones, and new ones.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Idempotency, PathBuilder, Result};
use futures_core::future::BoxFuture;
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::auth::Auth;
use crate::caller::{Call, Caller};
use crate::check;
use crate::contact::Contact;
use crate::lenient;
use crate::result::SignedIn;
use crate::session::events::AuthEvent;
use crate::sign_in;
use crate::verification::{
    self, SentCode, SentVerification, VerificationRequest, VerificationTarget,
};

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
        let new_password = new_password.into();
        check::not_empty("new_password", new_password.expose_secret())?;
        let sudo = sudo_by_password(self.caller(), "old_password", &old_password.into()).await?;
        set_password(self.caller(), &sudo, &new_password).await?;
        self.manager().signed_in_as_known()
    }

    /// Sends a code to the signed-in user's own address, or number if there is none; the pending
    /// value sets a new password with it, or just signs in again.
    ///
    /// # Errors
    ///
    /// [`Credentials`](ErrorKind::Credentials) if nobody is signed in, or the user has neither
    /// address nor number; otherwise as [`send_verification`](Self::send_verification).
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
        let user = self.user().await?.ok_or_else(crate::error::not_signed_in)?;
        let contact = match (user.email, user.phone) {
            (Some(email), _) => Contact::Email(email),
            (None, Some(phone)) => Contact::Phone(phone),
            (None, None) => {
                let message =
                    "the user has neither an e-mail address nor a phone number to send a code to";
                return Err(Error::new(ErrorKind::Credentials, message));
            }
        };
        let sent = send_own_code(self.caller(), &contact).await?;
        Ok(PendingReauthentication {
            auth: self.clone(),
            contact,
            code: SentCode::new(sent),
        })
    }

    /// Trades the password of the signed-in user for leave to delete the account or set a password.
    /// The methods that need it ask by themselves.
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
        sudo_by_password(self.caller(), "password", &password.into()).await
    }

    /// As [`sudo_with_password`](Self::sudo_with_password), by the proof of a code that was sent to
    /// the user's own address or number.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if the proof is wrong, spent or too old.
    pub async fn sudo_with_verification(
        &self,
        token: impl Into<SecretString>,
    ) -> Result<SudoToken> {
        let token = token.into();
        check::token("verification_token", token.expose_secret())?;
        sudo(self.caller(), None, Some(&token)).await
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
        check::not_empty("email_or_phone", self.contact.as_str())?;
        let contact = self.contact.normalised()?;
        if let Some(url) = &self.redirect_to {
            check::url("redirect_to", url)?;
        }
        let sent = send_recovery_code(self.auth.caller(), &contact).await?;
        let code = SentCode::new(sent);
        Ok(PendingPasswordReset {
            auth: self.auth,
            contact,
            code,
            redirect_to: self.redirect_to,
        })
    }
}

impl IntoFuture for ResetPassword {
    type Output = Result<PendingPasswordReset>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A forgotten password that waits for a code and its successor. A wrong code costs nothing.
#[doc(alias = "ResetPasswordForEmailRes")]
#[derive(Debug)]
pub struct PendingPasswordReset {
    auth: Auth,
    contact: Contact,
    code: SentCode,
    redirect_to: Option<String>,
}

impl PendingPasswordReset {
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
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(flatten)]
            contact: &'a Contact,
            new_password: &'a str,
            verification_token: &'a str,
        }
        let password = password.into();
        check::not_empty("password", password.expose_secret())?;
        let caller = self.auth.caller();
        let token = self.code.verify(caller, code.as_ref()).await?;
        let call = Call::post("auth.reset_password", "/auth/v1/reset")
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                contact: &self.contact,
                new_password: password.expose_secret(),
                verification_token: token.expose_secret(),
            });
        caller.unit(&call).await?;
        self.code.forget();
        self.auth
            .manager()
            .hub()
            .publish([AuthEvent::PasswordRecovery]);
        let session = sign_in::with_password(caller, self.contact.as_str(), &password).await?;
        self.auth.manager().sign_in(caller, session, None).await
    }

    /// Sends another code, which replaces the one before.
    ///
    /// # Errors
    ///
    /// As [`Auth::send_verification`]; the code before stays good then.
    pub async fn resend(&mut self) -> Result<&SentVerification> {
        self.code = SentCode::new(send_recovery_code(self.auth.caller(), &self.contact).await?);
        Ok(self.code.sent())
    }

    /// What the code belongs to.
    #[doc(alias = "messageId")]
    pub fn message_id(&self) -> &str {
        &self.code.sent().verification_id
    }

    /// Goes on with a code that [`Auth::resend`] has sent.
    pub fn set_message_id(&mut self, id: impl Into<String>) {
        self.code.set_id(id.into());
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
    contact: Contact,
    code: SentCode,
}

impl PendingReauthentication {
    /// Checks the code (`nonce` in the other SDKs) and sets a new password. The session goes on.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong; `weak_password`.
    #[doc(alias = "updateUser")]
    #[doc(alias = "UpdateUserAttributes")]
    pub async fn update_user(
        &self,
        code: impl AsRef<str>,
        password: impl Into<SecretString>,
    ) -> Result<SignedIn> {
        let password = password.into();
        check::not_empty("password", password.expose_secret())?;
        let caller = self.auth.caller();
        let token = self.code.verify(caller, code.as_ref()).await?;
        let leave = sudo(caller, None, Some(&token)).await?;
        self.code.forget();
        set_password(caller, &leave, &password).await?;
        self.auth.manager().signed_in_as_known()
    }

    /// Checks the code and signs in again with it: a fresh session.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`] if the code is wrong.
    pub async fn verify(&self, code: impl AsRef<str>) -> Result<SignedIn> {
        let caller = self.auth.caller();
        let token = self.code.verify(caller, code.as_ref()).await?;
        let session =
            sign_in::with_verification(caller, Some(self.contact.as_str()), &token).await?;
        self.code.forget();
        self.auth.manager().sign_in(caller, session, None).await
    }

    /// Sends another code, which replaces the one before.
    ///
    /// # Errors
    ///
    /// As [`Auth::send_verification`]; the code before stays good then.
    pub async fn resend(&mut self) -> Result<&SentVerification> {
        self.code = SentCode::new(send_own_code(self.auth.caller(), &self.contact).await?);
        Ok(self.code.sent())
    }

    /// What the code belongs to.
    #[doc(alias = "messageId")]
    pub fn message_id(&self) -> &str {
        &self.code.sent().verification_id
    }

    /// Goes on with a code that [`Auth::resend`] has sent.
    pub fn set_message_id(&mut self, id: impl Into<String>) {
        self.code.set_id(id.into());
    }
}

async fn send_recovery_code(caller: &Caller, contact: &Contact) -> Result<SentVerification> {
    send_code(caller, contact, "recovery", |request| request).await
}

async fn send_own_code(caller: &Caller, contact: &Contact) -> Result<SentVerification> {
    send_code(
        caller,
        contact,
        "reauthentication",
        VerificationRequest::within_session,
    )
    .await
}

async fn send_code(
    caller: &Caller,
    contact: &Contact,
    usage: &str,
    with: fn(VerificationRequest) -> VerificationRequest,
) -> Result<SentVerification> {
    let mut request =
        with(VerificationRequest::new(contact.clone()).target(VerificationTarget::User));
    if contact.is_email() {
        request = request.usage(usage);
    }
    verification::send(caller, request).await
}

/// Trades a password for leave; `argument` names it in the error.
pub(crate) async fn sudo_by_password(
    caller: &Caller,
    argument: &str,
    password: &SecretString,
) -> Result<SudoToken> {
    check::not_empty(argument, password.expose_secret())?;
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
    #[derive(Deserialize)]
    struct Answer {
        sudo_token: String,
        #[serde(default, deserialize_with = "lenient::number")]
        expires_in: Option<u64>,
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
    let answer: Answer = caller.json(&call).await?;
    Ok(SudoToken {
        sudo_token: answer.sudo_token.into(),
        expires_in: Duration::from_secs(answer.expires_in.unwrap_or(900)),
    })
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
    check::not_empty("new_password", new_password.expose_secret())?;
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
