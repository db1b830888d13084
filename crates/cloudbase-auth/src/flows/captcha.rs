//! Captchas for programs that show them themselves, or that get one in advance.

use cloudbase_core::{Error, Response, Result};
use secrecy::SecretString;

use super::Auth;
use crate::api::Call;
use crate::args::validate;
use crate::captcha::{self, CaptchaData, create, create_call, verify, verify_call};
use crate::flows::request::request;

impl Auth {
    /// A captcha token: the one at hand, with what is left of its time, or one for which the handler
    /// solves a captcha now. Kept in memory only: the next run of the program asks again.
    ///
    /// # Errors
    ///
    /// [`Config`](cloudbase_core::ErrorKind::Config) if none is at hand and there is no handler;
    /// what the handler says otherwise.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let token = auth.captcha_token().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getCaptchaToken")]
    pub fn captcha_token(&self) -> CaptchaToken {
        CaptchaToken::new(self)
    }

    /// Asks for a picture, for programs that show it themselves. `state` is any text of yours.
    ///
    /// # Errors
    ///
    /// If the environment uses another captcha service.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let captcha = auth.create_captcha_data("sign-in").await?;
    /// let (media_type, picture) = captcha.image().expect("a picture");
    /// // … show it, read what was typed …
    /// auth.verify_captcha_data(captcha.token, "AB12").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "createCaptchaData")]
    #[doc(alias = "CreateCaptchaDataReq")]
    pub fn create_captcha_data(&self, state: impl Into<String>) -> CreateCaptchaData {
        CreateCaptchaData::new(self, state.into(), None)
    }

    /// Checks what was read in a picture. The token is kept: calls that need one use it from now on.
    ///
    /// # Errors
    ///
    /// `captcha_invalid` or `invalid_captcha` if the answer is wrong, `captcha_expired`,
    /// `captcha_used`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let captcha = auth.create_captcha_data("sign-in").await?;
    /// // … show it, read what was typed …
    /// let token = auth.verify_captcha_data(captcha.token, "AB12").await?;
    /// println!("good for {:?}", token.expires_in);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "verifyCaptchaData")]
    #[doc(alias = "VerifyCaptchaDataReq")]
    pub fn verify_captcha_data(
        &self,
        token: impl Into<SecretString>,
        key: impl Into<String>,
    ) -> VerifyCaptchaData {
        VerifyCaptchaData::new(self, token.into(), key.into())
    }
}

request! {
    /// Returns a captcha token; see [`Auth::captcha_token`].
    pub struct CaptchaToken {}
    "auth.captcha_token" => captcha::CaptchaToken; auth
}

impl CaptchaToken {
    async fn run(self) -> Result<Response<captcha::CaptchaToken>> {
        let broker = self.auth.captchas();
        let token = broker.obtain(self.auth.caller(), "", None).await?;
        let token = token.ok_or_else(|| {
            let rule = "must be set: there is nobody to solve a captcha";
            Error::config("captcha_handler", rule)
        })?;
        Ok(Response::without_call("auth.captcha_token", token))
    }
}

request! {
    /// Asks for a picture; see [`Auth::create_captcha_data`].
    pub struct CreateCaptchaData { state: String, redirect_uri: Option<String> }
    "auth.create_captcha_data" => CaptchaData; auth; operation
}

impl CreateCaptchaData {
    /// Where a captcha service of its own page leads back to. Default: none.
    #[doc(alias = "redirectUri")]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    fn call(&self) -> Result<Call> {
        validate::not_empty("state", &self.state)?;
        if let Some(uri) = &self.redirect_uri {
            validate::url("redirect_uri", uri)?;
        }
        Ok(create_call(&self.state, self.redirect_uri.as_deref()))
    }

    async fn run(self) -> Result<Response<CaptchaData>> {
        create(self.auth.caller(), &self.call()?).await
    }
}

request! {
    /// Checks what was read in a picture; see [`Auth::verify_captcha_data`].
    pub struct VerifyCaptchaData { token: SecretString, key: String }
    "auth.verify_captcha_data" => captcha::CaptchaToken; auth; operation
}

impl VerifyCaptchaData {
    fn call(&self) -> Result<Call> {
        verify_call(&self.token, &self.key)
    }

    async fn run(self) -> Result<Response<captcha::CaptchaToken>> {
        let token = verify(self.auth.caller(), &self.call()?).await?;
        self.auth.captchas().keep(token.value());
        Ok(token)
    }
}
