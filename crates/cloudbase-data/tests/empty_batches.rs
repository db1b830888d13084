//! A batch of nothing is done at once: nothing is sent, and nothing was wrong.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]
#![cfg(all(feature = "mysql", feature = "models"))]

use cloudbase_core::http::{Request, Response};
use cloudbase_core::{Body, BoxError, Client, ErrorKind};
use cloudbase_data::{Models, MySql, Row};
use serde_json::{Value, json};
use tower::service_fn;

/// A client that must not send anything.
fn silent() -> Client {
    let transport = service_fn(|request: Request<Body>| async move {
        panic!("sent {}", request.uri());
        #[expect(unreachable_code, reason = "says what the future would give")]
        Ok::<Response<Body>, BoxError>(Response::default())
    });
    let client = Client::builder()
        .env_id("env")
        .access_key("the-access-key")
        .transport(transport);
    client.build().unwrap()
}

#[tokio::test]
async fn no_rows_are_written_at_once() {
    let mysql = MySql::new(silent());
    let table = || mysql.from("notes");
    let (list, json): (Vec<Value>, Value) = (Vec::new(), json!([]));
    assert_eq!(table().insert(&list).await.unwrap().affected, Some(0));
    assert_eq!(table().insert(&json).await.unwrap().affected, Some(0));
    assert_eq!(
        mysql.insert("notes", &list).await.unwrap().affected,
        Some(0)
    );
    let upsert = || {
        table()
            .upsert(&list)
            .on_conflict(["id"])
            .ignore_duplicates()
    };
    assert_eq!(upsert().await.unwrap().affected, Some(0));
    let response = upsert().send_with_meta().await.unwrap();
    assert_eq!((response.status().as_u16(), response.attempts()), (204, 0));

    let returning = || table().insert(&list).returning::<Row>("*");
    assert!(returning().await.unwrap().is_empty());
    assert_eq!(returning().maybe_single().await.unwrap(), None);
    let (written, rows) = returning().send_with_written().await.unwrap().into_value();
    assert_eq!((written.affected, rows.len()), (Some(0), 0));
}

#[tokio::test]
async fn no_records_are_created_at_once() {
    let todo = Models::new(silent()).model("todo");
    let list: [Value; 0] = [];
    assert_eq!(todo.create_many(&list).await.unwrap(), [""; 0]);
    let response = todo.create_many(&json!([])).send_with_meta().await.unwrap();
    assert_eq!((response.status().as_u16(), response.attempts()), (204, 0));
}

/// Fails where something must come back, or a call is asked for.
#[tokio::test]
async fn what_cannot_come_of_nothing_is_an_argument_error() {
    let mysql = MySql::new(silent());
    let insert = || mysql.from("notes").insert(&json!([]));
    let single = insert().returning::<Row>("*").single().await.unwrap_err();
    for error in [single, insert().operation().unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(
            error.message().contains("must have at least one row"),
            "{error}"
        );
    }
    let models = Models::new(silent());
    let create = models.model("todo").create_many(&json!([])).operation();
    assert_eq!(create.unwrap_err().kind(), ErrorKind::Argument);
}
