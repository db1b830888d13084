//! What a registration consists of, and the call that sends it.

use cloudbase_core::credential::Lineage;
use cloudbase_core::{Idempotency, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::api::Call;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::value::error::user_changed;
use crate::value::user::Gender;

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
    pub(super) password: Option<SecretString>,
    pub(super) username: Option<String>,
    pub(super) name: Option<String>,
    pub(super) picture: Option<String>,
    pub(super) gender: Option<Gender>,
    pub(super) locale: Option<String>,
    pub(super) anonymous_token: Option<SecretString>,
    /// The sign-in of the anonymous user to turn into the registered one.
    pub(super) upgrade: Option<Lineage>,
}

impl Registration {
    /// Rejects what is given but empty.
    pub(super) fn check(&self) -> Result<()> {
        let texts = [
            ("username", &self.username),
            ("nickname", &self.name),
            ("avatar_url", &self.picture),
            ("locale", &self.locale),
        ];
        for (argument, text) in texts {
            validate::not_empty_if_given(argument, text.as_deref())?;
        }
        validate::not_empty_if_given("password", exposed(self.password.as_ref()))?;
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
    pub(crate) fn call(&self, proof: Proof<'_>, anonymous: Option<&SecretString>) -> Call {
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
        Call::post("auth.sign_up", "/auth/v1/signup")
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                proof,
                password: exposed(self.password.as_ref()),
                username: self.username.as_deref(),
                name: self.name.as_deref(),
                picture: self.picture.as_deref(),
                gender: self.gender.as_ref(),
                locale: self.locale.as_deref(),
                anonymous_token: exposed(anonymous),
            })
    }
}

fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(|secret| secret.expose_secret())
}
