//! Handlers that wait for themselves, and numbers that no clock has.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cloudbase_core::testing::{MockRequest, MockTransport, response};
use cloudbase_core::{Body, BoxError, Client};
use futures_core::future::BoxFuture;
use http::Response;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::*;
use crate::{Auth, Password};

/// A gateway on which no sign-in succeeds without a captcha.
async fn gateway(request: MockRequest, expires_in: &str) -> Result<Response<Body>, BoxError> {
    let (status, body) = match request.path() {
        "/auth/v1/captcha/data" => (200, r#"{"data":"x","token":"t"}"#.to_owned()),
        "/auth/v1/captcha/data/verify" => (
            200,
            format!(r#"{{"captcha_token":"solved","expires_in":{expires_in}}}"#),
        ),
        _ if request.header("x-captcha-token").is_some() => (
            200,
            json!({"access_token": "a", "refresh_token": "r", "expires_in": 7200, "sub": "u"})
                .to_string(),
        ),
        _ => (
            400,
            r#"{"error":"captcha_required","error_description":"x"}"#.to_owned(),
        ),
    };
    Ok(response(status, &[], body).map(Body::from))
}

fn client(expires_in: &'static str) -> Client {
    let mock = MockTransport::new().fallback(move |request| gateway(request, expires_in));
    Client::builder()
        .env_id("env-a")
        .access_key("key")
        .transport(mock)
        .build()
        .unwrap()
}

async fn sign_in(auth: &Auth) -> Result<()> {
    let lin = Password::email("lin@example.org", "Passw0rd!");
    auth.sign_in_with_password(lin).await.map(drop)
}

/// How the handler makes a call that needs a captcha itself.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Itself,
    Task,
    /// A task that belongs to nobody: a user interface that the handler sends a message to.
    Interface,
}

struct Reentrant {
    by: By,
    auth: Arc<OnceLock<Auth>>,
    ui: tokio::sync::mpsc::UnboundedSender<tokio::sync::oneshot::Sender<Result<()>>>,
}

impl CaptchaHandler for Reentrant {
    fn solve<'a>(
        &'a self,
        _challenge: &'a CaptchaChallenge,
    ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        Box::pin(async {
            let auth = self.auth.get().unwrap().clone();
            match self.by {
                By::Itself => sign_in(&auth).await?,
                By::Task => tokio::spawn(async move { sign_in(&auth).await })
                    .await
                    .unwrap()?,
                By::Interface => {
                    let (reply, done) = tokio::sync::oneshot::channel();
                    self.ui.send(reply).unwrap();
                    done.await.unwrap()?;
                }
            }
            Ok(CaptchaAnswer::Text("AB12".to_owned()))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_for_its_own_captcha_fails_wherever_it_waits() {
    for (by, most) in [(By::Itself, 0), (By::Task, 60), (By::Interface, 60)] {
        let known = Arc::new(OnceLock::new());
        let (ui, mut asked) =
            tokio::sync::mpsc::unbounded_channel::<tokio::sync::oneshot::Sender<Result<()>>>();
        let handler = Reentrant {
            by,
            auth: known.clone(),
            ui,
        };
        let auth = Auth::builder(client("600"))
            .captcha_handler(handler)
            .build()
            .unwrap();
        assert!(known.set(auth.clone()).is_ok());
        let inner = auth.clone();
        tokio::spawn(async move {
            while let Some(reply) = asked.recv().await {
                let _ = reply.send(sign_in(&inner).await);
            }
        });
        let begin = Instant::now();
        let error = timeout(Duration::from_secs(600), sign_in(&auth))
            .await
            .expect("it ends")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local, "{error}");
        assert!(error.message().contains(NESTED), "{error}");
        assert_eq!(begin.elapsed().as_secs(), most);
    }
}

#[tokio::test]
async fn two_handles_can_share_a_handler() {
    struct Counting(AtomicU32);
    impl CaptchaHandler for Counting {
        fn solve<'a>(&'a self, _: &'a CaptchaChallenge) -> BoxFuture<'a, Result<CaptchaAnswer>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(CaptchaAnswer::Text("AB12".to_owned())) })
        }
    }
    let counting = Arc::new(Counting(AtomicU32::new(0)));
    let shared: Arc<dyn CaptchaHandler> = counting.clone();
    for _ in 0..2 {
        let auth = Auth::builder(client("600")).captcha_handler(shared.clone());
        sign_in(&auth.build().unwrap()).await.unwrap();
    }
    assert_eq!(counting.0.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_slow_human_waits_as_long_as_pictures_are_asked_for() {
    /// Needs 50 seconds for a picture, and three pictures.
    struct Slow(AtomicU32);
    impl CaptchaHandler for Slow {
        fn solve<'a>(
            &'a self,
            challenge: &'a CaptchaChallenge,
        ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
            Box::pin(async {
                self.0.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_secs(50)).await;
                Ok(match challenge.round {
                    3 => CaptchaAnswer::Text("AB12".to_owned()),
                    _ => CaptchaAnswer::Refresh,
                })
            })
        }
    }
    let auth = Auth::builder(client("600"))
        .captcha_handler(Slow(AtomicU32::new(0)))
        .build()
        .unwrap();
    let all: Vec<_> = (0..4)
        .map(|_| {
            let auth = auth.clone();
            tokio::spawn(async move { sign_in(&auth).await })
        })
        .collect();
    let begin = Instant::now();
    for task in all {
        task.await.unwrap().unwrap();
    }
    assert_eq!(begin.elapsed().as_secs(), 150, "one demand for all");
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_captcha_is_any_number() {
    for (expires_in, kept) in [
        ("0", false),
        ("600", true),
        ("4294967296", true),
        ("18446744073709551615", true),
        ("99999999999999999999", true),
        ("1e300", true),
    ] {
        let auth = Auth::builder(client(expires_in))
            .captcha_handler(Typed)
            .build()
            .unwrap();
        sign_in(&auth).await.unwrap();
        let captchas = auth.captchas();
        assert_eq!(captchas.kept(None).is_some(), kept, "{expires_in}");
        captchas.keep(&CaptchaToken::new("mine", Duration::MAX));
        assert!(captchas.kept(None).is_some());
    }
}

struct Typed;

impl CaptchaHandler for Typed {
    fn solve<'a>(
        &'a self,
        _challenge: &'a CaptchaChallenge,
    ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        Box::pin(async { Ok(CaptchaAnswer::Text("AB12".to_owned())) })
    }
}

/// Solves every captcha at once.
struct Solver;

impl CaptchaHandler for Solver {
    fn solve<'a>(&'a self, _: &'a CaptchaChallenge) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        Box::pin(std::future::ready(Ok(CaptchaAnswer::Text(
            "AB12".to_owned(),
        ))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_at_hand_is_given_with_what_is_left_of_its_time() {
    let auth = Auth::builder(client("600")).captcha_handler(Solver);
    let auth = auth.build().unwrap();
    for (after, left) in [(0, 600), (2, 598), (586, 12), (3, 600)] {
        sleep(Duration::from_secs(after)).await;
        let token = auth.captcha_token().await.unwrap();
        assert_eq!(
            token.expires_in,
            Duration::from_secs(left),
            "after {after} s"
        );
    }
}

#[tokio::test]
async fn a_captcha_that_nobody_can_solve_names_the_setting() {
    let auth = Auth::new(client("600")).unwrap();
    let error = sign_in(&auth).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "captcha_required");
    assert!(
        error.message().starts_with("x (set a `captcha_handler`"),
        "{error}"
    );
}
