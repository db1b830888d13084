//! Fetches the keys and keeps them: one fetch for however many tokens, none for made-up ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudbase_core::{Client, CredentialUse, Error, ErrorKind, Operation, Result};
use http::{Method, Uri};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::keys::{self, Keys, PublicKey};

/// How long keys are kept.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);
/// How soon after a fetch the next one may follow.
const PAUSE: Duration = Duration::from_secs(30);
/// For how much longer old keys serve when they cannot be fetched.
const GRACE: Duration = Duration::from_secs(3600);
/// No such document is that large.
const MAX_SIZE: u64 = 1024 * 1024;

pub(super) struct KeyCache {
    client: Client,
    url: Uri,
    lifetime: Duration,
    state: Mutex<State>,
    /// Held by whoever fetches; those who need the same keys wait for it.
    turn: AsyncMutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Arc<Keys>,
    fetched_at: Option<Instant>,
    tried_at: Option<Instant>,
}

impl KeyCache {
    pub(super) fn new(client: Client, url: Uri, lifetime: Duration) -> Self {
        Self {
            client,
            url,
            lifetime,
            state: Mutex::default(),
            turn: AsyncMutex::new(()),
        }
    }

    /// The key `kid`, fetched if it must be; `None` if it is not published.
    pub(super) async fn get(&self, kid: &str) -> Result<Option<Arc<PublicKey>>> {
        let before = self.state().clone();
        if let Some(key) = self.fresh(&before, kid) {
            return Ok(Some(key));
        }
        let _turn = self.turn.lock().await;
        let state = self.state().clone();
        // Whoever had the turn before may have brought what is wanted.
        if let Some(key) = self.fresh(&state, kid) {
            return Ok(Some(key));
        }
        let now = Instant::now();
        let paused = state.tried_at.is_some_and(|at| at + PAUSE > now);
        let is_fresh = state.fetched_at.is_some_and(|at| at + self.lifetime > now);
        let error = match paused {
            false => {
                let fetched = self.fetch().await;
                let mut state = self.state();
                state.tried_at = Some(now);
                match fetched {
                    Ok(keys) => {
                        let key = keys.get(kid).cloned();
                        state.keys = Arc::new(keys);
                        state.fetched_at = Some(now);
                        return Ok(key);
                    }
                    Err(error) => error,
                }
            }
            true if is_fresh => return Ok(None),
            true => Error::new(
                ErrorKind::Credentials,
                "the keys of access tokens could not be fetched a moment ago",
            ),
        };
        let usable = state
            .fetched_at
            .is_some_and(|at| at + self.lifetime + GRACE > now);
        match state.keys.get(kid).filter(|_| usable) {
            Some(key) => {
                tracing::warn!(%error, "the keys of access tokens are not renewed; the old ones serve");
                Ok(Some(key.clone()))
            }
            None => Err(error),
        }
    }

    fn fresh(&self, state: &State, kid: &str) -> Option<Arc<PublicKey>> {
        let at = state.fetched_at?;
        let key = state.keys.get(kid)?;
        (at + self.lifetime > Instant::now()).then(|| key.clone())
    }

    async fn fetch(&self) -> Result<Keys> {
        let operation = Operation::new("auth.jwks", "jwks", Method::GET, self.url.clone())
            .credential(CredentialUse::None)
            .accept("application/json");
        let mut options = cloudbase_core::CallOptions::default();
        options.max_response_size = Some(MAX_SIZE);
        let answer = self.client.fetch(operation.options(options)).await?;
        keys::parse(answer.value()).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the answer is no JWKS document")
                .with_operation("auth.jwks")
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
