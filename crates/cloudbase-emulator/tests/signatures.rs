//! Cloud signatures in place of a token: who takes them, and what the others say. And products that there are not.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod wire;

use axum::{body::Body, response::IntoResponse as _};
use cloudbase_emulator::{Access, Emulator, Function, Service};
use http::{Method, Request};
use serde_json::json;
use wire::Wire;

const SIGNATURE: &str = "TC3-HMAC-SHA256 Credential=AKIDx/2026-11-28/tcb/tc3_request, SignedHeaders=content-type;host, \
                         Signature=00ff, Timestamp=1795824000, Token=t";

async fn start() -> (Emulator, Wire) {
    let page = |_: Request<Body>| async { "page".into_response() };
    let emulator = Emulator::builder()
        .schema_sql("CREATE TABLE todos (id INT PRIMARY KEY)")
        .function_with(
            "who",
            Function::event(|_, context| async move { Ok(json!({ "admin": context.is_admin() })) })
                .access(Access::Admin),
        )
        .service("shop", Service::http(page).access(Access::Admin))
        .api("weather", Service::http(page).access(Access::Admin))
        .bucket("private", false)
        .start()
        .await
        .unwrap();
    (emulator, Wire::new())
}

#[tokio::test]
async fn functions_hosting_apis_and_storage_take_a_signature() {
    let (emulator, wire) = start().await;
    let send = async |method: Method, path: &str, signature: &str, body: &str| {
        let url = format!("{}{path}", emulator.endpoint());
        wire.call(method, &url)
            .header("authorization", signature)
            .body(body.to_owned())
            .send()
            .await
    };
    let calls = [
        (Method::POST, "/v1/functions/who", "{}"),
        (Method::GET, "/v1/cloudrun/shop/items", ""),
        (Method::GET, "/v1/apis/weather/now", ""),
        (
            Method::POST,
            "/v1/storages/get-objects-upload-info",
            r#"[{"objectId":"a.txt"}]"#,
        ),
        (Method::GET, "/v1/storages/bucket", ""),
    ];
    for (method, path, body) in calls {
        let taken = send(method.clone(), path, SIGNATURE, body)
            .await
            .expect(200);
        if path.ends_with("who") {
            assert_eq!(taken.json(), json!({"admin": true}));
        }
        for malformed in [
            "TC3-HMAC-SHA256 Credential=x",
            "TC3-HMAC-SHA256 Credential=/2026-11-28/tcb/tc3_request, SignedHeaders=host, Signature=00",
            "TC3-HMAC-SHA256 Credential=AKIDx/2026-11-28/tcb/tc3_request, SignedHeaders=host, Signature=",
            "TC3-HMAC-SHA256 nothing",
        ] {
            let rejected = send(method.clone(), path, malformed, body)
                .await
                .expect(401);
            assert_eq!(rejected.code(), "INVALID_CREDENTIALS", "{path} {malformed}");
        }
    }
}

#[tokio::test]
async fn other_products_say_where_a_signature_becomes_a_token() {
    let (emulator, wire) = start().await;
    for (method, path) in [
        (Method::GET, "/v1/rdb/rest/todos"),
        (Method::POST, "/v1/rdb/exec-pgsql"),
        (Method::POST, "/v1/model/prod/todo/list"),
        (Method::POST, "/v1/model/plugin/prod/mysqlCommand"),
        (Method::POST, "/v1/sql/prod/popular/run"),
    ] {
        let url = format!("{}{path}", emulator.endpoint());
        let rejected = wire
            .call(method, &url)
            .header("authorization", SIGNATURE)
            .send()
            .await
            .expect(401);
        assert_eq!(rejected.code(), "MISSING_CREDENTIALS", "{path}");
        assert!(
            rejected.text().contains("/auth/v1/token/clientCredential"),
            "{path}"
        );
    }
    let url = format!("{}/auth/v1/user/me", emulator.endpoint());
    let user = wire
        .get(&url)
        .header("authorization", SIGNATURE)
        .send()
        .await;
    assert_eq!(user.expect(401).json()["error"], "unauthenticated");
}

#[tokio::test]
async fn a_secret_becomes_a_token_of_the_administrator() {
    let (emulator, wire) = start().await;
    let exchange = async |authorization: &str| {
        let url = format!("{}/auth/v1/token/clientCredential", emulator.endpoint());
        wire.post(&url)
            .header("authorization", authorization)
            .json(&json!({"grant_type": "client_credentials"}))
            .send()
            .await
    };
    // AKIDx:key
    for proof in [SIGNATURE, "Basic QUtJRHg6a2V5"] {
        let token = exchange(proof).await.expect(200).json();
        assert_eq!(
            (&token["token_type"], &token["expires_in"]),
            (&json!("Bearer"), &json!(432_000))
        );
        let rows = format!("{}/v1/rdb/rest/todos", emulator.endpoint());
        wire.get(&rows)
            .bearer(token["access_token"].as_str().unwrap())
            .send()
            .await
            .expect(200);
    }
    // AKIDx: and no colon at all
    for proof in [
        "Basic QUtJRHg6",
        "Basic QUtJRHg=",
        "Basic ?",
        "TC3-HMAC-SHA256 Credential=x",
    ] {
        let rejected = exchange(proof).await.expect(401).json();
        assert_eq!(rejected["error"], "unauthenticated", "{proof}");
    }
}

#[tokio::test]
async fn a_product_that_is_not_emulated_is_named() {
    let (emulator, wire) = start().await;
    for (path, product) in [
        ("/v1/ai/cloudbase/v1/chat/completions", "AI models"),
        ("/v1/aibot/bots/b/send-message", "AI agents"),
        ("/v1/realtime/api/broadcast", "realtime"),
        ("/web?env=emulator-local", "action protocol"),
        ("/admin", "action protocol"),
    ] {
        let url = format!("{}{path}", emulator.endpoint());
        let response = wire
            .post(&url)
            .bearer(emulator.api_key())
            .send()
            .await
            .expect(501);
        assert_eq!(response.code(), "NOT_EMULATED", "{path}");
        assert!(
            response.text().contains(product),
            "{path}: {}",
            response.text()
        );
    }
    let own = format!("{}/v1/functions/lowcode-datasource", emulator.endpoint());
    let response = wire.post(&own).bearer(emulator.api_key()).send().await;
    let response = response.expect(501);
    assert!(response.text().contains("$runSQL"), "{}", response.text());
    let encrypted = format!("{}/auth/v2/signin/publichkey", emulator.endpoint());
    let response = wire
        .post(&encrypted)
        .header("accept-language", "en")
        .send()
        .await
        .expect(501);
    assert_eq!(response.json()["error"], "unimplemented");
    assert!(
        response.text().contains("encrypted passwords"),
        "{}",
        response.text()
    );
    for path in ["/v1/airport", "/webs", "/v1/function/hello", "/"] {
        let url = format!("{}{path}", emulator.endpoint());
        let response = wire.post(&url).send().await;
        assert_ne!(response.code(), "NOT_EMULATED", "{path}");
    }
}
