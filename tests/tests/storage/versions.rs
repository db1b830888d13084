//! What counts as an object, and which parts make one: responses that must not be taken for it.

use cloudbase_core::ErrorKind;

use crate::scripted::{Reply, Scripted};
use crate::support::noise;

const LENGTH: usize = 300_000;
const CUT: usize = 100_000;
const DATE: &str = "Tue, 01 Sep 2026 10:00:00 GMT";

/// A store whose first response has `first` as headers and is cut; the next one is `second`.
async fn cut_then(
    first: &'static [(&'static str, &'static str)],
    second: impl Fn(Reply) -> Reply + Send + Sync + 'static,
    status: u16,
) -> Scripted {
    Scripted::start(move |number, seen| {
        let mut reply = Reply::new(200).body(vec![b'a'; LENGTH]);
        if number == 0 {
            for (name, value) in first {
                reply = reply.header(name, value);
            }
            return reply.cut(CUT);
        }
        // As much as was asked for, of other bytes.
        let reply = match (status, seen.headers.get("range")) {
            (206, Some(range)) => {
                let start = range
                    .trim_start_matches("bytes=")
                    .split('-')
                    .next()
                    .unwrap();
                let start: usize = start.parse().unwrap();
                let range = format!("bytes {start}-{}/{LENGTH}", LENGTH - 1);
                let part = Reply::new(206).body(vec![b'b'; LENGTH - start]);
                part.header("content-range", range)
            }
            _ => Reply::new(200).body(vec![b'b'; LENGTH]),
        };
        second(reply).into()
    })
    .await
}

#[tokio::test]
async fn parts_of_two_versions_are_not_put_together() {
    type Second = fn(Reply) -> Reply;
    const TAG: &[(&str, &str)] = &[("etag", "\"v1\"")];
    const WEAK: &[(&str, &str)] = &[("etag", "W/\"v1\""), ("last-modified", DATE)];
    const DATED: &[(&str, &str)] = &[("last-modified", DATE)];
    let cases: [(&'static [(&str, &str)], Second); 8] = [
        (TAG, |reply| reply),
        (TAG, |reply| reply.header("etag", "\"v2\"")),
        (TAG, |reply| reply.header("etag", "W/\"v1\"")),
        (TAG, |reply| reply.header("last-modified", DATE)),
        (WEAK, |reply| {
            reply
                .header("etag", "W/\"v2\"")
                .header("last-modified", DATE)
        }),
        (WEAK, |reply| reply.header("etag", "W/\"v1\"")),
        (WEAK, |reply| reply.header("last-modified", DATE)),
        (DATED, |reply| reply),
    ];
    for (at, (first, second)) in cases.into_iter().enumerate() {
        for status in [206, 200] {
            let server = cut_then(first, second, status).await;
            let download = server.storage().download(Scripted::id("a"));
            let error = download.await.expect_err(&format!("{at}, {status}"));
            assert_eq!(error.kind(), ErrorKind::Body, "{at}, {status}: {error:?}");
            assert_eq!(server.store().len(), 2, "{at}, {status}");
        }
    }
    // The same version goes on, by a date too, and with the weak tag that it had.
    let cases: [(&'static [(&str, &str)], Second); 3] = [
        (TAG, |reply| reply.header("etag", "\"v1\"")),
        (DATED, |reply| reply.header("last-modified", DATE)),
        (WEAK, |reply| {
            reply
                .header("etag", "W/\"v1\"")
                .header("last-modified", DATE)
        }),
    ];
    for (at, (first, second)) in cases.into_iter().enumerate() {
        let server = cut_then(first, second, 206).await;
        let back = server.storage().download(Scripted::id("a")).await.unwrap();
        assert_eq!(back.len(), LENGTH, "{at}");
    }
}

#[tokio::test]
async fn only_200_is_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "old").unwrap();
    for status in [201, 202, 203, 204, 205, 207, 226] {
        let server = Scripted::start(move |_, _| Reply::new(status).into()).await;
        let storage = server.storage();
        let error = storage.download(Scripted::id("a")).to_file(&path).await;
        let error = error.expect_err(&status.to_string());
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(std::fs::read(&path).unwrap(), b"old", "{status}");
        assert!(storage.bucket("docs").download("a").await.is_err());
        let found = storage.exists(Scripted::id("a")).await;
        assert!(found.is_err(), "{status}: {found:?}");
        assert_eq!(server.store().len(), 3, "nothing is repeated");
    }
    // Nor is it the rest of one.
    let server = Scripted::start(|number, _| match number {
        0 => Reply::new(200)
            .header("etag", "\"1\"")
            .body(noise(LENGTH))
            .cut(CUT),
        _ => Reply::new(204).header("etag", "\"1\"").into(),
    })
    .await;
    let error = server
        .storage()
        .download(Scripted::id("a"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
}

#[tokio::test]
async fn a_part_is_an_object_only_where_it_was_requested() {
    for (range, total) in [
        ("bytes 0-999/*", "*"),
        ("bytes 0-999/3000", "3000"),
        ("bytes 0-999/1000", "1000"),
    ] {
        let server = Scripted::start(move |_, _| {
            let part = Reply::new(206).body(noise(1000)).header("etag", "\"1\"");
            part.header("content-range", range).into()
        })
        .await;
        let download = server.storage().download(Scripted::id("a"));
        let error = download.await.expect_err(total);
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
        let part = server.storage().download(Scripted::id("a")).range(..1000);
        assert_eq!(part.await.unwrap().len(), 1000, "{total}");
    }
}

#[tokio::test]
async fn a_condition_of_the_caller_is_rejected_by_name() {
    let server = Scripted::start(|_, _| Reply::new(200).body(noise(10)).into()).await;
    let download = server
        .storage()
        .download(Scripted::id("a"))
        .if_match("\"1\"");
    let error = download.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
    assert!(error.message().contains("`etag` is missing"), "{error}");
}

/// The first response does not say how long the object is; the second is a part of it.
async fn chunked_then(total: &'static str, shorter: usize) -> Scripted {
    Scripted::start(move |number, seen| {
        let body = noise(LENGTH);
        if number == 0 {
            let chunk = format!("{LENGTH:x}\r\n").into_bytes();
            let whole = Reply::new(200).header("transfer-encoding", "chunked");
            let whole = whole.header("etag", "\"1\"");
            return whole.body([chunk, body].concat()).cut(CUT);
        }
        let range = &seen.headers["range"];
        let start = range.trim_start_matches("bytes=").split('-').next();
        let start: usize = start.unwrap().parse().unwrap();
        // The first part ends before the object does, and says so.
        let end = if number == 1 {
            LENGTH - shorter
        } else {
            LENGTH
        };
        let part = Reply::new(206).header("etag", "\"1\"");
        let part = part.header(
            "content-range",
            format!("bytes {start}-{}/{total}", end - 1),
        );
        part.body(&body[start..end]).into()
    })
    .await
}

#[tokio::test]
async fn a_part_is_not_the_rest_because_it_ends() {
    for shorter in [0, 1, 50_000] {
        let server = chunked_then("300000", shorter).await;
        let back = server.storage().download(Scripted::id("a")).await.unwrap();
        assert!(back == noise(LENGTH), "{shorter}: {}", back.len());
        // Nobody knows whether this is all.
        let server = chunked_then("*", shorter).await;
        let download = server.storage().download(Scripted::id("a"));
        let error = download.await.expect_err(&shorter.to_string());
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
        let problem = "does not say how long the object is";
        assert!(error.message().contains(problem), "{error}");
    }
}

#[tokio::test]
async fn an_object_that_ends_before_the_range_is_no_empty_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "old").unwrap();
    for length in [0, 5, 10] {
        let server = Scripted::start(move |_, _| Reply::new(200).body(noise(length)).into()).await;
        let storage = server.storage();
        for download in [
            storage.download(Scripted::id("a")).range(10..),
            storage.download(Scripted::id("a")).range(10..20),
        ] {
            let error = download.to_file(&path).await.expect_err("nothing of it");
            assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
            assert_eq!(std::fs::read(&path).unwrap(), b"old", "{length}");
        }
    }
}
