//! Names and patterns of the user's, as they are sent.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]
#![cfg(feature = "mysql")]

use std::sync::{Arc, Mutex};

use cloudbase_core::http::{Request, Response};
use cloudbase_core::{Body, BoxError, Client, ErrorKind};
use cloudbase_data::mysql::{Column, QueryOptions, any, asc, eq, escape_like};
use cloudbase_data::{MySql, Row};
use tower::service_fn;

/// A database without rows, and the queries of the requests to it.
fn start() -> (MySql, impl Fn() -> String) {
    let last = Arc::<Mutex<String>>::default();
    let seen = last.clone();
    let transport = service_fn(move |request: Request<Body>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        *seen.lock().unwrap() = query;
        let response = Response::builder().header("content-type", "application/json");
        async { Ok::<_, BoxError>(response.body(Body::from("[]"))?) }
    });
    let client = Client::builder()
        .env_id("env")
        .access_key("the-access-key")
        .transport(transport);
    let query = move || last.lock().unwrap().clone();
    (MySql::new(client.build().unwrap()), query)
}

#[test]
fn text_in_a_pattern_stands_for_itself() {
    assert_eq!(escape_like("milk"), "milk");
    assert_eq!(escape_like(r"100%_\"), r"100\%\_\\");
    assert_eq!(escape_like(""), "");
}

#[tokio::test]
async fn a_typed_column_can_be_all_that_is_selected() {
    const TITLE: Column<String> = Column::new("title");
    let (mysql, query) = start();
    mysql.from("notes").select::<Row>(TITLE).await.unwrap();
    assert_eq!(query(), "select=title");
}

#[tokio::test]
async fn a_name_with_a_blank_at_one_end_is_quoted() {
    let (mysql, query) = start();
    for name in [" a", "a ", " "] {
        let select = mysql.from("notes").select::<Row>("*").order(asc(name));
        select.await.unwrap();
        let quoted = format!("%22{}%22.asc", name.replace(' ', "+"));
        assert!(query().contains(&quoted), "{name:?}: {}", query());
    }
}

#[tokio::test]
async fn a_column_is_quoted_where_it_reads_as_a_group_and_there_alone() {
    let (mysql, query) = start();
    for name in ["and", "or", "not"] {
        let select = || mysql.from("notes").select::<Row>("*");
        select()
            .filter(any([eq(name, 1), eq("b", 2)]))
            .await
            .unwrap();
        assert!(
            query().contains(&format!("%22{name}%22.eq.1")),
            "{}",
            query()
        );
        select().order(asc(name)).await.unwrap();
        assert!(
            query().contains(&format!("order={name}.asc")),
            "{}",
            query()
        );
    }
}

#[tokio::test]
async fn only_a_text_search_names_a_configuration() {
    let (mysql, query) = start();
    let filtered = |condition: &str| QueryOptions::new().filters([("title", condition)]);
    let options = filtered("fts(english).milk");
    mysql.query::<Row>("notes", options).await.unwrap();
    let sent = query().replace("%28", "(").replace("%29", ")");
    assert!(sent.contains("title=fts(english).milk"), "{sent}");
    for condition in ["eq(english).milk", "fts(a b).milk", "similar.milk"] {
        let options = filtered(condition);
        let error = mysql.query::<Row>("notes", options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{error:?}");
        assert!(error.message().contains("unknown operator"), "{error}");
    }
}
