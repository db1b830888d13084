//! When an upload is given up: it gets no connection, or moves too slowly.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::http::{Method, Request, Response, Uri};
use cloudbase_core::{
    Body, BoxError, CallOptions, Client, ClientBuilder, Operation, Result, TimeoutPhase,
};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep, timeout};
use tower::service_fn;

fn upload(body: Body) -> Operation {
    let target = Uri::from_static("/v1/test");
    let operation = Operation::new("test.call", "/v1/test", Method::PUT, target);
    operation.transfer().body(body)
}

fn client() -> ClientBuilder {
    Client::builder()
        .env_id("test-env")
        .access_key("key")
        .max_attempts(1)
}

/// What becomes of `operation` and when; a test must not wait for it for ever.
async fn outcome(client: &Client, operation: Operation) -> (Result<()>, Duration) {
    let begun = Instant::now();
    let outcome = timeout(Duration::from_secs(86_400), client.execute(operation)).await;
    (outcome.unwrap().map(drop), begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn an_upload_without_a_connection_ends_with_the_attempt_timeout() {
    for (attempt, given_up_after) in [(15, 15), (30, 30), (12, 15), (1, 5)] {
        let transport =
            service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
        let client = client()
            .attempt_timeout(Duration::from_secs(attempt))
            .transport(transport)
            .build()
            .unwrap();
        for body in [Body::from("abc"), dripping(Duration::ZERO, 3)] {
            let (outcome, after) = outcome(&client, upload(body)).await;
            let error = outcome.unwrap_err();
            assert_eq!(
                error.timeout_phase(),
                Some(TimeoutPhase::Attempt),
                "{error}"
            );
            // It is looked at each time that the stall timeout of five seconds has passed.
            assert_eq!(after.as_secs(), given_up_after, "{attempt}");
        }
    }
}

/// A transport that takes everything at once.
fn taking(client: ClientBuilder) -> Client {
    let transport = service_fn(|request: Request<Body>| async {
        let mut body = request.into_body().into_data_stream();
        while body.next().await.transpose()?.is_some() {}
        Ok::<_, BoxError>(Response::new(Body::from("{}")))
    });
    client.transport(transport).build().unwrap()
}

/// One byte each `every`.
fn dripping(every: Duration, bytes: usize) -> Body {
    Body::stream(Box::pin(stream::iter(0..bytes).then(move |_| async move {
        sleep(every).await;
        Ok::<_, BoxError>(Bytes::from_static(b"a"))
    })))
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_moves_less_than_a_byte_a_second_is_stalled() {
    let millis = Duration::from_millis;
    for (stall, every, moves) in [
        (5, millis(900), true),
        (5, millis(1500), false),
        (5, millis(4900), false),
        (20, millis(900), true),
        (20, millis(1500), false),
        (20, millis(19_000), false),
    ] {
        let client = taking(client().stall_timeout(Duration::from_secs(stall)));
        let (outcome, after) = outcome(&client, upload(dripping(every, 100))).await;
        let seen = format!("{stall} s, {every:?}: {outcome:?} after {after:?}");
        match outcome {
            Ok(()) => assert!(moves, "{seen}"),
            Err(error) => {
                assert!(!moves, "{seen}");
                assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Stall), "{seen}");
                assert!(after < Duration::from_secs(3 * stall), "{seen}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_stall_timeout_of_a_call_takes_the_place_of_the_clients() {
    let seconds = Duration::from_secs;
    for (of_client, of_call, arrives) in [(5, 20, true), (20, 5, false)] {
        let client = taking(client().stall_timeout(seconds(of_client)));
        let options = CallOptions::new().with_stall_timeout(seconds(of_call));
        let operation = upload(dripping(seconds(8), 1)).options(options);
        let (outcome, _) = outcome(&client, operation).await;
        assert_eq!(outcome.is_ok(), arrives, "{of_client} s, {of_call} s");
    }
}
