//! What counts as rows and as a write that was made, and what only has the status of one.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]
#![cfg(feature = "mysql")]

use cloudbase_core::http::{Request, Response};
use cloudbase_core::{Body, BoxError, Client, Error, ErrorKind};
use cloudbase_data::{MySql, Row};
use serde_json::json;
use tower::service_fn;

const ENVELOPE: &str = r#"{"code":"INVALID_PARAM","message":"m","requestId":"r"}"#;

/// A client whose every call gets this response; an empty content type is left out.
fn responding(status: u16, content_type: &'static str, body: &'static str) -> MySql {
    let transport = service_fn(move |_: Request<Body>| async move {
        let mut response = Response::builder().status(status);
        if !content_type.is_empty() {
            response = response.header("content-type", content_type);
        }
        Ok::<_, BoxError>(response.body(Body::from(body)).unwrap())
    });
    let client = Client::builder()
        .env_id("env")
        .access_key("the-access-key")
        .transport(transport);
    MySql::new(client.build().unwrap())
}

/// What each write that asks for no rows comes to.
async fn writes(mysql: &MySql) -> [Result<(), Error>; 4] {
    let row = json!({ "a": 1 });
    let table = || mysql.from("notes");
    [
        table().insert(&row).await.map(drop),
        table().upsert(&row).await.map(drop),
        table().update(&row).eq("id", 1).await.map(drop),
        table().delete().eq("id", 1).await.map(drop),
    ]
}

/// What each call that asks for a list of rows comes to, with the number of rows.
async fn lists(mysql: &MySql) -> [Result<usize, Error>; 3] {
    let select = || mysql.from("notes").select::<Row>("*");
    [
        select().await.map(|rows| rows.len()),
        select().with_count().await.map(|page| page.rows.len()),
        select()
            .maybe_single()
            .await
            .map(|row| row.map_or(0, |_| 1)),
    ]
}

fn assert_coded(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Api, "{error:?}");
    assert_eq!(error.code().unwrap(), "INVALID_PARAM");
    assert_eq!((error.message(), error.request_id()), ("m", Some("r")));
}

#[tokio::test]
async fn an_error_with_the_status_of_a_success_is_an_error() {
    for status in [200, 201, 206] {
        let mysql = responding(status, "application/json", ENVELOPE);
        for outcome in writes(&mysql).await {
            assert_coded(&outcome.unwrap_err());
        }
        for outcome in lists(&mysql).await {
            assert_coded(&outcome.unwrap_err());
        }
        let returning = mysql
            .from("notes")
            .insert(&json!({ "a": 1 }))
            .returning::<Row>("*");
        assert_coded(&returning.await.unwrap_err());
    }
    // One row is an object, and its columns are the user's to name.
    let row = responding(200, "application/json", r#"{"code":"A1","message":"hi"}"#);
    let row = row.from("notes").select::<Row>("*").single().await.unwrap();
    assert_eq!(row.get::<String>("code").unwrap(), "A1");
    let rows = responding(200, "application/json", r#"[{"code":"A1","message":"hi"}]"#);
    for outcome in lists(&rows).await {
        assert_eq!(outcome.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_page_is_neither_a_write_nor_rows() {
    for (content_type, body) in [
        ("text/html", "<html></html>"),
        ("text/plain", "please log in"),
        ("application/json", "<!doctype html>"),
        ("", "<html></html>"),
    ] {
        let mysql = responding(200, content_type, body);
        let expected = match content_type {
            "" | "application/json" => "is not valid JSON".to_owned(),
            other => format!("the response is `{other}`, not JSON"),
        };
        let outcomes = writes(&mysql).await.into_iter();
        let outcomes = outcomes.chain(lists(&mysql).await.map(|outcome| outcome.map(drop)));
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.message().contains(&expected), "{error}");
            assert_eq!(error.status().unwrap().as_u16(), 200);
            // Nobody knows what became of a write.
            assert!(error.was_sent() && !error.is_retryable());
        }
    }
}

#[tokio::test]
async fn nothing_is_a_write_and_no_rows() {
    for (status, body) in [
        (200, ""),
        (201, ""),
        (204, ""),
        (200, "[]"),
        (200, "{}"),
        (200, "\n"),
    ] {
        for outcome in writes(&responding(status, "", body)).await {
            outcome.unwrap();
        }
    }
    // The write has happened, though its rows did not come.
    let mysql = responding(201, "", "");
    let returning = mysql
        .from("notes")
        .insert(&json!({ "a": 1 }))
        .returning::<Row>("*");
    assert_eq!(returning.await.unwrap().len(), 0);
    for outcome in lists(&responding(200, "application/json", "")).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.message(), "empty response, Vec<Row> expected");
    }
    for rows in [responding(200, "", "[]"), responding(204, "", "")] {
        for outcome in lists(&rows).await {
            assert_eq!(outcome.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn half_a_surrogate_pair_in_a_column_is_read() {
    #[derive(serde::Deserialize)]
    struct Note {
        text: String,
        meta: serde_json::Value,
    }
    let body = r#"[{"text":"cut \ud83d","meta":{"\udc00":["\ud83d!"]}}]"#;
    let mysql = responding(200, "application/json", body);
    let notes: Vec<Note> = mysql.from("notes").select("*").await.unwrap();
    assert_eq!(notes[0].text, "cut \u{fffd}");
    assert_eq!(notes[0].meta, json!({ "\u{fffd}": ["\u{fffd}!"] }));
    let rows: Vec<Row> = mysql.from("notes").select("*").await.unwrap();
    assert_eq!(rows[0].get::<String>("text").unwrap(), "cut \u{fffd}");
    assert_eq!(
        rows[0].get::<serde_json::Value>("meta").unwrap(),
        notes[0].meta
    );
}

#[tokio::test]
async fn what_does_not_fit_128_bits_is_named_by_its_path() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Wide {
        id: i64,
        v: u128,
    }
    for v in ["null", "\"12\"", "1.5"] {
        let body: &'static str = format!("[{{\"id\":1,\"v\":{v}}}]").leak();
        let mysql = responding(200, "application/json", body);
        let rows = mysql.from("notes").select::<Wide>("*").await;
        assert_eq!(
            rows.unwrap_err().message(),
            "the response does not fit `Vec<Wide>` at `[0].v`: u128 expected"
        );
    }
}
