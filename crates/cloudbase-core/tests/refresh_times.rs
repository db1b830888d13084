//! When a token is refreshed, and how often a refresh that keeps failing is tried.

#![cfg(feature = "test-util")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudbase_core::credential::{
    CredentialProvider as _, RefreshPolicy, Token, TokenCache, TokenSource,
};
use cloudbase_core::testing::{api_error, error};
use cloudbase_core::{Error, ErrorKind, Result, SecretString};
use futures_core::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, advance, sleep};

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

/// A source of tokens that live a thousand seconds, and when it gave them.
struct Issuing(Arc<Mutex<Vec<Instant>>>);

impl TokenSource for Issuing {
    fn fetch(&self, _: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let mut issued = self.0.lock().unwrap();
        issued.push(Instant::now());
        let secret = SecretString::from(format!("token-{}", issued.len()));
        let token = Token::bearer(&secret, Some(1000 * SECOND));
        Box::pin(async { token.map(Some) })
    }
}

/// How old a token is when a client that is always busy refreshes it.
async fn age_at_refresh(policy: RefreshPolicy) -> Duration {
    let issued = Arc::<Mutex<Vec<Instant>>>::default();
    let cache = TokenCache::new(Issuing(issued.clone()), policy);
    cache.token().await.unwrap();
    sleep(900 * SECOND).await;
    while issued.lock().unwrap().len() < 2 {
        cache.token().await.unwrap();
        sleep(SECOND / 10).await;
    }
    let issued = issued.lock().unwrap();
    issued[1] - issued[0]
}

#[tokio::test(start_paused = true)]
async fn clients_with_tokens_of_one_age_refresh_them_at_different_moments() {
    let mut policy = RefreshPolicy::default();
    policy.jitter = 0.0;
    assert_eq!(age_at_refresh(policy).await.as_secs(), 970);
    // Up to a quarter of the leeway of 30 seconds earlier. With so many clients a uniform moment misses
    // the first or last fifth of the range once in 10^19 runs.
    let mut ages = Vec::new();
    for _ in 0..200 {
        ages.push(age_at_refresh(RefreshPolicy::default()).await.as_secs_f64());
    }
    let earliest = ages.iter().copied().fold(f64::INFINITY, f64::min);
    let latest = ages.iter().copied().fold(0.0, f64::max);
    let seen = format!("{earliest} to {latest}");
    assert!((962.4..964.1).contains(&earliest), "{seen}");
    assert!((968.4..970.2).contains(&latest), "{seen}");
}

/// A source whose fetches wait until they may end.
struct Waiting(Issuing, Arc<Notify>);

impl TokenSource for Waiting {
    fn fetch(&self, previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let fetched = self.0.fetch(previous);
        Box::pin(async {
            self.1.notified().await;
            fetched.await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_from_before_a_reload_does_not_count_as_the_one_after_it() {
    let (issued, may_end) = (Arc::default(), Arc::new(Notify::new()));
    let source = Waiting(Issuing(Arc::clone(&issued)), may_end.clone());
    let cache = TokenCache::new(source, RefreshPolicy::default());
    let early = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    tokio::task::yield_now().await;
    assert_eq!(issued.lock().unwrap().len(), 1);
    cache.reload();
    may_end.notify_one();
    let value = |token: Option<Token>| token.unwrap().header().clone();
    // It is good enough for the call that was waiting for it.
    assert_eq!(value(early.await.unwrap().unwrap()), "Bearer token-1");
    may_end.notify_one();
    assert_eq!(value(cache.token().await.unwrap()), "Bearer token-2");
}
