//! Connections are used again while they are young, and closed by themselves after that.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use self::server::{Server, get, ok, read_request};

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
