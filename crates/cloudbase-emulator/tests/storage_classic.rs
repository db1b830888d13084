//! Classic storage on the wire: the batch endpoints and the object store behind signed URLs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use std::time::Duration;

use cloudbase_emulator::{Emulator, EmulatorBuilder, Fault, StorageAcl};
use serde_json::{Value, json};
use wire::{Answer, Call, Wire};

struct Bench {
    emulator: Emulator,
    wire: Wire,
}

impl Bench {
    async fn new() -> Self {
        Self::with(Emulator::builder()).await
    }

    async fn with(builder: EmulatorBuilder) -> Self {
        let emulator = builder.env_id("shop-1a2b").start().await.unwrap();
        Self {
            emulator,
            wire: Wire::new(),
        }
    }

    fn post(&self, operation: &str, body: &Value) -> Call {
        let url = format!("{}/v1/storages/{operation}", self.emulator.endpoint());
        self.wire
            .post(&url)
            .bearer(self.emulator.api_key())
            .json(body)
    }

    async fn upload_info(&self, key: &str, signed: Value) -> Value {
        let body = json!([{"objectId": key, "signedHeader": signed}]);
        let answer = self
            .post("get-objects-upload-info", &body)
            .send()
            .await
            .expect(200);
        answer.json()[0].clone()
    }

    fn put(&self, info: &Value, content: &'static str) -> Call {
        self.wire
            .put(info["uploadUrl"].as_str().unwrap())
            .header("authorization", info["authorization"].as_str().unwrap())
            .header("x-cos-security-token", info["token"].as_str().unwrap())
            .header(
                "x-cos-meta-fileid",
                info["cloudObjectMeta"].as_str().unwrap(),
            )
            .body(content)
    }

    async fn upload(&self, key: &str, content: &'static str) -> Answer {
        let info = self.upload_info(key, json!({})).await;
        self.put(&info, content).send().await
    }

    fn id(&self, key: &str) -> String {
        format!("cloud://shop-1a2b.{}/{key}", self.emulator.storage_bucket())
    }

    async fn url(&self, key: &str, max_age: u64) -> String {
        let body = json!([{"cloudObjectId": self.id(key), "maxAge": max_age}]);
        let answer = self
            .post("get-objects-download-info", &body)
            .send()
            .await
            .expect(200);
        answer.json()[0]["downloadUrlEncoded"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

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
    let refused = put("x")
        .header("content-type", "text/html")
        .send()
        .await
        .expect(403);
    assert_eq!(refused.xml_code(), "SignatureDoesNotMatch");
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
        let answer = put("12345")
            .header(header, "wrong")
            .send()
            .await
            .expect(403);
        assert_eq!(answer.xml_code(), code, "{header}");
    }
    let elsewhere = format!("{}/b", bench.emulator.object_origin());
    let answer = bench
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
    assert_eq!(answer.xml_code(), "SignatureDoesNotMatch");
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
async fn public_objects_need_no_signature() {
    let bench = Bench::new().await;
    bench.upload("a b", "x").await.expect(200);
    let body = json!([{"cloudObjectId": bench.id("a b")}]);
    let item = bench
        .post("get-objects-download-info", &body)
        .send()
        .await
        .json()[0]
        .clone();
    let origin = bench.emulator.object_origin();
    assert_eq!(item["downloadUrl"], format!("{origin}/a b"));
    assert_eq!(item["downloadUrlEncoded"], format!("{origin}/a%20b"));
    let url = item["downloadUrlEncoded"].as_str().unwrap();
    assert_eq!(bench.wire.get(url).send().await.expect(200).text(), "x");
}

#[tokio::test]
async fn roles_and_their_limits() {
    let bench = Bench::with(
        Emulator::builder()
            .storage_rule("private/", StorageAcl::Private)
            .storage_rule("admin/", StorageAcl::AdminOnly),
    )
    .await;
    bench.upload("open", "x").await.expect(200);
    bench.upload("private/a", "x").await.expect(200);
    let visitor = bench.emulator.publishable_key();
    let ask = async |operation: &str, body: Value| {
        bench.post(operation, &body).bearer(visitor).send().await
    };
    let code = async |operation: &str, body: Value| {
        ask(operation, body).await.expect(200).json()[0]["code"]
            .as_str()
            .map(str::to_owned)
    };
    let denied = Some("STORAGE_EXCEED_AUTHORITY".to_owned());
    assert_eq!(
        code("get-objects-upload-info", json!([{"objectId": "new"}])).await,
        denied
    );
    let read = async |key: &str| {
        code(
            "get-objects-download-info",
            json!([{"cloudObjectId": bench.id(key)}]),
        )
        .await
    };
    assert_eq!(read("open").await, None);
    assert_eq!(read("private/a").await, denied);
    assert_eq!(read("admin/a").await, denied);
    let delete = json!([{"cloudObjectId": bench.id("open")}]);
    assert_eq!(code("delete-objects", delete).await, denied);
    let copy = json!([{"srcPath": "open", "dstPath": "b"}]);
    assert_eq!(
        ask("copy-objects", copy).await.expect(403).code(),
        "ACTION_FORBIDDEN"
    );

    bench.emulator.set_storage_rule("", StorageAcl::AdminOnly);
    assert_eq!(read("open").await, denied);
}

#[tokio::test]
async fn calls_without_credentials_are_refused() {
    let bench = Bench::new().await;
    for operation in [
        "get-objects-upload-info",
        "get-objects-download-info",
        "delete-objects",
        "copy-objects",
    ] {
        let url = format!("{}/v1/storages/{operation}", bench.emulator.endpoint());
        let answer = bench
            .wire
            .post(&url)
            .json(&json!([]))
            .send()
            .await
            .expect(401);
        assert_eq!(answer.code(), "MISSING_CREDENTIALS", "{operation}");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn copying_moving_and_deleting() {
    let bench = Bench::new().await;
    bench.upload("a", "one").await.expect(200);
    bench.upload("b", "two").await.expect(200);
    let text = async |key: &str| bench.wire.get(&bench.url(key, 60).await).send().await;
    let copy = async |item: Value| {
        bench
            .post("copy-objects", &json!([item]))
            .send()
            .await
            .expect(200)
            .json()[0]
            .clone()
    };
    let done = copy(json!({"srcPath": "a", "dstPath": "c"})).await;
    assert_eq!(done["cloudObjectId"], bench.id("c").as_str());
    assert_eq!(text("c").await.text(), "one");
    let kept = copy(json!({"srcPath": "a", "dstPath": "b", "overwrite": false})).await;
    assert_eq!(kept["code"], "OBJECT_ALREADY_EXIST");
    copy(json!({"srcPath": "a", "dstPath": "b", "removeOriginal": true})).await;
    assert_eq!(text("b").await.text(), "one");
    text("a").await.expect(404);
    assert_eq!(
        copy(json!({"srcPath": "a", "dstPath": "x"})).await["code"],
        "OBJECT_NOT_EXIST"
    );
    assert_eq!(
        copy(json!({"srcPath": "b", "dstPath": "b"})).await["code"],
        "INVALID_PARAM"
    );
    assert_eq!(
        copy(json!({"srcPath": "/b", "dstPath": "x"})).await["code"],
        "INVALID_PARAM"
    );

    let ids = json!([{"cloudObjectId": bench.id("b")}, {"cloudObjectId": bench.id("b")}, {"cloudObjectId": "b"}]);
    let answer = bench
        .post("delete-objects", &ids)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer[0], json!({"cloudObjectId": bench.id("b")}));
    assert_eq!(answer[1]["code"], "OBJECT_NOT_EXIST");
    assert_eq!(answer[1]["cloudObjectId"], bench.id("b").as_str());
    assert_eq!(answer[2]["code"], "INVALID_PARAM");
}

#[tokio::test]
async fn bad_batches() {
    let bench = Bench::new().await;
    let ask = async |body: Value| bench.post("get-objects-upload-info", &body).send().await;
    assert_eq!(ask(json!([])).await.expect(400).code(), "INVALID_PARAM");
    assert_eq!(
        ask(json!({"objectId": "a"})).await.expect(400).code(),
        "INVALID_PARAM"
    );
    let many = Value::Array(vec![json!({"objectId": "a"}); 51]);
    assert_eq!(ask(many).await.expect(403).code(), "OBJECT_BATCH_TOO_LARGE");
    let items = json!([{"objectId": "/a"}, {"objectId": "a/../b"}, {}, {"objectId": "ok"}]);
    let answer = ask(items).await.expect(200).json();
    for index in 0..3 {
        assert_eq!(answer[index]["code"], "INVALID_PARAM");
    }
    assert_eq!(answer[3]["objectId"], "ok");
}

#[tokio::test]
async fn every_legal_key_round_trips() {
    let bench = Bench::new().await;
    let long = "k".repeat(850);
    let keys = [
        "a",
        "a b",
        "a+b",
        "a?b=c",
        "a#b",
        "%2e%2e/x",
        "100%",
        "a//b",
        "./a",
        "\u{1f600}.png",
        "\u{4f60}\u{597d}/\u{7167}\u{7247}.jpg",
        "a&b=c;d",
        "it's \"q\"",
        "back\\slash",
        "dir/",
        "*!()~",
        "v1/storages/x",
        "__emulator/inbox",
        long.as_str(),
    ];
    for key in keys {
        let content: &'static str = Box::leak(format!("content of {key}").into_boxed_str());
        bench.upload(key, content).await.expect(200);
    }
    for key in keys {
        let got = bench
            .wire
            .get(&bench.url(key, 60).await)
            .send()
            .await
            .expect(200);
        assert_eq!(got.text(), format!("content of {key}"), "{key:?}");
    }
}

#[tokio::test]
async fn form_uploads() {
    let bench = Bench::new().await;
    let info = bench.upload_info("dir/f.txt", Value::Null).await;
    let field = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = |signature: &str| {
        [
            field("key", "dir/f.txt"),
            field("signature", signature),
            field(
                "x-cos-meta-fileid",
                info["cloudObjectMeta"].as_str().unwrap(),
            ),
            field("success_action_status", "201"),
            field("x-cos-security-token", info["token"].as_str().unwrap()),
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\n\
             Content-Type: text/plain\r\n\r\nhello\r\n--B--\r\n"
                .to_owned(),
        ]
        .concat()
    };
    let post = async |body: String| {
        let call = bench.wire.post(info["uploadUrl"].as_str().unwrap());
        call.header("content-type", "multipart/form-data; boundary=B")
            .body(body)
            .send()
            .await
    };
    let done = post(form(info["authorization"].as_str().unwrap()))
        .await
        .expect(201);
    assert!(
        done.text().contains("<Key>dir/f.txt</Key>"),
        "{}",
        done.text()
    );
    let got = bench
        .wire
        .get(&bench.url("dir/f.txt", 60).await)
        .send()
        .await;
    assert_eq!(
        (got.text().as_str(), got.header("content-type")),
        ("hello", "text/plain")
    );
    assert_eq!(
        post(form("wrong")).await.expect(403).xml_code(),
        "AccessDenied"
    );
    assert_eq!(
        post("--B--\r\n".to_owned()).await.expect(400).xml_code(),
        "MissingFile"
    );
    assert_eq!(
        post("garbage".to_owned()).await.expect(400).xml_code(),
        "MalformedPOSTRequest"
    );
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

/// A client that sends everything before it reads must get to see why it is refused.
#[tokio::test]
async fn a_refused_upload_is_answered_while_it_is_sent() {
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
            "PUT {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&body).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
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

#[tokio::test]
async fn snapshots_and_resets() {
    let bench = Bench::new().await;
    bench.upload("s", "kept").await.expect(200);
    let url = bench.url("s", 600).await;
    let snapshot = bench.emulator.snapshot().await.unwrap();
    bench.emulator.reset().await.unwrap();
    bench.wire.get(&url).send().await.expect(404);
    bench.emulator.restore(&snapshot).await.unwrap();
    assert_eq!(bench.wire.get(&url).send().await.expect(200).text(), "kept");
}

#[tokio::test]
async fn objects_outlive_the_emulator_in_a_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::with(Emulator::builder().data_dir(dir.path())).await;
    bench.upload("keep", "me").await.expect(200);
    bench.emulator.shutdown().await;
    let bench = Bench::with(Emulator::builder().data_dir(dir.path())).await;
    let got = bench
        .wire
        .get(&bench.url("keep", 60).await)
        .send()
        .await
        .expect(200);
    assert_eq!(got.text(), "me");
}
