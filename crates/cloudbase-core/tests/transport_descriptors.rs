//! A program that has no file descriptors left waits for one of its connections.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![cfg(unix)]

#[path = "support/server.rs"]
mod server;

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use cloudbase_core::{Client, ErrorKind};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;

use self::server::{Server, get, ok, post, read_request};

/// Where the program with the limit finds the server of the one without.
const SERVER: &str = "CLOUDBASE_TEST_DESCRIPTORS_SERVER";

/// Runs the test `name` in a program of its own that may have 64 files open.
async fn limited(name: &'static str, server: &Server) {
    let url = server.url();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("sh")
            .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(SERVER, url)
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn client(url: &str) -> Client {
    let client = Client::builder().env_id("demo").endpoint(url);
    client.max_attempts(1).build().unwrap()
}

#[tokio::test]
async fn calls_wait_for_a_connection_that_comes_free() {
    let Ok(url) = std::env::var(SERVER) else {
        let server = Server::responding(ok("{}")).await;
        limited("calls_wait_for_a_connection_that_comes_free", &server).await;
        assert_eq!(server.seen.heads().len(), 1000);
        assert!(server.seen.connections() < 64);
        return;
    };
    let client = client(&url);
    let calls = (0..1000).map(|_| client.fetch(post("/v1/a")));
    for response in join_all(calls).await {
        response.unwrap();
    }
}

/// On connections that the server closes: descriptors come free all the time, also between the
/// failure of a resolver and a look at why.
#[tokio::test]
async fn calls_by_name_wait_for_a_descriptor_that_comes_free() {
    let Ok(url) = std::env::var(SERVER) else {
        let response = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
        let server = Server::start(move |mut socket, seen| async move {
            if read_request(&mut socket, &seen).await.is_some() {
                let _ = socket.write_all(response.as_bytes()).await;
            }
        });
        let server = server.await;
        limited(
            "calls_by_name_wait_for_a_descriptor_that_comes_free",
            &server,
        )
        .await;
        assert_eq!(server.seen.heads().len(), 1000);
        return;
    };
    let client = client(&url.replace("127.0.0.1", "localhost"));
    let calls = (0..1000).map(|_| client.fetch(post("/v1/a")));
    for response in join_all(calls).await {
        response.unwrap();
    }
}

#[tokio::test]
async fn with_no_connection_open_it_is_an_error() {
    let Ok(url) = std::env::var(SERVER) else {
        let server = Server::responding(ok("{}")).await;
        limited("with_no_connection_open_it_is_an_error", &server).await;
        assert_eq!(server.seen.connections(), 1);
        return;
    };
    let client = client(&url);
    let mut files = take_all();
    for endpoint in [&*url, &url.replace("127.0.0.1", "localhost")] {
        let error = self::client(endpoint)
            .fetch(get("/v1/a"))
            .await
            .unwrap_err();
        assert!(error.is_connect() && error.is_retryable(), "{error:?}");
        if endpoint == url {
            assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
            let reason = "this program has no file descriptors left (`ulimit -n`)";
            assert!(error.message().ends_with(reason), "{error:?}");
        }
    }
    files.pop();
    client.fetch(get("/v1/a")).await.unwrap();
}

/// Takes every descriptor that is left.
fn take_all() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[tokio::test]
async fn connections_that_nobody_waits_for_are_not_tried_for_ever() {
    let Ok(url) = std::env::var(SERVER) else {
        let server = Server::responding(ok("{}")).await;
        limited(
            "connections_that_nobody_waits_for_are_not_tried_for_ever",
            &server,
        )
        .await;
        assert_eq!(server.seen.heads().len(), 200);
        assert!(server.seen.connections() <= 8);
        return;
    };
    let limit = Duration::from_secs(2);
    let client = Client::builder().env_id("demo").endpoint(url);
    let client = client.max_attempts(1).attempt_timeout(limit);
    let client = client.build().unwrap();
    let mut files = take_all();
    files.truncate(files.len() - 8);
    let calls = (0..200).map(|_| client.fetch(post("/v1/a")));
    for response in join_all(calls).await {
        response.unwrap();
    }
    tokio::time::sleep(limit).await;
    drop(files);
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn calls_that_resolve_a_name_do_not_wait_for_each_other() {
    let Ok(url) = std::env::var(SERVER) else {
        let server = Server::responding(ok("{}")).await;
        limited(
            "calls_that_resolve_a_name_do_not_wait_for_each_other",
            &server,
        )
        .await;
        assert_eq!(server.seen.connections(), 0);
        return;
    };
    for endpoint in [&*url, &url.replace("127.0.0.1", "localhost")] {
        let client = client(endpoint);
        let files = take_all();
        let calls = (0..50).map(|_| client.fetch(get("/v1/a")));
        for response in join_all(calls).await {
            let error = response.unwrap_err();
            assert_eq!(error.timeout_phase(), None, "{error:?}");
            assert!(!error.was_sent() && error.is_connect(), "{error:?}");
        }
        drop(files);
    }
}
