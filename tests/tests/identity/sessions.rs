//! Sessions whose refresh is rejected, helps nothing or brings another user, and handles that cannot
//! be signed in.

use std::time::Duration;

use cloudbase_auth::{
    Auth, Error, ErrorKind, ExposeSecret as _, IdToken, OAuth, Otp, Password, Session, SetSession,
    SignUp, VerifyOtp,
};
use cloudbase_core::{Client, Operation, Result};
use http::{Method, Uri};
use serde_json::json;
use tokio::time::{advance, sleep, timeout};

use super::service::{KEY, Service, sign_in};

const GONE: &str = "refresh token is invalid or expired";

pub(crate) async fn call(client: &Client) -> Result<()> {
    let target = Uri::from_static("/v1/functions/pay");
    let operation = Operation::new("test.call", "/v1/functions/pay", Method::POST, target);
    client.fetch(operation).await.map(drop)
}

/// Lin, whose access token is over.
pub(crate) async fn over(service: &Service) -> Auth {
    let auth = service.signed_in("lin").await;
    advance(Duration::from_secs(7300)).await;
    auth
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_rejected_refresh_gets_the_rejection_and_sends_nothing() {
    let rejections = [
        (
            400,
            json!({ "error": "invalid_grant", "error_code": 4026, "error_description": GONE }),
        ),
        (
            401,
            json!({ "code": "REFRESH_TOKEN_EXPIRED", "message": GONE }),
        ),
    ];
    for (status, rejection) in rejections {
        let service = Service::new();
        let auth = over(&service).await;
        service.say("/auth/v1/token", status, rejection);
        let (one, two) = tokio::join!(call(auth.client()), call(auth.client()));
        for error in [one.unwrap_err(), two.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
            assert!(wire_code(&error), "{error}");
            assert!(
                error.message().contains(GONE) && !error.was_sent(),
                "{error:?}"
            );
            assert!(!error.is_retryable());
        }
        assert_eq!(service.count("/v1/functions/pay"), 0);
        // From then on nobody is signed in.
        call(auth.client()).await.unwrap();
        assert_eq!(service.tokens("/v1/functions/pay"), [KEY]);
        assert!(auth.session().await.unwrap().is_none());
        assert_eq!(service.count("/auth/v1/token"), 1);
    }
    // `session()` says the same, once.
    let service = Service::new();
    let auth = over(&service).await;
    service.say(
        "/auth/v1/token",
        400,
        json!({ "error": "invalid_grant", "error_description": GONE }),
    );
    let error = auth.session().await.unwrap_err();
    assert!(
        error.message().contains(GONE) && wire_code(&error),
        "{error}"
    );
    assert!(auth.session().await.unwrap().is_none());
}

fn wire_code(error: &Error) -> bool {
    let code = error.code().map(|code| code.as_str());
    matches!(code, Some("invalid_grant" | "REFRESH_TOKEN_EXPIRED"))
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nothing_can_refresh_is_not_replaced_by_the_key_either() {
    let service = Service::new();
    let auth = Auth::new(service.builder().build().unwrap()).unwrap();
    let session = json!({ "access_token": "lin.1.1", "expires_in": 60, "sub": "lin", "expires_at": "2000-01-01T00:00:00Z" });
    auth.restore_session(Session::from_json(session.to_string()).unwrap())
        .await
        .unwrap();
    let error = call(auth.client()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.message().contains("no refresh token"), "{error}");
    assert_eq!(service.count("/v1/functions/pay"), 0, "{error}");
    call(auth.client()).await.unwrap();
    assert_eq!(service.tokens("/v1/functions/pay"), [KEY]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_for_one_user_signs_nobody_in() {
    let service = Service::new();
    let auth = service.signed_in("lin").await;
    let theirs = auth.for_user("mei.9.9").unwrap();
    let before = service.count("/");
    let session = auth.peek_session().unwrap();
    let tried: Vec<Result<()>> = vec![
        theirs
            .sign_in_with_password(Password::username("lin", "s"))
            .await
            .map(drop),
        theirs
            .sign_in_with_otp(Otp::email("lin@example.org"))
            .await
            .map(drop),
        theirs.sign_in_anonymously().await.map(drop),
        theirs
            .sign_in_with_custom_ticket(|| async { Ok("ticket") })
            .await
            .map(drop),
        theirs
            .sign_in_with_id_token(IdToken::new("google", "token"))
            .await
            .map(drop),
        theirs
            .sign_in_with_oauth(OAuth::new("github"))
            .await
            .map(drop),
        theirs
            .sign_up(SignUp::email("lin@example.org"))
            .await
            .map(drop),
        theirs
            .verify_otp(VerifyOtp::new("id", "123456").phone("13900001111"))
            .await
            .map(drop),
        theirs
            .reset_password_for_email("lin@example.org")
            .await
            .map(drop),
        theirs
            .set_session(SetSession::new("r-lin.1.1"))
            .await
            .map(drop),
        theirs
            .refresh_session()
            .refresh_token("r-lin.1.1")
            .await
            .map(drop),
        theirs.restore_session(session).await,
    ];
    for (n, result) in tried.into_iter().enumerate() {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{n}: {error}");
        assert!(error.message().contains("for_user"), "{n}: {error}");
    }
    assert_eq!(service.count("/"), before, "nothing is sent");
    call(theirs.client()).await.unwrap_err();
    assert_eq!(service.tokens("/v1/functions/pay"), ["mei.9.9"]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_brings_another_user_is_not_taken() {
    let service = Service::new();
    let auth = service.signed_in("lin").await;
    let mut events = auth.events();
    let eve = json!({ "access_token": "eve.1.1", "refresh_token": "r-eve.1.1", "expires_in": 7200, "sub": "eve" });
    service.say("/auth/v1/token", 200, eve);
    let error = auth.refresh_session().await.unwrap_err();
    assert!(error.message().contains("another user"), "{error}");
    assert_eq!(
        error.retry_after(),
        Some(Duration::from_secs(5)),
        "{error:?}"
    );
    let kept = auth.session().await.unwrap().unwrap();
    assert_eq!(kept.sub(), "lin");
    call(auth.client()).await.unwrap();
    assert!(service.tokens("/v1/functions/pay")[0].starts_with("lin."));
    // When it is over, calls fail, and rest; nobody else's token goes out.
    advance(Duration::from_secs(7300)).await;
    for _ in 0..3 {
        call(auth.client()).await.unwrap_err();
    }
    assert_eq!(service.count("/auth/v1/token"), 2);
    assert_eq!(service.count("eve"), 0);
    assert!(
        timeout(Duration::from_secs(1), events.next())
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_rejects_every_token_is_asked_for_one_a_second() {
    let service = Service::new();
    let auth = service.signed_in("lin").await;
    service.say(
        "/v1/functions/pay",
        401,
        json!({ "code": "ACCESS_TOKEN_EXPIRED", "message": "x" }),
    );
    for _ in 0..50 {
        let error = call(auth.client()).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 401);
    }
    assert_eq!(service.count("/auth/v1/token"), 1);
    sleep(Duration::from_secs(10)).await;
    call(auth.client()).await.unwrap_err();
    assert_eq!(service.count("/auth/v1/token"), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_over_on_arrival_are_asked_for_once_a_second() {
    let service = Service::new();
    let auth = over(&service).await;
    let dead = json!({ "access_token": "lin.1.9", "refresh_token": "r-lin.1.9", "expires_in": 0, "sub": "lin" });
    service.say("/auth/v1/token", 200, dead);
    service.say("/v1/functions/pay", 200, json!({}));
    for _ in 0..20 {
        call(auth.client()).await.unwrap();
    }
    assert_eq!(service.count("/auth/v1/token"), 1);
}

#[tokio::test(start_paused = true)]
async fn refreshing_by_hand_is_held_back_by_nothing_and_says_what_calls_say() {
    let down = json!({ "error": "internal", "error_code": 13, "request_id": "X" });
    // Over, and still alive.
    for seconds in [7300, 10] {
        let service = Service::new();
        let auth = service.signed_in("lin").await;
        advance(Duration::from_secs(seconds)).await;
        service.say("/auth/v1/token", 500, down.clone());
        let mut errors = Vec::new();
        for _ in 0..4 {
            errors.push(auth.refresh_session().await.unwrap_err());
        }
        assert_eq!(service.count("/auth/v1/token"), 4, "{seconds}");
        if seconds == 7300 {
            errors.push(call(auth.client()).await.unwrap_err());
            errors.push(auth.session().await.unwrap_err());
            assert_eq!(service.count("/auth/v1/token"), 4, "those rest");
        }
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Credentials);
            assert!(error.is_retryable(), "{error:?}");
            assert_eq!(error.numeric_code(), Some(13));
            assert_eq!(error.request_id(), Some("X"));
            assert_eq!(
                error.to_string().matches("request id X").count(),
                1,
                "{error}"
            );
            assert_eq!(error.to_string().matches("500").count(), 1, "{error}");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
        }
    }
    // The first failure of a call says it as well.
    let service = Service::new();
    let auth = over(&service).await;
    service.say("/auth/v1/token", 503, json!("<html>"));
    let first = call(auth.client()).await.unwrap_err();
    let second = auth.session().await.unwrap_err();
    assert_eq!(first.retry_after(), Some(Duration::from_secs(5)));
    assert_eq!((first.is_retryable(), second.is_retryable()), (true, true));
}

/// The events that there are by now.
pub(crate) async fn reported(events: &mut cloudbase_auth::AuthEvents) -> Vec<String> {
    let mut reported = Vec::new();
    while let Ok(event) = timeout(Duration::from_millis(1), events.next()).await {
        let sub = event.session().map_or("", Session::sub).to_owned();
        reported.push(format!("{} {sub}", event.name()).trim_end().to_owned());
    }
    reported
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_is_reported_with_its_tokens_whatever_happens_to_its_profile() {
    enum Then {
        Refresh,
        SignOut,
        SignIn,
    }
    for then in [Then::Refresh, Then::SignOut, Then::SignIn] {
        let service = Service::new();
        let auth = Auth::new(service.builder().build().unwrap()).unwrap();
        let mut events = auth.events();
        let other = auth.clone();
        let expected: &[&str] = match then {
            Then::Refresh => &["SIGNED_IN lin", "TOKEN_REFRESHED lin", "USER_UPDATED lin"],
            Then::SignOut => &["SIGNED_IN lin", "SIGNED_OUT"],
            Then::SignIn => &["SIGNED_IN lin", "SIGNED_IN mei", "USER_UPDATED mei"],
        };
        let stays = matches!(then, Then::Refresh);
        let then = std::sync::Arc::new(then);
        service.interlude("/auth/v1/user/me", 1, 200, move || {
            let (other, then) = (other.clone(), then.clone());
            async move {
                match *then {
                    Then::Refresh => drop(other.refresh_session().await.unwrap()),
                    Then::SignOut => drop(other.sign_out().await.unwrap()),
                    Then::SignIn => sign_in(&other, "mei").await,
                }
            }
        });
        let result = auth
            .sign_in_with_password(Password::username("lin", "secret"))
            .await;
        assert_eq!(reported(&mut events).await, expected);
        match (stays, result) {
            (true, Ok(signed_in)) => {
                assert_eq!(signed_in.user.id, "lin");
                let current = auth.peek_session().unwrap();
                assert_eq!(
                    signed_in.session.access_token().expose_secret(),
                    current.access_token().expose_secret()
                );
            }
            (false, Err(error)) => assert!(error.message().contains("user changed"), "{error}"),
            (_, other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn signing_out_with_nobody_signed_in_is_no_event() {
    let service = Service::new();
    let auth = Auth::new(service.builder().build().unwrap()).unwrap();
    let mut events = auth.events();
    for _ in 0..2 {
        let outcome = auth.sign_out().await.unwrap();
        assert!(!outcome.revoked && outcome.error.is_none());
    }
    assert!(reported(&mut events).await.is_empty());
    sign_in(&auth, "lin").await;
    auth.sign_out().await.unwrap();
    auth.sign_out().await.unwrap();
    let names = reported(&mut events).await;
    assert_eq!(names, ["SIGNED_IN lin", "USER_UPDATED lin", "SIGNED_OUT"]);
}
