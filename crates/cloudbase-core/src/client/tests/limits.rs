//! Time and size: each limit ends what it should and nothing else.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Response;
use tokio::time::sleep;

use tower::ServiceExt as _;

use super::*;
use crate::testing::response;
use crate::{BoxError, CallOptions, ErrorKind, TimeoutPhase};

async fn never() -> std::result::Result<Response<Body>, BoxError> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_a_response_ends_and_only_a_read_is_repeated() {
    let mock = MockTransport::new().fallback(|_| never());
    let start = Instant::now();
    let error = client(&mock).fetch(post()).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
    assert_eq!(error.message(), "no response after 15s (`attempt_timeout`)");
    assert_eq!(start.elapsed(), Duration::from_secs(15));
    assert!(error.was_sent() && !error.is_retryable());

    let start = Instant::now();
    let error = client(&mock).fetch(get()).await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert!(start.elapsed() < Duration::from_secs(47));
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_ends_a_call_whatever_it_is_doing() {
    let mock = MockTransport::new().fallback(|_| never());
    let options = CallOptions::new().with_timeout(Duration::from_secs(20));
    let start = Instant::now();
    let error = client(&mock)
        .fetch(get().options(options))
        .await
        .unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(error.message(), "not finished after 20s (`timeout`)");
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_in_an_attempt_is_the_calls_and_not_the_attempts() {
    let mock = MockTransport::new().fallback(|_| never());
    let options = CallOptions::new().with_timeout(Duration::from_secs(5));
    let start = Instant::now();
    let call = get().options(options);
    let error = client(&mock).fetch(call).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(error.attempts(), 1);
}

/// The error of a call; one that nothing ends fails the test instead of stopping it.
async fn bounded<T: std::fmt::Debug>(call: impl Future<Output = Result<T>>) -> crate::Error {
    let ended = tokio::time::timeout(Duration::from_secs(600), call).await;
    ended.expect("the call ends by itself").unwrap_err()
}

/// A refresh that never comes to an end.
struct Stuck;

impl crate::credential::CredentialProvider for Stuck {
    fn token(
        &self,
    ) -> futures_core::future::BoxFuture<'_, Result<Option<crate::credential::Token>>> {
        Box::pin(std::future::pending())
    }

    fn reject(&self, _: &crate::credential::Token) {}
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_call_that_has_no_attempt_under_way() {
    let mock = MockTransport::new();
    let client = builder(&mock).credentials(Stuck).build().unwrap();
    let start = Instant::now();
    let error = bounded(client.fetch(get())).await;
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    assert_eq!(error.attempts(), 0);
    assert!(!error.was_sent());
}

/// Sends a failed attempt again at once, up to ten times.
fn repeat() -> impl tower::Layer<crate::HttpService, Service = crate::HttpService> + Send + 'static
{
    tower::layer::layer_fn(|inner: crate::HttpService| {
        crate::HttpService::new(tower::service_fn(move |request: http::Request<Body>| {
            let inner = inner.clone();
            async move {
                let (head, body) = request.into_parts();
                let mut result = Err(BoxError::from("not sent"));
                for _ in 0..10 {
                    let body = body.try_clone().unwrap();
                    let request = http::Request::from_parts(head.clone(), body);
                    result = inner.clone().oneshot(request).await;
                    if result.is_ok() {
                        break;
                    }
                }
                result
            }
        }))
    })
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_repeats_attempts_sends_none_when_the_time_is_up() {
    let mock = MockTransport::new().fallback(|_| std::future::pending());
    let client = builder(&mock).attempt_layer(repeat()).build().unwrap();
    bounded(client.fetch(get())).await;
    // An attempt takes 15 seconds, the call 60.
    assert_eq!(mock.requests().len(), 4);
}

/// Gives the first token after 20 seconds, and then none for good.
#[derive(Default)]
struct SlowThenStuck {
    asked: AtomicUsize,
}

impl TokenSource for SlowThenStuck {
    fn fetch(&self, _: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            match first {
                true => sleep(Duration::from_secs(20)).await,
                false => std::future::pending().await,
            }
            Ok(Some(token(1)))
        })
    }
}

fn with_slow_session(mock: &MockTransport) -> Client {
    let provider = TokenCache::new(SlowThenStuck::default(), RefreshPolicy::default());
    builder(mock).credentials(provider).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_begins_with_the_attempt() {
    let mock = MockTransport::new().then(|_| async {
        sleep(Duration::from_secs(10)).await;
        Ok(response(200, &[], "{}").map(Body::from))
    });
    let start = Instant::now();
    with_slow_session(&mock).fetch(get()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_watched_again_when_an_attempt_is_over() {
    let mock = MockTransport::new().json(401, &json!({ "code": "ACCESS_TOKEN_EXPIRED" }));
    let start = Instant::now();
    let error = bounded(with_slow_session(&mock).fetch(get())).await;
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total), "{error}");
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    assert_eq!(error.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_response_ends_and_a_slow_one_that_moves_does_not() {
    let trickle = |pause: u64, bytes: usize| {
        MockTransport::new().then(move |_| {
            let pieces = stream::iter(0..20).then(move |_| async move {
                sleep(Duration::from_secs(pause)).await;
                Ok::<_, BoxError>(Bytes::from(vec![b' '; bytes]))
            });
            async move { Ok(Response::new(Body::stream(pieces))) }
        })
    };
    let slow_loris = trickle(10, 1);
    let start = Instant::now();
    let body = client(&slow_loris)
        .execute(get().transfer())
        .await
        .unwrap()
        .into_value();
    let error = body.into_bytes(1000).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Stall));
    assert_eq!(start.elapsed(), Duration::from_secs(5));

    let slow = trickle(4, 100);
    let body = client(&slow)
        .execute(get().transfer())
        .await
        .unwrap()
        .into_value();
    assert_eq!(
        body.into_bytes(10_000).await.unwrap().len(),
        2000,
        "80 s, but never still for 5 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_not_taken_for_a_slow_server() {
    let mock = MockTransport::new().then(|_| async {
        let pieces = stream::iter((0..3).map(|_| Ok::<_, BoxError>("data")));
        Ok(Response::new(Body::stream(pieces)))
    });
    let mut body = client(&mock)
        .execute(get().transfer())
        .await
        .unwrap()
        .into_value()
        .into_data_stream();
    while let Some(piece) = body.next().await {
        piece.unwrap();
        sleep(Duration::from_secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_long_while_it_moves_and_ends_when_it_stalls() {
    let upload = |pause: u64| {
        let pieces = stream::iter(0..30).then(move |_| async move {
            sleep(Duration::from_secs(pause)).await;
            Ok::<_, BoxError>(Bytes::from_static(&[0; 1000]))
        });
        streaming_post()
            .body(Body::stream(Box::pin(pieces)))
            .transfer()
    };
    let mock = MockTransport::new().json(200, &json!({}));
    client(&mock).execute(upload(3)).await.unwrap();

    let mock = MockTransport::new().json(200, &json!({}));
    let start = Instant::now();
    let error = client(&mock).execute(upload(3600)).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Stall));
    assert_eq!(start.elapsed(), Duration::from_secs(5));

    let mock = MockTransport::new().fallback(|_| never());
    let start = Instant::now();
    let error = client(&mock).execute(upload(0)).await.unwrap_err();
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Attempt),
        "sent, but no response came"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(60));
}

/// A transport that takes so many pieces of the body, and then nothing more.
fn taking(pieces: usize) -> ClientBuilder {
    let transport = tower::service_fn(move |request: http::Request<Body>| async move {
        let mut body = request.into_body().into_data_stream();
        for _ in 0..pieces {
            if body.next().await.is_none() {
                break;
            }
            sleep(Duration::from_secs(3)).await;
        }
        let _kept = body;
        never().await
    });
    Client::builder()
        .env_id("test-env")
        .access_key("key")
        .max_attempts(1)
        .transport(transport)
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_noticed_when_the_limit_is_over() {
    // Three pieces of 32 KiB are taken, the last after six seconds.
    let upload = || post().body(Bytes::from(vec![0; 256 * 1024])).transfer();
    for limit in [4, 5, 60] {
        let limit = Duration::from_secs(limit);
        let client = taking(3).stall_timeout(limit).build().unwrap();
        let start = Instant::now();
        let error = client.execute(upload()).await.unwrap_err();
        assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Stall));
        assert!(error.message().contains(&format!("{limit:?}")), "{error:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(6) + limit);
    }
}

#[tokio::test(start_paused = true)]
async fn less_than_a_byte_a_second_is_a_stall() {
    let dripping = |every: u64| {
        let bytes = stream::iter(0..10).then(move |_| async move {
            sleep(Duration::from_millis(every)).await;
            Ok::<_, BoxError>(Bytes::from_static(b"a"))
        });
        post().body(Body::stream(Box::pin(bytes))).transfer()
    };
    let client = taking(100).timeout(Duration::from_secs(60));
    let client = client.build().unwrap();
    let error = client.execute(dripping(1)).await.unwrap_err();
    // A byte every three seconds.
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Stall),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_the_response_to_an_upload_has_the_total_limit_and_says_so() {
    for (attempt, total) in [(2, 5), (30, 5), (2, 90)] {
        let total = Duration::from_secs(total);
        let client = taking(1)
            .attempt_timeout(Duration::from_secs(attempt))
            .timeout(total)
            .build()
            .unwrap();
        for body in [
            Body::from("abc"),
            Body::stream(stream::iter([Ok::<_, BoxError>("abc")])),
        ] {
            let start = Instant::now();
            let upload = post().body(body.with_length(3)).transfer();
            // The call's own is that up to the first byte.
            let own = CallOptions::new().with_attempt_timeout(Duration::from_secs(1));
            let error = client.execute(upload.options(own)).await.unwrap_err();
            assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
            assert_eq!(
                error.message(),
                format!("no response {total:?} after the upload (`timeout`)")
            );
            assert_eq!(start.elapsed(), total);
            assert!(error.was_sent());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_over_the_limit_is_not_read() {
    let declared = MockTransport::new().response(response(200, &[], vec![b'1'; 11 * 1024 * 1024]));
    let error = client(&declared).fetch(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(
        error.message(),
        "the response is longer than 10485760 bytes, the `max_response_size`"
    );

    let endless = MockTransport::new().then(|_| async {
        let pieces = stream::repeat_with(|| Ok::<_, BoxError>(Bytes::from(vec![b'1'; 65536])));
        Ok(Response::new(Body::stream(pieces)))
    });
    let error = client(&endless).fetch(get()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::TooLarge, false)
    );
    assert!(
        error.message().ends_with("the `max_response_size`"),
        "{error}"
    );
    let error = Body::from("12345").into_bytes(4).await.unwrap_err();
    assert_eq!(
        error.message(),
        "the body is longer than the `limit` of 4 bytes"
    );

    let options = CallOptions::new().with_max_response_size(4);
    let mock = MockTransport::new().response(response(200, &[], "12345"));
    assert_eq!(
        client(&mock)
            .fetch(get().options(options))
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::TooLarge
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_connection_is_not_taken_for_a_stalled_upload() {
    // Takes 8 KiB a second; a piece is 256 KiB.
    let slow = tower::service_fn(|request: http::Request<Body>| async move {
        let mut body = request.into_body().into_data_stream();
        let mut received = 0;
        while let Some(piece) = body.next().await {
            let piece = piece?;
            received += piece.len();
            sleep(Duration::from_millis(piece.len() as u64 / 8)).await;
        }
        Ok::<_, BoxError>(Response::new(Body::from(received.to_string())))
    });
    let client = Client::builder()
        .env_id("test-env")
        .access_key("key")
        .transport(slow)
        .build()
        .unwrap();
    let upload = post().body(Bytes::from(vec![0; 256 * 1024])).transfer();
    let response = client.execute(upload).await.unwrap().into_value();
    assert_eq!(response.into_bytes(100).await.unwrap(), "262144");
}

#[tokio::test(start_paused = true)]
async fn no_limit_is_a_limit_too() {
    let mock = MockTransport::new().fallback(|_| async {
        sleep(Duration::from_secs(3600)).await;
        Ok(response(200, &[], "{}").map(Body::from))
    });
    let unlimited = builder(&mock)
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .stall_timeout(Duration::MAX)
        .build()
        .unwrap();
    unlimited.fetch(post()).await.unwrap();
    unlimited.execute(post().transfer()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn little_pieces_do_not_count_the_consumers_time() {
    let mock = MockTransport::new().then(|_| async {
        let pieces = stream::iter(0..6).then(|_| async {
            sleep(Duration::from_millis(500)).await;
            Ok::<_, BoxError>(Bytes::from_static(b":"))
        });
        Ok(Response::new(Body::stream(pieces)))
    });
    let response = client(&mock).execute(get().transfer()).await.unwrap();
    let mut body = response.into_value().into_data_stream();
    while let Some(piece) = body.next().await {
        piece.unwrap();
        sleep(Duration::from_secs(30)).await;
    }
}

#[test]
fn what_is_left_of_a_limit_is_said_in_round_figures() {
    for (left, shown) in [
        (Duration::from_micros(59_999_953), "60s"),
        (Duration::from_millis(340), "300ms"),
        (Duration::from_micros(7), "100ms"),
    ] {
        let message = crate::Error::timeout(TimeoutPhase::Queue, left);
        let beginning = format!("no free connection after {shown}: ");
        assert!(message.message().starts_with(&beginning), "{message}");
    }
}

#[test]
fn a_message_that_is_cut_off_says_so() {
    let long = crate::Error::new(ErrorKind::Decode, "x".repeat(201));
    let shown = format!("unexpected response: {}…", "x".repeat(200));
    assert_eq!(long.to_string(), shown);
    let whole = crate::Error::new(ErrorKind::Decode, "x".repeat(200));
    assert!(whole.to_string().ends_with('x'));
    // What is wrong with a host or a file comes after its name.
    let local = crate::Error::new(ErrorKind::Local, "x".repeat(300));
    assert!(local.to_string().ends_with(&"x".repeat(300)));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_nothing_is_rejected_before_anything_is_sent() {
    let mock = MockTransport::new();
    let client = client(&mock);
    let options = CallOptions::new;
    let limits = [
        ("timeout", options().with_timeout(Duration::ZERO)),
        (
            "attempt_timeout",
            options().with_attempt_timeout(Duration::ZERO),
        ),
        (
            "stall_timeout",
            options().with_stall_timeout(Duration::ZERO),
        ),
        ("max_attempts", options().with_max_attempts(0)),
    ];
    for (name, options) in limits {
        let error = client.fetch(get().options(options)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{name}");
        // As all rejections do, whether or not the call is known already.
        let beginning = format!("invalid argument: `{name}` must be");
        assert!(error.to_string().starts_with(&beginning), "{error}");
        assert_eq!(error.operation(), "things.get");
    }
    assert!(mock.requests().is_empty());
}
