//! What a cache knows of its value: whether it can be sent, when it is refreshed, and what failed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::credential::{RefreshPolicy, Token, TokenHolder};
use crate::error::{Error, ErrorKind, Result};

/// How long a fetched token is good for at least: one that is over or rejected sooner would be fetched
/// again for each call.
const MIN_LIFETIME: Duration = Duration::from_secs(1);

pub(super) struct State<T> {
    /// The newest value, kept after it was rejected so that the source knows what it replaces.
    pub(super) current: Option<T>,
    /// The gateway has rejected `current`.
    pub(super) rejected: bool,
    /// The source has said that there is nothing: do not ask again before something changes.
    pub(super) absent: bool,
    /// What is known is to be fetched again before it is used.
    pub(super) stale: bool,
    /// From when `current` is refreshed.
    pub(super) refresh_at: Option<Instant>,
    /// Until when `current` is used whatever becomes of it: it has only just come.
    pub(super) settled_at: Option<Instant>,
    /// Counts the values set and cleared from outside, and reloads: a refresh that began before one
    /// of them must not undo it.
    pub(super) epoch: u64,
    pub(super) refresh: Option<watch::Receiver<Option<Outcome<T>>>>,
    pub(super) failure: Option<Failed>,
}

pub(super) type Outcome<T> = Result<Option<T>, Failed>;

/// A failure, and until when nothing is fetched because of it; `None` if there is nothing to fetch
/// any more.
#[derive(Clone)]
pub(super) struct Failed {
    error: Error,
    until: Option<Instant>,
    /// How many failures there have been in a row.
    count: u32,
}

impl<T: TokenHolder> State<T> {
    pub(super) fn new(epoch: u64) -> Self {
        Self {
            current: None,
            rejected: false,
            absent: false,
            stale: false,
            refresh_at: None,
            settled_at: None,
            epoch,
            refresh: None,
            failure: None,
        }
    }

    /// The value, unless it is to be fetched again.
    pub(super) fn known(&self) -> Option<&T> {
        self.current.as_ref().filter(|_| !self.stale)
    }

    /// Whether this is the token of the current value.
    pub(super) fn holds(&self, token: &Token) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|current| current.token().generation() == token.generation())
    }

    /// The value, if its token can be sent.
    pub(super) fn usable(&self, now: Instant) -> Option<&T> {
        let current = self.known()?;
        let good = !self.rejected && !current.is_expired();
        let new = self.settled_at.is_some_and(|at| at > now);
        (good || new).then_some(current)
    }

    /// Whether a refresh is due and nothing speaks against one.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.refresh_at.is_some_and(|at| at <= now) && self.cooldown(now).is_none()
    }

    /// The failure because of which nothing is fetched.
    pub(super) fn cooldown(&self, now: Instant) -> Option<&Failed> {
        let failure = self.failure.as_ref();
        failure.filter(|failed| failed.until.is_some_and(|until| until > now))
    }

    pub(super) fn store(&mut self, value: Option<T>, policy: &RefreshPolicy) {
        self.absent = value.is_none() && !self.stale;
        if let Some(token) = value.as_ref().map(T::token)
            && !self.holds(token)
        {
            self.rejected = false;
            self.settled_at = None;
            self.refresh_at = policy.refresh_at(token);
            tracing::debug!(generation = token.generation(), "token stored");
        }
        self.current = value;
    }

    /// Takes over what has replaced `previous`.
    pub(super) fn take_over(
        &mut self,
        fetched: Result<Option<T>>,
        previous: Option<&T>,
        policy: &RefreshPolicy,
    ) -> Outcome<T> {
        self.refresh = None;
        let outcome = fetched.map_err(|error| Failed::new(error, self.failure.as_ref(), policy));
        let value = match &outcome {
            Err(failed) if failed.until.is_some() => {
                self.failure = Some(failed.clone());
                return outcome;
            }
            Err(_) => None,
            Ok(value) => value.as_ref(),
        };
        self.failure = None;
        self.stale = false;
        self.rejected = false;
        // A source may have put it in force already, and something newer since.
        if !value.is_some_and(|value| self.holds(value.token())) {
            self.store(value.cloned(), policy);
        }
        if value.is_some_and(|value| is_new(value, previous)) {
            let until = Instant::now() + MIN_LIFETIME;
            self.settled_at = Some(until);
            self.refresh_at = self.refresh_at.map(|at| at.max(until));
        }
        outcome
    }
}

impl Failed {
    pub(super) fn new(error: Error, before: Option<&Self>, policy: &RefreshPolicy) -> Self {
        let count = before.map_or(0, |before| before.count);
        // A failure that may pass ends nothing, even if it is one of credentials: a keychain may be locked.
        let passes = error.kind() != ErrorKind::Credentials || error.is_transient();
        let until = passes.then(|| {
            let doubled = policy.backoff.saturating_mul(1 << count.min(16));
            let asked = error.retry_after().unwrap_or_default();
            let cooldown = doubled.max(asked).min(policy.max_backoff);
            tracing::debug!(cooldown = ?cooldown, failures = count + 1, "token not refreshed");
            Instant::now() + cooldown.min(crate::config::FAR)
        });
        Self {
            error,
            until,
            count: count + 1,
        }
    }

    /// The failure for one of its callers.
    pub(super) fn error(&self) -> Error {
        let Some(until) = self.until else {
            return self.error.clone();
        };
        let left = until.saturating_duration_since(Instant::now());
        let what = "the token could not be refreshed";
        Error::because_of(ErrorKind::Credentials, what, &self.error).with_retry_after(left)
    }
}

/// Whether a fetched token has only just been issued. One that replaces nothing may have lain in a
/// store, unless it is over already; and a source may hand out what it has once more.
fn is_new<T: TokenHolder>(fetched: &T, previous: Option<&T>) -> bool {
    match previous {
        Some(previous) => previous.token().header() != fetched.token().header(),
        None => fetched.is_expired(),
    }
}
