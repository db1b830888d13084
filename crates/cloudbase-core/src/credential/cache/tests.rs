//! Who refreshes, how often, and what the others get meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{advance, sleep};

use super::*;
use secrecy::SecretString;

const HOUR: Duration = Duration::from_secs(3600);

/// Responds from a closure and counts; waits for `gate` first, if there is one.
struct Source {
    calls: Arc<AtomicUsize>,
    gate: Option<Arc<Notify>>,
    respond: Box<dyn Fn(usize) -> Result<Option<Token>> + Send + Sync>,
}

impl TokenSource for Source {
    fn fetch(&self, _previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move {
            match &self.gate {
                Some(gate) => gate.notified().await,
                None => sleep(Duration::from_millis(20)).await,
            }
            (self.respond)(call)
        })
    }
}

fn token(name: &str, lifetime: Duration) -> Token {
    Token::bearer(&SecretString::from(name), Some(lifetime)).unwrap()
}

/// A cache, and how often its source was asked.
fn cache(
    gate: Option<Arc<Notify>>,
    respond: impl Fn(usize) -> Result<Option<Token>> + Send + Sync + 'static,
) -> (TokenCache, impl Fn() -> usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let source = Source {
        calls: calls.clone(),
        gate,
        respond: Box::new(respond),
    };
    let cache = TokenCache::new(source, RefreshPolicy::default());
    (cache, move || calls.load(Ordering::SeqCst))
}

fn numbered(call: usize) -> Result<Option<Token>> {
    Ok(Some(token(&format!("token-{call}"), HOUR)))
}

fn value(token: &Option<Token>) -> &str {
    token.as_ref().unwrap().header().to_str().unwrap()
}

fn outage() -> Error {
    crate::testing::error(ErrorKind::Connect, "no route")
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_cause_one_fetch() {
    let (cache, fetches) = cache(None, numbered);
    cache.set(token("old", Duration::from_secs(1)));
    advance(Duration::from_secs(2)).await;
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.token().await })
        })
        .collect();
    for caller in callers {
        assert_eq!(value(&caller.await.unwrap().unwrap()), "Bearer token-1");
    }
    assert_eq!(fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_first_caller_loses_nothing() {
    let gate = Arc::new(Notify::new());
    let (cache, fetches) = cache(Some(gate.clone()), numbered);
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.notify_one();
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-1");
    assert_eq!(fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn within_the_leeway_the_old_token_is_served_while_one_refresh_runs() {
    let gate = Arc::new(Notify::new());
    let (cache, fetches) = cache(Some(gate.clone()), numbered);
    cache.set(token("old", HOUR));
    assert!(matches!(cache.cached(), Cached::Token(_)));
    advance(HOUR - Duration::from_secs(20)).await;
    for _ in 0..100 {
        assert_eq!(value(&cache.token().await.unwrap()), "Bearer old");
    }
    tokio::task::yield_now().await;
    assert_eq!(fetches(), 1);
    gate.notify_one();
    tokio::task::yield_now().await;
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-1");
}

#[tokio::test(start_paused = true)]
async fn the_moment_of_refresh_is_spread() {
    let policy = RefreshPolicy::default();
    let end = token("t", HOUR);
    let moments: Vec<_> = (0..200)
        .map(|_| end.expires_at().unwrap() - policy.refresh_at(&end).unwrap())
        .collect();
    let (least, most) = (moments.iter().min().unwrap(), moments.iter().max().unwrap());
    assert!(*least >= Duration::from_secs(30) && *most <= Duration::from_millis(37_500));
    assert!(
        *most - *least > Duration::from_secs(4),
        "200 clients refresh within {:?}",
        *most - *least
    );
    let short = token("s", Duration::from_secs(8));
    let lead = short.expires_at().unwrap() - policy.refresh_at(&short).unwrap();
    assert!(
        lead <= Duration::from_millis(2500),
        "a short token is not refreshed on each call: {lead:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_leaves_a_live_token_in_use_and_cools_down() {
    let (cache, fetches) = cache(None, |_| Err(outage()));
    cache.set(token("old", HOUR));
    advance(HOUR - Duration::from_secs(25)).await;
    for _ in 0..240 {
        assert_eq!(value(&cache.token().await.unwrap()), "Bearer old");
        advance(Duration::from_millis(100)).await;
    }
    // 24 s: at 0 s, after the cooldowns of 5 s and 10 s, and no more.
    assert!((2..=3).contains(&fetches()), "{} fetches", fetches());
}

#[tokio::test(start_paused = true)]
async fn with_a_dead_token_callers_get_the_failure_and_no_storm_begins() {
    let (cache, fetches) = cache(None, |_| Err(outage()));
    cache.set(token("old", Duration::from_secs(1)));
    advance(Duration::from_secs(2)).await;
    let mut failures = 0;
    for _ in 0..600 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(
            error.is_transient() && !error.is_unauthenticated(),
            "an outage passes: {error}"
        );
        failures += 1;
        advance(Duration::from_millis(100)).await;
    }
    // Over more than 60 s the cooldowns are 5, 10, 20 and 40 s.
    assert_eq!(failures, 600);
    assert!(fetches() <= 5, "{} fetches", fetches());
}

#[tokio::test(start_paused = true)]
async fn the_service_may_ask_for_a_longer_cooldown() {
    let (cache, fetches) = cache(None, |_| {
        Err(
            crate::testing::api_error(429, "resource_exhausted", "slow down")
                .with_retry_after(Some(Duration::from_secs(30))),
        )
    });
    assert_eq!(
        cache.token().await.unwrap_err().code().unwrap().as_str(),
        "resource_exhausted"
    );
    advance(Duration::from_secs(29)).await;
    let error = cache.token().await.unwrap_err();
    assert!(
        error.retry_after().unwrap() <= Duration::from_secs(1),
        "{error:?}"
    );
    assert_eq!(fetches(), 1);
    advance(Duration::from_secs(2)).await;
    let _ = cache.token().await;
    assert_eq!(fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn fifty_rejections_of_one_token_cause_one_refresh() {
    let (cache, fetches) = cache(None, numbered);
    cache.set(token("old", HOUR));
    let old = cache.token().await.unwrap().unwrap();
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (cache, old) = (cache.clone(), old.clone());
            tokio::spawn(async move {
                cache.reject(&old);
                cache.token().await
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(value(&caller.await.unwrap().unwrap()), "Bearer token-1");
    }
    assert_eq!(fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_rejection_does_not_discard_a_newer_token() {
    let (cache, fetches) = cache(None, numbered);
    cache.set(token("old", HOUR));
    let old = cache.token().await.unwrap().unwrap();
    cache.reject(&old);
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-1");
    cache.reject(&old);
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-1");
    assert_eq!(fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_or_sign_out_beats_a_refresh_under_way() {
    let gate = Arc::new(Notify::new());
    let (cache, _) = cache(Some(gate.clone()), numbered);
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    tokio::task::yield_now().await;
    cache.set(token("signed-in", HOUR));
    gate.notify_one();
    assert_eq!(value(&waiting.await.unwrap().unwrap()), "Bearer signed-in");
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer signed-in");

    cache.reject(&cache.peek().unwrap());
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    tokio::task::yield_now().await;
    cache.clear();
    gate.notify_one();
    assert!(
        waiting.await.unwrap().unwrap().is_none(),
        "signed out meanwhile"
    );
    assert!(matches!(cache.cached(), Cached::Absent));
}

#[tokio::test(start_paused = true)]
async fn a_source_without_a_token_is_asked_once() {
    let (cache, fetches) = cache(None, |_| Ok(None));
    for _ in 0..10 {
        assert!(cache.token().await.unwrap().is_none());
    }
    assert_eq!(fetches(), 1);
    cache.reload();
    assert!(cache.token().await.unwrap().is_none());
    assert_eq!(fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_does_not_take_the_cache_with_it() {
    let (cache, _) = cache(None, |call| {
        if call <= 3 {
            panic!("broken source")
        } else {
            numbered(call)
        }
    });
    let error = cache.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-4");
}

#[test]
fn a_refresh_that_died_with_its_runtime_is_started_again_on_another() {
    let gate = Arc::new(Notify::new());
    let (cache, _) = cache(Some(gate.clone()), numbered);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    first.block_on(async {
        let waiting = tokio::spawn({
            let cache = cache.clone();
            async move { cache.token().await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
    });
    drop(first);
    gate.notify_one();
    let second = runtime();
    assert_eq!(
        value(&second.block_on(cache.token()).unwrap()),
        "Bearer token-2"
    );
}

#[tokio::test(start_paused = true)]
async fn an_explicit_refresh_joins_the_one_under_way_and_ignores_the_cooldown() {
    let (cache, _) = cache(None, |call| {
        if call == 1 {
            Err(outage())
        } else {
            numbered(call)
        }
    });
    assert!(cache.token().await.is_err());
    assert!(cache.token().await.is_err(), "in the cooldown");
    let (one, two) = tokio::join!(cache.refresh(), cache.refresh());
    assert_eq!(value(&one.unwrap()), "Bearer token-2");
    assert_eq!(value(&two.unwrap()), "Bearer token-2");
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_and_every_later_one_say_the_same() {
    let rejected = || {
        let error = crate::testing::api_error(503, "unavailable", "not now");
        Err(error.with_numeric_code(14).with_request_id("X"))
    };
    let (cache, fetches) = cache(None, move |_| rejected());
    let first = cache.token().await.unwrap_err();
    advance(Duration::from_secs(1)).await;
    let later = cache.token().await.unwrap_err();
    assert_eq!(fetches(), 1);
    assert_eq!(first.retry_after(), Some(Duration::from_secs(5)));
    assert_eq!(later.retry_after(), Some(Duration::from_secs(4)));
    for error in [first, later] {
        assert_eq!(error.numeric_code(), Some(14));
        assert!(error.is_retryable() && !error.was_sent(), "{error:?}");
        assert_eq!(
            error.to_string().matches("request id X").count(),
            1,
            "{error}"
        );
    }
    // An explicit one is made all the same, and says when the next one is due without being asked.
    let explicit = cache.refresh().await.unwrap_err();
    assert_eq!(fetches(), 2);
    assert_eq!(explicit.retry_after(), Some(Duration::from_secs(5)));
    assert!(explicit.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_ended_says_so_once_to_all_who_wait() {
    let ended = |_| {
        let error = Error::new(ErrorKind::Credentials, "the session has ended");
        Err(error.with_code(crate::ErrorCode::from("invalid_grant")))
    };
    let (cache, fetches) = cache(None, ended);
    cache.set(token("old", Duration::from_secs(1)));
    advance(Duration::from_secs(2)).await;
    let (one, two) = tokio::join!(cache.token(), cache.token());
    for error in [one.unwrap_err(), two.unwrap_err()] {
        assert_eq!(error.code().unwrap().as_str(), "invalid_grant");
        assert_eq!(
            error.to_string().matches("the session has ended").count(),
            1
        );
        assert!(!error.is_retryable() && error.retry_after().is_none());
    }
    assert!(matches!(cache.cached(), Cached::Absent));
    assert!(cache.token().await.unwrap().is_none() && cache.peek().is_none());
    assert_eq!(fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_good_for_nothing_are_replaced_once_a_second() {
    // Rejected each time, over on arrival, and over after a moment.
    for lifetime in [HOUR, Duration::ZERO, Duration::from_millis(10)] {
        let (cache, fetches) = cache(None, move |call| {
            Ok(Some(token(&format!("token-{call}"), lifetime)))
        });
        cache.set(token("old", lifetime));
        let begin = Instant::now();
        for _ in 0..200 {
            let current = cache.token().await.unwrap().unwrap();
            cache.reject(&current);
            advance(Duration::from_millis(50)).await;
        }
        let seconds = usize::try_from(begin.elapsed().as_secs()).unwrap();
        let fetched = fetches();
        assert!(
            (seconds / 2..=seconds + 1).contains(&fetched),
            "{lifetime:?}: {fetched} fetches in {seconds} s"
        );
        // An explicit refresh fetches a new one.
        cache.refresh().await.unwrap();
        assert_eq!(fetches(), fetched + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_not_just_fetched_is_replaced_when_it_is_rejected() {
    let (cache, _) = cache(None, numbered);
    // As it is when it has lain in a store, or has just been signed in with.
    let stored = cache.token().await.unwrap().unwrap();
    cache.reject(&stored);
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-2");
    cache.set(token("signed-in", HOUR));
    cache.reject(&cache.peek().unwrap());
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-3");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_read_again_is_refreshed_as_early_as_before() {
    let kept = token("kept", HOUR);
    let again = kept.clone();
    let (cache, fetches) = cache(None, move |call| match call {
        1 => Ok(Some(again.clone())),
        call => numbered(call),
    });
    cache.set(kept);
    cache.reload();
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer kept");
    advance(HOUR - Duration::from_secs(20)).await;
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer kept");
    sleep(Duration::from_millis(100)).await;
    assert_eq!(fetches(), 2, "within the leeway");
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_credentials_that_may_pass_ends_nothing() {
    let (cache, _) = cache(None, |call| match call {
        1 => Err(Error::new(ErrorKind::Credentials, "the keychain is locked").with_transient(true)),
        call => numbered(call),
    });
    cache.set(token("old", Duration::from_secs(1)));
    advance(Duration::from_secs(2)).await;
    cache.token().await.unwrap_err();
    assert!(cache.peek().is_some(), "the session is kept");
    advance(Duration::from_secs(61)).await;
    assert_eq!(value(&cache.token().await.unwrap()), "Bearer token-2");
}
