//! Where a [`TokenCache`](super::TokenCache) gets its tokens from, and what it holds.

use futures_core::future::BoxFuture;

use super::Token;
use crate::error::Result;

/// What a [`TokenCache`](super::TokenCache) holds: a [`Token`], or a value that comes with one, such
/// as a session. Cheap to clone.
pub trait TokenHolder: Clone + Send + Sync + 'static {
    /// The token to send.
    fn token(&self) -> &Token;

    /// Whether the token has ended. Default: by the monotonic clock.
    fn is_expired(&self) -> bool {
        self.token().is_expired()
    }
}

impl TokenHolder for Token {
    fn token(&self) -> &Token {
        self
    }
}

/// Fetches tokens for a [`TokenCache`](super::TokenCache): by a refresh grant, from a file, from
/// another process.
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
pub trait TokenSource<T = Token>: Send + Sync + 'static {
    /// Fetches what replaces `previous`. `Ok(None)` says that there is nothing to fetch: nobody is
    /// signed in, or the session has ended for good.
    ///
    /// Runs in a task of its own, one at a time, and is not cut short when callers go away. A
    /// source bounds its own waiting.
    ///
    /// # Errors
    ///
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) if the session has ended for good: callers
    /// that wait for the token get this error, and from then on there is nothing. Any other is a
    /// failure that may pass: it is remembered for a short time, in which nothing is fetched. Make it by
    /// `?` of an `io::Error`, or by [`Error::other`](crate::Error::other).
    fn fetch(&self, previous: Option<T>) -> BoxFuture<'_, Result<Option<T>>>;
}
