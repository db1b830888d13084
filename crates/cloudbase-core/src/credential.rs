//! Where tokens come from: the session, an access key, or a source of the user's own.

mod cache;
mod refresh_policy;
mod static_token;
mod token;
mod token_source;

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_core::future::BoxFuture;

pub use self::cache::TokenCache;
pub use self::refresh_policy::RefreshPolicy;
pub use self::static_token::StaticToken;
pub use self::token::Token;
pub use self::token_source::{TokenHolder, TokenSource};
use crate::error::{Error, ErrorKind, Result};
pub use crate::operation::Lineage;
use crate::operation::{CallOptions, CredentialUse, Identity};

/// A source of tokens that refreshes them by itself.
///
/// [`TokenCache`] implements it over anything that can fetch a
/// token; implement it directly for full control.
///
/// ```
/// use cloudbase_core::credential::{CredentialProvider, Token};
/// use cloudbase_core::{BoxFuture, Error, Result};
/// # struct Agent;
/// # impl Agent {
/// #     async fn token(&self) -> Result<Option<String>, String> { Ok(None) }
/// #     fn forget(&self) {}
/// # }
///
/// /// Tokens of an agent that runs beside this process.
/// struct FromAgent(Agent);
///
/// impl CredentialProvider for FromAgent {
///     fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
///         Box::pin(async move {
///             // `Error::other` takes any error, or a text.
///             let Some(token) = self.0.token().await.map_err(Error::other)? else {
///                 return Ok(None);
///             };
///             Ok(Some(Token::bearer(&token.into(), None)?))
///         })
///     }
///
///     fn reject(&self, _token: &Token) {
///         self.0.forget();
///     }
/// }
/// ```
pub trait CredentialProvider: Send + Sync + 'static {
    /// What is known at once, without waiting; [`token`](Self::token) is asked otherwise.
    fn cached(&self) -> Cached {
        Cached::Unknown
    }

    /// The token to use now, refreshed first if needed. `Ok(None)` if this source has nothing:
    /// nobody is signed in.
    ///
    /// # Errors
    ///
    /// If there should be a token, but it cannot be had now. The call fails then; it does not fall
    /// back to another credential.
    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>>;

    /// The token that names the session for which calls are made now, even if it has to be
    /// refreshed first. A call that waits for that refresh goes out with a token of the same
    /// [lineage](Token::lineage), or fails. Default: `None`, nothing is known before
    /// [`token`](Self::token) returns.
    fn current(&self) -> Option<Token> {
        None
    }

    /// The gateway has rejected `token` as expired or invalid. A source that has moved on to a newer
    /// [generation](Token::generation) meanwhile does nothing.
    fn reject(&self, token: &Token);
}

/// What a [`CredentialProvider`] knows without waiting.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cached {
    /// This token, which is fresh.
    Token(Token),
    /// Nobody is signed in.
    Absent,
    /// Ask [`CredentialProvider::token`].
    Unknown,
}

/// The credentials of one client: a session or a provider of the user's, and an access key.
#[derive(Default)]
pub struct Credentials {
    access_key: Option<Token>,
    session: OnceLock<Arc<dyn CredentialProvider>>,
    require_user: bool,
}

impl Credentials {
    /// Credentials with this access key and this provider.
    pub fn new(access_key: Option<Token>, provider: Option<Arc<dyn CredentialProvider>>) -> Self {
        let session = OnceLock::new();
        if let Some(provider) = provider {
            let _ = session.set(provider);
        }
        Self {
            access_key,
            session,
            require_user: false,
        }
    }

    /// Never falls back to the access key where a call needs a user's token.
    #[must_use]
    pub fn require_user(mut self, require: bool) -> Self {
        self.require_user = require;
        self
    }

    /// The access key, if one is configured.
    pub fn access_key(&self) -> Option<&Token> {
        self.access_key.as_ref()
    }

    /// The session or the user's provider, if there is one.
    pub fn session(&self) -> Option<&Arc<dyn CredentialProvider>> {
        self.session.get()
    }

    /// Makes all calls with `options`, or clones of them, [one call](CallOptions::as_one_call) of the user
    /// who is signed in now, if that is known.
    #[doc(hidden)]
    pub fn one_call(&self, options: CallOptions) -> CallOptions {
        let session = self.session().and_then(|session| session.current());
        options.with_identity(session.map(|token| token.identity()))
    }

    pub(crate) fn install_session(&self, provider: Arc<dyn CredentialProvider>) -> bool {
        self.session.set(provider).is_ok()
    }

    /// The token for a call, by the precedence session → access key → none, and whether the session
    /// gave it. An `identity` that an earlier attempt has settled is kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] if the call needs a token and has none, or none of the
    /// session that the call began with.
    pub(crate) fn resolve(
        &self,
        usage: CredentialUse,
        identity: &OnceLock<Identity>,
        direct: bool,
    ) -> Result<Resolution> {
        let began_without_user =
            matches!(identity.get(), Some(Identity::Nobody | Identity::AccessKey));
        let session = match usage {
            CredentialUse::None => return Ok(Resolution::Known(None)),
            CredentialUse::AccessKey => None,
            _ if direct || began_without_user => None,
            _ => self.session.get(),
        };
        let Some(session) = session else {
            return self.fall_back(usage, identity).map(Resolution::Known);
        };
        match session.cached() {
            Cached::Token(token) => self.settle(usage, identity, Some(token)),
            Cached::Absent => self.settle(usage, identity, None),
            Cached::Unknown => {
                // The call is made for the user who is signed in when the wait begins.
                if let Some(current) = session.current() {
                    let _ = identity.set(current.identity());
                }
                let session = session.clone();
                let token = Box::pin(async move { session.token().await });
                return Ok(Resolution::Pending(token));
            }
        }
        .map(Resolution::Known)
    }

    /// What a call carries, now that the session's token is known.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub(crate) fn settle(
        &self,
        usage: CredentialUse,
        identity: &OnceLock<Identity>,
        token: Option<Token>,
    ) -> Result<Option<(Token, bool)>> {
        let Some(token) = token else {
            return match identity.get() {
                Some(Identity::Session(_)) => Err(Identity::changed()),
                _ => self.fall_back(usage, identity),
            };
        };
        match identity.get_or_init(|| token.identity()) {
            Identity::Session(lineage) if lineage.as_ref() == token.lineage() => {
                Ok(Some((token, true)))
            }
            _ => Err(Identity::changed()),
        }
    }

    /// What a call carries that is made for no user.
    fn fall_back(
        &self,
        usage: CredentialUse,
        identity: &OnceLock<Identity>,
    ) -> Result<Option<(Token, bool)>> {
        let key = match (usage, &self.access_key) {
            // No step of a call is settled by one that is made for nobody in any case.
            (CredentialUse::AccessKey, key) => return Ok(key.clone().map(|key| (key, false))),
            (CredentialUse::Session, _) => return Err(no_user()),
            (_, _) if self.require_user => return Err(no_user()),
            (CredentialUse::Required, None) => {
                return Err(Error::new(
                    ErrorKind::Credentials,
                    "nobody is signed in and no access key is configured: sign in, or set `access_key`",
                ));
            }
            (_, key) => key.clone(),
        };
        let _ = identity.set(match key {
            Some(_) => Identity::AccessKey,
            None => Identity::Nobody,
        });
        Ok(key.map(|key| (key, false)))
    }
}

fn no_user() -> Error {
    Error::new(
        ErrorKind::Credentials,
        "nobody is signed in, and this call needs a user",
    )
}

/// The token for a call, now or soon; then it still has to be [settled](Credentials::settle).
pub(crate) enum Resolution {
    Known(Option<(Token, bool)>),
    Pending(BoxFuture<'static, Result<Option<Token>>>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field(
                "access_key",
                &self.access_key.as_ref().map(|_| "[redacted]"),
            )
            .field("session", &self.session.get().is_some())
            .finish()
    }
}
