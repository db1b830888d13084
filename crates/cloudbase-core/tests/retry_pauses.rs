//! How long a call waits between its attempts, and which failures it does not repeat.

#![cfg(feature = "test-util")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::config::RetryConfig;
use cloudbase_core::http::{Method, Response, Uri};
use cloudbase_core::testing::MockTransport;
use cloudbase_core::{Client, Envelope, ErrorKind, Operation};
use tokio::time::Instant;

const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_millis(800);
/// With this many calls a uniform pause misses the first or last fifth of its range once in 10^19 runs.
const CALLS: usize = 200;
/// What tokio rounds a timer up to.
const TICK: Duration = Duration::from_millis(1);

fn read() -> Operation {
    Operation::new(
        "test.call",
        "/v1/test",
        Method::GET,
        Uri::from_static("/v1/test"),
    )
}

fn response(status: u16, retry_after: Option<&'static str>, body: &'static str) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    response.body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// A client whose every attempt fails with `response`, and when the attempts were made.
fn failing(max_attempts: u32, response: Response<Bytes>) -> (Client, Arc<Mutex<Vec<Instant>>>) {
    let attempts = Arc::<Mutex<Vec<Instant>>>::default();
    let seen = attempts.clone();
    let mock = MockTransport::new().fallback(move |_| {
        seen.lock().unwrap().push(Instant::now());
        let response = response.clone().map(Into::into);
        async { Ok(response) }
    });
    let mut retry = RetryConfig::default();
    (retry.max_attempts, retry.budget) = (max_attempts, u32::MAX);
    (retry.base, retry.cap) = (BASE, CAP);
    let client = Client::builder().env_id("test-env").access_key("key");
    let client = client.retry(retry).timeout(Duration::from_secs(3600));
    (client.transport(mock).build().unwrap(), attempts)
}

/// The pauses of many calls before their second attempt, before their third, and so on.
async fn pauses(max_attempts: u32, response: Response<Bytes>) -> Vec<Vec<Duration>> {
    let (client, attempts) = failing(max_attempts, response);
    let mut pauses = vec![Vec::new(); max_attempts as usize - 1];
    for _ in 0..CALLS {
        let error = client.fetch(read()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Api, max_attempts)
        );
        let attempts = std::mem::take(&mut *attempts.lock().unwrap());
        for (pauses, pair) in pauses.iter_mut().zip(attempts.windows(2)) {
            pauses.push(pair[1] - pair[0]);
        }
    }
    pauses
}

/// Checks that `pauses` are spread over the whole range from `from` to `from + width`.
fn assert_spread(pauses: &[Duration], from: Duration, width: Duration) {
    let (shortest, longest) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
    let seen = format!("{shortest:?} to {longest:?} of {from:?} + {width:?}");
    assert_eq!(pauses.len(), CALLS);
    assert!(
        *shortest >= from && *longest <= from + width + TICK,
        "{seen}"
    );
    assert!(*shortest < from + width / 5 + TICK, "{seen}");
    assert!(*longest > from + width * 4 / 5, "{seen}");
}

#[tokio::test(start_paused = true)]
async fn pauses_double_up_to_the_cap_and_are_random() {
    let pauses = pauses(6, response(503, None, "")).await;
    for (pauses, ceiling) in pauses.iter().zip([100, 200, 400, 800, 800]) {
        assert_spread(pauses, Duration::ZERO, Duration::from_millis(ceiling));
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_got_the_same_retry_after_come_back_at_different_moments() {
    let asked = Duration::from_secs(2);
    let pauses = pauses(3, response(429, Some("2"), "")).await;
    for (pauses, width) in pauses.iter().zip([BASE, 2 * BASE]) {
        assert_spread(pauses, asked, width);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_its_own_cap_ends_the_call() {
    for (seconds, made) in [("20", 2), ("21", 1)] {
        let (client, attempts) = failing(2, response(503, Some(seconds), ""));
        let error = client.fetch(read()).await.unwrap_err();
        assert_eq!(attempts.lock().unwrap().len(), made, "{seconds}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_is_lost_is_not_asked_for_again() {
    for (body, made) in [
        (r#"{"error":"data_loss","error_description":"gone"}"#, 1),
        (r#"{"error_code":15,"error_description":"gone"}"#, 1),
        (r#"{"error":"unavailable","error_description":"wait"}"#, 2),
        (r#"{"error":"internal","error_description":"once more"}"#, 2),
    ] {
        let (client, attempts) = failing(2, response(500, None, body));
        let call = read().envelope(Envelope::Auth);
        let error = client.fetch(call).await.unwrap_err();
        assert_eq!(attempts.lock().unwrap().len(), made, "{error}");
        assert_eq!(error.is_retryable(), made > 1, "{error}");
    }
}
