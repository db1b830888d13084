//! What a request of storage shows before it is sent: `operation()`.

use std::time::Duration;

use cloudbase_core::http::Method;
use cloudbase_core::{Client, ErrorKind, Operation, Result};
use cloudbase_storage::{FileId, ObjectKey, SignedUploadUrl, Storage, UploadInfo, UploadSource};
use serde_json::{Value, json};

const ID: &str = "cloud://env.bucket/a.png";
const MINUTE: Duration = Duration::from_secs(60);

fn storage() -> Storage {
    let client = Client::builder().env_id("env");
    Storage::new(client.build().unwrap())
}

fn body(operation: &Operation) -> Value {
    serde_json::from_slice(operation.body_bytes().unwrap()).unwrap()
}

#[test]
fn every_request_shows_its_first_operation() {
    let (storage, bucket) = (storage(), storage().bucket("b"));
    let download = "/v1/storages/get-objects-download-info";
    let upload = "/v1/storages/get-objects-upload-info";
    let (signed, permit) = ("storage.signed_url", "storage.upload_info");
    let (post, get, put) = (Method::POST, Method::GET, Method::PUT);
    let object = "/v1/storages/object/b/a";
    let cases: [(Result<Operation>, &str, &Method, &str); 28] = [
        (storage.upload("a", "x").operation(), permit, &post, upload),
        (storage.upload_info("a").operation(), permit, &post, upload),
        (storage.download(ID).operation(), signed, &post, download),
        (storage.info(ID).operation(), signed, &post, download),
        (storage.exists(ID).operation(), signed, &post, download),
        (
            storage.signed_url(ID, MINUTE).operation(),
            signed,
            &post,
            download,
        ),
        (
            storage.signed_urls([ID], MINUTE).operation(),
            signed,
            &post,
            download,
        ),
        (
            storage.download_url("http://h/a?s=1").operation(),
            "storage.get",
            &get,
            "http://h/a?s=1",
        ),
        (
            storage.remove([ID]).operation(),
            "storage.remove",
            &post,
            "/v1/storages/delete-objects",
        ),
        (
            storage.copy("a", "b").operation(),
            "storage.copy",
            &post,
            "/v1/storages/copy-objects",
        ),
        (
            storage.move_many([("a", "b")]).operation(),
            "storage.move",
            &post,
            "/v1/storages/copy-objects",
        ),
        (
            storage.list_buckets().limit(2).operation(),
            "storage.buckets.list",
            &get,
            "/v1/storages/bucket/?limit=2",
        ),
        (
            storage.bucket_details("b").operation(),
            "storage.buckets.get",
            &get,
            "/v1/storages/bucket/b",
        ),
        (
            storage.create_bucket("b").operation(),
            "storage.buckets.create",
            &post,
            "/v1/storages/bucket/",
        ),
        (
            storage.update_bucket("b").operation(),
            "storage.buckets.update",
            &put,
            "/v1/storages/bucket/b",
        ),
        (
            storage.delete_bucket("b").operation(),
            "storage.buckets.delete",
            &Method::DELETE,
            "/v1/storages/bucket/b",
        ),
        (
            bucket.upload("a", "x").operation(),
            "storage.bucket.upload",
            &post,
            object,
        ),
        (
            bucket.update("a", "x").operation(),
            "storage.bucket.upload",
            &put,
            object,
        ),
        (
            bucket.download("a").operation(),
            "storage.get",
            &get,
            object,
        ),
        (
            bucket.list("p").operation(),
            "storage.bucket.list",
            &post,
            "/v1/storages/object/list/b",
        ),
        (
            bucket.remove(["a"]).operation(),
            "storage.bucket.remove",
            &Method::DELETE,
            "/v1/storages/object/b",
        ),
        (
            bucket.copy("a", "c").operation(),
            "storage.bucket.copy",
            &post,
            "/v1/storages/object/copy",
        ),
        (
            bucket.move_to("a", "c").operation(),
            "storage.bucket.move",
            &post,
            "/v1/storages/object/move",
        ),
        (
            bucket.info("a").operation(),
            "storage.bucket.info",
            &get,
            "/v1/storages/object/info/b/a",
        ),
        (
            bucket.exists("a").operation(),
            "storage.bucket.info",
            &get,
            "/v1/storages/object/info/b/a",
        ),
        (
            bucket.signed_url("a", MINUTE).operation(),
            "storage.bucket.signed_url",
            &post,
            "/v1/storages/object/sign/b/a",
        ),
        (
            bucket.signed_urls(["a"], MINUTE).operation(),
            "storage.bucket.signed_urls",
            &post,
            "/v1/storages/object/sign/b",
        ),
        (
            bucket.signed_upload_url("a").operation(),
            "storage.bucket.signed_upload_url",
            &post,
            "/v1/storages/object/upload/sign/b/a",
        ),
    ];
    for (operation, name, method, target) in cases {
        let operation = operation.unwrap();
        assert_eq!((operation.name(), operation.method()), (name, method));
        assert_eq!(operation.target().to_string(), target, "{name}");
    }
}

#[test]
fn an_operation_has_what_the_request_was_given() {
    let storage = storage();
    let signed = storage
        .signed_url(ID, MINUTE)
        .header("x-a", "b")
        .operation();
    let signed = signed.unwrap();
    assert_eq!(
        body(&signed),
        json!([{ "cloudObjectId": ID, "maxAge": 60 }])
    );
    assert_eq!(
        signed.headers().get("x-a"),
        None,
        "the client adds it when it sends"
    );
    // The length is signed where it is known: not that of a file, which is not opened.
    let length = |source: UploadSource| {
        let operation = storage.upload("a", source).operation().unwrap();
        body(&operation)[0]["signedHeader"]["content-length"].clone()
    };
    assert_eq!(length("four".into()), json!(["4"]));
    assert_eq!(length(UploadSource::path("no-such-file")), Value::Null);
    let part = storage
        .bucket("b")
        .download("a")
        .range(..10)
        .if_match("\"e\"");
    let part = part.operation().unwrap();
    assert_eq!(part.headers()["range"], "bytes=0-9");
    assert_eq!(part.headers()["if-match"], "\"e\"");

    // Of a list that takes several requests it is the first.
    let many: Vec<_> = (0..120)
        .map(|n| format!("cloud://env.bucket/{n}"))
        .collect();
    assert_eq!(
        body(&storage.remove(&many).operation().unwrap())
            .as_array()
            .unwrap()
            .len(),
        50
    );
    let keys = (0..120).map(|n| n.to_string());
    let first = storage.bucket("b").remove(keys).operation().unwrap();
    assert_eq!(body(&first)["prefixes"].as_array().unwrap().len(), 100);
}

#[test]
fn what_cannot_be_sent_has_no_operation() {
    let (storage, bucket) = (storage(), storage().bucket("b"));
    let none: [&str; 0] = [];
    for (operation, argument) in [
        (storage.info("a.png").operation(), "file id"),
        (storage.upload("..", "x").operation(), "path"),
        (storage.remove(none).operation(), "ids"),
        (
            storage.signed_urls([ID], Duration::ZERO).operation(),
            "lifetime",
        ),
        (storage.copy("a", "a").operation(), "to"),
        (storage.delete_bucket("a/b").operation(), "bucket id"),
        (bucket.remove(none).operation(), "paths"),
        (bucket.signed_urls(none, MINUTE).operation(), "paths"),
        (bucket.copy("..", "a").operation(), "from"),
    ] {
        let error = operation.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(
            error.message().starts_with(&format!("`{argument}` must")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_error_before_anything_is_sent_names_the_operation() {
    let (storage, bucket) = (storage(), storage().bucket("b"));
    let wrong = storage.bucket("a/b");
    for (shown, sent, name) in [
        (
            storage.copy("a", "a").operation(),
            storage.copy("a", "a").await.err(),
            "storage.copy",
        ),
        (
            storage.move_many([("..", "a")]).operation(),
            storage.move_to("..", "a").await.err(),
            "storage.move",
        ),
        (
            storage.info("a").operation(),
            storage.info("a").await.err(),
            "storage.info",
        ),
        (
            storage.exists("a").operation(),
            storage.exists("a").await.err(),
            "storage.info",
        ),
        (
            storage.upload_info("..").operation(),
            storage.upload_info("..").await.err(),
            "storage.upload_info",
        ),
        (
            storage.upload("..", "").operation(),
            storage.upload("..", "").await.err(),
            "storage.upload",
        ),
        (
            storage.delete_bucket("a/b").operation(),
            storage.delete_bucket("a/b").await.err(),
            "storage.buckets.delete",
        ),
        (
            bucket.info("..").operation(),
            bucket.info("..").await.err(),
            "storage.bucket.info",
        ),
        (
            bucket.copy("..", "a").operation(),
            bucket.copy("a", "..").await.err(),
            "storage.bucket.copy",
        ),
        (
            bucket.remove([".."]).operation(),
            bucket.remove([".."]).await.err(),
            "storage.bucket.remove",
        ),
        (
            bucket.signed_url("a", Duration::ZERO).operation(),
            bucket.signed_url("a", Duration::ZERO).await.err(),
            "storage.bucket.signed_url",
        ),
        (
            wrong.list("").operation(),
            wrong.list("").await.err(),
            "storage.bucket.list",
        ),
    ] {
        for error in [shown.unwrap_err(), sent.unwrap()] {
            assert_eq!(error.kind(), ErrorKind::Argument);
            assert_eq!(error.operation(), name, "{error}");
        }
    }
}

/// Names of objects are taken as text or as what a call has returned.
#[test]
fn names_of_objects_come_in_any_form() {
    let (storage, bucket) = (storage(), storage().bucket("b"));
    let (id, key) = (FileId::new(ID).unwrap(), ObjectKey::new("a").unwrap());
    let text = "a".to_owned();
    let operations = [
        storage.info(&id).operation(),
        storage.signed_url(&id, MINUTE).operation(),
        storage.download(id).operation(),
        storage.upload(&key, "x").operation(),
        storage.upload_info(&text).operation(),
        storage.copy(&key, "b").operation(),
        storage.move_many([(&key, "b")]).operation(),
        bucket.upload(text, "x").operation(),
        bucket.signed_url(&key, MINUTE).operation(),
        bucket.signed_upload_url(&key).operation(),
        bucket.info(&key).operation(),
        bucket.copy(&key, "b").operation(),
        bucket.move_to("b", key).operation(),
    ];
    assert!(operations.iter().all(Result::is_ok));
}

/// A permission to put `in/box.txt`, of `length` bytes.
fn permit(length: &str) -> UploadInfo {
    let permit = json!({
        "objectId": "in/box.txt", "cloudObjectId": "cloud://env.bucket/in/box.txt",
        "uploadUrl": "http://127.0.0.1:9/in/box.txt", "authorization": "a", "token": "t",
        "cloudObjectMeta": "m", "signedHeader": { "content-length": [length] },
    });
    serde_json::from_value(permit).unwrap()
}

#[tokio::test]
async fn a_signed_upload_has_no_operation_where_send_rejects_its_source() {
    let (storage, info) = (storage(), permit("5"));
    let reader = || UploadSource::reader(&b"123456"[..]);
    let sources = || ["123456".into(), reader().with_length(6)];
    for (source, again) in sources().into_iter().zip(sources()) {
        let upload = |source: UploadSource| storage.upload_to_signed_url(&info, source);
        let shown = upload(source).operation().unwrap_err();
        let sent = upload(again).await.unwrap_err();
        assert_eq!(shown.message(), "`source` has 6 bytes, but 5 were signed");
        assert_eq!(shown.message(), sent.message());
        assert_eq!(shown.operation(), "storage.upload_to_signed_url");
    }
    // What a file has is known when it is open, whatever was stated.
    let file = UploadSource::path("a.txt").with_length(6);
    for source in ["12345".into(), reader().with_length(5), reader(), file] {
        let upload = storage.upload_to_signed_url(&info, source);
        assert!(upload.operation().is_ok());
    }
}

#[tokio::test]
async fn what_a_signed_url_has_no_use_for_is_rejected() {
    let storage = storage();
    let download = || storage.download_url("http://127.0.0.1:9/a?s=1");
    let signed = SignedUploadUrl::new("a", "t").unwrap();
    let upload = || storage.bucket("b").upload_to_signed_url(&signed, "x");
    for (sent, shown, argument) in [
        (
            download().token("t").await.err(),
            download().token("t").operation(),
            "token",
        ),
        (
            download().require_user().await.err(),
            download().require_user().operation(),
            "require_user",
        ),
        (
            download().header("x-a", "b").await.err(),
            download().header("x-a", "b").operation(),
            "header",
        ),
        (
            download().header("bad name", "x").await.err(),
            download().header("bad name", "x").operation(),
            "header name",
        ),
        (
            download().request_id("a").stream().await.err(),
            download().request_id("").operation(),
            "request_id",
        ),
        (
            upload().token("t").await.err(),
            upload().token("t").operation(),
            "token",
        ),
        (
            upload().require_user().await.err(),
            upload().require_user().operation(),
            "require_user",
        ),
    ] {
        for error in [sent.unwrap(), shown.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
            let message = error.message();
            assert!(
                message.starts_with(&format!("`{argument}` must")),
                "{error}"
            );
            assert!(error.operation().starts_with("storage."), "{error:?}");
        }
    }
    // The gateway takes the upload, and logs it.
    let kept = upload().header("x-a", "b").request_id("a");
    assert!(kept.operation().is_ok());
}
