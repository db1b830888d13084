//! Every structured response of storage with each of its fields in turn as something else: a field
//! that is not what the caller asked for costs nobody the call.

use std::time::Duration;

use cloudbase_core::{BoxError, Client, ErrorKind, Result};
use cloudbase_storage::Storage;
use cloudbase_tests::substitutes::substitutes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::service_fn;

const ID: &str = "cloud://env.bucket/a";
const MINUTE: Duration = Duration::from_secs(60);

/// Storage behind a gateway that says this to everything, and an object store that takes everything.
fn storage(response: &Value) -> Storage {
    let response = response.to_string();
    let transport = service_fn(move |request: Request<cloudbase_core::Body>| {
        let response = response.clone();
        async move {
            let is_gateway = request.uri().path().starts_with("/v1/");
            request.into_body().collect().await?;
            let body = if is_gateway { response } else { String::new() };
            Ok::<_, BoxError>(Response::new(cloudbase_core::Body::from(body)))
        }
    });
    let client = Client::builder().env_id("env").transport(transport);
    Storage::new(client.access_key("key").build().unwrap())
}

type Call = fn(Storage) -> BoxFuture<'static, Result<()>>;

/// A call, its documented response, where in it the fields are, and which of them the caller asked for.
struct Case {
    name: &'static str,
    response: Value,
    fields_at: &'static str,
    required: &'static [&'static str],
    call: Call,
}

/// The calls of the built-in bucket.
fn classic() -> Vec<Case> {
    let download_info = json!([{
        "cloudObjectId": ID, "downloadUrl": "https://cdn/a?sign=1", "downloadUrlEncoded": "https://cdn/a?sign=1",
    }]);
    vec![
        Case {
            name: "get-objects-upload-info",
            response: json!([{
                "objectId": "a", "uploadUrl": "https://cos/a", "authorization": "q-signature=s",
                "token": "t", "cloudObjectMeta": "m", "cloudObjectId": ID,
                "downloadUrl": "https://cdn/a", "downloadUrlEncoded": "https://cdn/a",
            }]),
            fields_at: "/0",
            required: &[
                "uploadUrl",
                "authorization",
                "token",
                "cloudObjectMeta",
                "cloudObjectId",
            ],
            call: |storage| Box::pin(async move { storage.upload("a", "x").await.map(drop) }),
        },
        Case {
            name: "get-objects-download-info",
            response: download_info.clone(),
            fields_at: "/0",
            required: &[],
            call: |storage| Box::pin(async move { storage.signed_url(ID, MINUTE).await.map(drop) }),
        },
        Case {
            name: "get-objects-download-info of many",
            response: download_info,
            fields_at: "/0",
            required: &[],
            call: |storage| {
                Box::pin(
                    async move { storage.signed_urls([ID], MINUTE).await?.remove(0).map(drop) },
                )
            },
        },
        Case {
            name: "delete-objects",
            response: json!([{ "cloudObjectId": ID }]),
            fields_at: "/0",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.remove([ID]).await?.remove(0).map(drop) })
            },
        },
        Case {
            name: "copy-objects",
            response: json!([{ "cloudObjectId": ID }]),
            fields_at: "/0",
            required: &["cloudObjectId"],
            call: |storage| Box::pin(async move { storage.copy("b", "a").await.map(drop) }),
        },
    ]
}

fn bucket() -> Value {
    json!({
        "id": "docs", "name": "docs", "public": true, "type": "STANDARD", "owner": "u",
        "file_size_limit": 1024, "allowed_mime_types": ["image/png"],
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

fn listed() -> Value {
    json!({
        "id": "7", "name": "a", "key": "a", "bucket_id": "docs", "owner": "u",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "last_accessed_at": "2026-01-01T00:00:00Z", "metadata": { "size": 1 }, "user_metadata": { "k": "v" },
    })
}

/// The management of buckets.
fn management() -> Vec<Case> {
    let message = || json!({ "message": "Successfully done" });
    vec![
        Case {
            name: "create a bucket",
            response: json!({ "name": "docs" }),
            fields_at: "",
            required: &[],
            call: |storage| Box::pin(async move { storage.create_bucket("docs").await.map(drop) }),
        },
        Case {
            name: "list buckets",
            response: json!([bucket()]),
            fields_at: "/0",
            required: &[],
            call: |storage| Box::pin(async move { storage.list_buckets().await.map(drop) }),
        },
        Case {
            name: "a bucket",
            response: bucket(),
            fields_at: "",
            required: &[],
            call: |storage| Box::pin(async move { storage.bucket_details("docs").await.map(drop) }),
        },
        Case {
            name: "update a bucket",
            response: message(),
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.update_bucket("docs").public(true).await })
            },
        },
        Case {
            name: "delete a bucket",
            response: message(),
            fields_at: "",
            required: &[],
            call: |storage| Box::pin(async move { storage.delete_bucket("docs").await }),
        },
    ]
}

/// The calls on objects of a bucket.
fn objects() -> Vec<Case> {
    let page = || json!({ "objects": [listed()], "folders": [listed()], "hasNext": true, "nextCursor": "c" });
    let list: Call =
        |storage| Box::pin(async move { storage.bucket("docs").list("").await.map(drop) });
    vec![
        Case {
            name: "upload",
            response: json!({ "Id": "7", "Key": "docs/a" }),
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.bucket("docs").upload("a", "x").await.map(drop) })
            },
        },
        Case {
            name: "remove",
            response: json!([listed()]),
            fields_at: "/0",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.bucket("docs").remove(["a"]).await.map(drop) })
            },
        },
        Case {
            name: "list",
            response: page(),
            fields_at: "",
            required: &["objects"],
            call: list,
        },
        Case {
            name: "an object of a list",
            response: page(),
            fields_at: "/objects/0",
            required: &[],
            call: list,
        },
        Case {
            name: "copy",
            response: json!({ "Key": "docs/b" }),
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.bucket("docs").copy("a", "b").await.map(drop) })
            },
        },
        Case {
            name: "move",
            response: json!({ "message": "Successfully moved" }),
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.bucket("docs").move_to("a", "b").await.map(drop) })
            },
        },
        Case {
            name: "info",
            response: json!({
                "id": "7", "name": "a", "version": "v", "bucket_id": "docs", "size": 1,
                "content_type": "text/plain", "cache_control": "no-cache", "etag": "\"e\"",
                "metadata": {}, "last_modified": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
            }),
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move { storage.bucket("docs").info("a").await.map(drop) })
            },
        },
    ]
}

/// The signatures for objects of a bucket.
fn signatures() -> Vec<Case> {
    let signed = json!({
        "signedURL": "/object/sign/docs/a?token=t",
        "fullSignedURL": "https://gw/v1/storages/object/sign/docs/a?token=t",
    });
    let mut signed_of_many = signed.clone();
    signed_of_many["path"] = json!("a");
    // A text here says why there is no URL.
    signed_of_many["error"] = json!("");
    vec![
        Case {
            name: "sign one",
            response: signed,
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move {
                    storage
                        .bucket("docs")
                        .signed_url("a", MINUTE)
                        .await
                        .map(drop)
                })
            },
        },
        Case {
            name: "sign many",
            response: json!([signed_of_many]),
            fields_at: "/0",
            required: &[],
            call: |storage| {
                Box::pin(async move {
                    let urls = storage.bucket("docs").signed_urls(["a"], MINUTE).await;
                    urls?.remove(0).map(drop)
                })
            },
        },
        Case {
            name: "sign an upload",
            response: json!({
                "url": "/object/upload/sign/docs/a?token=t", "token": "t",
                "fullURL": "https://gw/v1/storages/object/upload/sign/docs/a?token=t",
            }),
            fields_at: "",
            required: &[],
            call: |storage| {
                Box::pin(async move {
                    let url = storage.bucket("docs").signed_upload_url("a").await?;
                    assert_eq!(secrecy::ExposeSecret::expose_secret(url.token()), "t");
                    Ok(())
                })
            },
        },
    ]
}

async fn check(case: &Case) {
    (case.call)(storage(&case.response)).await.unwrap();
    for (field, what, response) in substitutes(&case.response, case.fields_at) {
        let outcome = (case.call)(storage(&response)).await;
        let place = format!("{}: `{field}` {what}: {outcome:?}", case.name);
        if !case.required.contains(&field.as_str()) {
            assert!(outcome.is_ok(), "{place}");
            continue;
        }
        if what == "is an object" {
            assert!(outcome.is_err(), "{place}");
        }
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Decode, "{place}");
        }
    }
}

#[tokio::test]
async fn a_field_that_was_not_asked_for_never_fails_a_call() {
    let cases = [classic(), management(), objects(), signatures()];
    for case in cases.iter().flatten() {
        check(case).await;
    }
}

#[tokio::test]
async fn a_rejected_object_is_rejected_however_the_code_is_written() {
    let item = |code: Value| json!([{ "cloudObjectId": ID, "code": code, "message": "no" }]);
    for code in [json!("X"), json!(7), json!({}), json!([1]), json!(true)] {
        let outcome = storage(&item(code.clone()))
            .remove([ID])
            .await
            .unwrap()
            .remove(0);
        let error = outcome.unwrap_err();
        assert_eq!(error.message(), "no", "{code}");
        assert_eq!(error.kind(), ErrorKind::Api, "{code}");
    }
    for code in [
        json!("SUCCESS"),
        json!(""),
        json!(0),
        json!(false),
        json!(null),
    ] {
        let outcome = storage(&item(code.clone()))
            .remove([ID])
            .await
            .unwrap()
            .remove(0);
        assert!(outcome.is_ok(), "{code}: {outcome:?}");
    }
    for message in [json!(7), json!({}), json!([]), json!(true), json!(null)] {
        let response = json!([{ "code": "X", "message": message }]);
        let outcome = storage(&response).remove([ID]).await.unwrap().remove(0);
        assert_eq!(
            outcome.unwrap_err().code().unwrap().as_str(),
            "X",
            "{message}"
        );
    }
    for item in [json!("x"), json!(7), json!([]), json!(null)] {
        let urls = storage(&json!([item]))
            .signed_urls([ID], MINUTE)
            .await
            .unwrap();
        assert_eq!(
            urls[0].as_ref().unwrap_err().kind(),
            ErrorKind::Decode,
            "{item}"
        );
    }
}

#[tokio::test]
async fn what_is_not_known_of_buckets_and_objects_is_kept() {
    let mut bucket = bucket();
    bucket["region"] = json!("ap-shanghai");
    bucket["file_size_limit"] = json!("1024");
    let details = storage(&bucket).bucket_details("docs").await.unwrap();
    assert_eq!(details.kind.as_deref(), Some("STANDARD"));
    assert_eq!(
        (details.owner.as_deref(), details.file_size_limit),
        (Some("u"), Some(1024))
    );
    assert_eq!(
        Value::Object(details.extra),
        json!({ "region": "ap-shanghai" })
    );
    let mut object = listed();
    object["version"] = json!(3);
    let page = storage(&json!({ "objects": [object] }))
        .bucket("docs")
        .list("")
        .await
        .unwrap();
    let object = &page.objects[0];
    assert_eq!(object.bucket_id.as_deref(), Some("docs"));
    assert_eq!(object.owner.as_deref(), Some("u"));
    assert_eq!(
        object.last_accessed_at,
        Some("2026-01-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(object.user_metadata, Some(json!({ "k": "v" })));
    assert_eq!(object.extra["version"], 3);
    let error = storage(&json!([{}])).list_buckets().await.unwrap_err();
    assert_eq!(
        error.message(),
        "a bucket of the list has neither `id` nor `name`"
    );
}

#[tokio::test]
async fn a_download_url_is_one_that_clients_take() {
    let item = |urls: Value| {
        let mut item = json!({
            "uploadUrl": "https://cos/a b", "authorization": "q-signature=s", "token": "t",
            "cloudObjectMeta": "m", "cloudObjectId": "cloud://env.bucket/a b",
        });
        item.as_object_mut()
            .unwrap()
            .extend(urls.as_object().unwrap().clone());
        json!([item])
    };
    for (urls, expected) in [
        (
            json!({ "downloadUrl": "https://h/a b?sign=1" }),
            Some("https://h/a%20b?sign=1"),
        ),
        (
            json!({ "downloadUrl": "https://h/a b?sign=1", "downloadUrlEncoded": "" }),
            Some("https://h/a%20b?sign=1"),
        ),
        (
            json!({ "downloadUrl": "https://h/a b", "downloadUrlEncoded": "https://h/a%20b?e" }),
            Some("https://h/a%20b?e"),
        ),
        (json!({ "downloadUrlEncoded": "" }), None),
        (json!({ "downloadUrl": "nonsense" }), None),
        (json!({}), None),
    ] {
        let info = storage(&item(urls.clone()))
            .upload_info("a b")
            .await
            .unwrap();
        assert_eq!(info.download_url(), expected, "{urls}");
        let object = storage(&item(urls.clone()))
            .upload("a b", "x")
            .await
            .unwrap();
        assert_eq!(object.download_url(), expected, "{urls}");
    }
}
