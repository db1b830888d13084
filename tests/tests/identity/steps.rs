//! Calls that are made of several requests: all of them are of one user.

use cloudbase_auth::{
    Auth, BoxFuture, Error, ErrorKind, ExposeSecret as _, MemoryStore, OtpType, Result, UpdateUser,
    VerifyOtp,
};
use cloudbase_data::{Models, MySql, Row};
use cloudbase_storage::Storage;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use std::time::Duration;

use super::service::{Service, lineage, sign_in};

type Call = fn(Auth) -> BoxFuture<'static, Result<()>>;

/// Has `name` sign in while the `nth` request to `path` of `call` succeeds, and returns what
/// the call came to with the tokens that the service got for it.
async fn with_a_change(
    service: &Service,
    (path, nth): (&'static str, usize),
    call: Call,
) -> (Error, Vec<String>, Auth) {
    let auth = service.signed_in("lin").await;
    let other = auth.clone();
    service.interlude(path, nth, 200, move || {
        let other = other.clone();
        async move { sign_in(&other, "mei").await }
    });
    let error = call(auth.clone()).await.unwrap_err();
    (error, service.tokens(path), auth)
}

fn assert_changed(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert!(
        error.message().contains("the signed-in user changed"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_rows_or_pages_ends_where_its_user_does() {
    // Where the user changes, what is in each page, and the call.
    let streams: [((&str, usize), Value, Call); 3] = [
        (
            ("/v1/rdb/rest/diary", 2),
            json!([{ "n": 1 }, { "n": 2 }]),
            |auth| {
                Box::pin(async move {
                    let mysql = MySql::new(auth.client().clone());
                    let mut rows = mysql.from("diary").select::<Row>("*").stream(2);
                    let mut seen = 0;
                    while let Some(row) = rows.next().await {
                        if let Err(error) = row {
                            assert_eq!(seen, 4, "what came before the change");
                            return Err(error);
                        }
                        seen += 1;
                    }
                    Ok(())
                })
            },
        ),
        (
            ("/v1/model/", 2),
            json!({ "data": { "records": [{ "n": 1 }, { "n": 2 }] } }),
            |auth| {
                Box::pin(async move {
                    let models = Models::new(auth.client().clone());
                    let pages = models.model("diary").list().pages(2);
                    pages.try_for_each(|_| async { Ok(()) }).await
                })
            },
        ),
        (
            ("/v1/storages/object/list", 1),
            json!({ "objects": [], "hasNext": true, "nextCursor": "c" }),
            |auth| {
                Box::pin(async move {
                    let storage = Storage::new(auth.client().clone());
                    let pages = storage.bucket("b").list("").pages();
                    pages.try_for_each(|_| async { Ok(()) }).await
                })
            },
        ),
    ];
    for ((path, nth), page, call) in streams {
        let service = Service::new();
        service.say(path, 200, page);
        let (error, tokens, _) = with_a_change(&service, (path, nth), call).await;
        assert_changed(&error);
        assert_eq!(tokens.len(), nth, "{path}: {tokens:?}");
        assert!(
            tokens
                .iter()
                .all(|token| lineage(token).starts_with("lin."))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_several_requests_is_of_one_user() {
    let service = Service::new();
    let path = "/v1/storages/get-objects-download-info";
    let item = json!({ "downloadUrl": "https://cos.example/a" });
    service.say(path, 200, Value::Array(vec![item; 50]));
    let auth = service.signed_in("lin").await;
    let other = auth.clone();
    service.interlude(path, 1, 200, move || {
        let other = other.clone();
        async move { sign_in(&other, "mei").await }
    });
    let storage = Storage::new(auth.client().clone());
    let ids = (0..120).map(|n| format!("cloud://two-users.b/{n}.txt"));
    let urls = storage
        .signed_urls(ids, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(service.tokens(path).len(), 1);
    for (n, url) in urls.iter().enumerate() {
        match url {
            Ok(_) => assert!(n < 50, "{n}"),
            Err(error) => {
                assert!(n >= 50, "{n}");
                assert_changed(error);
            }
        }
    }
    assert_eq!(urls.len(), 120);
}

#[tokio::test(start_paused = true)]
async fn no_step_of_a_change_of_account_is_made_by_another_user() {
    let leave = json!({ "sudo_token": "leave", "expires_in": 900 });
    let code = json!({ "verification_id": "v", "expires_in": 600, "is_user": false });
    let proof = json!({ "verification_token": "proof", "expires_in": 600 });
    // Where the user changes, what must not come then, and the call.
    let steps: [(&str, &str, Call); 6] = [
        ("/user/sudo", "DELETE /auth/v1/user/me", |auth| {
            Box::pin(async move { auth.delete_user("secret of lin").await })
        }),
        ("/user/sudo", "/user/password", |auth| {
            Box::pin(async move {
                let changed = auth.reset_password_for_old("secret of lin", "another");
                changed.await.map(drop)
            })
        }),
        ("/verification/verify", "/user/basic/edit", |auth| {
            Box::pin(async move {
                let update = UpdateUser::new().phone("13900001111");
                let pending = auth.update_user(update).await?.pending.unwrap();
                pending.verify("123456").await.map(drop)
            })
        }),
        // After the last step the session of another user is not what the caller gets.
        ("/user/password", "DELETE", |auth| {
            Box::pin(async move {
                let changed = auth.reset_password_for_old("secret of lin", "another");
                changed.await.map(drop)
            })
        }),
        ("/user/password", "DELETE", |auth| {
            Box::pin(async move {
                let pending = auth.reauthenticate().await?;
                pending.update_user("123456", "another").await.map(drop)
            })
        }),
        ("/verification/verify", "/signin/otp", |auth| {
            Box::pin(async move {
                let otp = VerifyOtp::new("v", "123456").phone("13900001111");
                let otp = otp.kind(OtpType::PhoneChange);
                auth.verify_otp(otp).await.map(drop)
            })
        }),
    ];
    for (path, after, call) in steps {
        let service = Service::new();
        let profile = json!({ "sub": "lin", "email": "lin@example.org" });
        service.say("/auth/v1/user/me", 200, profile);
        service.say("/user/password", 200, json!({}));
        service.say("/user/sudo", 200, leave.clone());
        service.say("/auth/v1/verification", 200, code.clone());
        service.say("/verification/verify", 200, proof.clone());
        let (error, _, auth) = with_a_change(&service, (path, 1), call).await;
        assert_changed(&error);
        assert_eq!(service.count(after), 0, "{path}");
        // And she who has come is not signed out by it.
        assert_eq!(auth.peek_session().unwrap().sub(), "mei", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_never_sent_with_the_token_of_another_user() {
    // Each has to refresh the session first, and finds who has signed in in another process meanwhile.
    let calls: [Call; 3] = [
        |auth| Box::pin(async move { auth.delete_user("secret of lin").await }),
        |auth| Box::pin(async move { auth.sudo_with_password("secret of lin").await.map(drop) }),
        |auth| {
            Box::pin(async move {
                let changed = auth.reset_password_for_old("secret of lin", "another");
                changed.await.map(drop)
            })
        },
    ];
    for call in calls {
        let service = Service::new();
        let leave = json!({ "sudo_token": "leave", "expires_in": 900 });
        service.say("/user/sudo", 200, leave);
        let store = MemoryStore::new();
        let open = || {
            let client = service.builder().build().unwrap();
            Auth::builder(client).session_store(store.clone()).build()
        };
        let auth = open().unwrap();
        sign_in(&auth, "lin").await;
        tokio::time::advance(Duration::from_secs(7300)).await;
        sign_in(&open().unwrap(), "mei").await;
        assert_changed(&call(auth.clone()).await.unwrap_err());
        assert_eq!(service.count("/user/sudo"), 0);
        assert_eq!(auth.peek_session().unwrap().sub(), "mei");
    }
}

#[tokio::test(start_paused = true)]
async fn an_identity_is_bound_to_the_account_that_it_was_asked_for() {
    for newcomer in [None, Some("mei")] {
        let service = Service::new();
        let uri = json!({ "uri": "https://source.example/authorize" });
        service.say("/provider/uri", 200, uri);
        let proof = json!({ "provider_token": "proof", "expires_in": 600 });
        service.say("/provider/token", 200, proof);
        service.say("/provider/bind", 200, json!({}));
        let auth = service.signed_in("lin").await;
        let to = auth
            .link_identity("github")
            .redirect_to("https://app.example.org/b");
        let page = to.await.unwrap();
        // The same user may sign in once more meanwhile.
        sign_in(&auth, newcomer.unwrap_or("lin")).await;
        let back = format!("https://app.example.org/b?code=c&state={}", page.state);
        let done = auth.handle_oauth_callback(&back).await;
        match newcomer {
            None => assert_eq!(done.unwrap().signed_in.session.sub(), "lin"),
            Some(_) => assert_changed(&done.unwrap_err()),
        }
        let expected = usize::from(newcomer.is_none());
        assert_eq!(service.count("/provider/token"), expected);
        assert_eq!(service.count("/provider/bind"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_is_for_whom_the_store_holds_when_it_is_given() {
    let store = MemoryStore::new();
    let service = Service::new();
    let open = || {
        let client = service.builder().build().unwrap();
        Auth::builder(client).session_store(store.clone()).build()
    };
    sign_in(&open().unwrap(), "lin").await;
    // Nobody has asked this one for its session yet.
    let auth = open().unwrap();
    let proof = json!({ "verification_token": "proof", "expires_in": 600 });
    service.say("/verification/verify", 200, proof);
    let other = auth.clone();
    service.interlude("/verification/verify", 1, 200, move || {
        let other = other.clone();
        async move { sign_in(&other, "mei").await }
    });
    let otp = VerifyOtp::new("v", "123456").email("lin@example.org");
    let error = auth
        .verify_otp(otp.kind(OtpType::EmailChange))
        .await
        .unwrap_err();
    assert_changed(&error);
    assert_eq!(auth.peek_session().unwrap().sub(), "mei");
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_handle_for_one_user_end_as_that_user() {
    let service = Service::new();
    let leave = json!({ "sudo_token": "leave", "expires_in": 900 });
    service.say("/user/sudo", 200, leave);
    service.say("/user/password", 200, json!({}));
    let auth = service.signed_in("lin").await;
    let theirs = auth.for_user("mei.9.9").unwrap();
    let changed = theirs.reset_password_for_old("secret of mei", "another");
    let session = changed.await.unwrap().session;
    assert_eq!(session.access_token().expose_secret(), "mei.9.9");
    assert_eq!(service.tokens("/user/password"), ["mei.9.9"]);
}
