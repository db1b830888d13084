//! Verification codes: where they go, how long they count, and how many are sent.

use cloudbase_emulator::Emulator;
use http::Method;
use serde_json::json;

use crate::people::{Device, access, assert_error, text};
use crate::start;

#[tokio::test]
async fn codes_end() {
    let (emulator, device) = start().await;
    let contact = json!({"email": "lin@example.org"});
    let first = device.send_code(contact.clone()).await;
    let code = emulator.inbox().code("lin@example.org").unwrap();
    let verify = |id: &str, code: &str| {
        device.post(
            "/verification/verify",
            json!({"verification_id": id, "verification_code": code}),
        )
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_error(verify(&first, wrong).await, 400, "invalid_argument", 3);
    assert_error(
        verify("vi.unknown", &code).await,
        400,
        "invalid_argument",
        3,
    );
    assert_error(verify(&first, "").await, 400, "invalid_argument", 3);
    // A new code ends the one before.
    let second = device.send_code(contact).await;
    assert_error(verify(&first, &code).await, 400, "invalid_argument", 3);
    let code = emulator.inbox().code("lin@example.org").unwrap();
    emulator
        .clock()
        .advance(std::time::Duration::from_secs(601));
    assert_error(verify(&second, &code).await, 400, "invalid_argument", 3);
}

#[tokio::test]
async fn a_verification_token_lives_ten_minutes() {
    let (emulator, device) = start().await;
    let proof = device
        .prove(&emulator, json!({"email": "lin@example.org"}))
        .await;
    emulator
        .clock()
        .advance(std::time::Duration::from_secs(601));
    let body = json!({"email": "lin@example.org", "verification_token": proof});
    assert_error(
        device.post("/signup", body).await,
        400,
        "invalid_argument",
        3,
    );
}

#[tokio::test]
async fn codes_go_where_the_target_allows() {
    let (emulator, device) = start().await;
    let tokens = device.sign_up(&emulator, "lin@example.org").await;
    let send = |body| device.post("/verification", body);
    let known = |target| send(json!({"email": "lin@example.org", "target": target}));
    let unknown = |target| send(json!({"email": "new@example.org", "target": target}));
    known("USER").await.expect(200);
    unknown("NOT_USER").await.expect(200);
    assert_error(unknown("USER").await, 404, "not_found", 5);
    assert_error(known("NOT_USER").await, 400, "failed_precondition", 9);
    assert_error(known("NON_USER").await, 400, "failed_precondition", 9);
    assert_error(known("CUR_USER").await, 401, "unauthenticated", 16);
    assert_error(known("SOMEBODY").await, 400, "invalid_argument", 3);
    let current = |email: &str| json!({"email": email, "target": "CUR_USER"});
    let token = access(&tokens);
    device
        .post_as(&token, "/verification", current("lin@example.org"))
        .await
        .expect(200);
    let other = device
        .post_as(&token, "/verification", current("new@example.org"))
        .await;
    assert_error(other, 400, "failed_precondition", 9);
}

#[tokio::test]
async fn addresses_are_checked_before_a_code_is_sent() {
    let (emulator, device) = start().await;
    let send = |body| device.post("/verification", body);
    assert_error(send(json!({})).await, 400, "invalid_argument", 3);
    let both = json!({"email": "lin@example.org", "phone_number": "+86 13900001111"});
    assert_error(send(both).await, 400, "invalid_argument", 3);
    assert_error(
        send(json!({"email": "lin"})).await,
        400,
        "invalid_argument",
        3,
    );
    for phone in ["13900001111", "+8613900001111", "+86 12"] {
        let response = send(json!({"phone_number": phone})).await;
        assert_error(response, 400, "invalid_phone_number", None);
    }
    assert!(emulator.inbox().messages().is_empty());
}

#[tokio::test]
async fn too_many_codes_need_a_captcha_and_then_are_rejected() {
    let emulator = Emulator::builder().send_limits(2, 4).start().await.unwrap();
    let device = Device::new(&emulator, "device-1");
    let contact = json!({"email": "lin@example.org"});
    for _ in 0..2 {
        device.send_code(contact.clone()).await;
    }
    let rejected = device.post("/verification", contact.clone()).await;
    assert_error(rejected, 400, "captcha_required", 4001);
    let captcha = device.post("/captcha/init", json!({})).await.json();
    let solved = text(&captcha, "captcha_token");
    for _ in 0..2 {
        let call = device.call(Method::POST, "/verification").json(&contact);
        call.header("x-captcha-token", &solved)
            .send()
            .await
            .expect(200);
    }
    let call = device.call(Method::POST, "/verification").json(&contact);
    let rejected = call.header("x-captcha-token", &solved).send().await;
    let wait: u64 = rejected.header("retry-after").parse().unwrap();
    assert_eq!(rejected.json()["retry_after"], wait);
    assert_error(rejected, 429, "resource_exhausted", 8);
    emulator
        .clock()
        .advance(std::time::Duration::from_secs(wait));
    device.send_code(contact).await;
}

#[tokio::test]
async fn a_link_can_take_the_place_of_a_code() {
    let (emulator, device) = start().await;
    let body =
        json!({"email": "lin@example.org", "email_redirect_to": "https://app.example.org/in?a=1"});
    let id = device.send_code(body).await;
    let message = emulator.inbox().latest("lin@example.org").unwrap();
    let link = message.link.unwrap();
    assert!(
        link.starts_with("https://app.example.org/in?a=1&"),
        "{link}"
    );
    assert!(link.contains(&id) && link.contains(&message.code));
}
