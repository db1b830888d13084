//! What the official SDK sends for functions, hosting services and APIs, and that ours sends the same.

use cloudbase_core::credential::{CredentialProvider, Token};
use cloudbase_core::http::Method;
use cloudbase_core::{ErrorCode, ErrorKind, Result};
use cloudbase_functions::{Apis, CloudRun, Functions};
use cloudbase_tests::fixtures::{Difference, Fixture, Needed, Replay};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

const DIFFERENCES: &[Difference] = &[
    Difference::new(
        "POST /v1/functions/*",
        "body value",
        "an event is a JSON object by the HTTP API; without data ours is `{}`, not nothing",
    ),
    Difference::new(
        "GET /v1/cloudrun/svc/api/items",
        "query.q value",
        "the JavaScript SDK does not encode data in the query, so that an `&` ends the value",
    ),
    Difference::new(
        "GET /v1/cloudrun/svc/api/items",
        "query.z missing",
        "as above",
    ),
    Difference::new(
        "POST /auth/v1/token",
        "request missing",
        "the session's part, compared with the session's fixtures",
    ),
];

fn replay(name: &str) -> Replay {
    Replay::new(Fixture::load("functions", name))
}

fn functions(replay: &Replay) -> Functions {
    Functions::new(replay.client_with(|builder| builder.access_key("key")))
}

async fn functions_call(needed: &Needed) {
    let replay = replay("functions_call");
    let functions = functions(&replay);
    let check = || replay.assert_step("app.callFunction", DIFFERENCES, needed);
    let data =
        json!({ "key": "value", "n": 1, "nested": { "a": [1, null, true] }, "text": "你好 \"x\"" });
    let answer = functions.call("hello").json(&data).await.unwrap();
    assert_eq!(answer.json::<Value>().unwrap()["echo"], data);
    assert_eq!(answer.request_id(), "server-request-id");
    check();
    functions.call("hello").await.unwrap();
    check();
    functions
        .call("my function")
        .json(&json!({}))
        .await
        .unwrap();
    check();
    replay.assert_done();
}

async fn functions_results_and_errors(needed: &Needed) {
    let replay_ = replay("functions_call_results");
    let client = functions(&replay_);
    for _ in 0..6 {
        client.call("hello").await.unwrap();
        replay_.assert_step("app.callFunction({ name: 'hello' })", DIFFERENCES, needed);
    }
    replay_.assert_done();

    let replay = replay("functions_call_error");
    let functions = functions(&replay);
    let check = || replay.assert_step("app.callFunction", DIFFERENCES, needed);
    let error = functions.call("missing").await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::FUNCTION_NOT_FOUND));
    assert_eq!(error.request_id(), Some("server-request-id"));
    check();
    // The JavaScript SDK takes this 200 for a failure; by the documentation the status decides.
    functions.call("broken").await.unwrap();
    check();
    let error = functions.call("broken").await.unwrap_err();
    assert_eq!(error.code().unwrap(), "INTERNAL_ERROR");
    check();
    assert_eq!(
        functions.call("").await.unwrap_err().kind(),
        ErrorKind::Argument
    );
    check();
    replay.assert_done();
}

/// A session that is renewed once it is refused.
struct Session(std::sync::Mutex<Token>);

impl CredentialProvider for Session {
    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        let token = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(Some(token))))
    }

    fn reject(&self, _: &Token) {
        *self.0.lock().unwrap() = Token::bearer(&"renewed".into(), None).unwrap();
    }
}

async fn functions_expired_token(needed: &Needed) {
    let mut fixture = Fixture::load("functions", "functions_call_token_expired_answer");
    // The session is not asked for over the wire here.
    fixture.steps[0].responses.remove(1);
    let replay = Replay::new(fixture);
    let session = Session(Token::bearer(&"first".into(), None).unwrap().into());
    let client = replay.client_with(|builder| builder.credentials(session));
    let answer = Functions::new(client)
        .call("hello")
        .json(&json!({ "a": 1 }))
        .await;
    assert_eq!(answer.unwrap().attempts(), 2);
    replay.assert_step("app.callFunction", DIFFERENCES, needed);
    replay.assert_done();
}

async fn function_type_hosting(needed: &Needed) {
    let replay = replay("functions_call_cloudrun");
    let functions = functions(&replay);
    let check = || replay.assert_step("app.callFunction", DIFFERENCES, needed);
    functions
        .call_hosted("hosted")
        .json(&json!({ "a": 1 }))
        .await
        .unwrap();
    check();
    let call = functions
        .call_hosted("hosted")
        .path("/api/items")
        .json(&json!({ "a": 1 }));
    call.header("X-Custom", "yes").await.unwrap();
    check();
    let call = functions
        .call_hosted("hosted")
        .method(Method::GET)
        .path("api/items");
    call.json(&json!({ "a": 1, "b": "x y" })).await.unwrap();
    check();
    replay.assert_done();
}

async fn containers(needed: &Needed) {
    let replay = replay("cloudrun_call_container");
    let client = replay.client_with(|builder| builder.access_key("key"));
    let service = CloudRun::new(client.clone()).service("svc");
    let check = || replay.assert_step("app.callContainer", DIFFERENCES, needed);
    service
        .post("/api/items")
        .json(&json!({ "a": 1, "text": "你好" }))
        .await
        .unwrap();
    check();
    service
        .get("/api/items")
        .json(&json!({ "page": 1, "q": "x y&z" }))
        .await
        .unwrap();
    check();
    service
        .get("/api/items?sort=asc")
        .json(&json!({ "page": 1 }))
        .await
        .unwrap();
    check();
    service.get("api/items").await.unwrap();
    check();
    service.post("").await.unwrap();
    check();
    let call = service
        .put("/api/items/1")
        .json(&json!({ "a": 2 }))
        .header("X-Custom", "yes");
    call.header("X-Request-Id", "my-request-id").await.unwrap();
    check();
    service.delete("/api/items/1").await.unwrap();
    check();
    service
        .patch("/api/items/1")
        .json(&json!({ "a": 3 }))
        .await
        .unwrap();
    check();
    let error = CloudRun::new(client).call("").path("/x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    check();
    replay.assert_done();
}

async fn apis(needed: &Needed) {
    let replay_ = replay("apis_call");
    let apis = Apis::new(replay_.client_with(|builder| builder.access_key("key")));
    let api = apis.api("weather");
    let check = || replay_.assert_step("app.apis", DIFFERENCES, needed);
    api.get("/v1/now")
        .json(&json!({ "city": "Shen zhen", "unit": "c" }))
        .await
        .unwrap();
    check();
    api.get("v1/now?x=1").await.unwrap();
    check();
    api.post("/v1/items")
        .json(&json!({ "a": 1, "text": "你好" }))
        .await
        .unwrap();
    check();
    let call = api.post("/v1/items").body("application/json", "{\"a\":1}");
    call.header("X-Custom", "yes").await.unwrap();
    check();
    api.post("/v1/items").json("not json").await.unwrap();
    check();
    api.put("/v1/items/1")
        .json(&json!({ "a": 2 }))
        .await
        .unwrap();
    check();
    api.patch("/v1/items/1")
        .json(&json!({ "a": 3 }))
        .await
        .unwrap();
    check();
    api.delete("/v1/items/1").await.unwrap();
    check();
    api.head("/v1/items").await.unwrap();
    check();
    api.request(Method::GET, "/v1/items").await.unwrap();
    check();
    api.request(Method::POST, "/v1/items")
        .json(&json!({ "a": 1 }))
        .await
        .unwrap();
    check();
    api.post("/v1/items")
        .json(&json!({ "a": 1 }))
        .token("my-own-token")
        .await
        .unwrap();
    check();
    apis.api("my api").post("").json(&json!({})).await.unwrap();
    check();
    replay_.assert_done();

    let replay = replay("apis_call_error");
    let apis = Apis::new(replay.client_with(|builder| builder.access_key("key")));
    let call = apis
        .api("weather")
        .post("/v1/items")
        .json(&json!({ "a": 1 }));
    assert_eq!(
        call.await.unwrap_err().code(),
        Some(&ErrorCode::INVALID_PARAM)
    );
    replay.assert_step("app.apis", DIFFERENCES, needed);
    replay.assert_done();
}

#[tokio::test]
async fn what_is_sent_is_what_the_official_sdk_sends() {
    let needed = Needed::default();
    functions_call(&needed).await;
    functions_results_and_errors(&needed).await;
    functions_expired_token(&needed).await;
    function_type_hosting(&needed).await;
    containers(&needed).await;
    apis(&needed).await;
    needed.assert_all(DIFFERENCES);
}
