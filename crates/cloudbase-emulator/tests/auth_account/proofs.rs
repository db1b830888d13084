//! Changing a password, and the proofs that it and other changes take.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::people::{PASSWORD, access, assert_error, refresh};
use crate::{LIN, NEW_PASSWORD, start};

#[tokio::test]
async fn sudo_takes_the_password_or_a_code_to_the_own_contact() {
    let (emulator, device, tokens) = start().await;
    let token = access(&tokens);
    let sudo = |body| device.post_as(&token, "/user/sudo", body);
    let response = sudo(json!({"password": PASSWORD})).await.expect(200).json();
    assert_eq!(response["expires_in"], 900);
    assert_error(
        sudo(json!({"password": "wrong"})).await,
        400,
        "invalid_password",
        None,
    );
    assert_error(sudo(json!({})).await, 400, "invalid_argument", 3);
    let own = device.prove(&emulator, json!({"email": LIN})).await;
    sudo(json!({"verification_token": own})).await.expect(200);
    let other = device
        .prove(&emulator, json!({"email": "mei@example.org"}))
        .await;
    assert_error(
        sudo(json!({"verification_token": other})).await,
        403,
        "permission_denied",
        7,
    );

    let proof = device
        .prove(&emulator, json!({"email": "mei@example.org"}))
        .await;
    let mei = device
        .post("/signin", json!({"verification_token": proof}))
        .await
        .expect(200)
        .json();
    let rejected = device
        .post_as(&access(&mei), "/user/sudo", json!({"password": "x"}))
        .await;
    assert_error(rejected, 400, "password_not_set", None);
}

#[tokio::test]
async fn a_password_change_signs_other_devices_out() {
    let (emulator, device, other) = start().await;
    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    let token = access(&tokens);
    let change = |path: &str, body: Value| {
        device
            .call(Method::PATCH, path)
            .bearer(&token)
            .json(&body)
            .send()
    };
    let sudo = device.sudo(&token, PASSWORD).await;
    let weak = change(
        "/user/password",
        json!({"new_password": "short", "sudo_token": sudo}),
    )
    .await;
    assert_error(weak, 400, "weak_password", None);
    let none = change("/user/password", json!({"new_password": NEW_PASSWORD})).await;
    assert_error(none, 403, "permission_denied", 7);
    let body = json!({"new_password": NEW_PASSWORD, "sudo_token": sudo});
    assert_eq!(
        change("/user/password", body.clone())
            .await
            .expect(200)
            .json(),
        json!({})
    );
    // A sudo token counts until it ends, however often it is used.
    change("/user/password", body).await.expect(200);

    assert_error(
        device.refresh(&refresh(&other)).await,
        400,
        "invalid_grant",
        4026,
    );
    assert_error(
        device.get_as(&access(&other), "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    device.refresh(&refresh(&tokens)).await.expect(200);
    assert_error(
        device.sign_in(LIN, PASSWORD).await,
        400,
        "invalid_password",
        None,
    );
    device.sign_in(LIN, NEW_PASSWORD).await.expect(200);

    // The sudo token may also stand in the query, and lives fifteen minutes.
    let sudo = device.sudo(&token, NEW_PASSWORD).await;
    let path = format!("/user/password?sudo_token={sudo}");
    change(&path, json!({"new_password": PASSWORD}))
        .await
        .expect(200);
    let sudo = device.sudo(&token, PASSWORD).await;
    emulator.clock().advance(Duration::from_secs(901));
    let path = format!("/user/password?sudo_token={sudo}");
    let ended = change(&path, json!({"new_password": NEW_PASSWORD})).await;
    assert_error(ended, 403, "permission_denied", 7);
}

#[tokio::test]
async fn a_forgotten_password_is_reset() {
    let (emulator, device, tokens) = start().await;
    let contact = json!({"email": LIN, "usage": "recovery", "target": "USER"});
    let proof = device.prove(&emulator, contact).await;
    let reset = |body| device.post("/reset", body);
    let wrong = json!({"email": "mei@example.org", "new_password": NEW_PASSWORD, "verification_token": proof});
    assert_error(reset(wrong).await, 400, "invalid_argument", 3);
    let none = json!({"new_password": NEW_PASSWORD, "verification_token": proof});
    assert_error(reset(none).await, 400, "invalid_argument", 3);
    let weak = json!({"email": LIN, "new_password": "x", "verification_token": proof});
    assert_error(reset(weak).await, 400, "weak_password", None);
    let body = json!({"email": LIN, "new_password": NEW_PASSWORD, "verification_token": proof});
    reset(body).await.expect(200);
    device.sign_in(LIN, NEW_PASSWORD).await.expect(200);
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );

    // The JS SDK sends the bare digits here.
    let proof = device
        .prove(&emulator, json!({"phone_number": "+86 13900002222"}))
        .await;
    let body = json!({
        "phone_number": "13900002222", "new_password": NEW_PASSWORD, "verification_token": proof,
    });
    reset(body).await.expect(200);
    device.sign_in("mei", NEW_PASSWORD).await.expect(200);
    let proof = device
        .prove(&emulator, json!({"email": "new@example.org"}))
        .await;
    let body = json!({
        "email": "new@example.org", "new_password": NEW_PASSWORD, "verification_token": proof,
    });
    assert_error(reset(body).await, 404, "not_found", 5);
}

#[tokio::test]
async fn reauthentication_sends_a_code_to_the_own_contact() {
    let (emulator, device, tokens) = start().await;
    let token = access(&tokens);
    let ask = |option: &str| {
        device.post_as(
            &token,
            "/user/reauthenticate",
            json!({"verify_opt": option}),
        )
    };
    assert_eq!(ask("email_code").await.expect(200).json(), json!({}));
    assert_eq!(
        emulator.inbox().latest(LIN).unwrap().usage,
        "reauthentication"
    );
    assert_error(ask("phone_code").await, 400, "failed_precondition", 9);
    assert_error(ask("pigeon").await, 400, "invalid_argument", 3);
}
