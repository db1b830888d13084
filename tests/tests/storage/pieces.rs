//! What passes in pieces, and who is told of them.

use bytes::Bytes;
use cloudbase_core::Result;
use futures_util::StreamExt as _;

use crate::support::{noise, start};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn progress_tells_every_piece() {
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
