//! A layer that drops a request's extensions ends the call: they decide whose token it carries.

use http::Request;
use tower::layer::layer_fn;
use tower::{ServiceExt as _, service_fn};

use super::*;
use crate::testing::response;
use crate::{CredentialUse, ErrorKind, HttpService};

/// A layer that makes a new request of method, URI and body, and of the extensions if it `keeps` them.
fn rebuilding(
    keeps: bool,
) -> impl tower::Layer<HttpService, Service = HttpService> + Send + 'static {
    layer_fn(move |inner: HttpService| {
        HttpService::new(service_fn(move |request: Request<Body>| {
            let (old, body) = request.into_parts();
            let mut new = Request::new(body);
            *new.method_mut() = old.method;
            *new.uri_mut() = old.uri;
            *new.headers_mut() = old.headers;
            if keeps {
                *new.extensions_mut() = old.extensions;
            }
            inner.clone().oneshot(new)
        }))
    })
}

fn gateway() -> MockTransport {
    MockTransport::new().fallback(|_| async { Ok(response(200, &[], "{}").map(Body::from)) })
}

/// A client with a session and one layer, around calls or around attempts.
fn client_with(mock: &MockTransport, around_attempts: bool, keeps: bool) -> Client {
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    let builder = builder(mock).credentials(provider);
    let builder = match around_attempts {
        true => builder.attempt_layer(rebuilding(keeps)),
        false => builder.layer(rebuilding(keeps)),
    };
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_extensions_are_dropped_is_not_sent() {
    let uses = [
        CredentialUse::None,
        CredentialUse::AccessKey,
        CredentialUse::Optional,
        CredentialUse::Session,
    ];
    for (around_attempts, credential_use) in [false, true]
        .into_iter()
        .flat_map(|around| uses.map(|credential_use| (around, credential_use)))
    {
        let mock = gateway();
        let client = client_with(&mock, around_attempts, false);
        for operation in [get(), post(), streaming_post()] {
            let error = client
                .fetch(operation.credential(credential_use))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Middleware, "{error}");
            assert!(error.message().contains("extensions"), "{error}");
            assert!(!error.was_sent() && !error.is_retryable(), "{error:?}");
        }
        assert!(mock.requests().is_empty(), "{credential_use:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_keeps_the_extensions_may_rebuild_the_request() {
    for around_attempts in [false, true] {
        let mock = gateway();
        let client = client_with(&mock, around_attempts, true);
        client
            .fetch(post().credential(CredentialUse::AccessKey))
            .await
            .unwrap();
        client.fetch(streaming_post()).await.unwrap();
        // One made by hand has no call, and never had.
        let request = Request::get("/v1/things").body(Body::empty()).unwrap();
        client.service().oneshot(request).await.unwrap();
        let sent = mock.requests();
        let tokens: Vec<_> = sent
            .iter()
            .map(|request| request.header("authorization").unwrap_or("-"))
            .collect();
        assert_eq!(
            tokens,
            ["Bearer the-access-key", "Bearer token-1", "Bearer token-1"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_made_by_hand_says_so_too() {
    for around_attempts in [false, true] {
        let mock = gateway();
        let client = client_with(&mock, around_attempts, false);
        let theirs = client.for_user("the-token-of-a-user").unwrap();
        for client in [client, theirs] {
            let request = Request::get("/v1/things").body(Body::empty()).unwrap();
            let error = client.service().oneshot(request).await.unwrap_err();
            assert!(error.to_string().contains("extensions"), "{error}");
        }
        assert!(mock.requests().is_empty());
    }
}

#[test]
fn a_request_made_by_hand_outside_a_runtime_is_an_error() {
    use std::task::{Context, Poll, Waker};

    let client = client(&MockTransport::new());
    let request = Request::get("/v1/things").body(Body::empty()).unwrap();
    let mut call = std::pin::pin!(client.service().oneshot(request));
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else {
        panic!("{polled:?}")
    };
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
}
