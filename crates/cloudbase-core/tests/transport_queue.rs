//! No more than the allowed number of requests is under way, and the rest wait without loss.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloudbase_core::{Body, BoxError, Client, ClientBuilder, ErrorKind, TimeoutPhase};
use http::{Request, Response};
use tokio::io::AsyncWriteExt as _;
use tower::service_fn;

use self::server::{Server, get, ok, post, read_request};

fn local() -> ClientBuilder {
    Client::builder()
        .env_id("demo")
        .endpoint("http://localhost:1")
        .max_attempts(1)
}

/// A transport that responds after `delay`.
fn slow(delay: Duration) -> ClientBuilder {
    local().transport(service_fn(move |_: Request<Body>| async move {
        tokio::time::sleep(delay).await;
        Ok::<_, BoxError>(Response::new(Body::from("{}")))
    }))
}

#[tokio::test]
async fn a_thousand_calls_on_four_connections() {
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, top) = (open.clone(), most.clone());
    let server = Server::start(move |mut socket, seen| {
        let (now, top) = (now.clone(), top.clone());
        async move {
            while read_request(&mut socket, &seen).await.is_some() {
                top.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                if socket.write_all(ok("{}").as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    let client = server.client().max_connections(4).build().unwrap();
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.fetch(post("/v1/a")).await.unwrap() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(server.seen.heads().len(), 1000);
    assert!(most.load(Ordering::SeqCst) <= 4, "{most:?}");
    // One may be opened for a call that then gets another's.
    assert!(
        server.seen.connections() <= 8,
        "{}",
        server.seen.connections()
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_does_not_count_as_attempt() {
    let client = slow(Duration::from_secs(10))
        .max_connections(1)
        .attempt_timeout(Duration::from_secs(15))
        .build()
        .unwrap();
    let calls = (0..4).map(|_| client.fetch(get("/v1/a")));
    for response in futures_util::future::join_all(calls).await {
        response.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_ends_in_the_queue_was_not_sent() {
    let client = slow(Duration::from_secs(10))
        .max_connections(1)
        .timeout(Duration::from_secs(15))
        .build()
        .unwrap();
    let calls = (0..3).map(|_| client.fetch(post("/v1/a")));
    let responses = futures_util::future::join_all(calls).await;
    responses[0].as_ref().unwrap();
    // The second got its turn after 10 s, and had 5 s left.
    let second = responses[1].as_ref().unwrap_err();
    assert_eq!(second.timeout_phase(), Some(TimeoutPhase::Total));
    let third = responses[2].as_ref().unwrap_err();
    assert_eq!(
        third.timeout_phase(),
        Some(TimeoutPhase::Queue),
        "{third:?}"
    );
    assert_eq!(
        third.message(),
        "no free connection after 15s: all `max_connections` are in use"
    );
    assert!(third.is_connect() && !third.was_sent() && third.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_gives_its_place_up() {
    let client = slow(Duration::from_secs(10))
        .max_connections(1)
        .build()
        .unwrap();
    let mut first = Box::pin(client.fetch(get("/v1/a")));
    let mut waiting = Box::pin(client.fetch(get("/v1/b")));
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut waiting).is_pending());
    drop(waiting);
    drop(first);
    client.fetch(get("/v1/c")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_download_keeps_its_place_until_it_has_ended() {
    let client = local()
        .max_connections(1)
        .transport(service_fn(|_: Request<Body>| async {
            let pieces = futures_util::stream::iter([Ok::<_, BoxError>("one"), Ok("two")]);
            Ok::<_, BoxError>(Response::new(Body::stream(pieces)))
        }))
        .build()
        .unwrap();
    for read in [true, false] {
        let download = client.execute(get("/v1/a").transfer()).await.unwrap();
        let mut next = Box::pin(client.fetch(get("/v1/b")));
        assert!(futures_util::poll!(&mut next).is_pending());
        let body = download.into_value();
        if read {
            assert_eq!(body.into_bytes(100).await.unwrap(), "onetwo");
        } else {
            drop(body);
        }
        assert_eq!(next.await.unwrap().into_value(), "onetwo");
    }
}

#[tokio::test(start_paused = true)]
async fn each_host_has_its_own_places() {
    let client = slow(Duration::from_secs(10))
        .max_connections(1)
        .build()
        .unwrap();
    let hosts = ["/v1/a", "https://one.example/", "https://two.example/"];
    let start = tokio::time::Instant::now();
    let calls = hosts.map(|target| client.fetch(get(target)));
    for response in futures_util::future::join_all(calls).await {
        response.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(11));
}

#[tokio::test]
async fn failures_give_their_places_back() {
    let client = local()
        .max_connections(2)
        .transport(service_fn(|_: Request<Body>| async {
            Err::<Response<Body>, BoxError>("no".into())
        }))
        .build()
        .unwrap();
    for _ in 0..10 {
        let error = client.fetch(get("/v1/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Middleware);
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_waits_for_its_place() {
    let client = slow(Duration::from_secs(10)).max_connections(1);
    let client = client.build().unwrap();
    let download = || async { client.execute(get("/v1/a").transfer()).await.map(drop) };
    let (first, second) = tokio::join!(download(), download());
    first.unwrap();
    second.unwrap();
}
