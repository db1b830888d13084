//! Which token goes out, and what a rejected one leads to.

use http::header::AUTHORIZATION;

use super::*;
use crate::testing::response;
use crate::{CallOptions, CredentialUse, ErrorKind};

const EXPIRED: &str = r#"{"code":"ACCESS_TOKEN_EXPIRED","message":"expired","requestId":"r-1"}"#;

/// Rejects `token-1` and accepts everything else.
fn rejecting_the_first() -> MockTransport {
    MockTransport::new().fallback(|request| async move {
        // Long enough for all callers to be under way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let rejected = request.header("authorization") == Some("Bearer token-1");
        let (status, body) = if rejected {
            (401, EXPIRED)
        } else {
            (200, "{}")
        };
        Ok(response(status, &[], body).map(Body::from))
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
    let options = CallOptions::new().with_token("my-own");
    client.fetch(get().options(options)).await.unwrap();
    assert_eq!(
        tokens(&mock),
        ["Bearer token-1", "Bearer the-access-key", "Bearer my-own"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_plain_token_comes_before_the_access_key_and_is_not_refreshed() {
    let mock = MockTransport::new().json(401, &json!({ "code": "ACCESS_TOKEN_EXPIRED" }));
    let provider = crate::credential::StaticToken::new("plain").unwrap();
    let client = builder(&mock).credentials(provider).build().unwrap();
    let error = client.fetch(get()).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!(tokens(&mock), ["Bearer plain"]);
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
async fn fifty_rejected_calls_cause_one_refresh_and_fifty_replays() {
    let mock = rejecting_the_first();
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
async fn ten_thousand_calls_on_an_ended_token_refresh_it_once_and_none_fails() {
    let mock =
        MockTransport::new().fallback(|_| async { Ok(response(200, &[], "{}").map(Body::from)) });
    let source = Sequence::default();
    let provider = TokenCache::new(source.clone(), RefreshPolicy::default());
    let lifetime = Duration::from_secs(1);
    provider.set(Token::bearer(&"ended".into(), Some(lifetime)).unwrap());
    tokio::time::advance(Duration::from_secs(2)).await;
    let client = builder(&mock).credentials(provider).build().unwrap();
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.fetch(post()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().attempts(), 1);
    }
    assert_eq!(source.fetched.load(Ordering::SeqCst), 1);
    let tokens = tokens(&mock);
    assert_eq!(tokens.len(), 10_000);
    assert!(tokens.iter().all(|token| token == "Bearer token-1"));
}

#[tokio::test(start_paused = true)]
async fn a_token_rejected_twice_is_the_callers_error() {
    let mock = MockTransport::new()
        .fallback(|_| async { Ok(response(401, &[], EXPIRED).map(Body::from)) });
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
    let mock = rejecting_the_first();
    let (client, _) = with_session(&mock);
    let error = client.fetch(streaming_post()).await.unwrap_err();
    assert!(error.is_unauthenticated());
    client.fetch(streaming_post()).await.unwrap();
    assert_eq!(tokens(&mock), ["Bearer token-1", "Bearer token-2"]);
    assert_eq!(mock.requests()[1].body, "piece");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_permission_refreshes_nothing() {
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
async fn a_token_of_another_environment_is_a_matter_of_configuration() {
    let body = json!({ "code": "ACCESS_TOKEN_KID_INVALID", "message": "no such key" });
    let mock = MockTransport::new().json(401, &body);
    let (client, _) = with_session(&mock);
    let error = client.fetch(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!error.is_unauthenticated() && !error.is_retryable());
    let shown = error.to_string();
    let begin = "things.get failed: ACCESS_TOKEN_KID_INVALID: no such key (401";
    assert!(shown.starts_with(begin), "{shown}");
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

#[tokio::test(start_paused = true)]
async fn the_word_of_the_users_own_service_refreshes_nothing() {
    let body = json!({ "error": "unauthenticated" });
    let mock = MockTransport::new().json(401, &body);
    let (client, source) = with_session(&mock);
    assert!(client.fetch(post()).await.is_err());
    assert_eq!(mock.requests().len(), 1, "it has done its work already");
    assert_eq!(source.fetched.load(Ordering::SeqCst), 1);

    let mock = MockTransport::new().json(401, &body).json(200, &json!({}));
    let (client, _) = with_session(&mock);
    let call = get().envelope(crate::Envelope::Auth);
    client.fetch(call).await.unwrap();
}

/// Wraps the body of every response, as layers that trace or measure do.
fn wrapping() -> impl tower::Layer<
    crate::HttpService,
    Service = impl tower::Service<
        http::Request<Body>,
        Response = http::Response<
            http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, crate::BoxError>,
        >,
        Error = crate::BoxError,
        Future: Send,
    > + Clone
              + Send
              + Sync
              + 'static,
> + Send
+ 'static {
    use http_body_util::BodyExt as _;
    tower::layer::layer_fn(|inner: crate::HttpService| {
        tower::util::MapResponse::new(inner, |response: http::Response<Body>| {
            response.map(|body| body.boxed_unsync())
        })
    })
}

#[tokio::test(start_paused = true)]
async fn layers_that_wrap_bodies_hide_nothing() {
    let mock = rejecting_the_first();
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    let client = builder(&mock)
        .credentials(provider)
        .layer(wrapping())
        .attempt_layer(wrapping())
        .build()
        .unwrap();
    assert_eq!(client.fetch(post()).await.unwrap().attempts(), 2);

    let coded = json!({ "code": "DATASOURCE_NOT_EXIST", "message": "no" });
    let mock = MockTransport::new().json(200, &coded);
    let client = builder(&mock).layer(wrapping()).build().unwrap();
    let call = post().envelope(crate::Envelope::Coded);
    assert!(client.fetch(call).await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_does_not_wait_for_the_calls_that_wait_for_it() {
    /// Refreshes through the client itself, as a session does.
    struct Refreshing(std::sync::OnceLock<Client>);
    impl TokenSource for Arc<Refreshing> {
        fn fetch(&self, _previous: Option<Token>) -> BoxFuture<'_, Result<Option<Token>>> {
            Box::pin(async move {
                let client = self.0.get().unwrap();
                client
                    .direct()
                    .fetch(get().credential(CredentialUse::None))
                    .await?;
                Ok(Some(token(1)))
            })
        }
    }
    let mock =
        MockTransport::new().fallback(|_| async { Ok(response(200, &[], "{}").map(Body::from)) });
    let source = Arc::new(Refreshing(std::sync::OnceLock::new()));
    let client = builder(&mock)
        .credentials(TokenCache::new(source.clone(), RefreshPolicy::default()))
        .attempt_layer(tower::limit::ConcurrencyLimitLayer::new(2))
        .build()
        .unwrap();
    source.0.set(client.clone()).unwrap();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.fetch(get()).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_for_one_user_has_no_part_in_the_session() {
    let mock = MockTransport::new().fallback(|request| async move {
        let rejected = request.header("authorization") == Some("Bearer theirs-ended");
        let (status, body) = if rejected {
            (401, EXPIRED)
        } else {
            (200, "{}")
        };
        Ok(response(status, &[], body).map(Body::from))
    });
    let (client, source) = with_session(&mock);
    let theirs = client.for_user("theirs").unwrap();
    theirs.fetch(get()).await.unwrap();
    theirs
        .fetch(get().credential(CredentialUse::Session))
        .await
        .unwrap();
    theirs
        .fetch(get().credential(CredentialUse::AccessKey))
        .await
        .unwrap();
    let options = CallOptions::new().with_token("my-own");
    theirs.fetch(get().options(options)).await.unwrap();
    let raw = http::Request::get("/v1/raw").body(Body::empty()).unwrap();
    tower::ServiceExt::oneshot(theirs.service(), raw)
        .await
        .unwrap();
    assert_eq!(
        tokens(&mock),
        [
            "Bearer theirs",
            "Bearer theirs",
            "Bearer the-access-key",
            "Bearer my-own",
            "Bearer theirs"
        ]
    );
    let ended = client.for_user("theirs-ended").unwrap();
    let error = ended.fetch(get()).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "ACCESS_TOKEN_EXPIRED");
    assert_eq!(mock.requests().len(), 6, "sent once, and not refreshed");
    assert_eq!(
        source.fetched.load(Ordering::SeqCst),
        0,
        "nor was the session"
    );
    client.fetch(get()).await.unwrap();
    assert_eq!(tokens(&mock)[6], "Bearer token-1");
    for bad in ["", "a b", "sentinel\n"] {
        let error = client.for_user(bad).unwrap_err();
        assert!(error.kind() == ErrorKind::Argument && !error.to_string().contains("sentinel"));
    }
    assert!(!format!("{ended:?}").contains("theirs"));
}

#[tokio::test(start_paused = true)]
async fn a_client_for_one_user_takes_no_session() {
    let mock = MockTransport::new().json(200, &json!({}));
    let client = builder(&mock).build().unwrap();
    let theirs = client.for_user("theirs").unwrap();
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    assert!(!theirs.install_session(Arc::new(provider)));
    client.fetch(get()).await.unwrap();
    assert_eq!(tokens(&mock), ["Bearer the-access-key"]);
}
