//! The parts of the default stack can be put together by a program as well.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

#[cfg(feature = "gzip")]
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cloudbase_core::credential::{Credentials, Token};
use cloudbase_core::layers::{
    self, AttemptTimeoutLayer, AttemptTraceLayer, BaseUriLayer, CallTraceLayer,
    ConcurrencyLimitLayer, HeadersLayer, RetryLayer, TokenRefreshLayer, TotalTimeoutLayer,
};
use cloudbase_core::{ClientBuilder, Config, CredentialUse};
#[cfg(feature = "gzip")]
use flate2::{Compression, write::GzEncoder};
use http::Request;
use tokio::io::AsyncWriteExt as _;
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;

use self::server::{Server, get, header, ok, read_request};

/// Has no time for the first request.
async fn busy_at_first() -> Server {
    Server::start(|mut socket, seen| async move {
        while read_request(&mut socket, &seen).await.is_some() {
            let response = match seen.heads().len() {
                1 => "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}".to_owned(),
                _ => ok("{}"),
            };
            if socket.write_all(response.as_bytes()).await.is_err() {
                return;
            }
        }
    })
    .await
}

fn config(server: &Server) -> Config {
    let builder = Config::builder().env_id("demo").endpoint(server.url());
    builder.build().unwrap()
}

#[tokio::test]
async fn the_public_parts_make_the_whole_stack() {
    let server = busy_at_first().await;
    let config = config(&server);
    let key = Token::bearer(&"the-key".into(), None).unwrap();
    let passed = Arc::new(AtomicUsize::new(0));
    let counter = passed.clone();
    let mine = MapRequestLayer::new(move |request: Request<_>| {
        counter.fetch_add(1, Ordering::SeqCst);
        request
    });
    let stack = ServiceBuilder::new()
        .layer(CallTraceLayer::new(&config))
        .layer(TotalTimeoutLayer::new(config.timeouts().total))
        .layer(RetryLayer::new(&config))
        .layer(TokenRefreshLayer::new(Arc::new(Credentials::new(
            Some(key),
            None,
        ))))
        .layer(mine)
        .layer(BaseUriLayer::new(&config))
        .layer(HeadersLayer::new(&config).unwrap())
        .layer(AttemptTraceLayer::new(&config))
        .layer(ConcurrencyLimitLayer::new(&config))
        .layer(AttemptTimeoutLayer::new(&config))
        .service(layers::transport(&config).unwrap());
    let client = ClientBuilder::from_service(stack).config(config);
    let client = client.build().unwrap();
    let call = get("/v1/a").credential(CredentialUse::Required);
    assert_eq!(client.fetch(call).await.unwrap().attempts(), 2);
    assert_eq!(passed.load(Ordering::SeqCst), 2);
    for head in server.seen.heads() {
        assert_eq!(header(&head, "authorization"), Some("Bearer the-key"));
        assert!(header(&head, "x-sdk-version").is_some(), "{head}");
    }
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn what_is_left_out_is_not_done() {
    let server = busy_at_first().await;
    let config = config(&server);
    let stack = BaseUriLayer::new(&config);
    let stack = ServiceBuilder::new()
        .layer(stack)
        .service(layers::transport(&config).unwrap());
    let client = ClientBuilder::from_service(stack).config(config);
    let call = get("/v1/a").credential(CredentialUse::Required);
    let error = client.build().unwrap().fetch(call).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    let heads = server.seen.heads();
    assert_eq!(heads.len(), 1, "no retry");
    for name in ["authorization", "x-sdk-version", "user-agent"] {
        assert_eq!(header(&heads[0], name), None);
    }
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn a_stack_that_asks_for_gzip_unpacks_it() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(br#"{"text":"milk"}"#).unwrap();
    let packed = encoder.finish().unwrap();
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ";
    let mut response = format!("{head}{}\r\n\r\n", packed.len()).into_bytes();
    response.extend_from_slice(&packed);
    let server = Server::responding(response).await;
    let config = config(&server);
    let stack = ServiceBuilder::new()
        .layer(BaseUriLayer::new(&config))
        .layer(HeadersLayer::new(&config).unwrap());
    let transport = layers::transport(&config).unwrap();
    let limited = stack
        .clone()
        .layer(AttemptTimeoutLayer::new(&config))
        .service(transport.clone());
    let limited = ClientBuilder::from_service(limited).config(config.clone());
    let unlimited = ClientBuilder::from_service(stack.service(transport)).config(config);
    for client in [limited, unlimited] {
        let response = client.build().unwrap().fetch(get("/v1/a")).await.unwrap();
        assert!(response.headers().get("content-encoding").is_none());
        assert_eq!(response.into_value(), br#"{"text":"milk"}"#.as_slice());
    }
    for head in server.seen.heads() {
        assert_eq!(header(&head, "accept-encoding"), Some("gzip"));
    }
}
