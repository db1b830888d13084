//! Errors of methods that make several requests: each names the method that the user called, whichever request failed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use cloudbase_auth::{
    Auth, BoxFuture, CaptchaAnswer, CaptchaChallenge, CaptchaHandler, Error, IdToken, OAuth,
    OAuthLoopback, Otp, OtpType, Password, Resend, ResendType, Result, SetSession, SignUp,
    SudoToken, UpdateUser, VerifyOAuth, VerifyOtp,
};
use cloudbase_core::{Body, CallOptions, Client};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

/// The method, the request of it that fails, and the call.
type Row = (&'static str, &'static str, Call);
type Call = fn(Auth) -> BoxFuture<'static, Result<()>>;

macro_rules! rows {
    ($($method:literal, $fails:literal, |$auth:ident| $call:expr;)*) => {
        vec![$(($method, $fails, |$auth: Auth| Box::pin(async move { $call.await.map(drop) }))),*]
    };
}

const REFRESH: &str = "/auth/v1/token";
const CAPTCHA: &str = "/auth/v1/captcha/data";

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    rows! {
        "auth.reset_password_for_old", "/auth/v1/user/sudo", |auth| auth.reset_password_for_old("a", "b");
        "auth.reset_password_for_old", "/auth/v1/user/password", |auth| auth.reset_password_for_old("a", "b");
        "auth.reset_password_for_old", "/auth/v1/token", |auth| auth.reset_password_for_old("a", "b");
        "auth.reset_password_for_email", "/auth/v1/verification", |auth| auth.reset_password_for_email("a@b.example");
        "auth.pending_password_reset.update_user", "/auth/v1/verification/verify", |auth| reset(auth);
        "auth.pending_password_reset.update_user", "/auth/v1/reset", |auth| reset(auth);
        "auth.pending_password_reset.update_user", "/auth/v1/signin", |auth| reset(auth);
        "auth.reauthenticate", "/auth/v1/user/me", |auth| auth.reauthenticate();
        "auth.reauthenticate", "/auth/v1/verification", |auth| auth.reauthenticate();
        "auth.reauthenticate", "/auth/v1/token", |auth| auth.reauthenticate();
        "auth.pending_reauthentication.update_user", "/auth/v1/verification/verify", |auth| new_password(auth);
        "auth.pending_reauthentication.update_user", "/auth/v1/user/sudo", |auth| new_password(auth);
        "auth.pending_reauthentication.update_user", "/auth/v1/user/password", |auth| new_password(auth);
        "auth.pending_reauthentication.verify", "/auth/v1/verification/verify", |auth| sign_in_again(auth);
        "auth.pending_reauthentication.verify", "/auth/v1/signin", |auth| sign_in_again(auth);
        "auth.sudo_with_password", "/auth/v1/user/sudo", |auth| auth.sudo_with_password("a");
        "auth.sudo_with_verification", "/auth/v1/user/sudo", |auth| auth.sudo_with_verification("a");
        "auth.delete_user", "/auth/v1/user/sudo", |auth| auth.delete_user("a");
        "auth.delete_user", "/auth/v1/user/me", |auth| auth.delete_user("a");
        "auth.delete_user_with", "/auth/v1/user/me", |auth| delete_with(auth);
        "auth.update_user", "/auth/v1/verification", |auth| auth.update_user(UpdateUser::new().email("a@b.example"));
        "auth.update_user", "/auth/v1/user/basic/edit", |auth| auth.update_user(UpdateUser::new().nickname("a"));
        "auth.update_user", "/auth/v1/token", |auth| auth.update_user(UpdateUser::new().nickname("a"));
        "auth.pending_contact.verify", "/auth/v1/verification/verify", |auth| change_contact(auth);
        "auth.pending_contact.verify", "/auth/v1/user/basic/edit", |auth| change_contact(auth);
        "auth.user", "/auth/v1/user/me", |auth| auth.user();
        "auth.user", "/auth/v1/token", |auth| auth.user();
        "auth.refresh_user", "/auth/v1/user/me", |auth| auth.refresh_user();
        "auth.refresh_user", "/auth/v1/token", |auth| auth.refresh_user();
        "auth.session", "/auth/v1/token", |auth| auth.session();
        "auth.claims", "/auth/v1/token", |auth| auth.claims();
        "auth.set_session", "/auth/v1/token", |auth| auth.set_session(SetSession::new("another"));
        "auth.refresh_session", "/auth/v1/token", |auth| auth.refresh_session();
        "auth.introspect", "/auth/v1/token", |auth| auth.introspect();
        "auth.introspect_token", "/auth/v1/token/introspect", |auth| auth.introspect_token("a");
        "auth.sign_up", "/auth/v1/verification", |auth| auth.sign_up(SignUp::email("a@b.example"));
        "auth.sign_up", "/auth/v1/token", |auth| auth.sign_up(SignUp::email("a@b.example").upgrade_anonymous());
        "auth.pending_sign_in.verify", "/auth/v1/verification/verify", |auth| sign_up(auth);
        "auth.pending_sign_in.verify", "/auth/v1/signup", |auth| sign_up(auth);
        "auth.pending_sign_in.resend", "/auth/v1/verification#2", |auth| resend(auth);
        "auth.sign_up_with_proof", "/auth/v1/signup", |auth| auth.sign_up_with_proof(SignUp::provider_token("a"));
        "auth.sign_in_with_password", "/auth/v1/signin", |auth| sign_in(&auth);
        "auth.sign_in_with_password", "/auth/v1/captcha/data", |auth| sign_in(&auth);
        "auth.sign_in_with_otp", "/auth/v1/verification", |auth| auth.sign_in_with_otp(Otp::email("a@b.example"));
        "auth.sign_in_with_verification", "/auth/v1/signin", |auth| auth.sign_in_with_verification("a");
        "auth.sign_in_with_id_token", "/auth/v1/signin/with/provider", |auth| auth.sign_in_with_id_token(IdToken::new("a", "b"));
        "auth.sign_in_with_id_token", "/auth/v1/signin/with/provider", |auth| auth.sign_in_with_id_token(IdToken::provider_token("a"));
        "auth.verify", "/auth/v1/verification/verify", |auth| auth.verify("a", "123456");
        "auth.verify_otp", "/auth/v1/verification/verify", |auth| auth.verify_otp(VerifyOtp::new("a", "123456"));
        "auth.verify_otp", "/auth/v1/signin", |auth| auth.verify_otp(VerifyOtp::new("a", "123456"));
        "auth.verify_otp", "/auth/v1/token", |auth| auth.verify_otp(VerifyOtp::new("a", "123456").kind(OtpType::EmailChange));
        "auth.resend", "/auth/v1/verification", |auth| auth.resend(Resend::email("a@b.example", ResendType::Signup));
        "auth.identity_providers", "/auth/v1/user/provider", |auth| auth.identity_providers();
        "auth.user_identities", "/auth/v1/user/provider", |auth| auth.user_identities();
        "auth.link_identity", "/auth/v1/provider/uri", |auth| auth.link_identity("a");
        "auth.link_identity", "/auth/v1/token", |auth| auth.link_identity("a");
        "auth.sign_in_with_oauth", "/auth/v1/provider/uri", |auth| auth.sign_in_with_oauth(OAuth::new("a"));
        "auth.oauth_loopback.begin", "/auth/v1/provider/uri", |auth| OAuthLoopback::new(&auth).begin(OAuth::new("a"));
        "auth.verify_oauth", "/auth/v1/provider/token", |auth| auth.verify_oauth(VerifyOAuth::new("a", "b").provider("c"));
        "auth.handle_oauth_callback", "/auth/v1/signin/with/provider", |auth| come_back(auth);
        "auth.captcha_token", "/auth/v1/captcha/data", |auth| auth.captcha_token();
    }
}

async fn sign_in(auth: &Auth) -> Result<()> {
    let password = Password::username("lin", "Passw0rd!");
    auth.sign_in_with_password(password).await.map(drop)
}

async fn reset(auth: Auth) -> Result<()> {
    let pending = auth.reset_password_for_email("a@b.example").await?;
    pending.update_user("123456", "b").await.map(drop)
}

async fn new_password(auth: Auth) -> Result<()> {
    let pending = auth.reauthenticate().await?;
    pending.update_user("123456", "b").await.map(drop)
}

async fn sign_in_again(auth: Auth) -> Result<()> {
    auth.reauthenticate()
        .await?
        .verify("123456")
        .await
        .map(drop)
}

async fn delete_with(auth: Auth) -> Result<()> {
    let sudo: SudoToken = auth.sudo_with_password("a").await?;
    auth.delete_user_with(&sudo).await
}

async fn change_contact(auth: Auth) -> Result<()> {
    let updated = auth.update_user(UpdateUser::new().email("a@b.example"));
    let pending = updated.await?.pending.unwrap();
    pending.verify("123456").await.map(drop)
}

async fn sign_up(auth: Auth) -> Result<()> {
    let pending = auth.sign_up(SignUp::email("a@b.example")).await?;
    pending.verify("123456").await.map(drop)
}

async fn resend(auth: Auth) -> Result<()> {
    let pending = auth.sign_up(SignUp::email("a@b.example")).await?;
    pending.resend().await.map(drop)
}

async fn come_back(auth: Auth) -> Result<()> {
    let to = OAuth::new("a").redirect_to("https://app.example.org/b");
    let state = auth.sign_in_with_oauth(to).await?.state;
    let back = format!("https://app.example.org/b?code=c&state={state}");
    auth.handle_oauth_callback(&back).await.map(drop)
}

/// A service that grants everything until it is set to reject `path`: all requests to it, or the nth
/// with `#n` behind. While captchas are rejected, a sign-in needs one.
mod service {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub(super) struct Service(Arc<Mutex<State>>);

    #[derive(Default)]
    struct State {
        rejected: Option<(&'static str, usize)>,
        came: usize,
    }

    impl Service {
        pub(super) fn reject(&self, path: &'static str) {
            let (path, nth) = path.split_once('#').unwrap_or((path, "1"));
            let mut state = self.0.lock().unwrap();
            *state = State {
                rejected: Some((path, nth.parse().unwrap())),
                came: 0,
            };
        }

        pub(super) fn respond(&self, path: &str) -> (StatusCode, Value) {
            let mut state = self.0.lock().unwrap();
            if let Some((rejected, nth)) = state.rejected
                && rejected == path
            {
                state.came += 1;
                if state.came >= nth {
                    return (
                        StatusCode::FORBIDDEN,
                        json!({ "error": "permission_denied" }),
                    );
                }
            }
            match (state.rejected, path) {
                (Some((CAPTCHA, _)), "/auth/v1/signin") => (
                    StatusCode::FORBIDDEN,
                    json!({ "error": "captcha_required" }),
                ),
                _ => (StatusCode::OK, granted()),
            }
        }

        pub(super) fn auth(&self) -> Auth {
            let service = self.clone();
            let transport = tower::service_fn(move |request: Request<Body>| {
                let (status, body) = service.respond(request.uri().path());
                let mut response = Response::new(Body::from(body.to_string().into_bytes()));
                *response.status_mut() = status;
                async move { Ok::<_, std::io::Error>(response) }
            });
            let client = Client::builder().env_id("test-env").access_key("key");
            let client = client.transport(transport).build().unwrap();
            Auth::builder(client)
                .captcha_handler(Solver)
                .build()
                .unwrap()
        }
    }

    struct Solver;

    impl CaptchaHandler for Solver {
        fn solve<'a>(&'a self, _: &'a CaptchaChallenge) -> BoxFuture<'a, Result<CaptchaAnswer>> {
            Box::pin(async { Ok(CaptchaAnswer::Text("AB12".into())) })
        }
    }

    /// All that any response needs.
    fn granted() -> Value {
        json!({
            "access_token": "a", "refresh_token": "r", "expires_in": 7200, "sub": "lin",
            "email": "lin@example.org", "verification_id": "v", "verification_token": "t",
            "is_user": false, "sudo_token": "s", "provider_token": "p", "uri": "https://p.example/in",
            "data": "data:image/gif;base64,R0lG", "token": "c", "captcha_token": "c",
        })
    }
}

/// What the call fails with if `path` is rejected.
async fn failure(path: &'static str, call: Call, options: CallOptions) -> Error {
    let service = service::Service::default();
    let auth = service.auth();
    sign_in(&auth).await.unwrap();
    if path == REFRESH {
        tokio::time::advance(Duration::from_secs(7300)).await;
    }
    service.reject(path);
    let error = call(auth.with_options(options)).await.unwrap_err();
    assert_eq!(
        error.code().unwrap().as_str(),
        "permission_denied",
        "{error}"
    );
    error
}

#[tokio::test(start_paused = true)]
async fn an_error_names_the_method_that_was_called() {
    let mut wrong = Vec::new();
    for (method, path, call) in rows() {
        let error = failure(path, call, CallOptions::new()).await;
        if error.operation() != method {
            wrong.push(format!("{method} ({path}): {}", error.operation()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Any status is for responses of the user's own code: a rejected deletion must not look like one.
#[tokio::test(start_paused = true)]
async fn a_rejection_is_an_error_whatever_the_options_say() {
    for (_, path, call) in rows() {
        let any = CallOptions::new().with_any_status(true);
        failure(path, call, any).await;
    }
}
