//! Event functions on the wire: responses, errors, versions, rules and limits.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use std::{future::pending, time::Duration};

use cloudbase_emulator::{Access, Emulator, EmulatorBuilder, Function, FunctionError, Service};
use http::Response;
use serde_json::{Value, json};
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

    fn call(&self, name: &str) -> Call {
        let url = format!("{}/v1/functions/{name}", self.emulator.endpoint());
        self.wire.post(&url).bearer(self.emulator.publishable_key())
    }
}

#[tokio::test]
async fn closures_respond_as_functions_do() {
    let bench = Bench::new(
        Emulator::builder()
            .function("echo", |event, _| async { Ok(event) })
            .function("text", |_, _| async { Ok(json!("plain")) })
            .function("nothing", |_, _| async { Ok(Value::Null) })
            .function("coded", |_, _| async {
                Ok(json!({"code": "X", "message": "mine"}))
            })
            .function("context", |_, context| async move {
                Ok(json!({
                    "name": context.name(),
                    "id": context.request_id(),
                    "user": context.user_id(),
                    "admin": context.is_admin(),
                    "custom": context.headers()["x-custom"].to_str()?,
                }))
            }),
    )
    .await;
    let echo = bench
        .call("echo")
        .json(&json!({"a": [1, null]}))
        .header("x-request-id", "rid-1");
    let echo = echo.send().await.expect(200);
    assert_eq!(echo.json(), json!({"a": [1, null]}));
    assert_eq!(
        echo.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(echo.header("x-request-id"), "rid-1");
    assert_eq!(
        bench.call("echo").send().await.expect(200).json(),
        json!({})
    );
    let text = bench.call("text").send().await.expect(200);
    assert_eq!(text.text(), "plain");
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        bench.call("nothing").send().await.expect(200).text(),
        "null"
    );
    assert_eq!(
        bench.call("coded").send().await.expect(200).json()["code"],
        "X"
    );
    let context = bench
        .call("context")
        .bearer(bench.emulator.api_key())
        .header("x-custom", "yes")
        .header("x-request-id", "rid-2");
    assert_eq!(
        context.send().await.expect(200).json(),
        json!({"name": "context", "id": "rid-2", "user": null, "admin": true, "custom": "yes"})
    );
}

#[tokio::test]
async fn failures_have_the_platforms_codes() {
    let bench = Bench::new(
        Emulator::builder()
            .function("fails", |_, _| async { Err("boom".into()) })
            .function("parses", |_, _| async { Ok(json!("x".parse::<i32>()?)) })
            .function("panics", |_, _| async {
                panic!("this panic is part of the test")
            })
            .function("memory", |_, _| async {
                Err(FunctionError::new(
                    "FUNCTION_MEMORY_LIMIT_EXCEEDED",
                    "256 MB",
                ))
            })
            .function("huge", |_, _| async {
                Ok(json!("x".repeat(7 * 1024 * 1024)))
            })
            .function_with(
                "slow",
                Function::event(|_, _| pending()).timeout(Duration::from_millis(5)),
            )
            .function_with(
                "paused",
                Function::event(|event, _| async { Ok(event) }).abnormal(),
            ),
    )
    .await;
    for (name, status, code) in [
        ("fails", 400, "FUNCTION_INVOCATION_FAILED"),
        ("parses", 400, "FUNCTION_INVOCATION_FAILED"),
        ("panics", 400, "FUNCTION_INVOCATION_FAILED"),
        ("memory", 400, "FUNCTION_MEMORY_LIMIT_EXCEEDED"),
        ("huge", 400, "EXCEED_MAX_RESPONSE_SIZE"),
        ("slow", 400, "FUNCTION_TIME_LIMIT_EXCEEDED"),
        ("paused", 400, "FUNCTION_STATUS_ABNORMAL"),
        ("unknown", 404, "FUNCTION_NOT_FOUND"),
        ("%E4%BD%A0", 404, "FUNCTION_NOT_FOUND"),
        ("fails/sub", 404, "INVALID_PATH"),
        ("fails?webfn=true", 400, "FUNCTION_PARAM_INVALID"),
    ] {
        let response = bench.call(name).send().await.expect(status);
        assert_eq!(response.code(), code, "{name}");
        assert_eq!(
            response.json()["requestId"],
            response.header("x-request-id"),
            "{name}"
        );
    }
    assert!(
        bench.call("fails").send().await.json()["message"]
            .as_str()
            .unwrap()
            .contains("boom")
    );
}

#[tokio::test]
async fn events_must_be_objects_of_bounded_size() {
    let bench =
        Bench::new(Emulator::builder().function("echo", |event, _| async { Ok(event) })).await;
    for body in ["[1]", "1", "{", "\"text\""] {
        let response = bench.call("echo").body(body).send().await.expect(400);
        assert_eq!(response.code(), "FUNCTION_PARAM_INVALID", "{body}");
        let message = response.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("bad http request body ("), "{message}");
    }
    let padded = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let send = async |content_type: &str, bytes| {
        let call = bench.call("echo").header("content-type", content_type);
        call.body(padded(bytes)).send().await
    };
    send("application/json", 1024 * 1024).await.expect(200);
    let large = send("application/json", 6 * 1024 * 1024 + 1)
        .await
        .expect(413);
    assert_eq!(large.code(), "EXCEED_MAX_PAYLOAD_SIZE");
    send("text/plain", 100 * 1024).await.expect(200);
    let large = send("text/plain", 100 * 1024 + 1).await.expect(413);
    assert_eq!(large.code(), "EXCEED_MAX_PAYLOAD_SIZE");
}

#[tokio::test]
async fn only_post_calls_a_function() {
    let bench =
        Bench::new(Emulator::builder().function("echo", |event, _| async { Ok(event) })).await;
    let url = format!("{}/v1/functions/echo", bench.emulator.endpoint());
    let response = bench
        .wire
        .get(&url)
        .bearer(bench.emulator.api_key())
        .send()
        .await
        .expect(405);
    assert_eq!(response.code(), "INVALID_REQUEST");
}

#[tokio::test]
async fn versions_are_chosen_by_qualifier() {
    let version = |name: &'static str| Function::event(move |_, _| async move { Ok(json!(name)) });
    let function = version("latest")
        .version("1", version("one"))
        .version("stable", version("two"));
    let bench = Bench::new(Emulator::builder().function_with("versioned", function)).await;
    for (qualifier, expected) in [("1", "one"), ("stable", "two"), ("$LATEST", "latest")] {
        let call = bench.call("versioned").header("x-qualifier", qualifier);
        assert_eq!(call.send().await.expect(200).text(), expected);
    }
    assert_eq!(bench.call("versioned").send().await.text(), "latest");
    let missing = bench
        .call("versioned")
        .header("x-qualifier", "9")
        .send()
        .await
        .expect(404);
    assert_eq!(missing.code(), "FUNCTION_QUALIFIER_NOT_FOUND");
}

#[tokio::test]
async fn rules_decide_who_calls() {
    let with = |access| Function::event(|event, _| async { Ok(event) }).access(access);
    let bench = Bench::new(
        Emulator::builder()
            .function_with("admin", with(Access::Admin))
            .function_with("users", with(Access::SignedIn)),
    )
    .await;
    for name in ["admin", "users"] {
        let rejected = bench.call(name).send().await.expect(403);
        assert_eq!(rejected.code(), "FUNCTIONS_PERMISSION_DENIED");
        bench
            .call(name)
            .bearer(bench.emulator.api_key())
            .send()
            .await
            .expect(200);
    }
    let user = wire::user::sign_in(&bench.wire, &bench.emulator, "device-lin-0001-0001").await;
    let call = |name: &str| bench.call(name).bearer(&user).send();
    call("users").await.expect(200);
    let rejected = call("admin").await.expect(403);
    assert_eq!(rejected.code(), "FUNCTIONS_PERMISSION_DENIED");
    let url = format!("{}/v1/functions/users", bench.emulator.endpoint());
    let nobody = bench.wire.post(&url).send().await.expect(401);
    assert_eq!(nobody.code(), "MISSING_CREDENTIALS");
}

#[tokio::test]
async fn concurrency_is_bounded() {
    let (entered, mut entries) = tokio::sync::mpsc::channel(4);
    let release = std::sync::Arc::new(tokio::sync::Notify::new());
    let function = {
        let release = release.clone();
        Function::event(move |_, _| {
            let (entered, release) = (entered.clone(), release.clone());
            async move {
                let _ = entered.send(()).await;
                release.notified().await;
                Ok(json!("done"))
            }
        })
    };
    let bench = Bench::new(Emulator::builder().function_with("one", function.concurrency(1))).await;
    let first = tokio::spawn(bench.call("one").send());
    entries.recv().await.unwrap();
    let second = bench.call("one").send().await.expect(429);
    assert_eq!(second.code(), "FUNCTION_EXCEED_RESOURCE_LIMIT");
    release.notify_one();
    assert_eq!(first.await.unwrap().expect(200).text(), "done");
}

#[tokio::test]
async fn functions_can_come_and_change_later() {
    let bench =
        Bench::new(Emulator::builder().function("kept", |_, _| async { Ok(json!("first")) })).await;
    let function = |text: &'static str| Function::event(move |_, _| async move { Ok(json!(text)) });
    bench.emulator.set_function("kept", function("second"));
    bench.emulator.set_function("added", function("new"));
    assert_eq!(bench.call("kept").send().await.text(), "second");
    assert_eq!(bench.call("added").send().await.text(), "new");
    bench.emulator.reset().await.unwrap();
    assert_eq!(bench.call("kept").send().await.text(), "first");
    bench.call("added").send().await.expect(404);
}

#[tokio::test]
async fn names_are_checked_at_the_start() {
    for name in ["a", "9lives", "with space"] {
        let builder = Emulator::builder().function(name, |event, _| async { Ok(event) });
        let error = builder.start().await.unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let service = Service::http(|_| async { Response::default() });
    assert!(
        Emulator::builder()
            .service("-x", service)
            .start()
            .await
            .is_err()
    );
}
