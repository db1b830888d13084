//! How sessions and their tokens end.

use std::time::Duration;

use cloudbase_emulator::Emulator;
use serde_json::json;

use crate::people::{PASSWORD, access, assert_error, refresh};
use crate::{LIN, start};

#[tokio::test]
async fn refresh_tokens_end() {
    let (emulator, device, tokens) =
        start(Emulator::builder().refresh_token_lifetime(Duration::from_secs(3600))).await;
    emulator.clock().advance(Duration::from_secs(3000));
    let tokens = device.refresh(&refresh(&tokens)).await.expect(200).json();
    emulator.clock().advance(Duration::from_secs(3000));
    let tokens = device.refresh(&refresh(&tokens)).await.expect(200).json();
    emulator.clock().advance(Duration::from_secs(3601));
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );
    assert_error(
        device.refresh("m.unknown").await,
        400,
        "invalid_grant",
        4026,
    );
}

#[tokio::test]
async fn access_tokens_end() {
    let (emulator, device, tokens) =
        start(Emulator::builder().access_token_lifetime(Duration::from_secs(60))).await;
    assert_eq!(tokens["expires_in"], 60);
    let token = access(&tokens);
    device.get_as(&token, "/user/me").await.expect(200);
    emulator.clock().advance(Duration::from_secs(61));
    assert_error(
        device.get_as(&token, "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    assert_eq!(
        device
            .get_as(&token, "/token/introspect")
            .await
            .expect(200)
            .json(),
        json!({})
    );
}

#[tokio::test]
async fn an_ended_token_spoils_every_auth_call_it_is_attached_to() {
    let (emulator, device, tokens) = start(Emulator::builder()).await;
    emulator.clock().advance(Duration::from_secs(7201));
    let body = json!({"grant_type": "refresh_token", "refresh_token": refresh(&tokens)});
    let rejected = device.post_as(&access(&tokens), "/token", body).await;
    assert_error(rejected, 401, "unauthenticated", 16);
    let rejected = device
        .post_as(&access(&tokens), "/verification", json!({"email": LIN}))
        .await;
    assert_error(rejected, 401, "unauthenticated", 16);
    // The refresh token was not spent.
    device.refresh(&refresh(&tokens)).await.expect(200);
}

#[tokio::test]
async fn revoking_ends_token_and_session() {
    let (_emulator, device, tokens) = start(Emulator::builder()).await;
    // As the JS SDK does: in the body, without a bearer.
    let body = json!({"token": access(&tokens)});
    assert_eq!(
        device
            .post("/revoke", body.clone())
            .await
            .expect(200)
            .json(),
        json!({})
    );
    assert_error(
        device.get_as(&access(&tokens), "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );
    device.post("/revoke", body).await.expect(200);

    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    device
        .post_as(&access(&tokens), "/revoke", json!({}))
        .await
        .expect(200);
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );

    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    device
        .post("/revoke", json!({"token": refresh(&tokens)}))
        .await
        .expect(200);
    assert_error(
        device.get_as(&access(&tokens), "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    assert_error(
        device.post("/revoke", json!({})).await,
        401,
        "unauthenticated",
        16,
    );
}

#[tokio::test]
async fn signing_out_works_with_a_token_that_has_ended() {
    let (emulator, device, tokens) = start(Emulator::builder()).await;
    emulator.clock().advance(Duration::from_secs(7201));
    let body = json!({"redirect_uri": "https://app.example.org/bye", "state": "s"});
    let response = device
        .post_as(&access(&tokens), "/user/signout", body.clone())
        .await
        .expect(200);
    assert_eq!(response.json(), json!({}));
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );
    assert_error(
        device.post("/user/signout", body).await,
        401,
        "unauthenticated",
        16,
    );
}

#[tokio::test]
async fn administrators_end_sessions() {
    let (emulator, device, tokens) = start(Emulator::builder()).await;
    let user = emulator.users().find(LIN).unwrap();
    assert_eq!((user.sessions, user.anonymous), (1, false));
    emulator.users().end_sessions(&user.id);
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );
    emulator.users().remove(&user.id);
    assert_error(device.sign_in(LIN, PASSWORD).await, 404, "not_found", 5);
}
