//! The object store behind signed URLs, on the wire.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "storage_objects/forms.rs"]
mod forms;
mod wire;

use std::time::Duration;

use cloudbase_emulator::{Emulator, Fault, StorageAcl};
use serde_json::json;
use wire::classic::Bench;

#[tokio::test]
async fn an_object_goes_up_and_comes_down() {
    let bench = Bench::new().await;
    let signed = json!({"content-type": ["text/plain"], "content-length": ["9"], "cache-control": ["max-age=60"]});
    let info = bench.upload_info("images/a.txt", signed).await;
    assert_eq!(info["objectId"], "images/a.txt");
    assert_eq!(info["cloudObjectId"], bench.id("images/a.txt").as_str());
    let origin = bench.emulator.object_origin();
    assert_ne!(origin, bench.emulator.endpoint());
    assert_eq!(info["uploadUrl"], format!("{origin}/images/a.txt"));
    let put = bench
        .put(&info, "123456789")
        .header("content-type", "text/plain")
        .header("cache-control", "max-age=60")
        .header("x-cos-meta-colour", "blue")
        .send()
        .await
        .expect(200);
    assert!(put.body.is_empty());
    assert_eq!(put.header("etag"), "\"25f9e794323b453885f5181f1b624d0b\"");
    assert_eq!(put.header("x-cos-hash-crc64ecma"), "11051210869376104954");

    let url = bench.url("images/a.txt", 600).await;
    let got = bench.wire.get(&url).send().await.expect(200);
    assert_eq!(got.text(), "123456789");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "max-age=60"),
        ("content-length", "9"),
        ("accept-ranges", "bytes"),
        ("x-cos-meta-colour", "blue"),
        ("etag", "\"25f9e794323b453885f5181f1b624d0b\""),
        ("x-cos-hash-crc64ecma", "11051210869376104954"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    assert!(!got.header("last-modified").is_empty());
    assert!(!got.header("x-cos-request-id").is_empty());
    let head = bench.wire.head(&url).send().await.expect(200);
    assert_eq!(head.header("content-length"), "9");
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn ranges_and_conditions() {
    let bench = Bench::new().await;
    bench.upload("r", "0123456789").await.expect(200);
    let url = bench.url("r", 600).await;
    let range = async |range: &str| bench.wire.get(&url).header("range", range).send().await;
    let part = range("bytes=2-4").await.expect(206);
    assert_eq!(
        (part.text().as_str(), part.header("content-range")),
        ("234", "bytes 2-4/10")
    );
    assert_eq!(part.header("content-length"), "3");
    assert_eq!(range("bytes=8-").await.expect(206).text(), "89");
    assert_eq!(range("bytes=-1").await.expect(206).text(), "9");
    assert_eq!(
        range("bytes=0-1,3-4").await.expect(200).text(),
        "0123456789"
    );
    let outside = range("bytes=10-").await.expect(416);
    assert_eq!(outside.header("content-range"), "bytes */10");
    assert_eq!(outside.xml_code(), "InvalidRange");

    let etag = bench.wire.head(&url).send().await.header("etag").to_owned();
    bench
        .wire
        .get(&url)
        .header("if-none-match", &etag)
        .send()
        .await
        .expect(304);
    bench
        .wire
        .get(&url)
        .header("if-match", "\"other\"")
        .send()
        .await
        .expect(412);
    let resumed = bench
        .wire
        .get(&url)
        .header("range", "bytes=5-")
        .header("if-range", &etag);
    assert_eq!(resumed.send().await.expect(206).text(), "56789");
    let stale = bench
        .wire
        .get(&url)
        .header("range", "bytes=5-")
        .header("if-range", "\"other\"");
    assert_eq!(stale.send().await.expect(200).text(), "0123456789");
}

#[tokio::test]
async fn download_names_and_image_parameters() {
    let bench = Bench::new().await;
    bench.upload("d/x.txt", "hello").await.expect(200);
    let url = bench.url("d/x.txt", 600).await;
    let get = async |query: &str| {
        bench
            .wire
            .get(&format!("{url}&{query}"))
            .send()
            .await
            .expect(200)
    };
    let named = get("download=n%20m.txt&imageMogr2/thumbnail/30x20%5E/quality/80").await;
    assert_eq!(
        named.header("content-disposition"),
        "attachment; filename=\"n m.txt\"; filename*=UTF-8''n%20m.txt"
    );
    assert!(
        get("download=true")
            .await
            .header("content-disposition")
            .contains("x.txt")
    );
    assert_eq!(
        get("response-content-type=a%2Fb")
            .await
            .header("content-type"),
        "a/b"
    );
    let shown = get("response-content-disposition=inline").await;
    assert_eq!(shown.header("content-disposition"), "inline");
}

#[tokio::test]
async fn what_was_signed_must_arrive() {
    let bench = Bench::new().await;
    let info = bench
        .upload_info("a", json!({"content-type": ["text/plain"]}))
        .await;
    let put = |content| bench.put(&info, content);
    let rejected = put("x")
        .header("content-type", "text/html")
        .send()
        .await
        .expect(403);
    assert_eq!(rejected.xml_code(), "SignatureDoesNotMatch");
    assert_eq!(
        put("x").send().await.expect(403).xml_code(),
        "SignatureDoesNotMatch"
    );

    let info = bench
        .upload_info("a", json!({"content-length": ["5"]}))
        .await;
    let put = |content| bench.put(&info, content);
    assert_eq!(
        put("123").send().await.expect(403).xml_code(),
        "SignatureDoesNotMatch"
    );
    for (header, code) in [
        ("authorization", "AccessDenied"),
        ("x-cos-security-token", "AccessDenied"),
        ("x-cos-meta-fileid", "AccessDenied"),
    ] {
        let response = put("12345")
            .header(header, "wrong")
            .send()
            .await
            .expect(403);
        assert_eq!(response.xml_code(), code, "{header}");
    }
    let elsewhere = format!("{}/b", bench.emulator.object_origin());
    let response = bench
        .wire
        .put(&elsewhere)
        .header("authorization", info["authorization"].as_str().unwrap())
        .header("x-cos-security-token", info["token"].as_str().unwrap())
        .header(
            "x-cos-meta-fileid",
            info["cloudObjectMeta"].as_str().unwrap(),
        )
        .body("12345")
        .send()
        .await
        .expect(403);
    assert_eq!(response.xml_code(), "SignatureDoesNotMatch");
    put("12345").send().await.expect(200);
    bench.emulator.clock().advance(Duration::from_secs(3600));
    let late = put("12345").send().await.expect(403);
    assert_eq!(late.xml_code(), "AccessDenied");
    assert!(late.text().contains("expired"));
}

#[tokio::test]
async fn checksums_lengths_and_overwriting() {
    let bench = Bench::new().await;
    let info = bench.upload_info("a", json!({})).await;
    let put = |content| bench.put(&info, content);
    let wrong = put("x")
        .header("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")
        .send()
        .await;
    assert_eq!(wrong.expect(400).xml_code(), "BadDigest");
    assert_eq!(
        put("x")
            .header("content-md5", "?")
            .send()
            .await
            .expect(400)
            .xml_code(),
        "InvalidDigest"
    );
    let url = bench.url("a", 60).await;
    assert_eq!(
        bench.wire.get(&url).send().await.expect(404).xml_code(),
        "NoSuchKey"
    );
    put("123456789")
        .header("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")
        .send()
        .await
        .expect(200);

    let forbid = bench
        .upload_info("a", json!({"x-cos-forbid-overwrite": ["true"]}))
        .await;
    let again = bench
        .put(&forbid, "new")
        .header("x-cos-forbid-overwrite", "true")
        .send()
        .await;
    assert_eq!(again.expect(409).xml_code(), "FileAlreadyExists");
    assert_eq!(bench.wire.get(&url).send().await.text(), "123456789");
    put("replaced").send().await.expect(200);
    assert_eq!(bench.wire.get(&url).send().await.text(), "replaced");

    let chunked = futures_util::stream::iter([Ok::<_, std::io::Error>("chunk")]);
    let no_length = put("")
        .body(axum::body::Body::from_stream(chunked))
        .send()
        .await;
    assert_eq!(no_length.expect(411).xml_code(), "MissingContentLength");
}

#[tokio::test]
async fn signed_urls_end() {
    let bench = Bench::with(Emulator::builder().storage_acl(StorageAcl::Private)).await;
    bench.upload("p", "secret").await.expect(200);
    let url = bench.url("p", 10).await;
    assert_eq!(
        bench.wire.get(&url).send().await.expect(200).text(),
        "secret"
    );
    let bare = url.split_once('?').unwrap().0;
    assert_eq!(
        bench.wire.get(bare).send().await.expect(403).xml_code(),
        "AccessDenied"
    );
    let forged = url.replace("sign=", "sign=0");
    assert_eq!(
        bench.wire.get(&forged).send().await.expect(403).xml_code(),
        "SignatureDoesNotMatch"
    );
    // A Bearer header, which some clients send along, is no credential here.
    bench
        .wire
        .get(bare)
        .bearer(bench.emulator.api_key())
        .send()
        .await
        .expect(403);
    bench.emulator.clock().advance(Duration::from_secs(11));
    let late = bench.wire.get(&url).send().await.expect(403);
    assert!(late.text().contains("expired"), "{}", late.text());
}

#[tokio::test]
async fn faults_reach_the_object_store() {
    let bench = Bench::new().await;
    bench.upload("f", "0123456789").await.expect(200);
    let url = bench.url("f", 600).await;
    let faults = bench.emulator.faults();
    faults.add(Fault::on("GET /f").times(1).status(503, "SlowDown"));
    assert_eq!(
        bench.wire.get(&url).send().await.expect(503).xml_code(),
        "SlowDown"
    );
    faults.add(Fault::on("GET /f").times(1).reset_after(20));
    assert!(bench.wire.get(&url).try_send().await.is_err());
    assert_eq!(
        bench.wire.get(&url).send().await.expect(200).text(),
        "0123456789"
    );
    assert_eq!(bench.emulator.requests().count("GET /f"), 3);
}

/// A client that sends everything before it reads must get to see why it is rejected.
#[tokio::test]
async fn a_rejected_upload_gets_its_response_while_it_is_sent() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let bench = Bench::new().await;
    let body = vec![0_u8; 16 * 1024 * 1024];
    let gateway = bench.emulator.endpoint();
    for (origin, path) in [
        (bench.emulator.object_origin(), "/k"),
        (gateway, "/v1/storages/object/b/k"),
    ] {
        let address = origin.strip_prefix("http://").unwrap();
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&body).await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 40"), "{response}");
    }
}

#[tokio::test]
async fn a_cut_upload_leaves_the_old_object() {
    use futures_util::{StreamExt, stream};
    let bench = Bench::new().await;
    bench.upload("u", "old").await.expect(200);
    let info = bench.upload_info("u", json!({})).await;
    let broken = stream::iter([Ok("half"), Err(std::io::Error::other("cut"))]);
    let call = bench.put(&info, "").header("content-length", "9");
    let cut = call
        .body(axum::body::Body::from_stream(broken.boxed()))
        .try_send()
        .await;
    assert!(cut.is_err(), "{cut:?}");
    let got = bench
        .wire
        .get(&bench.url("u", 60).await)
        .send()
        .await
        .expect(200);
    assert_eq!(got.text(), "old");
}
