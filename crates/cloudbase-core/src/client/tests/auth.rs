//! Which token goes out, and what a refused one leads to.

use http::header::AUTHORIZATION;

use super::*;
use crate::testing::answer;
use crate::{CallOptions, CredentialUse, ErrorKind};

const EXPIRED: &str = r#"{"code":"ACCESS_TOKEN_EXPIRED","message":"expired","requestId":"r-1"}"#;

/// Refuses `token-1` and accepts everything else.
fn refusing_the_first() -> MockTransport {
    MockTransport::new().fallback(|request| async move {
        // Long enough for all callers to be under way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let refused = request.header("authorization") == Some("Bearer token-1");
        let (status, body) = if refused { (401, EXPIRED) } else { (200, "{}") };
        Ok(answer(status, &[], body).map(Body::from))
    })
}

fn tokens(mock: &MockTransport) -> Vec<String> {
    let header = |request: &crate::testing::MockRequest| {
        request.header("authorization").unwrap_or("none").to_owned()
    };
    mock.requests().iter().map(header).collect()
}

#[tokio::test(start_paused = true)]
async fn the_session_comes_before_the_access_key() {
    let mock = MockTransport::new()
        .json(200, &json!({}))
        .json(200, &json!({}))
        .json(200, &json!({}));
    let (client, _) = with_session(&mock);
    client.fetch(get()).await.unwrap();
    client
        .fetch(get().credential(CredentialUse::AccessKey))
        .await
        .unwrap();
    let mut options = CallOptions::default();
    options.token = Some("my-own".into());
    client.fetch(get().options(options)).await.unwrap();
    assert_eq!(
        tokens(&mock),
        ["Bearer token-1", "Bearer the-access-key", "Bearer my-own"]
    );
}

#[tokio::test(start_paused = true)]
async fn without_any_credential_the_error_says_what_to_configure() {
    let mock = MockTransport::new();
    let client = Client::builder()
        .env_id("test-env")
        .transport(mock.clone())
        .build()
        .unwrap();
    let error = client.fetch(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.message().contains("access_key"), "{error}");
    assert!(mock.requests().is_empty() && !error.was_sent());
    let error = client
        .fetch(get().credential(CredentialUse::Session))
        .await
        .unwrap_err();
    assert!(error.message().contains("signed in"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn fifty_refused_calls_cause_one_renewal_and_fifty_replays() {
    let mock = refusing_the_first();
    let (client, source) = with_session(&mock);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.fetch(post()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().attempts(), 2);
    }
    assert_eq!(
        source.fetched.load(Ordering::SeqCst),
        2,
        "the first token and its one replacement"
    );
    assert_eq!(mock.requests().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_token_refused_twice_is_the_callers_error() {
    let mock =
        MockTransport::new().fallback(|_| async { Ok(answer(401, &[], EXPIRED).map(Body::from)) });
    let (client, source) = with_session(&mock);
    let error = client.fetch(get()).await.unwrap_err();
    assert_eq!(
        error.code().unwrap(),
        &crate::ErrorCode::ACCESS_TOKEN_EXPIRED
    );
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(tokens(&mock), ["Bearer token-1", "Bearer token-2"]);
    assert_eq!(source.fetched.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_is_not_replayed_but_the_next_call_has_a_new_token() {
    let mock = refusing_the_first();
    let (client, _) = with_session(&mock);
    let error = client.fetch(streaming_post()).await.unwrap_err();
    assert!(error.is_unauthenticated());
    client.fetch(streaming_post()).await.unwrap();
    assert_eq!(tokens(&mock), ["Bearer token-1", "Bearer token-2"]);
    assert_eq!(mock.requests()[1].body, "piece");
}

#[tokio::test(start_paused = true)]
async fn a_refused_permission_renews_nothing() {
    for (status, code) in [
        (401, "PERMISSION_DENIED"),
        (401, "ACCESS_TOKEN_KID_INVALID"),
        (401, "INVALID_CREDENTIALS"),
        (403, "ACCESS_TOKEN_EXPIRED"),
    ] {
        let mock = MockTransport::new().json(status, &json!({ "code": code, "message": "no" }));
        let (client, source) = with_session(&mock);
        let error = client.fetch(get()).await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), code);
        assert_eq!(source.fetched.load(Ordering::SeqCst), 1, "{code}");
        assert_eq!(mock.requests().len(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_sets_the_header_means_it() {
    let mock = MockTransport::new().json(401, &json!({ "code": "ACCESS_TOKEN_EXPIRED" }));
    let (client, _) = with_session(&mock);
    let operation = get().header(AUTHORIZATION, http::HeaderValue::from_static("Basic abc"));
    assert!(client.fetch(operation).await.is_err());
    assert_eq!(tokens(&mock), ["Basic abc"]);
}

#[tokio::test(start_paused = true)]
async fn the_direct_client_never_carries_the_session() {
    let mock = MockTransport::new().json(200, &json!({}));
    let (client, source) = with_session(&mock);
    client
        .direct()
        .fetch(get().credential(CredentialUse::Optional))
        .await
        .unwrap();
    assert_eq!(tokens(&mock), ["Bearer the-access-key"]);
    assert_eq!(source.fetched.load(Ordering::SeqCst), 0);
}
