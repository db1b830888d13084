//! HTTP functions, hosting services and APIs.

use bytes::Bytes;
use cloudbase::CloudBase;
use cloudbase_core::{Body, Error, ErrorCode, ErrorKind};
use cloudbase_emulator::{Emulator, Service};
use futures_util::{StreamExt as _, stream};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::support::{mirror, start};

#[tokio::test]
async fn every_method_reaches_a_service() {
    let fixture = start(Emulator::builder().service("api", Service::http(mirror))).await;
    let service = fixture.cloud_run.service("api");
    let data = json!({ "a": 1, "text": "x y" });
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let call = service.request(method.clone(), "/items/1").json(&data);
        let response = call.header("x-custom", "yes").await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-answer"]),
            (202, &"yes".parse().unwrap())
        );
        let seen: Value = response.json().unwrap();
        assert_eq!(seen["method"], method.as_str());
        assert_eq!(seen["custom"], "yes");
        assert_eq!(
            serde_json::from_str::<Value>(seen["body"].as_str().unwrap()).unwrap(),
            data
        );
    }
    let seen: Value = service
        .get("/items?sort=asc")
        .query("page", 2)
        .json(&data)
        .await
        .unwrap()
        .json()
        .unwrap();
    assert!(seen["path"].as_str().unwrap().ends_with("/items"));
    assert_eq!(seen["query"], "sort=asc&page=2&a=1&text=x%20y");
    assert_eq!(seen["body"], "");
    let head = service.head("/items").await.unwrap();
    assert_eq!((head.status().as_u16(), head.bytes().len()), (202, 0));
    let seen: Value = service.options("/").await.unwrap().json().unwrap();
    assert_eq!(seen["method"], "OPTIONS");
    // The short form: GET unless said otherwise.
    let seen: Value = fixture.cloud_run.call("api").await.unwrap().json().unwrap();
    assert_eq!(seen["method"], "GET");
    let call = fixture
        .cloud_run
        .call("api")
        .method(Method::PUT)
        .path("/x")
        .json(&1);
    let seen: Value = call.await.unwrap().json().unwrap();
    assert_eq!(
        (&seen["method"], &seen["body"]),
        (&json!("PUT"), &json!("1"))
    );
    // A body needs a method.
    let error = fixture.cloud_run.call("api").json(&data).await.unwrap_err();
    assert!(
        error.message().starts_with("`json` needs a method"),
        "{error}"
    );
}

#[tokio::test]
async fn the_short_forms_are_the_long_ones() {
    let sum = |event: Value, _| async move {
        let numbers = [&event["a"], &event["b"]].map(|number| number.as_i64().unwrap_or_default());
        Ok(json!(numbers.iter().sum::<i64>()))
    };
    let builder = Emulator::builder()
        .function("sum", sum)
        .service("api", Service::http(mirror))
        .api("weather", Service::http(mirror));
    let fixture = start(builder).await;
    let app = CloudBase::builder(fixture.emulator.env_id())
        .endpoint(fixture.emulator.endpoint())
        .access_key(fixture.emulator.api_key())
        .build()
        .unwrap();
    let data = json!({ "a": 1, "b": 2 });
    assert_eq!(app.call_function::<i64>("sum", &data).await.unwrap(), 3);
    // No data at all is an empty event.
    assert_eq!(app.call_function::<i64>("sum", &()).await.unwrap(), 0);
    let error = app.call_function::<i64>("sum", &[1, 2]).await.unwrap_err();
    assert!(error.message().starts_with("`json` must be an object"));
    let seen: Value = app.call_container("api").await.unwrap().json().unwrap();
    assert_eq!(seen["method"], "GET");
    let call = app.call_container("api").method(Method::POST).path("/x");
    let seen: Value = call.json(&data).await.unwrap().json().unwrap();
    assert_eq!(seen["body"], data.to_string());
    let forecast = app.apis().api("weather").get("/now").await.unwrap();
    assert_eq!(forecast.json::<Value>().unwrap()["method"], "GET");
}

#[tokio::test]
async fn an_http_function_sees_the_whole_request() {
    let fixture = start(Emulator::builder().http_function("site", mirror)).await;
    let site = fixture.functions.http("site");
    let seen: Value = site
        .get("/pages/a b")
        .query("lang", "zh")
        .await
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(seen["method"], "GET");
    assert!(
        seen["path"].as_str().unwrap().ends_with("/pages/a%20b"),
        "{seen}"
    );
    assert!(
        seen["query"].as_str().unwrap().contains("lang=zh"),
        "{seen}"
    );
    let call = site.post("/mcp").body("text/csv", "a,b");
    let seen: Value = call.await.unwrap().json().unwrap();
    assert_eq!(
        (&seen["type"], &seen["body"]),
        (&json!("text/csv"), &json!("a,b"))
    );
    let root: Value = site
        .post("/")
        .json(&json!({}))
        .await
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(root["body"], "{}");
    // Called as an ordinary function it is not there.
    let error = fixture.functions.call("site").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api, "{error}");
}

#[tokio::test]
async fn an_api_gets_what_it_is_sent() {
    let fixture = start(Emulator::builder().api("weather", Service::http(mirror))).await;
    let api = fixture.apis.api("weather");
    let seen: Value = api
        .post("/now")
        .json(&json!({ "city": "深圳" }))
        .await
        .unwrap()
        .json()
        .unwrap();
    assert!(seen["path"].as_str().unwrap().ends_with("/now"));
    assert_eq!(seen["body"], "{\"city\":\"深圳\"}");
    let seen: Value = api
        .get("now")
        .json(&json!({ "city": "a&b" }))
        .await
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(seen["query"], "city=a%26b");
    let seen: Value = api.delete("now").await.unwrap().json().unwrap();
    assert_eq!(seen["body"], "{}");
    let call = api.post("now").token("not-a-token");
    let error = call.await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error}");
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let fixture = start(Emulator::builder().service("api", Service::http(mirror))).await;
    let pieces = (0..100).map(|index| Ok::<_, Error>(Bytes::from(format!("{index:04}"))));
    let body = Body::stream(stream::iter(pieces));
    let call = fixture
        .cloud_run
        .service("api")
        .post("/")
        .body("text/plain", body);
    let response = call.stream().await.unwrap();
    assert_eq!(response.status().as_u16(), 202);
    let pieces: Vec<Bytes> = response.into_value().map(Result::unwrap).collect().await;
    let seen: Value = serde_json::from_slice(&pieces.concat()).unwrap();
    assert_eq!(seen["body"].as_str().unwrap().len(), 400);
}

#[tokio::test]
async fn each_piece_comes_back_before_the_next_is_sent() {
    let echo = |request: http::Request<axum::body::Body>| async {
        let pieces = request.into_body().into_data_stream();
        Response::new(axum::body::Body::from_stream(pieces))
    };
    let fixture = start(Emulator::builder().service("echo", Service::http(echo))).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<&'static str>(1);
    let pieces = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Error>(Bytes::from(piece)), receiver))
    });
    sender.send("first").await.unwrap();
    let service = fixture.cloud_run.service("echo");
    let call = service.post("/").body("text/plain", Body::stream(pieces));
    let mut response = call.stream().await.unwrap().into_value();
    assert_eq!(response.next().await.unwrap().unwrap(), "first");
    sender.send("second").await.unwrap();
    assert_eq!(response.next().await.unwrap().unwrap(), "second");
    drop(sender);
    assert!(response.next().await.is_none());
}

#[tokio::test]
async fn a_stream_is_counted_while_it_is_sent() {
    let fixture = start(Emulator::builder().http_function("site", mirror)).await;
    let site = fixture.functions.http("site");
    let pieces = |count: usize| {
        let piece = Bytes::from(vec![b'x'; 1024]);
        stream::iter((0..count).map(move |_| Ok::<_, Error>(piece.clone())))
    };
    let at_limit = site.post("/").body("text/plain", Body::stream(pieces(100)));
    at_limit.await.unwrap();
    let repeatable = Body::factory(move || Body::stream(pieces(101)));
    for body in [Body::stream(pieces(101)), repeatable] {
        let error = site.post("/").body("text/plain", body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
        assert_eq!(
            error.message(),
            "the body has more than 102400 bytes, but the gateway takes 102400 of this content \
             type; `max_request_size` sets another limit"
        );
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn rejections_of_platform_and_service_are_errors() {
    let teapot = |_| async {
        let page = "<html>I am a teapot</html>";
        Response::builder().status(418).body(page.into()).unwrap()
    };
    let coded = |_| async {
        let body = r#"{"code":"OUT_OF_TEA","message":"none left"}"#;
        Response::builder().status(409).body(body.into()).unwrap()
    };
    let builder = Emulator::builder()
        .service("teapot", Service::http(teapot))
        .service("coded", Service::http(coded));
    let fixture = start(builder).await;
    let call = |name: &str| fixture.cloud_run.service(name).get("/").send();
    let error = call("nobody").await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::SERVICE_NOT_FOUND));
    assert!(error.is_not_found());
    let error = call("teapot").await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.code()),
        (418, None)
    );
    assert!(!error.to_string().contains("html"), "{error}");
    let error = call("coded").await.unwrap_err();
    assert_eq!(error.code().unwrap(), "OUT_OF_TEA");
    assert!(error.is_conflict() && error.message() == "none left");
    let too_long = vec![0; 20 * 1024 * 1024 + 1];
    let call = fixture
        .cloud_run
        .service("coded")
        .post("/")
        .body("image/png", too_long);
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn an_empty_response_is_null() {
    let nothing = |_| async {
        Response::builder()
            .status(204)
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let fixture = start(Emulator::builder().service("nothing", Service::http(nothing))).await;
    let response = fixture.cloud_run.call("nothing").await.unwrap();
    assert_eq!(response.status().as_u16(), 204);
    response.json::<()>().unwrap();
    assert_eq!(response.json::<Option<u8>>().unwrap(), None);
    let error = response.json::<u8>().unwrap_err();
    assert_eq!(error.message(), "empty response, u8 expected");
}
