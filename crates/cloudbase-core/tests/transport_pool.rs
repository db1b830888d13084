//! Connections are used again while they are young, and closed by themselves after that.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

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
    let told = closed.clone();
    let server = Server::start(move |mut socket, seen| {
        let told = told.clone();
        async move {
            while read_request(&mut socket, &seen).await.is_some() {
                socket.write_all(ok("{}").as_bytes()).await.unwrap();
            }
            told.notify_one();
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
    let server = Server::answering(ok("{}")).await;
    let client = server.client().pool_idle_timeout(Duration::from_secs(600));
    let client = client.build().unwrap();
    for _ in 0..10 {
        client.fetch(get("/v1/a")).await.unwrap();
    }
    assert_eq!(server.seen.connections(), 1);
}

#[test]
fn a_client_is_built_outside_a_runtime_and_outlives_those_that_it_is_used_on() {
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = elsewhere.block_on(Server::answering(ok("{}")));
    let client = server.client().build().unwrap();
    // The connections of a runtime die with it; they must cost the next one nothing.
    for _ in 0..5 {
        runtime().block_on(async {
            let calls = (0..4).map(|_| client.fetch(post("/v1/a")));
            for answer in futures_util::future::join_all(calls).await {
                answer.unwrap();
            }
        });
    }
}

#[test]
fn a_runtime_that_ends_takes_no_read_of_another_one_with_it() {
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let asked = Arc::new(Notify::new());
    let told = asked.clone();
    // Answers every request but the second, which waits for its connection to end.
    let server = elsewhere.block_on(Server::start(move |mut socket, seen| {
        let told = told.clone();
        async move {
            while read_request(&mut socket, &seen).await.is_some() {
                if seen.heads().len() == 2 {
                    told.notify_one();
                    continue;
                }
                socket.write_all(ok("{}").as_bytes()).await.unwrap();
            }
        }
    }));
    let client = server.client().max_attempts(2).build().unwrap();
    let first = runtime();
    first.block_on(client.fetch(get("/v1/a"))).unwrap();
    let lasting = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let call = lasting.spawn(async move { client.fetch(get("/v1/a")).await });
    // The connection is the first runtime's, which has to run for anything to be sent on it.
    first.block_on(asked.notified());
    drop(first);
    let answer = lasting.block_on(call).unwrap().unwrap();
    assert_eq!(answer.attempts(), 2);
}
