//! Anonymous users.

use serde_json::json;

use crate::people::{Device, access, assert_error};
use crate::start;

#[tokio::test]
async fn anonymous_users_belong_to_a_device() {
    let (emulator, device) = start().await;
    let first = device
        .post("/signin/anonymously", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(first["scope"], "anonymous");
    let again = device
        .post("/signin/anonymously", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(first["sub"], again["sub"]);
    let other = Device::new(&emulator, "device-2");
    let other = other
        .post("/signin/anonymously", json!({}))
        .await
        .expect(200)
        .json();
    assert_ne!(first["sub"], other["sub"]);
    let profile = device
        .get_as(&access(&again), "/user/me")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            profile["name"].as_str(),
            profile["groups"].as_array().map(Vec::len)
        ),
        (Some("anonymous"), Some(0))
    );

    let nameless = Device::new(&emulator, " ");
    let rejected = nameless.post("/signin/anonymously", json!({})).await;
    assert_error(rejected, 400, "invalid_argument", 3);
    let long = Device::new(&emulator, &"x".repeat(72));
    assert_error(
        long.post("/signin/anonymously", json!({})).await,
        400,
        "invalid_argument",
        3,
    );
}

#[tokio::test]
async fn an_anonymous_user_registers_and_keeps_the_id() {
    let (emulator, device) = start().await;
    let anonymous = device.post("/signin/anonymously", json!({})).await.json();
    let proof = device
        .prove(&emulator, json!({"email": "lin@example.org"}))
        .await;
    let body = json!({
        "email": "lin@example.org", "verification_token": proof, "anonymous_token": access(&anonymous),
    });
    let tokens = device.post("/signup", body).await.expect(200).json();
    assert_eq!(tokens["sub"], anonymous["sub"]);
    assert_eq!(tokens["scope"], "user sso");
    // The device's next anonymous user is another one.
    let next = device.post("/signin/anonymously", json!({})).await.json();
    assert_ne!(next["sub"], anonymous["sub"]);
    let proof = device
        .prove(&emulator, json!({"email": "mei@example.org"}))
        .await;
    let body = json!({
        "email": "mei@example.org", "verification_token": proof, "anonymous_token": access(&tokens),
    });
    assert_error(
        device.post("/signup", body).await,
        400,
        "failed_precondition",
        9,
    );
}
