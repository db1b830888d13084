//! No token, key, password or code shows in any trace, `Debug` or `Display`, at any level.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudbase::auth::{OAuth, ProviderGrant, VerifyOAuth};
use cloudbase::prelude::*;
use cloudbase::{ErrorKind, SecretString};
use cloudbase_emulator::{Emulator, Fault, Service, TablePermission};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

const PASSWORD: &str = "Sent1nel-password!";
const NEW_PASSWORD: &str = "Sent1nel-next-password!";
const CALL_TOKEN: &str = "sentinel-call-token";
const VERIFIER: &str = "sentinel-code-verifier";
const ROW: &str = "sentinel-row-value";

/// Everything that is traced by anyone in the process, in one text.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn secrets_show_nowhere() {
    let captured = Captured::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(captured.clone())
        .init();

    let emulator = Emulator::builder()
        .schema_sql("CREATE TABLE notes (id BIGINT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(255))")
        .table_permission("notes", TablePermission::Open)
        .function("echo", |event, _context| async move { Ok(event) })
        .service("repeating", Service::http(repeat))
        .start()
        .await
        .unwrap();
    let mut secrets = vec![
        PASSWORD.to_owned(),
        NEW_PASSWORD.to_owned(),
        CALL_TOKEN.to_owned(),
        ROW.to_owned(),
        emulator.api_key().to_owned(),
    ];
    let mut shown = String::new();
    let mut show = |value: &dyn std::fmt::Debug| writeln!(shown, "{value:?} {value:#?}").unwrap();

    let builder = CloudBase::builder(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.api_key());
    show(&builder);
    let app = builder.build().unwrap();
    show(&app);
    show(app.client().config());

    let sign_up = SignUp::email("lin@example.org").password(PASSWORD);
    show(&sign_up);
    let pending = app.auth().sign_up(sign_up).await.unwrap();
    show(&pending);
    let wrong = pending.verify("000000").await.unwrap_err();
    show(&wrong);
    let code = emulator.inbox().code("lin@example.org").unwrap();
    let signed_in = pending.verify(code.as_str()).await.unwrap();
    show(&signed_in);
    let session = signed_in.session.clone();
    let remember = |secrets: &mut Vec<String>, session: &Session| {
        secrets.push(session.access_token().expose_secret().to_owned());
        secrets.extend(
            session
                .refresh_token()
                .map(|token| token.expose_secret().to_owned()),
        );
    };
    remember(&mut secrets, &session);
    show(&session);
    show(&Password::email("lin@example.org", PASSWORD));
    let rejected = app
        .auth()
        .sign_in_with_password(Password::email("lin@example.org", NEW_PASSWORD))
        .await
        .unwrap_err();
    show(&rejected);
    shown.push_str(&rejected.to_string());
    let again = app
        .auth()
        .sign_in_with_password(Password::email("lin@example.org", PASSWORD))
        .await
        .unwrap();
    remember(&mut secrets, &again.session);
    let mut events = app.auth().events();
    let refreshed = app.auth().refresh_session().await.unwrap();
    remember(&mut secrets, &refreshed.session);
    let mut show = |value: &dyn std::fmt::Debug| writeln!(shown, "{value:?} {value:#?}").unwrap();
    show(app.auth());
    show(&events.next().await);
    let claims = app.auth().claims().await.unwrap();
    show(&claims);
    secrets.push(claims.signature);
    let leave = app.auth().sudo_with_password(PASSWORD).await.unwrap();
    show(&leave);
    secrets.push(leave.sudo_token.expose_secret().to_owned());
    // It goes into the query, which must be neither shown nor traced.
    let change = app.auth().set_password(&leave, NEW_PASSWORD);
    show(&change);
    show(&change.operation().unwrap());
    app.auth().set_password(&leave, NEW_PASSWORD).await.unwrap();
    let wrong = app.auth().set_password(&leave, "x").await.unwrap_err();
    show(&wrong);
    let to = OAuth::new("github")
        .redirect_to("https://app.example.org/in")
        .provider_param("code_verifier", VERIFIER);
    show(&to);
    show(&app.auth().sign_in_with_oauth(to).await.unwrap());
    show(&ProviderGrant::id_token("github", CALL_TOKEN).param("code_verifier", VERIFIER));
    let callback = VerifyOAuth::new(CALL_TOKEN, "state").provider("github");
    let callback = callback.provider_param("code_verifier", VERIFIER);
    show(&callback);
    show(&app.auth().verify_oauth(callback).await.unwrap_err());
    secrets.push(VERIFIER.to_owned());

    let call = app
        .functions()
        .call("echo")
        .json(&json!({ "text": ROW }))
        .token(SecretString::from(CALL_TOKEN));
    show(&call);
    let error = call.await.unwrap_err();
    show(&error);
    show(
        &app.functions()
            .call("echo")
            .json(&json!({ "text": ROW }))
            .await
            .unwrap(),
    );

    let insert = app.mysql().from("notes").insert(&json!({ "text": ROW }));
    insert.await.unwrap();
    let rows: Vec<serde_json::Value> = app
        .mysql()
        .from("notes")
        .select("*")
        .eq("text", ROW)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);

    let object = app.storage().upload("notes/a.txt", ROW).await.unwrap();
    app.storage().download(&object.file_id).await.unwrap();
    let url = app
        .storage()
        .signed_url(&object.file_id, Duration::from_secs(60))
        .await
        .unwrap();
    let signature = url
        .to_string()
        .split_once('?')
        .map(|(_, query)| query.to_owned())
        .unwrap();
    assert!(!signature.is_empty());
    secrets.push(signature);

    // A rejected token on the way to a refresh, a retry, a lost connection. The token is one of a new
    // sign-in: one that was refreshed less than a second ago is not refreshed again.
    let again = Password::email("lin@example.org", NEW_PASSWORD);
    let again = app.auth().sign_in_with_password(again).await.unwrap();
    remember(&mut secrets, &again.session);
    emulator.faults().add(
        Fault::on("POST /v1/functions/*")
            .times(1)
            .status(401, "ACCESS_TOKEN_EXPIRED"),
    );
    app.functions()
        .call("echo")
        .json(&json!({ "text": ROW }))
        .await
        .unwrap();
    if let Some(session) = app.auth().session().await.unwrap() {
        remember(&mut secrets, &session);
    }
    emulator
        .faults()
        .add(Fault::on("POST /v1/functions/*").times(1).reset());
    let lost = app
        .functions()
        .call("echo")
        .json(&json!({ "text": ROW }))
        .await
        .unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Reset);
    show(&lost);

    // Code of the user's own that repeats the token that it was called with.
    let session = app.auth().session().await.unwrap().unwrap();
    let token = session.access_token().expose_secret();
    for body in [
        format!("the token {token} is not valid"),
        json!({ "message": token }).to_string(),
        json!({ "error": { "code": token, "message": format!("bad\n{token}") } }).to_string(),
        json!({ "errors": [{ "message": format!("Bearer {token}") }], "requestId": token })
            .to_string(),
        json!({ "detail": format!("?access_token={token}&x") }).to_string(),
        json!([format!("'{token}'"), emulator.api_key()]).to_string(),
        format!("<html>{token}</html>"),
    ] {
        let call = || {
            let call = app.cloud_run().service("repeating").post("/");
            call.body("text/plain", body.clone())
        };
        let error = call().await.unwrap_err();
        show(&error);
        show(&error.to_string());
        show(&error.response());
        assert_eq!(error.response().unwrap().text(), body);
        let response = call().any_status().await.unwrap();
        show(&response);
        show(&response.json::<u8>().unwrap_err());
        show(&call().stream().await.map(drop).unwrap_err());
        show(&call().events().await.map(drop).unwrap_err());
    }

    // Responses that are not decoded: of the wrong type, cut in the middle, no JSON at all.
    const TOKENS: &str = r#"{"access_token":["sentinel-access"],"refresh_token":"sentinel-refresh","expires_in":7200}"#;
    const UPLOAD: &str = r#"[{"objectId":"a","uploadUrl":"https://x.example/sentinel-signed-url","authorization":"sentinel-signature","token":"sentinel-store-token","cloudObjectId":5}]"#;
    for (path, body) in [
        ("POST /auth/v1/signin", TOKENS),
        ("POST /auth/v1/signin", &TOKENS[..60]),
        ("POST /auth/v1/signin", "<html>sentinel-access"),
        ("POST /v1/storages/get-objects-upload-info", UPLOAD),
        ("POST /v1/storages/get-objects-upload-info", &UPLOAD[..100]),
        ("POST /v1/functions/*", "sentinel-access is no JSON"),
    ] {
        let fault = Fault::on(path).times(1).status(200, "").body(body);
        let id = emulator.faults().add(fault);
        let error = if path.contains("signin") {
            let lin = Password::email("lin@example.org", NEW_PASSWORD);
            app.auth().sign_in_with_password(lin).await.unwrap_err()
        } else if path.contains("storages") {
            app.storage().upload("notes/b.txt", ROW).await.unwrap_err()
        } else {
            let called = app.call_function::<u8>("echo", &json!({})).await;
            called.unwrap_err()
        };
        assert_eq!(error.kind(), ErrorKind::Decode, "{path}: {error}");
        assert_eq!(emulator.faults().hits(id), 1);
        show(&error);
        show(&error.to_string());
    }
    for secret in [
        "access",
        "refresh",
        "signed-url",
        "signature",
        "store-token",
    ] {
        secrets.push(format!("sentinel-{secret}"));
    }
    app.auth().sign_out().await.unwrap();

    let traced = String::from_utf8_lossy(&captured.0.lock().unwrap()).into_owned();
    assert!(
        traced.contains("cloudbase.call") && traced.contains("mysql.select"),
        "the traces were captured"
    );
    assert!(
        traced.contains("response not decoded") && traced.contains("bytes=60"),
        "length and shape are said"
    );
    for secret in &secrets {
        assert!(!shown.contains(secret.as_str()), "shown: {secret}");
        let at = traced.find(secret.as_str());
        assert!(
            at.is_none(),
            "traced: {secret} in …{}…",
            around(&traced, at)
        );
    }
    // A code is too short to be looked for anywhere: it must not stand beside its name.
    for name in ["verification_code", "\"code\"", "code="] {
        assert!(
            !traced.contains(&format!("{name}{code}"))
                && !traced.contains(&format!("{name}: {code}"))
        );
    }
    assert!(!shown.contains(&code), "the code is shown");
}

/// Rejects a request with the body that it came with.
async fn repeat(request: http::Request<axum::body::Body>) -> http::Response<axum::body::Body> {
    let mut response = http::Response::new(request.into_body());
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    response
}

fn around(text: &str, at: Option<usize>) -> &str {
    let Some(at) = at else { return "" };
    let start = (at.saturating_sub(200)..=at)
        .find(|start| text.is_char_boundary(*start))
        .unwrap_or(at);
    text.get(start..at).unwrap_or_default()
}
