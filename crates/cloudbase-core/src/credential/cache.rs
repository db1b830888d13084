//! Keeps one token fresh: renewed once for however many callers, early, and never by a caller.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{Cached, CredentialProvider, Token};
use crate::error::{Error, ErrorKind, Result};

/// What fetches a token for a [`TokenCache`]: a refresh grant, a file, another process.
pub trait TokenSource: Send + Sync + 'static {
    /// Fetches a token that replaces `previous`. `Ok(None)` says that there is nothing to fetch:
    /// nobody is signed in, or the session has ended for good.
    ///
    /// Runs in a task of its own, one at a time, and is not cut short when callers go away. A
    /// source bounds its own waiting.
    ///
    /// # Errors
    ///
    /// A failure that may pass. It is remembered for a short time, in which nothing is fetched.
    fn fetch(&self, previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>>;
}

/// When a [`TokenCache`] renews, and how long it rests after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// How long before its end a token is renewed; at most a quarter of its lifetime. Default 30 s.
    pub leeway: Duration,
    /// By how much of the leeway the moment is moved at random, so that many clients do not renew
    /// in the same second. Default 0.25.
    pub jitter: f64,
    /// The rest after a failed renewal; doubles with each further one. Default 5 s.
    pub backoff: Duration,
    /// The longest rest. Default 60 s.
    pub max_backoff: Duration,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(30),
            jitter: 0.25,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_secs(60),
        }
    }
}

/// A [`CredentialProvider`] over a [`TokenSource`].
///
/// - A fresh token is handed out at once.
/// - Within the leeway a renewal starts in the background, and the old token is handed out.
/// - Without a usable token callers wait for one renewal, which is a task of its own: a caller that
///   is cancelled loses nothing.
/// - After a failed renewal nothing is fetched for a while: a live token is handed out still, and
///   callers without one get the failure.
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
    /// Counts [`TokenCache::set`] and [`TokenCache::clear`]: a renewal that began before one of
    /// them must not undo it.
    epoch: u64,
    renewal: Option<watch::Receiver<Option<Outcome>>>,
    failure: Option<Failure>,
}

type Outcome = Result<Option<Token>, Arc<Error>>;

struct Failure {
    error: Arc<Error>,
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
            Some(Err(error)) => Err(share(&error, None)),
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
                Some(Err(error)) => return Err(share(&error, None)),
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
            return Next::Fail(share(&failure.error, Some(failure.until - now)));
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
        let token = self.current.as_ref().filter(|_| !self.refused)?;
        token
            .expires_at()
            .is_none_or(|end| end > now)
            .then(|| token.clone())
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
                let result = this.source.fetch(previous).await.map_err(Arc::new);
                this.settle(epoch, &result);
                sender.send_replace(Some(result));
            }
            .instrument(span),
        );
        receiver
    }

    /// Takes the outcome of a renewal over, unless the state has moved on.
    fn settle(&self, epoch: u64, outcome: &Outcome) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        state.renewal = None;
        match outcome {
            Ok(token) => {
                state.failure = None;
                self.store(&mut state, token.clone());
            }
            Err(error) => {
                let count = state.failure.as_ref().map_or(0, |failure| failure.count);
                let doubled = self.policy.backoff.saturating_mul(1 << count.min(16));
                let asked = error.retry_after().unwrap_or_default();
                let rest = doubled.max(asked).min(self.policy.max_backoff);
                tracing::debug!(rest = ?rest, failures = count + 1, "token not renewed");
                let until = Instant::now() + rest.min(crate::layer::FAR);
                state.failure = Some(Failure {
                    error: error.clone(),
                    count: count + 1,
                    until,
                });
            }
        }
    }

    fn store(&self, state: &mut State, token: Option<Token>) {
        state.refused = false;
        state.absent = token.is_none();
        state.renew_at = token.as_ref().and_then(|token| self.policy.renew_at(token));
        if let Some(token) = &token {
            tracing::debug!(generation = token.generation(), "token stored");
        }
        state.current = token;
    }
}

impl RefreshPolicy {
    fn renew_at(&self, token: &Token) -> Option<Instant> {
        let end = token.expires_at()?;
        let leeway = self.leeway.min(token.lifetime()? / 4);
        let jitter = leeway.mul_f64(self.jitter.clamp(0.0, 1.0) * fastrand::f64());
        Some(end.checked_sub(leeway + jitter).unwrap_or(end))
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

/// The same failure for one more caller.
fn share(error: &Arc<Error>, rest: Option<Duration>) -> Error {
    let mut shared = Error::new(
        ErrorKind::Credentials,
        format!("the token could not be renewed: {error}"),
    )
    .with_retry_after(rest.or(error.retry_after()))
    .with_transient(error.is_transient() || error.is_connect())
    .with_source(SharedError(error.clone()));
    if let Some(status) = error.status() {
        shared = shared.with_status(status);
    }
    if let Some(code) = error.code() {
        shared = shared.with_code(code.clone());
    }
    if let Some(id) = error.request_id() {
        shared = shared.with_request_id(id);
    }
    shared
}

#[derive(Debug)]
struct SharedError(Arc<Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
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
