//! Captchas: demanded, shared, rejected.

use std::sync::atomic::Ordering;

use cloudbase_auth::{
    Auth, AuthErrorCategory, CaptchaAnswer, ErrorKind, ExposeSecret as _, SignUp, UpdateUser,
    UserQuery, VerificationRequest,
};

use cloudbase_emulator::Fault;

use super::support::{EMAIL, Human, PASSWORD, World, sign_in};

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
        "a rejected token is not used again"
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
    let data = world.auth.create_captcha_data("mine").await.unwrap();
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

#[tokio::test]
async fn a_demand_by_its_number_alone_is_a_demand() {
    for body in [
        r#"{"error_code":4001,"error_description":"m"}"#,
        r#"{"error_code":"4002"}"#,
        r#"{"error":"captcha_required","code":"INVALID_PARAM","message":"m"}"#,
        r#"{"error":"CAPTCHA_INVALID"}"#,
    ] {
        let human = Human::default();
        let world = World::with(
            |emulator| emulator,
            |auth| auth.captcha_handler(human.clone()),
        )
        .await;
        assert!(human.emulator.set(world.emulator.captcha()).is_ok());

        let demand = Fault::on("POST /auth/v1/signin").status(400, "X").times(1);
        world.emulator.faults().add(demand.body(body));
        world.sign_in().await;
        assert_eq!(human.solved.load(Ordering::SeqCst), 1, "{body}");
    }
}

#[tokio::test]
async fn every_call_that_is_asked_for_a_captcha_brings_one() {
    let human = Human::default();
    let world = World::with(
        |emulator| emulator,
        |auth| auth.captcha_handler(human.clone()),
    )
    .await;
    assert!(human.emulator.set(world.emulator.captcha()).is_ok());
    let demanding = [
        "POST /auth/v1/verification",
        "POST /auth/v1/verification/verify",
        "POST /auth/v1/signup",
        "POST /auth/v1/signin",
        "POST /auth/v1/signin/anonymously",
        "GET /auth/v1/user/me",
        "POST /auth/v1/user/basic/edit",
        "GET /auth/v1/user/provider",
        "POST /auth/v1/user/sudo",
        "PATCH /auth/v1/user/password",
        "POST /auth/v1/reset",
        "GET /auth/v1/provider/uri",
        "GET /auth/v1/user/query",
        "GET /auth/v1/checkIfUserExist",
        "DELETE /auth/v1/user/me",
    ];
    for pattern in demanding {
        world.emulator.captcha().demand(pattern, None);
    }
    let auth = &world.auth;
    auth.is_username_registered("ann").await.unwrap();
    auth.sign_in_anonymously().await.unwrap();
    let ann = SignUp::email("ann@example.org").password(PASSWORD);
    let pending = auth.sign_up(ann.upgrade_anonymous()).await.unwrap();
    pending.verify(world.code("ann@example.org")).await.unwrap();
    let update = UpdateUser::new().nickname("Ann").email("ann@example.com");
    let updated = auth.update_user(update).await.unwrap().pending.unwrap();
    updated.verify(world.code("ann@example.com")).await.unwrap();
    auth.user_identities().await.unwrap();
    auth.link_identity("github").await.unwrap();
    auth.query_user(UserQuery::new()).await.unwrap();
    auth.reset_password_for_old(PASSWORD, "S3cond-new")
        .await
        .unwrap();
    let pending = auth.reauthenticate().await.unwrap();
    let code = world.code("ann@example.com");
    pending.update_user(code, "Th1rd-new").await.unwrap();
    let pending = auth.reset_password_for_email("ann@example.com");
    let pending = pending.await.unwrap();
    let code = world.code("ann@example.com");
    pending.update_user(code, "F0urth-new").await.unwrap();
    auth.delete_user("F0urth-new").await.unwrap();
    assert_eq!(human.solved.load(Ordering::SeqCst), 1, "one for them all");
    for pattern in demanding {
        let sent = world.emulator.requests().all();
        let asked = sent.iter().any(|request| {
            pattern == format!("{} {}", request.method, request.path)
                && request.header("x-captcha-token").is_some()
        });
        assert!(asked, "{pattern}");
    }
}

/// A handler that panics, then never returns, then does as it should.
struct Moody(Human);

impl cloudbase_auth::CaptchaHandler for Moody {
    fn solve<'a>(
        &'a self,
        challenge: &'a cloudbase_auth::CaptchaChallenge,
    ) -> cloudbase_auth::BoxFuture<'a, cloudbase_auth::Result<CaptchaAnswer>> {
        Box::pin(async move {
            match self.0.solved.load(Ordering::SeqCst) {
                0 => {
                    self.0.solved.store(1, Ordering::SeqCst);
                    panic!("a captcha handler")
                }
                1 => {
                    self.0.solved.store(2, Ordering::SeqCst);
                    std::future::pending().await
                }
                _ => self.0.solve(challenge).await,
            }
        })
    }
}

#[tokio::test]
async fn a_handler_that_panics_or_is_left_alone_stands_in_nobodys_way() {
    let human = Human::default();
    let moody = Moody(human.clone());
    let world = World::with(|emulator| emulator, |auth| auth.captcha_handler(moody)).await;
    assert!(human.emulator.set(world.emulator.captcha()).is_ok());
    let signin = "POST /auth/v1/signin";
    world.emulator.captcha().demand(signin, None);
    let start = || {
        let auth = world.auth.clone();
        tokio::spawn(async move { sign_in(&auth).await })
    };
    assert!(start().await.unwrap_err().is_panic());
    let waiting = start();
    while human.solved.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    start().await.unwrap();
    assert!(world.auth.session().await.unwrap().is_some());
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
