//! HTTP functions, cloud hosting and APIs: whole requests passed on, both ways as streams.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use std::{future::pending, time::Duration};

use axum::{Router, body::Body, extract::Request, response::IntoResponse};
use bytes::Bytes;
use cloudbase_emulator::{Access, Emulator, EmulatorBuilder, Function, Service};
use futures_util::StreamExt;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wire::{Call, Wire};

struct Bench {
    emulator: Emulator,
    wire: Wire,
}

impl Bench {
    async fn new(builder: EmulatorBuilder) -> Self {
        Self {
            emulator: builder.start().await.unwrap(),
            wire: Wire::new(),
        }
    }

    fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}/v1/{path}", self.emulator.endpoint());
        self.wire
            .call(method, &url)
            .bearer(self.emulator.publishable_key())
    }
}

/// Responds with what it got.
async fn mirror(request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let seen = json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.path_and_query().map(|path| path.as_str()),
        "body": String::from_utf8_lossy(&body),
        "custom": header("x-custom"),
        "request_id": header("x-cloudbase-request-id"),
        "has_context": header("x-cloudbase-context").is_some(),
        "connection": header("connection"),
    });
    (
        StatusCode::ACCEPTED,
        [("x-response", "yes")],
        axum::Json(seen),
    )
        .into_response()
}

/// A real server with the mirror behind it.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(mirror)).await });
    url
}

/// An address at which nothing listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_http_function_sees_the_whole_request() {
    let url = server().await;
    let bench = Bench::new(
        Emulator::builder()
            .http_function("site", mirror)
            .function_with("remote", Function::url(&url).unwrap().web()),
    )
    .await;
    for name in ["site", "remote"] {
        let call = bench
            .call(
                Method::PUT,
                &format!("functions/{name}/a%20b/c?webfn=true&x=1"),
            )
            .header("x-custom", "v")
            .header("x-request-id", "rid")
            .body("raw");
        let response = call.send().await.expect(202);
        assert_eq!(response.header("x-response"), "yes");
        let seen = response.json();
        assert_eq!(seen["method"], "PUT", "{name}");
        assert_eq!(seen["uri"], "/a%20b/c?x=1");
        assert_eq!(seen["body"], "raw");
        assert_eq!(seen["custom"], "v");
        assert_eq!(seen["request_id"], "rid");
        assert_eq!(seen["has_context"], true);
        let by_header = bench.call(Method::POST, &format!("functions/{name}"));
        let seen = by_header
            .header("x-tcb-webfn", "true")
            .send()
            .await
            .expect(202)
            .json();
        assert_eq!(seen["uri"], "/");
        let plain = bench
            .call(Method::POST, &format!("functions/{name}"))
            .send()
            .await;
        assert_eq!(plain.expect(400).code(), "FUNCTION_PARAM_INVALID");
    }
}

#[tokio::test]
async fn a_function_behind_a_url_gets_its_event() {
    let url = server().await;
    let bench = Bench::new(
        Emulator::builder()
            .function_with("remote", Function::url(&format!("{url}/base")).unwrap())
            .function_with("gone", Function::url(&nobody().await).unwrap())
            .function_with("site", Function::url(&nobody().await).unwrap().web()),
    )
    .await;
    let call = bench
        .call(Method::POST, "functions/remote")
        .json(&json!({"a": 1}));
    let seen = call.send().await.expect(202).json();
    assert_eq!(
        (&seen["uri"], &seen["body"]),
        (&json!("/base/"), &json!("{\"a\":1}"))
    );
    let gone = bench
        .call(Method::POST, "functions/gone")
        .send()
        .await
        .expect(400);
    assert_eq!(gone.code(), "FUNCTION_INVOCATION_FAILED");
    let gone = bench
        .call(Method::POST, "functions/site?webfn=true")
        .send()
        .await
        .expect(400);
    assert_eq!(gone.code(), "FUNCTION_INVOCATION_FAILED");
    assert_eq!(gone.header("x-cloudbase-upstream-status-code"), "443");
}

#[tokio::test]
async fn errors_of_the_functions_framework_become_the_platforms() {
    let reported = |request: Request| async move {
        let (status, code) = match request.uri().path().trim_matches('/') {
            "crash" => (500, "SYS_ERR"),
            "busy" => (429, "TOO_MANY_REQUESTS"),
            "late" => (500, "SERVER_TIMEOUT"),
            _ => (418, "OWN_CODE"),
        };
        let body = json!({"code": code, "message": "m", "requestId": "r"});
        (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(reported)).await });
    let mut builder = Emulator::builder();
    for name in ["crash", "busy", "late", "own"] {
        let function = Function::url(&format!("{url}/{name}")).unwrap();
        builder = builder.function_with(name, function);
    }
    let bench = Bench::new(builder).await;
    for (name, status, code) in [
        ("crash", 400, "FUNCTION_INVOCATION_FAILED"),
        ("busy", 429, "FUNCTION_EXCEED_RESOURCE_LIMIT"),
        ("late", 400, "FUNCTION_TIME_LIMIT_EXCEEDED"),
        ("own", 418, "OWN_CODE"),
    ] {
        let response = bench
            .call(Method::POST, &format!("functions/{name}"))
            .send()
            .await;
        assert_eq!(response.expect(status).code(), code, "{name}");
    }
}

#[tokio::test]
async fn services_and_apis_take_every_method() {
    let url = server().await;
    let bench = Bench::new(
        Emulator::builder()
            .service("svc", Service::url(&url).unwrap())
            .api("pay_x1", Service::http(mirror)),
    )
    .await;
    for path in ["cloudrun/svc", "apis/pay_x1"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let call = bench.call(method.clone(), &format!("{path}/p/q?k=v%20w"));
            let seen = call.send().await.expect(202).json();
            assert_eq!(seen["method"], method.as_str(), "{path}");
            assert_eq!(seen["uri"], "/p/q?k=v%20w");
        }
        let head = bench
            .call(Method::HEAD, &format!("{path}/p"))
            .send()
            .await
            .expect(202);
        assert_eq!(head.header("x-response"), "yes");
        let seen = bench
            .call(Method::POST, path)
            .send()
            .await
            .expect(202)
            .json();
        assert_eq!(seen["uri"], "/", "{path}");
    }
}

#[tokio::test]
async fn hosting_responses_become_downloads() {
    let typed = |request: Request| async move {
        let content_type = request.uri().query().unwrap_or_default().to_owned();
        ([("content-type", content_type)], "x").into_response()
    };
    let bench = Bench::new(
        Emulator::builder()
            .service("svc", Service::http(typed))
            .api("api", Service::http(typed)),
    )
    .await;
    for (method, path, disposition) in [
        (Method::GET, "cloudrun/svc?application/json", "attachment"),
        (Method::POST, "cloudrun/svc?application/json", ""),
        (Method::POST, "cloudrun/svc?text/plain;charset=utf-8", ""),
        (Method::POST, "cloudrun/svc?image/png", "attachment"),
        (Method::GET, "cloudrun/svc?text/event-stream", ""),
        (Method::GET, "apis/api?image/png", ""),
    ] {
        let response = bench.call(method, path).send().await.expect(200);
        assert_eq!(
            response.header("content-disposition"),
            disposition,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_hosting_rejects() {
    let slow = Service::http(|_| pending()).timeout(Duration::from_millis(5));
    let crash = Service::http(|_| async { panic!("this panic is part of the test") });
    let bench = Bench::new(
        Emulator::builder()
            .service("slow", slow.clone())
            .service("crash", crash)
            .service("gone", Service::url(&nobody().await).unwrap())
            .service("admin", Service::http(mirror).access(Access::Admin))
            .service("mirror", Service::http(mirror))
            .api("slow", slow),
    )
    .await;
    for (path, status, code) in [
        ("cloudrun/slow", 504, "SERVICE_TIMEOUT"),
        ("cloudrun/crash", 502, "SERVICE_LB_STATUS_ABNORMAL"),
        ("cloudrun/gone", 502, "SERVICE_LB_STATUS_ABNORMAL"),
        ("cloudrun/admin", 403, "SERVICE_FORBIDDEN"),
        ("cloudrun/unknown", 404, "SERVICE_NOT_FOUND"),
        ("apis/slow", 504, "SERVICE_TIMEOUT"),
        ("apis/unknown", 404, "RESOURCE_NOT_FOUND"),
    ] {
        let response = bench.call(Method::POST, path).send().await.expect(status);
        assert_eq!(response.code(), code, "{path}");
    }
    let large = vec![0_u8; 20 * 1024 * 1024 + 1];
    let rejected = bench
        .call(Method::POST, "cloudrun/mirror")
        .body(large)
        .send()
        .await
        .expect(413);
    assert_eq!(rejected.code(), "EXCEED_MAX_PAYLOAD_SIZE");
    let url = format!("{}/v1/cloudrun/mirror", bench.emulator.endpoint());
    assert_eq!(
        bench.wire.get(&url).send().await.expect(401).code(),
        "MISSING_CREDENTIALS"
    );
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    // Every piece comes back before the next is sent: neither side may wait for the end.
    let echo = |request: Request| async move {
        Response::new(Body::from_stream(request.into_body().into_data_stream()))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
    let bench = Bench::new(
        Emulator::builder()
            .service("url", Service::url(&url).unwrap())
            .service("closure", Service::http(echo)),
    )
    .await;
    for name in ["url", "closure"] {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
        let frames = futures_util::stream::unfold(receiver, async |mut receiver| {
            let piece = receiver.recv().await?;
            Some((Ok::<_, std::io::Error>(Frame::data(piece)), receiver))
        });
        sender.send(Bytes::from_static(b"first")).await.unwrap();
        let call = bench.call(Method::POST, &format!("cloudrun/{name}"));
        let response = call
            .body(Body::new(StreamBody::new(frames.boxed())))
            .stream()
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "first");
        sender.send(Bytes::from_static(b"second")).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), "second");
        drop(sender);
        assert!(body.next().await.is_none());
    }
}

#[tokio::test]
async fn event_streams_arrive_as_they_are_sent() {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
    let events = move |_| {
        let receiver = receiver.clone();
        async move {
            let frames = futures_util::stream::unfold(receiver, async |receiver| {
                let piece = receiver.lock().await.recv().await?;
                Some((Ok::<_, std::io::Error>(piece), receiver))
            });
            let body = Body::from_stream(frames.boxed());
            ([("content-type", "text/event-stream")], body).into_response()
        }
    };
    let bench = Bench::new(Emulator::builder().http_function("sse", events)).await;
    let response = bench
        .call(Method::GET, "functions/sse?webfn=true")
        .stream()
        .await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        sender.send(Bytes::from(event)).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), event);
    }
}

#[tokio::test]
async fn a_file_names_them_all() {
    let url = server().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("functions.json");
    let file = json!({
        "functions": {"hello": {"url": url}},
        "services": {"svc": {"url": url}},
        "apis": {"pay_x1": {"url": url, "access": "admin"}},
    });
    std::fs::write(&path, file.to_string()).unwrap();
    let bench = Bench::new(Emulator::builder().functions_file(&path)).await;
    let seen: Value = bench
        .call(Method::POST, "functions/hello")
        .send()
        .await
        .expect(202)
        .json();
    assert_eq!(seen["body"], "{}");
    bench
        .call(Method::GET, "cloudrun/svc")
        .send()
        .await
        .expect(202);
    bench
        .call(Method::GET, "apis/pay_x1")
        .send()
        .await
        .expect(403);
    assert!(
        Emulator::builder()
            .functions_file(dir.path().join("none"))
            .start()
            .await
            .is_err()
    );
}
