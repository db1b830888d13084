//! Connections are used again while they are young, and closed by themselves after that.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::ErrorKind;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use self::server::{Server, get, ok, post, read_request};

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

#[tokio::test]
async fn an_idle_connection_is_closed_though_nobody_calls() {
    let closed = Arc::new(Notify::new());
    let signal = closed.clone();
    let server = Server::start(move |mut socket, seen| {
        let signal = signal.clone();
        async move {
            while read_request(&mut socket, &seen).await.is_some() {
                socket.write_all(ok("{}").as_bytes()).await.unwrap();
            }
            signal.notify_one();
        }
    })
    .await;
    let client = server.client().pool_idle_timeout(Duration::from_millis(20));
    let client = client.build().unwrap();
    client.fetch(get("/v1/a")).await.unwrap();
    // The client lives on and makes no call: its pool's own timer closes the connection.
    tokio::time::timeout(Duration::from_secs(30), closed.notified())
        .await
        .expect("the connection is closed");
    client.fetch(get("/v1/a")).await.unwrap();
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_is_not_old_is_used_again() {
    let server = Server::responding(ok("{}")).await;
    let client = server.client().pool_idle_timeout(Duration::from_secs(600));
    let client = client.build().unwrap();
    for _ in 0..10 {
        client.fetch(get("/v1/a")).await.unwrap();
    }
    assert_eq!(server.seen.connections(), 1);
}

#[test]
fn a_client_is_built_outside_a_runtime_and_outlives_those_that_it_is_used_on() {
    let elsewhere = driven();
    let server = elsewhere.block_on(Server::responding(ok("{}")));
    let client = server.client().build().unwrap();
    // The connections of a runtime die with it; they must cost the next one nothing.
    for _ in 0..5 {
        runtime().block_on(async {
            let calls = (0..4).map(|_| client.fetch(post("/v1/a")));
            for response in futures_util::future::join_all(calls).await {
                response.unwrap();
            }
        });
    }
}

/// A runtime that runs by itself.
fn driven() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_stands_still_or_ends_holds_up_no_call_of_another() {
    let elsewhere = driven();
    let server = elsewhere.block_on(Server::responding(ok("{}")));
    let client = server.client().pool_idle_timeout(Duration::from_secs(600));
    let client = client.build().unwrap();
    let first = runtime();
    first.block_on(client.fetch(get("/v1/a"))).unwrap();
    assert_eq!(server.seen.connections(), 1);
    // The connection is the first runtime's, which is not driven now.
    let second = runtime();
    for operation in [get("/v1/a"), post("/v1/a")] {
        let response = second.block_on(client.fetch(operation)).unwrap();
        assert_eq!(response.attempts(), 1);
    }
    assert_eq!(server.seen.connections(), 2);
    drop(second);
    // It has kept its connection for itself.
    first.block_on(client.fetch(post("/v1/a"))).unwrap();
    assert_eq!(server.seen.connections(), 2);
}

#[test]
fn a_call_without_a_runtime_is_an_error() {
    let client = cloudbase_core::Client::builder()
        .env_id("demo")
        .endpoint("http://127.0.0.1:1")
        .build()
        .unwrap();
    let failed = |error: cloudbase_core::Error| {
        assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");
        assert_eq!(error.operation(), "test.call");
        assert!(error.message().contains("tokio runtime"), "{error:?}");
        assert!(!error.was_sent() && !error.is_retryable(), "{error:?}");
    };
    failed(block_on(client.fetch(get("/v1/a"))).unwrap_err());
    failed(block_on(client.execute(post("/v1/a").transfer())).unwrap_err());
}

/// Another executor.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("it does not wait for anything")
}
