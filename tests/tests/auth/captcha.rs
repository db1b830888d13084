//! Captchas: demanded, shared, refused.

use std::sync::atomic::Ordering;

use cloudbase_auth::{
    Auth, AuthErrorCategory, CaptchaAnswer, ErrorKind, ExposeSecret as _, SignUp,
    VerificationRequest,
};

use super::support::{EMAIL, Human, World, sign_in};

#[tokio::test]
async fn many_demands_show_one_captcha() {
    let human = Human {
        mistakes: 1,
        ..Human::default()
    };
    let world = World::with(
        |emulator| emulator,
        |auth| auth.captcha_handler(human.clone()),
    )
    .await;
    assert!(human.emulator.set(world.emulator.captcha()).is_ok());
    world
        .emulator
        .captcha()
        .demand("POST /auth/v1/signin", None);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let auth = world.auth.clone();
            tokio::spawn(async move { sign_in(&auth).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        human.solved.load(Ordering::SeqCst),
        2,
        "one demand: a mistake, and an answer"
    );

    world.emulator.captcha().invalidate_tokens();
    sign_in(&world.auth).await;
    assert_eq!(
        human.solved.load(Ordering::SeqCst),
        4,
        "a refused token is not used again"
    );
}

#[tokio::test]
async fn without_a_handler_the_demand_is_the_error_and_a_token_of_ones_own_helps() {
    let world = World::new().await;
    world
        .emulator
        .captcha()
        .demand("POST /auth/v1/verification", None);
    let error = world
        .auth
        .sign_up(SignUp::email("ann@example.org"))
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&error),
        AuthErrorCategory::CaptchaRequired
    );
    assert_eq!(
        world.auth.captcha_token().await.unwrap_err().kind(),
        ErrorKind::Config
    );
    let data = world.auth.create_captcha_data("mine", None).await.unwrap();
    assert!(
        data.image()
            .is_some_and(|(kind, bytes)| kind.starts_with("image/") && !bytes.is_empty())
    );
    let wrong = world
        .auth
        .verify_captcha_data(data.token.clone(), "0")
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&wrong),
        AuthErrorCategory::CaptchaInvalid
    );
    let answer = world
        .emulator
        .captcha()
        .answer(data.token.expose_secret())
        .unwrap();
    let token = world
        .auth
        .verify_captcha_data(data.token, answer.to_lowercase())
        .await
        .unwrap();
    let kept = world.auth.captcha_token().await.unwrap();
    assert_eq!(
        kept.captcha_token.expose_secret(),
        token.captcha_token.expose_secret()
    );
    world
        .auth
        .sign_up(SignUp::email("ann@example.org"))
        .await
        .unwrap();
}

#[derive(Clone, Default)]
struct Stubborn(std::sync::Arc<std::sync::OnceLock<Auth>>);

impl cloudbase_auth::CaptchaHandler for Stubborn {
    fn solve<'a>(
        &'a self,
        _challenge: &'a cloudbase_auth::CaptchaChallenge,
    ) -> cloudbase_auth::BoxFuture<'a, cloudbase_auth::Result<CaptchaAnswer>> {
        Box::pin(async move {
            let error = self.0.get().unwrap().captcha_token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Local, "it would wait for itself");
            Ok(CaptchaAnswer::Cancel)
        })
    }
}

#[tokio::test]
async fn a_handler_that_asks_for_a_captcha_itself_does_not_hang() {
    let stubborn = Stubborn::default();
    let world = World::with(
        |emulator| emulator,
        |auth| auth.captcha_handler(stubborn.clone()),
    )
    .await;
    assert!(stubborn.0.set(world.auth.clone()).is_ok());
    world
        .emulator
        .captcha()
        .demand("POST /auth/v1/verification", None);
    let error = world
        .auth
        .send_verification(VerificationRequest::email(EMAIL))
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&error),
        AuthErrorCategory::CaptchaRequired,
        "the human gave up"
    );
}
