//! One token value, ready to be sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::operation::{Identity, Lineage};

/// A bearer token with its expiry and its generation. Cheap to clone; `Debug` shows no secret.
#[derive(Clone)]
pub struct Token {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    header: HeaderValue,
    expires_at: Option<Instant>,
    lifetime: Option<Duration>,
    generation: u64,
    lineage: Option<Lineage>,
}

impl Token {
    /// Makes a token that is sent as `Bearer <secret>` and expires after `lifetime`, counted from
    /// now on the monotonic clock. Without one, or with one beyond what the clock can represent,
    /// it never expires.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cloudbase_core::credential::Token;
    ///
    /// let token = Token::bearer(&"the-secret".into(), Some(Duration::from_secs(7200)))?;
    /// assert!(token.remaining() <= Some(Duration::from_secs(7200)));
    /// # Ok::<(), cloudbase_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if it is empty or holds characters that
    /// a header must not.
    pub fn bearer(secret: &SecretString, lifetime: Option<Duration>) -> Result<Self> {
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let secret = secret.expose_secret();
        if secret.is_empty() {
            return Err(Error::argument("token", "must not be empty"));
        }
        let is_visible = secret.bytes().all(|byte| byte.is_ascii_graphic());
        let mut header = HeaderValue::try_from(format!("Bearer {secret}"))
            .ok()
            .filter(|_| is_visible)
            .ok_or_else(|| Error::argument("token", "must consist of visible ASCII characters"))?;
        header.set_sensitive(true);
        let expires_at = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        let lifetime = expires_at.and(lifetime);
        Ok(Self {
            inner: Arc::new(Inner {
                header,
                expires_at,
                lifetime,
                generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
                lineage: None,
            }),
        })
    }

    /// The token as one of the session that `lineage` names. Tokens of one source without a lineage
    /// count as tokens of one session.
    #[must_use]
    pub fn with_lineage(mut self, lineage: impl Into<Lineage>) -> Self {
        Arc::make_mut(&mut self.inner).lineage = Some(lineage.into());
        self
    }

    /// The session that the token belongs to, if its source has said so.
    pub fn lineage(&self) -> Option<&Lineage> {
        self.inner.lineage.as_ref()
    }

    /// On whose behalf a call with this token is made.
    pub(crate) fn identity(&self) -> Identity {
        Identity::Session(self.lineage().cloned())
    }

    /// The whole `Authorization` value, marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.inner.header
    }

    /// When the token expires, on the monotonic clock; `None` if it does not.
    pub(crate) fn expires_at(&self) -> Option<Instant> {
        self.inner.expires_at
    }

    /// Returns for how long the token is still valid: zero once it has expired, `None` if it never
    /// expires.
    pub fn remaining(&self) -> Option<Duration> {
        self.inner
            .expires_at
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Returns for how long the token was valid when this value was made.
    pub fn lifetime(&self) -> Option<Duration> {
        self.inner.lifetime
    }

    /// Whether the token has expired.
    pub fn is_expired(&self) -> bool {
        self.inner
            .expires_at
            .is_some_and(|end| end <= Instant::now())
    }

    /// A number that differs from that of every other token of the process.
    pub fn generation(&self) -> u64 {
        self.inner.generation
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("generation", &self.inner.generation)
            .field("expires_at", &self.inner.expires_at)
            .field("lineage", &self.inner.lineage)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
