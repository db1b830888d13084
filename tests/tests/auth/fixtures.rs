//! Sends what the official JavaScript SDK sends: every recorded step is compared, none is left out.

use std::future::{Future, IntoFuture};

use cloudbase_auth::{
    Auth, AuthErrorCategory, AuthEvent, BoxFuture, CaptchaAnswer, CaptchaChallenge, CaptchaHandler,
    ErrorKind, IdToken, OAuth, Otp, Password, ProviderGrant, Result, SetSession, SignUp,
    UpdateUser, UserQuery, VerificationRequest, VerificationTarget, VerifyOAuth,
};
use cloudbase_core::ClientBuilder;
use cloudbase_functions::Functions;
use cloudbase_tests::fixtures::{Fixture, Outcome, Replay, Wire, recorded_session};
use serde_json::{Value, json};

use super::differences::DIFFERENCES;
use super::official::{Official, Profile, outcome};

struct Scene {
    replay: Replay,
    auth: Auth,
}

impl Scene {
    /// Makes the call of the next step, and compares what it sent and what became of it.
    fn step<'a, T: Official, C>(&'a self, step: &'a str, call: C) -> BoxFuture<'a, Result<T>>
    where
        C: IntoFuture<Output = Result<T>, IntoFuture: Send + 'a>,
    {
        let call = Box::pin(call.into_future());
        Box::pin(async move {
            let result = call.await;
            self.compare(step, &outcome(&result));
            result
        })
    }

    fn compare(&self, step: &str, outcome: &Outcome) {
        self.replay.assert_step(step, outcome, &DIFFERENCES);
    }

    /// A call of another product.
    async fn call_function(&self, data: Option<Value>) -> Result<Value> {
        let call = Functions::new(self.auth.client().clone()).call("hello");
        let response = match data {
            Some(data) => call.json(&data).await?,
            None => call.await?,
        };
        let request_id = response.request_id().to_owned();
        let result: Value = response.json()?;
        Ok(json!({ "result": result, "requestId": request_id }))
    }
}

struct Human;

impl CaptchaHandler for Human {
    fn solve<'a>(
        &'a self,
        challenge: &'a CaptchaChallenge,
    ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        assert_eq!(challenge.state, "POST:/v1/verification");
        assert_eq!(challenge.data.image().unwrap().0, "image/png");
        Box::pin(async { Ok(CaptchaAnswer::Text("abcd".to_owned())) })
    }
}

type Settings = fn(ClientBuilder) -> ClientBuilder;

async fn scene(name: &str, wire: Wire, settings: Settings) -> Scene {
    let replay = Replay::start(Fixture::load("auth", name), wire).await;
    let auth = Auth::builder(replay.client_with(settings))
        .captcha_handler(Human)
        .build()
        .unwrap();
    Scene { replay, auth }
}

async fn signed_out(name: &str, wire: Wire) -> Scene {
    scene(name, wire, |builder| builder).await
}

async fn access_key(name: &str, wire: Wire) -> Scene {
    scene(name, wire, |builder| {
        builder.access_key("publishable-key-0001")
    })
    .await
}

async fn english(name: &str, wire: Wire) -> Scene {
    scene(name, wire, |builder| builder.language("en-US")).await
}

async fn signed_in(name: &str, wire: Wire) -> Scene {
    with_session(name, wire, false).await
}

async fn anonymous(name: &str, wire: Wire) -> Scene {
    with_session(name, wire, true).await
}

async fn with_session(name: &str, wire: Wire, is_anonymous: bool) -> Scene {
    let scene = signed_out(name, wire).await;
    scene
        .auth
        .restore_session(recorded_session(is_anonymous))
        .await
        .unwrap();
    scene
}

type Run = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! fixtures {
    ($($name:ident: $how:ident, |$s:ident| $run:expr;)*) => {
        const ALL: &[(&str, fn(Wire) -> Run)] = &[$(
            (stringify!($name), |wire| Box::pin(async move {
                let $s = $how(stringify!($name), wire).await;
                $run;
                $s.replay.assert_done();
            })),
        )*];
    };
}

fixtures! {
    auth_access_key: access_key, |s| {
        assert!(s.step("auth.getSession()", s.auth.session()).await.unwrap().is_none());
        assert!(s.step("auth.getUser()", s.auth.user()).await.unwrap().is_none());
        s.step("app.callFunction({ name: 'hello', data", s.call_function(Some(json!({"a": 1})))).await.unwrap();
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::email("ann@example.com"))).await.unwrap();
        let response = s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!"))).await;
        response.unwrap();
        s.step("app.callFunction(", s.call_function(None)).await.unwrap();
        assert!(s.step("auth.signOut()", s.auth.sign_out()).await.unwrap().revoked);
        s.step("app.callFunction(", s.call_function(None)).await.unwrap();
    };
    auth_bind_with_provider: signed_in, |s| {
        s.step("auth.bindWithProvider(", s.auth.bind_identity("provider-token-0001")).await.unwrap();
    };
    auth_captcha_data_signed_in: signed_in, |s| {
        let data = s.step("auth.createCaptchaData(", s.auth.create_captcha_data("state-1")).await.unwrap();
        s.step("auth.verifyCaptchaData(", s.auth.verify_captcha_data(data.token, "abcd")).await.unwrap();
    };
    auth_captcha_invalid: signed_out, |s| {
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::phone("13800000000"))).await.unwrap();
    };
    auth_captcha_required: signed_out, |s| {
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::email("ann@example.com"))).await.unwrap();
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::phone("13800000000"))).await.unwrap();
    };
    auth_detect_session_in_url: signed_out, |s| {
        let callback = VerifyOAuth::new("oauth-code-1", "my-state").provider("github");
        s.step("(start of the app)", s.auth.verify_oauth(callback.redirect_uri("https://app.example.com/home"))).await.unwrap();
        assert!(s.step("auth.getSession()", s.auth.session()).await.unwrap().is_some());
    };
    auth_get_session_none: signed_out, |s| {
        assert!(s.step("auth.getSession()", s.auth.session()).await.unwrap().is_none());
        assert!(s.step("auth.getUser()", s.auth.user()).await.unwrap().is_none());
        assert_eq!(s.step("auth.getClaims()", s.auth.claims()).await.unwrap_err().kind(), ErrorKind::Credentials);
        assert_eq!(s.step("auth.refreshSession()", s.auth.refresh_session()).await.unwrap_err().kind(), ErrorKind::Credentials);
    };
    auth_get_user: signed_in, |s| {
        let user = s.step("auth.getUser()", s.auth.user()).await.unwrap().unwrap();
        assert_eq!(user.user_metadata.username.as_deref(), Some("ann_0001"));
    };
    auth_get_user_anonymous: anonymous, |s| {
        s.step("auth.getUser()", s.auth.user()).await.unwrap().unwrap();
        s.step("auth.getSession()", s.auth.session()).await.unwrap().unwrap();
    };
    auth_get_user_unauthenticated: signed_in, |s| {
        s.step("auth.getUser()", s.auth.user()).await.unwrap_err();
        // The recording has no response to the refresh, so the session is kept.
        assert_eq!(s.step("auth.getSession()", s.auth.session()).await.unwrap_err().kind(), ErrorKind::Credentials);
    };
    auth_get_verification: signed_out, |s| {
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::email("ann@example.com"))).await.unwrap();
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::phone("13800000000"))).await.unwrap();
        let user = VerificationRequest::phone("+86 13800000000").target(VerificationTarget::User);
        s.step("auth.getVerification(", s.auth.send_verification(user)).await.unwrap();
        s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::phone("+8613800000000"))).await.unwrap();
        let register = VerificationRequest::email("ann@example.com").target(VerificationTarget::NotUser);
        s.step("auth.getVerification(", s.auth.send_verification(register.usage("REGISTER"))).await.unwrap();
        let rejected = s.step("auth.getVerification(", s.auth.send_verification(VerificationRequest::email("ann@example.com"))).await.unwrap_err();
        assert_eq!(AuthErrorCategory::of(&rejected), AuthErrorCategory::RateLimited);
    };
    auth_language: english, |s| {
        s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!"))).await.unwrap();
        s.step("app.callFunction(", s.call_function(None)).await.unwrap();
    };
    auth_query_user: signed_in, |s| {
        let ids = UserQuery::new().ids(["user-0001", "user-0002"]).limit(10).offset(0);
        let found = s.step("auth.queryUser({ id:", s.auth.query_user(ids)).await.unwrap();
        assert_eq!((found.total, found.users[0].id.as_str()), (1, "user-0001"));
        s.step("auth.queryUser({ username:", s.auth.query_user(UserQuery::new().username("ann"))).await.unwrap();
    };
    auth_refresh_session_invalid_grant: signed_in, |s| {
        let rejected = s.step("auth.refreshSession()", s.auth.refresh_session()).await.unwrap_err();
        assert_eq!(rejected.code().unwrap().as_str(), "invalid_grant");
        assert!(s.step("auth.getSession()", s.auth.session()).await.unwrap().is_some(), "its access token is alive");
    };
    auth_refresh_user: signed_in, |s| {
        s.step("auth.refreshUser()", s.auth.refresh_user()).await.unwrap();
    };
    auth_reset_password_for_email: signed_out, |s| {
        let pending = s.step("auth.resetPasswordForEmail(", s.auth.reset_password_for_email("ann@example.com")).await.unwrap();
        s.step("reset.data.updateUser(", pending.update_user("123456", "N3w-pass")).await.unwrap();
    };
    auth_reset_password_for_old: signed_in, |s| {
        s.step("auth.resetPasswordForOld(", s.auth.reset_password_for_old("Passw0rd!", "N3w-pass")).await.unwrap();
        s.step("auth.resetPasswordForOld(", s.auth.reset_password_for_old("wrong", "N3w-pass")).await.unwrap_err();
    };
    auth_reset_password_for_phone: signed_out, |s| {
        let to = "https://app.example.com/done";
        let pending = s.step("auth.resetPasswordForEmail(", s.auth.reset_password_for_email("13800000000").redirect_to(to)).await.unwrap();
        assert_eq!(pending.redirect_to(), Some(to));
        s.step("reset.data.updateUser(", pending.update_user("123456", "N3w-pass")).await.unwrap();
        assert_eq!(s.step("auth.resetPasswordForEmail('')", s.auth.reset_password_for_email("")).await.unwrap_err().kind(), ErrorKind::Argument);
    };
    auth_set_session: signed_out, |s| {
        s.step("auth.setSession(", s.auth.set_session(SetSession::new("<refresh-token-1>"))).await.unwrap();
        s.step("auth.getSession()", s.auth.session()).await.unwrap().unwrap();
        s.step("auth.setSession(", s.auth.set_session(SetSession::new("another-refresh-token"))).await.unwrap_err();
    };
    auth_set_session_invalid_grant: signed_out, |s| {
        s.step("auth.setSession(", s.auth.set_session(SetSession::new("another-refresh-token").access_token("at"))).await.unwrap_err();
    };
    auth_sign_in_anonymously: signed_out, |s| {
        s.step("auth.signInAnonymously()", s.auth.sign_in_anonymously()).await.unwrap();
        s.step("auth.signInAnonymously(", s.auth.sign_in_anonymously().provider_token("provider-token-0001")).await.unwrap();
    };
    auth_sign_in_anonymously_disabled: signed_out, |s| {
        s.step("auth.signInAnonymously()", s.auth.sign_in_anonymously()).await.unwrap_err();
    };
    auth_sign_in_with_id_token: signed_out, |s| {
        s.step("auth.signInWithIdToken(", s.auth.sign_in_with_id_token(IdToken::provider_token("id-token-from-provider"))).await.unwrap();
        s.step("auth.signInWithIdToken(", s.auth.sign_in_with_id_token(IdToken::new("google", "id-token-from-provider"))).await.unwrap();
        let error = s.step("auth.signInWithIdToken({})", s.auth.sign_in_with_id_token(IdToken::new("google", ""))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
    };
    auth_sign_in_with_otp_email: signed_out, |s| {
        let pending = s.step("auth.signInWithOtp(", s.auth.sign_in_with_otp(Otp::email("ann@example.com"))).await.unwrap();
        s.step("otp.data.verifyOtp(", pending.verify("123456")).await.unwrap();
    };
    auth_sign_in_with_otp_existing_only: signed_out, |s| {
        let email = Otp::email("ann@example.com").should_create_user(false);
        let pending = s.step("auth.signInWithOtp(", s.auth.sign_in_with_otp(email)).await.unwrap();
        s.step("otp.data.verifyOtp(", pending.verify("123456")).await.unwrap();
        let phone = Otp::phone("13800000000").should_create_user(false);
        let pending = s.step("auth.signInWithOtp(", s.auth.sign_in_with_otp(phone)).await.unwrap();
        s.step("otp2.data.verifyOtp(", pending.verify("123456")).await.unwrap();
    };
    auth_sign_in_with_otp_phone_new_user: signed_out, |s| {
        let pending = s.step("auth.signInWithOtp(", s.auth.sign_in_with_otp(Otp::phone("13800000000"))).await.unwrap();
        s.step("otp.data.verifyOtp(", pending.verify("123456")).await.unwrap();
    };
    auth_sign_in_with_password_email: signed_out, |s| {
        s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::email("ann@example.com", "Passw0rd!"))).await.unwrap();
    };
    auth_sign_in_with_password_phone: signed_out, |s| {
        for number in ["13800000000", "+86 13800000000", "+8613800000000", "+1 4155550100", "+14155550100", "+85251234567", "+852 51234567"] {
            let signed_in = s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::phone(number, "Passw0rd!"))).await;
            if matches!(number, "+14155550100" | "+85251234567") {
                assert_eq!(signed_in.unwrap_err().kind(), ErrorKind::Argument);
            } else {
                signed_in.unwrap();
            }
        }
    };
    auth_sign_in_with_password_username: signed_out, |s| {
        s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!"))).await.unwrap();
    };
    auth_sign_in_with_provider_token: signed_out, |s| {
        let grant = ProviderGrant::code("wx_open", "code-1", "https://app.example.com/cb");
        s.step("auth.grantProviderToken(", s.auth.grant_provider_token(grant)).await.unwrap();
        let Value::Object(params) = json!({"encryptedData": "x", "iv": "y"}) else { unreachable!() };
        s.step("auth.patchProviderToken(", s.auth.patch_provider_token("provider-token-0001", params)).await.unwrap();
        let signed_in = async { s.auth.sign_in_with_id_token(IdToken::provider_token("provider-token-0001")).await.map(Profile) };
        s.step("auth.signInWithProvider(", signed_in).await.unwrap();
    };
    auth_sign_out: signed_in, |s| {
        assert!(s.step("auth.signOut()", s.auth.sign_out()).await.unwrap().revoked);
        assert!(s.step("auth.getSession()", s.auth.session()).await.unwrap().is_none());
        assert!(!s.step("auth.signOut()", s.auth.sign_out()).await.unwrap().revoked);
    };
    auth_sign_out_with_options: signed_in, |s| {
        s.step("auth.signOut(", s.auth.sign_out().redirect_uri("https://app.example.com/bye").state("st")).await.unwrap();
        assert!(s.step("auth.getSession()", s.auth.session()).await.unwrap().is_none());
    };
    auth_sign_up_email_new_user: signed_out, |s| {
        let sign_up = SignUp::email("ann@example.com").password("Passw0rd!").nickname("Ann");
        let pending = s.step("auth.signUp(", s.auth.sign_up(sign_up)).await.unwrap();
        s.step("signUp.data.verifyOtp(", pending.verify("123456")).await.unwrap();
    };
    auth_sign_up_phone_existing_user: signed_out, |s| {
        let pending = s.step("auth.signUp(", s.auth.sign_up(SignUp::phone("+8613800000000"))).await.unwrap();
        s.step("signUp.data.verifyOtp(", pending.verify("123456")).await.unwrap();
    };
    auth_sign_up_phone_new_user: signed_out, |s| {
        let pending = s.step("auth.signUp(", s.auth.sign_up(SignUp::phone("13800000000").password("Passw0rd!"))).await.unwrap();
        s.step("signUp.data.verifyOtp(", pending.verify("123456")).await.unwrap();
    };
    auth_sign_up_without_email_or_phone: signed_out, |s| {
        let error = s.step("auth.signUp(", s.auth.sign_up(SignUp::email("").password("Passw0rd!"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
    };
    auth_sign_up_wrong_code: signed_out, |s| {
        let pending = s.step("auth.signUp(", s.auth.sign_up(SignUp::email("ann@example.com").password("Passw0rd!"))).await.unwrap();
        s.step("signUp.data.verifyOtp(", pending.verify("000000")).await.unwrap_err();
    };
    auth_state_change_events: signed_out, |s| {
        let mut events = s.auth.events();
        s.compare("auth.onAuthStateChange(", &Outcome::Value(json!({ "data": { "subscription": { "id": "" } } })));
        s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!"))).await.unwrap();
        s.step("auth.refreshSession()", s.auth.refresh_session()).await.unwrap();
        s.step("auth.updateUser(", s.auth.update_user(UpdateUser::new().nickname("Annie"))).await.unwrap();
        s.step("auth.signOut()", s.auth.sign_out()).await.unwrap();
        let mut seen = Vec::new();
        while seen.last() != Some(&json!(["SIGNED_OUT", false])) {
            let event = events.next().await;
            seen.push(json!([event.name(), event.session().is_some()]));
        }
        let count = seen.len();
        s.compare("events", &Outcome::Value(json!(seen)));
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<AuthEvent>();
        s.auth.on_auth_state_change(move |event| sender.send(event).unwrap()).unsubscribe();
        s.compare("listener.data.subscription.unsubscribe()", &Outcome::Value(json!(null)));
        s.step("auth.signInWithPassword(", s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!"))).await.unwrap();
        assert!(receiver.recv().await.is_none());
        s.compare("events.length", &Outcome::Value(json!(count)));
    };
    auth_sudo: signed_in, |s| {
        s.step("auth.sudo(", s.auth.sudo_with_password("Passw0rd!")).await.unwrap();
        let leave = s.step("auth.sudo(", s.auth.sudo_with_verification("verification-token-0001")).await.unwrap();
        s.step("auth.setPassword(", s.auth.set_password(&leave, "N3w-pass")).await.unwrap();
    };
    auth_update_user_phone: signed_in, |s| {
        for (number, verify) in [("13900000000", "update.data.verifyOtp("), ("13900000001", "update2.data.verifyOtp(")] {
            let updated = s.step("auth.updateUser(", s.auth.update_user(UpdateUser::new().phone(number))).await.unwrap();
            let user = async { updated.pending.unwrap().verify("123456").await.map(Some) };
            s.step(verify, user).await.unwrap();
        }
    };
    auth_user_exists: signed_out, |s| {
        assert!(s.step("auth.isUsernameRegistered(", s.auth.is_username_registered("ann 0001")).await.unwrap());
    };
    auth_verify: signed_out, |s| {
        s.step("auth.verify(", s.auth.verify("verification-id-0001", "123456")).await.unwrap();
        s.step("auth.verify(", s.auth.verify("verification-id-0001", "000000")).await.unwrap_err();
    };
    auth_verify_oauth: signed_out, |s| {
        let to = OAuth::new("github").redirect_to("https://app.example.com/home").state("my-state");
        let page = s.step("auth.signInWithOAuth(", s.auth.sign_in_with_oauth(to)).await.unwrap();
        assert!(page.url.starts_with("https://github.example/login/oauth/authorize?"));
        s.step("auth.verifyOAuth(", s.auth.verify_oauth(VerifyOAuth::new("oauth-code-1", "my-state"))).await.unwrap();
        let again = s.step("auth.verifyOAuth(", s.auth.verify_oauth(VerifyOAuth::new("oauth-code-1", "my-state"))).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Argument, "a state is good once");
    };
}

async fn every_recording(wire: Wire) {
    let mut failed = Vec::new();
    for (name, run) in ALL {
        if tokio::spawn(run(wire)).await.is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    DIFFERENCES.assert_all_seen();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/auth")).unwrap();
    assert_eq!(files.count(), ALL.len(), "a recording that nobody plays");
}

#[tokio::test]
async fn every_recording_is_sent_and_returned_the_same() {
    every_recording(Wire::Mock).await;
}

#[tokio::test]
async fn every_recording_is_sent_and_returned_the_same_over_sockets() {
    every_recording(Wire::Sockets).await;
}
