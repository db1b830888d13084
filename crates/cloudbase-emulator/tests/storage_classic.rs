//! Classic storage on the wire: the batch endpoints, roles, keys and what lasts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use cloudbase_emulator::{Emulator, StorageAcl};
use serde_json::{Value, json};
use wire::classic::Bench;
use wire::user::sign_in;

#[tokio::test]
async fn public_objects_need_no_signature() {
    let bench = Bench::new().await;
    bench.upload("a b", "x").await.expect(200);
    let body = json!([{"cloudObjectId": bench.id("a b")}]);
    let item = bench
        .post("get-objects-download-info", &body)
        .send()
        .await
        .json()[0]
        .clone();
    let origin = bench.emulator.object_origin();
    assert_eq!(item["downloadUrl"], format!("{origin}/a b"));
    assert_eq!(item["downloadUrlEncoded"], format!("{origin}/a%20b"));
    let url = item["downloadUrlEncoded"].as_str().unwrap();
    assert_eq!(bench.wire.get(url).send().await.expect(200).text(), "x");
}

#[tokio::test]
async fn roles_and_their_limits() {
    let bench = Bench::with(
        Emulator::builder()
            .storage_rule("private/", StorageAcl::Private)
            .storage_rule("admin/", StorageAcl::AdminOnly),
    )
    .await;
    bench.upload("open", "x").await.expect(200);
    bench.upload("private/a", "x").await.expect(200);
    let visitor = bench.emulator.publishable_key();
    let ask = async |operation: &str, body: Value| {
        bench.post(operation, &body).bearer(visitor).send().await
    };
    let code = async |operation: &str, body: Value| {
        ask(operation, body).await.expect(200).json()[0]["code"]
            .as_str()
            .map(str::to_owned)
    };
    let denied = Some("STORAGE_EXCEED_AUTHORITY".to_owned());
    assert_eq!(
        code("get-objects-upload-info", json!([{"objectId": "new"}])).await,
        denied
    );
    let read = async |key: &str| {
        code(
            "get-objects-download-info",
            json!([{"cloudObjectId": bench.id(key)}]),
        )
        .await
    };
    assert_eq!(read("open").await, None);
    assert_eq!(read("private/a").await, denied);
    assert_eq!(read("admin/a").await, denied);
    let delete = json!([{"cloudObjectId": bench.id("open")}]);
    assert_eq!(code("delete-objects", delete).await, denied);
    let copy = json!([{"srcPath": "open", "dstPath": "b"}]);
    assert_eq!(
        ask("copy-objects", copy).await.expect(403).code(),
        "ACTION_FORBIDDEN"
    );

    bench.emulator.set_storage_rule("", StorageAcl::AdminOnly);
    assert_eq!(read("open").await, denied);
}

#[tokio::test]
async fn users_write_and_delete_their_own() {
    let builder = Emulator::builder().storage_rule("private/", StorageAcl::Private);
    let bench = Bench::with(builder).await;
    let lin = sign_in(&bench.wire, &bench.emulator, "device-lin-0001-0001").await;
    let mei = sign_in(&bench.wire, &bench.emulator, "device-mei-0002-0002").await;
    // What the gateway says to `token` about one object: the item of its response.
    let ask = async |token: &str, operation: &str, item: Value| {
        let call = bench.post(operation, &json!([item])).bearer(token);
        call.send().await.expect(200).json()[0].clone()
    };
    let denied = "STORAGE_EXCEED_AUTHORITY";
    for key in ["open", "private/a"] {
        let upload = json!({ "objectId": key });
        let info = ask(&lin, "get-objects-upload-info", upload.clone()).await;
        bench.put(&info, "of lin").send().await.expect(200);
        let again = ask(&lin, "get-objects-upload-info", upload.clone()).await;
        assert_eq!(again["code"], Value::Null);
        let theirs = ask(&mei, "get-objects-upload-info", upload).await;
        assert_eq!(theirs["code"], denied, "{key}");
        let id = json!({ "cloudObjectId": bench.id(key) });
        let read = ask(&mei, "get-objects-download-info", id.clone()).await;
        let expected = if key == "open" {
            json!(null)
        } else {
            json!(denied)
        };
        assert_eq!(read["code"], expected, "{key}");
        assert_eq!(
            ask(&mei, "delete-objects", id.clone()).await["code"],
            denied
        );
        assert_eq!(ask(&lin, "delete-objects", id.clone()).await, id);
    }
    let copy = json!([{ "srcPath": "open", "dstPath": "b" }]);
    let call = bench.post("copy-objects", &copy).bearer(&lin);
    assert_eq!(call.send().await.expect(403).code(), "ACTION_FORBIDDEN");
}

#[tokio::test]
async fn calls_without_credentials_are_rejected() {
    let bench = Bench::new().await;
    for operation in [
        "get-objects-upload-info",
        "get-objects-download-info",
        "delete-objects",
        "copy-objects",
    ] {
        let url = format!("{}/v1/storages/{operation}", bench.emulator.endpoint());
        let response = bench
            .wire
            .post(&url)
            .json(&json!([]))
            .send()
            .await
            .expect(401);
        assert_eq!(response.code(), "MISSING_CREDENTIALS", "{operation}");
        assert!(!response.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn copying_moving_and_deleting() {
    let bench = Bench::new().await;
    bench.upload("a", "one").await.expect(200);
    bench.upload("b", "two").await.expect(200);
    let text = async |key: &str| bench.wire.get(&bench.url(key, 60).await).send().await;
    let copy = async |item: Value| {
        bench
            .post("copy-objects", &json!([item]))
            .send()
            .await
            .expect(200)
            .json()[0]
            .clone()
    };
    let done = copy(json!({"srcPath": "a", "dstPath": "c"})).await;
    assert_eq!(done["cloudObjectId"], bench.id("c").as_str());
    assert_eq!(text("c").await.text(), "one");
    let kept = copy(json!({"srcPath": "a", "dstPath": "b", "overwrite": false})).await;
    assert_eq!(kept["code"], "OBJECT_ALREADY_EXIST");
    copy(json!({"srcPath": "a", "dstPath": "b", "removeOriginal": true})).await;
    assert_eq!(text("b").await.text(), "one");
    text("a").await.expect(404);
    assert_eq!(
        copy(json!({"srcPath": "a", "dstPath": "x"})).await["code"],
        "OBJECT_NOT_EXIST"
    );
    assert_eq!(
        copy(json!({"srcPath": "b", "dstPath": "b"})).await["code"],
        "INVALID_PARAM"
    );
    assert_eq!(
        copy(json!({"srcPath": "/b", "dstPath": "x"})).await["code"],
        "INVALID_PARAM"
    );

    let ids = json!([{"cloudObjectId": bench.id("b")}, {"cloudObjectId": bench.id("b")}, {"cloudObjectId": "b"}]);
    let response = bench
        .post("delete-objects", &ids)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(response[0], json!({"cloudObjectId": bench.id("b")}));
    assert_eq!(response[1]["code"], "OBJECT_NOT_EXIST");
    assert_eq!(response[1]["cloudObjectId"], bench.id("b").as_str());
    assert_eq!(response[2]["code"], "INVALID_PARAM");
}

#[tokio::test]
async fn bad_batches() {
    let bench = Bench::new().await;
    let ask = async |body: Value| bench.post("get-objects-upload-info", &body).send().await;
    assert_eq!(ask(json!([])).await.expect(400).code(), "INVALID_PARAM");
    assert_eq!(
        ask(json!({"objectId": "a"})).await.expect(400).code(),
        "INVALID_PARAM"
    );
    let many = Value::Array(vec![json!({"objectId": "a"}); 51]);
    assert_eq!(ask(many).await.expect(403).code(), "OBJECT_BATCH_TOO_LARGE");
    let items = json!([{"objectId": "/a"}, {"objectId": "a/../b"}, {}, {"objectId": "ok"}]);
    let response = ask(items).await.expect(200).json();
    for index in 0..3 {
        assert_eq!(response[index]["code"], "INVALID_PARAM");
    }
    assert_eq!(response[3]["objectId"], "ok");
}

#[tokio::test]
async fn every_legal_key_round_trips() {
    let bench = Bench::new().await;
    let long = "k".repeat(850);
    let keys = [
        "a",
        "a b",
        "a+b",
        "a?b=c",
        "a#b",
        "%2e%2e/x",
        "100%",
        "a//b",
        "./a",
        "\u{1f600}.png",
        "\u{4f60}\u{597d}/\u{7167}\u{7247}.jpg",
        "a&b=c;d",
        "it's \"q\"",
        "back\\slash",
        "dir/",
        "*!()~",
        "v1/storages/x",
        "__emulator/inbox",
        long.as_str(),
    ];
    for key in keys {
        let content: &'static str = Box::leak(format!("content of {key}").into_boxed_str());
        bench.upload(key, content).await.expect(200);
    }
    for key in keys {
        let got = bench
            .wire
            .get(&bench.url(key, 60).await)
            .send()
            .await
            .expect(200);
        assert_eq!(got.text(), format!("content of {key}"), "{key:?}");
    }
}

#[tokio::test]
async fn snapshots_and_resets() {
    let bench = Bench::new().await;
    bench.upload("s", "kept").await.expect(200);
    let url = bench.url("s", 600).await;
    let snapshot = bench.emulator.snapshot().await.unwrap();
    bench.emulator.reset().await.unwrap();
    bench.wire.get(&url).send().await.expect(404);
    bench.emulator.restore(&snapshot).await.unwrap();
    assert_eq!(bench.wire.get(&url).send().await.expect(200).text(), "kept");
}

#[tokio::test]
async fn objects_outlive_the_emulator_in_a_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::with(Emulator::builder().data_dir(dir.path())).await;
    bench.upload("keep", "me").await.expect(200);
    bench.emulator.shutdown().await;
    let bench = Bench::with(Emulator::builder().data_dir(dir.path())).await;
    let got = bench
        .wire
        .get(&bench.url("keep", 60).await)
        .send()
        .await
        .expect(200);
    assert_eq!(got.text(), "me");
}
