//! Errors that are not ours: of the user's layers, and of a mock without a script.

use tower::timeout::TimeoutLayer;

use super::*;
use crate::{BoxError, Error, ErrorKind};

/// What a call fails with in whose stack a layer makes this error.
async fn failing_with(make: fn() -> BoxError) -> Error {
    let layer = tower::layer::layer_fn(move |_| {
        tower::service_fn(move |_: http::Request<Body>| async move {
            Err::<http::Response<Body>, BoxError>(make())
        })
    });
    let client = builder(&MockTransport::new()).layer(layer).build().unwrap();
    client.fetch(get()).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_of_a_users_layer_is_a_time_limit() {
    let silent = || MockTransport::new().fallback(|_| std::future::pending());
    let limit = || TimeoutLayer::new(Duration::from_secs(1));
    for builder in [
        builder(&silent()).layer(limit()),
        builder(&silent()).attempt_layer(limit()),
    ] {
        let error = builder.build().unwrap().fetch(get()).await.unwrap_err();
        assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
        assert_eq!(
            error.message(),
            "the time limit of a layer was reached: request timed out"
        );
    }
    let error = failing_with(|| {
        let elapsed = BoxError::from(tower::timeout::error::Elapsed::new());
        std::io::Error::other(elapsed).into()
    })
    .await;
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_layer_is_shown_without_tokens() {
    let error = failing_with(|| "no permit left for Bearer opaque-key-1".into()).await;
    assert_eq!(error.kind(), ErrorKind::Middleware);
    assert_eq!(
        error.message(),
        "a layer or service failed: no permit left for Bearer [redacted]"
    );
    assert!(!error.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_layer_have_no_token_of_the_call_and_no_query() {
    let error = failing_with(|| {
        "rejected token=the-access-key (https://h/k?q-signature=abc&x-cos-security-token=def)"
            .into()
    })
    .await;
    let shown = error.to_string();
    for secret in ["the-access-key", "q-signature", "def"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("(https://h/k?[redacted])"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_mock_at_the_end_of_its_script_names_the_request() {
    let mock = MockTransport::new().json(200, &json!({}));
    let client = client(&mock);
    client.fetch(get()).await.unwrap();
    for (operation, request) in [(get(), "GET /v1/things/1"), (post(), "POST /v1/things")] {
        let error = client.fetch(operation).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local);
        let expected = format!("the script of the mock has no more responses: {request}");
        assert_eq!(error.message(), expected);
        assert!(!error.is_not_found());
    }
    assert_eq!(mock.requests().len(), 3);
}
