//! Uploads that go wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::{Error, ErrorCode, ErrorKind};
use cloudbase_storage::UploadSource;
use futures_util::stream;

use crate::scripted::{Act, Reply, Scripted};
use crate::support::{assert_stalled, noise};

const LENGTH: usize = 1024 * 1024 + 1;

fn taken() -> Act {
    Reply::new(200).header("etag", "\"e\"").into()
}

#[tokio::test]
async fn a_cut_upload_is_sent_again_as_a_whole() {
    for cut in [0, 1, LENGTH / 2, LENGTH - 1, LENGTH] {
        let server = Scripted::start(move |number, _| match number {
            0 => Act::CutUpload(cut),
            _ => taken(),
        })
        .await;
        let content = noise(LENGTH);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, &content).unwrap();
        let source: UploadSource = if cut % 2 == 0 {
            path.as_path().into()
        } else {
            content.clone().into()
        };
        let object = server.storage().upload("a", source).await.unwrap();
        assert_eq!(object.etag.as_deref(), Some("\"e\""));
        let seen = server.store();
        assert_eq!(seen.len(), 2, "cut at {cut}");
        assert_eq!(seen[0].body.len(), cut);
        assert!(seen[1].body == content, "cut at {cut}");
    }
}

#[tokio::test]
async fn what_can_be_sent_only_once_is_sent_once() {
    for cut in [0, 1, LENGTH / 2, LENGTH - 1, LENGTH] {
        let server = Scripted::start(move |_, _| Act::CutUpload(cut)).await;
        let content = noise(LENGTH);
        let reader = UploadSource::reader(std::io::Cursor::new(content)).with_length(LENGTH as u64);
        let error = server.storage().upload("a", reader).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
        assert_eq!(error.operation(), "storage.put");
        assert!(error.was_sent());
        assert_eq!(server.store().len(), 1);
        // What must not be replaced may be there already: nor is that sent twice.
        let server = Scripted::start(move |_, _| Act::CutUpload(cut)).await;
        let upload = server.storage().upload("a", noise(LENGTH)).upsert(false);
        let error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
        assert!(!error.is_retryable());
        assert_eq!(server.store().len(), 1);
    }
}

#[tokio::test]
async fn uploads_into_a_bucket_go_wrong_the_same_way() {
    let done = || Act::from(Reply::new(200).body(r#"{"Id":"1","Key":"docs/a"}"#));
    for cut in [0, 1, LENGTH / 2, LENGTH - 1, LENGTH] {
        let cut_once = move |number: usize, _: &crate::scripted::Seen| match number {
            0 => Act::CutUpload(cut),
            _ => done(),
        };
        let server = Scripted::start(cut_once).await;
        let bucket = server.storage().bucket("docs");
        let content = noise(LENGTH);
        bucket.update("a", content.clone()).await.unwrap();
        assert!(server.store()[1].body == content, "cut at {cut}");
        // What must not be replaced may be there already.
        let server = Scripted::start(cut_once).await;
        let upload = server.storage().bucket("docs").upload("a", content);
        let error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
        assert_eq!(server.store().len(), 1, "cut at {cut}");
    }
    let server = Scripted::start(|_, _| Act::StallUpload(1000)).await;
    let bucket = server.storage().bucket("docs");
    let upload = bucket.upload("a", vec![7; 64 * 1024 * 1024]);
    let error = upload
        .stall_timeout(Duration::from_millis(200))
        .await
        .unwrap_err();
    assert_stalled(&error);
}

#[tokio::test]
async fn both_error_shapes_of_buckets_are_read() {
    for body in [
        r#"{"code":"Duplicate","message":"it is there","requestId":"r"}"#,
        r#"{"statusCode":"409","error":"Duplicate","message":"it is there"}"#,
    ] {
        let server = Scripted::start(move |_, _| Reply::new(409).body(body).into()).await;
        let upload = server.storage().bucket("docs").upload("a", "x");
        let error = upload.await.unwrap_err();
        assert!(error.is_conflict(), "{error}");
        assert_eq!(error.code().unwrap(), "Duplicate");
        assert_eq!(error.message(), "it is there");
    }
}

#[tokio::test]
async fn a_stalled_upload_is_ended() {
    let server = Scripted::start(|_, _| Act::StallUpload(1000)).await;
    // More than the sockets between us buffer.
    let content = vec![7; 64 * 1024 * 1024];
    let upload = server
        .storage()
        .upload("a", content)
        .stall_timeout(Duration::from_millis(200))
        .max_attempts(1);
    let error = upload.await.unwrap_err();
    assert_stalled(&error);
}

#[tokio::test]
async fn a_stalled_source_is_ended_too() {
    let server = Scripted::start(|_, _| taken()).await;
    let source = UploadSource::stream(stream::pending::<Result<Bytes, Error>>()).with_length(5);
    let upload = server.storage().upload("a", source);
    let error = upload
        .stall_timeout(Duration::from_millis(100))
        .await
        .unwrap_err();
    assert_stalled(&error);
}

#[tokio::test]
async fn a_file_that_changes_is_not_uploaded() {
    type Change = fn(&std::path::Path);
    let changes: [(&str, Change); 4] = [
        ("grown", |path| {
            let mut file = std::fs::File::options().append(true).open(path).unwrap();
            std::io::Write::write_all(&mut file, b"more").unwrap();
        }),
        ("shrunk", |path| {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_len(1024 * 1024 + 10).unwrap();
        }),
        ("emptied", |path| std::fs::write(path, "").unwrap()),
        ("rewritten", |path| {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap();
        }),
    ];
    for (name, change) in changes {
        let server = Scripted::start(|_, _| taken()).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, noise(4 * LENGTH)).unwrap();
        let changing = path.clone();
        let mut changed = false;
        let upload = server
            .storage()
            .upload("a", path.as_path())
            .on_progress(move |_| {
                if !std::mem::replace(&mut changed, true) {
                    change(&changing);
                }
            });
        let error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local, "{name}: {error:?}");
        assert_eq!(
            error.message(),
            format!(
                "the file `{}` changed while it was uploaded",
                path.display()
            ),
            "{name}"
        );
        assert_eq!(error.operation(), "storage.put");
        // The connection is closed before the body is whole: no object can have been made.
        for seen in server.store() {
            assert!(seen.cut_by_client && seen.body.len() < 4 * LENGTH, "{name}");
        }
    }
}

#[tokio::test]
async fn a_source_that_lies_about_its_length_makes_no_object() {
    for (given, stated) in [(10, 11), (11, 10), (0, 1)] {
        let server = Scripted::start(|_, _| taken()).await;
        let pieces: Vec<Result<Bytes, Error>> = (0..given).map(|_| Ok("x".into())).collect();
        let source = UploadSource::stream(stream::iter(pieces)).with_length(stated);
        let error = server.storage().upload("a", source).await.unwrap_err();
        assert!(error.message().starts_with("`source` gave"), "{error:?}");
        assert!(server.store().iter().all(|seen| seen.cut_by_client));
    }
}

#[tokio::test]
async fn the_failure_of_a_source_is_the_error() {
    let server = Scripted::start(|_, _| taken()).await;
    let broken = std::io::Error::other("the tape broke");
    let pieces = [Ok(Bytes::from_static(b"ab")), Err(broken)];
    let source = UploadSource::stream(stream::iter(pieces)).with_length(4);
    let error = server.storage().upload("a", source).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    assert!(
        causes
            .map(ToString::to_string)
            .any(|text| text == "the tape broke")
    );
    let missing = server
        .storage()
        .upload("a", UploadSource::path("/no/such/file"));
    let error = missing.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert_eq!(
        error.to_string(),
        "storage.upload failed: cannot read the file `/no/such/file`: No such file or directory (os error 2)"
    );
    let nameless = server.storage().upload("", "text").await.unwrap_err();
    assert_eq!(
        nameless.to_string(),
        "invalid argument: `path` must not be empty (storage.upload)"
    );
    assert_eq!(nameless.operation(), "storage.upload");
    let folder = server
        .storage()
        .upload("a", UploadSource::path(std::env::temp_dir()));
    let error = folder.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert_eq!(
        error.message(),
        format!(
            "cannot read the file `{}`: it is no regular file; upload what it gives by \
             `UploadSource::reader`",
            std::env::temp_dir().display()
        )
    );
}

#[tokio::test]
async fn a_dropped_upload_is_cancelled() {
    let server = Scripted::start(|_, _| taken()).await;
    let (moving, mut moved) = tokio::sync::mpsc::unbounded_channel();
    let endless = stream::unfold((), |()| async {
        tokio::task::yield_now().await;
        Some((Ok::<_, Error>(Bytes::from_static(&[0; 4096])), ()))
    });
    let source = UploadSource::stream(endless).with_length(1 << 40);
    let upload = server
        .storage()
        .upload("a", source)
        .on_progress(move |progress| {
            let _ = moving.send(progress.sent);
        });
    let mut upload = std::pin::pin!(upload.send());
    tokio::select! {
        result = &mut upload => panic!("{result:?}"),
        sent = moved.recv() => assert!(sent.is_some()),
    }
    // Nothing asks the source any more once the future is gone.
    upload.set(server.storage().upload("a", "").send());
    while moved.recv().await.is_some() {}
}

#[tokio::test]
async fn a_panic_of_the_users_code_is_said_and_not_repeated() {
    let server = Scripted::start(|_, _| taken()).await;
    let panicking = stream::unfold(0, |n| async move {
        assert_eq!(n, 0, "user code");
        Some((Ok::<_, Error>(Bytes::from_static(&[0; 4096])), 1))
    });
    let source = UploadSource::stream(panicking).with_length(1 << 20);
    let storage = server.storage();
    let callback = storage
        .upload("a", noise(LENGTH))
        .on_progress(|_| panic!("user code"));
    for upload in [storage.upload("a", source), callback] {
        let error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
        assert_eq!(
            error.message(),
            "user code panicked while it produced the request body"
        );
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn errors_of_the_object_store_are_typed() {
    let cases = [
        (
            403,
            "SignatureDoesNotMatch",
            ErrorCode::SIGNATURE_DOES_NOT_MATCH,
        ),
        (403, "AccessDenied", ErrorCode::COS_ACCESS_DENIED),
        (400, "EntityTooLarge", ErrorCode::ENTITY_TOO_LARGE),
        (409, "FileAlreadyExists", ErrorCode::FILE_ALREADY_EXISTS),
    ];
    for (status, text, code) in cases {
        let server = Scripted::start(move |_, _| {
            let body = format!(
                "<?xml version='1.0'?><Error><Code>{text}</Code><Message>No &amp; no</Message>\
                 <RequestId>cos-1</RequestId></Error>"
            );
            Reply::new(status)
                .header("content-type", "application/xml")
                .body(body)
                .into()
        })
        .await;
        let error = server.storage().upload("a", "x").await.unwrap_err();
        assert_eq!(error.code(), Some(&code));
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(
            (error.message(), error.request_id()),
            ("No & no", Some("cos-1"))
        );
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn a_rejection_that_comes_early_is_the_error() {
    let server = Scripted::start(|_, _| {
        let rejection = Reply::new(400)
            .header("connection", "close")
            .body("<Error><Code>EntityTooLarge</Code><Message>no</Message></Error>");
        Act::RejectUpload(1000, rejection)
    })
    .await;
    const LONG: usize = 64 * 1024 * 1024;
    let upload = server.storage().upload("a", vec![7; LONG]);
    let error = upload.await.unwrap_err();
    assert_eq!(
        error.code(),
        Some(&ErrorCode::ENTITY_TOO_LARGE),
        "{error:?}"
    );
    assert_eq!(error.attempts(), 1);
    let seen = server.seen().await;
    assert!(
        seen.cut_by_client && seen.body.len() < LONG,
        "the rest is not sent"
    );

    // Nor does a good response before the end make an object.
    let server = Scripted::start(|_, _| Act::RejectUpload(1000, Reply::new(200))).await;
    let upload = server.storage().upload("a", vec![7; LONG]);
    let error = upload.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
    assert!(server.seen().await.cut_by_client);
}

#[tokio::test]
async fn an_attempt_with_a_response_does_not_go_on_beside_the_next() {
    const LONG: usize = 64 * 1024 * 1024;
    let server = Scripted::start(|number, _| match number {
        0 => Act::RejectUpload(1000, Reply::new(503)),
        _ => taken(),
    })
    .await;
    let reported = Arc::new(Mutex::new(Vec::new()));
    let reporting = reported.clone();
    let upload = server.storage().upload("a", vec![7; LONG]);
    let upload = upload.on_progress(move |progress| reporting.lock().unwrap().push(progress.sent));
    upload.await.unwrap();
    let reported = reported.lock().unwrap();
    let starts: Vec<_> = (0..reported.len())
        .filter(|at| reported[*at] == 256 * 1024)
        .collect();
    assert_eq!(starts.len(), 2);
    let second = &reported[starts[1]..];
    assert!(
        second.is_sorted(),
        "only the second attempt is reported then"
    );
    assert_eq!(second.last(), Some(&(LONG as u64)));
}

#[tokio::test]
async fn overload_of_the_object_store_is_waited_out() {
    let server = Scripted::start(|number, _| match number {
        0 => Reply::new(503)
            .body("<Error><Code>SlowDown</Code></Error>")
            .into(),
        _ => taken(),
    })
    .await;
    server.storage().upload("a", "x").await.unwrap();
    assert_eq!(server.store().len(), 2);
    assert_eq!(server.gateway().len(), 1, "the signature is still good");
}

#[tokio::test]
async fn another_checksum_is_an_error() {
    let crc = |value: u64| {
        move |_: usize, _: &crate::scripted::Seen| -> Act {
            Reply::new(200).header("x-cos-hash-crc64ecma", value).into()
        }
    };
    let right = Scripted::start(crc(11051210869376104954)).await;
    let object = right.storage().upload("a", "123456789").await.unwrap();
    assert_eq!(object.crc64, Some(0x995D_C9BB_DF19_39FA));
    let wrong = Scripted::start(crc(1)).await;
    let error = wrong.storage().upload("a", "123456789").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(error.message().contains("CRC-64"), "{error}");
}

#[tokio::test]
async fn progress_starts_again_with_the_upload() {
    let server = Scripted::start(|number, _| match number {
        0 => Act::CutUpload(LENGTH / 2),
        _ => taken(),
    })
    .await;
    let reported = Arc::new(Mutex::new(Vec::new()));
    let reporting = reported.clone();
    let upload = server
        .storage()
        .upload("a", noise(LENGTH))
        .on_progress(move |progress| {
            assert_eq!(progress.total, Some(LENGTH as u64));
            reporting.lock().unwrap().push(progress.sent);
        });
    upload.await.unwrap();
    let reported = reported.lock().unwrap();
    assert_eq!(reported.last(), Some(&(LENGTH as u64)));
    let starts = reported.iter().filter(|sent| **sent == 256 * 1024).count();
    assert_eq!(starts, 2);
}

#[tokio::test]
async fn a_plain_url_of_an_awkward_name_is_put_where_it_belongs() {
    // This gateway does not encode the URLs that it gives out.
    let server = Scripted::start(|_, _| taken()).await;
    server.storage().upload("a b?c=d#é%2e", "x").await.unwrap();
    assert_eq!(server.store()[0].target, "/a%20b%3Fc%3Dd%23%C3%A9%252e");
}
