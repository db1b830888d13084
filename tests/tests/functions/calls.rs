//! Ordinary functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloudbase_core::{ErrorCode, ErrorKind};
use cloudbase_emulator::{Access, Emulator, Fault, Function, FunctionError};
use cloudbase_functions::Functions;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{client, start};

fn echo() -> Function {
    Function::event(|event, _| async move { Ok(event) })
}

#[derive(Debug, Deserialize, PartialEq)]
struct Sum {
    sum: i64,
}

#[tokio::test]
async fn a_response_is_what_the_function_returned() {
    let sum = |event: Value, _| async move {
        let (a, b) = (event["a"].as_i64(), event["b"].as_i64());
        Ok(json!({ "sum": a.zip(b).map(|(a, b)| a + b) }))
    };
    let builder = Emulator::builder()
        .function("sum", sum)
        .function_with("echo", echo());
    let fixture = start(builder).await;
    let functions = &fixture.functions;
    let response = functions
        .call("sum")
        .json(&json!({ "a": 1, "b": 2 }))
        .await
        .unwrap();
    assert_eq!(response.json::<Sum>().unwrap(), Sum { sum: 3 });
    assert_eq!((response.status().as_u16(), response.attempts()), (200, 1));
    assert!(!response.request_id().is_empty());
    let shown = format!("{response:?}");
    assert!(shown.contains("functions.call"), "{shown}");
    assert!(!shown.contains("sum\"") && !shown.contains("application/json"));

    // `pick` returns the `value` that it is asked for.
    let pick = |event: Value, _| async move { Ok(event["value"].clone()) };
    fixture.emulator.set_function("pick", Function::event(pick));
    let pick = |value: Value| {
        functions
            .call("pick")
            .json(&json!({ "value": value }))
            .send()
    };
    assert_eq!(
        pick(json!([1, null]))
            .await
            .unwrap()
            .json::<Value>()
            .unwrap(),
        json!([1, null])
    );
    assert_eq!(pick(json!(42)).await.unwrap().json::<u8>().unwrap(), 42);
    assert_eq!(
        pick(json!(null))
            .await
            .unwrap()
            .json::<Option<u8>>()
            .unwrap(),
        None
    );
    let text = pick(json!("plain \"text\"")).await.unwrap();
    assert_eq!(text.json::<String>().unwrap(), "plain \"text\"");
    assert_eq!(
        pick(json!("42")).await.unwrap().json::<String>().unwrap(),
        "42"
    );
    // Without data the event is an empty object.
    assert_eq!(
        functions
            .call("echo")
            .await
            .unwrap()
            .json::<Value>()
            .unwrap(),
        json!({})
    );
    let error = functions
        .call("echo")
        .await
        .unwrap()
        .json::<Sum>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.operation(), "functions.call");
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn a_code_in_a_good_response_is_the_functions_own() {
    let response = json!({ "code": "OUT_OF_STOCK", "message": "none left" });
    let expected = response.clone();
    let shop = move |_, _| {
        let response = response.clone();
        async move { Ok(response) }
    };
    let fixture = start(Emulator::builder().function("shop", shop)).await;
    let response = fixture.functions.call("shop").await.unwrap();
    assert_eq!(response.json::<Value>().unwrap(), expected);
}

#[tokio::test]
async fn every_failure_has_its_code() {
    let throws = |_, _| async move { Err(FunctionError::from("boom")) };
    let hungry = |_, _| async move {
        Err(FunctionError::new(
            "FUNCTION_MEMORY_LIMIT_EXCEEDED",
            "too hungry",
        ))
    };
    let slow = Function::event(|_, _| std::future::pending()).timeout(Duration::from_millis(50));
    let builder = Emulator::builder()
        .function("throws", throws)
        .function("hungry", hungry)
        .function_with("slow", slow)
        .function_with("abnormal", echo().abnormal())
        .function_with("admin", echo().access(Access::Admin))
        .function_with("echo", echo());
    let fixture = start(builder).await;
    let functions = &fixture.functions;
    let cases = [
        ("missing", ErrorCode::FUNCTION_NOT_FOUND),
        ("throws", ErrorCode::FUNCTION_INVOCATION_FAILED),
        ("hungry", ErrorCode::FUNCTION_MEMORY_LIMIT_EXCEEDED),
        ("slow", ErrorCode::FUNCTION_TIME_LIMIT_EXCEEDED),
        ("abnormal", ErrorCode::FUNCTION_STATUS_ABNORMAL),
    ];
    for (name, code) in cases {
        let error = functions.call(name).await.unwrap_err();
        assert_eq!(error.code(), Some(&code), "{error}");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Api, 1));
        assert!(error.request_id().is_some() && !error.is_retryable());
    }
    assert!(functions.call("missing").await.unwrap_err().is_not_found());
    let error = functions.call("throws").await.unwrap_err();
    assert!(error.message().contains("boom"), "{error}");
    let error = functions.call("echo").qualifier("v9").await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::FUNCTION_QUALIFIER_NOT_FOUND));
    let error = functions
        .call("echo")
        .body("text/plain", "no json")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::FUNCTION_PARAM_INVALID));
    let key = fixture.emulator.publishable_key();
    let visitor = Functions::new(client(&fixture.emulator, key));
    let error = visitor.call("admin").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(functions.call("admin").await.unwrap().bytes(), "{}");
}

#[tokio::test]
async fn too_many_calls_at_once_are_reported() {
    let fixture = start(Emulator::builder()).await;
    let inside = Arc::new(tokio::sync::Notify::new());
    let (entered, go_on) = (inside.clone(), Arc::new(tokio::sync::Notify::new()));
    let wait = go_on.clone();
    let waits = Function::event(move |event, _| {
        let (entered, wait) = (entered.clone(), wait.clone());
        async move {
            entered.notify_one();
            wait.notified().await;
            Ok(event)
        }
    });
    fixture.emulator.set_function("one", waits.concurrency(1));
    let first = tokio::spawn(fixture.functions.call("one").send());
    inside.notified().await;
    let error = fixture
        .functions
        .call("one")
        .max_attempts(1)
        .await
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some(&ErrorCode::FUNCTION_EXCEED_RESOURCE_LIMIT)
    );
    go_on.notify_one();
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_qualifier_chooses_the_version() {
    let version = |name: &'static str| Function::event(move |_, _| async move { Ok(json!(name)) });
    let function = version("latest")
        .version("v1", version("one"))
        .version("blue", version("two"));
    let fixture = start(Emulator::builder().function_with("versioned", function)).await;
    let call = || fixture.functions.call("versioned");
    assert_eq!(call().await.unwrap().text().unwrap(), "latest");
    assert_eq!(call().qualifier("v1").await.unwrap().text().unwrap(), "one");
    assert_eq!(
        call().qualifier("blue").await.unwrap().text().unwrap(),
        "two"
    );
}

#[tokio::test]
async fn limits_are_checked_before_anything_is_sent() {
    let fixture = start(Emulator::builder().function_with("echo", echo())).await;
    let functions = &fixture.functions;
    let long = "x".repeat(100 * 1024 + 1);
    let call = || functions.call("echo").body("text/plain", long.clone());
    let error = call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(!error.was_sent());
    let image = vec![0; 6 * 1024 * 1024 + 1];
    let error = functions
        .call("echo")
        .body("image/png", image)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    for name in ["", "a/../b\n", ".."] {
        let error = functions.call(name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
    }
    let error = functions
        .call("echo")
        .header("x-a", "b\r\nc: d")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    // Found by the client or by the builder, a rejection has one form and the name of its call.
    let by_client = functions.call("echo").timeout(Duration::ZERO).await;
    let by_builder = functions.call("").await;
    for (rejected, message) in [
        (by_client, "`timeout` must be longer than zero"),
        (by_builder, "`function name` must not be empty"),
    ] {
        let error = rejected.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid argument: {message} (functions.call)")
        );
        assert_eq!(error.operation(), "functions.call");
    }
    assert_eq!(fixture.emulator.requests().all().len(), 0);
    // Who knows better may say so; then the gateway is the judge.
    let error = call().max_request_size(1 << 20).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::EXCEED_MAX_PAYLOAD_SIZE));

    let half = json!({ "text": "x".repeat(50 * 1024) });
    let error = functions
        .call("echo")
        .json(&half)
        .max_response_size(1024)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.was_sent());
}

#[tokio::test]
async fn a_call_runs_once_unless_the_caller_says_otherwise() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let count = move |_, _| {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok(json!(number)) }
    };
    let fixture = start(Emulator::builder().function("count", count)).await;
    let lost = || {
        Fault::on("POST /v1/functions/count")
            .lose_response()
            .times(1)
    };
    fixture.emulator.faults().add(lost());
    let error = fixture.functions.call("count").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert!(error.was_sent() && !error.is_retryable());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    fixture.emulator.faults().add(lost());
    let response = fixture
        .functions
        .call("count")
        .idempotent(true)
        .await
        .unwrap();
    assert_eq!(response.json::<u8>().unwrap(), 3);
    assert_eq!(response.attempts(), 2);
}

#[tokio::test]
async fn a_call_has_its_own_time() {
    let never = Function::event(|_, _| std::future::pending());
    let fixture = start(Emulator::builder().function_with("never", never)).await;
    let call = fixture
        .functions
        .call("never")
        .timeout(Duration::from_millis(100));
    let error = call.await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(!error.is_retryable(), "the function may run");
}

#[tokio::test]
async fn headers_and_request_id_reach_the_function() {
    let shows = |_, context: cloudbase_emulator::FunctionContext| async move {
        let custom = context
            .headers()
            .get("x-custom")
            .and_then(|value| value.to_str().ok());
        Ok(json!({ "custom": custom, "request": context.request_id() }))
    };
    let fixture = start(Emulator::builder().function("shows", shows)).await;
    let response = fixture
        .functions
        .call("shows")
        .header("x-custom", "yes")
        .await
        .unwrap();
    let seen: Value = response.json().unwrap();
    assert_eq!(seen["custom"], "yes");
    assert_eq!(seen["request"], response.request_id());
}

#[tokio::test]
async fn the_short_form_needs_its_data_no_longer_than_it_is_made() {
    let echo = |event, _| async move { Ok(event) };
    let emulator = Emulator::builder()
        .function("echo", echo)
        .start()
        .await
        .unwrap();
    let app = cloudbase::CloudBase::builder(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.publishable_key())
        .build()
        .unwrap();
    let calls = [1, 2].map(|n| app.call_function::<Value>("echo", &json!({ "n": n })));
    let calls = calls.map(tokio::spawn);
    for (n, call) in (1..).zip(calls) {
        assert_eq!(call.await.unwrap().unwrap(), json!({ "n": n }));
    }
    // What cannot be written is the error of the call.
    let nan = std::collections::BTreeMap::from([("k", f64::NAN)]);
    let error = app.call_function::<Value>("echo", &nan).await.unwrap_err();
    assert_eq!(
        error.message(),
        "`body` must hold finite numbers only: `k` is NaN"
    );
    emulator.shutdown().await;
}
