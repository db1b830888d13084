//! What the gateway rejects before a product sees it, and names that the service does not document.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use cloudbase_emulator::{Emulator, Function, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wire::{Response, classic, pg};

const DOCUMENTED: &[&str] = &["b/A-9_!.* x", "文件/一.png"];
const OTHERS: &[&str] = &[
    "b/q?#.txt",
    "b/😀.txt",
    "b/a%20b&c=d.txt",
    "b/été(1).txt",
    "b/a+b",
    "b/a~",
];

#[tokio::test]
async fn copies_have_documented_names() {
    let bench = classic::Bench::new().await;
    bench.upload("a", "x").await.expect(200);
    let copy = |from: &str, to: &str| {
        let call = bench.post("copy-objects", &json!([{ "srcPath": from, "dstPath": to }]));
        async {
            call.send()
                .await
                .expect(200)
                .json()
                .get(0)
                .cloned()
                .unwrap()
        }
    };
    for name in DOCUMENTED {
        let copied = copy("a", name).await;
        assert_eq!(copied["cloudObjectId"], bench.id(name), "{copied}");
    }
    for name in OTHERS {
        // Uploads of such a name are not rejected: the service does not say what it does with one.
        bench.upload(name, "x").await.expect(200);
        for item in [copy("a", name).await, copy(name, "b").await] {
            assert_eq!(item["code"], "INVALID_PARAM", "{name}");
            let message = item["message"].as_str().unwrap();
            assert!(message.contains("must not contain"), "{message}");
        }
    }
}

#[tokio::test]
async fn uploads_have_documented_names_if_so_configured() {
    let bench = classic::Bench::with(Emulator::builder().strict_object_names(true)).await;
    for name in OTHERS {
        let info = bench.upload_info(name, json!({})).await;
        assert_eq!(info["code"], "INVALID_PARAM", "{name}");
    }
    for name in DOCUMENTED {
        bench.upload(name, "x").await.expect(200);
    }
    let builder = Emulator::builder().bucket("docs", false);
    let bench = pg::Bench::with(builder.strict_object_names(true)).await;
    for (method, path) in [
        ("POST", "/object/docs/a%3F"),
        ("PUT", "/object/docs/a%3F"),
        ("POST", "/object/upload/sign/docs/a%3F"),
    ] {
        let response = bench.admin(method, path).body("x").send().await;
        pg::assert_error(response, 400, "InvalidKey");
    }
    bench.put("docs/a%20b", "x").await;
}

#[track_caller]
fn assert_envelope(response: Response, status: u16, code: &str) {
    let response = response.expect(status);
    let body = response.json();
    assert_eq!(body["code"], code, "{body}");
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{body}"
    );
    assert!(
        body["requestId"].as_str().is_some_and(|id| !id.is_empty()),
        "{body}"
    );
}

#[tokio::test]
async fn what_the_framework_rejects_has_the_envelope() {
    let bench = pg::Bench::new().await;
    for (method, path) in [
        ("GET", "/bucket/?limit=x"),
        ("GET", "/bucket/?offset=-1"),
        ("GET", "/bucket/%ff"),
        ("GET", "/object/info/docs/%ff"),
        ("POST", "/object/docs/%ff"),
        ("DELETE", "/object/docs/%ff"),
    ] {
        let response = bench.admin(method, path).body("x").send().await;
        assert_envelope(response, 400, "INVALID_PARAM");
    }
}

/// The response to a request of which only the head is sent.
async fn head(emulator: &Emulator, method: &str, path: &str, length: u64) -> String {
    let mut socket = TcpStream::connect(emulator.address()).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\
         connection: close\r\n\r\n",
        emulator.api_key(),
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    // The connection stays open for the body, so the end of the response is where its JSON ends.
    while !response.ends_with(b"}") {
        assert_ne!(socket.read_buf(&mut response).await.unwrap(), 0);
    }
    String::from_utf8(response).unwrap()
}

#[tokio::test]
async fn no_body_is_longer_than_the_gateway_takes() {
    const LIMIT: u64 = 100 * 1024 * 1024;
    let bench = pg::Bench::new().await;
    for (method, path) in [
        ("POST", "/v1/storages/delete-objects"),
        ("POST", "/v1/storages/object/list/docs"),
        ("POST", "/v1/storages/object/docs/a"),
        ("PUT", "/v1/storages/object/docs/a"),
        ("POST", "/v1/rdb/rest/todos"),
    ] {
        let response = head(&bench.emulator, method, path, LIMIT + 1).await;
        assert!(
            response.starts_with("HTTP/1.1 413 "),
            "{method} {path}: {response}"
        );
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "EXCEED_MAX_PAYLOAD_SIZE", "{method} {path}");
        assert!(body["requestId"].is_string(), "{body}");
    }
    // A bucket's own limit is the bucket's to report.
    let spec = json!({"id": "small", "file_size_limit": 1});
    bench
        .admin("POST", "/bucket/")
        .json(&spec)
        .send()
        .await
        .expect(200);
    let response = bench
        .admin("POST", "/object/small/a")
        .body("xy")
        .send()
        .await;
    pg::assert_error(response, 413, "Payload too large");
}

#[tokio::test]
async fn json_is_text_for_the_limit_of_events_if_so_configured() {
    let echo = || Function::event(|event, _| async move { Ok(event) });
    for (is_text, status) in [(false, 200), (true, 413)] {
        let builder = Emulator::builder().json_is_text(is_text);
        let emulator = builder.function_with("echo", echo()).start().await.unwrap();
        let url = format!("{}/v1/functions/echo", emulator.endpoint());
        let send = |length: usize| {
            let call = wire::Wire::new().post(&url).bearer(emulator.api_key());
            call.json(&json!({ "text": "x".repeat(length) })).send()
        };
        let response = send(200 * 1024).await.expect(status);
        if is_text {
            assert_eq!(response.code(), "EXCEED_MAX_PAYLOAD_SIZE");
        }
        send(99 * 1024).await.expect(200);
    }
}

#[tokio::test]
async fn a_web_socket_is_rejected_with_a_reason() {
    let upstream = || Service::url("http://127.0.0.1:9").unwrap();
    let emulator = Emulator::builder()
        .http_function("site", |_| async {
            http::Response::new(axum::body::Body::empty())
        })
        .service("chat", upstream())
        .api("feed", upstream());
    let emulator = emulator.start().await.unwrap();
    for path in [
        "functions/site?webfn=true",
        "cloudrun/chat/socket",
        "apis/feed/socket",
    ] {
        let url = format!("{}/v1/{path}", emulator.endpoint());
        let call = wire::Wire::new().get(&url).bearer(emulator.api_key());
        let call = call
            .header("connection", "Upgrade")
            .header("upgrade", "WebSocket");
        let call = call.header("sec-websocket-version", "13");
        let response = call.header("sec-websocket-key", "eA==").send().await;
        assert!(response.text().contains("WebSocket"), "{}", response.text());
        assert_envelope(response, 501, "NOT_EMULATED");
    }
}
