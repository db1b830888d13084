//! Adds layers: one of one's own around each call and each attempt, one off the shelf, and one only
//! when asked for.
//!
//! Run it with `VERBOSE=1` to see the traces of the conditional layer.

#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use cloudbase::http::{HeaderName, HeaderValue, Request};
use cloudbase::prelude::*;
use cloudbase::{Body, CallInfo};
use cloudbase_emulator::{Emulator, Fault};
use serde_json::{Value, json};
use tower::{Layer, Service};
use tower_http::set_header::SetRequestHeaderLayer;
use tower_http::trace::TraceLayer;

/// Counts requests that pass, under a name.
#[derive(Clone)]
struct Count {
    what: &'static str,
    passed: Arc<AtomicU32>,
}

impl Count {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            passed: Arc::default(),
        }
    }
}

impl<S> Layer<S> for Count {
    type Service = Counting<S>;

    fn layer(&self, inner: S) -> Counting<S> {
        Counting {
            inner,
            count: self.clone(),
        }
    }
}

#[derive(Clone)]
struct Counting<S> {
    inner: S,
    count: Count,
}

impl<S> Service<Request<Body>> for Counting<S>
where
    S: Service<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        let number = self.count.passed.fetch_add(1, Ordering::Relaxed) + 1;
        let operation = CallInfo::of(&request).map_or("?", CallInfo::operation);
        println!("{:<8} {number}: {operation}", self.count.what);
        self.inner.call(request)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(std::io::stderr)
        .init();
    let emulator = Emulator::builder()
        .function("hello", |event, _context| async move {
            Ok(json!({ "hello": event["name"] }))
        })
        .start()
        .await?;
    // The first attempt of the call below is rejected; the retry is one more attempt, not a call.
    emulator.faults().add(
        Fault::on("POST /v1/functions/*")
            .times(1)
            .status(503, "RESOURCE_UNAVAILABLE"),
    );

    let (calls, attempts) = (Count::new("call"), Count::new("attempt"));
    let tenant = HeaderValue::from_static("a-tenant");
    let mut builder = CloudBase::builder(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.publishable_key())
        .layer(calls.clone())
        .layer(SetRequestHeaderLayer::overriding(
            HeaderName::from_static("x-tenant"),
            tenant,
        ))
        .attempt_layer(attempts.clone());
    // The builder keeps its type, so a layer can be added under a condition.
    if std::env::var_os("VERBOSE").is_some() {
        builder = builder.layer(TraceLayer::new_for_http());
    }
    let app = builder.build()?;

    let response: Value = app
        .functions()
        .call("hello")
        .json(&json!({ "name": "Lin" }))
        .idempotent(true)
        .await?
        .json()?;
    println!("{response}");

    assert_eq!(calls.passed.load(Ordering::Relaxed), 1);
    assert_eq!(attempts.passed.load(Ordering::Relaxed), 2);
    Ok(())
}
