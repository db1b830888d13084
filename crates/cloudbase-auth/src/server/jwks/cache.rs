//! Fetches the keys and keeps them: one fetch for however many tokens, none for made-up ones, and
//! none that a token waits for whose key is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudbase_core::{
    CallOptions, Client, CredentialUse, Error, ErrorKind, Operation, Result, TimeoutPhase,
};
use http::{Method, Uri};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use super::keys::{self, Keys, PublicKey};

/// How long keys are kept.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);
/// How soon after the end of a fetch the next one may follow.
pub(super) const PAUSE: Duration = Duration::from_secs(30);
/// For how much longer old keys serve while they cannot be fetched.
const GRACE: Duration = Duration::from_secs(3600);
/// How long a fetch may take with all its attempts: requests of others wait for it.
pub(super) const FETCH_LIMIT: Duration = Duration::from_secs(5);
/// How much later those who wait for a fetch give it up: its runtime may have stalled.
const MARGIN: Duration = Duration::from_secs(1);
/// No such document is that large.
const MAX_SIZE: u64 = 1024 * 1024;

pub(super) struct KeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    url: Uri,
    lifetime: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Keys,
    fetched_at: Option<Instant>,
    /// When the last fetch ended, and how if it failed.
    tried_at: Option<Instant>,
    failure: Option<Error>,
    fetch: Option<Fetch>,
}

/// A fetch under way.
#[derive(Clone)]
struct Fetch {
    given_up_at: Instant,
    outcome: watch::Receiver<Option<Outcome>>,
}

type Outcome = Result<()>;

enum Known {
    Fresh(Arc<PublicKey>),
    /// Older than its lifetime, but within the grace time.
    Stale(Arc<PublicKey>),
    Missing,
}

impl KeyCache {
    pub(super) fn new(client: Client, url: Uri, lifetime: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                url,
                lifetime,
                state: Mutex::default(),
            }),
        }
    }

    /// The key `kid`, fetched if it must be; `None` if it is not published.
    pub(super) async fn get(&self, kid: &str) -> Result<Option<Arc<PublicKey>>> {
        let fetch = {
            let mut state = self.shared.state();
            let now = Instant::now();
            match state.look_up(kid, self.shared.lifetime, now) {
                Known::Fresh(key) => return Ok(Some(key)),
                Known::Stale(key) => {
                    self.shared.fetch_if_due(&mut state, now)?;
                    return Ok(Some(key));
                }
                Known::Missing => match self.shared.fetch_if_due(&mut state, now)? {
                    Some(fetch) => fetch,
                    None => return state.without_fetch(now).map(|()| None),
                },
            }
        };
        fetch.wait().await?;
        Ok(self.shared.state().keys.get(kid).cloned())
    }
}

impl Shared {
    /// The fetch under way, or one that begins now; `None` so soon after the last one.
    fn fetch_if_due(self: &Arc<Self>, state: &mut State, now: Instant) -> Result<Option<Fetch>> {
        if let Some(fetch) = &state.fetch
            && fetch.is_under_way(now)
        {
            return Ok(Some(fetch.clone()));
        }
        if state.pause(now).is_some() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::Local, "must be called within a tokio runtime").with_source(error)
        })?;
        let (sender, outcome) = watch::channel(None);
        let shared = self.clone();
        // A task: a caller that goes away takes nothing from the others.
        runtime.spawn(
            async move {
                let fetched = shared.fetch().await;
                sender.send_replace(Some(shared.keep(fetched)));
            }
            .in_current_span(),
        );
        let fetch = Fetch {
            given_up_at: now + FETCH_LIMIT + MARGIN,
            outcome,
        };
        state.fetch = Some(fetch.clone());
        Ok(Some(fetch))
    }

    async fn fetch(&self) -> Result<Keys> {
        let limit = self.client.config().timeouts().total.min(FETCH_LIMIT);
        // The call knows its limit, so that no retry waits past it; layers of the user's do not.
        let options = CallOptions::new()
            .with_timeout(limit)
            .with_max_response_size(MAX_SIZE);
        let operation = Operation::new("auth.jwks", "jwks", Method::GET, self.url.clone())
            .credential(CredentialUse::None)
            .accept("application/json")
            .options(options);
        let response = timeout(limit, self.client.fetch(operation)).await;
        let late = || Error::timeout(TimeoutPhase::Total, limit).with_operation("auth.jwks");
        let response = response.unwrap_or_else(|_| Err(late())).map_err(|error| {
            match error.timeout_phase() {
                Some(TimeoutPhase::Total) => error.with_message(format!(
                    "the keys of access tokens were not fetched within {limit:?}"
                )),
                _ => error,
            }
        })?;
        keys::parse(response.value()).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the response is no JWKS document")
                .with_operation("auth.jwks")
        })
    }

    fn keep(&self, fetched: Result<Keys>) -> Outcome {
        let mut state = self.state();
        // The time after the fetch: a slow host must not use up the pause.
        let now = Instant::now();
        state.fetch = None;
        state.tried_at = Some(now);
        match fetched {
            Ok(keys) => {
                state.keys = keys;
                state.fetched_at = Some(now);
                state.failure = None;
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "the keys of access tokens were not fetched; known ones serve on");
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look_up(&self, kid: &str, lifetime: Duration, now: Instant) -> Known {
        let age = self.fetched_at.map(|at| now.saturating_duration_since(at));
        match (age, self.keys.get(kid)) {
            (Some(age), Some(key)) if age < lifetime => Known::Fresh(key.clone()),
            (Some(age), Some(key)) if age < lifetime.saturating_add(GRACE) => {
                Known::Stale(key.clone())
            }
            _ => Known::Missing,
        }
    }

    /// How long no fetch may begin.
    fn pause(&self, now: Instant) -> Option<Duration> {
        let since = now.saturating_duration_since(self.tried_at?);
        PAUSE.checked_sub(since).filter(|left| !left.is_zero())
    }

    /// What is known of a key that is not there while none can be fetched: that nobody publishes
    /// it, or nothing if the last fetch failed.
    fn without_fetch(&self, now: Instant) -> Result<()> {
        match &self.failure {
            None => Ok(()),
            Some(error) => Err(error.clone().with_retry_after(self.pause(now))),
        }
    }
}

impl Fetch {
    fn is_under_way(&self, now: Instant) -> bool {
        // An error says that the task is gone, with its runtime.
        self.outcome.has_changed().is_ok() && now < self.given_up_at
    }

    async fn wait(mut self) -> Result<()> {
        let outcome = timeout_at(self.given_up_at, self.outcome.wait_for(Option::is_some)).await;
        match outcome.map(|outcome| outcome.map(|outcome| outcome.clone())) {
            Ok(Ok(Some(outcome))) => outcome,
            Ok(_) => Err(Error::new(
                ErrorKind::Interrupted,
                "the task that fetches the keys of access tokens went away",
            )
            .with_operation("auth.jwks")),
            Err(_) => Err(Error::timeout(TimeoutPhase::Total, FETCH_LIMIT)
                .with_message("the keys of access tokens were not fetched in time")
                .with_operation("auth.jwks")),
        }
    }
}
