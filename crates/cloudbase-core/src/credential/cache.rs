//! Keeps one token fresh: refreshed once for however many callers, early, and never by a caller.

mod state;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument as _;

use self::state::{Failed, Outcome, State};
use super::{Cached, CredentialProvider, RefreshPolicy, Token, TokenHolder, TokenSource};
use crate::error::{Error, ErrorKind, Result};

/// A [`CredentialProvider`] over a [`TokenSource`]: the one owner of a token, or of a value that
/// comes with one ([`TokenHolder`]).
///
/// - A fresh token is handed out at once.
/// - Within the leeway a refresh starts in the background, and the old token is handed out.
/// - Without a usable token callers wait for one refresh, which is a task of its own: a caller that
///   is cancelled loses nothing.
/// - After a failed refresh nothing is fetched for a while: a live token is handed out still, and
///   callers without one get the failure, whose `retry_after` says how long.
/// - A token that is rejected, or over, as soon as it has come is not replaced for a second.
///
/// No lock is held across an await.
pub struct TokenCache<T = Token> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    source: Box<dyn TokenSource<T>>,
    policy: RefreshPolicy,
    state: Mutex<State<T>>,
}

/// What a caller does next.
enum Next<T> {
    Use(Option<T>),
    Wait(watch::Receiver<Option<Outcome<T>>>),
    Fail(Error),
}

impl<T: TokenHolder> TokenCache<T> {
    /// A cache over `source`, which is asked when the first token is needed.
    pub fn new(source: impl TokenSource<T>, policy: RefreshPolicy) -> Self {
        Self {
            shared: Arc::new(Shared {
                source: Box::new(source),
                policy,
                state: Mutex::new(State::new(0)),
            }),
        }
    }

    /// Puts a value in force that came from elsewhere: a sign-in. A refresh under way is disregarded.
    pub fn set(&self, value: T) {
        let mut state = self.shared.lock();
        *state = State::new(state.epoch + 1);
        state.store(Some(value), &self.shared.policy);
    }

    /// Forgets the value and returns it: a sign-out. A refresh under way is disregarded.
    pub fn clear(&self) -> Option<T> {
        let mut state = self.shared.lock();
        let cleared = State {
            absent: true,
            ..State::new(state.epoch + 1)
        };
        std::mem::replace(&mut *state, cleared).current
    }

    /// Puts what a source has at hand in force before it returns from
    /// [`fetch`](TokenSource::fetch), or something newer with the same token.
    pub fn put(&self, value: Option<T>) {
        self.shared.lock().store(value, &self.shared.policy);
    }

    /// Asks the source again at the next call, even if it had nothing: the store has changed.
    pub fn reload(&self) {
        let mut state = self.shared.lock();
        *state = State {
            current: state.current.take(),
            rejected: state.rejected,
            refresh_at: state.refresh_at,
            stale: true,
            ..State::new(state.epoch + 1)
        };
    }

    /// The value as it is, without refreshing or waiting; its token may have expired.
    pub fn peek(&self) -> Option<T> {
        self.shared.lock().current.clone()
    }

    /// Whether the gateway has rejected the token of `value`, which is the current one.
    pub fn is_rejected(&self, value: &T) -> bool {
        let state = self.shared.lock();
        state.rejected && state.holds(value.token())
    }

    /// Refreshes now, whatever the age of the token, and hands out the new one. Joins a refresh that
    /// is under way; is not held back by an earlier failure.
    ///
    /// # Errors
    ///
    /// The source's, as the `source` of an error of kind [`Credentials`](ErrorKind::Credentials).
    ///
    /// # Cancel safety
    ///
    /// The refresh goes on when the future is dropped.
    pub async fn refresh(&self) -> Result<Option<T>> {
        let receiver = {
            let mut state = self.shared.lock();
            state.failure = None;
            let previous = state.current.clone();
            Shared::join(&self.shared, &mut state, previous)
        };
        match wait(receiver).await {
            Some(Ok(value)) => Ok(value),
            Some(Err(failed)) => Err(failed.error()),
            None => Err(interrupted()),
        }
    }

    async fn obtain(&self) -> Result<Option<T>> {
        // A refresh dies with the runtime that it ran on: then another one is started here.
        for _ in 0..3 {
            let receiver = match self.next() {
                Next::Use(token) => return Ok(token),
                Next::Fail(error) => return Err(error),
                Next::Wait(receiver) => receiver,
            };
            match wait(receiver).await {
                Some(Ok(fetched)) => {
                    // A sign-in or sign-out meanwhile counts more than what was fetched.
                    let state = self.shared.lock();
                    let usable = state.known().filter(|_| !state.rejected);
                    return Ok(usable
                        .cloned()
                        .or_else(|| fetched.filter(|_| !state.absent)));
                }
                Some(Err(failed)) => return Err(failed.error()),
                None => {}
            }
        }
        Err(interrupted())
    }

    fn next(&self) -> Next<T> {
        let mut state = self.shared.lock();
        let now = Instant::now();
        if let Some(value) = state.usable(now).cloned() {
            if state.is_due(now) {
                Shared::join(&self.shared, &mut state, Some(value.clone()));
            }
            return Next::Use(Some(value));
        }
        if state.absent {
            return Next::Use(None);
        }
        if state.refresh.is_none()
            && let Some(failed) = state.cooldown(now)
        {
            return Next::Fail(failed.error());
        }
        // What is stale is not replaced: it may turn out to be in force still.
        let previous = state.known().cloned();
        Next::Wait(Shared::join(&self.shared, &mut state, previous))
    }
}

impl<T> Clone for TokenCache<T> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T: TokenHolder> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refresh under way, or a new one.
    fn join(
        this: &Arc<Self>,
        state: &mut State<T>,
        previous: Option<T>,
    ) -> watch::Receiver<Option<Outcome<T>>> {
        if let Some(receiver) = &state.refresh
            // A closed channel without an outcome: the task went away with its runtime.
            && (receiver.has_changed().is_ok() || receiver.borrow().is_some())
        {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        state.refresh = Some(receiver.clone());
        let epoch = state.epoch;
        let this = this.clone();
        let span = tracing::debug_span!(parent: None, "cloudbase.refresh");
        tokio::spawn(
            async move {
                let fetched = this.source.fetch(previous.clone()).await;
                let outcome = this.settle(epoch, previous.as_ref(), fetched);
                sender.send_replace(Some(outcome));
            }
            .instrument(span),
        );
        receiver
    }

    /// Takes the outcome of a refresh over, unless the state has moved on.
    fn settle(&self, epoch: u64, previous: Option<&T>, fetched: Result<Option<T>>) -> Outcome<T> {
        let mut state = self.lock();
        match state.epoch == epoch {
            true => state.take_over(fetched, previous, &self.policy),
            false => fetched.map_err(|error| Failed::new(error, None, &self.policy)),
        }
    }
}

impl<T: TokenHolder> CredentialProvider for TokenCache<T> {
    fn cached(&self) -> Cached {
        let state = self.shared.lock();
        let now = Instant::now();
        match state.usable(now) {
            Some(value) if !state.is_due(now) => Cached::Token(value.token().clone()),
            None if state.absent => Cached::Absent,
            _ => Cached::Unknown,
        }
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        Box::pin(async {
            let value = self.obtain().await?;
            Ok(value.map(|value| value.token().clone()))
        })
    }

    fn current(&self) -> Option<Token> {
        let state = self.shared.lock();
        state.known().map(|current| current.token().clone())
    }

    fn reject(&self, token: &Token) {
        let mut state = self.shared.lock();
        if state.holds(token) {
            state.rejected = true;
        }
    }
}

/// Waits for the outcome; `None` if the task went away without one.
async fn wait<T: Clone>(mut receiver: watch::Receiver<Option<Outcome<T>>>) -> Option<Outcome<T>> {
    match receiver.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone(),
        Err(_) => None,
    }
}

fn interrupted() -> Error {
    Error::new(
        ErrorKind::Interrupted,
        "the task that refreshes the token went away",
    )
    .with_transient(true)
}

impl<T> fmt::Debug for TokenCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("policy", &self.shared.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
