//! Signed URLs of PG-mode buckets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::pg::{Bench, assert_error};

#[tokio::test]
async fn signed_urls_stand_in_for_credentials() {
    let bench = Bench::new().await;
    bench.put("docs/a%20b", "secret").await;
    let sign = |path: &str, body: Value| {
        bench
            .admin("POST", &format!("/object/sign/{path}"))
            .json(&body)
            .send()
    };
    let signed = sign("docs/a%20b", json!({"expiresIn": 60}))
        .await
        .expect(200)
        .json();
    let relative = signed["signedURL"].as_str().unwrap();
    let full = signed["fullSignedURL"].as_str().unwrap();
    assert_eq!(
        full,
        format!("{}/v1/storages{relative}", bench.emulator.endpoint())
    );
    assert_eq!(
        bench.wire.get(full).send().await.expect(200).text(),
        "secret"
    );
    bench.wire.head(full).send().await.expect(200);
    let named = bench
        .wire
        .get(&format!("{full}&download=n.txt"))
        .send()
        .await;
    assert!(named.header("content-disposition").contains("n.txt"));
    let other = full.replace("a%20b", "other");
    assert_error(bench.wire.get(&other).send().await, 400, "InvalidJWT");
    assert_error(
        bench.wire.get(&format!("{full}x")).send().await,
        400,
        "InvalidJWT",
    );
    bench.emulator.clock().advance(Duration::from_secs(61));
    let late = bench.wire.get(full).send().await;
    assert!(late.text().contains("jwt expired"));
    assert_error(late, 400, "InvalidJWT");

    let many = json!({"expiresIn": 60, "paths": ["a b", "missing"]});
    let many = sign("docs", many).await.expect(200).json();
    assert_eq!(
        (&many[0]["path"], &many[0]["error"]),
        (&json!("a b"), &Value::Null)
    );
    assert_eq!(many[1]["signedURL"], Value::Null);
    assert!(many[1]["error"].is_string());
    let url = many[0]["fullSignedURL"].as_str().unwrap();
    bench.wire.get(url).send().await.expect(200);
    assert_error(
        sign("docs/missing", json!({"expiresIn": 60})).await,
        404,
        "not_found",
    );
    assert_error(
        sign("docs/a%20b", json!({"expiresIn": 0})).await,
        400,
        "InvalidRequest",
    );
    let too_many = json!({"expiresIn": 60, "paths": vec!["x"; 501]});
    assert_error(sign("docs", too_many).await, 400, "InvalidRequest");
}

#[tokio::test]
async fn signed_uploads() {
    let bench = Bench::new().await;
    let sign = |upsert: &'static str| {
        bench
            .admin("POST", "/object/upload/sign/docs/u")
            .header("x-upsert", upsert)
            .send()
    };
    let signed = sign("false").await.expect(200).json();
    let url = signed["fullURL"].as_str().unwrap().to_owned();
    assert!(url.ends_with(signed["token"].as_str().unwrap()));
    let put = |url: &str, content: &'static str| bench.wire.put(url).body(content).send();
    assert_eq!(put(&url, "one").await.expect(200).json()["Key"], "docs/u");
    assert_error(put(&url, "two").await, 409, "Duplicate");
    assert_error(sign("false").await, 409, "Duplicate");
    let signed = sign("true").await.expect(200).json();
    let url = signed["fullURL"].as_str().unwrap().to_owned();
    put(&url, "two").await.expect(200);
    assert_eq!(
        bench.admin("GET", "/object/docs/u").send().await.text(),
        "two"
    );
    bench.emulator.clock().advance(Duration::from_secs(61));
    assert_error(put(&url, "late").await, 400, "InvalidJWT");
    assert_error(
        put(url.split('?').next().unwrap(), "none").await,
        400,
        "InvalidJWT",
    );
}
