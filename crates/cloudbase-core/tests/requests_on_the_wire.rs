//! Every byte that the default client sends, over a socket: the first time, and again after a failure
//! or with a new token. What is compared is what this file states, not what was sent before.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::config::RetryConfig;
use cloudbase_core::credential::{RefreshPolicy, Token, TokenCache, TokenSource};
use cloudbase_core::http::{Method, Request, Uri};
use cloudbase_core::{
    Body, CallOptions, Client, CredentialUse, Idempotency, Operation, Result, SecretString,
};
use futures_core::future::BoxFuture;
use futures_util::stream;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use self::server::{Server, header, ok, read_head};

const AGENT: &str = concat!("user-agent: cloudbase-rust/", env!("CARGO_PKG_VERSION"));
const SDK: &str = concat!(
    "x-sdk-version: @cloudbase/rust-sdk/",
    env!("CARGO_PKG_VERSION")
);
const LANGUAGE: &str = "accept-language: zh-CN";
const ID: &str = "x-request-id: {id}";
const JSON: &str = "accept: application/json";

/// A request and what it is on the wire.
struct Case {
    /// Makes the call, and waits for its response.
    call: fn(&Client) -> BoxFuture<'_, Result<()>>,
    line: &'static str,
    /// Besides those of every request.
    headers: Vec<&'static str>,
    body: Vec<u8>,
}

fn operation(method: Method, target: &'static str) -> Operation {
    Operation::new("test.call", "/v1/test", method, Uri::from_static(target))
        .credential(CredentialUse::Optional)
        .idempotency(Idempotency::Idempotent)
}

fn send(client: &Client, operation: Operation) -> BoxFuture<'_, Result<()>> {
    Box::pin(async { client.fetch(operation).await.map(drop) })
}

/// A request that the SDK knows nothing of.
fn send_raw(client: &Client, method: Method, body: Body) -> BoxFuture<'_, Result<()>> {
    Box::pin(async {
        let request = Request::builder().method(method).uri("/v1/raw?q=1");
        let request = request.header("x-own", "raw").body(body).unwrap();
        let response = client.service().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        Ok(())
    })
}

fn pieces(pieces: &'static [&'static [u8]]) -> Body {
    let pieces = pieces
        .iter()
        .map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece)));
    Body::stream(stream::iter(pieces))
}

/// Longer than a socket takes at once, and without a period that a wrong offset could hide behind.
fn large() -> Vec<u8> {
    let numbers = 0..200_000_u32;
    numbers
        .map(|number| (number ^ (number >> 8)) as u8)
        .collect()
}

/// Requests of every kind whose bodies can be had again.
fn repeatable() -> Vec<Case> {
    let mut cases = vec![
        Case {
            call: |client| send(client, operation(Method::GET, "/v1/a?b=c%20d&e=")),
            line: "GET /v1/a?b=c%20d&e= HTTP/1.1",
            headers: vec![ID, JSON],
            body: Vec::new(),
        },
        Case {
            call: |client| send(client, operation(Method::HEAD, "/v1/a")),
            line: "HEAD /v1/a HTTP/1.1",
            headers: vec![ID, JSON],
            body: Vec::new(),
        },
        Case {
            call: |client| send(client, operation(Method::DELETE, "/v1/a/1")),
            line: "DELETE /v1/a/1 HTTP/1.1",
            headers: vec![ID, JSON],
            body: Vec::new(),
        },
        Case {
            call: |client| {
                let value = json!({"name": "Lin", "n": [1, null]});
                send(
                    client,
                    operation(Method::POST, "/v1/a").json(&value).unwrap(),
                )
            },
            line: "POST /v1/a HTTP/1.1",
            headers: vec![
                ID,
                JSON,
                "content-type: application/json",
                "content-length: 27",
            ],
            body: br#"{"n":[1,null],"name":"Lin"}"#.to_vec(),
        },
        Case {
            call: |client| {
                let mut options = CallOptions::default();
                for (name, value) in [
                    ("x-own", "1"),
                    ("accept", "text/csv"),
                    ("accept-language", "en-US"),
                    ("x-request-id", "of-my-own"),
                    ("prefer", "a=b, c"),
                ] {
                    options = options.with_header(name, value);
                }
                let operation = operation(Method::PATCH, "/v1/a").body("text");
                send(client, operation.options(options))
            },
            line: "PATCH /v1/a HTTP/1.1",
            headers: vec![
                "x-own: 1",
                "accept: text/csv",
                "accept-language: en-US",
                "x-request-id: of-my-own",
                "prefer: a=b, c",
                "content-length: 4",
            ],
            body: b"text".to_vec(),
        },
        Case {
            call: |client| send(client, operation(Method::POST, "/v1/a").body(Bytes::new())),
            line: "POST /v1/a HTTP/1.1",
            // hyper states no length where there is nothing.
            headers: vec![ID, JSON],
            body: Vec::new(),
        },
        Case {
            call: |client| {
                let body = Body::factory(|| pieces(&[b"one", b"", b"two"]).with_length(6));
                send(
                    client,
                    operation(Method::POST, "/v1/a").body(body.with_length(6)),
                )
            },
            line: "POST /v1/a HTTP/1.1",
            headers: vec![ID, JSON, "content-length: 6"],
            body: b"onetwo".to_vec(),
        },
        Case {
            call: |client| {
                let body = Body::factory(|| pieces(&[b"one", b"two"]));
                send(client, operation(Method::POST, "/v1/a").body(body))
            },
            line: "POST /v1/a HTTP/1.1",
            headers: vec![ID, JSON, "transfer-encoding: chunked"],
            body: b"onetwo".to_vec(),
        },
        Case {
            call: |client| send(client, operation(Method::POST, "/v1/a").body(large())),
            line: "POST /v1/a HTTP/1.1",
            headers: vec![ID, JSON, "content-length: 200000"],
            body: large(),
        },
        Case {
            call: |client| {
                let upload = operation(Method::PUT, "/v1/o/a%20b").transfer();
                send(client, upload.body(large()))
            },
            line: "PUT /v1/o/a%20b HTTP/1.1",
            headers: vec![ID, JSON, "content-length: 200000"],
            body: large(),
        },
        Case {
            call: |client| send_raw(client, Method::GET, Body::empty()),
            line: "GET /v1/raw?q=1 HTTP/1.1",
            headers: vec![ID, JSON, "x-own: raw"],
            body: Vec::new(),
        },
        Case {
            call: |client| send_raw(client, Method::PUT, Body::from("of my own")),
            line: "PUT /v1/raw?q=1 HTTP/1.1",
            headers: vec![ID, JSON, "x-own: raw", "content-length: 9"],
            body: b"of my own".to_vec(),
        },
    ];
    for case in &mut cases {
        let transfer = case.line.starts_with("PUT /v1/o");
        case.headers.extend([AGENT, SDK]);
        if cfg!(feature = "gzip") && !transfer {
            case.headers.push("accept-encoding: gzip");
        }
        if !case
            .headers
            .iter()
            .any(|header| header.starts_with("accept-language"))
        {
            case.headers.push(LANGUAGE);
        }
    }
    cases
}

/// A request as it came: its head, and its body without the frames of chunks.
type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

async fn receive(socket: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let head = read_head(socket).await?;
    if header(&head, "transfer-encoding").is_none() {
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.ok()?;
        return Some((head, body));
    }
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(socket.read_u8().await.ok()?);
        }
        let size = std::str::from_utf8(&line).unwrap().trim_end();
        let mut chunk = vec![0; usize::from_str_radix(size, 16).unwrap() + 2];
        socket.read_exact(&mut chunk).await.ok()?;
        assert!(chunk.ends_with(b"\r\n"));
        if chunk.len() == 2 {
            return Some((head, body));
        }
        body.extend_from_slice(&chunk[..chunk.len() - 2]);
    }
}

/// Responds to the first request with `first` and to all others with an empty object.
async fn serve(first: String) -> (Server, Received) {
    let received = Received::default();
    let shared = received.clone();
    let server = Server::start(move |mut socket, _| {
        let (first, received) = (first.clone(), shared.clone());
        async move {
            while let Some((head, body)) = receive(&mut socket).await {
                let bodiless = head.starts_with("HEAD");
                let is_first = {
                    let mut received = received.lock().unwrap();
                    received.push((head, body));
                    received.len() == 1
                };
                let mut response = if is_first { first.clone() } else { ok("{}") };
                if bodiless {
                    let end = response.find("\r\n\r\n").unwrap();
                    response.truncate(end + 4);
                }
                if socket.write_all(response.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (server, received)
}

fn rejection(status: &str, code: &str) -> String {
    let body = format!(r#"{{"code":"{code}","message":"no","requestId":"r"}}"#);
    ok(&body).replace("200 OK", status)
}

#[derive(Default)]
struct Numbered(AtomicUsize);

impl TokenSource for Numbered {
    fn fetch(&self, _: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let secret = SecretString::from(format!("token-{number}"));
        Box::pin(ready(Token::bearer(&secret, None).map(Some)))
    }
}

fn client(server: &Server, with_session: bool) -> Client {
    let mut retry = RetryConfig::default();
    retry.base = Duration::from_millis(1);
    let client = Client::builder()
        .env_id("demo-1a2b3c")
        .endpoint(server.url())
        .access_key("the-key")
        .retry(retry);
    let client = match with_session {
        true => client.credentials(TokenCache::new(
            Numbered::default(),
            RefreshPolicy::default(),
        )),
        false => client,
    };
    client.build().unwrap()
}

/// Checks one request against what it should be; `id` is that of the whole call.
fn assert_request(
    case: &Case,
    (head, body): &(String, Vec<u8>),
    token: &str,
    server: &Server,
    id: &mut Option<String>,
) {
    let mut lines: Vec<_> = head.trim_end().split("\r\n").map(str::to_owned).collect();
    assert_eq!(lines.remove(0), case.line);
    if case.headers.contains(&ID) {
        let own = header(head, "x-request-id").unwrap();
        let form = own.len() == 36 && own.bytes().filter(|byte| *byte == b'-').count() == 4;
        assert!(form, "{head}");
        assert_eq!(id.get_or_insert_with(|| own.to_owned()), own, "{head}");
    }
    let id = id.as_deref().unwrap_or_default();
    let own = case.headers.iter().map(|header| header.replace("{id}", id));
    let mut expected: Vec<_> = own.collect();
    expected.push(format!("host: {}", server.address));
    expected.push(format!("authorization: Bearer {token}"));
    expected.sort();
    lines.sort();
    assert_eq!(lines, expected, "{}", case.line);
    assert!(*body == case.body, "{}: {} bytes", case.line, body.len());
}

/// Sends every kind of request to a server that responds to the first one with `first`, and checks
/// what came: a request for each of `tokens`.
async fn check(first: &str, with_session: bool, tokens: &[&str]) {
    for case in repeatable() {
        if first.contains("401") && case.line.starts_with("HEAD") {
            continue; // its response has no body that could name the token
        }
        let (server, received) = serve(first.to_owned()).await;
        let client = client(&server, with_session);
        (case.call)(&client).await.unwrap();
        let received = received.lock().unwrap();
        assert_eq!(received.len(), tokens.len(), "{}", case.line);
        let mut id = None;
        for (request, token) in received.iter().zip(tokens) {
            assert_request(&case, request, token, &server, &mut id);
        }
    }
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_stated() {
    check(&ok("{}"), false, &["the-key"]).await;
    check(&ok("{}"), true, &["token-0"]).await;
}

#[tokio::test]
async fn a_retry_is_sent_as_it_is_stated() {
    let first = rejection("503 Service Unavailable", "SYS_ERR");
    check(&first, false, &["the-key", "the-key"]).await;
    check(&first, true, &["token-0", "token-0"]).await;
}

#[tokio::test]
async fn a_replay_with_a_new_token_is_sent_as_it_is_stated() {
    let first = rejection("401 Unauthorized", "ACCESS_TOKEN_EXPIRED");
    check(&first, true, &["token-0", "token-1"]).await;
}

/// What can be sent only once is sent whole, or not at all.
#[tokio::test]
async fn a_stream_is_sent_once() {
    for (first, sent_well) in [
        (ok("{}"), true),
        (rejection("503 Service Unavailable", "SYS_ERR"), false),
        (rejection("401 Unauthorized", "ACCESS_TOKEN_EXPIRED"), false),
    ] {
        let (server, received) = serve(first).await;
        let client = client(&server, true);
        let body = pieces(&[b"once ", b"and never", b" again"]);
        let call = operation(Method::POST, "/v1/a").body(body);
        assert_eq!(client.fetch(call).await.is_ok(), sent_well);
        let received = received.lock().unwrap();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].1, b"once and never again");
    }
}
