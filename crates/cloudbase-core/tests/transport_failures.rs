//! Each way in which a connection fails has its own kind, and says whether anything was sent.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::sync::atomic::Ordering;
use std::time::Duration;

use cloudbase_core::{Client, Error, ErrorKind, TimeoutPhase};
use tokio::io::AsyncWriteExt as _;

use self::server::{Server, get, ok, post, read_request};

async fn failure(client: &Client, operation: cloudbase_core::Operation) -> Error {
    client.fetch(operation).await.unwrap_err()
}

#[tokio::test]
async fn a_response_arrives() {
    let server = Server::responding(ok("{}")).await;
    let client = server.client().build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.fetch(get("/v1/a?b=c")).await.unwrap().status(), 200);
    }
    assert_eq!(server.seen.connections(), 1);
    let head = &server.seen.heads()[0];
    assert!(head.starts_with("GET /v1/a?b=c HTTP/1.1\r\n"), "{head}");
    assert_eq!(
        server::header(head, "host"),
        Some(&*server.address.to_string())
    );
}

#[tokio::test]
async fn nothing_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder()
        .env_id("demo")
        .endpoint(format!("http://{address}"))
        .max_attempts(1)
        .build()
        .unwrap();
    let error = failure(&client, post("/v1/a")).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(
        error.message(),
        format!("cannot connect to {address}: no server is listening")
    );
    assert!(error.is_connect() && !error.was_sent() && error.is_retryable());
}

#[tokio::test]
async fn name_not_resolved() {
    // No label may have 64 characters, so this fails without asking anybody.
    let client = Client::builder()
        .env_id("demo")
        .endpoint(format!("http://{}.example", "a".repeat(64)))
        .allow_plain_http(true)
        .no_proxy()
        .max_attempts(1)
        .build()
        .unwrap();
    let error = failure(&client, post("/v1/a")).await;
    assert_eq!(error.kind(), ErrorKind::Dns, "{error:?}");
    assert_eq!(
        error.message(),
        format!("the name `{}.example` cannot be resolved", "a".repeat(64))
    );
    assert!(error.is_connect() && !error.was_sent());
}

#[tokio::test]
async fn where_it_failed_is_named_and_nothing_else_of_the_url() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder()
        .env_id("demo")
        .endpoint("http://127.0.0.1:1")
        .max_attempts(1)
        .build()
        .unwrap();
    let url = format!("http://sentinel:sentinel@{address}/sentinel?sentinel=1");
    let error = failure(&client, get(&url)).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(error.message().contains(&address.to_string()), "{error}");
    assert!(!format!("{error} {error:?}").contains("sentinel"));
}

#[tokio::test]
async fn closed_without_a_response() {
    let server = Server::start(|mut socket, seen| async move {
        read_request(&mut socket, &seen).await;
    })
    .await;
    let client = server.client().max_attempts(3).build().unwrap();
    let error = failure(&client, post("/v1/insert")).await;
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert!(error.was_sent() && !error.is_retryable());
    // It may have been carried out: it is not sent again.
    assert_eq!(server.seen.heads().len(), 1);
}

#[tokio::test]
async fn closed_in_the_middle_of_the_response() {
    let server = Server::responding("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    let cut = Server::start(|mut socket, seen| async move {
        read_request(&mut socket, &seen).await;
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
        socket.write_all(half).await.unwrap();
    })
    .await;
    drop(server);
    let client = cut.client().build().unwrap();
    let error = failure(&client, get("/v1/a")).await;
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert!(error.was_sent());
}

#[tokio::test]
async fn not_http() {
    let server = Server::responding("SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    let client = server.client().build().unwrap();
    let error = failure(&client, get("/v1/a")).await;
    assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
    assert!(error.was_sent());
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_nothing() {
    let server = Server::start(|mut socket, seen| async move {
        if read_request(&mut socket, &seen).await.is_some() {
            socket.write_all(ok("{}").as_bytes()).await.unwrap();
        }
    })
    .await;
    let client = server.client().build().unwrap();
    for _ in 0..50 {
        client.fetch(post("/v1/insert")).await.unwrap();
    }
    assert_eq!(server.seen.heads().len(), 50);
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 50);
}

#[tokio::test]
async fn the_body_of_the_request_fails() {
    let server = Server::start(|mut socket, seen| async move {
        read_request(&mut socket, &seen).await;
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    let client = server.client().build().unwrap();
    let pieces = vec![Ok("first"), Err(std::io::Error::other("the disk is gone"))];
    let body = cloudbase_core::Body::stream(futures_util::stream::iter(pieces)).with_length(10);
    let error = failure(&client, post("/v1/a").body(body)).await;
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the disk is gone");
}

#[cfg(feature = "rustls-ring")]
#[tokio::test]
async fn a_silent_server_exceeds_the_connect_limit() {
    let server = Server::start(|socket, _| async move {
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    let limit = Duration::from_millis(50);
    let client = Client::builder()
        .env_id("demo")
        .endpoint(format!("https://{}", server.address))
        .connect_timeout(limit)
        .max_attempts(1)
        .build()
        .unwrap();
    let error = failure(&client, post("/v1/a")).await;
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Connect),
        "{error:?}"
    );
    assert_eq!(
        error.message(),
        format!(
            "cannot connect to {} within 50ms (`connect_timeout`)",
            server.address
        )
    );
    assert!(error.is_connect() && !error.was_sent());
}

#[tokio::test]
async fn a_silent_proxy_exceeds_the_connect_limit() {
    let proxy = Server::start(|socket, _| async move {
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    let client = Client::builder()
        .env_id("demo")
        .endpoint("http://gateway.example")
        .allow_plain_http(true)
        .proxy(format!("socks5h://{}", proxy.address))
        .connect_timeout(Duration::from_millis(50))
        .max_attempts(1)
        .build()
        .unwrap();
    let error = failure(&client, post("/v1/a")).await;
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Connect),
        "{error:?}"
    );
    assert_eq!(
        error.message(),
        format!(
            "cannot connect to gateway.example through the proxy {} within 50ms (`connect_timeout`)",
            proxy.address
        )
    );
    assert!(!error.was_sent());
}

#[tokio::test]
async fn too_many_or_too_large_header_fields_are_named() {
    for (count, length, fits) in [(90, 1, true), (101, 1, false), (90, 50_000, false)] {
        let field = format!("x-many: {}\r\n", "v".repeat(length));
        let head = format!("HTTP/1.1 200 OK\r\n{}", field.repeat(count));
        let server = Server::responding(format!("{head}content-length: 2\r\n\r\n{{}}")).await;
        let client = server.client().max_attempts(3).build().unwrap();
        match client.fetch(get("/v1/a")).await {
            Ok(_) => assert!(fits, "{count}"),
            Err(error) => {
                assert!(!fits, "{error:?}");
                assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
                let message = error.message();
                assert!(
                    message.contains("too many header fields (more than 100)"),
                    "{message}"
                );
                assert!(error.was_sent() && !error.is_retryable(), "{error:?}");
            }
        }
        assert_eq!(server.seen.heads().len(), 1, "{count}");
    }
}
