//! What is known beside the session in force, which the token cache holds: how memory and store are in
//! line, and what may become of the session.

use std::time::Duration;

use cloudbase_core::credential::{Token, TokenHolder};
use cloudbase_core::{Error, ErrorCode, ErrorKind, Result};
use tokio::time::Instant;

use super::Session;
use super::ancestor::Ancestor;
use super::ask::TicketSource;
use super::expiry::Expiry;

#[derive(Default)]
pub(super) struct State {
    /// The store has been read once.
    pub(super) loaded: bool,
    /// The store could not take the current session, or not give the last one up: memory knows
    /// better, as long as the store holds what that descends from.
    pub(super) unsaved: bool,
    /// What the store held when memory was last in line with it.
    pub(super) ancestor: Ancestor,
    /// Counts the sign-ins and sign-outs of this process: a call that waits for a token must not go
    /// on as a user who has come since.
    pub(super) changes: u64,
    /// How many sign-outs have forgotten the session and wait for their turn to remove it. Until then
    /// nothing that is under way brings it back.
    pub(super) leaving: usize,
    /// What a refresh has brought that a sign-out has overtaken: the newest tokens of what it ends.
    pub(super) overtaken: Option<Live>,
    /// When the store was read last.
    pub(super) looked: Option<Instant>,
    /// That the service does not renew the current session (or did not renew the last one) any more.
    pub(super) rejection: Option<Rejection>,
    pub(super) ticket: Option<TicketSource>,
    /// The manager is that of a handle for one user: it refreshes nothing and signs nobody in.
    pub(super) is_for_user: bool,
    /// Waits for the end of a session that nothing can renew.
    pub(super) expiry: Option<Expiry>,
}

/// A session with its token on the monotonic clock.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) session: Session,
    pub(super) token: Token,
    /// When this process obtained it; `None` if it came out of the store.
    obtained: Option<Instant>,
}

/// What the service has said to a renewal, and what is known of the refresh token that it refused.
#[derive(Clone, Debug)]
pub(super) struct Rejection {
    pub(super) code: ErrorCode,
    pub(super) history: String,
}

impl Live {
    /// A session with `lifetime` still to go.
    pub(super) fn new(session: Session, lifetime: Duration) -> Result<Self> {
        let token = token_of(&session, Some(lifetime))?;
        Ok(Self {
            session,
            token,
            obtained: None,
        })
    }

    /// A session that has just arrived.
    pub(super) fn fresh(session: Session) -> Result<Self> {
        let lifetime = session.lifetime();
        Ok(Self {
            obtained: Some(Instant::now()),
            ..Self::new(session, lifetime)?
        })
    }

    /// The same session with a new value of its token, whose shorter life keeps the cache from
    /// asking for another one at once.
    pub(super) fn prolonged(mut self) -> Result<Self> {
        self.token = token_of(&self.session, self.token.remaining())?;
        Ok(self)
    }

    /// What is known of its refresh token, for whoever wonders why it was refused.
    pub(super) fn history(&self) -> String {
        match self.obtained {
            Some(at) => format!(
                "its refresh token came to this process {} s ago, and the store has no newer one",
                at.elapsed().as_secs()
            ),
            None => "its refresh token came out of the store, which has no newer one".to_owned(),
        }
    }
}

impl TokenHolder for Live {
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
    /// Read with a session that another process, or an earlier run, was refused to renew.
    pub(super) fn stored(session: &Session) -> Option<Self> {
        Some(Self {
            code: session.rejection()?.clone(),
            history: "as another process or an earlier run was told".to_owned(),
        })
    }
}

/// What the store holds.
pub(super) enum Stored {
    Session(Box<Session>),
    Nothing,
    Unreadable,
}

impl Stored {
    /// The session, where there is one that can be used.
    pub(super) fn session(self) -> Option<Session> {
        match self {
            Self::Session(session) => Some(*session),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

impl State {
    /// Nobody is signed in any more.
    pub(super) fn clear(&mut self) {
        *self = Self {
            loaded: true,
            ancestor: std::mem::take(&mut self.ancestor),
            changes: self.changes,
            leaving: self.leaving,
            is_for_user: self.is_for_user,
            ..Self::default()
        };
    }

    /// A session is put in force for which the store has been tried.
    pub(super) fn settle(&mut self, session: &Session, is_saved: bool) {
        self.loaded = true;
        self.unsaved = !is_saved;
        if is_saved {
            self.ancestor.is_now(Some(session.clone()));
        }
    }

    /// Whether `live` can be followed by another session without anybody's help.
    pub(super) fn is_renewable(&self, live: &Live) -> bool {
        live.session.refresh_token().is_some()
            || self.may_sign_in_anonymously(&live.session)
            || self.ticket.is_some()
    }

    /// Whether an anonymous sign-in may follow `session` silently.
    pub(super) fn may_sign_in_anonymously(&self, session: &Session) -> bool {
        !self.is_for_user && session.is_anonymous()
    }
}

/// What to say to a caller who wants a renewal that the service does not grant any more.
pub(super) fn rejected(rejection: Rejection) -> Error {
    let Rejection { code, history } = rejection;
    let message =
        format!("the service does not renew this session any more ({history}): sign in again");
    Error::new(ErrorKind::Credentials, message).with_code(code)
}

/// What to say to a caller who wants a renewal without the means.
pub(super) fn not_renewable() -> Error {
    Error::new(
        ErrorKind::Credentials,
        "the session has no refresh token: sign in again",
    )
    .with_code(ErrorCode::from_static("unauthenticated"))
}
