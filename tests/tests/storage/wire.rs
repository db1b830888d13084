//! What the official SDK sends for storage, and that ours sends the same.

use std::time::Duration;

use cloudbase_core::{ErrorCode, ErrorKind};
use cloudbase_storage::{CopyItem, Storage, Transform};
use cloudbase_tests::fixtures::{Difference, Fixture, Needed, Replay};
use serde_json::json;

const ID: &str = "cloud://stub-env.7374-stub-env-1300000000/dir/a.txt";
const MISSING: &str = "cloud://stub-env.7374-stub-env-1300000000/missing.txt";
const LIFETIME: Duration = Duration::from_secs(600);

const DIFFERENCES: &[Difference] = &[
    Difference::new(
        "PUT /dir/a.txt",
        "header.accept-language missing",
        "the object store has no business with the SDK's headers",
    ),
    Difference::new(
        "HEAD /dir/a.txt",
        "header.accept-language missing",
        "as above",
    ),
    Difference::new(
        "HEAD /dir/a.txt",
        "header.authorization missing",
        "the JavaScript SDK leaks the session's token to the object store",
    ),
    Difference::new(
        "POST /v1/storages/get-objects-download-info",
        "body.0.maxAge extra",
        "the lifetime that the caller asked for, as the Flutter SDK sends it since 1.3.0",
    ),
    Difference::new(
        "POST /v1/storages/get-objects-download-info",
        "body.1.maxAge extra",
        "as above",
    ),
    Difference::new(
        "POST /v1/storages/get-objects-download-info",
        "request missing",
        "the JavaScript SDK asks about objects before it removes them",
    ),
    Difference::new("HEAD /dir/a.txt", "request missing", "as above"),
    Difference::new(
        "POST /v1/storages/copy-objects",
        "body.0.overwrite extra",
        "said even where it is the default",
    ),
    Difference::new(
        "POST /v1/storages/copy-objects",
        "body.0.removeOriginal extra",
        "as above",
    ),
    Difference::new(
        "POST /v1/storages/copy-objects",
        "body.1.removeOriginal extra",
        "as above",
    ),
    Difference::new(
        "POST /v1/storages/get-objects-upload-info",
        "body.0.signedHeader extra",
        "what the object is put with is signed; the form signs nothing",
    ),
    Difference::new(
        "POST /dir/a.txt",
        "request missing",
        "the form is for browsers without PUT; objects are put",
    ),
    Difference::new("PUT /dir/a.txt", "request extra", "as above"),
];

fn replay(name: &str) -> (Replay, Storage) {
    let replay = Replay::new(Fixture::load("storage", name));
    let storage = Storage::new(replay.client_with(|builder| builder.access_key("key")));
    (replay, storage)
}

async fn classic(needed: &Needed) {
    let (replay, storage) = replay("storage_classic_bucket_api");
    let check = |call: &str| {
        replay.assert_step(&format!("app.storage.from().{call}("), DIFFERENCES, needed);
    };
    let upload = storage
        .upload("dir/a.txt", "hello")
        .content_type("text/plain");
    let object = upload
        .cache_control("3600")
        .metadata(&json!({ "k": "v" }))
        .await
        .unwrap();
    assert_eq!(object.file_id.as_str(), ID);
    check("upload");
    storage.update("dir/a.txt", "hello").await.unwrap();
    check("update");
    storage.upload_info("dir/a.txt").await.unwrap();
    check("createSignedUploadUrl");
    let transform = Transform::new()
        .width(100)
        .height(50)
        .quality(80)
        .format("webp");
    let url = storage
        .signed_url(ID, LIFETIME)
        .download_as("x y.txt")
        .transform(transform);
    assert_eq!(
        url.await.unwrap(),
        "https://7374-stub-env-1300000000.tcb.qcloud.la/dir/a.txt?sign=stub&t=1700000000\
         &download=x%20y.txt&imageMogr2/thumbnail/100x50^/format/webp/quality/80"
    );
    check("createSignedUrl");
    storage.signed_urls([ID], LIFETIME).await.unwrap();
    check("createSignedUrls");
    storage.signed_url(ID, LIFETIME).await.unwrap();
    check("getPublicUrl");
    storage.download(ID).await.unwrap();
    check("download");
    assert_eq!(storage.info(ID).await.unwrap().size, Some(5));
    check("info");
    assert!(storage.exists(ID).await.unwrap());
    check("exists");
    storage.copy("dir/a.txt", "dir/b.txt").await.unwrap();
    check("copy");
    storage.move_to("dir/a.txt", "dir/b.txt").await.unwrap();
    check("move");
    let _ = storage.remove([ID]).await;
    check("remove");
    // The classic API has no list: theirs refuses without asking, ours has no such method.
    check("list");
    replay.assert_done();
}

async fn top_level(needed: &Needed) {
    let (recorded, storage) = replay("storage_copy_file");
    storage
        .copy_many([("dir/a.txt", "dir/b.txt")])
        .await
        .unwrap();
    recorded.assert_step("app.copyFile", DIFFERENCES, needed);
    let items = [
        CopyItem::move_to("dir/a.txt", "dir/c.txt").overwrite(false),
        CopyItem::copy("dir/d.txt", "dir/e.txt"),
    ];
    let results = storage.copy_many(items).await.unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    recorded.assert_step("app.copyFile", DIFFERENCES, needed);
    let same = storage.copy("a", "a").await.unwrap_err();
    assert_eq!(same.kind(), ErrorKind::Argument);
    recorded.assert_step("app.copyFile", DIFFERENCES, needed);
    recorded.assert_done();

    let (recorded, storage) = replay("storage_download_file");
    storage.download(ID).await.unwrap();
    recorded.assert_step("app.downloadFile", DIFFERENCES, needed);
    assert!(storage.download(MISSING).await.unwrap_err().is_not_found());
    recorded.assert_step("app.downloadFile", DIFFERENCES, needed);
    recorded.assert_done();

    let (recorded, storage) = replay("storage_get_file_info");
    let info = storage.info(ID).await.unwrap();
    assert_eq!((info.size, info.etag.as_deref()), (Some(5), Some("\"e\"")));
    recorded.assert_step("app.getFileInfo", DIFFERENCES, needed);
    assert!(storage.info(MISSING).await.unwrap_err().is_not_found());
    recorded.assert_step("app.getFileInfo", DIFFERENCES, needed);
    recorded.assert_done();

    let (recorded, storage) = replay("storage_get_temp_file_url");
    storage.signed_urls([ID], LIFETIME).await.unwrap();
    recorded.assert_step("app.getTempFileURL", DIFFERENCES, needed);
    let urls = storage.signed_urls([ID, MISSING], LIFETIME).await.unwrap();
    assert!(urls[0].is_ok() && urls[1].as_ref().unwrap_err().is_not_found());
    recorded.assert_step("app.getTempFileURL", DIFFERENCES, needed);
    // The JavaScript SDK refuses an empty list; ours has nothing to do.
    assert!(
        storage
            .signed_urls([""; 0], LIFETIME)
            .await
            .unwrap()
            .is_empty()
    );
    recorded.assert_step("app.getTempFileURL", DIFFERENCES, needed);
    recorded.assert_done();

    let (recorded, storage) = replay("storage_upload_file_error");
    let error = storage.upload("dir/a.txt", "hello").await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::STORAGE_PERMISSION_DENIED));
    recorded.assert_step("app.uploadFile", DIFFERENCES, needed);
    let error = storage.upload("dir/a.txt", "hello").await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 403);
    recorded.assert_step("app.uploadFile", DIFFERENCES, needed);
    recorded.assert_done();

    let (recorded, storage) = replay("storage_upload_file_post");
    let object = storage.upload("dir/a.txt", "hello").await.unwrap();
    assert_eq!(object.file_id.as_str(), ID);
    recorded.assert_step("app.uploadFile", DIFFERENCES, needed);
    recorded.assert_done();
}

async fn buckets(needed: &Needed) {
    let (replay, storage) = replay("storage_bucket_management");
    let check =
        |call: &str| replay.assert_step(&format!("app.storage.{call}("), DIFFERENCES, needed);
    let list = storage
        .list_buckets()
        .limit(10)
        .offset(0)
        .sort_by("name", true);
    assert_eq!(list.search("a b").await.unwrap()[0].id, "avatars");
    check("listBuckets");
    assert!(storage.bucket_details("avatars").await.unwrap().public);
    check("getBucket");
    let create = storage
        .create_bucket("avatars")
        .public(true)
        .file_size_limit(1024);
    create.allowed_mime_types(["image/png"]).await.unwrap();
    check("createBucket");
    storage
        .update_bucket("avatars")
        .public(false)
        .await
        .unwrap();
    check("updateBucket");
    storage.delete_bucket("avatars").await.unwrap();
    check("deleteBucket");
    let error = storage.bucket_details("a/b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    check("getBucket");
    replay.assert_done();
}

#[tokio::test]
async fn what_is_sent_is_what_the_official_sdk_sends() {
    let needed = Needed::default();
    classic(&needed).await;
    top_level(&needed).await;
    buckets(&needed).await;
    needed.assert_all(DIFFERENCES);
}
