//! Each layer sees what it should, in the order that the documentation draws.

use std::sync::Mutex;

use http::Request;
use http::header::AUTHORIZATION;
use tower::layer::layer_fn;
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use super::*;
use crate::testing::response;
use crate::{BoxError, CallInfo, HttpService};

type Log = Arc<Mutex<Vec<String>>>;

/// A layer that notes its name, the attempt so far, and whether it sees a credential and a host.
fn noting(
    log: &Log,
    name: &'static str,
) -> impl tower::Layer<HttpService, Service = HttpService> + Send + 'static {
    let log = log.clone();
    layer_fn(move |inner: HttpService| {
        let log = log.clone();
        HttpService::new(service_fn(move |request: Request<Body>| {
            let credential = request.headers().get(AUTHORIZATION).map_or("-", |value| {
                assert!(value.is_sensitive());
                "key"
            });
            let host = request.uri().host().map_or("-", |_| "host");
            let operation = request.extensions().get::<CallInfo>().unwrap().operation();
            log.lock()
                .unwrap()
                .push(format!("{name} {operation} {credential} {host}"));
            inner.clone().oneshot(request)
        }))
    })
}

#[tokio::test(start_paused = true)]
async fn layers_see_calls_and_attempt_layers_see_attempts() {
    let log = Log::default();
    let mock = MockTransport::new()
        .json(503, &json!({}))
        .json(200, &json!({}));
    let mut builder = builder(&mock);
    for name in ["inner", "outer"] {
        builder = builder.layer(noting(&log, name));
    }
    let client = builder
        .attempt_layer(noting(&log, "attempt"))
        .build()
        .unwrap();
    client.fetch(get()).await.unwrap();
    assert_eq!(
        *log.lock().unwrap(),
        [
            "outer things.get - -",
            "inner things.get - -",
            "attempt things.get key -",
            "attempt things.get key -",
        ]
    );
    let sent = mock.requests();
    assert_eq!(
        sent[0].uri,
        "https://test-env.api.tcloudbasegateway.com/v1/things/1"
    );
    assert_eq!(
        sent[0].header("x-request-id"),
        sent[1].header("x-request-id"),
        "one id for all attempts"
    );
    assert_eq!(
        sent[0].header("x-sdk-version"),
        Some(concat!("@cloudbase/rust-sdk/", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test(start_paused = true)]
async fn a_replay_passes_the_attempt_layers_but_not_the_call_layers() {
    let log = Log::default();
    let mock = MockTransport::new()
        .json(401, &json!({ "code": "ACCESS_TOKEN_EXPIRED" }))
        .json(200, &json!({}));
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    let client = builder(&mock)
        .credentials(provider)
        .layer(noting(&log, "call"))
        .attempt_layer(noting(&log, "attempt"))
        .build()
        .unwrap();
    assert_eq!(client.fetch(get()).await.unwrap().attempts(), 2);
    let log = log.lock().unwrap();
    assert_eq!(
        *log,
        [
            "call things.get - -",
            "attempt things.get key -",
            "attempt things.get key -"
        ]
    );
}

/// A layer that notes what comes back to it.
fn noting_responses(
    log: &Log,
    name: &'static str,
) -> impl tower::Layer<HttpService, Service = HttpService> + Send + 'static {
    let log = log.clone();
    layer_fn(move |inner: HttpService| {
        let log = log.clone();
        HttpService::new(service_fn(move |request: Request<Body>| {
            // The SDK's headers are put on below the user's layers.
            assert!(!request.headers().contains_key("x-sdk-version"));
            let (log, inner) = (log.clone(), inner.clone());
            async move {
                let result = inner.oneshot(request).await;
                let what = match &result {
                    Ok(response) => response.status().as_u16().to_string(),
                    Err(error) => match crate::error::find::<crate::Error>(&**error) {
                        Some(error) => format!("{:?}", error.timeout_phase()),
                        None => "unknown".to_owned(),
                    },
                };
                log.lock().unwrap().push(format!("{name} {what}"));
                result
            }
        }))
    })
}

#[tokio::test(start_paused = true)]
async fn layers_see_the_outcome_of_what_they_wrap() {
    let expired = || json!({ "code": "ACCESS_TOKEN_EXPIRED" });
    let good = || json!({});
    for (name, mock, seen) in [
        (
            "success",
            MockTransport::new().json(200, &good()),
            &["attempt 200", "call 200"][..],
        ),
        (
            "retry",
            MockTransport::new().json(503, &good()).json(200, &good()),
            &["attempt 503", "attempt 200", "call 200"],
        ),
        (
            "replay",
            MockTransport::new()
                .json(401, &expired())
                .json(200, &good()),
            &["attempt 401", "attempt 200", "call 200"],
        ),
        (
            "replay and retry",
            MockTransport::new()
                .json(401, &expired())
                .json(503, &good())
                .json(200, &good()),
            &["attempt 401", "attempt 503", "attempt 200", "call 200"],
        ),
        (
            "deadline",
            MockTransport::new().fallback(|_| std::future::pending()),
            &["attempt Some(Total)", "call Some(Total)"],
        ),
    ] {
        let log = Log::default();
        let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
        let client = builder(&mock)
            .credentials(provider)
            .timeout(Duration::from_secs(10))
            .layer(noting_responses(&log, "call"))
            .attempt_layer(noting_responses(&log, "attempt"))
            .build()
            .unwrap();
        assert_eq!(client.fetch(get()).await.is_ok(), name != "deadline");
        assert_eq!(*log.lock().unwrap(), seen, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_carries_the_newest_token_and_a_replay_is_no_retry() {
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    let elsewhere = provider.clone();
    let mock = MockTransport::new()
        .then(move |_| {
            elsewhere.set(token(9));
            async { Ok(response(503, &[], "{}").map(Body::from)) }
        })
        .json(200, &json!({}));
    let client = builder(&mock).credentials(provider).build().unwrap();
    client.fetch(get()).await.unwrap();
    let sent = mock.requests();
    assert_eq!(sent[0].header("authorization"), Some("Bearer token-1"));
    assert_eq!(sent[1].header("authorization"), Some("Bearer token-9"));

    let mock = MockTransport::new()
        .json(401, &json!({ "code": "ACCESS_TOKEN_EXPIRED" }))
        .json(200, &json!({}));
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    let client = builder(&mock).credentials(provider).max_attempts(1);
    let response = client.build().unwrap().fetch(post()).await.unwrap();
    assert_eq!(response.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_layer_can_respond_by_itself_and_its_error_can_be_found_again() {
    #[derive(Debug)]
    struct Mine;
    impl std::fmt::Display for Mine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("mine")
        }
    }
    impl std::error::Error for Mine {}

    let mock = MockTransport::new();
    let failing = ServiceBuilder::new()
        .layer(layer_fn(|_: HttpService| {
            service_fn(|_: Request<Body>| async {
                Err::<http::Response<Body>, BoxError>(Mine.into())
            })
        }))
        .into_inner();
    let error = builder(&mock)
        .layer(failing)
        .build()
        .unwrap()
        .fetch(get())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Middleware);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<Mine>().is_some());
    assert!(mock.requests().is_empty());

    let cached = layer_fn(|_: HttpService| {
        service_fn(|_: Request<Body>| async {
            Ok::<_, BoxError>(response(200, &[], "\"from the layer\"").map(Body::from))
        })
    });
    let client = builder(&mock).attempt_layer(cached).build().unwrap();
    assert_eq!(
        client.fetch_json::<String>(get()).await.unwrap().value(),
        "from the layer"
    );
}

#[tokio::test]
async fn a_stack_of_ones_own_is_left_as_it_is() {
    let mock = MockTransport::new().json(503, &json!({}));
    let client = crate::ClientBuilder::from_service(mock.clone())
        .env_id("test-env")
        .build()
        .unwrap();
    assert!(client.fetch(get()).await.is_err());
    let sent = mock.requests();
    assert_eq!(sent.len(), 1, "no retry");
    assert_eq!(sent[0].uri, "/v1/things/1");
    assert!(sent[0].headers.is_empty());
}

#[test]
fn a_client_is_built_outside_a_runtime_and_works_on_two() {
    let mock = MockTransport::new()
        .json(200, &json!({}))
        .json(200, &json!({}));
    let client = client(&mock);
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(client.fetch(get())).unwrap();
    }
}

#[test]
fn handles_are_shareable_and_futures_can_be_spawned() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    fn spawnable<T: Send + 'static>(_: T) {}
    shareable::<Client>();
    let client = client(&MockTransport::new());
    spawnable(async move { client.fetch(get()).await });
}
