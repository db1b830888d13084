//! How a session gets into the store and out of it: what happens if the store fails, and if the lock
//! was lost on the way.

use cloudbase_core::{Error, ErrorKind, Result};
use secrecy::ExposeSecret as _;

use super::manager::Core;
use crate::events::{AuthEvent, SignOutReason};
use crate::store::StoreLock;
use crate::token::active_session::{ActiveSession, Rejection};
use crate::token::state::{State, Stored};
use crate::token::ticket_callback::TicketSource;
use crate::value::session::Session;
use crate::value::user::User;

/// How often a lock is taken again that was lost while it was held.
const RELOCKS: usize = 3;

impl Core {
    /// Stores a session that a sign-in has brought, in the place of whatever is there, then puts it in
    /// force. If the store fails, the session lives on in memory.
    pub(super) async fn put(
        &self,
        live: ActiveSession,
        ticket: Option<TicketSource>,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) {
        let saved = self.replace_stored(Some(&live.session), lock).await;
        {
            let mut state = self.state();
            state.settle(&live.session, saved.is_ok());
            state.rejection = Rejection::stored(&live.session);
            state.ticket = ticket;
            state.changes += 1;
            self.cache.set(live);
        }
        report_unsaved(saved, lock, events);
    }

    /// Stores what the session in force has become, unless another process has put something else
    /// into its place while the lock was lost; then that is put in force. Returns what is.
    pub(super) async fn put_successor(
        &self,
        live: ActiveSession,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        if self.state().unsaved {
            // What is there may not have been read before: the store may have failed then.
            match self.read().await {
                Ok(stored) => {
                    let stored = stored.session();
                    if !self.is_still(stored.as_ref(), &live) {
                        return self.reconcile(stored, events);
                    }
                }
                Err(error) => return Ok(self.settle_successor(live, Err(error), lock, events)),
            }
        }
        let mut saved = self.write(Some(&live.session), lock).await;
        for _ in 0..RELOCKS {
            if !lost(&saved, lock) {
                break;
            }
            let lock = match self.lock_again(lock).await {
                Ok(lock) => lock,
                Err(error) => {
                    saved = Err(error);
                    break;
                }
            };
            let stored = match self.read().await {
                Ok(stored) => stored.session(),
                Err(error) => {
                    lock.release().await;
                    saved = Err(error);
                    break;
                }
            };
            if !self.is_still(stored.as_ref(), &live) {
                tracing::info!(
                    "the session was replaced by another process while it was refreshed"
                );
                lock.release().await;
                return self.reconcile(stored, events);
            }
            saved = self.write(Some(&live.session), &lock).await;
            lock.release().await;
        }
        Ok(self.settle_successor(live, saved, lock, events))
    }

    /// Whether the store still holds what `live` descends from.
    fn is_still(&self, stored: Option<&Session>, live: &ActiveSession) -> bool {
        let state = self.state();
        state.ancestor.is_still(stored, Some(&live.session))
    }

    /// Puts what the session in force has become in force, for which the store has been tried, unless a
    /// sign-out has ended that meanwhile. Returns what is in force.
    fn settle_successor(
        &self,
        live: ActiveSession,
        saved: Result<()>,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Option<ActiveSession> {
        let live = {
            let mut state = self.state();
            let live = self.go_on(&mut state, live)?;
            state.settle(&live.session, saved.is_ok());
            live
        };
        report_unsaved(saved, lock, events);
        Some(live)
    }

    /// Puts what has become of the session in force, unless a sign-out has overtaken it, which gets it
    /// then. Returns what is in force.
    pub(super) fn go_on(&self, state: &mut State, live: ActiveSession) -> Option<ActiveSession> {
        if state.leaving > 0 {
            state.overtaken = Some(live);
            return None;
        }
        self.cache.put(Some(live.clone()));
        Some(live)
    }

    /// Puts a newer profile into the session, in the store only if that holds the session still: what
    /// another process has done since is worth more than a profile.
    pub(super) async fn put_user(
        &self,
        user: &User,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) {
        let Some(mut live) = self.cache.peek() else {
            return;
        };
        let known = live.session.user() == Some(user);
        if known || !(live.session.sub().is_empty() || live.session.sub() == user.id) {
            return;
        }
        let stored = self.read().await.map(|stored| stored.session());
        let stands = {
            let state = self.state();
            let is_current =
                |current: ActiveSession| current.token.generation() == live.token.generation();
            if !self.cache.peek().is_some_and(is_current) {
                // A sign-out does not wait for its turn to forget the session.
                return;
            }
            let stands = stored.is_ok_and(|stored| match state.unsaved {
                true => state
                    .ancestor
                    .is_still(stored.as_ref(), Some(&live.session)),
                false => stored.is_some_and(|stored| stored.is_same(&live.session)),
            });
            live.session = live.session.with_user(user.clone());
            self.cache.put(Some(live.clone()));
            stands
        };
        if !stands {
            return;
        }
        match self.write(Some(&live.session), lock).await {
            Ok(()) => self.in_line(Some(live.session)),
            // The session itself is stored, or is known not to be.
            Err(error) => {
                tracing::warn!(%error, "the profile could not be stored");
                report(error, lock, events);
            }
        }
    }

    /// Ends the session for good, unless another process has put something else into its place while
    /// the lock was lost; then that is put in force, and returned.
    pub(super) async fn end(
        &self,
        ended: &ActiveSession,
        reason: SignOutReason,
        lock: &StoreLock,
        events: &mut Vec<AuthEvent>,
    ) -> Result<Option<ActiveSession>> {
        self.mark_sign_out().await;
        let mut removed = self.write(None, lock).await;
        for _ in 0..RELOCKS {
            if !lost(&removed, lock) {
                break;
            }
            let lock = match self.lock_again(lock).await {
                Ok(lock) => lock,
                Err(error) => {
                    removed = Err(error);
                    break;
                }
            };
            removed = match self.read().await.map(Stored::session) {
                Ok(stored) if !self.is_still(stored.as_ref(), ended) => {
                    lock.release().await;
                    return self.reconcile(stored, events);
                }
                Ok(_) => self.write(None, &lock).await,
                Err(error) => Err(error),
            };
            lock.release().await;
        }
        match &removed {
            Ok(()) => self.in_line(None),
            Err(_) => self.descend_from_stored().await,
        }
        let rejection = {
            let mut state = self.state();
            let rejection = state.rejection.take();
            state.clear();
            self.cache.put(None);
            state.unsaved = removed.is_err();
            state.rejection.clone_from(&rejection);
            rejection
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "the ended session could not be removed from its store");
            report(error, lock, events);
        }
        tracing::info!(?reason, ?rejection, "the session has ended");
        // A sign-out that waits for its turn reports it.
        if self.state().leaving == 0 {
            events.push(AuthEvent::SignedOut(reason));
        }
        Ok(None)
    }

    /// Removes whatever the store holds.
    ///
    /// # Errors
    ///
    /// If the store cannot be cleared; what it holds then is what the sign-out descends from.
    pub(super) async fn remove(&self, lock: &StoreLock) -> Result<()> {
        self.mark_sign_out().await;
        self.replace_stored(None, lock).await
    }

    /// Saves or removes, whatever is there; with the lock taken again if it was lost. If that fails,
    /// what is there is what the change descends from.
    async fn replace_stored(&self, session: Option<&Session>, lock: &StoreLock) -> Result<()> {
        let mut replaced = self.write(session, lock).await;
        for _ in 0..RELOCKS {
            if !lost(&replaced, lock) {
                break;
            }
            replaced = match self.lock_again(lock).await {
                Ok(lock) => {
                    let replaced = self.write(session, &lock).await;
                    lock.release().await;
                    replaced
                }
                Err(error) => Err(error),
            };
        }
        match &replaced {
            Ok(()) => self.in_line(session.cloned()),
            Err(_) => self.descend_from_stored().await,
        }
        replaced
    }

    /// What is there is what the change descends from that could not be made.
    async fn descend_from_stored(&self) {
        let stored = self.read().await;
        self.look_for_sign_out().await;
        let ancestor = &mut self.state().ancestor;
        match stored {
            Ok(stored) => ancestor.is_now(stored.session()),
            Err(_) => ancestor.is_marked_as_seen(),
        }
    }

    async fn write(&self, session: Option<&Session>, lock: &StoreLock) -> Result<()> {
        if lock.is_missing() {
            let message = "nothing was stored: the session store cannot be locked";
            return Err(Error::new(ErrorKind::Local, message)
                .with_transient(true)
                .settle(true));
        }
        match session {
            Some(session) => {
                self.state().ancestor.may_be(session);
                self.store.save(&self.key, &session.to_json(), lock).await
            }
            None => self.store.remove(&self.key, lock).await,
        }
    }

    /// Tries again what the store could not take before. Called with the lock held and the unsaved
    /// change still standing.
    pub(super) async fn write_again(&self, lock: &StoreLock) {
        if !self.state().unsaved {
            return;
        }
        let session = self.cache.peek().map(|live| live.session);
        if session.is_none() {
            // The mark may not have been made either.
            self.mark_sign_out().await;
        }
        match self.write(session.as_ref(), lock).await {
            Ok(()) => self.in_line(session),
            Err(error) => tracing::debug!(%error, "the session store still fails"),
        }
    }

    /// Store and memory hold the same.
    fn in_line(&self, session: Option<Session>) {
        let mut state = self.state();
        state.unsaved = false;
        state.ancestor.is_now(session);
    }

    /// The lock once more, in the place of one that was lost.
    async fn lock_again(&self, lost: &StoreLock) -> Result<StoreLock> {
        tracing::info!("the session's lock was lost: the store is read again");
        lost.let_go().await;
        self.store.lock(&self.key).await
    }

    /// Leaves a mark of a sign-out: a process whose sign-in could not be stored has no other way to see
    /// that another one has signed in and out since. A store that takes no mark is used without.
    async fn mark_sign_out(&self) {
        let mark = format!("{:032x}", fastrand::u128(..));
        let key = self.mark_key();
        self.state().ancestor.may_be_marked(&mark);
        let marked = match self.store.lock(&key).await {
            Ok(lock) => {
                let marked = self.store.save(&key, &mark.as_str().into(), &lock).await;
                lock.release().await;
                marked
            }
            Err(error) => Err(error),
        };
        match marked {
            Ok(()) => self.state().ancestor.seen = Some(Some(mark)),
            Err(error) => tracing::debug!(%error, "the sign-out leaves no mark"),
        }
    }

    /// Reads the mark of the last sign-out, for a store that holds no session.
    pub(super) async fn look_for_sign_out(&self) {
        if let Ok(mark) = self.store.load(&self.mark_key()).await {
            let mark = mark.map(|mark| mark.expose_secret().to_owned());
            self.state().ancestor.seen = Some(mark);
        }
    }

    fn mark_key(&self) -> String {
        format!("signed_out_{}", self.env_id)
    }
}

/// Whether the store has rejected a change because the lock, which was taken, has been lost.
fn lost(result: &Result<()>, lock: &StoreLock) -> bool {
    matches!(result, Err(error) if lock.was_lost(error))
}

fn report_unsaved(saved: Result<()>, lock: &StoreLock, events: &mut Vec<AuthEvent>) {
    if let Err(error) = saved {
        tracing::warn!(%error, "the session could not be stored; it goes on in memory");
        report(error, lock, events);
    }
}

/// Reports a failure of the store. A lost lock does not count: what is stored is read again.
fn report(error: Error, lock: &StoreLock, events: &mut Vec<AuthEvent>) {
    if !lock.was_lost(&error) {
        events.push(AuthEvent::StoreFailed(error));
    }
}
