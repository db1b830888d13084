//! What is known beside the session in force, which the token cache holds: how memory and store are in
//! line, and what may become of the session.

use std::convert::Infallible;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::active_session::{ActiveSession, Rejection};
use super::ancestor::Ancestor;
use super::ticket_callback::TicketSource;
use crate::value::session::Session;

#[derive(Default)]
pub(crate) struct State {
    /// The store has been read once.
    pub(crate) loaded: bool,
    /// The store could not take the current session, or not give the last one up: memory knows
    /// better, as long as the store holds what that descends from.
    pub(crate) unsaved: bool,
    /// What the store held when memory was last in line with it.
    pub(crate) ancestor: Ancestor,
    /// Counts the sign-ins and sign-outs of this process: a call that waits for a token must not go
    /// on as a user who has come since.
    pub(crate) changes: u64,
    /// How many sign-outs have forgotten the session and wait for their turn to remove it. Until then
    /// nothing that is under way brings it back.
    pub(crate) leaving: usize,
    /// What a refresh has brought that a sign-out has overtaken: the newest tokens of what it ends.
    pub(crate) overtaken: Option<ActiveSession>,
    /// When the store was read last.
    pub(crate) looked: Option<Instant>,
    /// That the service does not refresh the current session (or did not refresh the last one) any more.
    pub(crate) rejection: Option<Rejection>,
    pub(crate) ticket: Option<TicketSource>,
    /// The manager is that of a handle for one user: it refreshes nothing and signs nobody in.
    pub(crate) is_for_user: bool,
    /// Waits for the end of a session that nothing can refresh.
    pub(crate) expiry: Option<Expiry>,
}

/// Waits for the end of the session in force. Dropping it calls the waiting off.
pub(crate) type Expiry = oneshot::Sender<Infallible>;

/// What the store holds.
pub(crate) enum Stored {
    Session(Box<Session>),
    Nothing,
    Unreadable,
}

impl Stored {
    /// The session, where there is one that can be used.
    pub(crate) fn session(self) -> Option<Session> {
        match self {
            Self::Session(session) => Some(*session),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

impl State {
    /// Nobody is signed in any more.
    pub(crate) fn clear(&mut self) {
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
    pub(crate) fn settle(&mut self, session: &Session, is_saved: bool) {
        self.loaded = true;
        self.unsaved = !is_saved;
        if is_saved {
            self.ancestor.is_now(Some(session.clone()));
        }
    }

    /// Whether `live` can be followed by another session without anybody's help.
    pub(crate) fn is_refreshable(&self, live: &ActiveSession) -> bool {
        live.session.refresh_token().is_some()
            || self.may_sign_in_anonymously(&live.session)
            || self.ticket.is_some()
    }

    /// Whether an anonymous sign-in may follow `session` silently.
    pub(crate) fn may_sign_in_anonymously(&self, session: &Session) -> bool {
        !self.is_for_user && session.is_anonymous()
    }
}
