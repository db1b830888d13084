//! Changes and the end of an account: what has been done counts, whatever fails after it.

use cloudbase_auth::{
    AuthEvent, ErrorKind, ExposeSecret as _, Otp, OtpType, Session, SignOutReason, SudoToken,
    UpdateUser, VerificationRequest, VerifyOtp,
};
use cloudbase_emulator::Fault;

use super::support::{PASSWORD, World};

const ANN: &str = "ann@example.org";

/// A user who has never had a password.
async fn without_password(world: &World) {
    let pending = world.auth.sign_in_with_otp(Otp::email(ANN)).await.unwrap();
    pending.verify(world.code(ANN)).await.unwrap();
}

async fn sudo_by_code(world: &World) -> SudoToken {
    let request = VerificationRequest::email(ANN);
    let sent = world.auth.send_verification(request).await.unwrap();
    let verified = world.auth.verify(&sent.verification_id, world.code(ANN));
    let token = verified.await.unwrap().verification_token;
    world.auth.sudo_with_verification(token).await.unwrap()
}

#[tokio::test]
async fn an_account_without_a_password_is_deleted_by_the_proof_of_a_code() {
    let world = World::new().await;
    without_password(&world).await;
    let error = world.auth.delete_user(PASSWORD).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "password_not_set");
    let sudo = sudo_by_code(&world).await;
    let mut events = world.auth.events();
    world.auth.delete_user_with(&sudo).await.unwrap();
    assert!(world.auth.session().await.unwrap().is_none());
    assert!(world.emulator.users().find(ANN).is_none());
    let AuthEvent::SignedOut(SignOutReason::UserDeleted) = events.next().await else {
        panic!("another event")
    };
}

#[tokio::test]
async fn an_account_is_deleted_by_the_proof_of_its_own_user_only() {
    let world = World::new().await;
    without_password(&world).await;
    let anns = sudo_by_code(&world).await;
    world.sign_in().await;
    let error = world.auth.delete_user_with(&anns).await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(world.auth.session().await.unwrap().is_some());
    let own = world.auth.sudo_with_password(PASSWORD).await.unwrap();
    world.auth.delete_user_with(&own).await.unwrap();
    assert!(world.emulator.users().find("lin").is_none());
    assert!(world.emulator.users().find(ANN).is_some());
}

fn no_profile() -> Fault {
    Fault::on("GET /auth/v1/user/me").status(503, "unavailable")
}

#[tokio::test]
async fn a_change_that_was_made_is_no_error_because_the_profile_is_not_there() {
    let world = World::new().await;
    let known = world.sign_in().await.user;
    let mut events = world.auth.events();
    let fault = world.emulator.faults().add(no_profile());
    let update = UpdateUser::new().nickname("Lin W").email(ANN);
    let updated = world.auth.update_user(update).await.unwrap();
    assert_eq!(updated.user, known, "as known last");
    let AuthEvent::UserUpdated(session) = events.next().await else {
        panic!("another event")
    };
    assert_eq!(session.user(), Some(&known));
    let pending = updated.pending.unwrap();
    let user = pending.verify(world.code(ANN)).await.unwrap();
    assert_eq!(user, known);
    assert!(matches!(events.next().await, AuthEvent::UserUpdated(_)));

    world.emulator.faults().remove(fault);
    let user = world.auth.refresh_user().await.unwrap().user;
    assert_eq!(user.user_metadata.name.as_deref(), Some("Lin W"));
    assert_eq!(user.email.as_deref(), Some(ANN));
}

#[tokio::test]
async fn an_address_that_waits_for_its_code_has_changed_nothing() {
    for profile_fails in [false, true] {
        let world = World::new().await;
        let session = world.sign_in().await.session;
        // As another SDK may have stored it: without a user.
        let mut stored: serde_json::Value =
            serde_json::from_str(session.to_json().expose_secret()).unwrap();
        stored.as_object_mut().unwrap().remove("user");
        let session = Session::from_json(stored.to_string()).unwrap();
        world.auth.restore_session(session.clone()).await.unwrap();
        if profile_fails {
            world.emulator.faults().add(no_profile());
        }
        let mut events = world.auth.events();
        let update = UpdateUser::new().email(ANN);
        let updated = world.auth.update_user(update).await.unwrap();
        assert_eq!(updated.user.id, session.sub());
        assert_eq!(updated.user.email.is_some(), !profile_fails);
        assert!(updated.pending.is_some());
        world.auth.sign_out().await.unwrap();
        let event = events.next().await;
        assert!(matches!(event, AuthEvent::SignedOut(_)), "{}", event.name());
    }
}

#[tokio::test]
async fn a_code_for_a_new_address_is_not_spent_while_nobody_is_signed_in() {
    let world = World::new().await;
    for (kind, to) in [
        (OtpType::EmailChange, ANN),
        (OtpType::PhoneChange, "+86 13800000000"),
    ] {
        let request = match to.contains('@') {
            true => VerificationRequest::email(to),
            false => VerificationRequest::phone(to),
        };
        let sent = world.auth.send_verification(request).await.unwrap();
        let otp = || VerifyOtp::new(&sent.verification_id, world.code(to)).kind(kind.clone());
        let spent = world.count("POST /auth/v1/verification/verify");
        let error = world.auth.verify_otp(otp()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert_eq!(world.count("POST /auth/v1/verification/verify"), spent);
        let lin = world.sign_in().await.user;
        assert_eq!(world.auth.verify_otp(otp()).await.unwrap().user, lin);
        world.auth.sign_out().await.unwrap();
    }
}
