//! What the document database's calls make of responses.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]
#![cfg(feature = "documents")]

#[path = "documents/additions.rs"]
mod additions;
#[path = "documents/script.rs"]
mod script;
#[path = "documents/transactions.rs"]
mod transactions;

use cloudbase_core::{ErrorKind, Timestamp};
use cloudbase_data::documents::{Document, Removed, Value, asc, eq, exclude, inc, sum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::script::Script;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Todo {
    #[serde(rename = "_id")]
    id: String,
    n: i32,
    at: Timestamp,
}

const ITEM: &str = r#"{"_id":{"$oid":"507f1f77bcf86cd799439011"},"n":{"$numberInt":"30"},"at":{"$date":{"$numberLong":"1767225600000"}}}"#;

fn todo() -> Todo {
    Todo {
        id: "507f1f77bcf86cd799439011".into(),
        n: 30,
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn documents_are_read_into_types_of_the_user() {
    let script = Script::new()
        .json(
            200,
            format!(r#"{{"offset":0,"limit":100,"list":[{ITEM}]}}"#),
        )
        .json(200, format!("[{ITEM}]"))
        .json(200, "{}")
        .json(200, ITEM)
        .json(200, format!(r#"{{"list":[{ITEM}]}}"#))
        .json(200, r#"{"total":{"$numberInt":"42"}}"#);
    let todos = script.documents().collection("todos");
    let all: Vec<Todo> = todos
        .filter(eq("n", 30))
        .order_by(asc("n"))
        .limit(20)
        .await
        .unwrap();
    assert_eq!(all, [todo()]);
    assert_eq!(todos.get::<Todo>().await.unwrap(), [todo()]);
    assert_eq!(todos.get::<Todo>().await.unwrap(), []);
    let one: Option<Todo> = todos.doc("507f1f77bcf86cd799439011").get().await.unwrap();
    assert_eq!(one, Some(todo()));
    let schemaless: Document = todos.get_one().await.unwrap().unwrap();
    assert_eq!(schemaless.get("n"), Some(&Value::Int32(30)));
    assert_eq!(todos.count().await.unwrap(), 42);
}

#[tokio::test]
async fn writes_report_what_they_did() {
    let script = Script::new()
        .json(201, r#"{"insertedIds":["doc-1"]}"#)
        .json(
            201,
            r#"{"insertedIds":[{"$oid":"507f1f77bcf86cd799439011"},"b"]}"#,
        )
        .json(200, r#"{"updated":1,"matched":2,"upsert_id":""}"#)
        .json(
            200,
            r#"{"updated":0,"matched":0,"upsert_id":{"$oid":"507f1f77bcf86cd799439011"}}"#,
        )
        .json(200, r#"{"matched":1,"updated":1,"upsert_id":null}"#)
        .json(200, r#"{"deleted":3}"#)
        .json(201, "");
    let todos = script.documents().collection("todos");
    assert_eq!(todos.add(&json!({})).await.unwrap().id, "doc-1");
    let added = todos.add_many(&[json!({}), json!({})]).await.unwrap();
    assert_eq!(added.ids, ["507f1f77bcf86cd799439011", "b"]);
    let none: [Todo; 0] = [];
    assert_eq!(todos.add_many(&none).await.unwrap().ids.len(), 0);
    let updated = todos.filter(eq("n", 1)).update(inc("n", 1)).await.unwrap();
    assert_eq!(
        (updated.matched, updated.updated, updated.upserted_id),
        (2, 1, None)
    );
    let set = todos.doc("a").set(&json!({})).await.unwrap();
    assert_eq!(set.upserted_id.unwrap(), "507f1f77bcf86cd799439011");
    let updated = todos.doc("a").update(inc("n", 1)).await.unwrap();
    assert_eq!((updated.matched, updated.updated), (1, 1));
    let removed = todos.filter(eq("n", 1)).remove().await.unwrap();
    assert_eq!(removed.deleted, Some(3));
    script.documents().create_collection("new").await.unwrap();
    assert_eq!(script.requests().len(), 7);
}

#[tokio::test]
async fn a_document_that_is_not_there_is_no_error() {
    const NOT_FOUND: &str =
        r#"{"code":"DOCUMENT_NOT_FOUND","message":"no such document","request_id":"r-1"}"#;
    const NO_COLLECTION: &str = r#"{"code":"DATABASE_COLLECTION_NOT_EXIST","message":"none"}"#;
    let script = Script::new()
        .json(404, NOT_FOUND)
        .json(404, NOT_FOUND)
        .json(404, NOT_FOUND)
        .json(404, NO_COLLECTION);
    let doc = script.documents().collection("todos").doc("a");
    assert_eq!(doc.get::<Todo>().await.unwrap(), None);
    assert_eq!(doc.update(inc("n", 1)).await.unwrap().matched, 0);
    assert_eq!(doc.remove().await.unwrap().deleted, Some(0));
    let error = doc.get::<Todo>().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_removal_that_finds_nothing_has_succeeded() {
    let script = Script::new().json(502, "{}").json(
        404,
        r#"{"code":"DOCUMENT_NOT_FOUND","message":"no such document"}"#,
    );
    let removed = script
        .documents()
        .collection("todos")
        .doc("a")
        .remove()
        .await;
    assert_eq!(removed.unwrap().deleted, None::<u64>);
    assert_eq!(Removed::default().deleted, None);
}

/// A document may have any fields, those of an error too.
#[tokio::test]
async fn a_document_with_a_code_is_no_error() {
    const DOCUMENT: &str = r#"{"_id":"a","code":"X","message":"m"}"#;
    const NO_ID: &str = r#"{"code":"X","message":"m"}"#;
    let script = Script::new()
        .json(200, DOCUMENT)
        .json(
            200,
            format!(r#"{{"list":[{NO_ID}],"code":"SUCCESS","message":""}}"#),
        )
        .json(200, NO_ID);
    let todos = script.documents().collection("todos");
    let found: Document = todos.doc("a").get().await.unwrap().unwrap();
    assert_eq!(found.read::<String>("code").unwrap(), "X");
    assert_eq!(todos.get::<Document>().await.unwrap().len(), 1);
    let found: Document = todos
        .doc("a")
        .get()
        .fields(exclude(["_id"]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.len(), 2);
}

/// It is the user's own.
#[tokio::test]
async fn a_field_called_request_id_is_not_that_of_the_call() {
    let script = Script::new()
        .json(200, r#"{"_id":"a","requestId":"user-1"}"#)
        .json(
            200,
            r#"{"list":[{"_id":"a","requestId":"user-1"}],"requestId":"r-1"}"#,
        );
    let todos = script.documents().collection("todos");
    let found = todos
        .doc("a")
        .get::<Document>()
        .send_with_meta()
        .await
        .unwrap();
    assert_ne!(found.request_id(), "user-1");
    assert_eq!(
        found.value().as_ref().unwrap().get("requestId"),
        Some(&Value::from("user-1"))
    );
    let found = todos.get::<Document>().send_with_meta().await.unwrap();
    assert_eq!(found.request_id(), "r-1");
}

#[tokio::test]
async fn an_error_in_a_success_is_one() {
    const CONFLICT: &str =
        r#"{"code":"DATABASE_TRANSACTION_CONFLICT","message":"conflict","requestId":"r-1"}"#;
    let script = Script::new().json(200, CONFLICT).json(200, CONFLICT);
    let todos = script.documents().collection("todos");
    for error in [
        todos.get::<Document>().await.unwrap_err(),
        todos.doc("a").get::<Document>().await.unwrap_err(),
    ] {
        assert!(error.is_conflict(), "{error}");
        assert_eq!(error.request_id(), Some("r-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn every_code_is_classified() {
    for (status, code, message, expected) in [
        (400, "INVALID_PARAM", "m", ""),
        (401, "DATABASE_PERMISSION_DENIED", "m", "permission"),
        (403, "DATABASE_INVALID_OPERRATOR", "m", ""),
        (404, "DATABASE_COLLECTION_NOT_EXIST", "m", "not found"),
        (409, "DATABASE_COLLECTION_ALREADY_EXIST", "m", "conflict"),
        (409, "DATABASE_DUPLICATE_WRITE", "m", "conflict"),
        (422, "EXCEED_REQUEST_LIMIT", "m", "throttled"),
        (
            422,
            "EXCEED_CONCURRENT_REQUEST_LIMIT",
            "m",
            "throttled transient",
        ),
        (500, "DATABASE_REQUEST_FAILED", "m", "transient"),
        (
            500,
            "DATABASE_REQUEST_FAILED",
            "E11000 duplicate key error collection",
            "conflict",
        ),
        (500, "SYS_ERR", "m", "transient"),
        (503, "DATABASE_TRANSACTION_CONFLICT", "m", "conflict"),
        (503, "DATABASE_TRANSACTION_FAIL", "m", ""),
        (504, "DATABASE_TIMEOUT", "m", "transient"),
    ] {
        let body = json!({ "code": code, "message": message }).to_string();
        let script = Script::new().json(status, body);
        let error = script
            .documents()
            .collection("t")
            .add(&json!({}))
            .await
            .unwrap_err();
        let found: Vec<&str> = [
            (error.is_permission_denied(), "permission"),
            (error.is_not_found(), "not found"),
            (error.is_conflict(), "conflict"),
            (error.is_throttled(), "throttled"),
            (error.is_transient(), "transient"),
        ]
        .into_iter()
        .filter_map(|(is, name)| is.then_some(name))
        .collect();
        assert_eq!(found.join(" "), expected, "{code} {message}");
        assert!(!error.is_unauthenticated(), "{code}");
        // None of them is mended by another token, and an addition is not repeated.
        assert_eq!(script.requests().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn an_environment_without_the_database_is_explained() {
    let message = "env has no document database instance; it is provisioned with PostgreSQL instance \
                   pgdb-1, use ExecutePGSql";
    let body = json!({ "code": "RESOURCE_NOT_FOUND", "message": message }).to_string();
    let script = Script::new().json(404, body);
    let error = script
        .documents()
        .collection("t")
        .get::<Document>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error
            .message()
            .starts_with("this environment has no document database"),
        "{error}"
    );
    assert_eq!(error.operation(), "documents.find");
}

#[tokio::test]
async fn a_stream_ends_after_a_short_page_and_keeps_to_its_limit() {
    let page = |from: usize, documents: usize| {
        let list: Vec<_> = (from..from + documents)
            .map(|n| json!({ "n": n }))
            .collect();
        json!({ "list": list }).to_string()
    };
    let script = Script::new()
        .json(200, page(0, 150))
        .json(200, page(150, 150))
        .json(200, page(300, 7));
    let numbers = script.documents().collection("t").get::<Document>();
    let mut pages = numbers.order_by(asc("_id")).pages(150);
    let mut seen = 0;
    while let Some(page) = pages.next_page().await.unwrap() {
        seen += page.len();
    }
    assert_eq!(seen, 307);
    let queries = script.queries();
    assert!(queries[1].contains("offset=150&limit=150"), "{queries:?}");
    assert_eq!(queries.len(), 3);

    let script = Script::new()
        .json(200, page(0, 1000))
        .json(200, page(1000, 1000));
    let numbers = script.documents().collection("t").limit::<Document>(1200);
    let mut stream = numbers.stream();
    let mut seen = 0;
    while stream.next_item().await.unwrap().is_some() {
        seen += 1;
    }
    assert_eq!(seen, 2000);
    assert!(script.queries()[1].contains("offset=1000&limit=200"));

    let error = script
        .documents()
        .collection("t")
        .get::<Document>()
        .pages(0)
        .next_page()
        .await;
    assert_eq!(error.unwrap_err().message(), "`size` must be 1 to 1000");
}

#[tokio::test]
async fn pipelines_and_commands_give_documents() {
    let script = Script::new()
        .json(200, r#"{"list":[{"_id":"u1","n":{"$numberInt":"7"}}]}"#)
        .json(
            200,
            r#"{"requestId":"r-1","list":[[{"_id":{"$oid":"507f1f77bcf86cd799439011"}}],[{"n":{"$numberInt":"1"}}]]}"#,
        );
    let documents = script.documents();
    let counted: Vec<Document> = documents
        .collection("t")
        .aggregate()
        .group("$owner", [sum("n", 1)])
        .await
        .unwrap();
    assert_eq!(counted[0].read::<u32>("n").unwrap(), 7);
    let find: Document = r#"{"find":"users","filter":{"age":{"$gte":18}}}"#.parse().unwrap();
    let update = Document::from_iter([("update", "users")]);
    let results = documents
        .run_commands([find, update])
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(results.request_id(), "r-1");
    let results = results.into_value();
    assert_eq!(results.len(), 2);
    let users: Vec<Document> = results.documents(0).unwrap();
    assert!(users[0].read::<String>("_id").is_ok());
    assert_eq!(results.raw(1), Some(r#"[{"n":{"$numberInt":"1"}}]"#));
    assert!(results.documents::<Document>(2).is_err());
    assert_eq!(
        script.requests()[1].body["commands"][0].to_string(),
        r#"{"filter":{"age":{"$gte":18}},"find":"users"}"#
    );
    for (commands, expected) in [
        (vec![], "`commands` must have at least one command"),
        (
            vec![json!({})],
            "`commands[0]` must be a struct or map whose first field is the command's name",
        ),
    ] {
        let error = documents.run_commands(commands).await.unwrap_err();
        assert_eq!(error.message(), expected);
    }
}
