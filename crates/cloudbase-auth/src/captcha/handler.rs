//! Who solves captchas: the program.

use std::sync::Arc;

use cloudbase_core::Result;
use futures_core::future::BoxFuture;

use super::{CaptchaData, CaptchaToken};

/// Shows a captcha to a human and brings the answer back.
///
/// Every auth call that the service rejects with `captcha_required` or `captcha_invalid` asks it,
/// and is then sent once more. Calls that need one at the same time share one captcha.
///
/// A handler must not wait for an auth call that may need a captcha itself. Such a call fails: at
/// once where the handler makes it, and where another task or thread makes it once no picture has
/// been asked for as long as the client's
/// [`timeout`](cloudbase_core::config::ConfigBuilder::timeout) (60 s). The same limit holds for any
/// call that waits while a human solves the captcha of another one.
///
/// # Examples
///
/// ```
/// use cloudbase_auth::{BoxFuture, CaptchaAnswer, CaptchaChallenge, CaptchaHandler, Error, Result};
/// # async fn show(_picture: &std::path::Path) -> Result<Option<String>, &'static str> { Ok(None) }
///
/// struct Dialog;
///
/// impl CaptchaHandler for Dialog {
///     fn solve<'a>(&'a self, challenge: &'a CaptchaChallenge) -> BoxFuture<'a, Result<CaptchaAnswer>> {
///         Box::pin(async move {
///             let Some((_media_type, picture)) = challenge.data.image() else {
///                 return Ok(CaptchaAnswer::Cancel);
///             };
///             let file = std::env::temp_dir().join("captcha.png");
///             std::fs::write(&file, picture)?; // an `io::Error` becomes an `Error`
///             // On the second try, say that the first answer was wrong.
///             let typed = show(&file).await.map_err(Error::other)?; // so does any other, and a text
///             Ok(typed.map_or(CaptchaAnswer::Cancel, CaptchaAnswer::Text))
///         })
///     }
/// }
/// ```
pub trait CaptchaHandler: Send + Sync + 'static {
    /// Solves one picture. Called again with a fresh one if the answer was wrong or asks for it.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being solved, by `?` or [`Error::other`](cloudbase_core::Error::other);
    /// the call that needed the captcha fails with it.
    fn solve<'a>(&'a self, challenge: &'a CaptchaChallenge)
    -> BoxFuture<'a, Result<CaptchaAnswer>>;
}

/// A handler that several handles share, here or with the program.
impl<H: CaptchaHandler + ?Sized> CaptchaHandler for Arc<H> {
    fn solve<'a>(
        &'a self,
        challenge: &'a CaptchaChallenge,
    ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        (**self).solve(challenge)
    }
}

/// One picture to be solved.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaptchaChallenge {
    /// The picture.
    pub data: CaptchaData,
    /// The call that needs it: `POST:/v1/verification`. Empty if no particular one does.
    pub state: String,
    /// Counts the pictures of this demand from 1.
    pub round: u32,
    /// Whether the answer before this one was wrong.
    pub was_wrong: bool,
}

/// What came of a picture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CaptchaAnswer {
    /// What the human read; upper and lower case are the same.
    Text(String),
    /// A proof from a captcha service of your own.
    Token(CaptchaToken),
    /// The picture cannot be read: another one.
    Refresh,
    /// The human gave up: the call fails as it would without a handler.
    Cancel,
}
