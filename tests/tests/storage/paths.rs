//! Files by path, and what a source says of its length, as an application meets them.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::{BoxError, ErrorKind};
use cloudbase_storage::UploadSource;
use futures_util::stream;

use crate::scripted::{Reply, Scripted};
use crate::support::start;

fn source(items: Vec<Result<&'static [u8], BoxError>>) -> UploadSource {
    let items = items.into_iter().map(|item| item.map(Bytes::from_static));
    UploadSource::stream(stream::iter(items)).with_length(0)
}

#[tokio::test]
async fn a_source_that_was_said_to_be_empty_is_asked() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let bucket = storage.bucket("docs");
    storage.create_bucket("docs").await.unwrap();
    let info = storage.upload_info("k").await.unwrap();
    let full = || source(vec![Ok(b""), Ok(b"1234567")]);
    let errors = [
        storage.upload("k", full()).await.unwrap_err(),
        bucket.upload("k", full()).await.unwrap_err(),
        storage
            .upload_to_signed_url(&info, full())
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
        let rule = "`source` gave more than the 0 bytes it was said to have";
        assert_eq!(error.message(), rule);
    }
    let broken = source(vec![Err("broken".into())]);
    let error = storage.upload("k", broken).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");
    let silent = stream::pending::<Result<Bytes, BoxError>>();
    let silent = UploadSource::stream(silent).with_length(0);
    let stalled = storage
        .upload("k", silent)
        .stall_timeout(Duration::from_millis(50));
    assert!(stalled.await.unwrap_err().is_timeout());
    assert!(fixture.store_requests().is_empty(), "no object was made");

    let object = storage.upload("k", source(vec![Ok(b"")])).await.unwrap();
    assert_eq!(storage.download(&object.file_id).await.unwrap(), "");
    bucket.upload("k", source(Vec::new())).await.unwrap();
    fixture.emulator.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_of_unknown_length_is_not_taken_for_an_empty_one() {
    let fixture = start().await;
    for path in ["/proc/self/status", "/proc/meminfo"] {
        for source in [
            UploadSource::path(path),
            std::fs::File::open(path).unwrap().into(),
        ] {
            let error = fixture.storage.upload("k", source).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
            let rule = "`source` gave more than the 0 bytes it was said to have";
            assert!(error.message().starts_with(rule), "{error}");
        }
    }
    let empty = tempfile::NamedTempFile::new().unwrap();
    fixture.storage.upload("k", empty.path()).await.unwrap();
    assert_eq!(fixture.store_requests().len(), 1);
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn errors_of_files_are_the_systems() {
    let server = Scripted::start(|_, _| Reply::new(200).body("new").into()).await;
    let storage = server.storage();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no such folder").join("file");
    let error = storage.upload("k", missing.as_path()).await.unwrap_err();
    let system = std::fs::read(&missing).unwrap_err().to_string();
    let expected = format!("cannot read the file `{}`: {system}", missing.display());
    assert_eq!(error.message(), expected);
    let download = storage.download(Scripted::id("a")).to_file(&missing);
    let expected = format!("cannot write the file `{}`: {system}", missing.display());
    assert_eq!(download.await.unwrap_err().message(), expected);
}

#[cfg(unix)]
fn fifo(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_rejected_and_not_waited_for() {
    let server = Scripted::start(|_, _| Reply::new(200).body("new").into()).await;
    let storage = server.storage();
    let folder = tempfile::tempdir().unwrap();
    let fifo = fifo(folder.path());
    let rule = "it is no regular file; upload what it gives by `UploadSource::reader`";
    for path in [
        &*fifo,
        Path::new("/dev/null"),
        Path::new("/dev/zero"),
        folder.path(),
    ] {
        let error = storage
            .upload("k", UploadSource::path(path))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");
        assert!(error.message().ends_with(rule), "{error}");
        let error = storage.bucket("b").upload("k", path).await.unwrap_err();
        assert!(error.message().ends_with(rule), "{error}");
    }
    for path in [&*fifo, Path::new("/dev/null"), folder.path()] {
        let error = storage.download(Scripted::id("a")).to_file(path).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");
        assert!(error.message().contains("use `stream`"), "{error}");
    }
    assert!(server.store().is_empty() && server.gateway().is_empty());
    use std::os::unix::fs::FileTypeExt as _;
    assert!(std::fs::metadata(&fifo).unwrap().file_type().is_fifo());
    assert!(
        std::fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_download_keeps_mode_and_link_and_takes_any_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Scripted::start(|_, _| Reply::new(200).body("new").into()).await;
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("n".repeat(255));
    std::fs::write(&long, "old").unwrap();
    std::fs::set_permissions(&long, std::fs::Permissions::from_mode(0o600)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&long, &link).unwrap();
    let download = server.storage().download(Scripted::id("a"));
    download.to_file(&link).await.unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read(&long).unwrap(), b"new");
    let mode = std::fs::metadata(&long).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_file_id_is_no_path() {
    let server = Scripted::start(|_, _| Reply::new(200).into()).await;
    let storage = server.storage();
    let id = "cloud://env.bucket/a/b.txt";
    let bucket = storage.bucket("docs");
    let errors = [
        storage.upload(id, "x").await.unwrap_err(),
        storage.upload(format!("/{id}"), "x").await.unwrap_err(),
        storage.upload_info(id).await.unwrap_err(),
        storage.copy(id, "x").await.unwrap_err(),
        storage.move_to("x", id).await.unwrap_err(),
        storage.copy_many([(id, "x")]).await.unwrap_err(),
        bucket.upload(id, "x").await.unwrap_err(),
        bucket.download(id).await.unwrap_err(),
        bucket.remove(["a", id]).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
        assert!(error.message().contains("not a file id"), "{error}");
    }
    let error = storage.download("a/b.txt").await.unwrap_err();
    assert!(error.message().contains("`Uploaded::file_id`"), "{error}");
    assert!(server.store().is_empty() && server.gateway().is_empty());
}
