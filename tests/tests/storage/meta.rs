//! What `send_with_meta` returns beside the value: status, request id, attempts.

use cloudbase_core::http::StatusCode;

use crate::scripted::{Act, Reply, Scripted};

const ID: &str = "cos-request-7";

#[tokio::test]
async fn an_upload_and_a_download_name_the_request_of_the_object_store() {
    let server = Scripted::start(|_, seen| {
        let body: &[u8] = if seen.method == "GET" {
            b"content"
        } else {
            b""
        };
        let reply = Reply::new(200).header("etag", "\"e\"").body(body);
        reply.header("x-cos-request-id", ID).into()
    })
    .await;
    let storage = server.storage();
    let uploaded = storage
        .upload("a", "content")
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(uploaded.request_id(), ID);
    assert_eq!(
        (uploaded.status(), uploaded.attempts()),
        (StatusCode::OK, 1)
    );
    assert_eq!(uploaded.value().etag.as_deref(), Some("\"e\""));

    let download = storage.download(Scripted::id("a"));
    let downloaded = download.send_with_meta().await.unwrap();
    assert_eq!(downloaded.request_id(), ID);
    assert_eq!(downloaded.headers()["etag"], "\"e\"");
    assert_eq!(downloaded.value(), "content");
}

#[tokio::test]
async fn the_attempts_of_a_repeated_upload_are_counted() {
    let server = Scripted::start(|number, _| match number {
        0 => Act::CutUpload(3),
        _ => Reply::new(200).header("x-cos-request-id", ID).into(),
    })
    .await;
    let uploaded = server
        .storage()
        .upload("a", "content")
        .send_with_meta()
        .await;
    assert_eq!(uploaded.unwrap().attempts(), 2);
}

#[tokio::test]
async fn the_absence_of_an_object_is_a_value_with_the_response_that_says_so() {
    let server =
        Scripted::start(|_, _| Reply::new(404).header("x-cos-request-id", ID).into()).await;
    let exists = server.storage().exists(Scripted::id("a"));
    let exists = exists.send_with_meta().await.unwrap();
    assert!(!exists.value());
    assert_eq!(exists.status(), StatusCode::NOT_FOUND);
    assert_eq!((exists.request_id(), exists.attempts()), (ID, 1));
}

#[tokio::test]
async fn the_request_id_of_the_caller_is_that_of_every_request_to_the_gateway() {
    let server = Scripted::start(|_, _| Reply::new(200).into()).await;
    let upload = server.storage().upload("a", "content");
    upload.request_id("upload-7").await.unwrap();
    for seen in server.gateway() {
        assert_eq!(seen.headers["x-request-id"], "upload-7");
    }
    assert!(!server.store()[0].headers.contains_key("x-request-id"));
}
