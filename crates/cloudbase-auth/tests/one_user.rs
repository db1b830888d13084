//! Whose user a call is made for: never another one, never the access key in place of a user.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cloudbase_auth::{Auth, ErrorKind, Password};
use cloudbase_core::Client;
use cloudbase_emulator::{Emulator, NewUser};

async fn emulator() -> Emulator {
    let user = |name: &str| NewUser::username(name).password("Passw0rd!");
    Emulator::builder()
        .env_id("user-env")
        .provider("github", "GitHub")
        .user(user("lin").name("anonymous"))
        .user(user("mei"))
        .start()
        .await
        .unwrap()
}

fn auth(emulator: &Emulator) -> Auth {
    let client = Client::builder()
        .env_id(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.publishable_key())
        .build()
        .unwrap();
    Auth::new(client).unwrap()
}

fn password(name: &str) -> Password {
    Password::username(name, "Passw0rd!")
}

#[tokio::test]
async fn claims_of_an_ended_user_token_are_not_those_of_the_access_key() {
    // `exp` is two hours after 1970, with and without a `sub`.
    const ENDED: [&str; 2] = [
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxOSIsImlhdCI6MCwiZXhwIjo3MjAwfQ.c2ln",
        "eyJhbGciOiJub25lIn0.eyJleHAiOjcyMDB9.c2ln",
    ];
    let emulator = emulator().await;
    let server = auth(&emulator);
    server.claims().await.unwrap();
    for ended in ENDED {
        let theirs = server.for_user(ended).unwrap();
        let error = theirs.claims().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    }

    let phone = auth(&emulator);
    let signed_in = phone.sign_in_with_password(password("mei")).await.unwrap();
    let theirs = server
        .for_user(signed_in.session.access_token().clone())
        .unwrap();
    let claims = theirs.claims().await.unwrap().claims;
    assert_eq!(claims.sub.as_deref(), Some(&*signed_in.user.id));
}

#[tokio::test]
async fn a_user_whose_name_is_anonymous_never_becomes_an_anonymous_one() {
    let emulator = emulator().await;
    let auth = auth(&emulator);
    let signed_in = auth.sign_in_with_password(password("lin")).await.unwrap();
    assert!(!signed_in.user.is_anonymous && !signed_in.session.is_anonymous());
    // Another device signs in: the refresh token of this one is revoked.
    let other = self::auth(&emulator);
    other.sign_in_with_password(password("lin")).await.unwrap();
    emulator.clock().advance(Duration::from_secs(7201));
    let error = auth.refresh_session().await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "invalid_grant", "{error}");
    auth.refresh_user().await.unwrap_err();
    let anonymously = emulator
        .requests()
        .count("POST /auth/v1/signin/anonymously");
    assert_eq!(anonymously, 0);
}

#[tokio::test]
async fn a_handle_for_one_anonymous_user_signs_nobody_in() {
    let emulator = emulator().await;
    let (server, phone) = (auth(&emulator), auth(&emulator));
    let session = phone.sign_in_anonymously().await.unwrap().session;
    let theirs = server.for_user(session.access_token().clone()).unwrap();
    assert!(theirs.refresh_user().await.unwrap().user.is_anonymous);
    emulator.clock().advance(Duration::from_secs(7201));
    emulator.requests().clear();
    theirs.refresh_user().await.unwrap_err();
    theirs.refresh_session().await.unwrap_err();
    let anonymously = emulator
        .requests()
        .count("POST /auth/v1/signin/anonymously");
    assert_eq!(anonymously, 0);
}
