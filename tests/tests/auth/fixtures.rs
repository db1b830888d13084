//! Sends what the official JavaScript SDK sends: every recorded step is compared, none is left out.

use std::future::Future;
use std::time::{Duration, SystemTime};

use cloudbase_auth::{
    Auth, AuthErrorCategory, AuthEvent, BoxFuture, CaptchaAnswer, CaptchaChallenge, CaptchaHandler,
    ErrorKind, IdToken, OAuth, Otp, Password, ProviderGrant, Result, Session, SetSession, SignUp,
    UpdateUser, UserQuery, VerificationRequest, VerificationTarget, VerifyOAuth,
};
use cloudbase_core::{Operation, PathBuilder};
use cloudbase_tests::fixtures::{Difference, Fixture, Needed, Replay};
use http::Method;
use serde_json::{Value, json};

const TARGET: &str = "the HTTP API docs require a target; the JS SDK leaves it out";
const NO_BEARER: &str =
    "calls that need no user never carry the session's token: an ended one would make them fail";
const PROVIDER_FORM: &str = "the API expects provider_id and provider_id_token; the Flutter changelog calls the JS form a bug";
const CAPTCHA_HEADER: &str = "the HTTP API docs have the captcha token in a header";

/// What this SDK does differently wherever it comes up, and why.
const TABLE: &[Difference] = &[
    Difference::new("POST /auth/v1/verification", "body.target extra", TARGET),
    Difference::new(
        "POST /auth/v1/verification",
        "header.authorization missing",
        NO_BEARER,
    ),
    Difference::new(
        "POST /auth/v1/verification",
        "query.client_id extra",
        "follows from the missing bearer",
    ),
    Difference::new(
        "POST /auth/v1/verification",
        "query.captcha_token missing",
        CAPTCHA_HEADER,
    ),
    Difference::new(
        "POST /auth/v1/verification",
        "header.x-captcha-token extra",
        CAPTCHA_HEADER,
    ),
    Difference::new(
        "POST /auth/v1/captcha/data",
        "body.redirect_uri missing",
        "it is empty there",
    ),
    Difference::new(
        "POST /auth/v1/token",
        "body.client_secret missing",
        "it is empty there",
    ),
    Difference::new(
        "POST /auth/v1/revoke",
        "header.authorization extra",
        "the HTTP API docs require it",
    ),
    Difference::new(
        "POST /auth/v1/signin/with/provider",
        "body.provider_token missing",
        PROVIDER_FORM,
    ),
    Difference::new(
        "POST /auth/v1/signin/with/provider",
        "body.provider_id extra",
        PROVIDER_FORM,
    ),
    Difference::new(
        "POST /auth/v1/signin/with/provider",
        "body.provider_id_token extra",
        PROVIDER_FORM,
    ),
    Difference::new(
        "POST /auth/v1/reset",
        "body.phone_number value",
        "the JS SDK forgets to bring it into form",
    ),
    Difference::new(
        "POST /auth/v1/user/basic/edit",
        "body.phone value",
        "the JS SDK forgets to bring it into form",
    ),
    Difference::new(
        "PATCH /auth/v1/user/password",
        "query.sudo_token extra",
        "the HTTP API docs have it in the query; both satisfies either reading",
    ),
    Difference::new(
        "GET /auth/v1/user/me",
        "request extra",
        "the JS SDK serves the profile of whoever was signed in before after setSession",
    ),
    Difference::new(
        "POST /auth/v1/token",
        "request extra",
        "a refused token is renewed once before the session is given up",
    ),
];

/// What it does differently in steps of one kind only, which name the table.
const WITH_ACCESS_KEY: &[Difference] = &[Difference::new(
    "POST /auth/v1/signin",
    "header.authorization extra",
    "the key is the credential of calls that need no user; the JS SDK sends them without any",
)];
const UNSPACED_COUNTRY_CODE: &[Difference] = &[
    Difference::new(
        "POST /auth/v1/signin",
        "request missing",
        "the JS SDK takes two digits for the country code, whatever the country; here it is asked for",
    ),
    Difference::new(
        "GET /auth/v1/user/me",
        "request missing",
        "follows from the sign-in that was refused before it was sent",
    ),
];
const REFRESH_TOKEN_ALONE: &[Difference] = &[Difference::new(
    "POST /auth/v1/token",
    "request extra",
    "the JS SDK wants the access token, too, and does not use it; the refresh token is enough",
)];

struct Scene {
    replay: Replay,
    auth: Auth,
    needed: &'static Needed,
}

impl Scene {
    fn step(&self, call: &str) {
        self.replay.assert_step(call, TABLE, self.needed);
    }

    /// A call of another product.
    async fn call_function(&self, data: Option<Value>) {
        let uri = PathBuilder::new("/v1/functions")
            .segment("name", "hello")
            .unwrap()
            .build()
            .unwrap();
        let mut call = Operation::new("functions.call", "/v1/functions/{name}", Method::POST, uri);
        if let Some(data) = data {
            call = call.json(&data).unwrap();
        }
        self.auth.client().fetch(call).await.unwrap();
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

fn scene(name: &str, needed: &'static Needed) -> Scene {
    scene_with(name, needed, |builder| builder)
}

fn scene_with(
    name: &str,
    needed: &'static Needed,
    settings: impl FnOnce(cloudbase_core::ClientBuilder) -> cloudbase_core::ClientBuilder,
) -> Scene {
    let replay = Replay::new(Fixture::load("auth", name));
    let auth = Auth::builder(replay.client_with(settings))
        .captcha_handler(Human)
        .build()
        .unwrap();
    Scene {
        replay,
        auth,
        needed,
    }
}

async fn signed_in(name: &str, needed: &'static Needed) -> Scene {
    let scene = scene(name, needed);
    let end = cloudbase_auth::Timestamp::from(SystemTime::now() + Duration::from_secs(7000));
    let session = Session::from_json(
        &json!({
            "token_type": "Bearer", "access_token": "<access-token-1>", "refresh_token": "<refresh-token-1>",
            "expires_in": 7200, "scope": "user", "sub": "user-0001", "expires_at": end,
            "user": {"sub": "user-0001", "email": "ann@example.com"},
        })
        .to_string(),
    );
    scene.auth.restore_session(session.unwrap()).await.unwrap();
    scene
}

type Run = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! fixtures {
    ($($name:ident: $how:ident, |$s:ident| $run:expr;)*) => {
        const ALL: &[(&str, fn(&'static Needed) -> Run)] = &[$(
            (stringify!($name), |needed| Box::pin(async move {
                let $s = fixtures!(@ $how stringify!($name), needed);
                $run;
                $s.replay.assert_done();
            })),
        )*];
    };
    (@ signed_out $name:expr, $needed:ident) => { scene($name, $needed) };
    (@ signed_in $name:expr, $needed:ident) => { signed_in($name, $needed).await };
    (@ access_key $name:expr, $needed:ident) => {
        scene_with($name, $needed, |builder| builder.access_key("publishable-key-0001"))
    };
    (@ english $name:expr, $needed:ident) => { scene_with($name, $needed, |builder| builder.language("en-US")) };
}

fixtures! {
    auth_access_key: access_key, |s| {
        assert!(s.auth.session().await.unwrap().is_none());
        s.step("auth.getSession()");
        assert!(s.auth.user().await.unwrap().is_none());
        s.step("auth.getUser()");
        s.call_function(Some(json!({"a": 1}))).await;
        s.step("app.callFunction({ name: 'hello', data");
        s.auth.send_verification(VerificationRequest::email("ann@example.com")).await.unwrap();
        s.step("auth.getVerification(");
        let answer = s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!")).await;
        answer.unwrap();
        s.step_with("auth.signInWithPassword(", WITH_ACCESS_KEY);
        s.call_function(None).await;
        s.step("app.callFunction(");
        assert!(s.auth.sign_out().await.unwrap().revoked);
        s.step("auth.signOut()");
        s.call_function(None).await;
        s.step("app.callFunction(");
    };
    auth_bind_with_provider: signed_in, |s| {
        s.auth.bind_identity("provider-token-0001").await.unwrap();
        s.step("auth.bindWithProvider(");
    };
    auth_captcha_data_signed_in: signed_in, |s| {
        let data = s.auth.create_captcha_data("state-1", None).await.unwrap();
        s.step("auth.createCaptchaData(");
        s.auth.verify_captcha_data(data.token, "abcd").await.unwrap();
        s.step("auth.verifyCaptchaData(");
    };
    auth_captcha_invalid: signed_out, |s| {
        s.auth.send_verification(VerificationRequest::phone("13800000000")).await.unwrap();
        s.step("auth.getVerification(");
    };
    auth_captcha_required: signed_out, |s| {
        s.auth.send_verification(VerificationRequest::email("ann@example.com")).await.unwrap();
        s.step("auth.getVerification(");
        s.auth.send_verification(VerificationRequest::phone("13800000000")).await.unwrap();
        s.step("auth.getVerification(");
    };
    auth_detect_session_in_url: signed_out, |s| {
        let callback = VerifyOAuth::new("oauth-code-1", "my-state").provider("github");
        s.auth.verify_oauth(callback.redirect_uri("https://app.example.com/home")).await.unwrap();
        s.step("(start of the app)");
        assert!(s.auth.session().await.unwrap().is_some());
        s.step("auth.getSession()");
    };
    auth_get_session_none: signed_out, |s| {
        assert!(s.auth.session().await.unwrap().is_none());
        s.step("auth.getSession()");
        assert!(s.auth.user().await.unwrap().is_none());
        s.step("auth.getUser()");
        assert_eq!(s.auth.claims().await.unwrap_err().kind(), ErrorKind::Credentials);
        s.step("auth.getClaims()");
        assert_eq!(s.auth.refresh_session().await.unwrap_err().kind(), ErrorKind::Credentials);
        s.step("auth.refreshSession()");
    };
    auth_get_user: signed_in, |s| {
        let user = s.auth.user().await.unwrap().unwrap();
        assert_eq!(user.user_metadata.username.as_deref(), Some("ann_0001"));
        s.step("auth.getUser()");
    };
    auth_get_user_anonymous: signed_in, |s| {
        s.auth.user().await.unwrap().unwrap();
        s.step("auth.getUser()");
        s.auth.session().await.unwrap().unwrap();
        s.step("auth.getSession()");
    };
    auth_get_user_unauthenticated: signed_in, |s| {
        s.auth.user().await.unwrap_err();
        s.step("auth.getUser()");
        // The recording has no answer to the renewal, so the session is kept and rests.
        assert_eq!(s.auth.session().await.unwrap_err().kind(), ErrorKind::Credentials);
        s.step("auth.getSession()");
    };
    auth_get_verification: signed_out, |s| {
        s.auth.send_verification(VerificationRequest::email("ann@example.com")).await.unwrap();
        s.step("auth.getVerification(");
        s.auth.send_verification(VerificationRequest::phone("13800000000")).await.unwrap();
        s.step("auth.getVerification(");
        let user = VerificationRequest::phone("+86 13800000000").target(VerificationTarget::User);
        s.auth.send_verification(user).await.unwrap();
        s.step("auth.getVerification(");
        s.auth.send_verification(VerificationRequest::phone("+8613800000000")).await.unwrap();
        s.step("auth.getVerification(");
        let register = VerificationRequest::email("ann@example.com").target(VerificationTarget::NotUser);
        s.auth.send_verification(register.usage("REGISTER")).await.unwrap();
        s.step("auth.getVerification(");
        let refused = s.auth.send_verification(VerificationRequest::email("ann@example.com")).await.unwrap_err();
        assert_eq!(AuthErrorCategory::of(&refused), AuthErrorCategory::RateLimited);
        s.step("auth.getVerification(");
    };
    auth_language: english, |s| {
        s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!")).await.unwrap();
        s.step("auth.signInWithPassword(");
        s.call_function(None).await;
        s.step("app.callFunction(");
    };
    auth_query_user: signed_in, |s| {
        let ids = UserQuery::new().ids(["user-0001", "user-0002"]).limit(10).offset(0);
        let found = s.auth.query_user(ids).await.unwrap();
        assert_eq!((found.total, found.users[0].id.as_str()), (1, "user-0001"));
        s.step("auth.queryUser({ id:");
        s.auth.query_user(UserQuery::new().username("ann")).await.unwrap();
        s.step("auth.queryUser({ username:");
    };
    auth_refresh_session_invalid_grant: signed_in, |s| {
        let refused = s.auth.refresh_session().await.unwrap_err();
        assert_eq!(refused.code().unwrap().as_str(), "invalid_grant");
        s.step("auth.refreshSession()");
        assert!(s.auth.session().await.unwrap().is_some(), "its access token is alive");
        s.step("auth.getSession()");
    };
    auth_refresh_user: signed_in, |s| {
        s.auth.refresh_user().await.unwrap();
        s.step("auth.refreshUser()");
    };
    auth_reset_password_for_email: signed_out, |s| {
        let pending = s.auth.reset_password_for_email("ann@example.com").await.unwrap();
        s.step("auth.resetPasswordForEmail(");
        pending.update_user("123456", "N3w-pass").await.unwrap();
        s.step("reset.data.updateUser(");
    };
    auth_reset_password_for_old: signed_in, |s| {
        s.auth.reset_password_for_old("Passw0rd!", "N3w-pass").await.unwrap();
        s.step("auth.resetPasswordForOld(");
        s.auth.reset_password_for_old("wrong", "N3w-pass").await.unwrap_err();
        s.step("auth.resetPasswordForOld(");
    };
    auth_reset_password_for_phone: signed_out, |s| {
        let to = "https://app.example.com/done";
        let pending = s.auth.reset_password_for_email("13800000000").redirect_to(to).await.unwrap();
        assert_eq!(pending.redirect_to(), Some(to));
        s.step("auth.resetPasswordForEmail(");
        pending.update_user("123456", "N3w-pass").await.unwrap();
        s.step("reset.data.updateUser(");
        assert_eq!(s.auth.reset_password_for_email("").await.unwrap_err().kind(), ErrorKind::Argument);
        s.step("auth.resetPasswordForEmail('')");
    };
    auth_set_session: signed_out, |s| {
        s.auth.set_session(SetSession::new("<refresh-token-1>")).await.unwrap();
        s.step("auth.setSession(");
        s.auth.session().await.unwrap().unwrap();
        s.step("auth.getSession()");
        s.auth.set_session(SetSession::new("another-refresh-token")).await.unwrap_err();
        s.step_with("auth.setSession(", REFRESH_TOKEN_ALONE);
    };
    auth_set_session_invalid_grant: signed_out, |s| {
        s.auth.set_session(SetSession::new("another-refresh-token").access_token("at")).await.unwrap_err();
        s.step("auth.setSession(");
    };
    auth_sign_in_anonymously: signed_out, |s| {
        s.auth.sign_in_anonymously().await.unwrap();
        s.step("auth.signInAnonymously()");
        s.auth.sign_in_anonymously().provider_token("provider-token-0001").await.unwrap();
        s.step("auth.signInAnonymously(");
    };
    auth_sign_in_anonymously_disabled: signed_out, |s| {
        s.auth.sign_in_anonymously().await.unwrap_err();
        s.step("auth.signInAnonymously()");
    };
    auth_sign_in_with_id_token: signed_out, |s| {
        s.auth.sign_in_with_id_token(IdToken::provider_token("id-token-from-provider")).await.unwrap();
        s.step("auth.signInWithIdToken(");
        s.auth.sign_in_with_id_token(IdToken::new("google", "id-token-from-provider")).await.unwrap();
        s.step("auth.signInWithIdToken(");
        let error = s.auth.sign_in_with_id_token(IdToken::new("google", "")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        s.step("auth.signInWithIdToken({})");
    };
    auth_sign_in_with_otp_email: signed_out, |s| {
        let pending = s.auth.sign_in_with_otp(Otp::email("ann@example.com")).await.unwrap();
        s.step("auth.signInWithOtp(");
        pending.verify("123456").await.unwrap();
        s.step("otp.data.verifyOtp(");
    };
    auth_sign_in_with_otp_existing_only: signed_out, |s| {
        let email = Otp::email("ann@example.com").should_create_user(false);
        let pending = s.auth.sign_in_with_otp(email).await.unwrap();
        s.step("auth.signInWithOtp(");
        pending.verify("123456").await.unwrap();
        s.step("otp.data.verifyOtp(");
        let phone = Otp::phone("13800000000").should_create_user(false);
        let pending = s.auth.sign_in_with_otp(phone).await.unwrap();
        s.step("auth.signInWithOtp(");
        pending.verify("123456").await.unwrap();
        s.step("otp2.data.verifyOtp(");
    };
    auth_sign_in_with_otp_phone_new_user: signed_out, |s| {
        let pending = s.auth.sign_in_with_otp(Otp::phone("13800000000")).await.unwrap();
        s.step("auth.signInWithOtp(");
        pending.verify("123456").await.unwrap();
        s.step("otp.data.verifyOtp(");
    };
    auth_sign_in_with_password_email: signed_out, |s| {
        s.auth.sign_in_with_password(Password::email("ann@example.com", "Passw0rd!")).await.unwrap();
        s.step("auth.signInWithPassword(");
    };
    auth_sign_in_with_password_phone: signed_out, |s| {
        for number in ["13800000000", "+86 13800000000", "+8613800000000", "+1 4155550100", "+14155550100", "+85251234567", "+852 51234567"] {
            let signed_in = s.auth.sign_in_with_password(Password::phone(number, "Passw0rd!")).await;
            if matches!(number, "+14155550100" | "+85251234567") {
                assert_eq!(signed_in.unwrap_err().kind(), ErrorKind::Argument);
                s.step_with("auth.signInWithPassword(", UNSPACED_COUNTRY_CODE);
            } else {
                signed_in.unwrap();
                s.step("auth.signInWithPassword(");
            }
        }
    };
    auth_sign_in_with_password_username: signed_out, |s| {
        s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!")).await.unwrap();
        s.step("auth.signInWithPassword(");
    };
    auth_sign_in_with_provider_token: signed_out, |s| {
        let grant = ProviderGrant::code("wx_open", "code-1", "https://app.example.com/cb");
        s.auth.grant_provider_token(grant).await.unwrap();
        s.step("auth.grantProviderToken(");
        let Value::Object(params) = json!({"encryptedData": "x", "iv": "y"}) else { unreachable!() };
        s.auth.patch_provider_token("provider-token-0001", params).await.unwrap();
        s.step("auth.patchProviderToken(");
        s.auth.sign_in_with_id_token(IdToken::provider_token("provider-token-0001")).await.unwrap();
        s.step("auth.signInWithProvider(");
    };
    auth_sign_out: signed_in, |s| {
        assert!(s.auth.sign_out().await.unwrap().revoked);
        s.step("auth.signOut()");
        assert!(s.auth.session().await.unwrap().is_none());
        s.step("auth.getSession()");
        assert!(!s.auth.sign_out().await.unwrap().revoked);
        s.step("auth.signOut()");
    };
    auth_sign_out_with_options: signed_in, |s| {
        s.auth.sign_out().redirect_uri("https://app.example.com/bye").state("st").await.unwrap();
        s.step("auth.signOut(");
        assert!(s.auth.session().await.unwrap().is_none());
        s.step("auth.getSession()");
    };
    auth_sign_up_email_new_user: signed_out, |s| {
        let sign_up = SignUp::email("ann@example.com").password("Passw0rd!").nickname("Ann");
        let pending = s.auth.sign_up(sign_up).await.unwrap();
        s.step("auth.signUp(");
        pending.verify("123456").await.unwrap();
        s.step("signUp.data.verifyOtp(");
    };
    auth_sign_up_phone_existing_user: signed_out, |s| {
        let pending = s.auth.sign_up(SignUp::phone("+8613800000000")).await.unwrap();
        s.step("auth.signUp(");
        pending.verify("123456").await.unwrap();
        s.step("signUp.data.verifyOtp(");
    };
    auth_sign_up_phone_new_user: signed_out, |s| {
        let pending = s.auth.sign_up(SignUp::phone("13800000000").password("Passw0rd!")).await.unwrap();
        s.step("auth.signUp(");
        pending.verify("123456").await.unwrap();
        s.step("signUp.data.verifyOtp(");
    };
    auth_sign_up_without_email_or_phone: signed_out, |s| {
        let error = s.auth.sign_up(SignUp::email("").password("Passw0rd!")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        s.step("auth.signUp(");
    };
    auth_sign_up_wrong_code: signed_out, |s| {
        let pending = s.auth.sign_up(SignUp::email("ann@example.com").password("Passw0rd!")).await.unwrap();
        s.step("auth.signUp(");
        pending.verify("000000").await.unwrap_err();
        s.step("signUp.data.verifyOtp(");
    };
    auth_state_change_events: signed_out, |s| {
        let mut events = s.auth.events();
        s.step("auth.onAuthStateChange(");
        s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!")).await.unwrap();
        s.step("auth.signInWithPassword(");
        s.auth.refresh_session().await.unwrap();
        s.step("auth.refreshSession()");
        s.auth.update_user(UpdateUser::new().nickname("Annie")).await.unwrap();
        s.step("auth.updateUser(");
        s.auth.sign_out().await.unwrap();
        s.step("auth.signOut()");
        // After a sign-in the profile is an event of its own here.
        for wanted in ["SIGNED_IN", "USER_UPDATED", "TOKEN_REFRESHED", "USER_UPDATED", "SIGNED_OUT"] {
            assert_eq!(events.next().await.name(), wanted);
        }
        s.step("events");
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<AuthEvent>();
        s.auth.on_auth_state_change(move |event| sender.send(event).unwrap()).unsubscribe();
        s.step("listener.data.subscription.unsubscribe()");
        s.auth.sign_in_with_password(Password::username("ann_0001", "Passw0rd!")).await.unwrap();
        s.step("auth.signInWithPassword(");
        assert!(receiver.recv().await.is_none());
        s.step("events.length");
    };
    auth_sudo: signed_in, |s| {
        s.auth.sudo_with_password("Passw0rd!").await.unwrap();
        s.step("auth.sudo(");
        let leave = s.auth.sudo_with_verification("verification-token-0001").await.unwrap();
        s.step("auth.sudo(");
        s.auth.set_password(&leave, "N3w-pass").await.unwrap();
        s.step("auth.setPassword(");
    };
    auth_update_user_phone: signed_in, |s| {
        for (number, verify) in [("13900000000", "update.data.verifyOtp("), ("13900000001", "update2.data.verifyOtp(")] {
            let updated = s.auth.update_user(UpdateUser::new().phone(number)).await.unwrap();
            s.step("auth.updateUser(");
            updated.pending.unwrap().verify("123456").await.unwrap();
            s.step(verify);
        }
    };
    auth_user_exists: signed_out, |s| {
        assert!(s.auth.is_username_registered("ann 0001").await.unwrap());
        s.step("auth.isUsernameRegistered(");
    };
    auth_verify: signed_out, |s| {
        s.auth.verify("verification-id-0001", "123456").await.unwrap();
        s.step("auth.verify(");
        s.auth.verify("verification-id-0001", "000000").await.unwrap_err();
        s.step("auth.verify(");
    };
    auth_verify_oauth: signed_out, |s| {
        let to = OAuth::new("github").redirect_to("https://app.example.com/home").state("my-state");
        let page = s.auth.sign_in_with_oauth(to).await.unwrap();
        assert!(page.url.starts_with("https://github.example/login/oauth/authorize?"));
        s.step("auth.signInWithOAuth(");
        s.auth.verify_oauth(VerifyOAuth::new("oauth-code-1", "my-state")).await.unwrap();
        s.step("auth.verifyOAuth(");
        let again = s.auth.verify_oauth(VerifyOAuth::new("oauth-code-1", "my-state")).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Argument, "a state is good once");
        s.step("auth.verifyOAuth(");
    };
}

impl Scene {
    /// A step with differences of its own, all of which it must show.
    fn step_with(&self, call: &str, table: &[Difference]) {
        let needed = Needed::default();
        self.replay.assert_step(call, table, &needed);
        needed.assert_all(table);
    }
}

#[tokio::test]
async fn every_recording_is_sent_the_same() {
    let needed: &'static Needed = Box::leak(Box::default());
    let mut failed = Vec::new();
    for (name, run) in ALL {
        if tokio::spawn(run(needed)).await.is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    needed.assert_all(TABLE);
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/auth")).unwrap();
    assert_eq!(files.count(), ALL.len(), "a recording that nobody plays");
}
