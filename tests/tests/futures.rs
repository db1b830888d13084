//! Every request has the options of its class, shows its operation, and can be spawned: its futures are
//! `Send` and own what they need. What is asserted here is asserted by the compiler.

use std::time::Duration;

use cloudbase::{CloudBase, Result};
use cloudbase_core::Operation;
use cloudbase_data::Row;
use cloudbase_data::models::{DataSourceKey, field};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

fn spawned(future: impl Future + Send + 'static) {
    drop(future);
}

/// `option` is one of a request, which it gives back.
fn has<T>(_request: T, _option: fn(T) -> T) {}

fn shows<T>(_request: T, _operation: fn(T) -> Result<Operation>) {}

/// What an option gives where a request has none: its own methods come before those of a trait.
struct Absent;

trait WithoutOptions: Sized {
    fn idempotent(self, _: bool) -> Absent {
        Absent
    }

    fn any_status(self) -> Absent {
        Absent
    }

    fn token(self, _: &str) -> Absent {
        Absent
    }

    fn require_user(self) -> Absent {
        Absent
    }

    fn header(self, _: &str, _: &str) -> Absent {
        Absent
    }
}

impl<T> WithoutOptions for T {}

macro_rules! requests {
    ($class:ident: $($request:expr),+ $(,)?) => {$(
        spawned($request.into_future());
        spawned($request.send());
        spawned($request.send_with_meta());
        has($request, |request| request.timeout(MINUTE));
        has($request, |request| request.attempt_timeout(MINUTE));
        has($request, |request| request.max_attempts(1));
        requests!(@$class $request);
    )+};
    (@read $request:expr) => {
        requests!(@product $request);
        let Absent = $request.idempotent(true);
        let Absent = $request.any_status();
    };
    (@write $request:expr) => {
        requests!(@product $request);
        has($request, |request| request.idempotent(true));
        let Absent = $request.any_status();
    };
    (@own_code $request:expr) => {
        requests!(@product $request);
        has($request, |request| request.idempotent(true));
        has($request, |request| request.any_status());
    };
    // Those of auth take no other token than the session's. `shown`: the first request is known before
    // anything is awaited; `later`: it is not.
    (@auth_write $request:expr) => {
        requests!(@auth $request);
        shows($request, |request| request.operation());
        has($request, |request| request.idempotent(true));
    };
    (@auth_shown $request:expr) => {
        requests!(@auth_later $request);
        shows($request, |request| request.operation());
    };
    (@auth_later $request:expr) => {
        requests!(@auth $request);
        let Absent = $request.idempotent(true);
    };
    (@auth $request:expr) => {
        has($request, |request| request.header("a", "b"));
        has($request, |request| request.request_id("r"));
        let Absent = $request.token("t");
        let Absent = $request.require_user();
        let Absent = $request.any_status();
    };
    // What goes to another host has nothing that is for the gateway.
    (@elsewhere $request:expr) => {
        shows($request, |request| request.operation());
        let Absent = $request.header("a", "b");
        let Absent = $request.token("t");
        let Absent = $request.require_user();
        let Absent = $request.any_status();
    };
    (@product $request:expr) => {
        shows($request, |request| request.operation());
        has($request, |request| request.header("a", "b"));
        has($request, |request| request.request_id("r"));
        has($request, |request| request.token("t"));
        has($request, |request| request.require_user());
    };
}

fn app() -> CloudBase {
    let app = CloudBase::builder("env").endpoint("http://127.0.0.1:9");
    app.build().expect("the configuration is valid")
}

/// A request that cannot be had without a service: only its type is looked at.
fn any<T>() -> T {
    unreachable!("it is called in functions that are not")
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
    requests!(
        auth_shown: auth.sign_in_with_password(Password::username("a", "b")),
        auth.sign_in_anonymously(),
        auth.sign_in_with_id_token(IdToken::new("a", "b")),
        auth.sign_in_with_otp(Otp::email("a")),
        auth.sign_in_with_verification("a"),
        auth.grant_provider_token(ProviderGrant::id_token("a", "b")),
        auth.patch_provider_token("a", serde_json::Map::new()),
        auth.sign_up(SignUp::email("a")),
        auth.send_verification(VerificationRequest::email("a")),
        auth.verify("a", "b"),
        auth.verify_otp(VerifyOtp::new("a", "b")),
        auth.resend(Resend::email("a", ResendType::Sms)),
        auth.reset_password_for_email("a"),
        auth.reset_password_for_old("a", "b"),
        auth.sudo_with_password("a"),
        auth.sudo_with_verification("a"),
        auth.user(),
        auth.refresh_user(),
        auth.delete_user("a"),
        auth.query_user(UserQuery::new()),
        auth.is_username_registered("a"),
        auth.user_identities(),
        auth.identity_providers(),
        auth.bind_identity("a"),
        auth.introspect(),
        auth.introspect_token("a"),
        auth.create_captcha_data("a"),
        auth.verify_captcha_data("a", "b"),
    );
    requests!(
        auth_later: auth.sign_in_with_custom_ticket(ticket),
        auth.sign_up_with_proof(SignUp::provider_token("a")),
        auth.reauthenticate(),
        auth.update_user(UpdateUser::new()),
        auth.link_identity("a"),
        auth.sign_in_with_oauth(OAuth::new("a")),
        auth.verify_oauth(VerifyOAuth::new("a", "b")),
        auth.handle_oauth_callback("a"),
        auth.captcha_token(),
        auth.set_session(SetSession::new("a")),
    );
    requests!(auth_write: auth.unlink_identity("a"));
    spawned(auth.refresh_session().into_future());
    spawned(auth.sign_out().into_future());
    // Those that begin with a code that was sent, or with leave that was given.
    let _ = || {
        requests!(
            auth_shown: any::<request::DeleteUserWith>(),
            any::<request::PendingContactResend>(),
            any::<request::PendingPasswordResetResend>(),
            any::<request::PendingReauthenticationResend>(),
            any::<request::PendingSignInResend>(),
        );
        requests!(
            auth_later: any::<request::PendingContactVerify>(),
            any::<request::PendingPasswordResetUpdateUser>(),
            any::<request::PendingReauthenticationUpdateUser>(),
            any::<request::PendingReauthenticationVerify>(),
            any::<request::PendingSignInVerify>(),
        );
        requests!(auth_write: any::<request::SetPassword>());
    };
}

#[test]
fn requests_of_mysql() {
    let table = || app().mysql().from("t");
    let row = json!({ "a": 1 });
    requests!(
        read: table().select::<Row>("*"),
        table().select::<Row>("*").with_count(),
        table().select::<Row>("*").single(),
        table().select::<Row>("*").maybe_single(),
        table().count(),
    );
    requests!(
        write: table().insert(&row),
        table().upsert(&row),
        table().update(&row).eq("a", 1),
        table().delete().eq("a", 1),
        table().insert(&row).returning::<Row>("*"),
        table().insert(&row).returning::<Row>("*").single(),
        table().insert(&row).returning::<Row>("*").maybe_single(),
    );
    spawned(
        table()
            .insert(&row)
            .returning::<Row>("*")
            .send_with_written(),
    );
}

#[test]
fn requests_of_models() {
    let model = || app().models().model("m");
    let sources = || app().models().data_sources();
    let record = json!({ "a": 1 });
    requests!(
        read: model().get_by_id("1"),
        model().get(),
        model().list(),
        model().list_simple(),
        sources().basic(DataSourceKey::name("n")),
        sources().aggregate_detail(DataSourceKey::name("n")),
        sources().by_table_names(["t"]),
        sources().schemas(["s"]),
        sources().all_schemas(),
        sources().table_names("n"),
        sources().all_table_names(),
        sources().basic_list(),
        sources().aggregate_list(10),
    );
    requests!(
        write: model().create(&record),
        model().create_many(&[&record]),
        model().update(&record).filter(field("a").eq(1)),
        model().update_many(&record).filter(field("a").eq(1)),
        model().upsert().create(&record).filter(field("a").eq(1)),
        model().delete_by_id("1"),
        model().delete().filter(field("a").eq(1)),
        model().delete_many().filter(field("a").eq(1)),
        app().models().mysql_command("select 1"),
        app().models().sql_template::<Value>("s"),
    );
}

#[test]
fn requests_of_documents() {
    use cloudbase_data::documents::{Transaction, eq, set};
    let all = || app().documents().collection("c");
    let some = || all().filter(eq("a", 1));
    let one = || all().doc("1");
    let document = json!({ "a": 1 });
    requests!(
        read: some().get::<Row>(),
        some().get_one::<Row>(),
        some().count(),
        all().aggregate::<Row>(),
        one().get::<Row>(),
        app().documents().start_transaction(),
    );
    shows(app().documents().start_transaction(), |request| {
        request.operation()
    });
    let _ = |transaction: Transaction| spawned(transaction.commit().send_with_meta());
    let _ = |transaction: Transaction| spawned(transaction.rollback().into_future());
    let _ = |transaction: Transaction| shows(transaction.commit(), |request| request.operation());
    let name = String::from("c");
    spawned(app().documents().transaction(move |transaction| {
        let document = transaction.collection(name.clone()).doc("1");
        async move { document.get::<Row>().await }
    }));
    requests!(
        write: all().add(&document),
        all().add_many([&document]),
        some().update(set("a", 2)),
        some().remove(),
        one().set(&document),
        one().update(set("a", 2)),
        one().remove(),
        app().documents().create_collection("c"),
        app().documents().run_commands([&document]),
    );
}

#[test]
fn requests_of_storage() {
    let storage = || app().storage();
    let bucket = || app().storage().bucket("b");
    let id = "cloud://env.bucket/a";
    requests!(
        read: storage().upload_info("a"),
        storage().download(id),
        storage().download_url("http://host/a"),
        storage().signed_url(id, MINUTE),
        storage().signed_urls([id], MINUTE),
        storage().info(id),
        storage().exists(id),
        storage().list_buckets(),
        storage().bucket_details("b"),
        bucket().download("a"),
        bucket().list(""),
        bucket().info("a"),
        bucket().exists("a"),
        bucket().signed_url("a", MINUTE),
        bucket().signed_urls(["a"], MINUTE),
        bucket().signed_upload_url("a"),
    );
    requests!(
        write: storage().upload("a", "x"),
        storage().update("a", "x"),
        storage().remove([id]),
        storage().copy("a", "b"),
        storage().copy_many([("a", "b")]),
        storage().move_to("a", "b"),
        storage().move_many([("a", "b")]),
        storage().create_bucket("b"),
        storage().update_bucket("b"),
        storage().delete_bucket("b"),
        bucket().upload("a", "x"),
        bucket().update("a", "x"),
        bucket().remove(["a"]),
        bucket().copy("a", "b"),
        bucket().move_to("a", "b"),
    );
    let permit = r#"{"objectId": "a", "cloudObjectId": "cloud://env.bucket/a", "uploadUrl": "http://host/a",
        "authorization": "", "token": "", "cloudObjectMeta": ""}"#;
    let permit = serde_json::from_str(permit).expect("it is as the gateway sends it");
    requests!(elsewhere: storage().upload_to_signed_url(&permit, "x"));
    has(storage().upload_to_signed_url(&permit, "x"), |upload| {
        upload.idempotent(true)
    });
    spawned(storage().download(id).stream());
    spawned(storage().download(id).to_file("a"));
}

#[test]
fn calls_of_the_users_own_code() {
    let function = || app().functions().call("f");
    let service = || app().cloud_run().service("s").get("/");
    requests!(
        own_code: function(),
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
    spawned(app().call_function::<Value>("f", &data));
}

#[test]
fn calls_of_the_client_and_what_comes_of_calls() {
    let operation = || {
        app()
            .functions()
            .call("f")
            .operation()
            .expect("it is whole")
    };
    let client = app().client().clone();
    let (one, two) = (client.clone(), client.clone());
    spawned(async move { client.execute(operation()).await.map(drop) });
    spawned(async move { one.fetch(operation()).await.map(drop) });
    spawned(async move { two.fetch_json::<Value>(operation()).await.map(drop) });
    spawned(async move {
        let mut pages = app().mysql().from("t").select::<Row>("*").pages(10);
        pages.next_page().await.map(drop)
    });
    spawned(async move {
        let mut items = app().storage().bucket("b").list("").stream();
        items.next_item().await.map(drop)
    });
    spawned(async move {
        let mut object = app()
            .storage()
            .download("cloud://env.bucket/a")
            .stream()
            .await?;
        object.next_bytes().await.map(drop)
    });
    spawned(async move {
        let mut events = app().functions().call("f").events().await?.into_value();
        events.next_event().await.map(drop)
    });
}
