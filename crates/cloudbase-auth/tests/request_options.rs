//! What the options of a request are for: the requests of that one call, and nothing that follows it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloudbase_auth::{Auth, OAuth, Otp, Password, SetSession, SignUp, UpdateUser, VerifyOAuth};
use cloudbase_core::testing::{MockRequest, MockTransport};
use cloudbase_core::{Body, CallOptions, Client, Error, ErrorKind, Result};
use http::Response;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A service that accepts everything; each sign-in starts a session of its own.
fn service() -> MockTransport {
    let sign_ins = Arc::new(AtomicUsize::new(0));
    MockTransport::new().fallback(move |request: MockRequest| {
        let body = match request.path() {
            "/auth/v1/verification" => json!({ "verification_id": "v1", "is_user": true }),
            "/auth/v1/verification/verify" => json!({ "verification_token": "t1" }),
            "/auth/v1/user/me" => json!({ "sub": "lin", "email": "lin@example.org" }),
            "/auth/v1/user/sudo" => json!({ "sudo_token": "s1", "expires_in": 600 }),
            "/auth/v1/provider/uri" => json!({ "uri": "https://idp.example.org/authorize" }),
            "/auth/v1/provider/token" => json!({ "provider_token": "p1" }),
            path if path.contains("/signin") => {
                let number = sign_ins.fetch_add(1, Ordering::Relaxed);
                let (access, refresh) = (format!("a{number}"), format!("r{number}"));
                json!({ "access_token": access, "refresh_token": refresh, "expires_in": 7200, "sub": "lin" })
            }
            _ => json!({}),
        };
        async move { Ok(json_response(&body)) }
    })
}

fn json_response(body: &Value) -> Response<Body> {
    Response::new(Body::from(body.to_string().into_bytes()))
}

fn auth(mock: &MockTransport) -> Auth {
    let client = Client::builder().env_id("test-env").access_key("key");
    Auth::new(client.transport(mock.clone()).build().unwrap()).unwrap()
}

fn lin() -> Password {
    Password::username("lin", "N3w-pass!")
}

/// The options of one request.
macro_rules! of_one_request {
    ($request:expr) => {
        $request
            .timeout(Duration::from_millis(200))
            .max_attempts(1)
            .request_id("r1")
            .header("x-of", "one")
    };
}

/// Checks that the requests before `first_later` were made with the options of the first request, the
/// others with those of the handle alone.
fn check_options(mock: &MockTransport, begun: usize, first_later: usize) {
    let requests = mock.requests();
    assert!(begun < first_later && first_later < requests.len());
    for (index, request) in requests.iter().enumerate().skip(begun) {
        let of_first = index < first_later;
        let sent = (request.header("x-of"), request.header("x-request-id"));
        let path = request.path();
        assert_eq!(sent.0, of_first.then_some("one"), "{path}");
        assert_eq!(sent.1 == Some("r1"), of_first, "{path}");
        assert_eq!(request.header("x-tenant"), Some("t"), "{path}");
    }
}

#[tokio::test]
async fn what_a_request_returns_for_later_ones_has_the_options_of_the_handle() {
    let mock = service();
    let auth = auth(&mock).with_options(CallOptions::new().with_header("x-tenant", "t"));
    let sent = || mock.requests().len();

    let begun = sent();
    let pending = of_one_request!(auth.sign_in_with_otp(Otp::email("lin@example.org")));
    let pending = pending.await.unwrap();
    let later = sent();
    pending.resend().await.unwrap();
    pending.verify("042317").await.unwrap();
    check_options(&mock, begun, later);

    let begun = sent();
    let pending = of_one_request!(auth.sign_up(SignUp::email("lin@example.org")));
    let pending = pending.await.unwrap();
    let later = sent();
    pending.verify("042317").await.unwrap();
    check_options(&mock, begun, later);

    let begun = sent();
    let pending = of_one_request!(auth.reset_password_for_email("lin@example.org"));
    let pending = pending.await.unwrap();
    let later = sent();
    pending.resend().await.unwrap();
    pending.update_user("042317", "N3w-pass!").await.unwrap();
    check_options(&mock, begun, later);

    let begun = sent();
    let changed = UpdateUser::new().email("mei@example.org");
    let updated = of_one_request!(auth.update_user(changed)).await.unwrap();
    let later = sent();
    updated.pending.unwrap().verify("042317").await.unwrap();
    check_options(&mock, begun, later);

    let begun = sent();
    let pending = of_one_request!(auth.reauthenticate()).await.unwrap();
    let later = sent();
    pending.resend().await.unwrap();
    pending.update_user("042317", "N3w-pass!").await.unwrap();
    check_options(&mock, begun, later);
}

/// The user of a pending value stays the one that its first request was made for.
#[tokio::test]
async fn a_pending_value_keeps_its_user_without_the_options() {
    let mock = service();
    let auth = auth(&mock);
    auth.sign_in_with_password(lin()).await.unwrap();
    let changed = UpdateUser::new().email("mei@example.org");
    let updated = of_one_request!(auth.update_user(changed)).await.unwrap();
    let pending = of_one_request!(auth.reauthenticate()).await.unwrap();
    auth.sign_in_with_password(lin()).await.unwrap();
    let errors = [
        pending.update_user("042317", "x").await.unwrap_err(),
        updated.pending.unwrap().verify("042317").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    }
}

fn assert_argument(error: &Error, argument: &str) {
    assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
    assert!(error.message().contains(argument), "{error}");
    assert!(error.operation().starts_with("auth."), "{error:?}");
}

/// As a token of another user would be, which calls of the signed-in user reject as well.
#[tokio::test]
async fn an_authorization_header_is_rejected_before_anything_is_sent() {
    let mock = service();
    let auth = auth(&mock);
    auth.sign_in_with_password(lin()).await.unwrap();
    let sent = mock.requests().len();
    let theirs = CallOptions::new().with_header("authorization", "Bearer theirs");
    let as_them = auth.with_options(theirs);
    let (name, value) = ("Authorization", "Bearer theirs");
    let errors = [
        auth.delete_user("x").header(name, value).await.unwrap_err(),
        auth.delete_user("x")
            .header(name, value)
            .operation()
            .unwrap_err(),
        auth.sign_in_with_password(lin())
            .header(name, value)
            .await
            .unwrap_err(),
        auth.user().header(name, value).await.unwrap_err(),
        as_them.refresh_user().await.unwrap_err(),
        as_them
            .set_session(SetSession::new("r9"))
            .await
            .unwrap_err(),
        as_them
            .refresh_session()
            .refresh_token("r9")
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_argument(&error, "`header`");
    }
    assert_eq!(mock.requests().len(), sent);
    assert!(auth.session().await.unwrap().is_some());
}

#[tokio::test]
async fn invalid_options_are_reported_before_a_ticket_or_a_state_is_spent() {
    let mock = service();
    let auth = auth(&mock);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let get_ticket = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Ok("ticket".to_owned()) }
    };
    let sign_in = auth.sign_in_with_custom_ticket(get_ticket).max_attempts(0);
    assert_argument(&sign_in.await.unwrap_err(), "max_attempts");
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    let to = OAuth::new("github").redirect_to("https://app.example.org/signed-in");
    let state = auth.sign_in_with_oauth(to.clone()).await.unwrap().state;
    let url = format!("https://app.example.org/signed-in?code=c1&state={state}");
    let callback = auth.handle_oauth_callback(&url).timeout(Duration::ZERO);
    assert_argument(&callback.await.unwrap_err(), "timeout");
    auth.handle_oauth_callback(&url).await.unwrap();

    let state = auth.sign_in_with_oauth(to).await.unwrap().state;
    let callback = || auth.verify_oauth(VerifyOAuth::new("c1", &state));
    let error = callback().request_id("").await.unwrap_err();
    assert_argument(&error, "request_id");
    callback().await.unwrap();
}

/// Whether there is something to send or not.
#[tokio::test]
async fn invalid_options_are_reported_by_calls_that_send_nothing() {
    let auth = auth(&service());
    let errors = [
        auth.user().header("a\nb", "x").await.map(drop),
        auth.introspect().header("a\nb", "x").await.map(drop),
        auth.user().header("a\nb", "x").operation().map(drop),
        auth.sign_in_with_password(lin())
            .header("a\nb", "x")
            .operation()
            .map(drop),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert_argument(&error, "header name");
    }
    let zero = auth.user().timeout(Duration::ZERO).operation();
    assert_argument(&zero.unwrap_err(), "timeout");
}

/// The id in force is that of the code sent last, even where the response to an earlier request is late.
#[tokio::test(start_paused = true)]
async fn resends_at_the_same_time_leave_the_latest_code_in_force() {
    let (came, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gate = (came.clone(), go_on.clone());
    let code = |id: &str| json!({ "verification_id": id, "is_user": true });
    let mock = MockTransport::new()
        .json(200, &code("v1"))
        .then(move |_| {
            let ((came, go_on), body) = (gate.clone(), code("v2"));
            async move {
                came.notify_one();
                go_on.notified().await;
                Ok(json_response(&body))
            }
        })
        .json(200, &code("v3"));
    let pending = auth(&mock).sign_in_with_otp(Otp::email("lin@example.org"));
    let pending = pending.await.unwrap();
    let first = tokio::spawn(pending.resend().send());
    came.notified().await;
    let mut second = tokio::spawn(pending.resend().send());
    // Until nothing moves any more.
    let early = tokio::time::timeout(Duration::from_secs(1), &mut second).await;
    go_on.notify_one();
    first.await.unwrap().unwrap();
    let second = match early {
        Ok(second) => second,
        Err(_) => second.await,
    };
    assert_eq!(second.unwrap().unwrap().verification_id, "v3");
    assert_eq!(pending.message_id(), "v3");
}
