//! Codes, sign-up and sign-in.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "auth_sign_in/anonymous.rs"]
mod anonymous;
#[path = "auth_sign_in/codes.rs"]
mod codes;
mod people;
mod wire;

use cloudbase_emulator::{Emulator, NewUser, PasswordPolicy};
use http::Method;
use people::{Device, PASSWORD, access, assert_error, refresh, text};
use serde_json::json;

async fn start() -> (Emulator, Device) {
    let emulator = Emulator::builder().start().await.unwrap();
    let device = Device::new(&emulator, "device-1");
    (emulator, device)
}

#[tokio::test]
async fn signs_up_with_an_email_code() {
    let (emulator, device) = start().await;
    let contact = json!({"email": "lin@example.org", "usage": "email"});
    let sent = device
        .post("/verification", contact)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (sent["expires_in"].as_i64(), sent["is_user"].as_bool()),
        (Some(600), Some(false))
    );
    let message = emulator.inbox().latest("lin@example.org").unwrap();
    assert_eq!(
        (message.channel.as_str(), message.usage.as_str()),
        ("email", "email")
    );
    assert_eq!(message.code.len(), 6);
    assert_eq!(message.verification_id, text(&sent, "verification_id"));

    let proof =
        json!({"verification_id": sent["verification_id"], "verification_code": message.code});
    let verified = device
        .post("/verification/verify", proof.clone())
        .await
        .expect(200)
        .json();
    assert_error(
        device.post("/verification/verify", proof).await,
        400,
        "invalid_argument",
        3,
    );

    let body = json!({
        "email": "lin@example.org", "verification_token": verified["verification_token"],
        "verification_code": message.code, "password": PASSWORD, "name": "Lin", "username": "lin_w",
        "picture": "https://example.org/a.png", "gender": "FEMALE", "locale": "zh-CN",
    });
    let tokens = device
        .post("/signup", body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (tokens["token_type"].as_str(), tokens["expires_in"].as_i64()),
        (Some("Bearer"), Some(7200))
    );
    assert_eq!(tokens["scope"], "user sso");
    assert!(refresh(&tokens).starts_with("m.") && refresh(&tokens).len() <= 128);
    assert!(
        text(&tokens, "sub")
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    );

    let profile = device
        .get_as(&access(&tokens), "/user/me")
        .await
        .expect(200)
        .json();
    for (field, value) in [
        ("sub", &tokens["sub"]),
        ("user_id", &tokens["sub"]),
        ("name", &json!("Lin")),
        ("username", &json!("lin_w")),
        ("email", &json!("lin@example.org")),
        ("picture", &json!("https://example.org/a.png")),
        ("gender", &json!("FEMALE")),
        ("locale", &json!("zh-CN")),
        ("password", &json!("SET")),
        ("status", &json!("ACTIVE")),
    ] {
        assert_eq!(&profile[field], value, "{field}");
    }
    // The verification token is spent.
    assert_error(
        device.post("/signup", body).await,
        400,
        "invalid_argument",
        3,
    );
}

#[tokio::test]
async fn signs_up_with_a_phone_code_and_in_again() {
    let (emulator, device) = start().await;
    let phone = json!({"phone_number": "+86 13900001111", "target": "ANY"});
    let proof = device.prove(&emulator, phone.clone()).await;
    assert_eq!(
        emulator.inbox().latest("+8613900001111").unwrap().channel,
        "sms"
    );
    let body = json!({"phone_number": "+86 13900001111", "verification_token": proof});
    device.post("/signup", body).await.expect(200);

    let sent = device
        .post("/verification", phone.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(sent["is_user"], true);
    let proof = device.prove(&emulator, phone.clone()).await;
    let body = json!({"username": "+86 13900001111", "verification_token": proof});
    device.post("/signin", body).await.expect(200);
    // The user name may be left out, or empty.
    let proof = device.prove(&emulator, phone).await;
    let body = json!({"username": "", "verification_token": proof});
    let profile = device.post("/signin", body).await.expect(200).json();
    let profile = device.get_as(&access(&profile), "/user/me").await.json();
    assert_eq!(profile["phone_number"], "+86 13900001111");
    assert!(profile.get("password").is_none());
}

#[tokio::test]
async fn sign_up_rejects_what_does_not_fit() {
    let (emulator, device) = start().await;
    device.sign_up(&emulator, "taken@example.org").await;
    let taken = NewUser::username("taken").password(PASSWORD);
    emulator.users().add(taken).unwrap();
    let proof = |email| device.prove(&emulator, json!({"email": email}));

    let sign_up = |body| device.post("/signup", body);
    assert_error(sign_up(json!({})).await, 400, "invalid_argument", 3);
    assert_error(
        sign_up(json!({"email": "new@example.org"})).await,
        400,
        "invalid_argument",
        3,
    );
    let token = proof("taken@example.org").await;
    let body = json!({"email": "taken@example.org", "verification_token": token});
    assert_error(sign_up(body).await, 409, "already_exists", 6);
    let body = json!({"email": "other@example.org", "verification_token": token});
    assert_error(sign_up(body).await, 400, "invalid_argument", 3);

    let token = proof("new@example.org").await;
    let with = |field: &str, value: &str| {
        let mut body = json!({"email": "new@example.org", "verification_token": token});
        body[field] = json!(value);
        sign_up(body)
    };
    assert_error(
        with("username", "taken").await,
        409,
        "username_already_exists",
        None,
    );
    assert_error(with("username", "用户").await, 400, "invalid_argument", 3);
    assert_error(with("password", "short1").await, 400, "weak_password", None);
    assert_error(
        with("phone_number", "+86 13900001111").await,
        400,
        "invalid_argument",
        3,
    );
}

#[tokio::test]
async fn kinds_of_sign_in_can_be_switched_off() {
    let emulator = Emulator::builder()
        .email_sign_in(false)
        .phone_sign_in(false)
        .password_sign_in(false)
        .anonymous_sign_in(false)
        .user(NewUser::username("lin").password(PASSWORD))
        .start()
        .await
        .unwrap();
    let device = Device::new(&emulator, "device-1");
    let email = device
        .post("/verification", json!({"email": "lin@example.org"}))
        .await;
    assert_error(email, 403, "login_type_disabled", 4045);
    let password = json!({"username": "lin", "password": PASSWORD});
    let by_password = device.post("/signin", password).await;
    assert_error(by_password, 403, "login_type_disabled", 4045);
    let grant = json!({"grant_type": "password", "username": "lin", "password": PASSWORD});
    let by_grant = device.post("/token", grant).await;
    assert_error(by_grant, 403, "login_type_disabled", 4045);
    let phone = device
        .post("/verification", json!({"phone_number": "+86 13900001111"}))
        .await;
    assert_error(phone, 403, "login_type_disabled", 4045);
    let anonymous = device.post("/signin/anonymously", json!({})).await;
    assert_error(anonymous, 400, "failed_precondition", 9);
}

#[tokio::test]
async fn passwords_work_with_every_name_of_the_user() {
    let (emulator, device) = start().await;
    let user = NewUser::username("lin_w")
        .with_email("lin@example.org")
        .with_phone("+86 13900001111")
        .password(PASSWORD);
    let id = emulator.users().add(user).unwrap();
    for name in [
        "lin_w",
        "lin@example.org",
        "LIN@example.org",
        "+86 13900001111",
    ] {
        let tokens = device.sign_in(name, PASSWORD).await.expect(200).json();
        assert_eq!(text(&tokens, "sub"), id);
    }
    assert_error(
        device.sign_in("lin_w", "wrong").await,
        400,
        "invalid_password",
        None,
    );
    assert_error(
        device.sign_in("nobody", PASSWORD).await,
        404,
        "not_found",
        5,
    );
    assert_error(
        device.sign_in("", PASSWORD).await,
        400,
        "invalid_argument",
        3,
    );
    assert_error(
        device.sign_in("lin_w", "").await,
        400,
        "invalid_argument",
        3,
    );
    let both = json!({"username": "lin_w", "password": PASSWORD, "verification_token": "vt.x"});
    assert_error(
        device.post("/signin", both).await,
        400,
        "invalid_argument",
        3,
    );
    let malformed = device.call(Method::POST, "/signin").body("{").send().await;
    assert_error(malformed, 400, "invalid_argument", 3);
}

#[tokio::test]
async fn a_code_signs_in_only_its_own_user() {
    let (emulator, device) = start().await;
    device.sign_up(&emulator, "lin@example.org").await;
    device.sign_up(&emulator, "mei@example.org").await;
    let proof = device
        .prove(&emulator, json!({"email": "lin@example.org"}))
        .await;
    let body = json!({"username": "mei@example.org", "verification_token": proof});
    assert_error(
        device.post("/signin", body).await,
        400,
        "invalid_argument",
        3,
    );
    let proof = device
        .prove(&emulator, json!({"email": "new@example.org"}))
        .await;
    let body = json!({"verification_token": proof});
    assert_error(device.post("/signin", body).await, 404, "not_found", 5);
}

#[tokio::test]
async fn users_that_are_not_active_do_not_get_in() {
    let (emulator, device) = start().await;
    let id = emulator
        .users()
        .add(NewUser::username("lin").password(PASSWORD))
        .unwrap();
    assert!(emulator.users().set_status(&id, "BLOCKED"));
    assert_error(
        device.sign_in("lin", PASSWORD).await,
        403,
        "user_blocked",
        None,
    );
    emulator.users().set_status(&id, "PENDING");
    assert_error(
        device.sign_in("lin", PASSWORD).await,
        403,
        "user_pending",
        None,
    );
    emulator.users().set_status(&id, "ACTIVE");
    device.sign_in("lin", PASSWORD).await.expect(200);
    assert!(!emulator.users().set_status("nobody", "ACTIVE"));
}

#[tokio::test]
async fn policies_and_fixed_codes_are_settings() {
    let emulator = Emulator::builder()
        .fixed_code("000042")
        .password_policy(PasswordPolicy::Any)
        .user(NewUser::email("seed@example.org").password("x"))
        .start()
        .await
        .unwrap();
    let device = Device::new(&emulator, "device-1");
    device.sign_in("seed@example.org", "x").await.expect(200);
    device.send_code(json!({"email": "lin@example.org"})).await;
    assert_eq!(
        emulator.inbox().code("lin@example.org").as_deref(),
        Some("000042")
    );
    emulator.reset().await.unwrap();
    assert!(emulator.inbox().messages().is_empty());
    device.sign_in("seed@example.org", "x").await.expect(200);
}

#[tokio::test]
async fn descriptions_follow_the_language() {
    let (_emulator, device) = start().await;
    let english = device.sign_in("nobody", PASSWORD).await.json();
    assert!(text(&english, "error_description").is_ascii());
    let call = device
        .call(Method::POST, "/signin")
        .header("accept-language", "zh-CN");
    let chinese = call
        .json(&json!({"username": "nobody", "password": "x"}))
        .send()
        .await
        .json();
    assert!(text(&chinese, "error_description").starts_with("用户不存在"));
    assert_eq!(english["error"], chinese["error"]);
}
