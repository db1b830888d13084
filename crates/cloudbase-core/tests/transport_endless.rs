//! A body that is always ready, and gives nothing, is ended by the limits like any other.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::{Body, BoxError, Client, TimeoutPhase};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tower::service_fn;

use self::server::{Server, get, post};

const SHORT: Duration = Duration::from_millis(200);

type MakeFrame = fn() -> Frame<Bytes>;

fn frames() -> [MakeFrame; 2] {
    [
        || Frame::data(Bytes::new()),
        || Frame::trailers(HeaderMap::new()),
    ]
}

fn endless(frame: MakeFrame) -> Body {
    let frames = stream::repeat_with(move || Ok::<_, BoxError>(frame()));
    Body::from_http_body(StreamBody::new(frames))
}

fn client(frame: MakeFrame) -> Client {
    Client::builder()
        .env_id("demo")
        .endpoint("http://localhost:1")
        .max_attempts(1)
        .attempt_timeout(SHORT)
        .stall_timeout(SHORT * 2)
        .transport(service_fn(move |_: Request<Body>| async move {
            Ok::<_, BoxError>(Response::new(endless(frame)))
        }))
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_ordinary_response() {
    for frame in frames() {
        let error = client(frame).fetch(post("/v1/a")).await.unwrap_err();
        assert_eq!(
            error.timeout_phase(),
            Some(TimeoutPhase::Attempt),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_streamed_response() {
    for frame in frames() {
        let call = get("/v1/a").transfer();
        let response = client(frame).execute(call).await.unwrap();
        let mut pieces = response.into_value().into_data_stream();
        let error = pieces.next().await.unwrap().unwrap_err();
        assert_eq!(
            error.timeout_phase(),
            Some(TimeoutPhase::Stall),
            "{error:?}"
        );
    }
}

/// Over a connection, whose task would be kept busy.
async fn streamed_request() {
    let server = Server::start(|mut socket, _| async move {
        let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
    });
    let server = server.await;
    let client = Client::builder().env_id("demo").endpoint(server.url());
    let client = client.max_attempts(1).attempt_timeout(SHORT).build();
    let call = post("/v1/a").body(endless(|| Frame::data(Bytes::new())));
    let error = client.unwrap().fetch(call).await.unwrap_err();
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Attempt),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_streamed_request() {
    streamed_request().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_request_on_many_threads() {
    streamed_request().await;
}

#[tokio::test]
async fn a_body_of_the_callers_own() {
    for frame in frames() {
        let reading = endless(frame).into_bytes(10);
        assert!(tokio::time::timeout(SHORT, reading).await.is_err());
        let mut pieces = endless(frame).into_data_stream();
        assert!(tokio::time::timeout(SHORT, pieces.next()).await.is_err());
    }
}

#[tokio::test]
async fn pieces_without_bytes_are_passed_over() {
    let pieces = ["", "a", "", "", "b", ""].map(|piece| Ok::<_, BoxError>(Bytes::from(piece)));
    let many = stream::repeat_with(|| Ok(Bytes::new())).take(1000);
    let body = Body::stream(many.chain(stream::iter(pieces)));
    let read: Vec<_> = body
        .into_data_stream()
        .map(|it| it.unwrap())
        .collect()
        .await;
    assert_eq!(read, ["a", "b"]);
}
