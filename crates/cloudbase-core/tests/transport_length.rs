//! The body of a request is as long as it was said to be, or there is no request.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use cloudbase_core::{Body, Client, ErrorKind, Operation};
use futures_util::stream;
use http_body::{Frame, SizeHint};

use self::server::{Server, ok, post};

fn stream_of(pieces: &[&'static str]) -> Body {
    let pieces = pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece));
    let pieces: Vec<_> = pieces.collect();
    Body::stream(stream::iter(pieces))
}

/// A body that reports another length than it has.
struct Lying(Vec<&'static str>, u64);

impl http_body::Body for Lying {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let next = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(next.map(|piece| Ok(Frame::data(Bytes::from(piece)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.1)
    }
}

/// The ways to make a body of these pieces that is said to have so many bytes.
fn bodies(pieces: &'static [&'static str], stated: u64) -> [(&'static str, Body); 3] {
    [
        ("stream", stream_of(pieces).with_length(stated)),
        (
            "factory",
            Body::factory(|| stream_of(pieces)).with_length(stated),
        ),
        (
            "other",
            Body::from_http_body(Lying(pieces.to_vec(), stated)),
        ),
    ]
}

const WRONG: [(&[&str], u64, &str); 8] = [
    (&["seven", "up"], 5, "gave more than the 5 bytes"),
    (&["seven", "", "up"], 5, "gave more than the 5 bytes"),
    (&["longer"], 5, "gave more than the 5 bytes"),
    (&["a"], 0, "gave more than the 0 bytes"),
    (&["one"], 5, "gave 3 of the 5 bytes"),
    (&["one", ""], 5, "gave 3 of the 5 bytes"),
    (&[], 5, "gave 0 of the 5 bytes"),
    (&[""], 1, "gave 0 of the 1 bytes"),
];

const RIGHT: [(&[&str], u64); 5] = [
    (&["seven", "up"], 7),
    (&["", "seven", "", "up", ""], 7),
    (&["x"], 1),
    (&[], 0),
    (&["", ""], 0),
];

async fn assert_rejected(client: &Client, call: Operation, what: &str, rule: &str) {
    let error = client.fetch(call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument, "{what}: {error:?}");
    let message = format!("`body` {rule} it was said to have");
    assert_eq!(error.message(), message, "{what}");
    assert!(!error.is_retryable(), "{what}: {error:?}");
}

#[tokio::test]
async fn a_body_of_another_length_is_an_error_and_no_request() {
    for (pieces, stated, rule) in WRONG {
        for (kind, body) in bodies(pieces, stated) {
            let what = format!("{kind} of {pieces:?} as {stated}");
            let server = Server::responding(ok("{}")).await;
            let client = server.client().max_attempts(3).build().unwrap();
            assert_rejected(&client, post("/v1/a").body(body), &what, rule).await;
            if stated > 0 {
                assert!(server.seen.bodies().is_empty(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn so_it_is_for_a_transfer() {
    for (pieces, stated, rule) in WRONG {
        for (kind, body) in bodies(pieces, stated) {
            let what = format!("{kind} of {pieces:?} as {stated}");
            let server = Server::responding(ok("{}")).await;
            let client = server.client().build().unwrap();
            let call = post("/v1/a").transfer().body(body);
            assert_rejected(&client, call, &what, rule).await;
        }
    }
}

#[tokio::test]
async fn a_body_of_its_length_is_sent() {
    for (pieces, stated) in RIGHT {
        for (kind, body) in bodies(pieces, stated) {
            let what = format!("{kind} of {pieces:?} as {stated}");
            let server = Server::responding(ok("{}")).await;
            let client = server.client().build().unwrap();
            client.fetch(post("/v1/a").body(body)).await.unwrap();
            let came = server.seen.bodies().concat();
            assert_eq!(came, pieces.concat().as_bytes(), "{what}");
        }
    }
}
