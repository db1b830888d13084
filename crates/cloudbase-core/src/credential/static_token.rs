//! Providers whose token does not change: plain tokens.

use futures_core::future::BoxFuture;
use secrecy::SecretString;

use super::{Cached, CredentialProvider, Token};
use crate::error::Result;

/// One token for all calls, never refreshed: for servers that act with a token they were given.
///
/// ```
/// use cloudbase_core::Client;
/// use cloudbase_core::credential::StaticToken;
///
/// let client = Client::builder()
///     .env_id("my-env-1a2b3c")
///     .credentials(StaticToken::new("eyJhbGciOi.J9.c2ln")?)
///     .endpoint("http://127.0.0.1:8787")
///     .build()?;
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticToken {
    token: Token,
}

impl StaticToken {
    /// A provider of `token`.
    ///
    /// # Errors
    ///
    /// As [`Token::bearer`].
    pub fn new(token: impl Into<SecretString>) -> Result<Self> {
        Ok(Self {
            token: Token::bearer(&token.into(), None)?,
        })
    }
}

impl CredentialProvider for StaticToken {
    fn cached(&self) -> Cached {
        Cached::Token(self.token.clone())
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        Box::pin(std::future::ready(Ok(Some(self.token.clone()))))
    }

    fn reject(&self, _token: &Token) {}
}
