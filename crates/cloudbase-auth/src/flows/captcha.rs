//! Captchas for programs that show them themselves, or that get one in advance.

use cloudbase_core::Result;
use secrecy::SecretString;

use super::Auth;
use crate::args::validate;
use crate::captcha::{CaptchaData, CaptchaToken, create, verify};
use crate::value::named::named;

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
    pub async fn captcha_token(&self) -> Result<CaptchaToken> {
        named("auth.captcha_token", async {
            let none = || {
                cloudbase_core::Error::config(
                    "captcha_handler",
                    "must be set: there is nobody to solve a captcha",
                )
            };
            let token = self.captchas().obtain(self.caller(), "", None).await?;
            token.ok_or_else(none)
        })
        .await
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
    /// let captcha = auth.create_captcha_data("sign-in", None).await?;
    /// let (media_type, picture) = captcha.image().expect("a picture");
    /// // … show it, read the answer …
    /// auth.verify_captcha_data(captcha.token, "AB12").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "createCaptchaData")]
    #[doc(alias = "CreateCaptchaDataReq")]
    pub async fn create_captcha_data(
        &self,
        state: &str,
        redirect_uri: Option<&str>,
    ) -> Result<CaptchaData> {
        validate::not_empty("state", state)?;
        if let Some(uri) = redirect_uri {
            validate::url("redirect_uri", uri)?;
        }
        create(self.caller(), state, redirect_uri).await
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
    /// let captcha = auth.create_captcha_data("sign-in", None).await?;
    /// // … show it, read the answer …
    /// let token = auth.verify_captcha_data(captcha.token, "AB12").await?;
    /// println!("good for {:?}", token.expires_in);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "verifyCaptchaData")]
    #[doc(alias = "VerifyCaptchaDataReq")]
    pub async fn verify_captcha_data(
        &self,
        token: impl Into<SecretString>,
        key: impl AsRef<str>,
    ) -> Result<CaptchaToken> {
        let answer = verify(self.caller(), &token.into(), key.as_ref()).await?;
        self.captchas().keep(&answer);
        Ok(answer)
    }
}
