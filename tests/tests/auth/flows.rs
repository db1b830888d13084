//! Every method once through, with its documented errors.

use cloudbase_auth::{
    AuthErrorCategory, AuthEvent, ErrorKind, ExposeSecret as _, Gender, Otp, OtpType, Password,
    Resend, ResendType, Session, SignOutReason, SignUp, UpdateUser, VerificationRequest,
    VerificationTarget, VerifyOtp,
};
use cloudbase_emulator::Fault;

use super::support::{EMAIL, PASSWORD, World};

#[tokio::test]
async fn sign_up_registers_or_signs_in() {
    let world = World::new().await;
    let new = SignUp::email("ann@example.org")
        .password(PASSWORD)
        .nickname("Ann")
        .gender(Gender::Female);
    let pending = world
        .auth
        .sign_up(new.username("ann_w").locale("en"))
        .await
        .unwrap();
    assert!(!pending.is_existing_user());
    assert_eq!(pending.expires_in().as_secs(), 600);
    let wrong = pending.verify("000000").await.unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&wrong),
        AuthErrorCategory::VerificationFailed
    );
    let signed_in = pending
        .verify(format!(" {} ", world.code("ann@example.org")))
        .await
        .unwrap();
    assert_eq!(signed_in.user.email.as_deref(), Some("ann@example.org"));
    assert_eq!(
        signed_in.user.user_metadata.username.as_deref(),
        Some("ann_w")
    );
    assert_eq!(signed_in.user.user_metadata.name.as_deref(), Some("Ann"));
    assert_eq!(signed_in.session.sub(), signed_in.user.id);

    let pending = world
        .auth
        .sign_up(SignUp::phone("13900001111"))
        .await
        .unwrap();
    assert!(pending.is_existing_user());
    let signed_in = pending.verify(world.code("+86 13900001111")).await.unwrap();
    assert_eq!(signed_in.user.user_metadata.name.as_deref(), Some("Lin"));
}

#[tokio::test]
async fn a_rejected_registration_can_be_repeated_with_the_same_code() {
    let world = World::new().await;
    let pending = world
        .auth
        .sign_up(SignUp::email("ann@example.org"))
        .await
        .unwrap();
    world.emulator.faults().add(
        Fault::on("POST /auth/v1/signup")
            .times(1)
            .status(503, "unavailable"),
    );
    let code = world.code("ann@example.org");
    pending.verify(code.as_str()).await.unwrap_err();
    pending.verify(code.as_str()).await.unwrap();
    assert_eq!(
        world.count("POST /auth/v1/verification/verify"),
        1,
        "a code is spent once"
    );
}

#[tokio::test]
async fn an_anonymous_user_keeps_its_id_when_it_registers() {
    let world = World::new().await;
    let anonymous = world.auth.sign_in_anonymously().await.unwrap();
    assert!(anonymous.user.is_anonymous && anonymous.session.is_anonymous());
    let again = world.auth.sign_in_anonymously().await.unwrap();
    assert_eq!(again.user.id, anonymous.user.id, "the device decides");
    let pending = world
        .auth
        .sign_up(SignUp::email("ann@example.org").upgrade_anonymous())
        .await
        .unwrap();
    let registered = pending.verify(world.code("ann@example.org")).await.unwrap();
    assert_eq!(registered.user.id, anonymous.user.id);
    assert!(!registered.session.is_anonymous());
}

#[tokio::test]
async fn anonymous_sign_in_may_be_switched_off() {
    let world = World::with(|emulator| emulator.anonymous_sign_in(false), |auth| auth).await;
    let error = world.auth.sign_in_anonymously().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert!(world.auth.session().await.unwrap().is_none());
}

#[tokio::test]
async fn sign_in_with_password_by_name_address_and_number() {
    let world = World::new().await;
    for password in [
        Password::username("lin", PASSWORD),
        Password::email(EMAIL, PASSWORD),
        Password::phone("+8613900001111", PASSWORD),
    ] {
        let signed_in = world.auth.sign_in_with_password(password).await.unwrap();
        assert_eq!(signed_in.user.email.as_deref(), Some(EMAIL));
    }
    let wrong = world
        .auth
        .sign_in_with_password(Password::username("lin", "wrong"))
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&wrong),
        AuthErrorCategory::InvalidCredentials
    );
    assert!(
        world.auth.session().await.unwrap().is_some(),
        "a rejected sign-in ends no session"
    );
    let nobody = world
        .auth
        .sign_in_with_password(Password::username("nobody", PASSWORD))
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&nobody),
        AuthErrorCategory::UserNotFound
    );
    let lin = world.emulator.users().find("lin").unwrap();
    world.emulator.users().set_status(&lin.id, "BLOCKED");
    let blocked = world
        .auth
        .sign_in_with_password(Password::username("lin", PASSWORD))
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&blocked),
        AuthErrorCategory::UserStatusAbnormal
    );
}

#[tokio::test]
async fn sign_in_with_otp_creates_users_only_if_it_may() {
    let world = World::new().await;
    let error = world
        .auth
        .sign_in_with_otp(Otp::email("new@example.org").should_create_user(false))
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&error),
        AuthErrorCategory::UserNotFound,
        "{error}"
    );
    let pending = world
        .auth
        .sign_in_with_otp(Otp::email("new@example.org"))
        .await
        .unwrap();
    let first = pending.message_id().to_owned();
    let old = world.code("new@example.org");
    assert_ne!(pending.resend().await.unwrap().verification_id, first);
    if old != world.code("new@example.org") {
        pending.verify(old).await.unwrap_err();
    }
    assert_eq!(
        pending
            .verify(world.code("new@example.org"))
            .await
            .unwrap()
            .user
            .email
            .as_deref(),
        Some("new@example.org")
    );
}

#[tokio::test]
async fn a_link_can_be_sent_instead_of_a_code() {
    let world = World::new().await;
    let otp = Otp::email(EMAIL).email_redirect_to("https://app.example.org/in");
    let pending = world.auth.sign_in_with_otp(otp).await.unwrap();
    pending.resend().await.unwrap();
    assert!(
        world
            .emulator
            .inbox()
            .latest(EMAIL)
            .unwrap()
            .link
            .unwrap()
            .starts_with("https://app.example.org/in")
    );
}

#[tokio::test]
async fn the_session_is_read_refreshed_replaced_and_ended() {
    let world = World::new().await;
    let mut events = world.auth.events();
    assert!(world.auth.session().await.unwrap().is_none());
    let first = world.sign_in().await.session;
    let refreshed = world.auth.refresh_session().await.unwrap().session;
    assert_ne!(
        refreshed.access_token().expose_secret(),
        first.access_token().expose_secret()
    );
    assert_eq!(refreshed.user().unwrap().email.as_deref(), Some(EMAIL));

    let other = world.device();
    let token = refreshed
        .refresh_token()
        .unwrap()
        .expose_secret()
        .to_owned();
    let taken = other
        .set_session(cloudbase_auth::SetSession::new(token))
        .await
        .unwrap();
    assert_eq!(taken.user.id, refreshed.sub());
    let explicit = taken.session.refresh_token().unwrap().clone();
    world
        .auth
        .refresh_session()
        .refresh_token(explicit)
        .await
        .unwrap();

    let copy =
        Session::from_json(world.auth.peek_session().unwrap().to_json().expose_secret()).unwrap();
    let third = world.device();
    third.restore_session(copy).await.unwrap();
    assert_eq!(
        third.user().await.unwrap().unwrap().email.as_deref(),
        Some(EMAIL)
    );

    let claims = world.auth.claims().await.unwrap();
    assert_eq!(claims.claims.sub.as_deref(), Some(first.sub()));
    assert_eq!(
        (claims.header.alg.as_str(), claims.header.kid.is_some()),
        ("RS256", true)
    );

    let outcome = world.auth.sign_out().await.unwrap();
    assert!(outcome.revoked && outcome.error.is_none());
    assert!(world.auth.session().await.unwrap().is_none() && world.auth.peek_session().is_none());
    assert!(world.auth.user().await.unwrap().is_none());
    let key = world.auth.claims().await.unwrap();
    assert_eq!(
        key.claims.sub.as_deref(),
        Some("anon"),
        "the access key is what is left"
    );
    assert!(
        !world.auth.sign_out().await.unwrap().revoked,
        "nobody was signed in"
    );
    for expected in [
        "SIGNED_IN",
        "USER_UPDATED",
        "TOKEN_REFRESHED",
        "TOKEN_REFRESHED",
        "USER_UPDATED",
        "SIGNED_OUT",
    ] {
        assert_eq!(events.next().await.name(), expected);
    }
}

#[tokio::test]
async fn signing_out_does_not_depend_on_the_service() {
    let world = World::new().await;
    world.sign_in().await;
    world
        .emulator
        .faults()
        .add(Fault::on("POST /auth/v1/revoke").status(500, "internal"));
    let outcome = world.auth.sign_out().await.unwrap();
    assert!(!outcome.revoked && outcome.error.is_some());
    assert!(world.auth.session().await.unwrap().is_none());
    world.emulator.faults().clear();
    world.sign_in().await;
    let outcome = world
        .auth
        .sign_out()
        .redirect_uri("https://app.example.org/bye")
        .state("s")
        .await
        .unwrap();
    assert!(outcome.revoked);
    assert_eq!(world.count("POST /auth/v1/user/signout"), 1);
}

#[tokio::test]
async fn a_sign_in_without_a_profile_is_a_sign_in() {
    let world = World::new().await;
    world
        .emulator
        .faults()
        .add(Fault::on("GET /auth/v1/user/me").status(500, "internal"));
    let signed_in = world.sign_in().await;
    assert_eq!(signed_in.user.id, signed_in.session.sub());
    assert_eq!(signed_in.user.email, None);
    assert!(world.auth.session().await.unwrap().is_some());
}

#[tokio::test]
async fn the_profile_is_changed_at_once_and_the_address_by_code() {
    let world = World::new().await;
    world.sign_in().await;
    let mut events = world.auth.events();
    let update = UpdateUser::new()
        .nickname("Linda")
        .description("hi")
        .gender(Gender::Female)
        .email("linda@example.org");
    let updated = world.auth.update_user(update).await.unwrap();
    assert_eq!(updated.user.user_metadata.name.as_deref(), Some("Linda"));
    assert_eq!(updated.user.user_metadata.gender, Some(Gender::Female));
    assert_eq!(updated.user.email.as_deref(), Some(EMAIL), "not yet");
    let pending = updated.pending.unwrap();
    pending.verify("000000").await.unwrap_err();
    assert_eq!(
        world
            .auth
            .refresh_user()
            .await
            .unwrap()
            .user
            .email
            .as_deref(),
        Some(EMAIL)
    );
    let message = pending.resend().await.unwrap().verification_id.clone();
    assert_eq!(pending.message_id(), message);
    let user = pending
        .verify(world.code("linda@example.org"))
        .await
        .unwrap();
    assert_eq!(user.email.as_deref(), Some("linda@example.org"));
    assert_eq!(
        world.auth.peek_session().unwrap().user(),
        Some(&user),
        "the session knows it, too"
    );
    assert_eq!(events.next().await.name(), "USER_UPDATED");
    assert_eq!(events.next().await.name(), "USER_UPDATED");

    let updated = world
        .auth
        .update_user(UpdateUser::new().phone("13800000000"))
        .await
        .unwrap();
    let user = updated
        .pending
        .unwrap()
        .verify(world.code("+86 13800000000"))
        .await
        .unwrap();
    assert_eq!(user.phone.as_deref(), Some("+86 13800000000"));
}

#[tokio::test]
async fn an_account_is_deleted_with_its_password() {
    let world = World::new().await;
    world.sign_in().await;
    let mut events = world.auth.events();
    let wrong = world.auth.delete_user("wrong").await.unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&wrong),
        AuthErrorCategory::InvalidCredentials
    );
    assert!(world.auth.session().await.unwrap().is_some());
    world.auth.delete_user(PASSWORD).await.unwrap();
    assert!(world.auth.session().await.unwrap().is_none());
    assert!(world.emulator.users().find("lin").is_none());
    assert!(matches!(
        events.next().await,
        AuthEvent::SignedOut(SignOutReason::UserDeleted)
    ));
}

#[tokio::test]
async fn a_forgotten_password_is_reset_by_code() {
    let world = World::new().await;
    let mut events = world.auth.events();
    for (contact, to, password) in [
        (EMAIL, EMAIL, "F1rst-new"),
        ("13900001111", "+86 13900001111", "S3cond-new"),
    ] {
        let pending = world.auth.reset_password_for_email(contact).await.unwrap();
        pending.update_user("000000", password).await.unwrap_err();
        pending.resend().await.unwrap();
        let signed_in = pending.update_user(world.code(to), password).await.unwrap();
        assert_eq!(signed_in.user.email.as_deref(), Some(EMAIL));
        assert_eq!(events.next().await.name(), "PASSWORD_RECOVERY");
        assert_eq!(events.next().await.name(), "SIGNED_IN");
        assert_eq!(events.next().await.name(), "USER_UPDATED");
    }
    let unknown = world
        .auth
        .reset_password_for_email("nobody@example.org")
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&unknown),
        AuthErrorCategory::UserNotFound
    );
    let pending = world.auth.reset_password_for_email(EMAIL).await.unwrap();
    let weak = pending
        .update_user(world.code(EMAIL), "x")
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&weak),
        AuthErrorCategory::InvalidParams
    );
    pending
        .update_user(world.code(EMAIL), "Str0nger-now")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_password_is_changed_with_the_old_one_or_a_code() {
    let world = World::new().await;
    world.sign_in().await;
    world
        .auth
        .reset_password_for_old("wrong", "Th1rd-new")
        .await
        .unwrap_err();
    world
        .auth
        .reset_password_for_old(PASSWORD, "Th1rd-new")
        .await
        .unwrap();
    let pending = world.auth.reauthenticate().await.unwrap();
    pending
        .update_user("000000", "F0urth-new")
        .await
        .unwrap_err();
    let weak = pending
        .update_user(world.code(EMAIL), "x")
        .await
        .unwrap_err();
    assert_eq!(weak.code().unwrap().as_str(), "weak_password");
    pending
        .update_user(world.code(EMAIL), "F0urth-new")
        .await
        .unwrap();
    let other = world.device();
    other
        .sign_in_with_password(Password::email(EMAIL, "F0urth-new"))
        .await
        .unwrap();

    let world = World::new().await;
    let before = world.sign_in().await.session;
    let pending = world.auth.reauthenticate().await.unwrap();
    let after = pending.verify(world.code(EMAIL)).await.unwrap().session;
    assert_ne!(
        before.access_token().expose_secret(),
        after.access_token().expose_secret()
    );
}

#[tokio::test]
async fn codes_are_sent_checked_and_sent_again() {
    let world = World::new().await;
    let sent = world
        .auth
        .send_verification(VerificationRequest::email(EMAIL))
        .await
        .unwrap();
    assert!(sent.is_user && sent.expires_in.as_secs() == 600);
    let verified = world
        .auth
        .verify(&sent.verification_id, world.code(EMAIL))
        .await
        .unwrap();
    assert!(!format!("{verified:?}").contains(verified.verification_token.expose_secret()));

    let again = world
        .auth
        .resend(Resend::phone("13900001111", ResendType::Sms))
        .await
        .unwrap();
    let otp =
        VerifyOtp::new(again.verification_id, world.code("+86 13900001111")).phone("13900001111");
    let signed_in = world.auth.verify_otp(otp.kind(OtpType::Sms)).await.unwrap();
    assert_eq!(signed_in.user.email.as_deref(), Some(EMAIL));

    let own = VerificationRequest::email(EMAIL).target(VerificationTarget::CurrentUser);
    let sent = world.auth.send_verification(own).await.unwrap();
    let otp = VerifyOtp::new(sent.verification_id, world.code(EMAIL))
        .email(EMAIL)
        .kind(OtpType::EmailChange);
    let same = world.auth.verify_otp(otp).await.unwrap();
    assert_eq!(
        same.session.access_token().expose_secret(),
        signed_in.session.access_token().expose_secret()
    );
    let taken = VerificationRequest::email(EMAIL).target(VerificationTarget::NotUser);
    world.auth.send_verification(taken).await.unwrap_err();
}

#[tokio::test]
async fn a_code_with_leading_zeros_survives() {
    let world = World::with(|emulator| emulator.fixed_code("000042"), |auth| auth).await;
    let pending = world
        .auth
        .sign_in_with_otp(Otp::email(EMAIL))
        .await
        .unwrap();
    assert_eq!(
        pending.verify("42").await.unwrap_err().kind(),
        ErrorKind::Api
    );
    pending.verify("000042").await.unwrap();
}
