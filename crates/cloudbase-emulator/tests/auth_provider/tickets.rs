//! Sign-in with custom tickets.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloudbase_emulator::Emulator;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::people::{Device, access, assert_error, text};
use crate::start;

/// Makes a ticket as a server SDK does.
fn ticket(key: &str, claims: &Value) -> String {
    let key: Value = serde_json::from_str(key).unwrap();
    let pem = text(&key, "private_key");
    let der: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!(
        "{}/@@/{signed}.{}",
        text(&key, "private_key_id"),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

fn claims(emulator: &Emulator, uid: &str) -> Value {
    let now = emulator.clock().now_ms();
    json!({
        "alg": "RS256", "env": emulator.env_id(), "iat": now, "exp": now + 600_000, "uid": uid,
        "refresh": 3_600_000, "expire": now + 604_800_000,
    })
}

#[tokio::test]
async fn signs_in_with_a_custom_ticket() {
    let (emulator, device) = start().await;
    let key = emulator.custom_login_key();
    let sign_in = |ticket: String| {
        device.post(
            "/signin/custom",
            json!({"provider_id": "custom", "ticket": ticket}),
        )
    };
    let good = ticket(&key, &claims(&emulator, "uid-1234"));
    let first = sign_in(good.clone()).await.expect(200).json();
    let again = sign_in(good.clone()).await.expect(200).json();
    assert_eq!(first["sub"], again["sub"]);
    let profile = device
        .get_as(&access(&again), "/user/me")
        .await
        .expect(200)
        .json();
    assert_eq!(profile["providers"][0]["provider_user_id"], "uid-1234");

    let mut other = claims(&emulator, "uid-1234");
    other["env"] = json!("another-env");
    assert_error(
        sign_in(ticket(&key, &other)).await,
        400,
        "invalid_grant",
        4026,
    );
    let bad_uid = ticket(&key, &claims(&emulator, "u"));
    assert_error(sign_in(bad_uid).await, 400, "invalid_argument", 3);
    let unknown_key = key.replace("development-custom-login-key", "other-key");
    let unknown = ticket(&unknown_key, &claims(&emulator, "uid-1234"));
    assert_error(sign_in(unknown).await, 400, "invalid_grant", 4026);
    let forged = good.replace(".", ".e30.").replacen(".e30.", ".", 1);
    assert_ne!(sign_in(forged).await.status.as_u16(), 200);
    assert_error(
        sign_in("no ticket".to_owned()).await,
        400,
        "invalid_argument",
        3,
    );
    let body = json!({"provider_id": "github", "ticket": good});
    assert_error(
        device.post("/signin/custom", body).await,
        400,
        "invalid_argument",
        3,
    );
    emulator.clock().advance(Duration::from_secs(601));
    assert_error(sign_in(good).await, 400, "invalid_grant", 4026);
}

#[tokio::test]
async fn tickets_of_other_keys_are_accepted_when_configured() {
    let (plain, _) = start().await;
    let key = plain
        .custom_login_key()
        .replace("development-custom-login-key", "console-key");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tcb_custom_login.json");
    std::fs::write(&file, &key).unwrap();
    let emulator = Emulator::builder()
        .custom_login_key_file(&file)
        .start()
        .await
        .unwrap();
    let device = Device::new(&emulator, "device-1");
    let body =
        json!({"provider_id": "custom", "ticket": ticket(&key, &claims(&emulator, "uid-1234"))});
    device.post("/signin/custom", body).await.expect(200);

    std::fs::write(
        &file,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    )
    .unwrap();
    let error = Emulator::builder()
        .custom_login_key_file(&file)
        .start()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("tcb_custom_login.json"),
        "{error}"
    );
}
