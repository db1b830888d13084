//! The gateway has a short name in the pool, and its own one everywhere else.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use cloudbase_core::{CallOptions, CredentialUse, ErrorKind, Operation};
use http::Method;

use self::server::{Server, get, ok};

async fn server() -> Server {
    Server::responding(ok("{}")).await
}

fn header<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

#[tokio::test]
async fn the_gateway_sees_its_own_name_and_a_path() {
    let server = server().await;
    let client = server.client().build().unwrap();
    for _ in 0..2 {
        client.fetch(get("/v1/a?b=c")).await.unwrap();
    }
    for head in server.seen.heads() {
        assert!(head.starts_with("GET /v1/a?b=c HTTP/1.1\r\n"), "{head}");
        assert_eq!(header(&head, "host"), [server.address.to_string()]);
    }
    assert_eq!(server.seen.connections(), 1, "the pool knows it again");
}

#[tokio::test]
async fn another_host_sees_its_own_name() {
    let (gateway, other) = (server().await, server().await);
    let client = gateway.client().build().unwrap();
    let url = format!("http://{}/object?a=b", other.address);
    let call = Operation::new("test", "/object", Method::GET, url.parse().unwrap())
        .credential(CredentialUse::None);
    client.fetch(call).await.unwrap();
    let head = &other.seen.heads()[0];
    assert!(head.starts_with("GET /object?a=b HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "host"), [other.address.to_string()]);
}

/// A layer may speak to the gateway under another name; the token of a call goes to no other.
#[tokio::test]
async fn a_host_of_a_layers_own_is_kept_and_one_of_the_calls_is_rejected() {
    let server = server().await;
    let client = server.client().build().unwrap();
    let options = CallOptions::new().with_header("host", "another.example");
    let error = client
        .fetch(get("/v1/a").options(options))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
    assert_eq!(server.seen.connections(), 0);

    let named =
        tower::util::MapRequestLayer::new(|mut request: http::Request<cloudbase_core::Body>| {
            let name = http::HeaderValue::from_static("another.example");
            request.headers_mut().insert(http::header::HOST, name);
            request
        });
    let client = server.client().layer(named).build().unwrap();
    client.fetch(get("/v1/a")).await.unwrap();
    assert_eq!(header(&server.seen.heads()[0], "host"), ["another.example"]);
}

#[tokio::test]
async fn the_short_name_cannot_be_asked_for() {
    let server = server().await;
    let client = server.client().allow_plain_http(true).build().unwrap();
    for url in ["http://-/v1/a", "http://-:80/v1/a"] {
        let call = Operation::new("test", "/v1/a", Method::GET, url.parse().unwrap())
            .credential(CredentialUse::None);
        let error = client.fetch(call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
    }
    assert_eq!(server.seen.connections(), 0);
}
