//! Tokens: rotation, the session limit, revocation, what the gateway makes of them, and state on disk.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "auth_session/ending.rs"]
mod ending;
mod people;
mod wire;

use std::time::Duration;

use cloudbase_emulator::{Emulator, EmulatorBuilder, Fault, NewUser, RefreshReuse};
use http::Method;
use people::{Device, PASSWORD, access, assert_error, refresh, text};
use serde_json::{Value, json};

const LIN: &str = "lin@example.org";

async fn start(builder: EmulatorBuilder) -> (Emulator, Device, Value) {
    let user = NewUser::email(LIN).password(PASSWORD);
    let emulator = builder.user(user).start().await.unwrap();
    let device = Device::new(&emulator, "device-1");
    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    (emulator, device, tokens)
}

#[tokio::test]
async fn refresh_tokens_rotate() {
    let (_emulator, device, first) = start(Emulator::builder()).await;
    let second = device.refresh(&refresh(&first)).await.expect(200).json();
    assert_ne!(refresh(&first), refresh(&second));
    assert_ne!(access(&first), access(&second));
    assert_eq!(first["sub"], second["sub"]);
    assert_error(
        device.refresh(&refresh(&first)).await,
        400,
        "invalid_grant",
        4026,
    );
    // The old access token lives on, and so does the session.
    device.get_as(&access(&first), "/user/me").await.expect(200);
    device.refresh(&refresh(&second)).await.expect(200);
}

#[tokio::test]
async fn a_lost_response_costs_the_session_unless_there_is_grace() {
    let builder = Emulator::builder().refresh_reuse(RefreshReuse::Grace(Duration::from_secs(10)));
    let (emulator, device, first) = start(builder).await;
    emulator
        .faults()
        .add(Fault::on("POST /auth/v1/token").times(1).lose_response());
    let body = json!({"grant_type": "refresh_token", "refresh_token": refresh(&first)});
    let lost = device
        .call(Method::POST, "/token")
        .json(&body)
        .try_send()
        .await;
    assert!(lost.is_err());
    let again = device.refresh(&refresh(&first)).await.expect(200).json();
    device.refresh(&refresh(&again)).await.expect(200);
    emulator.clock().advance(Duration::from_secs(11));
    assert_error(
        device.refresh(&refresh(&first)).await,
        400,
        "invalid_grant",
        4026,
    );
}

#[tokio::test]
async fn reuse_can_end_the_session() {
    let (_emulator, device, first) =
        start(Emulator::builder().refresh_reuse(RefreshReuse::EndSession)).await;
    let second = device.refresh(&refresh(&first)).await.expect(200).json();
    assert_error(
        device.refresh(&refresh(&first)).await,
        400,
        "invalid_grant",
        4026,
    );
    assert_error(
        device.refresh(&refresh(&second)).await,
        400,
        "invalid_grant",
        4026,
    );
    assert_error(
        device.get_as(&access(&second), "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
}

#[tokio::test]
async fn one_session_more_than_allowed_ends_the_oldest_refresh_token() {
    let (_emulator, phone, first) = start(Emulator::builder().max_sessions(2)).await;
    let second = phone.sign_in(LIN, PASSWORD).await.expect(200).json();
    // A refresh makes the first session the younger one.
    let first = phone.refresh(&refresh(&first)).await.expect(200).json();
    let third = phone.sign_in(LIN, PASSWORD).await.expect(200).json();
    assert_error(
        phone.refresh(&refresh(&second)).await,
        400,
        "invalid_grant",
        4026,
    );
    phone.get_as(&access(&second), "/user/me").await.expect(200);
    phone.refresh(&refresh(&first)).await.expect(200);
    phone.refresh(&refresh(&third)).await.expect(200);
}

#[tokio::test]
async fn a_new_environment_allows_one_session() {
    let (emulator, phone, first) = start(Emulator::builder()).await;
    let laptop = Device::new(&emulator, "device-2");
    let second = laptop.sign_in(LIN, PASSWORD).await.expect(200).json();
    assert_error(
        phone.refresh(&refresh(&first)).await,
        400,
        "invalid_grant",
        4026,
    );
    laptop.refresh(&refresh(&second)).await.expect(200);
}

#[tokio::test]
async fn other_grants() {
    let (_emulator, device, _) = start(Emulator::builder()).await;
    let grant = |body| device.post("/token", body);
    let password = json!({"grant_type": "password", "username": LIN, "password": PASSWORD});
    grant(password).await.expect(200);
    assert_error(grant(json!({})).await, 400, "invalid_argument", 3);
    assert_error(
        grant(json!({"grant_type": "refresh_token"})).await,
        400,
        "invalid_argument",
        3,
    );
    let code = json!({"grant_type": "authorization_code", "code": "x"});
    assert_error(grant(code).await, 400, "invalid_grant", 4026);
    let unknown = json!({"grant_type": "magic"});
    assert_error(grant(unknown).await, 400, "unsupported_grant_type", None);
    let admin = device.call(Method::POST, "/token/clientCredential");
    let admin = admin
        .header("authorization", "TC3-HMAC-SHA256 Credential=AKIDx/2026-11-28/tcb/tc3_request, SignedHeaders=host, Signature=00")
        .send()
        .await
        .expect(200);
    assert_eq!(text(&admin.json(), "access_token").split('.').count(), 3);
    let unsigned = device.post("/token/clientCredential", json!({})).await;
    assert_error(unsigned, 401, "unauthenticated", 16);
}

#[tokio::test]
async fn introspection_reports_what_counts() {
    let (_emulator, device, tokens) = start(Emulator::builder()).await;
    let response = device
        .get_as(&access(&tokens), "/token/introspect")
        .await
        .expect(200)
        .json();
    assert_eq!(
        response,
        json!({
            "token_type": "Bearer", "client_id": "emulator-local", "sub": tokens["sub"],
            "scope": "user sso",
        })
    );
    assert_eq!(
        device
            .get_as("x", "/token/introspect")
            .await
            .expect(200)
            .json(),
        json!({})
    );
}

#[tokio::test]
async fn the_gateway_distinguishes_bad_tokens() {
    let (emulator, device, tokens) = start(Emulator::builder()).await;
    let other = Emulator::builder()
        .env_id("another-env")
        .start()
        .await
        .unwrap();
    let wire = wire::Wire::new();
    let url = format!(
        "{}/v1/storages/get-objects-download-info",
        emulator.endpoint()
    );
    let call = |authorization: Option<String>| {
        let call = wire.post(&url);
        match authorization {
            Some(value) => call.header("authorization", &value),
            None => call,
        }
    };
    let forged = format!("{}x", access(&tokens).rsplit_once('.').unwrap().0);
    let ticket = format!("key/@@/{}", access(&tokens));
    for (authorization, code) in [
        (None, "MISSING_CREDENTIALS"),
        (Some("Basic ZW52Og==".to_owned()), "MISSING_CREDENTIALS"),
        (Some("Bearer ".to_owned()), "MISSING_CREDENTIALS"),
        (Some("Bearer x".to_owned()), "INVALID_CREDENTIALS"),
        (
            Some(format!("Bearer {}", other.api_key())),
            "ACCESS_TOKEN_KID_INVALID",
        ),
        (Some(format!("Bearer {ticket}")), "ACCESS_TOKEN_KID_INVALID"),
        (Some(format!("Bearer {forged}.c2ln")), "INVALID_CREDENTIALS"),
    ] {
        let response = call(authorization.clone()).send().await.expect(401);
        assert_eq!(response.code(), code, "{authorization:?}");
        assert_eq!(
            response.json()["requestId"],
            response.header("x-request-id")
        );
    }
    let bearer = Some(format!("Bearer {}", access(&tokens)));
    let (signed, _) = access(&tokens)
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let unsigned = call(Some(format!("Bearer {signed}.c2ln")))
        .send()
        .await
        .expect(401);
    assert_eq!(unsigned.code(), "ACCESS_TOKEN_INVALID");
    assert_ne!(call(bearer.clone()).send().await.status.as_u16(), 401);
    emulator.clock().advance(Duration::from_secs(7201));
    assert_eq!(
        call(bearer.clone()).send().await.expect(401).code(),
        "ACCESS_TOKEN_EXPIRED"
    );
    emulator.clock().reset();
    device
        .post("/revoke", json!({"token": access(&tokens)}))
        .await
        .expect(200);
    assert_eq!(
        call(bearer).send().await.expect(401).code(),
        "ACCESS_TOKEN_INVALID"
    );
}

#[tokio::test]
async fn anonymous_sessions_refresh_or_come_without_a_refresh_token() {
    let (_emulator, device, _) = start(Emulator::builder()).await;
    let tokens = device
        .post("/signin/anonymously", json!({}))
        .await
        .expect(200)
        .json();
    let next = device.refresh(&refresh(&tokens)).await.expect(200).json();
    assert_eq!(
        (&next["scope"], &next["sub"]),
        (&json!("anonymous"), &tokens["sub"])
    );

    let (_emulator, device, _) = start(Emulator::builder().anonymous_refresh_token(false)).await;
    let tokens = device
        .post("/signin/anonymously", json!({}))
        .await
        .expect(200)
        .json();
    assert!(tokens.get("refresh_token").is_none());
}

#[tokio::test]
async fn snapshots_bring_sessions_back() {
    let (emulator, device, tokens) = start(Emulator::builder()).await;
    let snapshot = emulator.snapshot().await.unwrap();
    device.refresh(&refresh(&tokens)).await.expect(200);
    emulator.reset().await.unwrap();
    assert_error(
        device.get_as(&access(&tokens), "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    emulator.restore(&snapshot).await.unwrap();
    device
        .get_as(&access(&tokens), "/user/me")
        .await
        .expect(200);
    device.refresh(&refresh(&tokens)).await.expect(200);
}

#[tokio::test]
async fn state_is_kept_in_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (emulator, device, _) = start(Emulator::builder().data_dir(folder.path())).await;
    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    emulator.shutdown().await;

    let (emulator, device, _) = {
        let emulator = Emulator::builder()
            .data_dir(folder.path())
            .start()
            .await
            .unwrap();
        let device = Device::new(&emulator, "device-1");
        (emulator, device, ())
    };
    let tokens = device.refresh(&refresh(&tokens)).await.expect(200).json();
    device
        .get_as(&access(&tokens), "/user/me")
        .await
        .expect(200);
    // Also without an orderly end.
    drop(emulator);
    let emulator = Emulator::builder()
        .data_dir(folder.path())
        .start()
        .await
        .unwrap();
    Device::new(&emulator, "device-1")
        .refresh(&refresh(&tokens))
        .await
        .expect(200);
    drop(emulator);

    // Long enough to be looked at as a database.
    std::fs::write(folder.path().join("auth/auth.sqlite3"), "{ ".repeat(99)).unwrap();
    let error = Emulator::builder()
        .data_dir(folder.path())
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("auth.sqlite3"), "{error}");
}
