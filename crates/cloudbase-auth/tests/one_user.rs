//! Whose user a call is made for: never another one, never the access key in place of a user.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cloudbase_auth::{
    Auth, BoxFuture, Error, ErrorKind, ExposeSecret as _, OAuth, OAuthLoopback, OAuthPurpose,
    Password, SignUp, SudoToken, UpdateUser, UserQuery, VerificationRequest, VerificationTarget,
};
use cloudbase_core::{CallOptions, Client};
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

type AsUser = fn(Auth, SudoToken) -> BoxFuture<'static, Option<Error>>;

/// Calls on behalf of the session's user.
#[rustfmt::skip]
const AS_USER: &[(&str, AsUser)] = &[
    ("refresh_user", |auth, _| Box::pin(async move { auth.refresh_user().await.err() })),
    ("user", |auth, _| Box::pin(async move { auth.user().await.err() })),
    ("introspect", |auth, _| Box::pin(async move { auth.introspect().await.err() })),
    ("update_user", |auth, _| Box::pin(async move { auth.update_user(UpdateUser::new().nickname("L")).await.err() })),
    ("user_identities", |auth, _| Box::pin(async move { auth.user_identities().await.err() })),
    ("query_user", |auth, _| Box::pin(async move { auth.query_user(UserQuery::new().username("lin")).await.err() })),
    ("bind_identity", |auth, _| Box::pin(async move { auth.bind_identity("proof").await.err() })),
    ("link_identity", |auth, _| Box::pin(async move { auth.link_identity("github").await.err() })),
    ("reauthenticate", |auth, _| Box::pin(async move { auth.reauthenticate().await.err() })),
    ("reset_password_for_old", |auth, _| Box::pin(async move { auth.reset_password_for_old("Passw0rd!", "N3w-pass!").await.err() })),
    ("delete_user", |auth, _| Box::pin(async move { auth.delete_user("Passw0rd!").await.err() })),
    ("delete_user_with", |auth, sudo| Box::pin(async move { auth.delete_user_with(&sudo).await.err() })),
    ("send_verification", |auth, _| Box::pin(async move {
        let request = VerificationRequest::email("lin@example.org").target(VerificationTarget::CurrentUser);
        auth.send_verification(request).await.err()
    })),
];

#[tokio::test]
async fn a_call_of_the_sessions_user_takes_no_other_users_token() {
    let emulator = emulator().await;
    let (auth, phone) = (auth(&emulator), self::auth(&emulator));
    let lin = auth.sign_in_with_password(password("lin")).await.unwrap();
    let mei = phone.sign_in_with_password(password("mei")).await.unwrap();
    let sudo = phone.sudo_with_password("Passw0rd!").await.unwrap();
    let options = CallOptions::new().with_token(mei.session.access_token().clone());
    let as_mei = auth.with_options(options);
    emulator.requests().clear();
    for (name, call) in AS_USER {
        let error = call(as_mei.clone(), sudo.clone()).await.expect(name);
        assert_eq!(error.kind(), ErrorKind::Argument, "{name}: {error}");
        assert!(error.message().contains("use for_user"), "{name}: {error}");
        let shown = format!("{error:?}");
        assert!(!shown.contains(mei.session.access_token().expose_secret()));
        assert!(emulator.requests().all().is_empty(), "{name}");
    }
    assert_eq!(auth.peek_session().unwrap().sub(), lin.session.sub());
    phone.refresh_user().await.unwrap();
}

#[tokio::test]
async fn a_flow_that_binds_an_identity_begins_with_a_user() {
    let emulator = emulator().await;
    let auth = auth(&emulator);
    let to = || OAuth::new("github").purpose(OAuthPurpose::BindIdentity);
    let error = auth.sign_in_with_oauth(to()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    let error = OAuthLoopback::new(&auth).begin(to()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert_eq!(emulator.requests().count("GET /auth/v1/provider/uri"), 0);
    auth.sign_in_with_password(password("mei")).await.unwrap();
    auth.sign_in_with_oauth(to()).await.unwrap();
}

#[tokio::test]
async fn an_anonymous_user_registers_with_the_token_of_then() {
    let emulator = emulator().await;
    let auth = auth(&emulator);
    let anonymous = auth.sign_in_anonymously().await.unwrap();
    let sign_up = || SignUp::email("ann@example.org").upgrade_anonymous();
    let pending = auth.sign_up(sign_up()).await.unwrap();
    // While the code is read the token is replaced, and the old one ends.
    let refreshed = auth.refresh_session().await.unwrap().session;
    let old = anonymous.session.access_token().expose_secret();
    assert_ne!(refreshed.access_token().expose_secret(), old);
    let code = emulator.inbox().code("ann@example.org").unwrap();
    let registered = pending.verify(code.as_str()).await.unwrap();
    assert_eq!(registered.user.id, anonymous.user.id);
    let requests = emulator.requests().all();
    let sign_up = requests.iter().find(|it| it.path == "/auth/v1/signup");
    let body: serde_json::Value = serde_json::from_slice(&sign_up.unwrap().body).unwrap();
    let sent = body["anonymous_token"].as_str().unwrap();
    assert_eq!(sent, refreshed.access_token().expose_secret());
}

#[tokio::test]
async fn no_code_is_spent_for_an_anonymous_user_who_is_gone() {
    let emulator = emulator().await;
    let auth = auth(&emulator);
    auth.sign_in_anonymously().await.unwrap();
    let sign_up = SignUp::email("bea@example.org").upgrade_anonymous();
    let pending = auth.sign_up(sign_up).await.unwrap();
    auth.sign_in_with_password(password("mei")).await.unwrap();
    let code = emulator.inbox().code("bea@example.org").unwrap();
    let error = pending.verify(code.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    let spent = emulator
        .requests()
        .count("POST /auth/v1/verification/verify");
    assert_eq!(spent, 0);
}
