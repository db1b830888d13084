//! The session in force with its token, and why the service does not refresh it any more.

use std::time::Duration;

use cloudbase_core::credential::{Token, TokenHolder};
use cloudbase_core::{Error, ErrorCode, ErrorKind, Result};
use tokio::time::Instant;

use crate::value::session::Session;

/// A session with its token on the monotonic clock.
#[derive(Clone)]
pub(crate) struct ActiveSession {
    pub(crate) session: Session,
    pub(crate) token: Token,
    /// When this process obtained it; `None` if it came out of the store.
    obtained: Option<Instant>,
}

/// What the service has said to a refresh, and what is known of the refresh token that it rejected.
#[derive(Clone, Debug)]
pub(crate) struct Rejection {
    pub(crate) code: ErrorCode,
    pub(crate) history: String,
}

impl ActiveSession {
    /// A session with `lifetime` still to go.
    pub(crate) fn new(session: Session, lifetime: Duration) -> Result<Self> {
        let token = token_of(&session, Some(lifetime))?;
        Ok(Self {
            session,
            token,
            obtained: None,
        })
    }

    /// A session that has just arrived.
    pub(crate) fn fresh(session: Session) -> Result<Self> {
        let lifetime = session.lifetime();
        Ok(Self {
            obtained: Some(Instant::now()),
            ..Self::new(session, lifetime)?
        })
    }

    /// The same session with a new value of its token, whose shorter life keeps the cache from
    /// asking for another one at once.
    pub(crate) fn prolonged(mut self) -> Result<Self> {
        self.token = token_of(&self.session, self.token.remaining())?;
        Ok(self)
    }

    /// What is known of its refresh token, to explain why it was rejected.
    pub(crate) fn history(&self) -> String {
        match self.obtained {
            Some(at) => format!(
                "its refresh token came to this process {} s ago, and the store has no newer one",
                at.elapsed().as_secs()
            ),
            None => "its refresh token came out of the store, which has no newer one".to_owned(),
        }
    }
}

impl TokenHolder for ActiveSession {
    fn token(&self) -> &Token {
        &self.token
    }

    /// Whether either clock says that the access token is over.
    fn is_expired(&self) -> bool {
        self.token.is_expired() || self.session.is_over()
    }
}

fn token_of(session: &Session, lifetime: Option<Duration>) -> Result<Token> {
    let token = Token::bearer(session.access_token(), lifetime)?;
    Ok(token.with_lineage(session.lineage()))
}

impl Rejection {
    /// Read with a session whose refresh was rejected for another process or an earlier run.
    pub(crate) fn stored(session: &Session) -> Option<Self> {
        Some(Self {
            code: session.rejection()?.clone(),
            history: "as another process or an earlier run has learnt".to_owned(),
        })
    }
}

/// What to say to a caller who wants a refresh that the service does not grant any more.
pub(crate) fn rejected(rejection: Rejection) -> Error {
    let Rejection { code, history } = rejection;
    let message =
        format!("the service does not refresh this session any more ({history}): sign in again");
    Error::new(ErrorKind::Credentials, message).with_code(code)
}

/// What to say to a caller who wants a refresh without the means.
pub(crate) fn not_refreshable() -> Error {
    Error::new(
        ErrorKind::Credentials,
        "the session has no refresh token: sign in again",
    )
    .with_code(ErrorCode::from_static("unauthenticated"))
}
