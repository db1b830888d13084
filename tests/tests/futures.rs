//! Every request can be spawned: its futures are `Send` and own what they need.

use std::time::Duration;

use cloudbase::CloudBase;
use cloudbase_data::Row;
use cloudbase_data::models::{DataSourceKey, field};
use serde_json::{Value, json};

fn spawned(future: impl Future + Send + 'static) {
    drop(future);
}

/// Both futures of a request: that of `await`, and that of `send_with_meta`.
macro_rules! spawned {
    ($($request:expr),+ $(,)?) => {
        $(
            spawned($request.into_future());
            spawned($request.send());
            spawned($request.send_with_meta());
        )+
    };
}

fn app() -> CloudBase {
    let app = CloudBase::builder("env").endpoint("http://127.0.0.1:9");
    app.build().expect("the configuration is valid")
}

#[test]
fn requests_of_auth() {
    use cloudbase_auth::{
        IdToken, OAuth, Otp, Password, ProviderGrant, Resend, ResendType, SetSession, SignUp,
        UpdateUser, UserQuery, VerificationRequest, VerifyOAuth, VerifyOtp, request,
    };
    let app = app();
    let auth = app.auth();
    let ticket = || async { Ok("ticket") };
    spawned!(
        auth.sign_in_with_password(Password::username("a", "b")),
        auth.sign_in_anonymously(),
        auth.sign_in_with_custom_ticket(ticket),
        auth.sign_in_with_id_token(IdToken::new("a", "b")),
        auth.sign_in_with_otp(Otp::email("a")),
        auth.sign_in_with_verification("a"),
        auth.grant_provider_token(ProviderGrant::id_token("a", "b")),
        auth.patch_provider_token("a", serde_json::Map::new()),
        auth.sign_up(SignUp::email("a")),
        auth.sign_up_with_proof(SignUp::provider_token("a")),
        auth.send_verification(VerificationRequest::email("a")),
        auth.verify("a", "b"),
        auth.verify_otp(VerifyOtp::new("a", "b")),
        auth.resend(Resend::email("a", ResendType::Sms)),
        auth.reset_password_for_email("a"),
        auth.reset_password_for_old("a", "b"),
        auth.reauthenticate(),
        auth.sudo_with_password("a"),
        auth.sudo_with_verification("a"),
        auth.user(),
        auth.refresh_user(),
        auth.update_user(UpdateUser::new()),
        auth.delete_user("a"),
        auth.query_user(UserQuery::new()),
        auth.is_username_registered("a"),
        auth.user_identities(),
        auth.identity_providers(),
        auth.link_identity("a"),
        auth.bind_identity("a"),
        auth.unlink_identity("a"),
        auth.sign_in_with_oauth(OAuth::new("a")),
        auth.verify_oauth(VerifyOAuth::new("a", "b")),
        auth.handle_oauth_callback("a"),
        auth.introspect(),
        auth.introspect_token("a"),
        auth.captcha_token(),
        auth.create_captcha_data("a"),
        auth.verify_captcha_data("a", "b"),
        auth.set_session(SetSession::new("a")),
    );
    spawned(auth.refresh_session().into_future());
    spawned(auth.sign_out().into_future());
    // Those that begin with a code that was sent, or with leave that was given.
    macro_rules! spawnable {
        ($($request:ident),+ $(,)?) => {
            $(
                let _ = |it: request::$request| spawned(it.into_future());
                let _ = |it: request::$request| spawned(it.send());
                let _ = |it: request::$request| spawned(it.send_with_meta());
            )+
        };
    }
    spawnable!(
        DeleteUserWith,
        SetPassword,
        PendingContactResend,
        PendingContactVerify,
        PendingPasswordResetResend,
        PendingPasswordResetUpdateUser,
        PendingReauthenticationResend,
        PendingReauthenticationUpdateUser,
        PendingReauthenticationVerify,
        PendingSignInResend,
        PendingSignInVerify,
    );
}

#[test]
fn requests_of_mysql() {
    let table = || app().mysql().from("t");
    let row = json!({ "a": 1 });
    spawned!(
        table().select::<Row>("*"),
        table().select::<Row>("*").with_count(),
        table().select::<Row>("*").single(),
        table().select::<Row>("*").maybe_single(),
        table().count(),
        table().insert(&row),
        table().upsert(&row),
        table().update(&row).eq("a", 1),
        table().delete().eq("a", 1),
        table().insert(&row).returning::<Row>("*"),
        table().insert(&row).returning::<Row>("*").single(),
        table().insert(&row).returning::<Row>("*").maybe_single(),
    );
}

#[test]
fn requests_of_models() {
    let model = || app().models().model("m");
    let sources = || app().models().data_sources();
    let record = json!({ "a": 1 });
    spawned!(
        model().get_by_id("1"),
        model().list(),
        model().list_simple(),
        model().create(&record),
        model().create_many(&[&record]),
        model().update(&record).filter(field("a").eq(1)),
        model().update_many(&record).filter(field("a").eq(1)),
        model().upsert().create(&record).filter(field("a").eq(1)),
        model().delete_by_id("1"),
        model().delete().filter(field("a").eq(1)),
        model().delete_many().filter(field("a").eq(1)),
        app().models().mysql_command("select 1"),
        app().models().sql_template::<Value>("s"),
        sources().basic(DataSourceKey::name("n")),
        sources().all_table_names(),
    );
}

#[test]
fn requests_of_storage() {
    let storage = || app().storage();
    let bucket = || app().storage().bucket("b");
    let id = "cloud://env.bucket/a";
    let minute = Duration::from_secs(60);
    spawned!(
        storage().upload("a", "x"),
        storage().upload_info("a"),
        storage().download(id),
        storage().signed_url(id, minute),
        storage().signed_urls([id], minute),
        storage().remove([id]),
        storage().copy("a", "b"),
        storage().copy_many([("a", "b")]),
        storage().info(id),
        storage().exists(id),
        storage().list_buckets(),
        storage().bucket_details("b"),
        storage().create_bucket("b"),
        storage().update_bucket("b"),
        storage().delete_bucket("b"),
        bucket().upload("a", "x"),
        bucket().download("a"),
        bucket().list(""),
        bucket().remove(["a"]),
        bucket().copy("a", "b"),
        bucket().info("a"),
        bucket().exists("a"),
        bucket().signed_url("a", minute),
        bucket().signed_urls(["a"], minute),
        bucket().signed_upload_url("a"),
    );
    spawned(storage().download(id).stream());
    spawned(storage().download(id).to_file("a"));
}

#[test]
fn calls_of_the_users_own_code() {
    let function = || app().functions().call("f");
    let service = || app().cloud_run().service("s").get("/");
    spawned!(
        function(),
        function().stream(),
        function().events(),
        service(),
        service().stream(),
        service().events(),
        app().functions().http("f").get("/"),
        app().apis().api("a").post("/"),
        app().call_container("s"),
    );
    let data = json!({});
    spawned(async move { app().call_function::<Value>("f", &data).await });
}
