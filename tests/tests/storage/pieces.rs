//! What passes in pieces, and who is notified of them.

use bytes::Bytes;
use cloudbase_core::{ErrorKind, Result};
use cloudbase_storage::UploadSource;
use futures_util::{StreamExt as _, stream};

use crate::support::{noise, start};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn progress_reports_every_piece() {
    let fixture = start().await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let upload = fixture
        .storage
        .upload("a", noise(MIB))
        .on_progress(move |progress| {
            sender.send(progress).unwrap();
        });
    upload.await.unwrap();
    let sent: Vec<_> = receiver.iter().map(|progress| progress.sent).collect();
    assert_eq!(
        sent,
        [
            MIB as u64 / 4,
            MIB as u64 / 2,
            MIB as u64 * 3 / 4,
            MIB as u64
        ]
    );
}

#[tokio::test]
async fn a_stream_gives_what_comes() {
    let fixture = start().await;
    let content = noise(MIB);
    let object = fixture.storage.upload("a", content.clone()).await.unwrap();
    let stream = fixture
        .storage
        .download(&object.file_id)
        .stream()
        .await
        .unwrap();
    assert_eq!(stream.len(), Some(MIB as u64));
    assert_eq!(stream.info().etag, object.etag);
    let pieces: Vec<Bytes> = stream.map(Result::unwrap).collect().await;
    assert!(pieces.len() > 1);
    assert!(pieces.concat() == content);
}

#[tokio::test]
async fn only_buckets_take_a_source_without_a_length() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let reader = || UploadSource::reader(std::io::Cursor::new("abc"));
    let chunks = || UploadSource::stream(stream::iter([Ok::<_, std::io::Error>("abc")]));
    let info = storage.upload_info("a").await.unwrap();
    fixture.emulator.requests().clear();
    for error in [
        storage.upload("a", reader()).await.unwrap_err(),
        storage.update("a", chunks()).await.unwrap_err(),
        storage
            .upload_to_signed_url(&info, reader())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
        let rule = "`source` must have a length: state it by `UploadSource::with_length`";
        assert_eq!(error.message(), rule);
    }
    assert!(
        fixture.emulator.requests().all().is_empty(),
        "nothing was sent"
    );
    storage.upload("a", reader().with_length(3)).await.unwrap();
    // The length that was signed is that of the source.
    let info = storage.upload_info("b").content_length(3).await.unwrap();
    let object = storage.upload_to_signed_url(&info, chunks()).await.unwrap();
    assert_eq!(storage.download(&object.file_id).await.unwrap(), "abc");
    let info = storage.upload_info("b").content_length(2).await.unwrap();
    let error = storage
        .upload_to_signed_url(&info, chunks())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
    storage.create_bucket("docs").await.unwrap();
    storage.bucket("docs").upload("a", reader()).await.unwrap();
    fixture.emulator.shutdown().await;
}
