//! Keeps one token fresh: renewed once for however many callers, early, and never by a caller.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{Cached, CredentialProvider, RefreshPolicy, Token, TokenSource};
use crate::error::{Error, ErrorKind, Result};

/// How long a fetched token is good for at least: one that is over or rejected sooner would be fetched
/// again for each call.
const MIN_LIFETIME: Duration = Duration::from_secs(1);

/// A [`CredentialProvider`] over a [`TokenSource`].
///
/// - A fresh token is handed out at once.
/// - Within the leeway a renewal starts in the background, and the old token is handed out.
/// - Without a usable token callers wait for one renewal, which is a task of its own: a caller that
///   is cancelled loses nothing.
/// - After a failed renewal nothing is fetched for a while: a live token is handed out still, and
///   callers without one get the failure, whose `retry_after` says how long.
/// - A token that is rejected, or over, as soon as it has come is not replaced for a second.
///
/// No lock is held across an await.
pub struct TokenCache<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    source: S,
    policy: RefreshPolicy,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The newest token, kept after it was refused so that the source knows what it replaces.
    current: Option<Token>,
    /// The gateway has refused `current`.
    refused: bool,
    /// The source has said that there is nothing: do not ask again before something changes.
    absent: bool,
    /// From when `current` is renewed.
    renew_at: Option<Instant>,
    /// Until when `current` is used whatever becomes of it: it has only just come.
    settled_at: Option<Instant>,
    /// Counts [`TokenCache::set`] and [`TokenCache::clear`]: a renewal that began before one of
    /// them must not undo it.
    epoch: u64,
    renewal: Option<watch::Receiver<Option<Outcome>>>,
    failure: Option<Failure>,
}

type Outcome = Result<Option<Token>, Failed>;

/// A failure and for how long nothing is fetched because of it; `None` if there is nothing to fetch
/// any more.
#[derive(Clone)]
struct Failed {
    error: Error,
    until: Option<Instant>,
}

struct Failure {
    failed: Failed,
    count: u32,
    until: Instant,
}

/// What a caller does next.
enum Next {
    Use(Option<Token>),
    Wait(watch::Receiver<Option<Outcome>>),
    Fail(Error),
}

impl<S: TokenSource> TokenCache<S> {
    /// A cache over `source`, which is asked when the first token is needed.
    pub fn new(source: S, policy: RefreshPolicy) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                policy,
                state: Mutex::default(),
            }),
        }
    }

    /// The source.
    pub fn source(&self) -> &S {
        &self.shared.source
    }

    /// Puts a token in that came from elsewhere: a sign-in. A renewal under way is disregarded.
    pub fn set(&self, token: Token) {
        let mut state = self.shared.lock();
        state.epoch += 1;
        state.failure = None;
        state.renewal = None;
        self.shared.store(&mut state, Some(token));
    }

    /// Forgets the token: a sign-out. A renewal under way is disregarded.
    pub fn clear(&self) {
        let mut state = self.shared.lock();
        let epoch = state.epoch + 1;
        *state = State {
            absent: true,
            epoch,
            ..State::default()
        };
    }

    /// Asks the source again at the next call, even if it had nothing: the store has changed.
    pub fn reload(&self) {
        let mut state = self.shared.lock();
        let epoch = state.epoch + 1;
        *state = State {
            epoch,
            ..State::default()
        };
    }

    /// The token as it is, without renewing or waiting; it may have ended.
    pub fn peek(&self) -> Option<Token> {
        self.shared.lock().current.clone()
    }

    /// Renews now, whatever the age of the token, and hands out the new one. Joins a renewal that
    /// is under way; is not held back by an earlier failure.
    ///
    /// # Errors
    ///
    /// The source's, as the `source` of an error of kind [`Credentials`](ErrorKind::Credentials).
    ///
    /// # Cancel safety
    ///
    /// The renewal goes on when the future is dropped.
    pub async fn renew(&self) -> Result<Option<Token>> {
        let receiver = {
            let mut state = self.shared.lock();
            state.failure = None;
            Shared::join(&self.shared, &mut state)
        };
        match wait(receiver).await {
            Some(Ok(token)) => Ok(token),
            Some(Err(failed)) => Err(failed.error()),
            None => Err(interrupted()),
        }
    }

    async fn obtain(&self) -> Result<Option<Token>> {
        // A renewal dies with the runtime that it ran on: then another one is started here.
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
                    let usable = state.current.as_ref().filter(|_| !state.refused);
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

    fn next(&self) -> Next {
        let mut state = self.shared.lock();
        let now = Instant::now();
        if let Some(token) = state.usable(now) {
            let due = state.renew_at.is_some_and(|at| at <= now);
            if due && !state.resting(now) {
                Shared::join(&self.shared, &mut state);
            }
            return Next::Use(Some(token));
        }
        if state.absent {
            return Next::Use(None);
        }
        if state.renewal.is_none()
            && let Some(failure) = &state.failure
            && failure.until > now
        {
            return Next::Fail(failure.failed.error());
        }
        Next::Wait(Shared::join(&self.shared, &mut state))
    }
}

impl<S> TokenCache<S> {
    fn handle(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<S> Clone for TokenCache<S> {
    fn clone(&self) -> Self {
        self.handle()
    }
}

impl State {
    /// The token, if it can be sent.
    fn usable(&self, now: Instant) -> Option<Token> {
        let token = self.current.as_ref()?;
        let good = !self.refused && token.expires_at().is_none_or(|end| end > now);
        let new = self.settled_at.is_some_and(|at| at > now);
        (good || new).then(|| token.clone())
    }

    fn resting(&self, now: Instant) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| failure.until > now)
    }
}

impl<S: TokenSource> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The renewal under way, or a new one.
    fn join(this: &Arc<Self>, state: &mut State) -> watch::Receiver<Option<Outcome>> {
        if let Some(receiver) = &state.renewal
            // A closed channel without an outcome: the task went away with its runtime.
            && (receiver.has_changed().is_ok() || receiver.borrow().is_some())
        {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        state.renewal = Some(receiver.clone());
        let epoch = state.epoch;
        let previous = state.current.clone();
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
    fn settle(
        &self,
        epoch: u64,
        previous: Option<&Token>,
        fetched: Result<Option<Token>>,
    ) -> Outcome {
        let mut state = self.lock();
        let is_current = state.epoch == epoch;
        if is_current {
            state.renewal = None;
        }
        match fetched {
            Ok(token) => {
                if is_current {
                    state.failure = None;
                    self.store(&mut state, token.clone());
                    if token.as_ref().is_some_and(|token| is_new(token, previous)) {
                        let until = Instant::now() + MIN_LIFETIME;
                        state.settled_at = Some(until);
                        state.renew_at = state.renew_at.map(|at| at.max(until));
                    }
                }
                Ok(token)
            }
            Err(error) if error.kind() == ErrorKind::Credentials => {
                if is_current {
                    state.failure = None;
                    self.store(&mut state, None);
                }
                Err(Failed { error, until: None })
            }
            Err(error) => Err(self.fail(&mut state, is_current, error)),
        }
    }

    fn fail(&self, state: &mut State, is_current: bool, error: Error) -> Failed {
        let count = state.failure.as_ref().map_or(0, |failure| failure.count);
        let doubled = self.policy.backoff.saturating_mul(1 << count.min(16));
        let asked = error.retry_after().unwrap_or_default();
        let rest = doubled.max(asked).min(self.policy.max_backoff);
        tracing::debug!(rest = ?rest, failures = count + 1, "token not renewed");
        let until = Instant::now() + rest.min(crate::layer::FAR);
        let failed = Failed {
            error,
            until: Some(until),
        };
        if is_current {
            state.failure = Some(Failure {
                failed: failed.clone(),
                count: count + 1,
                until,
            });
        }
        failed
    }

    fn store(&self, state: &mut State, token: Option<Token>) {
        state.refused = false;
        state.absent = token.is_none();
        state.settled_at = None;
        state.renew_at = token.as_ref().and_then(|token| self.policy.renew_at(token));
        if let Some(token) = &token {
            tracing::debug!(generation = token.generation(), "token stored");
        }
        state.current = token;
    }
}

impl Failed {
    /// The failure for one of its callers.
    fn error(&self) -> Error {
        let Some(until) = self.until else {
            return self.error.clone();
        };
        let left = until.saturating_duration_since(Instant::now());
        let what = "the token could not be refreshed";
        Error::because_of(ErrorKind::Credentials, what, &self.error).with_retry_after(left)
    }
}

impl<S: TokenSource> CredentialProvider for TokenCache<S> {
    fn cached(&self) -> Cached {
        let state = self.shared.lock();
        let now = Instant::now();
        match state.usable(now) {
            Some(token) if state.renew_at.is_none_or(|at| at > now) => Cached::Token(token),
            // Due for renewal, but resting after a failure.
            Some(token) if state.resting(now) => Cached::Token(token),
            None if state.absent => Cached::Absent,
            _ => Cached::Unknown,
        }
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        Box::pin(self.obtain())
    }

    fn current(&self) -> Option<Token> {
        self.peek()
    }

    fn reject(&self, token: &Token) {
        let mut state = self.shared.lock();
        if state
            .current
            .as_ref()
            .is_some_and(|current| current.generation() == token.generation())
        {
            state.refused = true;
        }
    }
}

/// Whether a fetched token has only just been issued. One that replaces nothing may have lain in a
/// store, unless it is over already; and a source may hand out what it has once more.
fn is_new(token: &Token, previous: Option<&Token>) -> bool {
    match previous {
        Some(previous) => previous.header() != token.header(),
        None => token.is_expired(),
    }
}

/// Waits for the outcome; `None` if the task went away without one.
async fn wait(mut receiver: watch::Receiver<Option<Outcome>>) -> Option<Outcome> {
    match receiver.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone(),
        Err(_) => None,
    }
}

fn interrupted() -> Error {
    Error::new(
        ErrorKind::Interrupted,
        "the task that renews the token went away",
    )
    .with_transient(true)
}

impl<S> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("policy", &self.shared.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
