//! Where a [`TokenCache`](super::TokenCache) gets its tokens from.

use futures_core::future::BoxFuture;

use super::Token;
use crate::error::Result;

/// What fetches a token for a [`TokenCache`](super::TokenCache): a refresh grant, a file, another process.
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
    /// failure that may pass: it is remembered for a short time, in which nothing is fetched.
    fn fetch(&self, previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>>;
}
