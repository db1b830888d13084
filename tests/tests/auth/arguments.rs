//! Wrong arguments are rejected before anything is sent, by name and without their value.

use std::future::Future;
use std::pin::Pin;

use cloudbase_auth::{
    Auth, Error, ErrorKind, Gender, IdToken, OAuth, Otp, Password, ProviderGrant, Resend,
    ResendType, SetSession, SignUp, UpdateUser, UserQuery, VerificationRequest, VerificationTarget,
    VerifyOAuth, VerifyOtp,
};

use super::support::World;

/// An argument's name, and a call with a bad one.
type Bad = (&'static str, fn(Auth) -> Try);

type Try = Pin<Box<dyn Future<Output = Option<Error>>>>;

macro_rules! tries {
    ($($argument:literal: |$auth:ident| $call:expr;)*) => {
        &[$(($argument, |$auth: Auth| Box::pin(async move { $call.await.err() }) as Try)),*]
    };
}

/// The argument that must be named, and a call with a bad one. `sentinel` must not be repeated.
const BAD: &[Bad] = tries! {
    "email": |auth| auth.sign_up(SignUp::email("sentinel"));
    "email": |auth| auth.sign_up(SignUp::email(" "));
    "phone": |auth| auth.sign_up(SignUp::phone("sentinel"));
    "phone": |auth| auth.sign_up(SignUp::phone("+14155550100"));
    "password": |auth| auth.sign_up(SignUp::email("a@b.c").password(""));
    "username": |auth| auth.sign_up(SignUp::email("a@b.c").username(" "));
    "nickname": |auth| auth.sign_up(SignUp::email("a@b.c").nickname(""));
    "avatar_url": |auth| auth.sign_up(SignUp::email("a@b.c").avatar_url(""));
    "locale": |auth| auth.sign_up(SignUp::email("a@b.c").locale(""));
    "gender": |auth| auth.sign_up(SignUp::email("a@b.c").gender(Gender::from("")));
    "anonymous_token": |auth| auth.sign_up(SignUp::email("a@b.c").anonymous_token("sentinel\n"));
    "provider_token": |auth| auth.sign_in_anonymously().provider_token("sentinel\r\n").send();
    "username": |auth| auth.sign_in_with_password(Password::username("", "sentinel"));
    "email": |auth| auth.sign_in_with_password(Password::email("sentinel", "sentinel"));
    "phone": |auth| auth.sign_in_with_password(Password::phone("sentinel", "sentinel"));
    "password": |auth| auth.sign_in_with_password(Password::username("lin", ""));
    "email": |auth| auth.sign_in_with_otp(Otp::email(""));
    "email_redirect_to": |auth| auth.sign_in_with_otp(Otp::email("a@b.c").email_redirect_to("sentinel"));
    "email_redirect_to": |auth| auth.sign_in_with_otp(Otp::phone("13800000000").email_redirect_to("https://a.b"));
    "provider": |auth| auth.sign_in_with_oauth(OAuth::new(""));
    "redirect_to": |auth| auth.sign_in_with_oauth(OAuth::new("github").redirect_to("sentinel"));
    "state": |auth| auth.sign_in_with_oauth(OAuth::new("github").state(""));
    "scope": |auth| auth.sign_in_with_oauth(OAuth::new("github").scope(""));
    "response_type": |auth| auth.sign_in_with_oauth(OAuth::new("github").response_type(" "));
    "query_param": |auth| auth.sign_in_with_oauth(OAuth::new("github").query_param("", "sentinel"));
    "provider_param": |auth| auth.sign_in_with_oauth(OAuth::new("github").provider_param("", "sentinel"));
    "provider": |auth| auth.link_identity("").send();
    "redirect_to": |auth| auth.link_identity("github").redirect_to("sentinel").send();
    "state": |auth| auth.link_identity("github").state("").send();
    "query_param": |auth| auth.link_identity("github").query_param("", "sentinel").send();
    "other_param": |auth| auth.sign_in_with_oauth(OAuth::new("github").other_param("", "sentinel"));
    "token": |auth| auth.sign_in_with_id_token(IdToken::new("google", ""));
    "token": |auth| auth.sign_in_with_id_token(IdToken::provider_token("sentinel sentinel"));
    "provider": |auth| auth.sign_in_with_id_token(IdToken::new("", "sentinel"));
    "ticket": |auth| auth.sign_in_with_custom_ticket(|| async { Ok("") });
    "refresh_token": |auth| auth.refresh_session().refresh_token("").send();
    "refresh_token": |auth| auth.set_session(SetSession::new("sentinel\0"));
    "redirect_uri": |auth| auth.sign_out().redirect_uri("sentinel").send();
    "state": |auth| auth.sign_out().state("").send();
    "update": |auth| auth.update_user(UpdateUser::new());
    "nickname": |auth| auth.update_user(UpdateUser::new().nickname(""));
    "username": |auth| auth.update_user(UpdateUser::new().username(" "));
    "description": |auth| auth.update_user(UpdateUser::new().description(""));
    "avatar_url": |auth| auth.update_user(UpdateUser::new().avatar_url(""));
    "gender": |auth| auth.update_user(UpdateUser::new().gender(Gender::from("")));
    "phone": |auth| auth.update_user(UpdateUser::new().phone("sentinel"));
    "email": |auth| auth.update_user(UpdateUser::new().email("sentinel"));
    "phone": |auth| auth.update_user(UpdateUser::new().email("a@b.c").phone("13800000000"));
    "ids": |auth| auth.query_user(UserQuery::new().ids(["sentinel,other"]));
    "ids": |auth| auth.query_user(UserQuery::new().ids([""]));
    "username": |auth| auth.query_user(UserQuery::new().username(""));
    "email": |auth| auth.query_user(UserQuery::new().email("sentinel"));
    "phone": |auth| auth.query_user(UserQuery::new().phone("sentinel"));
    "limit": |auth| auth.query_user(UserQuery::new().limit(0));
    "username": |auth| auth.is_username_registered(" ");
    "password": |auth| auth.delete_user("");
    "provider": |auth| auth.unlink_identity("");
    "provider": |auth| auth.unlink_identity("..");
    "email_or_phone": |auth| auth.reset_password_for_email("").send();
    "email": |auth| auth.reset_password_for_email("sentinel@").send();
    "phone": |auth| auth.reset_password_for_email("sentinel").send();
    "redirect_to": |auth| auth.reset_password_for_email("a@b.c").redirect_to("sentinel").send();
    "old_password": |auth| auth.reset_password_for_old("", "sentinel");
    "new_password": |auth| auth.reset_password_for_old("sentinel", "");
    "password": |auth| auth.sudo_with_password(" ");
    "verification_token": |auth| auth.sudo_with_verification("");
    "email": |auth| auth.send_verification(VerificationRequest::email("sentinel"));
    "email_redirect_to": |auth| auth.send_verification(VerificationRequest::email("a@b.c").email_redirect_to("sentinel"));
    "email_redirect_to": |auth| auth.send_verification(VerificationRequest::phone("13800000000").email_redirect_to("https://a.b"));
    "phone": |auth| auth.send_verification(VerificationRequest::phone("sentinel"));
    "target": |auth| auth.send_verification(VerificationRequest::email("a@b.c").target(VerificationTarget::from("")));
    "usage": |auth| auth.send_verification(VerificationRequest::email("a@b.c").usage(""));
    "verification_id": |auth| auth.verify_otp(VerifyOtp::new("", "123456"));
    "email": |auth| auth.verify_otp(VerifyOtp::new("id", "123456").email("sentinel"));
    "phone": |auth| auth.resend(Resend::phone("sentinel", ResendType::Sms));
    "phone": |auth| auth.sign_in_with_otp(Otp::phone("sentinel"));
    "verification_id": |auth| auth.verify("", "123456");
    "code": |auth| auth.verify("id", "");
    "code": |auth| auth.verify("id", "12 sentinel");
    "phone": |auth| auth.verify_otp(VerifyOtp::new("id", "123456").phone("sentinel"));
    "code": |auth| auth.verify_otp(VerifyOtp::new("id", ""));
    "email": |auth| auth.resend(Resend::email("sentinel", ResendType::Signup));
    "code": |auth| auth.verify_oauth(VerifyOAuth::new("", "s"));
    "state": |auth| auth.verify_oauth(VerifyOAuth::new("sentinel", ""));
    "state": |auth| auth.verify_oauth(VerifyOAuth::new("sentinel", "never-given-out"));
    "provider": |auth| auth.verify_oauth(VerifyOAuth::new("sentinel", "s").provider(""));
    "redirect_uri": |auth| auth.verify_oauth(VerifyOAuth::new("sentinel", "s").provider("github").redirect_uri("sentinel"));
    "provider_param": |auth| auth.verify_oauth(VerifyOAuth::new("sentinel", "s").provider("github").provider_param("", "sentinel"));
    "redirect_uri": |auth| auth.grant_provider_token(ProviderGrant::code("github", "sentinel", "sentinel"));
    "token": |auth| auth.grant_provider_token(ProviderGrant::id_token("github", ""));
    "provider_param": |auth| auth.grant_provider_token(ProviderGrant::id_token("github", "t").param("", "sentinel"));
    "url": |auth| auth.handle_oauth_callback("https://app.example.org/?state=sentinel");
    "url": |auth| auth.handle_oauth_callback("https://app.example.org/?code=sentinel");
    "provider": |auth| auth.grant_provider_token(ProviderGrant::code("", "sentinel", "https://a.b"));
    "code": |auth| auth.grant_provider_token(ProviderGrant::code("github", "", "https://a.b"));
    "token": |auth| auth.grant_provider_token(ProviderGrant::access_token("github", "sentinel\n"));
    "provider_token": |auth| auth.patch_provider_token("", serde_json::Map::new());
    "provider_token": |auth| auth.bind_identity("");
    "state": |auth| auth.create_captcha_data("");
    "redirect_uri": |auth| auth.create_captcha_data("s").redirect_uri("sentinel");
    "token": |auth| auth.verify_captcha_data("", "AB12");
    "token": |auth| std::future::ready(auth.for_user("sentinel sentinel"));
    "key": |auth| auth.verify_captcha_data("sentinel", "");
};

#[tokio::test]
async fn wrong_arguments_never_leave_the_machine() {
    let world = World::new().await;
    for signed_in in [false, true] {
        if signed_in {
            world.sign_in().await;
        }
        world.emulator.requests().clear();
        for (n, (argument, call)) in BAD.iter().enumerate() {
            let error = call(world.auth.clone())
                .await
                .unwrap_or_else(|| panic!("{n}: `{argument}` was not rejected"));
            assert_eq!(error.kind(), ErrorKind::Argument, "{n}: {error}");
            let beginning = format!("invalid argument: `{argument}` ");
            assert!(
                error.to_string().starts_with(&beginning),
                "{n} `{argument}`: {error}"
            );
            assert!(
                !format!("{error} {error:?}").contains("sentinel"),
                "{n}: {error:?}"
            );
        }
        let sent = world.emulator.requests().all();
        assert!(
            sent.is_empty(),
            "sent: {:?}",
            sent.iter().map(|request| &request.path).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn wrong_arguments_of_what_is_pending_never_leave_the_machine() {
    let world = World::new().await;
    world.sign_in().await;
    let auth = &world.auth;
    let signing_up = auth.sign_up(SignUp::email("new@example.org"));
    let signing_up = signing_up.await.unwrap();
    let reset = auth.reset_password_for_email("lin@example.org");
    let reset = reset.await.unwrap();
    let reauthentication = auth.reauthenticate().await.unwrap();
    let contact = auth.update_user(UpdateUser::new().email("new@example.org"));
    let contact = contact.await.unwrap().pending.unwrap();
    let leave = auth.sudo_with_password(super::support::PASSWORD);
    let leave = leave.await.unwrap();
    world.emulator.requests().clear();
    for (argument, error) in [
        ("code", signing_up.verify(" ").await.err()),
        ("code", signing_up.verify("12 sentinel").await.err()),
        ("code", reset.update_user("", "sentinel").await.err()),
        ("password", reset.update_user("123456", "").await.err()),
        (
            "code",
            reauthentication.update_user("", "sentinel").await.err(),
        ),
        (
            "password",
            reauthentication.update_user("123456", " ").await.err(),
        ),
        ("code", reauthentication.verify("").await.err()),
        ("code", contact.verify("").await.err()),
        ("new_password", auth.set_password(&leave, "").await.err()),
        ("verification_id", {
            signing_up.set_message_id("");
            signing_up.verify("123456").await.err()
        }),
    ] {
        let error = error.unwrap_or_else(|| panic!("`{argument}` was not rejected"));
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        assert!(
            error.message().starts_with(&format!("`{argument}` ")),
            "{error}"
        );
        assert!(
            !format!("{error} {error:?}").contains("sentinel"),
            "{error:?}"
        );
    }
    assert!(world.emulator.requests().all().is_empty());
}

#[tokio::test]
async fn what_needs_a_user_says_so_when_there_is_none() {
    let world = World::new().await;
    let auth = &world.auth;
    for error in [
        auth.refresh_user().await.unwrap_err(),
        auth.refresh_session().await.unwrap_err(),
        auth.update_user(UpdateUser::new().nickname("x"))
            .await
            .unwrap_err(),
        auth.delete_user("x").await.unwrap_err(),
        auth.user_identities().await.unwrap_err(),
        auth.unlink_identity("github").await.unwrap_err(),
        auth.link_identity("github").await.unwrap_err(),
        auth.identity_providers().await.unwrap_err(),
        auth.sudo_with_password("x").await.unwrap_err(),
        auth.sudo_with_verification("x").await.unwrap_err(),
        auth.reauthenticate().await.unwrap_err(),
        auth.reset_password_for_old("x", "y").await.unwrap_err(),
        auth.bind_identity("x").await.unwrap_err(),
        auth.query_user(UserQuery::new()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("no usable credential: nobody is signed in"),
            "{text}"
        );
    }
    assert!(world.emulator.requests().all().is_empty());
}

#[tokio::test]
async fn a_device_id_that_the_service_rejects_is_rejected_at_once() {
    let world = World::new().await;
    for bad in ["", "sentinel\n", &"x".repeat(72)] {
        let error = Auth::builder(world.auth.client().clone())
            .device_id(bad)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.message().starts_with("`device_id`") && !error.to_string().contains("sentinel")
        );
    }
}
