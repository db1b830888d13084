//! What goes over the wire a second time is what went the first time, but for a new token.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::config::RetryConfig;
use cloudbase_core::credential::{RefreshPolicy, Token, TokenCache, TokenSource};
use cloudbase_core::{
    Body, CallOptions, CredentialUse, Idempotency, Operation, Result, SecretString,
};
use futures_core::future::BoxFuture;
use tokio::io::AsyncWriteExt as _;

use self::server::{Server, get, ok, post, read_request};

/// Responds to the first request with `rejection`, and all others well.
async fn rejecting_once(rejection: String) -> Server {
    let rejection: std::sync::Arc<str> = rejection.into();
    Server::start(move |mut socket, seen| {
        let rejection = rejection.clone();
        async move {
            while read_request(&mut socket, &seen).await.is_some() {
                let is_first = seen.heads().len() == 1;
                let response = if is_first { &*rejection } else { &*ok("{}") };
                if socket.write_all(response.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

fn rejection(status: &str, code: &str) -> String {
    let body = format!(r#"{{"code":"{code}","message":"no","requestId":"r"}}"#);
    ok(&body).replace("200 OK", status)
}

fn pieces() -> Body {
    let pieces: [Result<_>; 2] = ["one", "two"].map(|piece| Ok(Bytes::from(piece)));
    Body::stream(futures_util::stream::iter(pieces)).with_length(6)
}

/// Calls of all kinds whose bodies can be had again.
fn calls() -> Vec<Operation> {
    let many = (0..5).fold(CallOptions::new(), |options, number| {
        options.with_header(format!("x-own-{number}"), "v")
    });
    let transfer = post("/v1/upload?a=b%20c").transfer().body("an object");
    vec![
        get("/v1/a?b=c"),
        post("/v1/a"),
        post("/v1/a").options(many),
        post("/v1/a").body(Bytes::new()),
        post("/v1/a").body(Body::factory(pieces).with_length(6)),
        transfer,
    ]
}

#[tokio::test]
async fn a_retry_sends_the_same_request() {
    for call in calls() {
        let shown = format!("{call:?}");
        let server = rejecting_once(rejection("503 Service Unavailable", "SYS_ERR")).await;
        let mut retry = RetryConfig::default();
        retry.max_attempts = 2;
        retry.base = Duration::from_millis(1);
        let client = server.client().retry(retry).build().unwrap();
        let call = call.idempotency(Idempotency::Idempotent);
        let response = client.fetch(call).await.unwrap();
        assert_eq!(response.attempts(), 2, "{shown}");
        let (heads, bodies) = (server.seen.heads(), server.seen.bodies());
        assert_eq!(heads[0], heads[1], "{shown}");
        assert_eq!(bodies[0], bodies[1], "{shown}");
        assert_eq!(server.seen.heads().len(), 2, "{shown}");
    }
}

#[derive(Default)]
struct Numbered(AtomicUsize);

impl TokenSource for Numbered {
    fn fetch(&self, _: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let secret = SecretString::from(format!("token-{number}"));
        Box::pin(async move { Token::bearer(&secret, None).map(Some) })
    }
}

#[tokio::test]
async fn a_replay_changes_only_the_token() {
    for call in calls() {
        let shown = format!("{call:?}");
        let server = rejecting_once(rejection("401 Unauthorized", "ACCESS_TOKEN_EXPIRED")).await;
        let provider = TokenCache::new(Numbered::default(), RefreshPolicy::default());
        let client = server.client().credentials(provider).build().unwrap();
        let call = call.credential(CredentialUse::Required);
        client.fetch(call).await.unwrap();
        let (heads, bodies) = (server.seen.heads(), server.seen.bodies());
        assert!(heads[0].contains("Bearer token-0"), "{shown}");
        assert_eq!(heads[0].replace("token-0", "token-1"), heads[1], "{shown}");
        assert_eq!(bodies[0], bodies[1], "{shown}");
    }
}
