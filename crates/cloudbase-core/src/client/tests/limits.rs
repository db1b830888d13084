//! Time and size: each limit ends what it should and nothing else.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Response;
use tokio::time::sleep;

use super::*;
use crate::testing::answer;
use crate::{BoxError, CallOptions, ErrorKind, TimeoutPhase};

async fn never() -> std::result::Result<Response<Body>, BoxError> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_ends_and_only_a_read_is_repeated() {
    let mock = MockTransport::new().fallback(|_| never());
    let start = Instant::now();
    let error = client(&mock).fetch(post()).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
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
    let mut options = CallOptions::default();
    options.timeout = Some(Duration::from_secs(20));
    let start = Instant::now();
    let error = client(&mock)
        .fetch(get().options(options))
        .await
        .unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_answer_ends_and_a_slow_one_that_moves_does_not() {
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
        "sent, but no answer came"
    );
    assert!(
        start.elapsed() <= Duration::from_secs(21),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_over_the_limit_is_not_read() {
    let declared = MockTransport::new().answer(answer(200, &[], vec![b'1'; 11 * 1024 * 1024]));
    let error = client(&declared).fetch(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);

    let endless = MockTransport::new().then(|_| async {
        let pieces = stream::repeat_with(|| Ok::<_, BoxError>(Bytes::from(vec![b'1'; 65536])));
        Ok(Response::new(Body::stream(pieces)))
    });
    let error = client(&endless).fetch(get()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::TooLarge, false)
    );

    let mut options = CallOptions::default();
    options.max_response_size = Some(4);
    let mock = MockTransport::new().answer(answer(200, &[], "12345"));
    assert_eq!(
        client(&mock)
            .fetch(get().options(options))
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::TooLarge
    );
}
