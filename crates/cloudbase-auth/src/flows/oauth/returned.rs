//! What a user was sent to an identity source for, attached to the error of a callback that failed.

use std::error::Error as StdError;
use std::fmt;

use cloudbase_core::Error;

use crate::value::oauth_purpose::OAuthPurpose;

/// What the user was sent to an identity source for who has come back without success: enough to lead
/// them on.
///
/// ```no_run
/// # async fn example(auth: cloudbase_auth::Auth, url: &str) {
/// use cloudbase_auth::OAuthReturn;
///
/// if let Err(error) = auth.handle_oauth_callback(url).await {
///     if let Some(back) = OAuthReturn::of(&error) {
///         println!("{} failed ({error}): back to {:?}", back.provider, back.redirect_url);
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthReturn {
    /// The identity source.
    pub provider: String,
    /// What the user was sent there for.
    pub purpose: OAuthPurpose,
    /// Where the user was to come back to, query and fragment included.
    pub redirect_url: Option<String>,
}

impl OAuthReturn {
    /// What the way back was for, if `error` is of [`verify_oauth`](crate::Auth::verify_oauth) or
    /// [`handle_oauth_callback`](crate::Auth::handle_oauth_callback), and its state was known here.
    pub fn of(error: &Error) -> Option<&Self> {
        let mut source = error.source();
        while let Some(error) = source {
            if let Some(returned) = error.downcast_ref::<Returned>() {
                return Some(&returned.back);
            }
            source = error.source();
        }
        None
    }

    /// The same error, with what [`of`](Self::of) finds in it.
    pub(super) fn attach_to(self, error: &Error) -> Error {
        error.clone().with_source(Returned {
            back: self,
            error: error.clone(),
        })
    }
}

/// Stands between an error and its source.
struct Returned {
    back: OAuthReturn,
    error: Error,
}

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on the way back from {}", self.back.provider)
    }
}

/// Without the URL: the debug output of an error shows no query.
impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned")
            .field("provider", &self.back.provider)
            .field("purpose", &self.back.purpose)
            .finish_non_exhaustive()
    }
}

impl StdError for Returned {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}
