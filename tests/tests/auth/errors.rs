//! Every error that the service is documented to return to a method: it reaches the caller with its
//! code, status and request id, costs one request where something is spent, and ends no session.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cloudbase_auth::{
    AuthErrorCategory as Category, Error, ErrorKind, ExposeSecret as _, IdToken, OAuth, Otp,
    Password, ProviderGrant, Resend, ResendType, SetSession, SignUp, UpdateUser,
    VerificationRequest, VerifyOAuth, VerifyOtp,
};
use cloudbase_emulator::{Fault, NewUser};

use super::support::{EMAIL, PASSWORD, World};

type Documented = (u16, &'static str, Category);

type Try = Pin<Box<dyn Future<Output = Option<Error>>>>;

/// A method, the endpoint of it that fails, and how.
struct Case {
    name: &'static str,
    signed_in: bool,
    on: &'static str,
    errors: &'static [&'static [Documented]],
    call: fn(Arc<World>) -> Try,
}

macro_rules! cases {
    ($($name:ident $who:ident $on:literal $errors:expr, |$world:ident| $call:expr;)*) => {
        &[$(Case {
            name: stringify!($name),
            signed_in: cases!(@ $who),
            on: $on,
            errors: &$errors,
            call: |$world| Box::pin(async move { $call.await.err() }),
        }),*]
    };
    (@ user) => { true };
    (@ anybody) => { false };
}

const CAPTCHA: &[Documented] = &[
    (400, "captcha_required", Category::CaptchaRequired),
    (400, "captcha_invalid", Category::CaptchaInvalid),
];
const LOAD: &[Documented] = &[
    (429, "resource_exhausted", Category::RateLimited),
    (500, "internal", Category::ServiceError),
    (503, "unavailable", Category::ServiceError),
];
const ARGUMENT: &[Documented] = &[(400, "invalid_argument", Category::InvalidParams)];
const SIGN_IN: &[Documented] = &[
    (400, "invalid_password", Category::InvalidCredentials),
    (401, "invalid_password", Category::InvalidCredentials),
    (
        400,
        "invalid_username_or_password",
        Category::InvalidCredentials,
    ),
    (400, "wrong_password", Category::InvalidCredentials),
    (404, "not_found", Category::UserNotFound),
    (404, "user_not_found", Category::UserNotFound),
    (400, "phone_required", Category::MfaRequired),
    (403, "permission_denied", Category::PermissionDenied),
    (403, "invalid_status", Category::UserStatusAbnormal),
    (403, "user_blocked", Category::UserStatusAbnormal),
    (403, "user_pending", Category::UserStatusAbnormal),
    (403, "under_review", Category::UserStatusAbnormal),
];
const SWITCHED_OFF: &[Documented] = &[
    (400, "failed_precondition", Category::PreconditionFailed),
    (403, "login_type_disabled", Category::ProviderNotEnabled),
    (400, "provider_not_enabled", Category::ProviderNotEnabled),
];
const TAKEN: &[Documented] = &[
    (409, "already_exists", Category::PreconditionFailed),
    (409, "username_already_exists", Category::PreconditionFailed),
    (409, "email_already_exists", Category::PreconditionFailed),
    (409, "phone_already_exists", Category::PreconditionFailed),
    (
        409,
        "phone_number_already_exists",
        Category::PreconditionFailed,
    ),
    (409, "contact_already_exists", Category::PreconditionFailed),
    (400, "failed_precondition", Category::PreconditionFailed),
];
const CODE: &[Documented] = &[
    (
        400,
        "invalid_verification_code",
        Category::VerificationFailed,
    ),
    (
        400,
        "verification_code_expired",
        Category::VerificationFailed,
    ),
    (400, "verification_expired", Category::VerificationFailed),
];
const SEND: &[Documented] = &[
    (429, "rate_limit_exceeded", Category::RateLimited),
    (400, "invalid_phone_number", Category::InvalidParams),
    (404, "user_not_found", Category::UserNotFound),
    (404, "not_found", Category::UserNotFound),
    (501, "unimplemented", Category::ServiceError),
    (409, "aborted", Category::ServiceError),
    (403, "mfa_phone_required", Category::MfaRequired),
];
const GRANT: &[Documented] = &[
    (400, "invalid_grant", Category::InvalidCredentials),
    (400, "provider_error", Category::Unknown),
    (403, "unauthorized_client", Category::ProviderNotEnabled),
    (400, "invalid_client", Category::ProviderNotEnabled),
];
const WEAK: &[Documented] = &[(400, "weak_password", Category::InvalidParams)];
const FORBIDDEN: &[Documented] = &[(403, "permission_denied", Category::PermissionDenied)];
const UNAUTHORIZED: &[Documented] = &[(401, "unauthorized", Category::InvalidCredentials)];
const SUDO: &[Documented] = &[
    (400, "invalid_password", Category::InvalidCredentials),
    (400, "password_not_set", Category::InvalidCredentials),
];
const PICTURE: &[Documented] = &[
    (400, "invalid_captcha", Category::CaptchaInvalid),
    (400, "captcha_expired", Category::CaptchaInvalid),
    (400, "captcha_used", Category::CaptchaInvalid),
    (400, "captcha_invalid", Category::CaptchaInvalid),
];
/// The service's word that a session is not refreshed any more, and what the gateway used to say.
const REJECTED: &[Documented] = &[
    (400, "invalid_grant", Category::InvalidCredentials),
    (400, "REFRESH_TOKEN_EXPIRED", Category::InvalidCredentials),
    (400, "INVALID_REFRESH_TOKEN", Category::InvalidCredentials),
    (400, "REFRESH_TOKEN_EXHAUSTED", Category::InvalidCredentials),
];

const CASES: &[Case] = cases! {
    sign_up anybody "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND, SWITCHED_OFF],
        |world| world.auth.sign_up(SignUp::email("new@example.org"));
    sign_up_verify anybody "POST /auth/v1/verification/verify" [CAPTCHA, LOAD, ARGUMENT, CODE], |world| async {
        let pending = world.auth.sign_up(SignUp::email("new@example.org")).await?;
        pending.verify("123456").await
    };
    sign_up_register anybody "POST /auth/v1/signup" [CAPTCHA, LOAD, ARGUMENT, TAKEN, SWITCHED_OFF, WEAK], |world| async {
        let pending = world.auth.sign_up(SignUp::email("new@example.org").password("x")).await?;
        pending.verify(world.code("new@example.org")).await
    };
    sign_in_anonymously anybody "POST /auth/v1/signin/anonymously" [CAPTCHA, ARGUMENT, SWITCHED_OFF, FORBIDDEN],
        |world| world.auth.sign_in_anonymously().send();
    sign_in_with_password anybody "POST /auth/v1/signin" [CAPTCHA, LOAD, ARGUMENT, SIGN_IN, SWITCHED_OFF],
        |world| world.auth.sign_in_with_password(Password::email(EMAIL, PASSWORD));
    sign_in_with_otp anybody "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND, SWITCHED_OFF],
        |world| world.auth.sign_in_with_otp(Otp::phone("13900001111"));
    sign_in_with_otp_verify anybody "POST /auth/v1/signin" [LOAD, ARGUMENT, SIGN_IN], |world| async {
        let pending = world.auth.sign_in_with_otp(Otp::email(EMAIL)).await?;
        pending.verify(world.code(EMAIL)).await
    };
    sign_in_with_oauth anybody "GET /auth/v1/provider/uri" [ARGUMENT, SWITCHED_OFF],
        |world| world.auth.sign_in_with_oauth(OAuth::new("github"));
    sign_in_with_id_token anybody "POST /auth/v1/signin/with/provider" [CAPTCHA, LOAD, ARGUMENT, GRANT, SIGN_IN],
        |world| world.auth.sign_in_with_id_token(IdToken::new("google", "token"));
    sign_in_with_custom_ticket anybody "POST /auth/v1/signin/custom" [LOAD, ARGUMENT, GRANT],
        |world| world.auth.sign_in_with_custom_ticket(|| async { Ok("ticket") });
    set_session anybody "POST /auth/v1/token" [LOAD, ARGUMENT, REJECTED],
        |world| world.auth.set_session(SetSession::new("refresh-token"));
    refresh_user user "GET /auth/v1/user/me" [FORBIDDEN, UNAUTHORIZED], |world| world.auth.refresh_user();
    user user "GET /auth/v1/user/me" [FORBIDDEN, UNAUTHORIZED], |world| world.auth.user();
    update_user user "POST /auth/v1/user/basic/edit" [LOAD, ARGUMENT, TAKEN, FORBIDDEN],
        |world| world.auth.update_user(UpdateUser::new().username("lin2"));
    update_user_contact user "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND],
        |world| world.auth.update_user(UpdateUser::new().email("new@example.org"));
    update_user_verify user "POST /auth/v1/user/basic/edit" [TAKEN], |world| async {
        let updated = world.auth.update_user(UpdateUser::new().email("new@example.org")).await?;
        updated.pending.unwrap().verify(world.code("new@example.org")).await
    };
    delete_user_sudo user "POST /auth/v1/user/sudo" [CAPTCHA, LOAD, SUDO], |world| world.auth.delete_user(PASSWORD);
    delete_user user "DELETE /auth/v1/user/me" [FORBIDDEN, LOAD, &[(404, "user_not_found", Category::UserNotFound)]],
        |world| world.auth.delete_user(PASSWORD);
    user_identities user "GET /auth/v1/user/provider" [UNAUTHORIZED, FORBIDDEN], |world| world.auth.user_identities();
    link_identity user "GET /auth/v1/provider/uri" [ARGUMENT, SWITCHED_OFF], |world| world.auth.link_identity("github").send();
    unlink_identity user "DELETE /auth/v1/user/provider/*" [UNAUTHORIZED, &[(404, "provider_not_found", Category::PreconditionFailed)]],
        |world| world.auth.unlink_identity("github");
    bind_identity user "POST /auth/v1/user/provider/bind" [GRANT, UNAUTHORIZED, TAKEN],
        |world| world.auth.bind_identity("provider-token");
    reset_password_for_email anybody "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND],
        |world| world.auth.reset_password_for_email(EMAIL).send();
    reset_password_for_email_update anybody "POST /auth/v1/reset" [LOAD, ARGUMENT, WEAK, FORBIDDEN,
        &[(404, "user_not_found", Category::UserNotFound)]], |world| async {
        let pending = world.auth.reset_password_for_email(EMAIL).await?;
        pending.update_user(world.code(EMAIL), "N3wer-pass").await
    };
    reset_password_for_old_sudo user "POST /auth/v1/user/sudo" [CAPTCHA, LOAD, SUDO],
        |world| world.auth.reset_password_for_old(PASSWORD, "N3wer-pass");
    reset_password_for_old user "PATCH /auth/v1/user/password" [LOAD, WEAK, FORBIDDEN, SUDO],
        |world| world.auth.reset_password_for_old(PASSWORD, "N3wer-pass");
    reauthenticate user "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND], |world| world.auth.reauthenticate();
    reauthenticate_sudo user "POST /auth/v1/user/sudo" [LOAD, ARGUMENT, CAPTCHA], |world| async {
        let pending = world.auth.reauthenticate().await?;
        pending.update_user(world.code(EMAIL), "N3wer-pass").await
    };
    reauthenticate_update user "PATCH /auth/v1/user/password" [LOAD, WEAK, FORBIDDEN], |world| async {
        let pending = world.auth.reauthenticate().await?;
        pending.update_user(world.code(EMAIL), "N3wer-pass").await
    };
    send_verification anybody "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND, SWITCHED_OFF],
        |world| world.auth.send_verification(VerificationRequest::phone("13900001111"));
    verify anybody "POST /auth/v1/verification/verify" [CAPTCHA, LOAD, ARGUMENT, CODE],
        |world| world.auth.verify("id", "123456");
    verify_otp anybody "POST /auth/v1/verification/verify" [CAPTCHA, LOAD, ARGUMENT, CODE],
        |world| world.auth.verify_otp(VerifyOtp::new("id", "123456").email(EMAIL));
    verify_oauth anybody "POST /auth/v1/provider/token" [LOAD, ARGUMENT, GRANT, SWITCHED_OFF],
        |world| world.auth.verify_oauth(VerifyOAuth::new("code", "state").provider("github"));
    grant_provider_token anybody "POST /auth/v1/provider/token" [LOAD, ARGUMENT, GRANT, SWITCHED_OFF],
        |world| world.auth.grant_provider_token(ProviderGrant::code("github", "code", "https://app.example.org"));
    resend anybody "POST /auth/v1/verification" [CAPTCHA, LOAD, ARGUMENT, SEND],
        |world| world.auth.resend(Resend::email(EMAIL, ResendType::Signup));
    create_captcha_data anybody "POST /auth/v1/captcha/data" [ARGUMENT, FORBIDDEN],
        |world| world.auth.create_captcha_data("state");
    verify_captcha_data anybody "POST /auth/v1/captcha/data/verify" [LOAD, PICTURE],
        |world| world.auth.verify_captcha_data("token", "AB12");
};

/// What is wrong with how a method has passed an error on.
async fn judge(
    world: &Arc<World>,
    case: &Case,
    (status, code, category): Documented,
) -> Result<(), String> {
    let before = world.auth.peek_session();
    world.emulator.requests().clear();
    world.emulator.faults().clear();
    world
        .emulator
        .faults()
        .add(Fault::on(case.on).status(status, code));
    let Some(error) = (case.call)(world.clone()).await else {
        return Err("no error".to_owned());
    };
    let got = (
        error.kind(),
        error.status().map(|status| status.as_u16()),
        error.code().map(|code| code.as_str().to_owned()),
        error.request_id().is_some(),
        Category::of(&error),
    );
    let expected = (
        ErrorKind::Api,
        Some(status),
        Some(code.to_owned()),
        true,
        category,
    );
    if got != expected {
        return Err(format!("got {got:?}, expected {expected:?}"));
    }
    // Reads may be tried again, and so may what comes to the same however often it is done.
    let sent = world.count(case.on);
    let repeatable = case.on.starts_with("GET")
        || case.on.ends_with("/anonymously")
        || case.on.ends_with("/basic/edit");
    if sent != 1 && !repeatable {
        return Err(format!("sent {sent} times"));
    }
    let after = world.auth.peek_session();
    let token = |session: &Option<cloudbase_auth::Session>| {
        session
            .as_ref()
            .map(|session| session.access_token().expose_secret().to_owned())
    };
    match token(&before) == token(&after) {
        true => Ok(()),
        false => Err("the session has changed".to_owned()),
    }
}

#[tokio::test]
async fn every_documented_error_reaches_the_caller() {
    let mut wrong = Vec::new();
    for case in CASES {
        let world = World::with(|emulator| emulator.send_limits(1000, 1000), |auth| auth).await;
        let world = Arc::new(world);
        if case.signed_in {
            world.sign_in().await;
        }
        for error in case.errors.iter().copied().flatten() {
            if let Err(what) = judge(&world, case, *error).await {
                wrong.push(format!("{} {error:?}: {what}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once_and_then_reported() {
    type Call = fn(Arc<World>) -> Try;
    let calls: [(&str, Call); 4] = [
        ("GET /auth/v1/user/me", |world| {
            Box::pin(async move { world.auth.user().await.err() })
        }),
        ("POST /auth/v1/user/basic/edit", |world| {
            let update = UpdateUser::new().nickname("Linda");
            Box::pin(async move { world.auth.update_user(update).await.err() })
        }),
        ("GET /auth/v1/user/provider", |world| {
            Box::pin(async move { world.auth.user_identities().await.err() })
        }),
        ("POST /auth/v1/user/sudo", |world| {
            Box::pin(async move { world.auth.delete_user(PASSWORD).await.err() })
        }),
    ];
    for (on, call) in calls {
        let world = Arc::new(World::new().await);
        world.sign_in().await;
        world.emulator.requests().clear();
        world
            .emulator
            .faults()
            .add(Fault::on(on).status(401, "unauthenticated"));
        let error = call(world.clone()).await.unwrap();
        assert!(error.is_unauthenticated(), "{on}: {error}");
        assert_eq!(
            (world.count(on), world.count("POST /auth/v1/token")),
            (2, 1),
            "{on}"
        );
        assert!(
            world.auth.peek_session().is_some(),
            "{on}: only a rejected refresh ends it"
        );
    }
}

#[tokio::test]
async fn a_refresh_reports_what_the_service_said_and_keeps_the_session() {
    for (status, code, category) in LOAD.iter().chain(ARGUMENT) {
        let world = World::new().await;
        world.sign_in().await;
        world
            .emulator
            .faults()
            .add(Fault::on("POST /auth/v1/token").status(*status, code));
        let error = world.auth.refresh_session().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
        assert_eq!(error.code().unwrap().as_str(), *code);
        assert!(error.request_id().is_some());
        assert_eq!(Category::of(&error), *category);
        assert_eq!(world.count("POST /auth/v1/token"), 1, "{code}");
        assert!(
            world.auth.user().await.unwrap().is_some(),
            "{code}: the token is alive"
        );
        let kept = world.auth.peek_session().unwrap();
        assert!(kept.refresh_token().is_some(), "{code}");
    }
    for (status, code, _) in REJECTED {
        let world = World::new().await;
        world.sign_in().await;
        world
            .emulator
            .faults()
            .add(Fault::on("POST /auth/v1/token").status(*status, code));
        let error = world.auth.refresh_session().await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), *code);
        assert!(
            world.auth.user().await.unwrap().is_some(),
            "{code}: the token is alive"
        );
        let kept = world.auth.peek_session().unwrap();
        assert!(
            kept.refresh_token().is_none(),
            "{code}: it is good for nothing"
        );
    }
}

#[tokio::test]
async fn how_long_to_wait_is_reported() {
    let world = World::new().await;
    let busy = Fault::on("POST /auth/v1/verification").status(429, "resource_exhausted");
    world
        .emulator
        .faults()
        .add(busy.header("Retry-After", "37"));
    let error = world
        .auth
        .send_verification(VerificationRequest::email(EMAIL))
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(37)));
    assert!(error.is_throttled());
}

#[tokio::test]
async fn a_rejected_refresh_token_is_known_by_the_word_of_auth() {
    for body in [
        r#"{"error":"invalid_grant","error_description":"m","code":"INVALID_PARAM","message":"bad"}"#,
        r#"{"error":"INVALID_GRANT"}"#,
    ] {
        let world = World::new().await;
        world.sign_in().await;
        let rejected = Fault::on("POST /auth/v1/token").status(400, "X");
        world.emulator.faults().add(rejected.body(body));
        let error = world.auth.refresh_session().await.unwrap_err();
        assert_eq!(error.code().unwrap(), "invalid_grant", "{body}");
        let kept = world.auth.peek_session().unwrap();
        assert!(kept.refresh_token().is_none(), "{body}");
    }
}

#[tokio::test]
async fn a_limit_says_in_its_body_how_long_to_wait() {
    let world = World::new().await;
    for (body, seconds) in [
        (
            r#"{"error":"resource_exhausted","error_code":8,"retry_after":42}"#,
            42,
        ),
        (
            r#"{"error":"resource_exhausted","details":[{"@type":"x/RetryInfo","retryDelay":"30s"}]}"#,
            30,
        ),
    ] {
        world.emulator.faults().clear();
        let limit = Fault::on("POST /auth/v1/verification").status(429, "X");
        world.emulator.faults().add(limit.body(body));
        let request = VerificationRequest::email(EMAIL);
        let error = world.auth.send_verification(request).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        // Nothing was sent to anybody, and the form may send it again by then.
        assert!(error.is_throttled() && error.is_retryable(), "{error}");
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn a_user_without_an_address_is_not_asked_to_sign_in() {
    let nameless = NewUser::username("nameless").password(PASSWORD);
    let world = World::with(|emulator| emulator.user(nameless), |auth| auth).await;
    world.auth.sign_in_anonymously().send().await.unwrap();
    let anonymous = world.auth.reauthenticate().await.unwrap_err();
    let named = Password::username("nameless", PASSWORD);
    world.auth.sign_in_with_password(named).await.unwrap();
    let registered = world.auth.reauthenticate().await.unwrap_err();
    for error in [anonymous, registered] {
        assert_eq!(error.kind(), ErrorKind::Local, "{error}");
        assert_eq!(
            Category::of(&error),
            Category::PreconditionFailed,
            "{error}"
        );
        assert!(!error.is_unauthenticated(), "{error}");
    }
    assert_eq!(world.count("POST /auth/v1/verification"), 0);
}
