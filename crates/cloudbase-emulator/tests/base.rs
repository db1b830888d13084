//! The emulator's base: keys, request ids, errors, faults, clock, control API, idle sockets.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod wire;

use std::time::Duration;

use cloudbase_emulator::{Emulator, Fault, Gate};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wire::Wire;

const ME: &str = "/auth/v1/user/me";

async fn start() -> (Emulator, Wire) {
    let emulator = Emulator::builder().env_id("env-a").start().await.unwrap();
    (emulator, Wire::new())
}

fn url(emulator: &Emulator, path: &str) -> String {
    format!("{}{path}", emulator.endpoint())
}

#[tokio::test]
async fn keys_are_tokens_of_the_environment_and_the_same_at_every_start() {
    let (one, _) = start().await;
    let (two, _) = start().await;
    assert_eq!(one.publishable_key(), two.publishable_key());
    assert_eq!(one.api_key().split('.').count(), 3);
    let other = Emulator::builder().env_id("env-b").start().await.unwrap();
    assert_ne!(one.api_key(), other.api_key());
}

#[tokio::test]
async fn settings_are_checked() {
    for env_id in ["", "two words"] {
        let error = Emulator::builder()
            .env_id(env_id)
            .start()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("env_id"), "{error}");
    }
    let (running, _) = start().await;
    let error = Emulator::builder()
        .port(running.address().port())
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot listen on"), "{error}");
}

#[tokio::test]
async fn request_ids_are_echoed_or_made() {
    let (emulator, wire) = start().await;
    let echoed = wire
        .get(&url(&emulator, ME))
        .header("x-request-id", "abc-1")
        .send()
        .await;
    assert_eq!(echoed.header("x-request-id"), "abc-1");
    let made = wire
        .get(&url(&emulator, "/v1/nothing"))
        .send()
        .await
        .expect(404);
    assert_eq!(made.json()["requestId"], made.header("x-request-id"));
    assert_eq!(made.header("x-request-id").len(), 36);
    assert_eq!(made.code(), "INVALID_PATH");
}

#[tokio::test]
async fn a_preflight_that_names_no_header_gets_the_usual_ones() {
    let (emulator, wire) = start().await;
    let response = wire
        .call(Method::OPTIONS, &url(&emulator, ME))
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "GET")
        .send()
        .await
        .expect(204);
    assert_eq!(
        response.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    assert!(
        response
            .header("access-control-allow-headers")
            .contains("x-device-id")
    );
}

#[tokio::test]
async fn a_scripted_response_comes_in_the_envelope_of_its_family() {
    let (emulator, wire) = start().await;
    let fault = Fault::on("GET *")
        .times(2)
        .status(429, "resource_exhausted");
    let id = emulator.faults().add(fault.header("retry-after", "7"));
    let auth = wire
        .get(&url(&emulator, ME))
        .header("accept-language", "en")
        .send()
        .await
        .expect(429);
    assert_eq!(auth.json()["error"], "resource_exhausted");
    assert_eq!(auth.json()["error_code"], 8);
    assert_eq!(auth.header("retry-after"), "7");
    let gateway = wire.get(&url(&emulator, "/v1/x")).send().await.expect(429);
    assert_eq!(gateway.code(), "resource_exhausted");
    wire.get(&url(&emulator, "/v1/x")).send().await.expect(404);
    assert_eq!(emulator.faults().hits(id), 2);
}

#[tokio::test]
async fn a_scripted_body_is_sent_as_it_is() {
    let (emulator, wire) = start().await;
    let fault = Fault::on("/v1/x")
        .status(502, "")
        .body("<html>bad gateway</html>");
    emulator
        .faults()
        .add(fault.header("content-type", "text/html"));
    let response = wire.get(&url(&emulator, "/v1/x")).send().await.expect(502);
    assert_eq!(response.text(), "<html>bad gateway</html>");
    assert_eq!(response.header("content-type"), "text/html");
}

#[tokio::test]
async fn connections_are_cut_where_the_script_says() {
    let (emulator, wire) = start().await;
    let path = "/auth/v1/captcha/init";
    emulator.faults().add(Fault::on(path).times(1).reset());
    emulator
        .faults()
        .add(Fault::on(path).times(1).lose_response());
    for _ in 0..2 {
        assert!(wire.post(&url(&emulator, path)).try_send().await.is_err());
    }
    wire.post(&url(&emulator, path)).send().await.expect(200);
    let statuses: Vec<_> = emulator
        .requests()
        .matching("POST *")
        .iter()
        .map(|entry| entry.status)
        .collect();
    assert_eq!(statuses, [None, None, Some(200)]);
}

#[tokio::test]
async fn a_reset_lets_so_many_bytes_through() {
    let (emulator, _) = start().await;
    let request = format!("GET {ME} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut whole = TcpStream::connect(emulator.address()).await.unwrap();
    whole.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    whole.read_exact(&mut head).await.unwrap();

    emulator
        .faults()
        .add(Fault::on("*").times(1).close_after(12));
    let mut cut = TcpStream::connect(emulator.address()).await.unwrap();
    cut.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    cut.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, head);

    emulator
        .faults()
        .add(Fault::on("*").times(1).reset_after(5));
    let mut reset = TcpStream::connect(emulator.address()).await.unwrap();
    reset.write_all(request.as_bytes()).await.unwrap();
    let error = reset.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_stalled_body_sends_its_start_and_keeps_the_connection() {
    let (emulator, wire) = start().await;
    emulator
        .faults()
        .add(Fault::on("*").times(1).stall_after(3));
    let response = wire.get(&url(&emulator, "/v1/x")).stream().await;
    let announced: usize = response.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(announced > 3);
    let mut body = response.into_body();
    let frame = http_body_util::BodyExt::frame(&mut body)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(frame.into_data().unwrap().len(), 3);
    let next = std::pin::pin!(http_body_util::BodyExt::frame(&mut body));
    assert!(futures_util::FutureExt::now_or_never(next).is_none());
}

#[tokio::test]
async fn a_gate_holds_calls_until_it_opens() {
    let (emulator, wire) = start().await;
    let gate = Gate::new();
    emulator.faults().add(Fault::on("*").hold(&gate));
    let calls: Vec<_> = (0..3)
        .map(|_| tokio::spawn(wire.get(&url(&emulator, "/v1/x")).send()))
        .collect();
    gate.waiting(3).await;
    assert!(calls.iter().all(|call| !call.is_finished()));
    gate.open();
    for call in calls {
        call.await.unwrap().expect(404);
    }
}

#[tokio::test]
async fn idle_connections_are_closed_when_asked_for() {
    let emulator = Emulator::builder()
        .idle_timeout(Duration::from_millis(20))
        .start()
        .await
        .unwrap();
    let mut idle = TcpStream::connect(emulator.address()).await.unwrap();
    // Returns only because the emulator closes the connection.
    assert_eq!(idle.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn the_request_log_keeps_what_was_sent() {
    let (emulator, wire) = start().await;
    let call = wire.post(&url(&emulator, "/auth/v1/signin?client_id=env-a"));
    call.json(&json!({"username": "lin"}))
        .send()
        .await
        .expect(400);
    wire.get(&url(&emulator, "/__emulator/info"))
        .send()
        .await
        .expect(200);
    let log = emulator.requests().all();
    assert_eq!(log.len(), 1, "the control API is not logged: {log:?}");
    assert_eq!(
        (log[0].query.as_str(), log[0].status),
        ("client_id=env-a", Some(400))
    );
    assert_eq!(log[0].json(), json!({"username": "lin"}));
    assert_eq!(log[0].header("content-type"), Some("application/json"));
    assert_eq!(emulator.requests().count("GET *"), 0);
}

#[tokio::test]
async fn other_processes_have_the_control_api() {
    let (emulator, wire) = start().await;
    let control = |path: &str| url(&emulator, &format!("/__emulator{path}"));
    let info = wire.get(&control("/info")).send().await.expect(200).json();
    assert_eq!(info["env_id"], "env-a");
    assert_eq!(info["api_key"], emulator.api_key());
    let keys = wire
        .get(&control("/jwks.json"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(keys["keys"][0]["kty"], "RSA");

    wire.post(&control("/clock"))
        .json(&json!({"advance_ms": 5000}))
        .send()
        .await
        .expect(200);
    assert_eq!(emulator.clock().offset_ms(), 5000);
    wire.post(&control("/clock"))
        .json(&json!({}))
        .send()
        .await
        .expect(400);
    wire.delete(&control("/clock"))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);
    assert_eq!(emulator.clock().offset_ms(), 0);

    let fault = json!({"match": "GET /v1/x", "times": 1, "status": 503, "code": "SERVER_TIMEOUT"});
    let id = wire
        .post(&control("/faults"))
        .json(&fault)
        .send()
        .await
        .expect(201)
        .json()["id"]
        .clone();
    wire.get(&url(&emulator, "/v1/x")).send().await.expect(503);
    let faults = wire
        .get(&control("/faults"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&faults[0]["id"], &faults[0]["hits"]),
        (&id, &Value::from(1))
    );
    let both = json!({"match": "*", "status": 503, "reset": true});
    wire.post(&control("/faults"))
        .json(&both)
        .send()
        .await
        .expect(400);
    wire.delete(&control(&format!("/faults/{id}")))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);

    let log = wire
        .get(&control("/requests?match=GET%20/v1/x"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(log.as_array().map(Vec::len), Some(1));
    wire.delete(&control("/requests"))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);
    assert!(emulator.requests().all().is_empty());
}

#[tokio::test]
async fn other_processes_read_the_inbox() {
    let (emulator, wire) = start().await;
    let inbox = |query: &str| url(&emulator, &format!("/__emulator/inbox{query}"));
    for to in ["lin@example.org", "mei@example.org"] {
        wire.post(&url(&emulator, "/auth/v1/verification"))
            .header("x-device-id", "device-1")
            .json(&json!({"email": to}))
            .send()
            .await
            .expect(200);
    }
    let all = wire.get(&inbox("")).send().await.expect(200).json();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let of_lin = wire.get(&inbox("?to=lin@example.org")).send().await;
    let of_lin = of_lin.expect(200).json();
    assert_eq!(of_lin.as_array().map(Vec::len), Some(1));
    assert_eq!(
        of_lin[0]["code"].as_str(),
        emulator.inbox().code("lin@example.org").as_deref()
    );
    wire.delete(&inbox(""))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);
    assert!(emulator.inbox().messages().is_empty());
}

#[tokio::test]
async fn shutdown_lets_responses_finish() {
    let (emulator, wire) = start().await;
    let gate = Gate::new();
    emulator.faults().add(Fault::on("*").hold(&gate));
    let call = tokio::spawn(wire.get(&url(&emulator, "/v1/x")).send());
    gate.waiting(1).await;
    let endpoint = url(&emulator, "/v1/x");
    let shutdown = tokio::spawn(emulator.shutdown());
    gate.open();
    call.await.unwrap().expect(404);
    shutdown.await.unwrap();
    assert!(wire.get(&endpoint).try_send().await.is_err());
}

#[tokio::test]
async fn a_body_that_is_too_large_has_the_errors_of_its_service() {
    let (emulator, wire) = start().await;
    let body = vec![b' '; 100 * 1024 * 1024 + 1];
    let path = "/auth/v1/signin/anonymously?client_id=env-a";
    let call = wire.post(&url(&emulator, path)).body(body);
    let error = call.send().await.expect(400).json();
    assert_eq!(error["error"], "invalid_argument");
    assert_eq!(error["error_code"], 3);
}
