//! Downloads that are cut off or led elsewhere: what they go on with, and when they give up.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use cloudbase_core::http::{HeaderMap, Request, Response};
use cloudbase_core::{Body, BoxError, Client, ErrorKind};
use cloudbase_storage::Storage;
use serde_json::json;
use tower::service_fn;

const ID: &str = "cloud://env.bucket/a";
const URL: &str = "https://store.example/a?sign=1";

/// What a request was for: its URL and headers.
type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// A storage whose object store responds to the first request with the first of `responses`, and so on,
/// and the requests to the store. The gateway responds with the URL of the store.
fn start(responses: impl IntoIterator<Item = Response<Vec<u8>>>) -> (Storage, Seen) {
    let responses = Mutex::new(responses.into_iter().collect::<VecDeque<_>>());
    let (responses, seen) = (Arc::new(responses), Seen::default());
    let requests = seen.clone();
    let transport = service_fn(move |request: Request<Body>| {
        let url = request.uri().to_string();
        let response = if request.uri().path().ends_with("/get-objects-download-info") {
            let info = json!([{ "cloudObjectId": ID, "downloadUrl": URL }]);
            Response::new(Body::from(info.to_string()))
        } else {
            let headers = request.headers().clone();
            requests.lock().unwrap().push((url, headers));
            let next = responses.lock().unwrap().pop_front();
            next.expect("a response for this request").map(Body::from)
        };
        async { Ok::<_, BoxError>(response) }
    });
    let client = Client::builder()
        .env_id("env")
        .access_key("key")
        .allow_plain_http(true)
        .transport(transport);
    (Storage::new(client.build().unwrap()), seen)
}

/// The bytes of an object, which differ from place to place.
fn object(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8)) as u8).collect()
}

/// The response that holds `object` from `start` on, and ends after `bytes` of it.
fn cut(object: &[u8], start: usize, bytes: usize, version: &[(&str, &str)]) -> Response<Vec<u8>> {
    let total = object.len();
    let mut response = Response::builder().header("content-length", total - start);
    for (name, value) in version {
        response = response.header(*name, *value);
    }
    if start > 0 {
        let range = format!("bytes {start}-{}/{total}", total - 1);
        response = response.status(206).header("content-range", range);
    }
    let end = total.min(start + bytes);
    response.body(object[start..end].to_vec()).unwrap()
}

const MIB: usize = 1024 * 1024;
const TAG: (&str, &str) = ("etag", "\"1\"");

#[tokio::test(start_paused = true)]
async fn a_mebibyte_makes_up_for_the_interruptions_before_it() {
    let object = object(5 * MIB + 1);
    // Five interruptions, of which no two are within the same mebibyte.
    let responses = (0..6).map(|number| cut(&object, number * MIB, MIB, &[TAG]));
    let (storage, seen) = start(responses);
    let back = storage.download(ID).max_resumes(1).await.unwrap();
    assert!(back == object);
    assert_eq!(seen.lock().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn less_than_a_mebibyte_makes_up_for_nothing() {
    let object = object(2 * MIB);
    // The second half of a mebibyte makes it whole, and lets the download go on once more.
    for (piece, requests) in [(MIB / 2 - 1, 2), (MIB / 2, 3)] {
        let responses = (0..requests).map(|number| cut(&object, number * piece, piece, &[TAG]));
        let (storage, seen) = start(responses);
        let error = storage.download(ID).max_resumes(1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{error}");
        assert_eq!(seen.lock().unwrap().len(), requests);
    }
}

#[tokio::test]
async fn what_is_resumed_is_named_by_its_tag_or_else_by_its_date() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let (weak, date) = (("etag", "W/\"1\""), ("last-modified", DATE));
    let object = object(1000);
    for (version, condition) in [
        (vec![TAG, date], ("if-match", "\"1\"")),
        (vec![TAG], ("if-match", "\"1\"")),
        (vec![weak, date], ("if-unmodified-since", DATE)),
        (vec![date], ("if-unmodified-since", DATE)),
    ] {
        let responses = [
            cut(&object, 0, 400, &version),
            cut(&object, 400, 600, &version),
        ];
        let (storage, seen) = start(responses);
        assert!(storage.download(ID).await.unwrap() == object);
        let (_, headers) = &seen.lock().unwrap()[1];
        assert_eq!(headers["range"], "bytes=400-999");
        let conditions = ["if-match", "if-unmodified-since", "if-range"];
        let conditions = conditions
            .iter()
            .filter(|name| headers.contains_key(**name));
        assert_eq!(conditions.collect::<Vec<_>>(), [&condition.0]);
        assert_eq!(headers[condition.0], condition.1);
    }
    // A weak tag names no bytes: without a date nothing shows that they are still the same.
    let (storage, seen) = start([cut(&object, 0, 400, &[weak])]);
    let error = storage.download(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset, "{error}");
    assert_eq!(seen.lock().unwrap().len(), 1);
    // Nor does the same date under another weak tag.
    let other = [("etag", "W/\"2\""), date];
    let responses = [
        cut(&object, 0, 400, &[weak, date]),
        cut(&object, 400, 600, &other),
    ];
    let (storage, _) = start(responses);
    let error = storage.download(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
}

#[tokio::test]
async fn a_file_holds_what_came_before_an_interruption_and_after_it() {
    // A part is written while the next one is received, in batches of a quarter of a mebibyte.
    let object = object(2 * MIB + 1);
    let responses = [
        cut(&object, 0, MIB + 7, &[TAG]),
        cut(&object, MIB + 7, MIB, &[TAG]),
    ];
    let (storage, _) = start(responses);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    storage.download(ID).to_file(&path).await.unwrap();
    assert!(std::fs::read(path).unwrap() == object);
}

#[tokio::test]
async fn a_redirect_never_leads_from_https_to_http() {
    let to = |location: &str| {
        let response = Response::builder().status(302).header("location", location);
        response.body(Vec::new()).unwrap()
    };
    let target = || cut(b"object", 0, 6, &[]);
    // Plain http is allowed to these hosts: loopback, and any by `allow_plain_http`.
    for location in [
        "http://127.0.0.1/b",
        "http://localhost:8080/b",
        "http://store.example/a?sign=1",
    ] {
        for of_bucket in [false, true] {
            let (storage, seen) = start([to(location), target()]);
            let download = match of_bucket {
                true => storage.bucket("docs").download("a"),
                false => storage.download(ID),
            };
            let error = download.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
            assert!(error.message().contains("from https to http"), "{error}");
            assert_eq!(seen.lock().unwrap().len(), 1, "{location}");
        }
    }
    // In the middle of several redirects, too.
    let (storage, seen) = start([to("/b"), to("http://127.0.0.1/c"), target()]);
    storage.download(ID).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 2);
    let (storage, seen) = start([to("https://127.0.0.1/b"), to("/c"), target()]);
    assert_eq!(storage.download(ID).await.unwrap(), "object");
    assert_eq!(seen.lock().unwrap()[2].0, "https://127.0.0.1/c");
}
