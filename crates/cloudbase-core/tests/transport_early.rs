//! A response that comes before the body of its request is sent ends the sending, and the connection
//! with it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/server.rs"]
mod server;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::config::RetryConfig;
use cloudbase_core::{Body, Idempotency, Operation, Result};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

use self::bodies::{GoneSignal, flowing};
use self::server::{Server, ok, post, read_head};

/// What is here waits for what happens, and only fails by this.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// A body that gives one piece and then none, without an end.
fn waiting(gone: &Arc<Notify>) -> Body {
    let signal = GoneSignal(gone.clone());
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"first"))]);
    let rest = stream::once(async move {
        std::future::pending::<()>().await;
        drop(signal);
        Ok(Bytes::new())
    });
    Body::stream(first.chain(rest))
}

fn reply(status: &str) -> String {
    ok(r#"{"code":"X","message":"m"}"#).replace("200 OK", status)
}

/// Responds to each request at its head, and reads on for as long as anything comes.
async fn responding_at_once(response: String, closed: Arc<Notify>) -> Server {
    let response: Arc<str> = response.into();
    Server::start(move |mut socket, seen| {
        let (response, closed) = (response.clone(), closed.clone());
        async move {
            let Some(head) = read_head(&mut socket).await else {
                return;
            };
            seen.heads.lock().unwrap().push(head);
            socket.write_all(response.as_bytes()).await.unwrap();
            drain(&mut socket).await;
            closed.notify_one();
        }
    })
    .await
}

async fn drain(socket: &mut TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

type MakeCall = fn() -> Operation;

const CALLS: [(&str, MakeCall); 2] = [
    ("ordinary", || post("/v1/a")),
    ("transfer", || post("/v1/a").transfer()),
];

type MakeBody = fn(&Arc<Notify>) -> Body;

const BODIES: [(&str, MakeBody); 4] = [
    ("flowing", flowing),
    ("waiting", waiting),
    ("flowing, of a known length", |gone| {
        flowing(gone).with_length(1 << 40)
    }),
    ("waiting, from a factory", |gone| {
        let gone = gone.clone();
        Body::factory(move || waiting(&gone))
    }),
];

#[tokio::test]
async fn a_response_ends_what_is_still_sent_and_its_connection() {
    for status in [
        "413 Too Large",
        "401 Unauthorized",
        "429 Slow Down",
        "200 OK",
    ] {
        for (kind, call) in CALLS {
            for (name, body) in BODIES {
                let shown = format!("{status}, {kind}, {name}");
                let (gone, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
                let server = responding_at_once(reply(status), closed.clone()).await;
                let client = server.client().build().unwrap();
                let response = soon(&shown, client.fetch(call().body(body(&gone)))).await;
                match response {
                    Ok(response) => assert!(status.starts_with("200"), "{shown}: {response:?}"),
                    Err(error) => {
                        assert_eq!(error.code().unwrap().as_str(), "X", "{shown}: {error:?}");
                        let number = error.status().unwrap().as_u16().to_string();
                        assert!(status.starts_with(&number), "{shown}: {error:?}");
                    }
                }
                soon(&shown, gone.notified()).await;
                soon(&shown, closed.notified()).await;
                // Half a body was sent on it: no other request can follow.
                let _ = client.fetch(post("/v1/b")).await;
                assert_eq!(server.seen.connections(), 2, "{shown}");
                assert_eq!(server.seen.heads().len(), 2, "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_streamed_response_that_is_let_go_of_ends_what_is_still_sent() {
    for (name, body) in BODIES {
        let (gone, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let endless = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nabc";
        let server = responding_at_once(endless.to_owned(), closed.clone()).await;
        let client = server.client().build().unwrap();
        let call = post("/v1/a").transfer().body(body(&gone));
        let response = soon(name, client.execute(call)).await.unwrap();
        let mut pieces = response.into_value().into_data_stream();
        assert_eq!(soon(name, pieces.next()).await.unwrap().unwrap(), "abc");
        drop(pieces);
        soon(name, gone.notified()).await;
        soon(name, closed.notified()).await;
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_ends_what_is_still_sent() {
    for (name, body) in BODIES {
        let (gone, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let begun = Arc::new(Notify::new());
        let (signal, ended) = (begun.clone(), closed.clone());
        let server = Server::start(move |mut socket, _| {
            let (signal, ended) = (signal.clone(), ended.clone());
            async move {
                read_head(&mut socket).await;
                signal.notify_one();
                drain(&mut socket).await;
                ended.notify_one();
            }
        })
        .await;
        let client = server.client().build().unwrap();
        let call = post("/v1/a").body(body(&gone));
        tokio::select! {
            response = client.fetch(call) => panic!("{name}: {response:?}"),
            () = soon(name, begun.notified()) => {}
        }
        soon(name, gone.notified()).await;
        soon(name, closed.notified()).await;
    }
}

#[tokio::test]
async fn both_ways_may_stream_at_once() {
    let server = Server::start(|mut socket, seen| async move {
        while let Some(head) = read_head(&mut socket).await {
            seen.heads.lock().unwrap().push(head);
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            socket.write_all(head.as_bytes()).await.unwrap();
            // Pieces of five bytes are sent back one by one, and the end after the end.
            loop {
                let mut chunk = vec![0; 5];
                socket.read_exact(&mut chunk).await.unwrap();
                let is_end = chunk == b"0\r\n\r\n";
                if !is_end {
                    chunk.resize(10, 0);
                    socket.read_exact(&mut chunk[5..]).await.unwrap();
                }
                socket.write_all(&chunk).await.unwrap();
                if is_end {
                    break;
                }
            }
        }
    })
    .await;
    let client = server.client().build().unwrap();
    for _ in 0..3 {
        let (send, mut given) = mpsc::channel::<Result<Bytes>>(1);
        let body = Body::stream(stream::poll_fn(move |cx| given.poll_recv(cx)));
        let call = post("/v1/a").transfer().body(body);
        let response = soon("the head", client.execute(call)).await.unwrap();
        let mut pieces = response.into_value().into_data_stream();
        for piece in ["hello", "again", "later"] {
            send.send(Ok(Bytes::from(piece))).await.unwrap();
            let came = soon(piece, pieces.next()).await.unwrap().unwrap();
            assert_eq!(came, piece);
        }
        drop(send);
        assert!(soon("the end", pieces.next()).await.is_none());
    }
    // All of it was sent, so the connection could be used again.
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn an_attempt_with_a_response_does_not_go_on_beside_the_next() {
    let (gone, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let ended = closed.clone();
    let server = Server::start(move |mut socket, seen| {
        let ended = ended.clone();
        async move {
            let head = read_head(&mut socket).await.unwrap();
            seen.heads.lock().unwrap().push(head);
            if seen.heads().len() == 1 {
                let response = reply("503 Service Unavailable");
                socket.write_all(response.as_bytes()).await.unwrap();
                drain(&mut socket).await;
                ended.notify_one();
            } else {
                // The first attempt is over before this one has its response.
                ended.notified().await;
                socket.write_all(ok("{}").as_bytes()).await.unwrap();
                drain(&mut socket).await;
            }
        }
    })
    .await;
    let mut retry = RetryConfig::default();
    retry.max_attempts = 2;
    retry.base = Duration::from_millis(1);
    let client = server.client().retry(retry).build().unwrap();
    let made = gone.clone();
    let call = post("/v1/a")
        .body(Body::factory(move || flowing(&made)))
        .idempotency(Idempotency::Idempotent);
    let response = soon("the second attempt", client.fetch(call))
        .await
        .unwrap();
    assert_eq!(response.attempts(), 2);
}

#[tokio::test]
async fn a_response_is_read_though_the_server_closes_at_once() {
    for (name, body) in BODIES {
        for _ in 0..20 {
            let server = Server::start(|mut socket, _| async move {
                read_head(&mut socket).await;
                let response = reply("413 Too Large\r\nconnection: close");
                socket.write_all(response.as_bytes()).await.unwrap();
                // What is unread makes the system reset the connection.
            })
            .await;
            let client = server.client().build().unwrap();
            let gone = Arc::new(Notify::new());
            let call = post("/v1/a").body(body(&gone));
            let error = soon(name, client.fetch(call)).await.unwrap_err();
            assert_eq!(
                error.status().map(|it| it.as_u16()),
                Some(413),
                "{name}: {error:?}"
            );
            soon(name, gone.notified()).await;
        }
    }
}
