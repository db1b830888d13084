//! Proofs that are at hand: verification tokens, provider tokens, access tokens of another user.

use cloudbase_auth::{
    ErrorKind, ExposeSecret as _, Password, ProviderGrant, SecretString, SignUp,
    VerificationRequest,
};
use cloudbase_emulator::Person;

use super::support::{PASSWORD, World};

const ANN: &str = "ann@example.org";

/// A verification token, as a server may have obtained it.
async fn proof(world: &World, request: VerificationRequest, to: &str) -> SecretString {
    let server = world.device();
    let sent = server.send_verification(request).await.unwrap();
    let verified = server.verify(&sent.verification_id, world.code(to)).await;
    verified.unwrap().verification_token
}

async fn provider_token(world: &World, sub: &str) -> SecretString {
    let token = world
        .emulator
        .id_token("google", &Person::new(sub).name("Ann"));
    let grant = ProviderGrant::id_token("google", token);
    let proof = world.auth.grant_provider_token(grant).await.unwrap();
    proof.provider_token
}

#[tokio::test]
async fn a_verification_token_registers_and_signs_in() {
    let world = World::new().await;
    let by_email = || VerificationRequest::email(ANN);
    let token = proof(&world, by_email(), ANN).await;
    let ann = SignUp::email(ANN).password(PASSWORD).username("ann_w");
    let signed_in = world
        .auth
        .sign_up_with_proof(ann.clone().verified(token))
        .await
        .unwrap();
    assert_eq!(signed_in.user.email.as_deref(), Some(ANN));
    assert_eq!(
        signed_in.user.user_metadata.username.as_deref(),
        Some("ann_w")
    );
    assert_eq!(
        world.count("POST /auth/v1/verification"),
        1,
        "no further code"
    );

    let token = proof(&world, by_email(), ANN).await;
    let taken = world.auth.sign_up_with_proof(ann.verified(token.clone()));
    assert_eq!(
        taken.await.unwrap_err().code().unwrap().as_str(),
        "already_exists"
    );
    let same = world
        .auth
        .sign_in_with_verification(token.clone())
        .await
        .unwrap();
    assert_eq!(same.user.id, signed_in.user.id);
    let spent = world
        .auth
        .sign_in_with_verification(token)
        .await
        .unwrap_err();
    assert_eq!(spent.code().unwrap().as_str(), "invalid_argument");

    let number = "+86 13800000000";
    let token = proof(&world, VerificationRequest::phone(number), number).await;
    let nobody = world
        .auth
        .sign_in_with_verification(token.clone())
        .await
        .unwrap_err();
    assert!(nobody.is_not_found(), "{nobody}");
    let by_phone = SignUp::phone("13800000000").verified(token);
    let signed_in = world.auth.sign_up_with_proof(by_phone).await.unwrap();
    assert_eq!(signed_in.user.phone.as_deref(), Some(number));
}

#[tokio::test]
async fn a_provider_token_registers_with_a_name_and_a_password() {
    let world = World::new().await;
    let anonymous = world.auth.sign_in_anonymously().await.unwrap().user;
    let ann = SignUp::provider_token(provider_token(&world, "g-1").await)
        .username("ann_w")
        .password(PASSWORD)
        .upgrade_anonymous();
    let signed_in = world.auth.sign_up_with_proof(ann).await.unwrap();
    assert_eq!(signed_in.user.id, anonymous.id);
    assert_eq!(signed_in.user.user_metadata.name.as_deref(), Some("Ann"));
    let bound = world.auth.user_identities().await.unwrap();
    assert!(bound.iter().any(|identity| identity.id == "google"));
    let by_password = Password::username("ann_w", PASSWORD);
    let same = world.auth.sign_in_with_password(by_password).await.unwrap();
    assert_eq!(same.user.id, anonymous.id);

    let again = SignUp::provider_token(provider_token(&world, "g-1").await);
    let taken = world.auth.sign_up_with_proof(again).await.unwrap_err();
    assert_eq!(taken.code().unwrap().as_str(), "already_exists");
}

#[tokio::test]
async fn a_proof_that_cannot_be_one_is_not_sent() {
    let world = World::new().await;
    for sign_up in [
        SignUp::provider_token(" "),
        SignUp::email(ANN).verified(""),
        SignUp::email("nobody").verified("vt"),
        SignUp::email(ANN).username("").verified("vt"),
    ] {
        let error = world.auth.sign_up_with_proof(sign_up).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
    }
    let error = world.auth.sign_in_with_verification("").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    let error = world.auth.introspect_token("a b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    assert_eq!(world.count("/auth/v1/*"), 0);
}

#[tokio::test]
async fn the_service_says_whether_a_token_is_good() {
    let world = World::new().await;
    assert!(world.auth.introspect().await.unwrap().is_none());
    let session = world.sign_in().await.session;
    let good = world.auth.introspect().await.unwrap().unwrap();
    assert_eq!(good.sub.as_deref(), Some(session.sub()));
    assert_eq!(good.client_id.as_deref(), Some(world.emulator.env_id()));
    assert_eq!(good.scope.as_deref(), session.scope());

    // A server with a session of its own, or none.
    let server = world.device();
    let token = session.access_token().expose_secret();
    assert_eq!(server.introspect_token(token).await.unwrap(), Some(good));
    let theirs = server.for_user(token).unwrap();
    assert!(theirs.introspect().await.unwrap().is_some());
    assert!(
        server
            .introspect_token("no.such.token")
            .await
            .unwrap()
            .is_none()
    );
    world.auth.sign_out().await.unwrap();
    assert!(
        server.introspect_token(token).await.unwrap().is_none(),
        "revoked"
    );
    assert!(theirs.introspect().await.unwrap().is_none());
    assert!(
        server.session().await.unwrap().is_none(),
        "nobody is signed in by this"
    );
}
