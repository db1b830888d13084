//! Requests without an operation, and clients that are the transport of others.

use std::convert::Infallible;

use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use tower::{Layer as _, ServiceExt as _, service_fn, util::MapRequestLayer};

use super::*;
use crate::layers::{BaseUriLayer, HeadersLayer};
use crate::{BoxError, CallOptions, ClientBuilder, CredentialUse};

/// Responds to every request with this status and `{}`.
fn always(status: u16) -> MockTransport {
    MockTransport::new().fallback(move |_| async move {
        let mut response = Response::new(Body::from("{}"));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    })
}

/// A client whose transport is the whole stack of `inner`.
fn around(inner: &Client) -> Client {
    let builder = ClientBuilder::from_service(inner.service());
    builder.env_id("test-env").build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_the_transport_of_another_keeps_its_calls() {
    let mock = always(200);
    let provider = TokenCache::new(Sequence::default(), RefreshPolicy::default());
    let outer = around(&builder(&mock).credentials(provider).build().unwrap());
    let own = CallOptions::new().with_token("of-the-call");
    outer.fetch(get().options(own)).await.unwrap();
    let of_a_user = outer.for_user("of-the-user").unwrap();
    of_a_user.fetch(get()).await.unwrap();
    outer
        .fetch(get().credential(CredentialUse::AccessKey))
        .await
        .unwrap();
    let sent = mock.requests();
    let sent = sent.iter().map(|request| request.header("authorization"));
    let expected = ["of-the-call", "of-the-user", "the-access-key"];
    let expected = expected.map(|token| format!("Bearer {token}"));
    assert!(sent.eq(expected.iter().map(|token| Some(token.as_str()))));
}

/// Responds with one piece and never ends.
fn endless()
-> impl tower::Service<Request<Body>, Response = Response<Body>, Error = BoxError, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(|_: Request<Body>| async {
        let pieces = stream::once(async { Ok::<_, Infallible>("piece") });
        let body = Body::stream(pieces.chain(stream::pending()));
        Ok::<_, BoxError>(Response::new(body))
    })
}

#[tokio::test(start_paused = true)]
async fn the_response_to_a_raw_request_is_read_by_who_made_it() {
    let config = crate::Config::builder().env_id("test-env").build().unwrap();
    let layers = HeadersLayer::new(&config).unwrap().layer(endless());
    let layers = BaseUriLayer::new(&config).layer(layers);
    let client = ClientBuilder::from_service(endless())
        .env_id("test-env")
        .build()
        .unwrap();
    for service in [crate::erase(layers), client.service()] {
        let request = Request::get("/events").body(Body::empty()).unwrap();
        let response = tokio::time::timeout(Duration::from_secs(60), service.oneshot(request));
        let response = response.await.expect("the head is there").unwrap();
        let first = response.into_body().into_data_stream().next().await;
        assert_eq!(first.unwrap().unwrap(), "piece");
    }
}

#[tokio::test]
async fn a_raw_request_of_one_user_has_the_token_in_any_stack() {
    let mock = MockTransport::new().json(200, &json!({}));
    let client = ClientBuilder::from_service(mock.clone())
        .env_id("test-env")
        .build()
        .unwrap();
    let request = Request::get("/v1/x").body(Body::empty()).unwrap();
    let service = client.for_user("of-the-user").unwrap().service();
    service.oneshot(request).await.unwrap();
    let sent = &mock.requests()[0];
    assert_eq!(sent.header("authorization"), Some("Bearer of-the-user"));
}

#[tokio::test(start_paused = true)]
async fn a_raw_request_is_judged_as_the_layers_of_the_user_leave_it() {
    let mock = always(503);
    let override_method = MapRequestLayer::new(|mut request: Request<Body>| {
        *request.method_mut() = Method::POST;
        request
    });
    let client = builder(&mock).layer(override_method).build().unwrap();
    let request = Request::get("/v1/x").body(Body::empty()).unwrap();
    client.service().oneshot(request).await.unwrap();
    assert_eq!(mock.requests().len(), 1, "a POST is not repeated");

    let elsewhere = MapRequestLayer::new(|mut request: Request<Body>| {
        *request.uri_mut() = "https://other.example/x".parse().unwrap();
        request
    });
    let mock = MockTransport::new().json(200, &json!({}));
    let client = builder(&mock).layer(elsewhere).build().unwrap();
    let request = Request::get("/v1/x").body(Body::empty()).unwrap();
    client.service().oneshot(request).await.unwrap();
    let sent = &mock.requests()[0];
    for name in [
        "authorization",
        "x-request-id",
        "x-sdk-version",
        "accept-language",
    ] {
        assert_eq!(sent.header(name), None, "{name}");
    }
    assert!(sent.header("user-agent").is_some());
}
