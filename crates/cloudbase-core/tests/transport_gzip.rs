//! Compressed responses are unpacked, and never further than their limit.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![cfg(feature = "gzip")]

#[path = "support/server.rs"]
mod server;

use std::io::Write as _;
use std::time::Duration;

use cloudbase_core::{Body, BoxError, Client, ClientBuilder, ErrorKind};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response};
use tokio::io::AsyncWriteExt as _;
use tower::service_fn;

use self::server::{Server, get, header, read_request};

fn pack(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn response(status: &str, packed: &[u8]) -> Vec<u8> {
    let mut response = format!(
        "HTTP/1.1 {status}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    response.extend_from_slice(packed);
    response
}

#[tokio::test]
async fn a_response_is_unpacked() {
    let json = format!(r#"{{"text":"{}"}}"#, "müsli ".repeat(10_000));
    let server = Server::responding(response("200 OK", &pack(json.as_bytes()))).await;
    let client = server.client().build().unwrap();
    let response = client.fetch(get("/v1/a")).await.unwrap();
    assert!(response.headers().get("content-encoding").is_none());
    assert!(response.headers().get("content-length").is_none());
    assert_eq!(response.into_value(), json.as_bytes());
    let head = &server.seen.heads()[0];
    assert_eq!(header(head, "accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn an_error_is_unpacked() {
    let packed = pack(br#"{"code":"INVALID_PARAM","message":"no","requestId":"r-1"}"#);
    let server = Server::responding(response("400 Bad Request", &packed)).await;
    let client = server.client().build().unwrap();
    for operation in [get("/v1/a"), get("/v1/a").transfer()] {
        let error = client.fetch(operation).await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), "INVALID_PARAM");
        assert_eq!(error.request_id(), Some("r-1"));
    }
}

#[tokio::test]
async fn an_object_stays_as_it_was_stored() {
    let packed = pack(b"stored compressed");
    let server = Server::responding(response("200 OK", &packed)).await;
    let client = server.client().build().unwrap();
    let response = client.fetch(get("/v1/a").transfer()).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.into_value(), packed);
    assert_eq!(header(&server.seen.heads()[0], "accept-encoding"), None);
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    // A thousand members of 10 MB each: 10 MB that would unpack to 10 GB.
    let member = pack(&vec![0; 10_000_000]);
    assert!(member.len() < 10_500);
    let server = Server::start(move |mut socket, seen| {
        let member = member.clone();
        async move {
            read_request(&mut socket, &seen).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
            socket.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..1000 {
                if socket.write_all(&member).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    let client = server.client().build().unwrap();
    let before = resident_kib();
    let error = client.fetch(get("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 100 * 1024, "{grown} KiB");
}

/// The most memory that this process ever had; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// A client whose responses come in pieces of `size` bytes.
fn in_pieces(packed: Vec<u8>, size: usize) -> ClientBuilder {
    let transport = service_fn(move |_: Request<Body>| {
        let pieces: Vec<Result<Vec<u8>, BoxError>> = packed
            .chunks(size)
            .map(|piece| Ok(piece.to_vec()))
            .collect();
        let body = Body::stream(futures_util::stream::iter(pieces));
        let response = Response::builder()
            .header("content-encoding", "x-gzip")
            .body(body);
        async move { response.map_err(BoxError::from) }
    });
    Client::builder()
        .env_id("demo")
        .endpoint("http://localhost:1")
        .max_attempts(1)
        .transport(transport)
}

#[tokio::test]
async fn pieces_of_any_size() {
    let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    let mut packed = pack(&content[..200_000]);
    packed.extend(pack(&content[200_000..]));
    for size in [1, 7, 100, 4096, usize::MAX] {
        let client = in_pieces(packed.clone(), size).build().unwrap();
        let response = client.fetch(get("/v1/a")).await.unwrap();
        assert_eq!(response.into_value(), content, "pieces of {size}");
    }
}

#[tokio::test]
async fn damage_is_an_error() {
    let whole = pack(b"some content that is long enough to be cut");
    let mut flipped = whole.clone();
    flipped[20] ^= 0x55;
    for packed in [
        whole[..whole.len() - 3].to_vec(),
        flipped,
        b"no gzip at all".to_vec(),
    ] {
        let client = in_pieces(packed, 5).build().unwrap();
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
    }
}

#[tokio::test]
async fn nothing_unpacks_to_nothing() {
    let client = in_pieces(Vec::new(), 1).build().unwrap();
    assert!(
        client
            .fetch(get("/v1/a"))
            .await
            .unwrap()
            .into_value()
            .is_empty()
    );
}

/// A server that begins a packed response with `first` and goes on with `then` for ever.
async fn endless(first: &'static [u8], then: Vec<u8>) -> Server {
    let rest = then.repeat(1000);
    Server::start(move |mut socket, seen| {
        let rest = rest.clone();
        async move {
            read_request(&mut socket, &seen).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
            let beginning = [head, first].concat();
            let mut written = socket.write_all(&beginning).await;
            while written.is_ok() {
                written = socket.write_all(&rest).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn what_gives_nothing_for_ever_is_rejected() {
    let empty = pack(b"");
    assert_eq!(empty.len(), 20);
    // A member whose blocks are all empty, and never the last.
    let head = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let block = vec![0, 0, 0, 0xff, 0xff];
    for server in [endless(b"", empty).await, endless(head, block).await] {
        let client = server.client().max_attempts(3).build().unwrap();
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
        assert_eq!(
            error.message(),
            "the compressed response is much larger than what is in it"
        );
        assert_eq!(server.seen.heads().len(), 1);
    }
}

#[tokio::test]
async fn a_response_of_many_small_members_is_unpacked() {
    let mut packed = pack(b"").repeat(1000);
    packed.extend(pack(b"a").repeat(50_000));
    let server = Server::responding(response("200 OK", &packed)).await;
    // A busy machine needs long for it, and how long is not the matter here.
    let long = Duration::from_secs(600);
    let client = server.client().attempt_timeout(long).timeout(long);
    let client = client.build().unwrap();
    let response = client.fetch(get("/v1/a")).await.unwrap();
    assert!(response.into_value() == "a".repeat(50_000).as_bytes());
}
