//! No secret leaves its place, and nothing that is not a header becomes one.

use http::Uri;

use super::*;
use crate::{CallOptions, CredentialUse, ErrorKind};

#[tokio::test(start_paused = true)]
async fn headers_of_the_connection_are_rejected_before_anything_is_sent() {
    let mock = MockTransport::new();
    let client = client(&mock);
    for (name, value) in [
        ("content-length", "0"),
        ("Content-Length", "100"),
        ("transfer-encoding", "chunked"),
        ("Host", "evil.example"),
        ("connection", "close"),
        ("keep-alive", "timeout=1"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "close"),
    ] {
        let options = CallOptions::new().with_header(name, value);
        for operation in [get(), post()] {
            let call = client.fetch(operation.options(options.clone()));
            let error = call.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument, "{name}");
            assert!(
                error.message().starts_with("`header name` must not be"),
                "{error}"
            );
        }
    }
    assert!(mock.requests().is_empty());
    // Names that only look like them.
    let names = ["x-host", "content-language", "x-proxy-id", "tea"];
    let options = names.into_iter().fold(CallOptions::new(), |options, name| {
        options.with_header(name, "1")
    });
    let _ = client.fetch(get().options(options)).await;
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn header_injection_is_rejected_before_anything_is_sent() {
    let mock = MockTransport::new();
    let client = client(&mock);
    for bad in ["a\rb", "a\nb", "a\0b", "a\r\nX-Evil: 1"] {
        let options = CallOptions::new().with_header("x-mine", bad);
        let error = client.fetch(get().options(options)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{bad:?}");
        assert!(error.message().contains("header value"), "{error}");

        let options = CallOptions::new().with_header(bad, "value");
        assert!(
            client
                .fetch(get().options(options))
                .await
                .unwrap_err()
                .message()
                .contains("header name")
        );

        let options = CallOptions::new().with_token(bad);
        assert!(
            client
                .fetch(get().options(options))
                .await
                .unwrap_err()
                .message()
                .contains("`token`")
        );

        assert!(
            PathBuilder::new("/v1/functions")
                .segment("function name", bad)
                .is_err()
        );
        assert!(
            Client::builder()
                .env_id(bad)
                .build()
                .unwrap_err()
                .message()
                .contains("env_id")
        );
        assert!(
            Client::builder()
                .env_id("e")
                .access_key(bad)
                .build()
                .is_err()
        );
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn plain_http_is_for_this_machine_only() {
    let rejected = Client::builder()
        .env_id("e")
        .endpoint("http://gateway.example")
        .build()
        .unwrap_err();
    assert_eq!(rejected.kind(), ErrorKind::Config);
    assert!(rejected.message().contains("endpoint"), "{rejected}");
    for host in ["127.0.0.1:1", "localhost", "[::1]:8080", "127.8.9.1"] {
        Client::builder()
            .env_id("e")
            .endpoint(format!("http://{host}"))
            .build()
            .unwrap();
    }
    let mock = MockTransport::new();
    let external = Operation::new(
        "objects.get",
        "",
        Method::GET,
        Uri::from_static("http://objects.example/x"),
    )
    .credential(CredentialUse::None);
    let error = client(&mock).fetch(external).await.unwrap_err();
    assert!(
        error.message().contains("plain http") && mock.requests().is_empty(),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_object_store_gets_neither_credential_nor_sdk_headers() {
    let mock = MockTransport::new().json(200, &json!({}));
    let (client, _) = with_session(&mock);
    let uri = Uri::from_static("https://objects.example/key?sign=1");
    let operation =
        Operation::new("storage.put", "", Method::PUT, uri).credential(CredentialUse::None);
    client.fetch(operation).await.unwrap();
    let sent = &mock.requests()[0];
    let names: Vec<_> = sent.headers.keys().map(http::HeaderName::as_str).collect();
    assert!(
        names
            .iter()
            .all(|name| ["user-agent", "accept-encoding"].contains(name)),
        "{names:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_moves_a_call_elsewhere_does_not_take_the_credential_along() {
    let mock = MockTransport::new().json(200, &json!({}));
    let elsewhere = tower::util::MapRequestLayer::new(|mut request: http::Request<Body>| {
        *request.uri_mut() = Uri::from_static("https://elsewhere.example/v1/things");
        request
    });
    let client = builder(&mock).attempt_layer(elsewhere).build().unwrap();
    client.fetch(get()).await.unwrap();
    assert_eq!(mock.requests()[0].uri.host(), Some("elsewhere.example"));
    assert_eq!(mock.requests()[0].header("authorization"), None);
}

#[test]
fn no_debug_shows_a_secret() {
    let mock = MockTransport::new();
    let (client, _) = with_session(&mock);
    let options = CallOptions::new()
        .with_token("the-call-token")
        .with_header("x-secret", "the-header-secret");
    let shown = format!(
        "{client:?} {:?} {:?} {:?} {:?} {:?}",
        builder(&mock),
        options,
        client.credentials(),
        token(7),
        client.config(),
    );
    for secret in [
        "the-access-key",
        "the-call-token",
        "the-header-secret",
        "token-7",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_host_gets_no_token_whatever_the_call_asks_for() {
    let mock = MockTransport::new().json(200, &json!({}));
    let (client, _) = with_session(&mock);
    let uri = Uri::from_static("https://elsewhere.example/x");
    let options = CallOptions::new().with_token("my-own");
    let operation = Operation::new("x", "", Method::GET, uri).options(options);
    client.fetch(operation).await.unwrap();
    assert_eq!(mock.requests()[0].header("authorization"), None);
}
