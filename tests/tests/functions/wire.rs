//! What the official SDK sends for functions, hosting services and APIs, and what it returns: ours
//! does the same.

use std::future::IntoFuture;

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{ErrorCode, ErrorKind, Response, Result};
use cloudbase_functions::{Apis, CloudRun, Functions};
use cloudbase_tests::fixtures::{Fixture, Outcome, Replay, Wire};
use serde_json::{Value, json};

use super::differences::DIFFERENCES;

/// A scenario, and how its results are written.
struct Scene {
    replay: Replay,
    returned: fn(&Response<Bytes>) -> Value,
}

impl Scene {
    /// Of functions: the value beside the request id.
    async fn functions(name: &str, wire: Wire) -> (Self, Functions) {
        let (scene, client) = Self::results(name, wire).await;
        (scene, Functions::new(client))
    }

    async fn results(name: &str, wire: Wire) -> (Self, cloudbase_core::Client) {
        let returned = |response: &Response<Bytes>| json!({ "result": value(response), "requestId": response.request_id() });
        Self::new(name, wire, returned).await
    }

    /// Of services and APIs: the value alone.
    async fn bare(name: &str, wire: Wire) -> (Self, cloudbase_core::Client) {
        Self::new(name, wire, value).await
    }

    async fn new(
        name: &str,
        wire: Wire,
        returned: fn(&Response<Bytes>) -> Value,
    ) -> (Self, cloudbase_core::Client) {
        let replay = Replay::start(Fixture::load("functions", name), wire).await;
        let client = replay.signed_in_client().await;
        (Self { replay, returned }, client)
    }

    /// Makes the call of the next step, and compares what it sent and what became of it.
    async fn step(
        &self,
        step: &str,
        call: impl IntoFuture<Output = Result<Response<Bytes>>>,
    ) -> Result<Response<Bytes>> {
        let result = call.await;
        let outcome = Outcome::of(&result, self.returned);
        self.replay.assert_step(step, &outcome, &DIFFERENCES);
        result
    }
}

/// JSON as its value, anything else as its text.
fn value(response: &Response<Bytes>) -> Value {
    let text = response.text().unwrap_or_default();
    serde_json::from_str(text).unwrap_or(text.into())
}

async fn every_recording(wire: Wire) {
    functions_call(wire).await;
    functions_results_and_errors(wire).await;
    functions_expired_token(wire).await;
    function_type_hosting(wire).await;
    containers(wire).await;
    apis(wire).await;
    DIFFERENCES.assert_all_seen();
}

#[tokio::test]
async fn what_is_sent_and_returned_is_what_the_official_sdk_does() {
    every_recording(Wire::Mock).await;
}

#[tokio::test]
async fn what_is_sent_and_returned_is_what_the_official_sdk_does_over_sockets() {
    every_recording(Wire::Sockets).await;
}

async fn functions_call(wire: Wire) {
    let (scene, functions) = Scene::functions("functions_call", wire).await;
    let data =
        json!({ "key": "value", "n": 1, "nested": { "a": [1, null, true] }, "text": "你好 \"x\"" });
    let call = functions.call("hello").json(&data);
    let response = scene.step("app.callFunction", call).await.unwrap();
    assert_eq!(response.request_id(), "server-request-id");
    let call = functions.call("hello");
    scene.step("app.callFunction", call).await.unwrap();
    let call = functions.call("my function").json(&json!({}));
    scene.step("app.callFunction", call).await.unwrap();
    scene.replay.assert_done();
}

async fn functions_results_and_errors(wire: Wire) {
    let (scene, functions) = Scene::functions("functions_call_results", wire).await;
    for _ in 0..6 {
        let call = functions.call("hello");
        let step = "app.callFunction({ name: 'hello' })";
        scene.step(step, call).await.unwrap();
    }
    scene.replay.assert_done();

    let (scene, functions) = Scene::functions("functions_call_error", wire).await;
    let missing = scene.step("app.callFunction", functions.call("missing"));
    let error = missing.await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::FUNCTION_NOT_FOUND));
    assert_eq!(error.request_id(), Some("server-request-id"));
    // The JavaScript SDK takes this 200 for a failure; by the documentation the status decides.
    let broken = scene.step("app.callFunction", functions.call("broken"));
    broken.await.unwrap();
    let broken = scene.step("app.callFunction", functions.call("broken"));
    assert_eq!(broken.await.unwrap_err().code().unwrap(), "INTERNAL_ERROR");
    let nameless = scene.step("app.callFunction", functions.call(""));
    assert_eq!(nameless.await.unwrap_err().kind(), ErrorKind::Argument);
    scene.replay.assert_done();
}

async fn functions_expired_token(wire: Wire) {
    let name = "functions_call_expired_token_in_the_response";
    let (scene, functions) = Scene::functions(name, wire).await;
    let call = functions.call("hello").json(&json!({ "a": 1 }));
    let response = scene.step("app.callFunction", call).await;
    assert_eq!(response.unwrap().attempts(), 2);
    scene.replay.assert_done();
}

async fn function_type_hosting(wire: Wire) {
    let (scene, client) = Scene::results("functions_call_cloudrun", wire).await;
    let hosted = CloudRun::new(client).service("hosted");
    let step = "app.callFunction";
    scene
        .step(step, hosted.post("/").json(&json!({ "a": 1 })))
        .await
        .unwrap();
    let call = hosted.post("/api/items").json(&json!({ "a": 1 }));
    scene
        .step(step, call.header("X-Custom", "yes"))
        .await
        .unwrap();
    let call = hosted.get("api/items");
    scene
        .step(step, call.json(&json!({ "a": 1, "b": "x y" })))
        .await
        .unwrap();
    scene.replay.assert_done();
}

async fn containers(wire: Wire) {
    let (scene, client) = Scene::bare("cloudrun_call_container", wire).await;
    let service = CloudRun::new(client.clone()).service("svc");
    let step = "app.callContainer";
    scene
        .step(
            step,
            service
                .post("/api/items")
                .json(&json!({ "a": 1, "text": "你好" })),
        )
        .await
        .unwrap();
    scene
        .step(
            step,
            service
                .get("/api/items")
                .json(&json!({ "page": 1, "q": "x y&z" })),
        )
        .await
        .unwrap();
    scene
        .step(
            step,
            service
                .get("/api/items?sort=asc")
                .json(&json!({ "page": 1 })),
        )
        .await
        .unwrap();
    scene.step(step, service.get("api/items")).await.unwrap();
    scene.step(step, service.post("")).await.unwrap();
    let call = service
        .put("/api/items/1")
        .json(&json!({ "a": 2 }))
        .header("X-Custom", "yes");
    scene
        .step(step, call.header("X-Request-Id", "my-request-id"))
        .await
        .unwrap();
    scene
        .step(step, service.delete("/api/items/1"))
        .await
        .unwrap();
    scene
        .step(step, service.patch("/api/items/1").json(&json!({ "a": 3 })))
        .await
        .unwrap();
    let call = CloudRun::new(client).call("").path("/x");
    let error = scene.step(step, call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    scene.replay.assert_done();
}

async fn apis(wire: Wire) {
    let (scene, client) = Scene::bare("apis_call", wire).await;
    let apis = Apis::new(client);
    let api = apis.api("weather");
    let step = "app.apis";
    scene
        .step(
            step,
            api.get("/v1/now")
                .json(&json!({ "city": "Shen zhen", "unit": "c" })),
        )
        .await
        .unwrap();
    scene.step(step, api.get("v1/now?x=1")).await.unwrap();
    scene
        .step(
            step,
            api.post("/v1/items")
                .json(&json!({ "a": 1, "text": "你好" })),
        )
        .await
        .unwrap();
    let call = api.post("/v1/items").body("application/json", "{\"a\":1}");
    scene
        .step(step, call.header("X-Custom", "yes"))
        .await
        .unwrap();
    scene
        .step(step, api.post("/v1/items").json("not json"))
        .await
        .unwrap();
    scene
        .step(step, api.put("/v1/items/1").json(&json!({ "a": 2 })))
        .await
        .unwrap();
    scene
        .step(step, api.patch("/v1/items/1").json(&json!({ "a": 3 })))
        .await
        .unwrap();
    scene.step(step, api.delete("/v1/items/1")).await.unwrap();
    scene.step(step, api.head("/v1/items")).await.unwrap();
    scene
        .step(step, api.request(Method::GET, "/v1/items"))
        .await
        .unwrap();
    scene
        .step(
            step,
            api.request(Method::POST, "/v1/items")
                .json(&json!({ "a": 1 })),
        )
        .await
        .unwrap();
    scene
        .step(
            step,
            api.post("/v1/items")
                .json(&json!({ "a": 1 }))
                .token("my-own-token"),
        )
        .await
        .unwrap();
    scene
        .step(step, apis.api("my api").post("").json(&json!({})))
        .await
        .unwrap();
    scene.replay.assert_done();

    let (scene, client) = Scene::bare("apis_call_error", wire).await;
    let api = Apis::new(client).api("weather");
    let call = api.post("/v1/items").json(&json!({ "a": 1 }));
    let error = scene.step(step, call).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::INVALID_PARAM));
    scene.replay.assert_done();
}
