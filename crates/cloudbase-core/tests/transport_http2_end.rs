//! An HTTP/2 body ends where its stream ends, and nowhere else.

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

use std::sync::{Arc, Mutex};

use cloudbase_core::ErrorKind;
use futures_util::TryStreamExt as _;

use self::bodies::flowing;
use self::http2::*;
use self::server::{get, post};

/// How a stream stops without its end.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Reset(u32),
    /// No stream after the one before this was looked at, though this one has its head.
    GoAwayBelow(u32),
    /// This one was looked at, and the connection ends.
    GoAwayAndClose(u32),
    Close,
}

fn stops() -> Vec<Stop> {
    let resets = [NO_ERROR, CANCEL, INTERNAL_ERROR, REFUSED_STREAM].map(Stop::Reset);
    let below = [NO_ERROR, INTERNAL_ERROR].map(Stop::GoAwayBelow);
    let closes = [NO_ERROR, INTERNAL_ERROR].map(Stop::GoAwayAndClose);
    let all = resets.into_iter().chain(below).chain(closes);
    all.chain([Stop::Close]).collect()
}

/// What came before the stop.
const BEGINNINGS: [(&[(&str, &str)], &str); 5] = [
    (&[], ""),
    (&[], "{\"a\": 1}"),
    (&[("content-length", "20")], ""),
    (&[("content-length", "20")], "{\"a\": 1}"),
    // The content is there, its end is not: nobody can say that the server was done.
    (&[("content-length", "8")], "{\"a\": 1}"),
];

/// What the server sends in response to the next request.
#[derive(Clone, Copy)]
struct Case {
    fields: &'static [(&'static str, &'static str)],
    body: &'static str,
    stop: Stop,
}

async fn respond(mut connection: Connection, next: Arc<Mutex<Option<Case>>>) -> Option<()> {
    loop {
        let stream = connection.request().await?;
        let Case { fields, body, stop } = next.lock().unwrap().unwrap();
        connection.head(stream, 0, fields).await;
        if !body.is_empty() {
            connection.send(DATA, 0, stream, body.as_bytes()).await;
        }
        match stop {
            Stop::Reset(code) => connection.reset(stream, code).await,
            Stop::GoAwayBelow(code) => connection.go_away(stream - 1, code).await,
            Stop::GoAwayAndClose(code) => {
                connection.go_away(stream, code).await;
                return Some(());
            }
            Stop::Close => return Some(()),
        }
    }
}

#[tokio::test]
async fn a_response_that_is_cut_is_an_error() {
    let next = Arc::new(Mutex::new(None));
    let shared = next.clone();
    let (_server, client) = start(1, move |connection| respond(connection, shared.clone())).await;
    for stop in stops() {
        for (fields, body) in BEGINNINGS {
            let what = format!("{stop:?} after {fields:?} {body}");
            *next.lock().unwrap() = Some(Case { fields, body, stop });
            let error = client.fetch(get("/v1/a")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Reset, "{what}: {error:?}");
            assert!(
                error.was_sent() && error.is_retryable(),
                "{what}: {error:?}"
            );

            let response = client.execute(get("/v1/a").transfer()).await;
            let pieces = response.unwrap().into_value().into_data_stream();
            let error = pieces.try_collect::<Vec<_>>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Reset, "{what}: {error:?}");
            assert!(error.was_sent(), "{what}: {error:?}");
        }
    }
}

#[tokio::test]
async fn an_error_that_is_cut_is_not_taken_for_the_whole() {
    let (_server, client) = start(1, |mut connection| async move {
        let stream = connection.request().await?;
        let head = [&[0x08, 0x03], b"403".as_slice()].concat();
        connection.send(HEADERS, END_HEADERS, stream, &head).await;
        connection.reset(stream, NO_ERROR).await;
        connection.drain().await;
        Some(())
    })
    .await;
    let error = client.fetch(post("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
}

/// How a stream ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Head,
    Data,
    EmptyData,
    Trailers,
}

#[tokio::test]
async fn a_whole_response_may_be_followed_by_a_reset() {
    for end in [End::Head, End::Data, End::EmptyData, End::Trailers] {
        for length in [false, true] {
            for reset in [false, true] {
                let (_server, client) = start(1, move |mut connection| async move {
                    let stream = connection.request().await?;
                    let body: &str = if matches!(end, End::Head) { "" } else { "{}" };
                    let number = body.len().to_string();
                    let fields = [("content-length", &*number)];
                    let fields = if length { &fields[..] } else { &[] };
                    let ends = |this: bool| if this { END_STREAM } else { 0 };
                    let flags = ends(matches!(end, End::Head));
                    connection.head(stream, flags, fields).await;
                    if !body.is_empty() {
                        let flags = ends(matches!(end, End::Data));
                        connection.send(DATA, flags, stream, b"{}").await;
                    }
                    match end {
                        End::EmptyData => connection.send(DATA, END_STREAM, stream, b"").await,
                        End::Trailers => {
                            let flags = END_HEADERS | END_STREAM;
                            let trailer = field("x-a", "b");
                            connection.send(HEADERS, flags, stream, &trailer).await;
                        }
                        _ => {}
                    }
                    if reset {
                        connection.reset(stream, NO_ERROR).await;
                    }
                    connection.drain().await;
                    Some(())
                })
                .await;
                let response = client.fetch(get("/v1/a")).await;
                let response = response.unwrap_or_else(|error| panic!("{end:?}: {error:?}"));
                let expected: &[u8] = if matches!(end, End::Head) { b"" } else { b"{}" };
                assert_eq!(&response.into_value()[..], expected, "{end:?}");
            }
        }
    }
}

/// What follows a whole response, before anybody has read it.
const ENDS: [Stop; 6] = [
    Stop::Reset(NO_ERROR),
    Stop::Reset(CANCEL),
    Stop::GoAwayAndClose(NO_ERROR),
    Stop::GoAwayAndClose(INTERNAL_ERROR),
    Stop::GoAwayBelow(NO_ERROR),
    Stop::Close,
];

/// Sends a whole response, then what `stop` says; other connections respond to everything.
async fn respond_whole(mut connection: Connection, stop: Stop, length: bool) -> Option<()> {
    if connection.number > 1 {
        return respond_to_all(connection).await;
    }
    let stream = connection.request().await?;
    let fields = [("content-length", "8")];
    let fields = if length { &fields[..] } else { &[] };
    connection.head(stream, 0, fields).await;
    connection.send(DATA, 0, stream, b"{\"a\"").await;
    connection.send(DATA, END_STREAM, stream, b": 1}").await;
    match stop {
        Stop::Reset(code) => {
            connection.reset(stream, code).await;
            return respond_to_all(connection).await;
        }
        Stop::GoAwayBelow(code) => connection.go_away(stream - 1, code).await,
        Stop::GoAwayAndClose(code) => {
            connection.go_away(stream, code).await;
            connection.finish().await;
        }
        Stop::Close => connection.finish().await,
    }
    // To close with something unread would reset the connection, and take the response with it.
    connection.drain().await;
    Some(())
}

#[tokio::test]
async fn a_whole_response_is_delivered_though_its_connection_has_ended() {
    for stop in ENDS {
        for length in [false, true] {
            for is_sent in [true, false] {
                let what = format!("{stop:?}, length: {length}, request sent: {is_sent}");
                // With a connection that ends in the midst of a request the HTTP library loses what has
                // come of its response. That is an error, never a part taken for the whole.
                if !matches!(stop, Stop::Reset(_)) && !is_sent {
                    continue;
                }
                let script = move |connection| respond_whole(connection, stop, length);
                let (server, client) = start(1, script).await;
                let call = match is_sent {
                    true => get("/v1/a"),
                    false => post("/v1/a").body(flowing(&Arc::default())),
                };
                let response = client.execute(call.transfer()).await.unwrap();
                // A reset has come once a later response has, the end of a connection once a call needs a
                // new one.
                let connections = if matches!(stop, Stop::Reset(_)) { 1 } else { 2 };
                client.fetch(get("/v1/b")).await.unwrap();
                while server.seen.connections() < connections {
                    client.fetch(get("/v1/b")).await.unwrap();
                }
                let read = response.into_value().into_bytes(100).await;
                let content = read.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                assert_eq!(&content[..], b"{\"a\": 1}", "{what}");
            }
        }
    }
}

#[tokio::test]
async fn the_announced_length_is_compared() {
    for (length, body) in [("20", "{\"a\": 1}"), ("1", "{}"), ("2", ""), ("0", "{}")] {
        for trailers in [false, true] {
            let (_server, client) = start(1, move |mut connection| async move {
                let stream = connection.request().await?;
                let flags = if body.is_empty() { END_STREAM } else { 0 };
                connection
                    .head(stream, flags, &[("content-length", length)])
                    .await;
                let flags = if trailers { 0 } else { END_STREAM };
                connection.send(DATA, flags, stream, body.as_bytes()).await;
                if trailers {
                    let flags = END_HEADERS | END_STREAM;
                    let trailer = field("x-a", "b");
                    connection.send(HEADERS, flags, stream, &trailer).await;
                }
                connection.drain().await;
                Some(())
            })
            .await;
            let error = client.fetch(get("/v1/a")).await.unwrap_err();
            let what = format!("{length} for {body}, trailers: {trailers}");
            assert_eq!(error.kind(), ErrorKind::Reset, "{what}: {error:?}");
            assert!(error.was_sent(), "{what}: {error:?}");
        }
    }
}
