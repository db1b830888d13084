//! What an HTTP proxy says is the proxy's, and is reported as such.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![cfg(feature = "rustls-ring")]

#[path = "support/server.rs"]
mod server;
#[path = "support/tls.rs"]
mod tls;

use cloudbase_core::{Client, ErrorKind};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use self::server::{Server, get, post, read_request};

/// A proxy with one response to everything, and a client that has it for everything, with three attempts.
async fn responding(response: &str, proxy_url: &str) -> (Server, Client) {
    let proxy = Server::responding(response).await;
    let mut retry = cloudbase_core::config::RetryConfig::default();
    retry.base = std::time::Duration::from_millis(1);
    let client = Client::builder()
        .env_id("demo")
        .endpoint("https://gateway.example")
        .retry(retry)
        .max_attempts(3)
        .proxy(proxy_url.replace("PROXY", &proxy.address.to_string()))
        .build()
        .unwrap();
    (proxy, client)
}

#[tokio::test]
async fn what_a_proxy_says_to_connect_is_reported_and_asked_for_once() {
    let proxy_url = "http://user:secret@PROXY";
    let basic = "proxy-authenticate: Basic realm=\"x\"\r\n";
    let ntlm = "proxy-authenticate: NTLM\r\nproxy-authenticate: Digest realm=\"x\"\r\n";
    let portal = "location: http://portal.example/login?secret=1\r\n";
    for (status, header, url, expected) in [
        ("403 Forbidden", "", proxy_url, "it says 403 Forbidden"),
        ("404 Not Found", "", proxy_url, "it says 404 Not Found"),
        ("500 Oh", "", proxy_url, "it says 500 Internal Server Error"),
        (
            "302 Found",
            portal,
            proxy_url,
            "it leads to portal.example instead (302 Found)",
        ),
        (
            "511 Network Authentication Required",
            "",
            proxy_url,
            "it says 511 Network Authentication Required",
        ),
        (
            "407 No",
            basic,
            proxy_url,
            "it says 407 and asks for Basic: it did not accept the user and password in `proxy`",
        ),
        (
            "407 No",
            basic,
            "http://PROXY",
            "it says 407 and asks for Basic: `proxy` has no user and password",
        ),
        (
            "407 No",
            ntlm,
            proxy_url,
            "it says 407 and asks for NTLM, Digest: only Basic is supported",
        ),
    ] {
        let response = format!("HTTP/1.1 {status}\r\n{header}content-length: 0\r\n\r\n");
        let (proxy, client) = responding(&response, url).await;
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        let address = proxy.address;
        assert_eq!(
            error.message(),
            format!("the proxy {address} did not open a way to gateway.example: {expected}")
        );
        assert!(!error.is_retryable() && !error.was_sent(), "{error:?}");
        assert_eq!(proxy.seen.connections(), 1, "{status}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_reach_the_host_now_is_asked_again() {
    for status in ["502 Bad Gateway", "503 Oh", "504 Oh"] {
        let response = format!("HTTP/1.1 {status}\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n");
        let (proxy, client) = responding(&response, "http://PROXY").await;
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert!(error.is_retryable() && !error.was_sent(), "{error:?}");
        assert_eq!(error.retry_after(), Some(std::time::Duration::ZERO));
        assert!(error.message().contains(&status[..3]), "{error:?}");
        assert_eq!(proxy.seen.connections(), 3, "{status}");
    }
    // So is one that is lost.
    let proxy = Server::start(|mut socket, seen| async move {
        read_request(&mut socket, &seen).await;
    })
    .await;
    let client = Client::builder().env_id("demo").max_attempts(1);
    let client = client
        .endpoint("https://gateway.example")
        .proxy(proxy.url());
    let error = client
        .build()
        .unwrap()
        .fetch(get("/v1/a"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(
        error.is_retryable() && error.message().contains("was lost"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_way_is_open_after_any_success_however_long_its_head() {
    let authority = tls::Authority::new();
    let server = tls::serve(authority.server(&["gateway.example"])).await;
    let upstream = server.address;
    let via = "Via: 1.1 a-proxy-with-a-long-name\r\n".repeat(500);
    for head in [
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_owned(),
        "HTTP/1.0 204 No Content\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\n\n".to_owned(),
        format!("HTTP/1.1 200 Connection established\r\n{via}\r\n"),
    ] {
        let response = head.clone();
        let proxy = Server::start(move |mut socket, seen| {
            let response = response.clone();
            async move {
                read_request(&mut socket, &seen).await;
                let mut upstream = TcpStream::connect(upstream).await.unwrap();
                socket.write_all(response.as_bytes()).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut socket, &mut upstream).await;
            }
        })
        .await;
        let client = Client::builder()
            .env_id("demo")
            .endpoint("https://gateway.example")
            .ca_certificates(authority.pem())
            .proxy(proxy.url())
            .max_attempts(1)
            .build()
            .unwrap();
        client.fetch(get("/v1/a")).await.unwrap();
        assert_eq!(proxy.seen.connections(), 1, "{}", &head[..20]);
    }
}

#[tokio::test]
async fn a_head_without_end_and_one_that_is_not_http_are_errors() {
    let endless = "HTTP/1.1 200 OK\r\n".to_owned() + &"Via: 1.1 proxy\r\n".repeat(5000);
    for (response, why) in [
        (&*endless, "its response has no end"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "its response is not HTTP"),
    ] {
        let proxy = Server::responding(response).await;
        let client = Client::builder().env_id("demo").max_attempts(1);
        let client = client
            .endpoint("https://gateway.example")
            .proxy(proxy.url());
        let error = client
            .build()
            .unwrap()
            .fetch(get("/v1/a"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        assert!(error.message().ends_with(why), "{error:?}");
    }
}

#[tokio::test]
async fn what_a_proxy_says_to_a_plain_request_is_not_the_services_word() {
    for (status, expected) in [
        (
            "407 No",
            "it says 407 and asks for Basic: `proxy` has no user and password",
        ),
        ("511 Oh", "it says 511 Network Authentication Required"),
    ] {
        let header = "proxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n";
        let proxy = Server::responding(format!("HTTP/1.1 {status}\r\n{header}\r\n")).await;
        let client = Client::builder()
            .env_id("demo")
            .endpoint("http://gateway.example")
            .allow_plain_http(true)
            .proxy(proxy.url())
            .max_attempts(3)
            .build()
            .unwrap();
        let error = client.fetch(post("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        let address = proxy.address;
        assert_eq!(
            error.message(),
            format!("the proxy {address} did not open a way to gateway.example: {expected}")
        );
        assert!(!error.was_sent() && !error.is_retryable(), "{error:?}");
        assert_eq!(proxy.seen.heads().len(), 1);
    }
}
