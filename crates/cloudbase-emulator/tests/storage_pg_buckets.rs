//! Buckets of PG mode on the wire: management, policies and what lasts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use cloudbase_emulator::{BucketPolicy, Emulator};
use serde_json::{Value, json};
use wire::pg::{Bench, assert_error};

#[tokio::test]
async fn buckets_are_managed() {
    let bench = Bench::with(Emulator::builder()).await;
    let spec = json!({
        "id": "avatars", "name": "avatars", "public": true,
        "file_size_limit": 5, "allowed_mime_types": ["image/*"],
    });
    let made = bench
        .admin("POST", "/bucket/")
        .json(&spec)
        .send()
        .await
        .expect(200);
    assert_eq!(made.json(), json!({"name": "avatars"}));
    assert_error(
        bench.admin("POST", "/bucket/").json(&spec).send().await,
        409,
        "Duplicate",
    );
    let got = bench
        .admin("GET", "/bucket/avatars")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&got["public"], &got["file_size_limit"]),
        (&json!(true), &json!(5))
    );
    let put = |content_type, content| {
        let call = bench
            .admin("POST", "/object/avatars/a")
            .header("content-type", content_type);
        call.body(content).send()
    };
    assert_error(put("text/plain", "x").await, 400, "invalid_mime_type");
    assert_error(put("image/png", "123456").await, 413, "Payload too large");
    put("image/png", "12345").await.expect(200);
    let change = json!({"public": false, "file_size_limit": null});
    bench
        .admin("PUT", "/bucket/avatars")
        .json(&change)
        .send()
        .await
        .expect(200);
    let got = bench.admin("GET", "/bucket/avatars").send().await.json();
    assert_eq!(
        (&got["public"], &got["file_size_limit"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(got["allowed_mime_types"], json!(["image/*"]));

    assert_error(
        bench.admin("DELETE", "/bucket/avatars").send().await,
        409,
        "InvalidRequest",
    );
    bench
        .admin("DELETE", "/object/avatars/a")
        .send()
        .await
        .expect(200);
    bench
        .admin("DELETE", "/bucket/avatars")
        .send()
        .await
        .expect(200);
    for method in ["GET", "DELETE"] {
        assert_error(
            bench.admin(method, "/bucket/avatars").send().await,
            404,
            "not_found",
        );
    }
    for id in ["a/b", "a b", ""] {
        let response = bench
            .admin("POST", "/bucket/")
            .json(&json!({"id": id}))
            .send()
            .await;
        assert_error(response, 400, "InvalidBucketName");
    }
    let response = bench.admin("POST", "/bucket/").body("{").send().await;
    assert_error(response, 400, "InvalidRequest");
}

#[tokio::test]
async fn bucket_lists_are_sorted_and_paged() {
    let bench = Bench::with(
        Emulator::builder()
            .bucket("b", false)
            .bucket("a", true)
            .bucket("ab", false),
    )
    .await;
    let names = async |query: &str| {
        let response = bench
            .admin("GET", &format!("/bucket/{query}"))
            .send()
            .await
            .expect(200);
        let buckets = response.json();
        let names = buckets
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b["name"].as_str().unwrap());
        names.collect::<Vec<_>>().join(",")
    };
    assert_eq!(names("").await, "a,ab,b");
    assert_eq!(names("?sortColumn=name&sortOrder=desc").await, "b,ab,a");
    assert_eq!(names("?limit=1&offset=1").await, "ab");
    assert_eq!(names("?search=a").await, "a,ab");
    let response = bench.admin("GET", "/bucket/?sortColumn=x").send().await;
    assert_error(response, 400, "InvalidRequest");
}

#[tokio::test]
async fn public_buckets_need_no_credential() {
    let bench = Bench::new().await;
    bench.put("open/a", "x").await;
    bench.put("docs/a", "x").await;
    bench
        .bare("GET", "/object/public/open/a")
        .send()
        .await
        .expect(200);
    bench.bare("GET", "/object/open/a").send().await.expect(200);
    assert_error(
        bench.bare("GET", "/object/public/docs/a").send().await,
        404,
        "not_found",
    );
    let rejected = bench.bare("GET", "/object/docs/a").send().await;
    assert!(
        rejected
            .text()
            .contains("headers must have required property 'authorization'")
    );
    assert_error(rejected, 400, "Error");
    let wrong = bench
        .bare("GET", "/object/docs/a")
        .bearer("wrong")
        .send()
        .await
        .expect(401);
    assert_eq!(wrong.code(), "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn policies_decide_by_identity() {
    let bench = Bench::new().await;
    let (lin, mei) = (
        bench.user("device-lin-0001-0001").await,
        bench.user("device-mei-0002-0002").await,
    );
    let visitor = bench.emulator.publishable_key();
    let put = |token: &str, name: &str| {
        bench
            .bare("PUT", &format!("/object/docs/{name}"))
            .bearer(token)
            .body("x")
            .send()
    };
    let get = |token: &str, name: &str| {
        bench
            .bare("GET", &format!("/object/docs/{name}"))
            .bearer(token)
            .send()
    };
    put(&lin, "of-lin").await.expect(200);
    put(&lin, "of-lin").await.expect(200);
    assert_error(put(&mei, "of-lin").await, 403, "Unauthorized");
    assert_error(put(visitor, "new").await, 403, "Unauthorized");
    get(&mei, "of-lin").await.expect(200);
    assert_error(get(visitor, "of-lin").await, 404, "not_found");
    let delete = |token: &str| {
        let names = json!({"prefixes": ["of-lin"]});
        bench
            .bare("DELETE", "/object/docs")
            .bearer(token)
            .json(&names)
            .send()
    };
    assert_eq!(delete(&mei).await.expect(200).json(), json!([]));
    let bucket = bench
        .bare("POST", "/bucket/")
        .bearer(&lin)
        .json(&json!({"id": "x"}));
    assert_error(bucket.send().await, 403, "Unauthorized");
    assert_eq!(delete(&lin).await.expect(200).json()[0]["name"], "of-lin");

    let open = Bench::with(Emulator::builder().bucket_policy(BucketPolicy::Open)).await;
    let visitor = open.emulator.publishable_key();
    let bucket = open
        .bare("POST", "/bucket/")
        .bearer(visitor)
        .json(&json!({"id": "x"}));
    bucket.send().await.expect(200);
    open.bare("PUT", "/object/x/a")
        .bearer(visitor)
        .body("x")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn buckets_survive_snapshots() {
    let bench = Bench::with(Emulator::builder().bucket("preset", true)).await;
    bench
        .admin("POST", "/bucket/")
        .json(&json!({"id": "made"}))
        .send()
        .await
        .expect(200);
    bench.put("made/a", "x").await;
    let snapshot = bench.emulator.snapshot().await.unwrap();
    bench.emulator.reset().await.unwrap();
    bench.admin("GET", "/bucket/made").send().await.expect(404);
    bench
        .admin("GET", "/bucket/preset")
        .send()
        .await
        .expect(200);
    bench.emulator.restore(&snapshot).await.unwrap();
    bench
        .admin("GET", "/object/made/a")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn buckets_survive_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        Bench::with(
            Emulator::builder()
                .data_dir(dir.path())
                .bucket("preset", true),
        )
    };
    let bench = start().await;
    bench
        .admin("POST", "/bucket/")
        .json(&json!({"id": "made"}))
        .send()
        .await
        .expect(200);
    bench.put("made/a", "x").await;
    bench.emulator.shutdown().await;
    let bench = start().await;
    bench
        .admin("GET", "/object/made/a")
        .send()
        .await
        .expect(200);
    bench
        .admin("GET", "/bucket/preset")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn an_upload_that_a_reset_overtakes_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().data_dir(dir.path());
    let bench = Bench::with(builder.bucket("preset", true)).await;
    let make = || {
        let call = bench.admin("POST", "/bucket/");
        call.json(&json!({"id": "made"})).send()
    };
    make().await.expect(200);
    let (rest, body) = tokio::sync::mpsc::channel::<Result<&str, std::io::Error>>(2);
    let body = futures_util::stream::unfold(body, async |mut body| {
        body.recv().await.map(|chunk| (chunk, body))
    });
    let upload = bench.admin("POST", "/object/made/late");
    let upload = upload.body(axum::body::Body::from_stream(body)).send();
    let reset = async {
        rest.send(Ok("first")).await.unwrap();
        let is_coming = || {
            let mut staged = std::fs::read_dir(dir.path().join("storage/staging")).unwrap();
            staged.next().is_some()
        };
        while !is_coming() {
            tokio::task::yield_now().await;
        }
        bench.emulator.reset().await.unwrap();
        drop(rest);
    };
    let (uploaded, ()) = tokio::join!(upload, reset);
    assert_error(uploaded, 404, "not_found");
    make().await.expect(200);
    let orphan = bench.admin("GET", "/object/made/late").send().await;
    assert_error(orphan, 404, "not_found");
}
