//! What is kept of objects, and for how long.

use bytes::Bytes;
use futures_util::stream;

use super::*;
use crate::storage::staging::receive;

fn record(key: &str) -> Record {
    Record {
        bucket: "b".into(),
        key: key.into(),
        blob: Uuid::new_v4(),
        size: 0,
        md5: String::new(),
        crc64: 0,
        owner: None,
        created_ms: 1,
        modified_ms: 1,
        headers: ObjectHeaders::default(),
    }
}

async fn put(disk: &Disk, key: &str, text: &'static str, overwrite: Overwrite) -> bool {
    let body = stream::iter([Ok::<_, io::Error>(Bytes::from(text))]);
    let staged = receive(body, disk.staging_path(), 99).await.unwrap();
    disk.commit(staged, record(key), overwrite).await.is_ok()
}

async fn text(disk: &Disk, key: &str) -> Option<String> {
    let record = disk.get("b", key)?;
    Some(io::read_to_string(disk.open_blob(&record).await.unwrap()).unwrap())
}

#[tokio::test]
async fn survives_a_restart_and_keeps_one_blob_per_object() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::open(Some(dir.path())).unwrap();
    assert!(put(&disk, "a", "one", Overwrite::Allow).await);
    assert!(put(&disk, "a", "two", Overwrite::Allow).await);
    assert!(!put(&disk, "a", "three", Overwrite::Forbid).await);
    let disk = Disk::open(Some(dir.path())).unwrap();
    assert_eq!(text(&disk, "a").await.as_deref(), Some("two"));
    assert_eq!(
        std::fs::read_dir(dir.path().join("blobs")).unwrap().count(),
        1
    );
    assert_eq!(
        std::fs::read_dir(dir.path().join("staging"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_record_without_its_blob_costs_its_own_object() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::open(Some(dir.path())).unwrap();
    for key in ["a", "b", "c"] {
        put(&disk, key, "text", Overwrite::Allow).await;
    }
    let lost = ["a", "c"].map(|key| disk.get("b", key).unwrap());
    std::fs::remove_file(disk.blob_path(lost[0].blob)).unwrap();
    std::fs::remove_file(disk.blob_path(lost[1].blob)).unwrap();
    std::fs::create_dir(disk.blob_path(lost[1].blob)).unwrap();
    let disk = Disk::open(Some(dir.path())).unwrap();
    let keys: Vec<_> = disk.all().iter().map(|record| record.key.clone()).collect();
    assert_eq!(keys, ["b"]);
    assert_eq!(text(&disk, "b").await.as_deref(), Some("text"));
}

#[tokio::test]
async fn a_reader_keeps_the_version_it_opened() {
    let disk = Disk::open(None).unwrap();
    put(&disk, "a", "one", Overwrite::Allow).await;
    let reader = disk.open_blob(&disk.get("b", "a").unwrap()).await.unwrap();
    put(&disk, "a", "two", Overwrite::Allow).await;
    disk.remove("b", "a").await.unwrap().unwrap();
    assert_eq!(io::read_to_string(reader).unwrap(), "one");
    assert_eq!(text(&disk, "a").await, None);
    assert!(disk.remove("b", "a").await.unwrap().is_none());
}

#[tokio::test]
async fn a_version_stays_until_its_readers_have_read_it() {
    let disk = Disk::open(None).unwrap();
    let blobs = || {
        std::fs::read_dir(disk.root().join("blobs"))
            .unwrap()
            .count()
    };
    put(&disk, "a", "one", Overwrite::Allow).await;
    let [reading, copying] = [(); 2].map(|()| disk.get("b", "a").unwrap());
    put(&disk, "a", "two", Overwrite::Allow).await;
    let opened = disk.open_blob(&reading).await.unwrap();
    assert_eq!(io::read_to_string(opened).unwrap(), "one");
    let copied = disk.copy(&copying, record("c"), Overwrite::Allow).await;
    assert_eq!(copied.unwrap().size, 3);
    assert_eq!(text(&disk, "c").await.as_deref(), Some("one"));
    drop((reading, copying));
    put(&disk, "a", "three", Overwrite::Allow).await;
    assert_eq!(blobs(), 2);

    let reading = disk.get("b", "c").unwrap();
    drop(disk.remove("b", "c").await.unwrap());
    let opened = disk.open_blob(&reading).await.unwrap();
    assert_eq!(io::read_to_string(opened).unwrap(), "one");
}

#[tokio::test]
async fn lists_by_prefix_in_order_and_copies() {
    let disk = Disk::open(None).unwrap();
    for key in ["x/b", "x/a", "y", "x"] {
        put(&disk, key, "t", Overwrite::Allow).await;
    }
    let source = disk.get("b", "y").unwrap();
    disk.copy(&source, record("x/c"), Overwrite::Forbid)
        .await
        .unwrap();
    disk.remove("b", "y").await.unwrap();
    let keys: Vec<_> = disk.list("b", "x/").iter().map(|r| r.key.clone()).collect();
    assert_eq!(keys, ["x/a", "x/b", "x/c"]);
    assert_eq!(text(&disk, "x/c").await.as_deref(), Some("t"));
    disk.clear().await.unwrap();
    assert!(disk.list("b", "").is_empty());
}
