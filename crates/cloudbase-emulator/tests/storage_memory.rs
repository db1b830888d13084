//! Objects of any size pass through without being held: memory stays flat while they do.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use axum::body::Body;
use bytes::Bytes;
use cloudbase_emulator::Emulator;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::json;
use wire::Wire;

const PIECE: usize = 256 * 1024;
const PIECES: usize = 1024;
const SIZE: usize = PIECE * PIECES;
/// Room for both ends of the connection, which share this process.
const GROWTH_KIB: u64 = 32 * 1024;

/// The most memory that this process ever had in use, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_large_object_needs_little_memory() {
    static ZEROES: [u8; PIECE] = [0; PIECE];
    let emulator = Emulator::builder().start().await.unwrap();
    let wire = Wire::new();
    let post = async |operation: &str, body| {
        let url = format!("{}/v1/storages/{operation}", emulator.endpoint());
        let call = wire.post(&url).bearer(emulator.api_key()).json(&body);
        call.send().await.expect(200).json()[0].clone()
    };
    let info = post("get-objects-upload-info", json!([{"objectId": "large"}])).await;
    let text = |field: &str| info[field].as_str().unwrap().to_owned();
    let before = peak();

    let pieces =
        stream::iter((0..PIECES).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&ZEROES))));
    let put = wire
        .put(&text("uploadUrl"))
        .header("authorization", &text("authorization"))
        .header("x-cos-security-token", &text("token"))
        .header("x-cos-meta-fileid", &text("cloudObjectMeta"))
        .header("content-length", &SIZE.to_string())
        .body(Body::from_stream(pieces));
    put.send().await.expect(200);
    let after_upload = peak();

    let mut body = wire
        .get(&text("downloadUrlEncoded"))
        .stream()
        .await
        .into_body()
        .into_data_stream();
    let mut received = 0;
    while let Some(piece) = body.next().await {
        received += piece.unwrap().len();
    }
    assert_eq!(received, SIZE);
    let after_download = peak();
    assert!(
        after_upload - before < GROWTH_KIB,
        "upload: {} KiB",
        after_upload - before
    );
    assert!(
        after_download - before < GROWTH_KIB,
        "download: {} KiB",
        after_download - before
    );
}
