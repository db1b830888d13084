//! Errors of the user's own code, through every door that leads to it.

use axum::body::Body;
use bytes::Bytes;
use cloudbase::CloudBase;
use cloudbase_core::{Error, ErrorCode, ErrorKind};
use cloudbase_emulator::{Emulator, Fault, Function, FunctionError, Service};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Request, Response};
use serde_json::{Value, json};

use crate::support::{Fixture, start};

/// Responds with the status in the path and the body and content type of the request.
async fn status(request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let status: u16 = parts
        .uri
        .path()
        .rsplit('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut response = Response::builder().status(status).header("x-trace", "t");
    if let Some(content_type) = parts.headers.get("x-content-type") {
        response = response.header("content-type", content_type);
    }
    if (300..400).contains(&status) {
        response = response.header("location", "/login");
    }
    response.body(body).unwrap()
}

async fn fixture() -> Fixture {
    let builder = Emulator::builder()
        .service("own", Service::http(status))
        .http_function("own", status)
        .api("own", Service::http(status));
    start(builder).await
}

async fn call(fixture: &Fixture, status: u16, content_type: &str, body: &'static [u8]) -> Error {
    let call = fixture.cloud_run.service("own").post(status.to_string());
    let call = call.header("x-content-type", content_type);
    let error = call.body("application/octet-stream", body).await;
    error.unwrap_err()
}

#[tokio::test]
async fn nothing_of_a_response_is_lost() {
    const JSON: &str = "application/json";
    let fixture = fixture().await;
    for (status, content_type, body, code, message) in [
        (
            422,
            JSON,
            r#"{"errors":[{"field":"title"}]}"#,
            None,
            "Unprocessable Entity",
        ),
        (
            400,
            JSON,
            r#"{"statusCode":400,"message":["qty must be positive"],"error":"Bad Request"}"#,
            None,
            "qty must be positive",
        ),
        (
            422,
            JSON,
            r#"{"code":"BAD_QTY","message":"too small","errors":[1]}"#,
            Some("BAD_QTY"),
            "too small",
        ),
        (
            422,
            JSON,
            r#"{"detail":[{"loc":["body","qty"],"msg":"too small"}]}"#,
            None,
            "too small",
        ),
        (
            403,
            "application/problem+json",
            r#"{"type":"https://example.com/t","title":"No credit","detail":"30 are left"}"#,
            None,
            "30 are left",
        ),
        (
            400,
            JSON,
            r#"[{"field":"qty"}]"#,
            None,
            "Bad Request (the body of 17 bytes is no error object)",
        ),
        (404, "text/plain", "no such item", None, "no such item"),
        (
            400,
            JSON,
            r#"{"error":{"code":"X","message":"Y"}}"#,
            Some("X"),
            "Y",
        ),
        (
            500,
            "text/html",
            "<html>oops</html>",
            None,
            "Internal Server Error (the body of 17 bytes is no error object)",
        ),
        (302, JSON, "", None, "Found (empty body)"),
        (
            418,
            "text/plain; charset=utf-8",
            "ein Töpfchen\n",
            None,
            "ein Töpfchen",
        ),
    ] {
        let error = call(&fixture, status, content_type, body.as_bytes()).await;
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.code().map(ErrorCode::as_str), code, "{body}");
        assert_eq!(error.message(), message, "{body}");
        let response = error.response().unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["x-trace"], "t");
        assert_eq!(response.content_type(), content_type);
        assert_eq!(
            (response.text(), response.is_truncated()),
            (body.into(), false)
        );
        if status == 302 {
            assert_eq!(response.headers()["location"], "/login");
        }
        if let Ok(value) = serde_json::from_str::<Value>(body) {
            assert_eq!(response.json::<Value>().unwrap(), value);
        }
    }
}

#[tokio::test]
async fn every_door_gives_the_response() {
    let fixture = fixture().await;
    let app = CloudBase::builder(fixture.emulator.env_id())
        .endpoint(fixture.emulator.endpoint())
        .access_key(fixture.emulator.api_key())
        .build()
        .unwrap();
    let problem = json!({ "errors": [{ "field": "title" }] });
    let doors = || {
        [
            fixture.cloud_run.service("own").post("/422"),
            fixture.functions.http("own").post("/422"),
            fixture
                .cloud_run
                .call("own")
                .method(http::Method::POST)
                .path("/422"),
            fixture.apis.api("own").post("/422"),
            app.call_container("own")
                .method(http::Method::POST)
                .path("/422"),
        ]
        .map(|call| call.json(&problem))
    };
    let mut errors = Vec::new();
    for call in doors() {
        errors.push(call.await.unwrap_err());
    }
    for call in doors() {
        errors.push(call.stream().await.map(|_| ()).unwrap_err());
    }
    for call in doors() {
        errors.push(call.events().await.map(|_| ()).unwrap_err());
    }
    for error in errors {
        let response = error.response().unwrap();
        assert_eq!(response.json::<Value>().unwrap(), problem, "{error}");
        assert_eq!(error.details(), Some(&problem["errors"]));
        assert!(!format!("{error}{error:?}").contains("title"));
    }
    for call in doors() {
        let response = call.any_status().await.unwrap();
        assert_eq!(response.status().as_u16(), 422);
        assert_eq!(response.headers()["x-trace"], "t");
        assert_eq!(response.json::<Value>().unwrap(), problem);
    }
    for call in doors() {
        let response = call.any_status().stream().await.unwrap();
        assert_eq!(response.status().as_u16(), 422);
        let pieces: Vec<Bytes> = response.into_value().try_collect().await.unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&pieces.concat()).unwrap(),
            problem
        );
    }
}

#[tokio::test]
async fn an_ordinary_function_gives_it_as_well() {
    let fails = |_, _| async { Err::<Value, _>(FunctionError::new("OUT_OF_TEA", "none is left")) };
    let builder = Emulator::builder().function_with("fails", Function::event(fails));
    let fixture = start(builder).await;
    let app = CloudBase::builder(fixture.emulator.env_id())
        .endpoint(fixture.emulator.endpoint())
        .access_key(fixture.emulator.api_key())
        .build()
        .unwrap();
    let long = fixture.functions.call("fails").await.unwrap_err();
    let short = app.call_function::<Value>("fails", &()).await.unwrap_err();
    let unknown = fixture.functions.call("unknown").await.unwrap_err();
    assert_eq!(unknown.code(), Some(&ErrorCode::FUNCTION_NOT_FOUND));
    for error in [&long, &short, &unknown] {
        let response = error.response().unwrap();
        assert_eq!(Some(response.status()), error.status());
        let body: Value = response.json().unwrap();
        assert_eq!(body["code"], error.code().unwrap().as_str());
        assert_eq!(body["message"], error.message());
    }
    let response = fixture.functions.call("fails").any_status().await.unwrap();
    assert_eq!(Some(response.status()), long.status());
    let body: Value = response.json().unwrap();
    assert_eq!(body["code"], long.code().unwrap().as_str());
}

#[tokio::test]
async fn a_token_is_refreshed_before_any_status() {
    let fixture = fixture().await;
    let app = CloudBase::builder(fixture.emulator.env_id())
        .endpoint(fixture.emulator.endpoint())
        .access_key(fixture.emulator.api_key())
        .build()
        .unwrap();
    app.auth().sign_in_anonymously().await.unwrap();
    let expired = Fault::on("POST /v1/cloudrun/*");
    fixture
        .emulator
        .faults()
        .add(expired.times(1).status(401, "ACCESS_TOKEN_EXPIRED"));
    let call = app.call_container("own").method(http::Method::POST);
    let response = call.path("/409").any_status().await;
    match response {
        Ok(response) => assert_eq!(response.status().as_u16(), 409),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_long_body_is_cut_in_an_error_and_whole_in_a_response() {
    let fixture = fixture().await;
    let body = vec![b'x'; 300 * 1024];
    let call = || {
        let call = fixture.cloud_run.service("own").post("/400");
        call.body("application/octet-stream", body.clone())
    };
    let error = call().await.unwrap_err();
    let response = error.response().unwrap();
    assert_eq!(
        (response.bytes().len(), response.is_truncated()),
        (64 * 1024, true)
    );
    let response = call().any_status().await.unwrap();
    assert_eq!(response.bytes().len(), body.len());
    let stream = call().any_status().stream().await.unwrap().into_value();
    let length = stream.map(|piece| piece.unwrap().len());
    assert_eq!(
        length.fold(0, |sum, next| async move { sum + next }).await,
        body.len()
    );
}

#[tokio::test]
async fn what_is_no_event_stream_or_no_json_can_be_read_in_the_error() {
    let fixture = fixture().await;
    let call = |content_type: &str, body: &'static str| {
        let call = fixture.functions.http("own").post("/200");
        let call = call.header("x-content-type", content_type);
        call.body("application/octet-stream", body)
    };
    let events = call("application/json", r#"{"error":"no model"}"#)
        .events()
        .await;
    let error = events.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.response().unwrap().text(), r#"{"error":"no model"}"#);

    let response = call("text/plain", "pong pong").await.unwrap();
    assert_eq!(response.json::<String>().unwrap(), "pong pong");
    let error = response.json::<Vec<u8>>().unwrap_err();
    assert_eq!(
        error.message(),
        "the response is `text/plain`, not JSON (9 bytes)"
    );
    assert_eq!(error.response().unwrap().text(), "pong pong");

    let response = call("application/json", "\u{feff}{\"a\":\"cut \\ud83d\"}")
        .await
        .unwrap();
    assert_eq!(
        response.json::<Value>().unwrap(),
        json!({ "a": "cut \u{fffd}" })
    );
    let half = "data: {\"a\":\"\\udc00!\"}\n\n";
    let mut events = call("text/event-stream", half)
        .events()
        .await
        .unwrap()
        .into_value();
    let event = events.next_event().await.unwrap().unwrap();
    assert_eq!(event.json::<Value>().unwrap(), json!({ "a": "\u{fffd}!" }));
}
