//! What the requests of a handle have in common: options of one call, the response around the value, and
//! the first request as a value.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use cloudbase_auth::{Auth, Password, ProviderGrant, ResendType, SignUp, UserQuery};
use cloudbase_core::testing::MockTransport;
use cloudbase_core::{Body, Client, ErrorKind, Operation, Result};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

fn auth(mock: &MockTransport) -> Auth {
    let client = Client::builder().env_id("test-env").access_key("key");
    Auth::new(client.transport(mock.clone()).build().unwrap()).unwrap()
}

fn lin() -> Password {
    Password::username("lin", "N3w-pass!")
}

fn tokens() -> Value {
    json!({ "access_token": "a", "refresh_token": "r", "expires_in": 7200, "sub": "lin" })
}

fn profile() -> Value {
    json!({ "sub": "lin", "name": "Lin" })
}

fn response(status: u16, headers: &[(&str, &str)], body: &Value) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response
        .body(Body::from(body.to_string().into_bytes()))
        .unwrap()
}

#[tokio::test]
async fn a_sign_in_returns_the_response_of_its_own_request() {
    let headers = [("content-type", "application/json"), ("x-of", "sign-in")];
    let mock = MockTransport::new()
        .then(move |_| async move { Ok(response(201, &headers, &tokens())) })
        .json(200, &profile());
    let request = auth(&mock).sign_in_with_password(lin());
    let response = request.request_id("req-7").send_with_meta().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["x-of"], "sign-in");
    assert_eq!((response.request_id(), response.attempts()), ("req-7", 1));
    assert_eq!(response.into_value().user.id, "lin");
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_and_a_call_that_sends_nothing_has_none() {
    let mock = MockTransport::new();
    let auth = auth(&mock);
    let nobody = auth.user().send_with_meta().await.unwrap();
    assert_eq!((nobody.value(), nobody.attempts()), (&None, 0));
    assert_eq!(nobody.status(), StatusCode::NO_CONTENT);
    assert!(mock.requests().is_empty());

    let mock = mock.json(200, &tokens()).json(200, &profile());
    auth.sign_in_with_password(lin()).await.unwrap();
    let mock = mock.json(503, &json!({})).json(200, &profile());
    let user = auth.user().send_with_meta().await.unwrap();
    assert_eq!(user.attempts(), 2);
    assert_eq!(mock.requests().len(), 4);
}

#[tokio::test]
async fn options_are_those_of_one_call_with_all_its_requests() {
    let mock = MockTransport::new()
        .json(200, &tokens())
        .json(200, &profile())
        .json(200, &profile());
    let auth = auth(&mock);
    let request = auth.sign_in_with_password(lin()).header("x-tenant", "t1");
    request.request_id("sign-in-7").send().await.unwrap();
    auth.user().header("x-tenant", "t2").await.unwrap();
    let requests = mock.requests();
    let tenants = requests.iter().map(|it| it.header("x-tenant").unwrap());
    assert_eq!(tenants.collect::<Vec<_>>(), ["t1", "t1", "t2"]);
    let ids = requests.iter().map(|it| it.header("x-request-id").unwrap());
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids[..2], ["sign-in-7", "sign-in-7"]);
    assert_ne!(ids[2], "sign-in-7");
}

/// A call that begins nothing new keeps the options of its handle, and adds its own.
#[tokio::test]
async fn options_of_a_request_add_to_those_of_the_handle() {
    let mock = MockTransport::new().json(200, &json!({ "exist": true }));
    let options = cloudbase_core::CallOptions::new().with_header("x-tenant", "t");
    let auth = auth(&mock).with_options(options);
    let is_registered = auth.is_username_registered("lin").request_id("req-8");
    assert!(is_registered.await.unwrap());
    let requests = mock.requests();
    assert_eq!(requests[0].header("x-tenant"), Some("t"));
    assert_eq!(requests[0].header("x-request-id"), Some("req-8"));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_the_call_that_has_it() {
    let silent = MockTransport::new().fallback(|_| std::future::pending());
    let begun = Instant::now();
    let auth = auth(&silent);
    let request = auth.send_verification(cloudbase_auth::VerificationRequest::email("a@b.example"));
    let error = request.timeout(Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.operation(), "auth.send_verification");
    assert_eq!(begun.elapsed().as_secs(), 2);
    let zero = auth.sign_in_with_password(lin()).timeout(Duration::ZERO);
    let error = zero.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
    assert_eq!(error.operation(), "auth.sign_in_with_password");
}

#[test]
fn the_first_request_of_a_call_is_a_value() {
    let mock = MockTransport::new();
    let auth = auth(&mock);
    let of = |operation: Result<Operation>| {
        let operation = operation.unwrap();
        let (method, target) = (operation.method(), operation.target());
        format!("{} {method} {target}", operation.name())
    };
    let sign_in = auth.sign_in_with_password(lin()).operation().unwrap();
    let body: Value = serde_json::from_slice(sign_in.body_bytes().unwrap()).unwrap();
    assert_eq!(body, json!({ "username": "lin", "password": "N3w-pass!" }));
    assert!(!sign_in.is_repeatable());
    let rows = [
        (
            of(Ok(sign_in)),
            "auth.sign_in_with_password POST /auth/v1/signin?client_id=test-env",
        ),
        (
            of(auth.sign_up(SignUp::email("a@b.example")).operation()),
            "auth.send_verification POST /auth/v1/verification?client_id=test-env",
        ),
        (
            of(auth.user().operation()),
            "auth.user GET /auth/v1/user/me",
        ),
        (
            of(auth.query_user(UserQuery::new().limit(3)).operation()),
            "auth.query_user GET /auth/v1/user/query?limit=3",
        ),
        (
            of(auth.unlink_identity("git/hub").operation()),
            "auth.unlink_identity DELETE /auth/v1/user/provider/git%2Fhub",
        ),
        (
            of(auth.create_captcha_data("s").operation()),
            "auth.create_captcha_data POST /auth/v1/captcha/data?client_id=test-env",
        ),
    ];
    for (operation, expected) in rows {
        assert_eq!(operation, expected);
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn invalid_arguments_name_the_method_and_send_nothing() {
    let mock = MockTransport::new();
    let auth = auth(&mock);
    let resend = || cloudbase_auth::Resend::email("nobody", ResendType::Signup);
    let errors = [
        auth.sign_in_with_password(Password::username("lin", ""))
            .operation()
            .unwrap_err(),
        auth.sign_in_with_password(Password::username("lin", ""))
            .await
            .unwrap_err(),
        auth.resend(resend()).operation().unwrap_err(),
        auth.resend(resend()).send_with_meta().await.unwrap_err(),
        auth.is_username_registered(" ").await.unwrap_err(),
        auth.grant_provider_token(ProviderGrant::access_token("", "t"))
            .await
            .unwrap_err(),
    ];
    let named = errors.map(|error| {
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        let argument = error.message().split('`').nth(1).unwrap().to_owned();
        format!("{}: {argument}", error.operation())
    });
    let expected = [
        "auth.sign_in_with_password: password",
        "auth.sign_in_with_password: password",
        "auth.resend: email",
        "auth.resend: email",
        "auth.is_username_registered: username",
        "auth.grant_provider_token: provider",
    ];
    assert_eq!(named, expected);
    assert!(mock.requests().is_empty());
}

/// The debug output of a request shows nothing of what it was given.
#[test]
fn a_request_does_not_show_what_it_was_given() {
    let auth = auth(&MockTransport::new());
    let shown = format!(
        "{:?} {:?} {:?}",
        auth.verify("id", "sentinel"),
        auth.delete_user("sentinel"),
        auth.verify_captcha_data("token", "sentinel"),
    );
    assert!(shown.starts_with("Verify {"), "{shown}");
    assert!(!shown.contains("sentinel"), "{shown}");
}

/// A code that is checked while another one is sent leaves no proof for the code that follows it.
#[tokio::test]
async fn a_proof_belongs_to_the_code_that_was_sent_for_it() {
    let (came, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gate = (came.clone(), go_on.clone());
    let proof = json!({ "verification_token": "t1", "expires_in": 600 });
    let rejected = json!({ "error": "permission_denied" });
    let mock = MockTransport::new()
        .json(200, &json!({ "verification_id": "v1", "is_user": true }))
        .then(move |_| {
            let ((came, go_on), proof) = (gate.clone(), proof.clone());
            async move {
                came.notify_one();
                go_on.notified().await;
                Ok(response(200, &[], &proof))
            }
        })
        .json(200, &json!({ "verification_id": "v2", "is_user": true }))
        .json(403, &rejected)
        .json(403, &rejected);
    let auth = auth(&mock);
    let pending = auth.sign_up(SignUp::email("a@b.example")).await.unwrap();
    let checking = tokio::spawn(pending.verify("123456").send());
    came.notified().await;
    pending.resend().await.unwrap();
    assert_eq!(pending.message_id(), "v2");
    go_on.notify_one();
    checking.await.unwrap().unwrap_err();
    pending.verify("123456").await.unwrap_err();
    let requests = mock.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.path(), "/auth/v1/verification/verify");
    assert_eq!(last.json()["verification_id"], "v2");
}
