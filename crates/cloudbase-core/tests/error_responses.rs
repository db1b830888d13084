//! The response behind an error, however its body comes over the wire.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use cloudbase_core::config::RetryConfig;
use cloudbase_core::{Error, ErrorKind};
use tokio::io::AsyncWriteExt as _;

use self::server::{Server, get, post, read_request};

const INVALID: &str = r#"{"code":"BAD_QTY","message":"too small","errors":[{"field":"qty"}]}"#;

/// The error of a call whose response is `response` and the end of the connection.
async fn failure(response: impl Into<Vec<u8>>) -> Error {
    let response: Vec<u8> = response.into();
    let server = Server::start(move |mut socket, seen| {
        let response = response.clone();
        async move {
            read_request(&mut socket, &seen).await;
            socket.write_all(&response).await.unwrap();
            socket.shutdown().await.unwrap();
        }
    })
    .await;
    let client = server.client().build().unwrap();
    let call = client.fetch(post("/v1/a").keep_error_response());
    call.await.unwrap_err()
}

fn assert_invalid(error: &Error) {
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Api, 422)
    );
    assert_eq!(
        (error.code().unwrap().as_str(), error.message()),
        ("BAD_QTY", "too small")
    );
    assert_eq!(error.details().unwrap()[0]["field"], "qty");
    let response = error.response().unwrap();
    assert_eq!(response.text(), INVALID);
    assert_eq!(response.headers()["x-trace"], "t");
    assert!(!response.is_truncated());
}

#[tokio::test]
async fn framing_makes_no_difference() {
    let head = "HTTP/1.1 422 Unprocessable Entity\r\nx-trace: t\r\n";
    let length = INVALID.len();
    let (first, second) = INVALID.split_at(20);
    let (a, b) = (first.len(), second.len());
    for response in [
        format!("{head}content-length: {length}\r\n\r\n{INVALID}"),
        format!("{head}\r\n{INVALID}"),
        format!(
            "{head}transfer-encoding: chunked\r\n\r\n{a:x}\r\n{first}\r\n{b:x}\r\n{second}\r\n0\r\n\r\n"
        ),
    ] {
        assert_invalid(&failure(response).await);
    }
}

#[tokio::test]
async fn a_body_that_is_cut_leaves_its_status_and_what_came() {
    let head = "HTTP/1.1 422 Unprocessable Entity\r\nx-trace: t\r\n";
    for cut in [
        format!("{head}content-length: 100\r\n\r\nno such"),
        format!("{head}transfer-encoding: chunked\r\n\r\n7\r\nno such\r\n"),
    ] {
        let error = failure(cut).await;
        assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
        assert_eq!(error.status().unwrap().as_u16(), 422);
        let response = error.response().unwrap();
        assert_eq!(response.text(), "no such");
        assert_eq!(response.headers()["x-trace"], "t");
        assert!(response.is_truncated());
    }
}

#[tokio::test]
async fn a_cut_error_is_a_failed_attempt_like_any_other() {
    let server = Server::start(|mut socket, seen| async move {
        read_request(&mut socket, &seen).await;
        let response = match seen.connections() {
            1 => "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nno",
            _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot there",
        };
        socket.write_all(response.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
    })
    .await;
    let mut retry = RetryConfig::default();
    retry.base = std::time::Duration::from_millis(1);
    retry.max_attempts = 2;
    let client = server.client().retry(retry).build().unwrap();
    let error = client
        .fetch(get("/v1/a").keep_error_response())
        .await
        .unwrap_err();
    assert_eq!((error.attempts(), error.message()), (2, "not there"));
    assert!(!error.response().unwrap().is_truncated());
}

#[tokio::test]
async fn no_more_is_read_than_is_kept() {
    let server = Server::start(|mut socket, seen| async move {
        read_request(&mut socket, &seen).await;
        let head = "HTTP/1.1 500 Internal Server Error\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        // Without an end, as far as the reader goes along.
        while socket.write_all(&[b'x'; 8192]).await.is_ok() {}
    })
    .await;
    let client = server.client().build().unwrap();
    for operation in [post("/v1/a"), post("/v1/a").transfer()] {
        let error = client
            .fetch(operation.keep_error_response())
            .await
            .unwrap_err();
        let response = error.response().unwrap();
        assert_eq!(response.bytes().len(), 64 * 1024);
        assert!(response.is_truncated());
    }
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn a_compressed_error_is_unpacked_and_a_damaged_one_has_its_status() {
    use std::io::Write as _;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(INVALID.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let response = |packed: &[u8]| {
        let head = "HTTP/1.1 422 Unprocessable Entity\r\nx-trace: t\r\ncontent-encoding: gzip\r\n";
        let head = format!("{head}content-length: {}\r\n\r\n", packed.len());
        [head.as_bytes(), packed].concat()
    };
    assert_invalid(&failure(response(&packed)).await);
    let mut damaged = packed;
    let end = damaged.len() - 8;
    damaged[end] ^= 1;
    let error = failure(response(&damaged)).await;
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Decode, 422)
    );
    assert_eq!(error.response().unwrap().text(), INVALID);
}

#[test]
fn only_a_response_says_that_a_thing_is_not_modified() {
    assert!(!Error::other("no").is_not_modified());
    assert!(!Error::argument("name", "must be short").is_not_modified());
}
