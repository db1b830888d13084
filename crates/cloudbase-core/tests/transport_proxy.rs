//! Requests go through the proxy that is set, with its credentials, unless the host is excepted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;
#[cfg(feature = "rustls-ring")]
#[path = "support/tls.rs"]
mod tls;

use std::net::SocketAddr;

use cloudbase_core::config::ConfigBuilder;
use cloudbase_core::{Client, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use self::server::{Server, get, header, ok, read_request};

/// A proxy that reads plain requests itself and tunnels all others to `upstream`.
async fn proxy(upstream: Option<SocketAddr>) -> Server {
    Server::start(move |mut socket, seen| async move {
        while let Some(head) = read_request(&mut socket, &seen).await {
            if header(&head, "proxy-authorization") != Some("Basic dXNlcjpwYSBzcw==") {
                let rejection = b"HTTP/1.1 407 Proxy Authentication Required\r\n\
                                content-length: 0\r\n\r\n";
                socket.write_all(rejection).await.unwrap();
                continue;
            }
            if !head.starts_with("CONNECT ") {
                socket.write_all(ok("{}").as_bytes()).await.unwrap();
                continue;
            }
            let mut upstream = TcpStream::connect(upstream.unwrap()).await.unwrap();
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut socket, &mut upstream).await;
            return;
        }
    })
    .await
}

fn unresolvable() -> String {
    format!("{}.example", "a".repeat(64))
}

#[tokio::test]
async fn plain_requests_are_sent_whole_to_the_proxy() {
    let proxy = proxy(None).await;
    let client = Client::builder()
        .env_id("demo")
        .endpoint("http://gateway.example:8080")
        .allow_plain_http(true)
        .proxy(format!("http://user:pa%20ss@{}", proxy.address))
        .build()
        .unwrap();
    client.fetch(get("/v1/a")).await.unwrap();
    let head = &proxy.seen.heads()[0];
    assert!(
        head.starts_with("GET http://gateway.example:8080/v1/a HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(header(head, "host"), Some("gateway.example:8080"));
}

#[tokio::test]
async fn excepted_hosts_are_reached_directly() {
    let proxy = proxy(None).await;
    let address = proxy.address;
    let host = unresolvable();
    let excepted = host.clone();
    let config = ConfigBuilder::from_variables(move |name| match name {
        "http_proxy" => Some(format!("http://user:pa%20ss@{address}")),
        "NO_PROXY" => Some(format!("localhost,{excepted}")),
        _ => None,
    })
    .env_id("demo")
    .endpoint(format!("http://{host}"))
    .allow_plain_http(true)
    .max_attempts(1)
    .build()
    .unwrap();
    let client = Client::new(config).unwrap();
    let error = client.fetch(get("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns);
    assert_eq!(proxy.seen.connections(), 0);
    // Another host does go there.
    client
        .fetch(get("http://other.example/v1/a"))
        .await
        .unwrap();
    assert_eq!(proxy.seen.connections(), 1);
}

#[tokio::test]
async fn this_machine_is_reached_directly() {
    let server = Server::responding(ok("{}")).await;
    let proxy = proxy(None).await;
    let client = server.client().proxy(proxy.url()).build().unwrap();
    client.fetch(get("/v1/a")).await.unwrap();
    assert_eq!(proxy.seen.connections(), 0);
    assert_eq!(server.seen.heads().len(), 1);
}

#[tokio::test]
async fn socks_with_credentials() {
    let server = Server::responding(ok("{}")).await;
    let upstream = server.address;
    let socks = Server::start(move |mut socket, seen| async move {
        let mut buffer = [0; 512];
        // Version 5, one method: user and password.
        socket.read_exact(&mut buffer[..3]).await.unwrap();
        assert_eq!(&buffer[..3], [5, 1, 2]);
        socket.write_all(&[5, 2]).await.unwrap();
        let expected = b"\x01\x04user\x05pa ss";
        socket
            .read_exact(&mut buffer[..expected.len()])
            .await
            .unwrap();
        assert_eq!(&buffer[..expected.len()], expected);
        socket.write_all(&[1, 0]).await.unwrap();
        // CONNECT, name of 15 bytes, port 80.
        let expected = b"\x05\x01\x00\x03\x0fgateway.example\x00\x50";
        socket
            .read_exact(&mut buffer[..expected.len()])
            .await
            .unwrap();
        seen.heads
            .lock()
            .unwrap()
            .push(String::from_utf8_lossy(&buffer[..expected.len()]).into_owned());
        assert_eq!(&buffer[..expected.len()], expected);
        socket
            .write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80])
            .await
            .unwrap();
        let mut upstream = TcpStream::connect(upstream).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut socket, &mut upstream).await;
    })
    .await;
    let client = Client::builder()
        .env_id("demo")
        .endpoint("http://gateway.example")
        .allow_plain_http(true)
        .proxy(format!("socks5h://user:pa%20ss@{}", socks.address))
        .build()
        .unwrap();
    client.fetch(get("/v1/a")).await.unwrap();
    let head = &server.seen.heads()[0];
    assert!(head.starts_with("GET /v1/a HTTP/1.1\r\n"), "{head}");
    assert_eq!(socks.seen.heads().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named_without_its_password() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let failure = async |place: &str| {
        let client = Client::builder()
            .env_id("demo")
            .endpoint("http://gateway.example")
            .allow_plain_http(true)
            .proxy(format!("http://sentinel:sentinel@{place}"))
            .max_attempts(1)
            .build()
            .unwrap();
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sentinel"));
        error
    };
    let error = failure(&address.to_string()).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert_eq!(
        error.message(),
        format!("cannot connect to the proxy {address}: no server is listening")
    );
    let error = failure(&format!("{}:8080", unresolvable())).await;
    assert_eq!(error.kind(), ErrorKind::Dns, "{error:?}");
    assert_eq!(
        error.message(),
        format!(
            "the name `{}` of the proxy cannot be resolved",
            unresolvable()
        )
    );
}

#[cfg(feature = "rustls-ring")]
mod https {
    use super::*;

    #[tokio::test]
    async fn a_tunnel_with_credentials() {
        let authority = tls::Authority::new();
        let server = tls::serve(authority.server(&["gateway.example"])).await;
        let proxy = proxy(Some(server.address)).await;
        let client = Client::builder()
            .env_id("demo")
            .endpoint("https://gateway.example")
            .ca_certificates(authority.pem())
            .proxy(format!("http://user:pa%20ss@{}", proxy.address))
            .build()
            .unwrap();
        client.fetch(get("/v1/a")).await.unwrap();
        client.fetch(get("/v1/b")).await.unwrap();
        let heads = proxy.seen.heads();
        assert_eq!(heads.len(), 1, "{heads:?}");
        assert!(heads[0].starts_with("CONNECT gateway.example:443 HTTP/1.1\r\n"));
        // Neither does the proxy see the call nor the server the proxy's password.
        for head in server.seen.heads() {
            assert!(head.starts_with("GET /v1/"), "{head}");
            assert_eq!(header(&head, "proxy-authorization"), None);
        }
    }

    #[tokio::test]
    async fn a_certificate_met_behind_a_proxy_is_not_trusted() {
        let server = tls::serve(tls::Authority::new().server(&["gateway.example"])).await;
        let proxy = proxy(Some(server.address)).await;
        let client = Client::builder()
            .env_id("demo")
            .endpoint("https://gateway.example")
            .proxy(format!("http://user:pa%20ss@{}", proxy.address))
            .max_attempts(1)
            .build()
            .unwrap();
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        let beginning = format!(
            "cannot connect to gateway.example through the proxy {}: the server's certificate is \
             not from an authority",
            proxy.address
        );
        assert!(error.message().starts_with(&beginning), "{error}");
    }

    #[tokio::test]
    async fn a_proxy_over_tls() {
        let authority = tls::Authority::new();
        let proxy = tls::serve(authority.server(&["127.0.0.1"])).await;
        let client = Client::builder()
            .env_id("demo")
            .endpoint("http://gateway.example")
            .allow_plain_http(true)
            .ca_certificates(authority.pem())
            .proxy(format!("https://{}", proxy.address))
            .build()
            .unwrap();
        client.fetch(get("/v1/a")).await.unwrap();
        assert!(proxy.seen.heads()[0].starts_with("GET http://gateway.example/v1/a "));
    }

    #[tokio::test]
    async fn a_rejected_tunnel() {
        let proxy = proxy(None).await;
        let client = Client::builder()
            .env_id("demo")
            .endpoint("https://gateway.example")
            .proxy(format!("http://user:sentinel@{}", proxy.address))
            .max_attempts(1)
            .build()
            .unwrap();
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        let beginning = format!(
            "the proxy {} did not open a way to gateway.example: ",
            proxy.address
        );
        assert!(error.message().starts_with(&beginning), "{error}");
        assert!(!error.was_sent());
        assert!(!format!("{error} {error:?}").contains("sentinel"));
    }
}
