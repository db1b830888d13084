//! Where a [`TokenCache`](super::TokenCache) gets its tokens from.

use futures_core::future::BoxFuture;

use super::Token;
use crate::error::Result;

/// What fetches a token for a [`TokenCache`](super::TokenCache): a refresh grant, a file, another process.
///
/// ```
/// use cloudbase_core::credential::{Token, TokenSource};
/// use cloudbase_core::{BoxFuture, Error, ErrorKind, Result};
///
/// /// A token that another process writes into a file.
/// struct TokenFile(std::path::PathBuf);
///
/// impl TokenSource for TokenFile {
///     fn fetch(&self, _previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
///         Box::pin(async move {
///             let text = std::fs::read_to_string(&self.0)?; // fails this time
///             if text.trim() == "signed out" {
///                 return Err(Error::new(ErrorKind::Credentials, "signed out elsewhere")); // for good
///             }
///             Ok(Some(Token::bearer(&text.trim().into(), None)?))
///         })
///     }
/// }
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// Fetches a token that replaces `previous`. `Ok(None)` says that there is nothing to fetch:
    /// nobody is signed in, or the session has ended for good.
    ///
    /// Runs in a task of its own, one at a time, and is not cut short when callers go away. A
    /// source bounds its own waiting.
    ///
    /// # Errors
    ///
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) if the session has ended for good: whoever
    /// waits for the token gets this error, and from then on there is nothing. Any other is a
    /// failure that may pass: it is remembered for a short time, in which nothing is fetched. Make it by
    /// `?` of an `io::Error`, or by [`Error::other`](crate::Error::other).
    fn fetch(&self, previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>>;
}
