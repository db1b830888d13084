//! Requests through `Client::service`, and where paths lead with an endpoint that has one of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use cloudbase_core::http::{Method, Request, StatusCode, Uri};
use cloudbase_core::{Body, Client, CredentialUse, Operation};
use tower::ServiceExt as _;
use tower::layer::util::Identity;

use self::server::{Server, header, ok};

async fn gateway() -> Server {
    Server::responding(ok("{}")).await
}

async fn send_raw(client: &Client, request: Request<Body>) -> StatusCode {
    client.service().oneshot(request).await.unwrap().status()
}

fn raw(uri: impl AsRef<str>) -> Request<Body> {
    Request::get(uri.as_ref()).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_raw_request_carries_the_access_key_to_the_gateway_only() {
    let (gateway, other) = (gateway().await, gateway().await);
    let client = gateway.client().access_key("the-key").build().unwrap();
    send_raw(&client, raw("/v1/a")).await;
    let mut own = raw("/v1/b");
    let value = "Bearer of-my-own".parse().unwrap();
    own.headers_mut().insert("authorization", value);
    send_raw(&client, own).await;
    // A whole URL may be anybody's.
    send_raw(&client, raw(gateway.url() + "/v1/c")).await;
    send_raw(&client, raw(other.url() + "/v1/d")).await;

    let carried = |server: &Server| -> Vec<Option<String>> {
        let heads = server.seen.heads();
        let keys = heads.iter().map(|head| header(head, "authorization"));
        keys.map(|key| key.map(str::to_owned)).collect()
    };
    let known = |value: &str| Some(value.to_owned());
    let expected = [known("Bearer the-key"), known("Bearer of-my-own"), None];
    assert_eq!(carried(&gateway), expected);
    assert_eq!(carried(&other), [None]);
}

/// Layers of the user's make no difference.
#[tokio::test]
async fn a_raw_request_through_layers_carries_the_access_key() {
    let server = gateway().await;
    let client = || server.client().access_key("the-key");
    for client in [
        client().layer(Identity::new()),
        client().attempt_layer(Identity::new()),
    ] {
        send_raw(&client.build().unwrap(), raw("/v1/a")).await;
        let heads = server.seen.heads();
        let key = header(heads.last().unwrap(), "authorization");
        assert_eq!(key, Some("Bearer the-key"));
    }
}

#[tokio::test]
async fn auth_lies_beside_the_path_of_an_endpoint_and_all_else_below_it() {
    let server = gateway().await;
    for prefix in ["/gateway", "/gateway/", "/a/b"] {
        let endpoint = server.url() + prefix;
        let client = server.client().endpoint(endpoint).build().unwrap();
        let below = prefix.trim_end_matches('/');
        for (path, leads_to) in [
            ("/v1/functions/f?a=b", format!("{below}/v1/functions/f?a=b")),
            ("/auth/v1/token", "/auth/v1/token".to_owned()),
            (
                "/auth/v1/user/me?a=/v1",
                "/auth/v1/user/me?a=/v1".to_owned(),
            ),
            ("/authors", format!("{below}/authors")),
            ("/auth", format!("{below}/auth")),
            ("/v1/auth/x", format!("{below}/v1/auth/x")),
        ] {
            let target: Uri = path.parse().unwrap();
            let call = Operation::new("test.call", "/test", Method::GET, target);
            let call = call.credential(CredentialUse::None);
            client.fetch(call).await.unwrap();
            send_raw(&client, raw(path)).await;
            let heads = server.seen.heads();
            for head in &heads[heads.len() - 2..] {
                let line = head.lines().next().unwrap();
                assert_eq!(line, format!("GET {leads_to} HTTP/1.1"), "{prefix}");
            }
        }
    }
}
