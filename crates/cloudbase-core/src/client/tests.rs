//! The whole stack over a scripted transport, in paused time.

mod auth;
mod auth_envelopes;
mod envelopes;
mod extensions;
mod foreign_errors;
mod identity;
mod limits;
mod order;
mod raw;
mod responses;
mod retry;
mod safety;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_core::future::BoxFuture;
use http::Method;
use secrecy::SecretString;
use serde_json::json;
use tokio::time::Instant;

use crate::credential::{RefreshPolicy, Token, TokenCache, TokenSource};
use crate::testing::MockTransport;
use crate::{Body, Client, ClientBuilder, Operation, PathBuilder, Result};

/// A client on `mock` with an access key.
fn client(mock: &MockTransport) -> Client {
    builder(mock).build().unwrap()
}

fn builder(mock: &MockTransport) -> ClientBuilder {
    Client::builder()
        .env_id("test-env")
        .access_key("the-access-key")
        .transport(mock.clone())
}

fn get() -> Operation {
    let uri = PathBuilder::new("/v1/things")
        .segment("id", "1")
        .unwrap()
        .build()
        .unwrap();
    Operation::new("things.get", "/v1/things/{id}", Method::GET, uri)
}

fn post() -> Operation {
    let uri = PathBuilder::new("/v1/things").build().unwrap();
    Operation::new("things.add", "/v1/things", Method::POST, uri)
        .json(&json!({ "a": 1 }))
        .unwrap()
}

fn streaming_post() -> Operation {
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("piece")]);
    let uri = PathBuilder::new("/v1/things").build().unwrap();
    Operation::new("things.add", "/v1/things", Method::POST, uri).body(Body::stream(pieces))
}

/// Tokens `token-1`, `token-2`, … that live for an hour.
#[derive(Clone, Default)]
struct Sequence {
    fetched: Arc<AtomicUsize>,
}

impl TokenSource for Sequence {
    fn fetch(&self, _previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
        let number = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(Some(token(number)))
        })
    }
}

fn token(number: usize) -> Token {
    let lifetime = Duration::from_secs(3600);
    Token::bearer(
        &SecretString::from(format!("token-{number}")),
        Some(lifetime),
    )
    .unwrap()
}

fn with_session(mock: &MockTransport) -> (Client, Sequence) {
    let source = Sequence::default();
    let provider = TokenCache::new(source.clone(), RefreshPolicy::default());
    (builder(mock).credentials(provider).build().unwrap(), source)
}
