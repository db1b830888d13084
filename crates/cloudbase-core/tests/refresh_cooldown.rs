//! How often a refresh that keeps failing is tried.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudbase_core::credential::{
    CredentialProvider as _, RefreshPolicy, Token, TokenCache, TokenSource,
};
use cloudbase_core::testing::{api_error, error};
use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use tokio::time::{Instant, advance};

/// A source that always fails, and when it was asked.
struct Failing {
    failure: fn() -> Error,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl TokenSource for Failing {
    fn fetch(&self, _: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        self.asked.lock().unwrap().push(Instant::now());
        Box::pin(async { Err((self.failure)()) })
    }
}

/// The seconds between the refreshes of a program that wants a token every second for ten minutes.
async fn cooldowns(failure: fn() -> Error, policy: RefreshPolicy) -> Vec<u64> {
    let asked = Arc::<Mutex<Vec<Instant>>>::default();
    let source = Failing {
        failure,
        asked: asked.clone(),
    };
    let cache = TokenCache::new(source, policy);
    for _ in 0..600 {
        let error = cache.token().await.unwrap_err();
        assert!(
            error.retry_after().unwrap() <= policy.max_backoff,
            "{error}"
        );
        advance(Duration::from_secs(1)).await;
    }
    let asked = asked.lock().unwrap();
    let pairs = asked.windows(2);
    pairs.map(|pair| (pair[1] - pair[0]).as_secs()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_cooldown_doubles_up_to_its_maximum() {
    let lost = || error(ErrorKind::Reset, "lost");
    let cooldowns_of = async |policy| cooldowns(lost, policy).await;
    let by_default = cooldowns_of(RefreshPolicy::default()).await;
    assert_eq!(by_default[..6], [5, 10, 20, 40, 60, 60]);
    assert!(by_default[6..].iter().all(|seconds| *seconds == 60));

    let mut policy = RefreshPolicy::default();
    policy.backoff = Duration::from_secs(2);
    policy.max_backoff = Duration::from_secs(7);
    let own = cooldowns_of(policy).await;
    assert_eq!(own[..4], [2, 4, 7, 7]);
    assert!(own[4..].iter().all(|seconds| *seconds == 7));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_more_is_heeded_up_to_the_maximum() {
    let throttled = || api_error(429, "X", "slow down").with_retry_after(Some(30 * SECOND));
    let seconds = cooldowns(throttled, RefreshPolicy::default()).await;
    assert_eq!(seconds[..5], [30, 30, 30, 40, 60]);
    let forever = || api_error(429, "X", "slow down").with_retry_after(Some(86_400 * SECOND));
    let seconds = cooldowns(forever, RefreshPolicy::default()).await;
    assert!(seconds.iter().all(|seconds| *seconds == 60), "{seconds:?}");
}

const SECOND: Duration = Duration::from_secs(1);
