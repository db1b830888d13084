//! Buckets of PG mode on the emulator.

use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::{Error, ErrorKind};
use cloudbase_storage::UploadSource;
use futures_util::{TryStreamExt as _, stream};
use serde_json::json;

use crate::support::{noise, start};

#[tokio::test]
async fn buckets_are_managed() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let create = storage
        .create_bucket("avatars")
        .public(true)
        .file_size_limit(1000);
    assert_eq!(
        create.allowed_mime_types(["image/*"]).await.unwrap(),
        "avatars"
    );
    assert!(
        storage
            .create_bucket("avatars")
            .await
            .unwrap_err()
            .is_conflict()
    );
    let details = storage.bucket_details("avatars").await.unwrap();
    assert_eq!(
        (details.public, details.file_size_limit),
        (true, Some(1000))
    );
    assert_eq!(details.allowed_mime_types.unwrap(), ["image/*"]);
    let bucket = storage.bucket("avatars");
    let error = bucket.upload("a.png", noise(1001)).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 413);
    let error = bucket.upload("a.txt", "x").await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 400);
    storage
        .update_bucket("avatars")
        .public(false)
        .file_size_limit(None)
        .await
        .unwrap();
    let details = storage.bucket_details("avatars").await.unwrap();
    assert_eq!((details.public, details.file_size_limit), (false, None));
    bucket.upload("a.png", noise(1001)).await.unwrap();
    storage
        .create_bucket("docs")
        .name("Documents")
        .await
        .unwrap();
    let all = storage
        .list_buckets()
        .sort_by("id", true)
        .limit(10)
        .offset(0)
        .await
        .unwrap();
    assert_eq!(
        all.iter()
            .map(|bucket| bucket.id.as_str())
            .collect::<Vec<_>>(),
        ["avatars", "docs"]
    );
    let found = storage.list_buckets().search("avat").await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(
        storage.delete_bucket("avatars").await.is_err(),
        "it is not empty"
    );
    bucket.remove(["a.png"]).await.unwrap();
    storage.delete_bucket("avatars").await.unwrap();
    assert!(
        storage
            .bucket_details("avatars")
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(
        storage.delete_bucket("a b").await.unwrap_err().kind(),
        ErrorKind::Argument
    );
}

#[tokio::test]
async fn objects_of_a_bucket() {
    let fixture = start().await;
    let storage = &fixture.storage;
    storage.create_bucket("docs").await.unwrap();
    let bucket = storage.bucket("docs");
    let content = noise(700_000);
    let pieces: Vec<Result<Bytes, Error>> = content
        .chunks(99_999)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let source = UploadSource::stream(stream::iter(pieces)).with_length(content.len() as u64);
    let made = bucket
        .upload("dir/a b?#%2e.bin", source)
        .metadata(&json!({ "k": "值" }))
        .max_age(std::time::Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(made.path.as_str(), "dir/a b?#%2e.bin");
    assert_eq!(made.full_path, "docs/dir/a b?#%2e.bin");
    assert!(bucket.download(&made.path).await.unwrap() == content);
    assert_eq!(
        bucket.download(&made.path).range(10..20).await.unwrap(),
        content[10..20]
    );
    assert!(bucket.download_with_nonce(&made.path, "1").await.unwrap() == content);
    let info = bucket.info(&made.path).await.unwrap();
    assert_eq!(info.size, Some(content.len() as u64));
    assert_eq!(info.metadata.unwrap()["k"], "值");
    assert!(bucket.exists(&made.path).await.unwrap());
    assert!(!bucket.exists("missing").await.unwrap());
    assert!(bucket.download("missing").await.unwrap_err().is_not_found());

    // What is there stays, unless it is to be replaced.
    let error = bucket.upload("dir/a b?#%2e.bin", "2").await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    bucket
        .upload("dir/a b?#%2e.bin", "2")
        .upsert(true)
        .await
        .unwrap();
    assert_eq!(bucket.download(&made.path).await.unwrap(), "2");
    bucket
        .update("dir/a b?#%2e.bin", "3")
        .content_type("text/plain")
        .await
        .unwrap();
    assert_eq!(bucket.download(&made.path).await.unwrap(), "3");

    let copy = bucket.copy("dir/a b?#%2e.bin", "b.txt").await.unwrap();
    assert_eq!(bucket.download(&copy).await.unwrap(), "3");
    assert!(bucket.copy("b.txt", "/b.txt").await.is_err());
    storage.create_bucket("other").await.unwrap();
    let moved = bucket
        .move_to("b.txt", "c.txt")
        .to_bucket("other")
        .await
        .unwrap();
    assert_eq!(storage.bucket("other").download(&moved).await.unwrap(), "3");
    assert!(!bucket.exists("b.txt").await.unwrap());
    let removed = bucket
        .remove(["never/there", "dir/a b?#%2e.bin"])
        .await
        .unwrap();
    let missing = removed[0].as_ref().unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    assert_eq!(missing.operation(), "storage.bucket.remove");
    assert_eq!(removed[1].as_ref().unwrap().path(), "dir/a b?#%2e.bin");
    assert!(
        bucket
            .upload("a", "x")
            .token("no-token")
            .await
            .unwrap_err()
            .is_unauthenticated()
    );
    // Every call has the choices of every other.
    let rejected = [
        bucket.info("a").token("no-token").await.unwrap_err(),
        bucket.exists("a").token("no-token").await.unwrap_err(),
        bucket.remove(["a"]).token("no-token").await.unwrap_err(),
        storage
            .bucket_details("docs")
            .token("no-token")
            .send()
            .await
            .unwrap_err(),
    ];
    assert!(rejected.iter().all(Error::is_unauthenticated));
    let nowhere = storage
        .bucket("nowhere")
        .upload("a", "x")
        .await
        .unwrap_err();
    assert!(nowhere.is_not_found(), "{nowhere}");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let fixture = start().await;
    let storage = &fixture.storage;
    storage.create_bucket("docs").await.unwrap();
    let bucket = storage.bucket("docs");
    for index in 0..7 {
        bucket.upload(format!("p/{index}"), "x").await.unwrap();
    }
    bucket.upload("q/deep/8", "x").await.unwrap();
    let mut pages = bucket.list("p/").limit(3).sort_by("name", true).pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        assert!(page.objects.len() <= 3);
        seen.extend(page.objects.iter().map(|object| object.path().to_owned()));
    }
    assert_eq!(
        seen,
        (0..7).map(|index| format!("p/{index}")).collect::<Vec<_>>()
    );
    let pages = bucket.list("p/").limit(4).pages();
    let sizes: Vec<usize> = pages
        .map_ok(|page| page.objects.len())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(sizes, [4, 3]);
    // An error ends the stream.
    let mut nowhere = storage.bucket("nowhere").list("").pages();
    assert!(nowhere.next_page().await.unwrap_err().is_not_found());
    assert!(nowhere.next_page().await.unwrap().is_none());
    let top = bucket.list("").with_delimiter(true).await.unwrap();
    assert_eq!((top.objects.len(), top.folders.len()), (0, 2));
    assert!(
        storage
            .bucket("nowhere")
            .list("")
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn urls_of_a_bucket_need_no_credential() {
    let fixture = start().await;
    let storage = &fixture.storage;
    storage.create_bucket("docs").await.unwrap();
    storage.create_bucket("open").public(true).await.unwrap();
    let bucket = storage.bucket("docs");
    bucket.upload("a b.txt", "x").await.unwrap();
    let url = bucket
        .signed_url("a b.txt", Duration::from_secs(60))
        .download_as("n m.txt")
        .cache_nonce("1")
        .await
        .unwrap();
    assert!(
        url.starts_with(fixture.emulator.endpoint())
            && url.ends_with("&download=n%20m.txt&cacheNonce=1"),
        "{url}"
    );
    assert_eq!(storage.download_url(&url).await.unwrap(), "x");
    let urls = bucket
        .signed_urls(["a b.txt", "missing"], Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        storage
            .download_url(urls[0].as_ref().unwrap())
            .await
            .unwrap(),
        "x"
    );
    let missing = urls[1].as_ref().unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    fixture.emulator.clock().advance(Duration::from_secs(61));
    assert!(storage.download_url(&url).await.is_err());

    let permit = bucket.signed_upload_url("in.txt").await.unwrap();
    let shown = format!("{permit:?}");
    assert!(!shown.contains("token"), "{shown}");
    bucket.upload_to_signed_url(&permit, "put").await.unwrap();
    assert_eq!(bucket.download("in.txt").await.unwrap(), "put");
    let put = fixture
        .emulator
        .requests()
        .matching("PUT /v1/storages/object/upload/sign/*")
        .remove(0);
    assert_eq!(put.header("authorization"), None);

    let open = storage.bucket("open");
    open.upload("p?.txt", "public").await.unwrap();
    let url = open.public_url("p?.txt").build().unwrap();
    assert_eq!(storage.download_url(url).await.unwrap(), "public");
    let url = open
        .public_url("p?.txt")
        .download_as("n m.txt")
        .cache_nonce("7");
    let url = url.build().unwrap();
    assert!(
        url.ends_with("/p%3F.txt?download=n%20m.txt&cacheNonce=7"),
        "{url}"
    );
    assert_eq!(storage.download_url(url).await.unwrap(), "public");
}

#[tokio::test]
async fn what_is_no_name_is_rejected_before_anything_is_sent() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let mut rejected = Vec::new();
    for id in ["", "..", "a/b", "a b", "a%2e"] {
        let bucket = storage.bucket(id);
        rejected.push(bucket.upload("a", "x").await.unwrap_err());
        rejected.push(bucket.update("a", "x").await.unwrap_err());
        rejected.push(bucket.download("a").await.unwrap_err());
        rejected.push(bucket.list("").await.unwrap_err());
        rejected.push(bucket.remove(["a"]).await.unwrap_err());
        rejected.push(bucket.copy("a", "b").await.unwrap_err());
        rejected.push(bucket.info("a").await.unwrap_err());
        rejected.push(bucket.exists("a").await.unwrap_err());
        rejected.push(bucket.signed_upload_url("a").await.unwrap_err());
        rejected.push(storage.bucket_details(id).await.unwrap_err());
        rejected.push(storage.create_bucket(id).await.unwrap_err());
        rejected.push(storage.update_bucket(id).await.unwrap_err());
        rejected.push(storage.delete_bucket(id).await.unwrap_err());
        let elsewhere = storage.bucket("docs").copy("a", "b").to_bucket(id);
        rejected.push(elsewhere.await.unwrap_err());
    }
    assert!(
        rejected
            .iter()
            .all(|error| error.message().starts_with("`bucket id` must be"))
    );
    let bucket = storage.bucket("docs");
    let minute = Duration::from_secs(60);
    for path in ["", "../a", "a/./b", "a\r\nb"] {
        rejected.push(bucket.upload(path, "x").await.unwrap_err());
        rejected.push(bucket.download(path).await.unwrap_err());
        rejected.push(bucket.remove(["a", path]).await.unwrap_err());
        rejected.push(bucket.copy(path, "b").await.unwrap_err());
        rejected.push(bucket.move_to("a", path).await.unwrap_err());
        rejected.push(bucket.info(path).await.unwrap_err());
        rejected.push(bucket.signed_url(path, minute).await.unwrap_err());
        rejected.push(bucket.signed_urls([path], minute).await.unwrap_err());
        rejected.push(bucket.signed_upload_url(path).await.unwrap_err());
    }
    rejected.push(bucket.copy("/a", "a").await.unwrap_err());
    rejected.push(bucket.signed_url("a", Duration::ZERO).await.unwrap_err());
    let upload = bucket.upload("a", "x").content_type("a\n");
    rejected.push(upload.await.unwrap_err());
    for error in rejected {
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        assert!(!error.was_sent());
    }
    assert_eq!(fixture.emulator.requests().all().len(), 0);
}

#[tokio::test]
async fn the_limits_of_a_bucket_can_be_taken_away() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let create = storage.create_bucket("docs").file_size_limit(3);
    create.allowed_mime_types(["image/*"]).await.unwrap();
    let bucket = storage.bucket("docs");
    assert!(bucket.upload("a.txt", "text").await.is_err());
    let change = storage.update_bucket("docs").file_size_limit(None);
    change.allowed_mime_types(None).await.unwrap();
    let details = storage.bucket_details("docs").await.unwrap();
    assert_eq!(
        (details.file_size_limit, details.allowed_mime_types),
        (None, None)
    );
    bucket.upload("a.txt", "text").await.unwrap();
    // No list is not the same as an empty one.
    let change = storage.update_bucket("docs");
    change
        .allowed_mime_types(Vec::<String>::new())
        .await
        .unwrap();
    let error = bucket.upload("b.txt", "text").await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "invalid_mime_type");
    let types: &[&str] = &["text/plain"];
    storage
        .update_bucket("docs")
        .allowed_mime_types(types)
        .await
        .unwrap();
    bucket.upload("b.txt", "text").await.unwrap();
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn a_list_shows_what_was_put_with_its_objects() {
    let fixture = start().await;
    let storage = &fixture.storage;
    storage.create_bucket("docs").kind("ARCHIVE").await.unwrap();
    let details = storage.bucket_details("docs").await.unwrap();
    assert_eq!(details.kind.as_deref(), Some("ARCHIVE"));
    assert!(details.extra.is_empty(), "{:?}", details.extra);
    let bucket = storage.bucket("docs");
    let own = json!({ "k": "v" });
    bucket.upload("a.txt", "text").metadata(&own).await.unwrap();
    let page = bucket.list("").await.unwrap();
    let object = &page.objects[0];
    assert_eq!(object.user_metadata, Some(own));
    assert_eq!(object.metadata.as_ref().unwrap()["size"], 4);
    assert_eq!(object.bucket_id.as_deref(), Some("docs"));
    assert!(object.last_accessed_at.is_some());
    assert!(object.extra.is_empty(), "{:?}", object.extra);
    fixture.emulator.shutdown().await;
}
