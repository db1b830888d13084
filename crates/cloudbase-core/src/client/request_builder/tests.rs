//! What a builder of the macro sends and returns.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "the macro gives more than is called here"
)]

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::testing::MockTransport;
use crate::{CallOptions, Client, ErrorKind, Operation, PathBuilder, Response, Result};

struct Get {
    client: Client,
    options: CallOptions,
}

request_builder! {
    /// Whatever the service reports.
    impl[] Get => Value; call, product, write, operation
}

impl Get {
    fn build(self) -> Result<Operation> {
        let target = PathBuilder::new("/v1/things").build()?;
        let operation = Operation::new("things.get", "/v1/things", Method::GET, target);
        Ok(operation.options(self.options))
    }

    async fn respond(self) -> Result<Response<Value>> {
        let client = self.client.clone();
        client.fetch_json(self.build()?).await
    }
}

fn get(mock: &MockTransport) -> Get {
    let client = Client::builder().env_id("test").access_key("key");
    Get {
        client: client.transport(mock.clone()).build().unwrap(),
        options: CallOptions::new(),
    }
}

#[tokio::test]
async fn the_ways_to_send_a_request_differ_in_what_they_return() {
    let mock = MockTransport::new()
        .json(200, &1)
        .json(200, &2)
        .json(200, &3);
    assert_eq!(get(&mock).await.unwrap(), 1);
    assert_eq!(get(&mock).send().await.unwrap(), 2);
    let response = get(&mock).send_with_meta().await.unwrap();
    assert_eq!((response.value(), response.attempts()), (&json!(3), 1));
    assert_eq!(mock.requests().len(), 3);
}

#[tokio::test]
async fn the_request_id_of_the_caller_is_sent_and_named() {
    let mock = MockTransport::new()
        .json(200, &())
        .json(200, &())
        .json(400, &json!({ "code": "INVALID_PARAM", "message": "no" }));
    let response = get(&mock).request_id("req-7").send_with_meta().await;
    assert_eq!(response.unwrap().request_id(), "req-7");
    get(&mock).header("X-Request-Id", "req-8").await.unwrap();
    let error = get(&mock).request_id("req-9").await.unwrap_err();
    assert_eq!(error.request_id(), Some("req-9"));
    let requests = mock.requests();
    let sent = requests.iter().map(|it| it.header("x-request-id").unwrap());
    assert_eq!(sent.collect::<Vec<_>>(), ["req-7", "req-8", "req-9"]);
}

#[tokio::test]
async fn a_request_id_that_is_not_one_is_rejected_before_anything_is_sent() {
    let mock = MockTransport::new();
    let long = "r".repeat(65);
    for id in ["", "two words", "a\r\nb", "请求", &long] {
        for call in [
            get(&mock).request_id(id),
            get(&mock).header("x-request-id", id),
        ] {
            let error = call.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument);
            assert!(error.message().starts_with("`request_id` must"), "{error}");
        }
    }
    assert!(mock.requests().is_empty());
}

#[test]
fn an_operation_with_invalid_options_is_rejected() {
    let mock = MockTransport::new();
    assert_eq!(get(&mock).operation().unwrap().name(), "things.get");
    for (call, argument) in [
        (get(&mock).timeout(Duration::ZERO), "timeout"),
        (get(&mock).max_attempts(0), "max_attempts"),
        (get(&mock).header("a\nb", "x"), "header name"),
        (get(&mock).header("host", "x"), "header name"),
        (get(&mock).request_id(""), "request_id"),
    ] {
        let error = call.operation().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert_eq!(error.operation(), "things.get");
        let message = error.message();
        assert!(
            message.starts_with(&format!("`{argument}` must")),
            "{error}"
        );
    }
}
