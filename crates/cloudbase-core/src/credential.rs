//! Where tokens come from: the session, an access key, or a source of the user's own.

mod cache;
mod fixed;
mod lineage;
mod token;

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_core::future::BoxFuture;

pub use self::cache::{RefreshPolicy, TokenCache, TokenSource};
pub use self::fixed::StaticToken;
pub use self::lineage::Lineage;
pub use self::token::Token;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::CredentialUse;

/// A source of tokens that renews them by itself.
///
/// [`TokenCache`] implements it over anything that can fetch a
/// token; implement it directly for full control.
pub trait CredentialProvider: Send + Sync + 'static {
    /// What can be told at once, without waiting; [`token`](Self::token) is asked otherwise.
    fn cached(&self) -> Cached {
        Cached::Unknown
    }

    /// The token to use now, renewed first if needed. `Ok(None)` if this source has nothing:
    /// nobody is signed in.
    ///
    /// # Errors
    ///
    /// If there should be a token, but it cannot be had now. The call fails then; it does not fall
    /// back to another credential.
    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>>;

    /// The gateway has refused `token` as expired or invalid. A source that has moved on to a newer
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
        }
    }

    /// The access key, if one is configured.
    pub fn access_key(&self) -> Option<&Token> {
        self.access_key.as_ref()
    }

    /// The session or the user's provider, if there is one.
    pub fn session(&self) -> Option<&Arc<dyn CredentialProvider>> {
        self.session.get()
    }

    pub(crate) fn install_session(&self, provider: Arc<dyn CredentialProvider>) -> bool {
        self.session.set(provider).is_ok()
    }

    /// The token for a call, by the precedence session → access key → none, and whether the session
    /// gave it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] if the call needs a token and there is none.
    pub(crate) fn resolve(this: &Arc<Self>, wanted: CredentialUse) -> Result<Resolution> {
        let session = match wanted {
            CredentialUse::None => return Ok(Resolution::Known(None)),
            CredentialUse::AccessKey => None,
            _ => this.session.get(),
        };
        let Some(session) = session else {
            return this.fall_back(wanted).map(Resolution::Known);
        };
        match session.cached() {
            Cached::Token(token) => Ok(Resolution::Known(Some((token, true)))),
            Cached::Absent => this.fall_back(wanted).map(Resolution::Known),
            Cached::Unknown => {
                let (this, session) = (this.clone(), session.clone());
                Ok(Resolution::Pending(Box::pin(async move {
                    match session.token().await? {
                        Some(token) => Ok(Some((token, true))),
                        None => this.fall_back(wanted),
                    }
                })))
            }
        }
    }

    /// What a call carries when nobody is signed in.
    fn fall_back(&self, wanted: CredentialUse) -> Result<Option<(Token, bool)>> {
        match (wanted, &self.access_key) {
            (CredentialUse::Session, _) => Err(Error::new(
                ErrorKind::Credentials,
                "nobody is signed in, and this call needs a user",
            )),
            (_, Some(key)) => Ok(Some((key.clone(), false))),
            (CredentialUse::Required, None) => Err(Error::new(
                ErrorKind::Credentials,
                "nobody is signed in and no access key is configured: sign in, or set `access_key`",
            )),
            (_, None) => Ok(None),
        }
    }
}

/// The token for a call, now or soon.
pub(crate) enum Resolution {
    Known(Option<(Token, bool)>),
    Pending(BoxFuture<'static, Result<Option<(Token, bool)>>>),
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
