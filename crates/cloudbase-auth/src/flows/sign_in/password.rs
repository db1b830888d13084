//! Sign-in by name, e-mail address or phone number, and a password.

use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::{SignedIn, password_call};
use crate::api::Call;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;

/// Who signs in, with which password; see [`Auth::sign_in_with_password`].
#[doc(alias = "SignInWithPasswordReq")]
#[derive(Clone, Debug)]
pub struct Password {
    who: Who,
    password: SecretString,
}

#[derive(Clone, Debug)]
enum Who {
    Username(String),
    Contact(Contact),
}

impl Password {
    /// By login name.
    pub fn username(name: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self {
            who: Who::Username(name.into()),
            password: password.into(),
        }
    }

    /// By e-mail address.
    pub fn email(address: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self {
            who: Who::Contact(Contact::Email(address.into())),
            password: password.into(),
        }
    }

    /// By phone number. Bare digits are a number of mainland China; for other countries give the
    /// country code, a space, and the number: `+1 4155550100`.
    pub fn phone(number: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self {
            who: Who::Contact(Contact::Phone(number.into())),
            password: password.into(),
        }
    }

    fn call(&self) -> Result<Call> {
        let name = match &self.who {
            Who::Username(name) => {
                validate::not_empty("username", name)?;
                name.trim().to_owned()
            }
            Who::Contact(contact) => contact.clone().normalised()?.as_str().to_owned(),
        };
        validate::not_empty("password", self.password.expose_secret())?;
        Ok(password_call(&name, &self.password))
    }
}

impl Auth {
    /// Signs in with a password.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for what is empty or cannot be right;
    /// `invalid_password` or `invalid_username_or_password`; `not_found` if there is no such user;
    /// `captcha_required` after five wrong passwords, without a
    /// [`CaptchaHandler`](crate::CaptchaHandler); `user_blocked`, `user_pending`, `invalid_status`
    /// by the state of the account; `login_type_disabled` if the environment does not allow it.
    /// [`AuthErrorCategory`](crate::AuthErrorCategory) sorts them.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, it is unknown whether the sign-in took place.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::Password;
    ///
    /// let signed_in = auth.sign_in_with_password(Password::email("lin@example.org", "N3w-pass!")).await?;
    /// println!("{}", signed_in.user.id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInWithPassword")]
    pub fn sign_in_with_password(&self, password: Password) -> SignInWithPassword {
        SignInWithPassword::new(self, password)
    }
}

request! {
    /// Signs in with a password; see [`Auth::sign_in_with_password`].
    pub struct SignInWithPassword { password: Password }
    "auth.sign_in_with_password" => SignedIn; auth; operation
}

impl SignInWithPassword {
    fn call(&self) -> Result<Call> {
        self.auth.check_can_sign_in()?;
        self.password.call()
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.sign_in_by(&self.call()?).await
    }
}
