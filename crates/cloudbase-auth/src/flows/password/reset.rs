//! A forgotten password: a code is sent, with which a new one is set.

use cloudbase_core::{Idempotency, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::api::Call;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::events::AuthEvent;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::sign_in::{SignedIn, password_call};
use crate::flows::verification::{
    SentCode, VerificationRequest, VerificationTarget, waits_for_code,
};

impl Auth {
    /// Sends a code to a user who has forgotten the password; the pending value sets a new one
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
    pub fn reset_password_for_email(
        &self,
        email_or_phone: impl Into<String>,
    ) -> ResetPasswordForEmail {
        ResetPasswordForEmail::new(self, Contact::guess(email_or_phone.into()), None)
    }
}

request! {
    /// Sends a code to reset a password with; see [`Auth::reset_password_for_email`].
    pub struct ResetPasswordForEmail { contact: Contact, redirect_to: Option<String> }
    "auth.reset_password_for_email" => PendingPasswordReset; auth; operation
}

impl ResetPasswordForEmail {
    /// Where a web page would lead the user afterwards: [`PendingPasswordReset::redirect_to`] returns
    /// it again. Nothing is sent to the service.
    #[doc(alias = "redirectTo")]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }

    fn request(&self) -> Result<VerificationRequest> {
        self.auth.check_can_sign_in()?;
        validate::not_empty("email_or_phone", self.contact.as_str())?;
        let request = VerificationRequest::new(self.contact.clone())
            .target(VerificationTarget::User)
            .usage("recovery")
            .checked()?;
        if let Some(url) = &self.redirect_to {
            validate::url("redirect_to", url)?;
        }
        Ok(request)
    }

    fn call(&self) -> Result<Call> {
        Ok(self.request()?.call())
    }

    async fn run(self) -> Result<Response<PendingPasswordReset>> {
        let sent = SentCode::send(self.auth.caller(), self.request()?).await?;
        Ok(sent.map(|code| PendingPasswordReset {
            auth: self.auth.for_later_requests(),
            code,
            redirect_to: self.redirect_to,
        }))
    }
}

/// A forgotten password that waits for a code and its successor. A wrong code costs nothing.
#[doc(alias = "ResetPasswordForEmailRes")]
#[derive(Clone, Debug)]
pub struct PendingPasswordReset {
    auth: Auth,
    code: SentCode,
    redirect_to: Option<String>,
}

waits_for_code! {
    PendingPasswordReset, PendingPasswordResetResend, "auth.pending_password_reset.resend",
    "Sends another code; see [`PendingPasswordReset::resend`](crate::PendingPasswordReset::resend)."
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
    pub fn update_user(
        &self,
        code: impl Into<SecretString>,
        password: impl Into<SecretString>,
    ) -> PendingPasswordResetUpdateUser {
        let (code, password) = (code.into(), password.into());
        PendingPasswordResetUpdateUser::new(&self.auth, self.code.clone(), code, password)
    }

    /// Where to lead the user afterwards.
    pub fn redirect_to(&self) -> Option<&str> {
        self.redirect_to.as_deref()
    }
}

request! {
    /// Sets a new password by a code; see [`PendingPasswordReset::update_user`].
    pub struct PendingPasswordResetUpdateUser {
        sent: SentCode,
        code: SecretString,
        password: SecretString,
    }
    "auth.pending_password_reset.update_user" => SignedIn; auth
}

impl PendingPasswordResetUpdateUser {
    async fn run(self) -> Result<Response<SignedIn>> {
        validate::not_empty("password", self.password.expose_secret())?;
        let (caller, contact) = (self.auth.caller(), self.sent.contact());
        let token = self.sent.verify(caller, &self.code).await?;
        caller.unit(&self.reset_call(&token)).await?;
        self.sent.forget();
        let bus = self.auth.manager().events();
        bus.publish([AuthEvent::PasswordRecovery]);
        let call = password_call(contact.as_str(), &self.password);
        self.auth.sign_in_by(&call).await
    }

    fn reset_call(&self, token: &SecretString) -> Call {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(flatten)]
            contact: &'a Contact,
            new_password: &'a str,
            verification_token: &'a str,
        }
        Call::post("auth.reset_password", "/auth/v1/reset")
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                contact: self.sent.contact(),
                new_password: self.password.expose_secret(),
                verification_token: token.expose_secret(),
            })
    }
}
