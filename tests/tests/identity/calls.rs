//! One request of each product that could be sent again after its user has gone.

use cloudbase_auth::{Auth, BoxFuture, Error, ErrorKind, Result, UpdateUser};
use cloudbase_data::{MySql, Row};
use cloudbase_functions::Functions;
use cloudbase_storage::Storage;
use serde_json::json;

use super::service::{KEY, Service, lineage, sign_in};

type Call = fn(Auth) -> BoxFuture<'static, Result<()>>;

/// Calls by the path that they go to.
fn calls() -> Vec<(&'static str, Call)> {
    vec![
        ("/v1/rdb/rest/diary", |auth| {
            Box::pin(async move {
                let mysql = MySql::new(auth.client().clone());
                mysql.from("diary").select::<Row>("*").await.map(drop)
            })
        }),
        ("/v1/rdb/rest/diary", |auth| {
            Box::pin(async move {
                let mysql = MySql::new(auth.client().clone());
                let insert = mysql.from("diary").insert(&json!({ "text": "of lin" }));
                insert.await.map(drop)
            })
        }),
        ("/v1/rdb/rest/diary", |auth| {
            Box::pin(async move {
                let mysql = MySql::new(auth.client().clone());
                let update = mysql.from("diary").update(&json!({ "text": "of lin" }));
                update.eq("id", 1).idempotent(true).await.map(drop)
            })
        }),
        ("/v1/functions/pay", |auth| {
            Box::pin(async move {
                let functions = Functions::new(auth.client().clone());
                functions.call("pay").idempotent(true).await.map(drop)
            })
        }),
        ("/v1/storages/get-objects-upload-info", |auth| {
            Box::pin(async move {
                let storage = Storage::new(auth.client().clone());
                storage.upload_info("a.txt").await.map(drop)
            })
        }),
        ("/auth/v1/user/basic/edit", |auth| {
            Box::pin(async move {
                auth.update_user(UpdateUser::new().nickname("Lin"))
                    .await
                    .map(drop)
            })
        }),
    ]
}

/// What may happen while the first response is awaited.
const CHANGES: [Option<&str>; 3] = [Some("mei"), Some("lin"), None];

fn is_right(error: &Error, status: u16) -> bool {
    let stands = error.status().is_some_and(|first| first == status);
    let changed = error.kind() == ErrorKind::Credentials
        && error.message().contains("the signed-in user changed");
    stands || changed
}

#[tokio::test(start_paused = true)]
async fn no_call_is_sent_again_as_another_user_or_with_the_key() {
    for status in [401, 503] {
        for change in CHANGES {
            for (path, call) in calls() {
                let service = Service::new();
                let auth = service.signed_in("lin").await;
                let first = auth.peek_session().unwrap();
                let other = auth.clone();
                service.interlude(path, 1, status, move || {
                    let other = other.clone();
                    async move {
                        other.sign_out().await.unwrap();
                        if let Some(name) = change {
                            sign_in(&other, name).await;
                        }
                    }
                });
                let error = call(auth.clone()).await.unwrap_err();
                let story = format!("{path}, {status}, then {change:?}: {error}");
                assert!(is_right(&error, status), "{story}");
                use cloudbase_auth::ExposeSecret as _;
                let own = first.access_token().expose_secret();
                assert_eq!(service.tokens(path), [own], "{story}");
                assert_eq!(auth.peek_session().is_some(), change.is_some());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_through_a_refresh_of_its_own_session() {
    for status in [401, 503] {
        let service = Service::new();
        let auth = service.signed_in("lin").await;
        let other = auth.clone();
        service.interlude("/v1/rdb/rest/diary", 1, status, move || {
            let other = other.clone();
            async move { drop(other.refresh_session().await.unwrap()) }
        });
        let mysql = MySql::new(auth.client().clone());
        mysql.from("diary").select::<Row>("*").await.unwrap();
        let tokens = service.tokens("/v1/rdb/rest/diary");
        assert!(
            tokens.len() == 2 && tokens[0] != tokens[1],
            "{status}: {tokens:?}"
        );
        assert_eq!(lineage(&tokens[0]), lineage(&tokens[1]), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_begun_with_the_key_stays_with_the_key() {
    let service = Service::new();
    let auth = service.signed_in("lin").await;
    auth.sign_out().await.unwrap();
    let other = auth.clone();
    service.interlude("/v1/rdb/rest/diary", 1, 503, move || {
        let other = other.clone();
        async move { sign_in(&other, "mei").await }
    });
    let mysql = MySql::new(auth.client().clone());
    mysql.from("diary").select::<Row>("*").await.unwrap();
    assert_eq!(service.tokens("/v1/rdb/rest/diary"), [KEY, KEY]);
}
