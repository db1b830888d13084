//! Whose user a call is made for: never another one, never the access key in place of a user.

#![allow(clippy::unwrap_used)]

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
