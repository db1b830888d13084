//! Downloads that go wrong.

use std::time::Duration;

use cloudbase_core::ErrorKind;

use crate::scripted::{Act, Reply, Scripted, Seen};
use crate::support::{assert_stalled, noise};

const LENGTH: usize = 300_000;

fn first_byte(seen: &Seen) -> Option<usize> {
    let range = seen.headers.get("range")?.strip_prefix("bytes=")?;
    range.split('-').next()?.parse().ok()
}

/// The response of an object store to a request for the object `content`, version `"1"`.
fn object(seen: &Seen, content: &[u8]) -> Reply {
    let total = content.len();
    let reply = match first_byte(seen) {
        Some(start) => Reply::new(206)
            .header(
                "content-range",
                format!("bytes {start}-{}/{total}", total - 1),
            )
            .body(&content[start..]),
        None => Reply::new(200).body(content),
    };
    reply
        .header("etag", "\"1\"")
        .header("x-cos-hash-crc64ecma", crc(content))
}

/// A store that breaks off its first response after so many bytes.
async fn cut_once(bytes: usize) -> Scripted {
    Scripted::start(move |number, seen| {
        let reply = object(seen, &noise(LENGTH));
        match number {
            0 => reply.cut(bytes),
            _ => reply.into(),
        }
    })
    .await
}

fn crc(content: &[u8]) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(content);
    digest.sum64()
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_ended() {
    for cut in [0, 1, LENGTH / 2, LENGTH - 1] {
        let server = cut_once(cut).await;
        let back = server.storage().download(Scripted::id("a")).await.unwrap();
        assert!(back == noise(LENGTH), "cut at {cut}");
        let seen = server.store();
        assert_eq!(seen.len(), 2, "cut at {cut}");
        // A connection may be lost with bytes on the way; nothing that came is read again.
        let start = first_byte(&seen[1]);
        assert!(start.unwrap_or(0) <= cut, "cut at {cut}: {start:?}");
        assert!(cut < 2 || start.is_some(), "cut at {cut}");
        assert_eq!(seen[1].headers["if-match"], "\"1\"");
        assert_eq!(server.gateway().len(), 1, "the URL is still good");
    }
}

#[tokio::test]
async fn a_bucket_is_read_like_the_object_store() {
    for cut in [0, 1, LENGTH / 2, LENGTH - 1] {
        let server = cut_once(cut).await;
        let bucket = server.storage().bucket("docs");
        let back = bucket.download("a").await.unwrap();
        assert!(back == noise(LENGTH), "cut at {cut}");
        assert_eq!(server.store().len(), 2, "cut at {cut}");
    }
    // The gateway gets the key; where it sends us, nobody does.
    let elsewhere = Scripted::start(|_, seen| object(seen, b"0123456789").into()).await;
    let target = format!("{}/there?key=1", elsewhere.origin());
    let server =
        Scripted::start(move |_, _| Reply::new(302).header("location", &target).into()).await;
    let back = server.storage().bucket("docs").download("a").await.unwrap();
    assert_eq!(back, "0123456789");
    let authorization = |server: &Scripted| server.store()[0].headers.get("authorization").cloned();
    assert_eq!(
        authorization(&server).as_deref(),
        Some("Bearer the-access-key")
    );
    assert_eq!(authorization(&elsewhere), None);
}

#[tokio::test]
async fn a_download_that_is_cut_again_and_again_ends_with_the_error() {
    let server = Scripted::start(|_, seen| object(seen, &noise(LENGTH)).cut(10)).await;
    let download = server.storage().download(Scripted::id("a")).max_resumes(2);
    let error = download.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert_eq!(error.operation(), "storage.download");
    assert_eq!(server.store().len(), 3);
}

#[tokio::test]
async fn a_stalled_download_is_replaced() {
    let server = Scripted::start(|number, seen| {
        let reply = object(seen, &noise(LENGTH));
        if number == 0 {
            reply.stall(1000)
        } else {
            reply.into()
        }
    })
    .await;
    let stall = Duration::from_millis(100);
    let download = server
        .storage()
        .download(Scripted::id("a"))
        .stall_timeout(stall);
    assert!(download.await.unwrap() == noise(LENGTH));
    assert_eq!(first_byte(&server.store()[1]), Some(1000));

    let server = Scripted::start(|_, seen| object(seen, &noise(LENGTH)).stall(0)).await;
    let download = server
        .storage()
        .download(Scripted::id("a"))
        .stall_timeout(stall);
    let error = download.max_resumes(0).await.unwrap_err();
    assert_stalled(&error);
}

#[tokio::test]
async fn an_object_that_changed_is_not_pieced_together() {
    let rejects: fn(&Seen) -> Act = |_| {
        Reply::new(412)
            .body("<Error><Code>PreconditionFailed</Code></Error>")
            .into()
    };
    let ignores: fn(&Seen) -> Act = |_| {
        Reply::new(200)
            .header("etag", "\"2\"")
            .body(noise(LENGTH))
            .into()
    };
    let longer: fn(&Seen) -> Act = |seen| object(seen, &noise(LENGTH + 1)).into();
    for second in [rejects, ignores, longer] {
        let server = Scripted::start(move |number, seen| match number {
            0 => object(seen, &noise(LENGTH)).cut(LENGTH / 2),
            _ => second(seen),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let download = server.storage().download(Scripted::id("a")).to_file(&path);
        let error = download.await.unwrap_err();
        assert!(
            error.is_conflict() || error.kind() == ErrorKind::Body,
            "{error:?}"
        );
        assert!(!path.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(server.store().len(), 2);
    }
}

#[tokio::test]
async fn a_store_without_ranges_is_read_from_the_start() {
    let server = Scripted::start(|number, _| {
        let reply = Reply::new(200).header("etag", "\"1\"").body(noise(LENGTH));
        if number == 0 {
            reply.cut(LENGTH / 2)
        } else {
            reply.into()
        }
    })
    .await;
    let (sender, progress) = std::sync::mpsc::channel();
    let download = server
        .storage()
        .download(Scripted::id("a"))
        .on_progress(move |reported| {
            sender.send(reported.received).unwrap();
        });
    assert!(download.await.unwrap() == noise(LENGTH));
    let reported: Vec<_> = progress.iter().collect();
    assert!(
        reported.is_sorted_by(|a, b| a < b),
        "what came twice is reported once"
    );
}

#[tokio::test]
async fn without_a_version_nothing_is_resumed() {
    let server = Scripted::start(|_, _| Reply::new(200).body(noise(LENGTH)).cut(5)).await;
    let error = server
        .storage()
        .download(Scripted::id("a"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert_eq!(server.store().len(), 1);
}

#[tokio::test]
async fn a_url_that_expired_meanwhile_is_asked_for_again() {
    let server = Scripted::start(|number, seen| match number {
        0 => object(seen, &noise(LENGTH)).cut(LENGTH / 3),
        1 => Reply::new(403)
            .body("<Error><Code>AccessDenied</Code></Error>")
            .into(),
        _ => object(seen, &noise(LENGTH)).into(),
    })
    .await;
    assert!(server.storage().download(Scripted::id("a")).await.unwrap() == noise(LENGTH));
    assert_eq!(server.gateway().len(), 2);
    let targets: Vec<_> = server.store().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/a?sign=0", "/a?sign=0", "/a?sign=1"]);

    // A URL that was never good is not asked for again.
    let server = Scripted::start(|_, _| {
        Reply::new(403)
            .body("<Error><Code>AccessDenied</Code></Error>")
            .into()
    })
    .await;
    let error = server
        .storage()
        .download(Scripted::id("a"))
        .await
        .unwrap_err();
    assert!(error.is_permission_denied());
    assert_eq!((server.gateway().len(), server.store().len()), (1, 1));
}

#[tokio::test]
async fn a_redirect_carries_no_secret() {
    let elsewhere = Scripted::start(|_, seen| object(seen, b"0123456789").into()).await;
    let target = format!("{}/there?key=1", elsewhere.origin());
    let server = Scripted::start(move |number, _| match number {
        0 => Reply::new(302).header("location", "/again").into(),
        1 => Reply::new(307).header("location", "again2").into(),
        _ => Reply::new(301).header("location", &target).into(),
    })
    .await;
    let download = server.storage().download(Scripted::id("a")).range(2..);
    let back = download.header("x-mine", "secret").await.unwrap();
    assert_eq!(back, "23456789");
    let seen = elsewhere.store().remove(0);
    assert_eq!(seen.target, "/there?key=1");
    let names: Vec<_> = seen.headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["host", "range", "user-agent"]);
    let hops: Vec<_> = server.store().into_iter().map(|seen| seen.target).collect();
    assert_eq!(hops, ["/a?sign=0", "/again", "/again2"]);
}

#[tokio::test]
async fn redirects_end_somewhere() {
    let server = Scripted::start(|number, _| {
        Reply::new(302)
            .header("location", format!("/{number}"))
            .into()
    })
    .await;
    let error = server
        .storage()
        .download(Scripted::id("a"))
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 302);
    assert!(error.details().is_none_or(serde_json::Value::is_null));
    assert_eq!(server.store().len(), 4);
    for location in [
        "ftp://h/",
        "http://192.0.2.1/x",
        "http://user:pass@127.0.0.1/",
    ] {
        let server =
            Scripted::start(move |_, _| Reply::new(302).header("location", location).into()).await;
        let error = server
            .storage()
            .download(Scripted::id("a"))
            .await
            .unwrap_err();
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(server.store().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn wrong_bytes_are_found_out() {
    let server = Scripted::start(|_, seen| {
        let right = noise(LENGTH);
        let mut wrong = right.clone();
        wrong[LENGTH / 2] ^= 1;
        object(seen, &right).body(wrong).into()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "old").unwrap();
    let error = server
        .storage()
        .download(Scripted::id("a"))
        .to_file(&path)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(error.message().contains("CRC-64"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_dropped_download_leaves_nothing_behind() {
    let server = Scripted::start(|_, seen| object(seen, &noise(LENGTH)).stall(LENGTH / 2)).await;
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut moving) = tokio::sync::mpsc::unbounded_channel();
    let download = server
        .storage()
        .download(Scripted::id("a"))
        .on_progress(move |reported| {
            let _ = sender.send(reported.received);
        });
    {
        let mut download = std::pin::pin!(download.to_file(folder.path().join("a")));
        loop {
            tokio::select! {
                result = &mut download => panic!("{result:?}"),
                reported = moving.recv() => if reported == Some(LENGTH as u64 / 2) { break },
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
