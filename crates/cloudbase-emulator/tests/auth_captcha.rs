//! Captchas: demanded at will and by wrong passwords, solved, used, ended.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod people;
mod wire;

use std::time::Duration;

use base64::Engine as _;
use cloudbase_emulator::{Emulator, NewUser};
use http::Method;
use people::{Device, PASSWORD, access, assert_error, text};
use serde_json::json;

const LIN: &str = "lin@example.org";

async fn start() -> (Emulator, Device) {
    let user = NewUser::email(LIN).password(PASSWORD);
    let emulator = Emulator::builder().user(user).start().await.unwrap();
    let device = Device::new(&emulator, "device-1");
    (emulator, device)
}

/// Solves a challenge and returns the captcha token.
async fn solve(emulator: &Emulator, device: &Device) -> String {
    let challenge = device
        .post("/captcha/data", json!({"state": "s"}))
        .await
        .expect(200)
        .json();
    let answer = emulator
        .captcha()
        .answer(&text(&challenge, "token"))
        .unwrap();
    let body = json!({"token": challenge["token"], "key": answer.to_lowercase()});
    let solved = device
        .post("/captcha/data/verify", body)
        .await
        .expect(200)
        .json();
    assert_eq!(solved["expires_in"], 600);
    text(&solved, "captcha_token")
}

#[tokio::test]
async fn a_challenge_is_a_picture_with_an_answer() {
    let (emulator, device) = start().await;
    let challenge = device
        .post("/captcha/data", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (challenge["type"].as_str(), challenge["expires_in"].as_i64()),
        (Some("image"), Some(300))
    );
    let data = text(&challenge, "data");
    let picture = data.strip_prefix("data:image/gif;base64,").unwrap();
    let picture = base64::engine::general_purpose::STANDARD
        .decode(picture)
        .unwrap();
    assert!(picture.starts_with(b"GIF89a"));

    let verify = |key: &str| {
        device.post(
            "/captcha/data/verify",
            json!({"token": challenge["token"], "key": key}),
        )
    };
    let answer = emulator
        .captcha()
        .answer(&text(&challenge, "token"))
        .unwrap();
    assert_error(verify("????").await, 400, "invalid_captcha", None);
    assert_error(verify("").await, 400, "invalid_argument", 3);
    verify(&answer).await.expect(200);
    assert_error(verify(&answer).await, 400, "captcha_used", None);

    let challenge = device
        .post("/captcha/data", json!({}))
        .await
        .expect(200)
        .json();
    emulator.clock().advance(Duration::from_secs(301));
    let body = json!({"token": challenge["token"], "key": "AAAA"});
    assert_error(
        device.post("/captcha/data/verify", body).await,
        400,
        "captcha_expired",
        None,
    );
    let body = json!({"token": "cc.unknown", "key": "AAAA"});
    assert_error(
        device.post("/captcha/data/verify", body).await,
        400,
        "invalid_captcha",
        None,
    );
}

#[tokio::test]
async fn a_captcha_is_demanded_at_will() {
    let (emulator, device) = start().await;
    emulator
        .captcha()
        .demand("POST /auth/v1/verification", Some(2));
    let contact = json!({"email": LIN});
    let rejected = device.post("/verification", contact.clone()).await;
    assert_error(rejected, 400, "captcha_required", 4001);
    // Other operations are not concerned.
    device.sign_in(LIN, PASSWORD).await.expect(200);
    // Header and query are both accepted, and a good token does not use the demand up.
    let token = solve(&emulator, &device).await;
    let call = device.call(Method::POST, "/verification").json(&contact);
    call.header("x-captcha-token", &token)
        .send()
        .await
        .expect(200);
    let path = format!("/verification?captcha_token={token}");
    device.post(&path, contact.clone()).await.expect(200);
    let rejected = device
        .post("/verification?captcha_token=v1.bad", contact.clone())
        .await;
    assert_error(rejected, 400, "captcha_invalid", 4002);
    device.post("/verification", contact).await.expect(200);
}

#[tokio::test]
async fn captcha_tokens_end() {
    let (emulator, device) = start().await;
    emulator.captcha().demand("* /auth/v1/*", None);
    let token = solve(&emulator, &device).await;
    let sign_in = |token: &str| {
        let path = format!("/signin?captcha_token={token}");
        let device = device.clone();
        async move {
            device
                .post(&path, json!({"username": LIN, "password": PASSWORD}))
                .await
        }
    };
    sign_in(&token).await.expect(200);
    emulator.captcha().invalidate_tokens();
    assert_error(sign_in(&token).await, 400, "captcha_invalid", 4002);
    let token = solve(&emulator, &device).await;
    emulator.clock().advance(Duration::from_secs(601));
    assert_error(sign_in(&token).await, 400, "captcha_invalid", 4002);
    emulator.captcha().clear();
    sign_in("whatever").await.expect(200);
}

#[tokio::test]
async fn five_wrong_passwords_demand_a_captcha() {
    let (emulator, device) = start().await;
    for _ in 0..5 {
        assert_error(
            device.sign_in(LIN, "wrong").await,
            400,
            "invalid_password",
            None,
        );
    }
    assert_error(
        device.sign_in(LIN, PASSWORD).await,
        400,
        "captcha_required",
        4001,
    );
    let token = solve(&emulator, &device).await;
    let path = format!("/signin?captcha_token={token}");
    let wrong = json!({"username": LIN, "password": "wrong"});
    assert_error(
        device.post(&path, wrong).await,
        400,
        "invalid_password",
        None,
    );
    let right = json!({"username": LIN, "password": PASSWORD});
    device.post(&path, right).await.expect(200);
    // The right password starts the count again.
    device.sign_in(LIN, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn wrong_sudo_passwords_count_too() {
    let (_emulator, device) = start().await;
    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    let token = access(&tokens);
    let sudo = |password: &str| device.post_as(&token, "/user/sudo", json!({"password": password}));
    for _ in 0..5 {
        assert_error(sudo("wrong").await, 400, "invalid_password", None);
    }
    assert_error(sudo(PASSWORD).await, 400, "captcha_required", 4001);
}

#[tokio::test]
async fn other_processes_demand_captchas() {
    let (emulator, device) = start().await;
    let wire = wire::Wire::new();
    let url = |path: &str| format!("{}/__emulator/captcha{path}", emulator.endpoint());
    let demand = json!({"match": "POST /auth/v1/signin", "times": 1});
    wire.post(&url("")).json(&demand).send().await.expect(201);
    assert_error(
        device.sign_in(LIN, PASSWORD).await,
        400,
        "captcha_required",
        4001,
    );
    device.sign_in(LIN, PASSWORD).await.expect(200);
    let challenge = device.post("/captcha/data", json!({})).await.json();
    let path = format!("/{}", text(&challenge, "token"));
    let answer = wire.get(&url(&path)).send().await.expect(200).json();
    assert_eq!(answer["answer"].as_str().map(str::len), Some(4));
    wire.get(&url("/cc.unknown")).send().await.expect(404);
    wire.post(&url(""))
        .json(&json!({}))
        .send()
        .await
        .expect(201);
    assert_error(
        device.sign_in(LIN, PASSWORD).await,
        400,
        "captcha_required",
        4001,
    );
    wire.delete(&url(""))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);
    device.sign_in(LIN, PASSWORD).await.expect(200);
}
