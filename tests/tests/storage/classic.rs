//! The built-in bucket on the emulator.

use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::{Client, ErrorCode, ErrorKind, Result};
use cloudbase_storage::{FileId, Resize, Storage, Transform, UploadInfo, UploadSource};
use futures_util::stream;

use crate::support::{noise, start};

/// A client of another environment and without a credential: signed URLs work for it all the same.
fn nobody() -> Client {
    let builder = Client::builder()
        .env_id("other")
        .endpoint("http://127.0.0.1:9");
    builder.build().unwrap()
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn every_source_makes_the_same_object() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let content = noise(MIB + 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.png");
    std::fs::write(&path, &content).unwrap();
    let pieces: Vec<Result<Bytes>> = content
        .chunks(70_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let length = content.len() as u64;
    let file = tokio::fs::File::open(&path).await.unwrap();
    let reader = tokio::fs::File::open(&path).await.unwrap();
    let sources: [(&str, UploadSource); 6] = [
        ("bytes", content.clone().into()),
        ("path", path.as_path().into()),
        ("file", file.into()),
        ("std-file", std::fs::File::open(&path).unwrap().into()),
        ("reader", UploadSource::reader(reader).with_length(length)),
        (
            "stream",
            UploadSource::stream(stream::iter(pieces)).with_length(length),
        ),
    ];
    for (name, source) in sources {
        let object = storage
            .upload(format!("from/{name}"), source)
            .await
            .unwrap();
        assert_eq!(object.key.as_str(), format!("from/{name}"));
        assert_eq!(object.file_id.key(), object.key.as_str());
        assert!(object.crc64.is_some(), "{name}");
        let back = storage.download(&object.file_id).await.unwrap();
        assert!(back == content, "{name}");
        let info = storage.info(&object.file_id).await.unwrap();
        assert_eq!(info.size, Some(length));
        assert_eq!(info.crc64, object.crc64);
        // The object's name says nothing of its type, but the file's does.
        let expected = if name == "path" {
            "image/png"
        } else {
            "application/octet-stream"
        };
        assert_eq!(info.content_type.as_deref(), Some(expected), "{name}");
    }
}

#[tokio::test]
async fn a_file_is_sent_from_where_it_stands() {
    use tokio::io::{AsyncSeekExt as _, SeekFrom};
    let fixture = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "0123456789").unwrap();
    let mut file = tokio::fs::File::open(&path).await.unwrap();
    file.seek(SeekFrom::Start(4)).await.unwrap();
    let object = fixture.storage.upload("tail.txt", file).await.unwrap();
    let back = fixture.storage.download(&object.file_id).await.unwrap();
    assert_eq!(back, "456789");
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let fixture = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty");
    std::fs::write(&path, "").unwrap();
    for source in [UploadSource::from(""), UploadSource::path(&path)] {
        let object = fixture.storage.upload("empty", source).await.unwrap();
        assert_eq!(fixture.storage.download(&object.file_id).await.unwrap(), "");
        let copy = folder.path().join("copy");
        let download = fixture.storage.download(&object.file_id);
        let info = download.to_file(&copy).await.unwrap();
        assert_eq!(info.size, Some(0));
        assert_eq!(std::fs::read(copy).unwrap(), b"");
    }
}

#[tokio::test]
async fn properties_stay_with_the_object() {
    let fixture = start().await;
    let object = fixture
        .storage
        .upload("page", "<p>")
        .content_type("text/html; charset=utf-8")
        .cache_control("max-age=60")
        .metadata(&serde_json::json!({ "by": "林" }))
        .object_header("content-disposition", "attachment")
        .await
        .unwrap();
    let info = fixture.storage.info(&object.file_id).await.unwrap();
    assert_eq!(
        info.content_type.as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(info.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(info.etag, object.etag);
    let put = fixture.store_requests().remove(0);
    assert_eq!(
        put.header("x-cos-metadata-metadata"),
        Some("eyJieSI6IuaelyJ9")
    );
    let asked = fixture
        .emulator
        .requests()
        .matching("POST /v1/storages/*")
        .remove(0);
    let signed = &asked.json()[0]["signedHeader"];
    assert_eq!(signed["content-length"], serde_json::json!(["3"]));
    assert_eq!(
        signed["content-disposition"],
        serde_json::json!(["attachment"])
    );
}

#[tokio::test]
async fn an_object_is_replaced_unless_that_is_forbidden() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let first = storage.upload("a", "1").upsert(false).await.unwrap();
    let error = storage.upload("a", "2").upsert(false).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(error.code(), Some(&ErrorCode::FILE_ALREADY_EXISTS));
    assert_eq!(storage.download(&first.file_id).await.unwrap(), "1");
    storage.update("a", "3").await.unwrap();
    assert_eq!(storage.download(&first.file_id).await.unwrap(), "3");
}

#[tokio::test]
async fn awkward_names_name_their_own_object() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let long = "x".repeat(850);
    let names = [
        "a b",
        "a+b",
        "a?b=c",
        "a#b",
        "a%2e%2e",
        "a%2Fb",
        "%",
        "你好/世界.txt",
        "😀",
        "a&b=c;d",
        "a'b\"c",
        "a\\b",
        "~!@$^*()[]{}|<>,",
        "...",
        "a/.b/..c",
        &long,
    ];
    let mut ids = Vec::new();
    for name in names {
        let object = storage.upload(name, name.to_owned()).await.unwrap();
        assert_eq!(object.file_id.key(), name);
        ids.push(object.file_id);
    }
    for (name, id) in names.iter().zip(&ids) {
        assert_eq!(storage.download(id).await.unwrap(), *name, "{name}");
        assert!(storage.exists(id).await.unwrap(), "{name}");
        let url = storage
            .signed_url(id, Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(storage.download_url(url).await.unwrap(), *name);
    }
    let removed = storage.remove(&ids).await.unwrap();
    assert_eq!(
        removed.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
        ids
    );
}

#[tokio::test]
async fn what_is_no_name_or_id_is_rejected_before_anything_is_sent() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let id = format!("cloud://{}.b/a", fixture.emulator.env_id());
    let long = "x".repeat(851);
    let mut rejected = Vec::new();
    for path in ["", "../a", "a/./b", "a\r\nb", &long] {
        rejected.push(storage.upload(path, "x").await.unwrap_err());
        rejected.push(storage.upload_info(path).await.unwrap_err());
        rejected.push(storage.copy(path, "b").await.unwrap_err());
        rejected.push(storage.move_to("b", path).await.unwrap_err());
    }
    rejected.push(storage.copy("/a", "a/").await.unwrap_err());
    for no_id in ["a.png", "cloud://x", "https://h/a"] {
        rejected.push(storage.download(no_id).await.unwrap_err());
        rejected.push(storage.info(no_id).await.unwrap_err());
        rejected.push(storage.remove([&id, no_id]).await.unwrap_err());
    }
    rejected.push(
        storage
            .upload("a", "x")
            .content_type("a\n")
            .await
            .unwrap_err(),
    );
    let forged = storage.upload("a", "x").object_header("authorization", "x");
    rejected.push(forged.await.unwrap_err());
    rejected.push(storage.signed_url(&id, Duration::ZERO).await.unwrap_err());
    rejected.push(storage.download(&id).range(5..5).await.unwrap_err());
    for no_tag in ["\n", "abc", "\"", "W/\"a\"", "\"a\", \"b\""] {
        rejected.push(storage.download(&id).if_match(no_tag).await.unwrap_err());
    }
    rejected.push(storage.download_url("/a").await.unwrap_err());
    for error in rejected {
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        assert!(!error.was_sent());
    }
    let second = storage.remove([&*id, "a.png"]).await.unwrap_err();
    assert!(
        second.message().starts_with("`file id 1` must look like"),
        "{second}"
    );
    assert_eq!(fixture.emulator.requests().all().len(), 0);
}

#[tokio::test]
async fn files_arrive_whole_or_not_at_all() {
    let fixture = start().await;
    let content = noise(3 * MIB);
    let object = fixture
        .storage
        .upload("big", content.clone())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big");
    std::fs::write(&path, "old").unwrap();
    let mut last = (0, None);
    let (sender, receiver) = std::sync::mpsc::channel();
    let download = fixture
        .storage
        .download(&object.file_id)
        .on_progress(move |progress| {
            sender.send((progress.received, progress.total)).unwrap();
        });
    let info = download.to_file(&path).await.unwrap();
    assert_eq!(info.size, Some(content.len() as u64));
    assert!(std::fs::read(&path).unwrap() == content);
    for progress in receiver {
        assert!(progress.0 > last.0);
        last = progress;
    }
    assert_eq!(last, (content.len() as u64, Some(content.len() as u64)));

    let missing = format!("{}-missing", object.file_id);
    let error = fixture
        .storage
        .download(missing)
        .to_file(&path)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(std::fs::read(&path).unwrap() == content);
    let nowhere = folder.path().join("no/such/folder");
    let error = fixture
        .storage
        .download(&object.file_id)
        .to_file(&nowhere)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert_eq!(
        error.message(),
        format!(
            "cannot write the file `{}`: No such file or directory (os error 2)",
            nowhere.display()
        )
    );
    let download = fixture.storage.download(&object.file_id);
    let error = download.to_file("..").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid argument: `path` must end in a file name (storage.download)"
    );
    assert_eq!(error.operation(), "storage.download");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
}

#[tokio::test]
async fn parts_of_an_object_can_be_read() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let object = storage.upload("a.txt", "0123456789").await.unwrap();
    let id = &object.file_id;
    assert_eq!(storage.download(id).range(..4).await.unwrap(), "0123");
    assert_eq!(storage.download(id).range(4..=6).await.unwrap(), "456");
    assert_eq!(storage.download(id).range(8..).await.unwrap(), "89");
    assert_eq!(storage.download(id).range(8..100).await.unwrap(), "89");
    let etag = object.etag.clone().unwrap();
    let rest = storage.download(id).range(5..).if_match(&etag);
    assert_eq!(rest.await.unwrap(), "56789");
    let error = storage.download(id).range(10..).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::INVALID_RANGE));
    storage.upload("a.txt", "9876543210").await.unwrap();
    let error = storage
        .download(id)
        .range(5..)
        .if_match(&etag)
        .await
        .unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let error = storage.download(id).max_size(9).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(
        error.message(),
        "the object is longer than 9 bytes, the `max_size`"
    );
    assert_eq!(
        storage.download(id).max_size(10).await.unwrap(),
        "9876543210"
    );
}

#[tokio::test]
async fn signed_urls_live_as_long_as_asked() {
    let fixture = start().await;
    let storage = &fixture.storage;
    fixture
        .emulator
        .set_storage_rule("", cloudbase_emulator::StorageAcl::Private);
    let object = storage.upload("images/a.png", "png").await.unwrap();
    let url = storage
        .signed_url(&object.file_id, Duration::from_secs(90))
        .download_as("n m.png")
        .transform(Transform::new().width(30).height(20).resize(Resize::Fill))
        .await
        .unwrap();
    assert!(url.starts_with(fixture.emulator.object_origin()));
    assert!(
        url.ends_with("&download=n%20m.png&imageMogr2/thumbnail/30x20!"),
        "{url}"
    );
    let plain = storage
        .signed_url(&object.file_id, Duration::from_secs(90))
        .await
        .unwrap();
    // Nobody in particular may use it.
    let anybody = nobody();
    let anybody = Storage::new(anybody);
    assert_eq!(anybody.download_url(&plain).await.unwrap(), "png");
    fixture.emulator.clock().advance(Duration::from_secs(89));
    assert_eq!(anybody.download_url(&plain).await.unwrap(), "png");
    fixture.emulator.clock().advance(Duration::from_secs(2));
    let error = anybody.download_url(&plain).await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(error.code(), Some(&ErrorCode::COS_ACCESS_DENIED));
    assert!(!error.to_string().contains("sign="), "{error}");
}

#[tokio::test]
async fn an_upload_can_be_handed_to_another_client() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let info = storage
        .upload_info("in/box.txt")
        .content_type("text/plain")
        .content_length(5)
        .upsert(false)
        .await
        .unwrap();
    assert_eq!(info.key().as_str(), "in/box.txt");
    let json = serde_json::to_string(&info).unwrap();
    let secrets = [
        info.url(),
        info.headers().unwrap()["authorization"].to_str().unwrap(),
    ]
    .map(str::to_owned);
    let shown = format!("{info:?} {:?}", info.headers().unwrap());
    assert!(
        secrets
            .iter()
            .all(|secret| json.contains(secret) && !shown.contains(secret))
    );

    let handed: UploadInfo = serde_json::from_str(&json).unwrap();
    let anybody = Storage::new(nobody());
    let error = anybody
        .upload_to_signed_url(&handed, "123456")
        .await
        .unwrap_err();
    assert_eq!(error.message(), "`source` has 6 bytes, but 5 were signed");
    let object = anybody
        .upload_to_signed_url(&handed, "12345")
        .await
        .unwrap();
    assert_eq!(&object.file_id, info.file_id());
    assert_eq!(storage.download(info.file_id()).await.unwrap(), "12345");
    let stored = storage.info(info.file_id()).await.unwrap();
    assert_eq!(stored.content_type.as_deref(), Some("text/plain"));
    let again = anybody
        .upload_to_signed_url(&handed, "54321")
        .await
        .unwrap_err();
    assert!(again.is_conflict(), "{again}");

    let late = storage.upload_info("in/late.txt").await.unwrap();
    fixture
        .emulator
        .clock()
        .advance(Duration::from_secs(24 * 3600));
    let error = anybody.upload_to_signed_url(&late, "x").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(error.code(), Some(&ErrorCode::COS_ACCESS_DENIED));
}

#[tokio::test]
async fn the_object_store_sees_nothing_of_cloudbase() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let object = storage
        .upload("a", "x")
        .header("x-mine", "gateway-only")
        .token(fixture.emulator.api_key().to_owned())
        .await
        .unwrap();
    storage
        .download(&object.file_id)
        .header("x-mine", "gateway-only")
        .await
        .unwrap();
    storage.info(&object.file_id).await.unwrap();
    let requests = fixture.store_requests();
    let methods: Vec<_> = requests
        .iter()
        .map(|request| request.method.as_str())
        .collect();
    assert_eq!(methods, ["PUT", "GET", "HEAD"]);
    for request in requests {
        let allowed = [
            "host",
            "user-agent",
            "content-length",
            "content-type",
            "authorization",
            "x-cos-security-token",
            "x-cos-meta-fileid",
        ];
        for (name, value) in &request.headers {
            let value = value.to_str().unwrap();
            assert!(allowed.contains(&name.as_str()), "{name}");
            assert!(!value.contains(fixture.emulator.api_key()), "{name}");
            assert!(!value.starts_with("Bearer"), "{name}");
        }
        assert_eq!(
            request.headers.contains_key("authorization"),
            request.method == "PUT"
        );
    }
    let gateway = fixture.emulator.requests().matching("POST /v1/storages/*");
    assert!(
        gateway
            .iter()
            .take(2)
            .all(|request| request.header("x-mine").is_some())
    );
}

#[tokio::test]
async fn what_is_not_permitted_is_an_error() {
    let fixture = start().await;
    let visitor = fixture.visitor();
    let error = visitor.upload("a", "x").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(error.code().is_some() && error.request_id().is_some());
    assert_eq!(error.operation(), "storage.upload_info");
    let id = FileId::new(&format!("cloud://{}.b/x", fixture.emulator.env_id())).unwrap();
    let error = fixture.storage.download(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api, "{error}");
}
