//! What the function tests share.

use axum::body::Body;
use cloudbase_core::Client;
use cloudbase_emulator::{Emulator, EmulatorBuilder};
use cloudbase_functions::{Apis, CloudRun, Functions};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::json;

/// An emulator and what its administrator can call there.
pub(crate) struct Fixture {
    pub(crate) emulator: Emulator,
    pub(crate) functions: Functions,
    pub(crate) cloud_run: CloudRun,
    pub(crate) apis: Apis,
}

pub(crate) async fn start(builder: EmulatorBuilder) -> Fixture {
    let emulator = builder.start().await.unwrap();
    let client = client(&emulator, emulator.api_key());
    Fixture {
        functions: Functions::new(client.clone()),
        cloud_run: CloudRun::new(client.clone()),
        apis: Apis::new(client),
        emulator,
    }
}

pub(crate) fn client(emulator: &Emulator, key: &str) -> Client {
    Client::builder()
        .env_id(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(key)
        .build()
        .unwrap()
}

/// Responds with what it got.
pub(crate) async fn mirror(request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap());
    let seen = json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "query": parts.uri.query(),
        "body": String::from_utf8_lossy(&body),
        "type": header("content-type"),
        "custom": header("x-custom"),
    });
    Response::builder()
        .status(202)
        .header("content-type", "application/json")
        .header("x-answer", "yes")
        .body(Body::from(seen.to_string()))
        .unwrap()
}
