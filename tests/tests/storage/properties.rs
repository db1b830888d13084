//! What is said of an object, and of its absence, beside its bytes.

use std::time::Duration;

use cloudbase_core::ErrorKind;
use serde_json::json;

use crate::scripted::{Reply, Scripted};
use crate::support::start;

#[tokio::test]
async fn metadata_of_an_object_can_be_read() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let own = json!({ "k": "值", "n": [1, null] });
    let object = storage.upload("a", "x").metadata(&own).await.unwrap();
    let info = storage.info(&object.file_id).await.unwrap();
    assert_eq!(info.metadata, Some(own));
    let object = storage.upload("b", "x").await.unwrap();
    let info = storage.info(&object.file_id).await.unwrap();
    assert_eq!(info.metadata, None);
    fixture.emulator.shutdown().await;
    // Metadata of another form is no reason to fail.
    for odd in ["no base64!", "bm8ganNvbg==", ""] {
        let reply = move |_, _: &_| {
            Reply::new(200)
                .header("x-cos-metadata-metadata", odd)
                .into()
        };
        let server = Scripted::start(reply).await;
        let info = server.storage().info(Scripted::id("a")).await.unwrap();
        assert_eq!(info.metadata, None, "{odd}");
    }
}

#[tokio::test]
async fn an_unchanged_object_is_not_read_again() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let object = storage.upload("a", "first").await.unwrap();
    let known = storage.info(&object.file_id).await.unwrap().etag.unwrap();
    storage.create_bucket("docs").await.unwrap();
    let bucket = storage.bucket("docs");
    bucket.upload("a", "first").await.unwrap();
    let known_there = bucket.info("a").await.unwrap().etag.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    std::fs::write(&file, "mine").unwrap();
    for (download, known) in [
        (storage.download(&object.file_id), &known),
        (bucket.download("a"), &known_there),
    ] {
        let error = download
            .if_none_match(known)
            .to_file(&file)
            .await
            .unwrap_err();
        assert!(error.is_not_modified(), "{error:?}");
        assert!(!error.is_retryable() && !error.is_not_found(), "{error:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    storage.update("a", "second").await.unwrap();
    bucket.update("a", "second").await.unwrap();
    for (download, known) in [
        (storage.download(&object.file_id), &known),
        (bucket.download("a"), &known_there),
    ] {
        assert_eq!(download.if_none_match(known).await.unwrap(), "second");
    }
    for bad in ["e", "\"e", "", "W/e", "\"a\", \"b\""] {
        let download = storage.download(&object.file_id).if_none_match(bad);
        let error = download.await.unwrap_err();
        assert_eq!(
            error.message(),
            "`if_none_match` must be an ETag, quotes included"
        );
    }
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn a_resumed_download_is_not_asked_for_another_version() {
    let head = |status| {
        Reply::new(status)
            .header("etag", "\"2\"")
            .header("content-range", "bytes 2-4/5")
    };
    let server = Scripted::start(move |number, _| match number {
        0 => head(200).body("abcde").cut(2),
        _ => head(206).body("cde").into(),
    })
    .await;
    let download = server.storage().download(Scripted::id("a"));
    let bytes = download.if_none_match("W/\"1\"").await.unwrap();
    assert_eq!(bytes, "abcde");
    let seen = server.store();
    assert_eq!(seen[0].headers["if-none-match"], "W/\"1\"");
    assert!(!seen[1].headers.contains_key("if-none-match"));
    assert_eq!(seen[1].headers["if-match"], "\"2\"");
}

#[tokio::test]
async fn an_object_is_missing_whichever_status_says_so() {
    for status in [400, 404] {
        let server = Scripted::start(move |_, _| Reply::new(status).into()).await;
        let (storage, id) = (server.storage(), Scripted::id("a"));
        let error = storage.info(&id).await.unwrap_err();
        assert!(error.is_not_found(), "{status}: {error:?}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(!storage.exists(&id).await.unwrap(), "{status}");
    }
    let server = Scripted::start(move |_, _| Reply::new(403).into()).await;
    let error = server.storage().info(Scripted::id("a")).await.unwrap_err();
    assert!(!error.is_not_found(), "{error:?}");
}

#[tokio::test]
async fn an_object_is_saved_under_its_own_name() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let object = storage.upload("a", "x").await.unwrap();
    let minute = Duration::from_secs(60);
    for (name, end) in [("", "&download=true"), ("b c", "&download=b%20c")] {
        let url = storage
            .signed_url(&object.file_id, minute)
            .download_as(name);
        let url = url.await.unwrap();
        assert!(url.ends_with(end), "{url}");
    }
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn an_update_always_replaces() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let object = storage.upload("a", "first").await.unwrap();
    let error = storage.upload("a", "x").upsert(false).await.unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
    storage.update("a", "second").upsert(false).await.unwrap();
    assert_eq!(storage.download(&object.file_id).await.unwrap(), "second");
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_reported_before_anything_is_sent() {
    let fixture = start().await;
    let object = fixture.storage.upload("a", "x").await.unwrap();
    fixture.emulator.requests().clear();
    let folder = tempfile::tempdir().unwrap();
    for parent in ["none", "none/deeper"] {
        let path = folder.path().join(parent).join("x");
        let error = fixture
            .storage
            .download(&object.file_id)
            .to_file(&path)
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");
        assert!(
            error.message().contains("No such file or directory"),
            "{error}"
        );
    }
    assert!(fixture.emulator.requests().all().is_empty());
    let path = folder.path().join("x");
    fixture
        .storage
        .download(&object.file_id)
        .to_file(&path)
        .await
        .unwrap();
    fixture.emulator.shutdown().await;
}
