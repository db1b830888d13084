//! Whom the client trusts, who it says it is, and what it speaks.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![cfg(feature = "rustls-ring")]
// The verifiers of Apple and Windows have rules of their own for certificates that were added.
#![cfg(any(
    all(feature = "webpki-roots", not(feature = "platform-verifier")),
    all(feature = "platform-verifier", unix, not(target_vendor = "apple"))
))]

#[path = "support/server.rs"]
mod server;
#[path = "support/tls.rs"]
mod tls;

use std::sync::Arc;

use bytes::Bytes;
use cloudbase_core::{Body, Client, ClientBuilder, Error, ErrorKind};
use futures_util::stream;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use self::server::{Server, get, ok, post, read_head};
use self::tls::{Authority, serve};

fn client(server: &Server) -> ClientBuilder {
    Client::builder()
        .env_id("demo")
        .endpoint(format!("https://localhost:{}", server.address.port()))
        .max_attempts(1)
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let server = serve(Authority::new().server(&["localhost"])).await;
    let client = client(&server).build().unwrap();
    let error = client.fetch(post("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert_eq!(
        error.message(),
        format!(
            "cannot connect to localhost:{}: the server's certificate is not from an authority \
             that is trusted here (`ca_certificates` adds one)",
            server.address.port()
        )
    );
    assert!(error.is_connect() && !error.was_sent() && !error.is_retryable());
    assert!(server.seen.heads().is_empty());
}

#[tokio::test]
async fn an_added_authority_is_trusted() {
    let authority = Authority::new();
    let server = serve(authority.server(&["localhost"])).await;
    for only in [false, true] {
        let client = client(&server)
            .ca_certificates(Authority::new().pem())
            .ca_certificates(authority.pem())
            .only_ca_certificates(only)
            .build()
            .unwrap();
        client.fetch(get("/v1/a")).await.unwrap();
    }
}

/// What the system trusts is a variable of the process: the test runs itself once more, with another.
#[cfg(all(feature = "platform-verifier", target_os = "linux"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_systems_authorities_are_trusted_unless_only_others_are() {
    const NAME: &str = "the_systems_authorities_are_trusted_unless_only_others_are";
    const PORT: &str = "PORT_OF_A_SERVER_THAT_THE_SYSTEM_TRUSTS";
    if let Ok(port) = std::env::var(PORT) {
        let client = || {
            Client::builder()
                .env_id("demo")
                .endpoint(format!("https://localhost:{port}"))
                .max_attempts(1)
        };
        let trusting = client().build().unwrap();
        trusting.fetch(get("/v1/a")).await.unwrap();
        let other = Authority::new().pem();
        let more = client().ca_certificates(&other).build().unwrap();
        more.fetch(get("/v1/a")).await.unwrap();
        let only = client().ca_certificates(&other).only_ca_certificates(true);
        let error = only.build().unwrap().fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        return;
    }
    let authority = Authority::new();
    let server = serve(authority.server(&["localhost"])).await;
    let port = server.address.port().to_string();
    let trusted = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let trusted = trusted.join(format!("trusted-{port}.pem"));
    std::fs::write(&trusted, authority.pem()).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", NAME])
        .env("SSL_CERT_FILE", &trusted)
        .env(PORT, port);
    let child = tokio::task::spawn_blocking(move || child.output().unwrap());
    let child = child.await.unwrap();
    std::fs::remove_file(trusted).unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test]
async fn a_certificate_is_for_its_host_only() {
    let authority = Authority::new();
    let server = serve(authority.server(&["other.example"])).await;
    let client = client(&server)
        .ca_certificates(authority.pem())
        .build()
        .unwrap();
    let error = client.fetch(get("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    let place = format!("localhost:{}", server.address.port());
    assert_eq!(
        error.message(),
        format!("cannot connect to {place}: the server's certificate is for another name")
    );
}

#[tokio::test]
async fn a_client_certificate_opens_the_door() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = serve(authority.demanding_server(&["localhost"], &clients)).await;
    let stranger = client(&server)
        .ca_certificates(authority.pem())
        .build()
        .unwrap();
    let error = stranger.fetch(post("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert!(error.message().contains("`client_certificate`"), "{error}");
    assert!(!error.was_sent());
    assert!(server.seen.heads().is_empty());
    let identity = clients.identity(&["client"]);
    let known = client(&server)
        .ca_certificates(authority.pem())
        .client_certificate(&identity.chain_pem, identity.key_pem.clone())
        .build()
        .unwrap();
    known.fetch(get("/v1/a")).await.unwrap();
    assert!(!format!("{known:?}").contains(&identity.key_pem[40..60]));
}

/// `https://` with the port of a server that speaks plain HTTP, as a development server does.
#[tokio::test]
async fn a_plain_port_is_named() {
    let server = Server::start(|mut socket, _| async move {
        let _ = socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            .await;
    })
    .await;
    let client = client(&server).build().unwrap();
    let error = client.fetch(get("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert!(
        error
            .message()
            .ends_with("does not speak TLS: is this a plain http port?"),
        "{error}"
    );
}

#[tokio::test]
async fn a_connection_lost_in_the_handshake_is_no_verdict() {
    let server = Server::start(|socket, _| async move { drop(socket) }).await;
    let client = client(&server).build().unwrap();
    let error = client.fetch(post("/v1/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert_eq!(
        error.message(),
        format!(
            "cannot connect to localhost:{}: the connection was lost during the TLS handshake",
            server.address.port()
        )
    );
    assert!(!error.was_sent() && error.is_retryable());
}

#[tokio::test]
async fn a_response_is_read_though_the_server_closes_at_once() {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(Arc::new(authority.server(&["localhost"])));
    let server = Server::start(move |socket, _| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(socket).await.unwrap();
            read_head(&mut stream).await;
            let response = ok("{}").replace("200 OK", "413 Too Large\r\nconnection: close");
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    })
    .await;
    let client = client(&server)
        .ca_certificates(authority.pem())
        .build()
        .unwrap();
    for _ in 0..20 {
        let pieces = stream::repeat_with(|| Ok::<_, Error>(Bytes::from_static(&[7; 16 * 1024])));
        let call = post("/v1/a").body(Body::stream(pieces));
        let error = client.fetch(call).await.unwrap_err();
        assert_eq!(error.status().map(|it| it.as_u16()), Some(413), "{error:?}");
    }
}

#[test]
fn bad_certificates_are_rejected_by_name() {
    let authority = Authority::new();
    let (one, other) = (authority.identity(&["a"]), authority.identity(&["b"]));
    let base = || Client::builder().env_id("demo");
    let secret = "-----BEGIN PRIVATE KEY-----\nc2VudGluZWw=\n-----END PRIVATE KEY-----\n";
    for (builder, message) in [
        (
            base().ca_certificates("no PEM"),
            "`ca_certificates` must be",
        ),
        (
            base().only_ca_certificates(true),
            "`only_ca_certificates` needs",
        ),
        (
            base().client_certificate("no PEM", one.key_pem.clone()),
            "`client_certificate` must be",
        ),
        (
            base().client_certificate(&one.chain_pem, "no PEM"),
            "`client_key` must be",
        ),
        (
            base().client_certificate(&one.chain_pem, secret),
            "`client_certificate` cannot be used",
        ),
        (
            base().client_certificate(&one.chain_pem, other.key_pem.clone()),
            "`client_certificate` cannot be used",
        ),
        (
            base().set("client_key".parse().unwrap(), one.key_pem.clone()),
            "`client_certificate` is missing",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().starts_with(message), "{error}");
        assert!(!format!("{error} {error:?}").contains("c2VudGluZWw"));
    }
}

#[cfg(feature = "http2")]
mod http2 {
    use std::convert::Infallible;

    use http::{Request, Response, Version};
    use hyper::server::conn::http2::Builder;
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    use futures_util::StreamExt as _;
    use tokio::sync::Notify;

    use super::*;

    async fn serve_http2(authority: &Authority) -> Server {
        let acceptor = authority.http2_acceptor();
        Server::start(move |socket, seen| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(stream) = acceptor.accept(socket).await else {
                    return;
                };
                let response = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let line = format!("{:?} {}", request.version(), request.uri());
                    seen.heads.lock().unwrap().push(line);
                    async { Ok::<_, Infallible>(Response::new("{}".to_owned())) }
                });
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), response)
                    .await;
            }
        })
        .await
    }

    #[tokio::test]
    async fn many_calls_share_one_connection() {
        let authority = Authority::new();
        let server = serve_http2(&authority).await;
        let client = client(&server)
            .ca_certificates(authority.pem())
            .build()
            .unwrap();
        // The first connection tells that the server speaks HTTP/2.
        client.fetch(get("/v1/a")).await.unwrap();
        let calls = (0..100).map(|_| client.fetch(get("/v1/a")));
        for response in futures_util::future::join_all(calls).await {
            assert_eq!(response.unwrap().status(), 200);
        }
        assert_eq!(server.seen.connections(), 1);
        let heads = server.seen.heads();
        assert_eq!(heads.len(), 101);
        assert!(heads[0].starts_with(&format!("{:?} https://localhost", Version::HTTP_2)));
    }

    /// The client writes once more when the server has responded and closed the connection, and only
    /// then reads.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_without_http2_is_heard_though_a_write_fails() {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(&["localhost"])));
        let (has_head, writes) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (closed, is_closed) = std::sync::mpsc::channel();
        let (read, may_close) = (has_head.clone(), writes.clone());
        let server = Server::start(move |socket, _| {
            let (acceptor, closed) = (acceptor.clone(), closed.clone());
            let (read, may_close) = (read.clone(), may_close.clone());
            async move {
                let mut stream = acceptor.accept(socket).await.unwrap();
                read_head(&mut stream).await;
                read.notify_one();
                may_close.notified().await;
                let response = ok("{}").replace("200 OK", "413 Too Large");
                stream.write_all(response.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                // What it has not read makes the system reset the connection.
                drop(stream);
                closed.send(()).unwrap();
            }
        })
        .await;
        let piece = || Ok::<_, Error>(Bytes::from_static(&[7; 64 * 1024]));
        let last = stream::once(async move {
            has_head.notified().await;
            writes.notify_one();
            tokio::task::block_in_place(|| is_closed.recv().unwrap());
            piece()
        });
        let pieces = stream::iter([piece()]).chain(last).chain(stream::pending());
        let client = client(&server).ca_certificates(authority.pem());
        let call = post("/v1/a").body(Body::stream(pieces));
        let error = client.build().unwrap().fetch(call).await.unwrap_err();
        assert_eq!(error.status().map(|it| it.as_u16()), Some(413), "{error:?}");
    }

    #[tokio::test]
    async fn http1_where_it_is_switched_off_or_unknown() {
        let authority = Authority::new();
        let only_http2 = serve_http2(&authority).await;
        let off = client(&only_http2)
            .ca_certificates(authority.pem())
            .http2(false)
            .build()
            .unwrap();
        // It offers no protocol, so the server may guess; its guess does not fit.
        off.fetch(get("/v1/a")).await.unwrap_err();
        assert!(only_http2.seen.heads().is_empty());
        let old = serve(authority.server(&["localhost"])).await;
        let client = client(&old)
            .ca_certificates(authority.pem())
            .build()
            .unwrap();
        client.fetch(get("/v1/a")).await.unwrap();
        let head = &old.seen.heads()[0];
        assert!(head.starts_with("GET /v1/a HTTP/1.1"));
        // HTTP/2 has no such header.
        let host = format!("\r\nhost: localhost:{}\r\n", old.address.port());
        assert!(head.contains(&host), "{head}");
    }
}
