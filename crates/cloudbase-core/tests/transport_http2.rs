//! What a server says about a stream decides whether its request may be sent again.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![cfg(all(feature = "http2", feature = "rustls-ring"))]
// The verifiers of Apple and Windows have rules of their own for certificates that were added.
#![cfg(any(
    all(feature = "webpki-roots", not(feature = "platform-verifier")),
    all(feature = "platform-verifier", unix, not(target_vendor = "apple"))
))]

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/http2.rs"]
mod http2;
#[path = "support/server.rs"]
mod server;
#[path = "support/tls.rs"]
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::config::RetryConfig;
use cloudbase_core::{Body, Error, ErrorKind};
use futures_util::stream;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::server::TlsStream;

use self::bodies::flowing;
use self::http2::*;
use self::server::{Server, get, post};
use self::tls::Authority;

const CODES: [u32; 4] = [NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, ENHANCE_YOUR_CALM];

#[tokio::test]
async fn what_a_server_that_goes_away_has_not_looked_at_is_sent_again() {
    for code in CODES {
        let script = move |mut connection: Connection| async move {
            if connection.number > 1 {
                return respond_to_all(connection).await;
            }
            connection.request().await?;
            connection.go_away(0, code).await;
            connection.drain().await;
            Some(())
        };
        let (server, client) = start(1, script).await;
        let error = client.fetch(post("/v1/insert")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{code}: {error:?}");
        assert!(
            !error.was_sent() && error.is_retryable(),
            "{code}: {error:?}"
        );
        assert_eq!(server.seen.heads().len(), 1, "{code}");

        let (server, client) = start(2, script).await;
        let response = client.fetch(post("/v1/insert")).await.unwrap();
        assert_eq!(response.attempts(), 2, "{code}");
        assert_eq!(server.seen.connections(), 2, "{code}");
    }
}

/// The one request may have been carried out, and so was not sent again.
fn assert_lost_and_not_repeated(server: &Server, error: &Error, code: u32) {
    assert_eq!(error.kind(), ErrorKind::Reset, "{code}: {error:?}");
    assert!(
        error.was_sent() && !error.is_retryable(),
        "{code}: {error:?}"
    );
    assert_eq!(server.seen.heads().len(), 1, "{code}");
}

#[tokio::test]
async fn what_a_server_that_goes_away_may_have_looked_at_is_not_sent_again() {
    for code in CODES {
        let script = move |mut connection: Connection| async move {
            if connection.number > 1 {
                return respond_to_all(connection).await;
            }
            let stream = connection.request().await?;
            connection.go_away(stream, code).await;
            Some(())
        };
        let (server, client) = start(2, script).await;
        let error = client.fetch(post("/v1/insert")).await.unwrap_err();
        assert_lost_and_not_repeated(&server, &error, code);

        // A read may be.
        let (_server, client) = start(2, script).await;
        let response = client.fetch(get("/v1/a")).await.unwrap();
        assert_eq!(response.attempts(), 2, "{code}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_responds_to_what_it_has_begun() {
    let (server, client) = start(2, |mut connection| async move {
        if connection.number > 1 {
            return respond_to_all(connection).await;
        }
        let first = connection.request().await?;
        connection.respond(first).await;
        let (one, other) = (connection.request().await?, connection.request().await?);
        connection.go_away(one, NO_ERROR).await;
        connection.respond(one).await;
        assert!(one < other);
        connection.drain().await;
        Some(())
    })
    .await;
    client.fetch(post("/v1/a")).await.unwrap();
    let (one, other) = tokio::join!(
        client.fetch(post("/v1/one")),
        client.fetch(post("/v1/other"))
    );
    let mut attempts = [one.unwrap().attempts(), other.unwrap().attempts()];
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2]);
    client.fetch(post("/v1/b")).await.unwrap();
    let heads = server.seen.heads();
    let expected = [
        "stream 1 of connection 1",
        "stream 3 of connection 1",
        "stream 5 of connection 1",
        "stream 1 of connection 2",
        "stream 3 of connection 2",
    ];
    assert_eq!(heads, expected);
}

#[tokio::test]
async fn a_rejected_stream_is_sent_again_on_the_same_connection() {
    let script = |mut connection: Connection| async move {
        let stream = connection.request().await?;
        connection.reset(stream, REFUSED_STREAM).await;
        respond_to_all(connection).await
    };
    let (_server, client) = start(1, script).await;
    let error = client.fetch(post("/v1/insert")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert!(!error.was_sent() && error.is_retryable(), "{error:?}");

    let (server, client) = start(2, script).await;
    let response = client.fetch(post("/v1/insert")).await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn a_stream_that_was_reset_for_another_reason_may_have_been_looked_at() {
    for code in [
        NO_ERROR,
        PROTOCOL_ERROR,
        INTERNAL_ERROR,
        CANCEL,
        ENHANCE_YOUR_CALM,
    ] {
        let (server, client) = start(2, move |mut connection| async move {
            let stream = connection.request().await?;
            connection.reset(stream, code).await;
            respond_to_all(connection).await
        })
        .await;
        let error = client.fetch(post("/v1/insert")).await.unwrap_err();
        assert_lost_and_not_repeated(&server, &error, code);
    }
}

/// A server of a library's, whose connections go away after seven requests each.
async fn serve_sevens(authority: &Authority, go_away: fn(&mut Served)) -> Server {
    let acceptor = authority.http2_acceptor();
    Server::start(move |socket, seen| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(socket).await else {
                return;
            };
            let Ok(mut connection) = h2::server::handshake(stream).await else {
                return;
            };
            let mut count = 0;
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let id = request.uri().path().to_owned();
                seen.heads.lock().unwrap().push(id);
                // The client may be gone.
                if let Ok(mut body) = respond.send_response(http::Response::new(()), false) {
                    let _ = body.send_data(Bytes::from_static(b"{}"), true);
                }
                count += 1;
                if count == 7 {
                    go_away(&mut connection);
                }
            }
        }
    })
    .await
}

type Served = h2::server::Connection<TlsStream<TcpStream>, Bytes>;

#[tokio::test]
async fn whichever_way_a_server_goes_away_no_insert_is_carried_out_twice() {
    const CALLS: usize = 150;
    let ways: [fn(&mut Served); 2] = [Served::graceful_shutdown, |connection| {
        connection.abrupt_shutdown(h2::Reason::ENHANCE_YOUR_CALM);
    }];
    for way in ways {
        let authority = Authority::new();
        let server = serve_sevens(&authority, way).await;
        let mut retry = RetryConfig::default();
        retry.base = Duration::from_millis(1);
        retry.max_attempts = 100;
        retry.budget = u32::MAX;
        let client = client(&server, &authority).retry(retry).build().unwrap();
        let calls = (0..CALLS).map(|number| {
            let call = client.fetch(post(&format!("/v1/insert/{number}")));
            async move { (number, call.await) }
        });
        for (number, response) in futures_util::future::join_all(calls).await {
            let id = format!("/v1/insert/{number}");
            let times = server.seen.heads().iter().filter(|it| **it == id).count();
            match response {
                Ok(_) => assert_eq!(times, 1, "{id}"),
                Err(error) => {
                    assert!(times <= 1, "{id}: {error:?}");
                    // Whatever was not looked at was sent again.
                    assert!(error.was_sent(), "{id}: {error:?}");
                    assert_eq!(error.kind(), ErrorKind::Reset, "{id}: {error:?}");
                }
            }
        }
    }
}

fn assert_asks_for_http1(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    assert_eq!(
        error.message(),
        "`http2` must be off: the server asks for HTTP/1.1"
    );
    assert!(!error.was_sent() && !error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_server_that_wants_http1_has_the_setting_named() {
    let (server, client) = start(3, |mut connection| async move {
        let stream = connection.request().await?;
        connection.reset(stream, HTTP_1_1_REQUIRED).await;
        respond_to_all(connection).await
    })
    .await;
    assert_asks_for_http1(&client.fetch(post("/v1/a")).await.unwrap_err());
    assert_eq!(server.seen.heads().len(), 1);

    let (server, client) = start(3, |mut connection| async move {
        connection.request().await?;
        connection.go_away(0, HTTP_1_1_REQUIRED).await;
        connection.drain().await;
        Some(())
    })
    .await;
    assert_asks_for_http1(&client.fetch(get("/v1/a")).await.unwrap_err());
    assert_eq!(server.seen.heads().len(), 1);

    // The setting helps.
    let (server, client) = prepare(1, async |_| panic!("HTTP/2 was agreed on")).await;
    let client = client.http2(false).build().unwrap();
    client.fetch(post("/v1/a")).await.unwrap();
    assert!(server.seen.heads()[0].starts_with("POST /v1/a HTTP/1.1"));
}

#[tokio::test]
async fn an_early_response_ends_what_is_sent_and_leaves_the_connection() {
    // A server may end the stream itself with its response, or read on until the client does so.
    for ends_it in [true, false] {
        let reset = Arc::new(Notify::new());
        let signal = reset.clone();
        let (server, client) = start(1, move |mut connection| {
            let signal = signal.clone();
            async move {
                let stream = connection.request().await?;
                let body = r#"{"code":"X","message":"too large"}"#;
                connection.respond_with(stream, "413", body).await;
                if ends_it {
                    connection.reset(stream, NO_ERROR).await;
                    signal.notify_one();
                }
                loop {
                    let frame = connection.next().await?;
                    match frame.kind {
                        HEADERS => connection.respond(frame.stream).await,
                        RST_STREAM if frame.stream == stream => signal.notify_one(),
                        DATA if !ends_it => connection.make_room(&frame).await,
                        _ => {}
                    }
                }
            }
        })
        .await;
        let gone = Arc::new(Notify::new());
        let call = post("/v1/a").body(flowing(&gone));
        let error = client.fetch(call).await.unwrap_err();
        assert_eq!(error.status().map(|it| it.as_u16()), Some(413), "{error:?}");
        assert_eq!(
            error.code().map(|code| code.as_str()),
            Some("X"),
            "{error:?}"
        );
        gone.notified().await;
        reset.notified().await;
        client.fetch(post("/v1/b")).await.unwrap();
        assert_eq!(server.seen.connections(), 1);
    }
}

#[tokio::test]
async fn what_was_sent_whole_ends_well_though_its_response_was_faster() {
    let (server, client) = start(1, |mut connection| async move {
        let stream = connection.request().await?;
        connection.next().await?;
        connection.respond(stream).await;
        // The end came with the last piece, so that nothing is left to be broken off.
        let next = connection.next().await?;
        assert_eq!(next.kind, HEADERS);
        connection.respond(next.stream).await;
        connection.drain().await;
        Some(())
    })
    .await;
    let body = Body::stream(stream::iter([Ok::<_, std::io::Error>("pieces")])).with_length(6);
    let call = post("/v1/a").transfer().body(body);
    client.fetch(call).await.unwrap();
    client.fetch(get("/v1/b")).await.unwrap();
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn the_body_of_the_request_fails() {
    let (server, client) = start(1, respond_to_all_but_the_first).await;
    let pieces = vec![Ok("first"), Err(std::io::Error::other("the disk is gone"))];
    let body = Body::stream(stream::iter(pieces));
    let error = client.fetch(post("/v1/a").body(body)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the disk is gone");
    client.fetch(post("/v1/b")).await.unwrap();
    assert_eq!(server.seen.connections(), 1);
}

async fn respond_to_all_but_the_first(mut connection: Connection) -> Option<()> {
    connection.request().await?;
    respond_to_all(connection).await
}

#[tokio::test]
async fn an_error_keeps_its_response() {
    let (_server, client) = start(1, |mut connection| async move {
        loop {
            let stream = connection.request().await?;
            connection
                .respond_with(stream, "422", r#"{"errors":[{"field":"qty"}]}"#)
                .await;
        }
    })
    .await;
    for operation in [post("/v1/a"), post("/v1/a").transfer()] {
        let error = client
            .fetch(operation.keep_error_response())
            .await
            .unwrap_err();
        let response = error.response().unwrap();
        assert_eq!(response.status().as_u16(), 422);
        assert_eq!(response.text(), r#"{"errors":[{"field":"qty"}]}"#);
    }
}

#[tokio::test]
async fn a_panic_in_a_request_body_is_said_and_ends_nothing_else() {
    let (_server, client) = start(3, respond_to_all).await;
    let body = Body::stream(stream::unfold(0, |n| async move {
        assert_eq!(n, 0, "user code");
        Some((Ok::<_, Error>(Bytes::from_static(b"piece")), 1))
    }));
    let error = client.fetch(post("/v1/a").body(body)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
    assert_eq!(
        error.message(),
        "user code panicked while it produced the request body"
    );
    assert!(!error.is_retryable());
    client.fetch(post("/v1/a")).await.unwrap();
}
