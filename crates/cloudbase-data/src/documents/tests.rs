//! The calls as values: method, path, query, body and nature of each builder.

use cloudbase_core::http::Method;
use cloudbase_core::{ErrorKind, Operation, Result};
use serde_json::json;

use super::*;

fn documents() -> Documents {
    let client = Client::builder()
        .env_id("env")
        .endpoint("http://127.0.0.1:1")
        .build()
        .unwrap();
    Documents::new(client)
}

fn t() -> Collection {
    documents().collection("t")
}

#[track_caller]
fn check(operation: Result<Operation>, line: &str, body: &str) {
    let operation = operation.unwrap();
    let target = operation.target().to_string();
    let target = target
        .strip_prefix("/v1/database/instances/(default)/databases/(default)")
        .unwrap();
    assert_eq!(format!("{} {target}", operation.method()), line);
    let sent = std::str::from_utf8(operation.body_bytes().unwrap()).unwrap();
    assert_eq!(sent, body);
    let typed = operation.headers().contains_key("content-type");
    assert_eq!(typed, !body.is_empty());
}

#[test]
fn reads_are_those_of_the_protocol() {
    check(
        t().get::<Document>().operation(),
        "GET /collections/t/documents?offset=0&limit=100",
        "",
    );
    check(
        t().filter(gte("age", 18))
            .order_by::<Document>(desc("createdAt"))
            .order_by(asc("n"))
            .skip(20)
            .limit(10)
            .fields(json!({ "name": true, "secret": false }))
            .operation(),
        "GET /collections/t/documents?projection=%7B%22name%22%3A1%2C%22secret%22%3A0%7D&offset=20&limit=10\
         &order=%5B%7B%22field%22%3A%22createdAt%22%2C%22direction%22%3A%22desc%22%7D%2C%7B%22field%22%3A%22n\
         %22%2C%22direction%22%3A%22asc%22%7D%5D\
         &query=%7B%22age%22%3A%7B%22%24gte%22%3A%7B%22%24numberInt%22%3A%2218%22%7D%7D%7D",
        "",
    );
    check(
        t().where_(eq("a", "x")).get_one::<Document>().operation(),
        "GET /collections/t/documents?offset=0&limit=1&query=%7B%22a%22%3A%22x%22%7D",
        "",
    );
    check(
        t().count().operation(),
        "GET /collections/t/documents?count=true",
        "",
    );
    check(
        t().filter(eq("a", "x")).count().operation(),
        "GET /collections/t/documents?count=true&query=%7B%22a%22%3A%22x%22%7D",
        "",
    );
    check(
        t().doc("a").get::<Document>().operation(),
        "GET /collections/t/documents/a",
        "",
    );
    check(
        t().doc("a").get::<Document>().fields(["n"]).operation(),
        "GET /collections/t/documents/a?projection=%7B%22n%22%3A1%7D",
        "",
    );
    check(
        t().doc(7).get::<Document>().operation(),
        "GET /collections/t/documents?offset=0&limit=1&query=%7B%22_id%22%3A%7B%22%24numberInt%22%3A%227%22%7D%7D",
        "",
    );
}

#[test]
fn writes_are_those_of_the_protocol() {
    let line = "POST /collections/t/documents";
    check(
        t().add(&json!({ "title": "hello", "f": 1.5, "n": 1, "none": null }))
            .operation(),
        line,
        r#"{"data":[{"f":1.5,"n":1,"none":null,"title":"hello"}]}"#,
    );
    check(
        t().add_many(&[json!({ "a": 1 }), json!({})]).operation(),
        line,
        r#"{"data":[{"a":1},{}]}"#,
    );
    check(
        t().filter(eq("done", false))
            .update(set("done", true))
            .operation(),
        "PATCH /collections/t/documents",
        r#"{"query":{"done":false},"data":{"$set":{"done":true}},"multi":true,"upsert":false,"replaceMode":false}"#,
    );
    check(
        t().filter(eq("a", 1))
            .update(inc("n", 1))
            .first_only()
            .upsert()
            .operation(),
        "PATCH /collections/t/documents",
        r#"{"query":{"a":1},"data":{"$inc":{"n":1}},"multi":false,"upsert":true,"replaceMode":false}"#,
    );
    check(
        t().filter(eq("done", true)).remove().operation(),
        "POST /collections/t/documents/remove",
        r#"{"query":{"done":true},"multi":true}"#,
    );
    check(
        t().doc("a")
            .update(json!({ "title": "new", "sub": { "k": 1 } }))
            .operation(),
        "PATCH /collections/t/documents/a",
        r#"{"data":{"$set":{"sub.k":1,"title":"new"}},"upsert":false,"replaceMode":false}"#,
    );
    check(
        t().doc("a")
            .set(&json!({ "title": "z", "e": {} }))
            .operation(),
        "PATCH /collections/t/documents/a",
        r#"{"data":{"e":{},"title":"z"},"upsert":true,"replaceMode":true}"#,
    );
    check(
        t().doc("a").remove().operation(),
        "DELETE /collections/t/documents/a",
        "",
    );
    check(
        t().doc(7_i64).remove().operation(),
        "POST /collections/t/documents/remove",
        r#"{"query":{"_id":7},"multi":false}"#,
    );
    check(
        t().doc(7).set(&json!({ "a": 1 })).operation(),
        "PATCH /collections/t/documents",
        r#"{"query":{"_id":7},"multi":false,"data":{"a":1},"upsert":true,"replaceMode":true}"#,
    );
    check(
        documents().create_collection("t").operation(),
        "POST /collections",
        r#"{"collectionName":"t"}"#,
    );
}

#[test]
fn names_and_ids_are_one_segment_each() {
    for (name, segment) in [
        ("我的", "%E6%88%91%E7%9A%84"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("a b%2F", "a%20b%252F"),
    ] {
        check(
            documents()
                .collection(name)
                .doc(name)
                .get::<Document>()
                .operation(),
            &format!("GET /collections/{segment}/documents/{segment}"),
            "",
        );
    }
    let other = documents().instance("i").database("d/e").collection("t");
    let operation = other.count().operation().unwrap();
    assert_eq!(
        operation.target().path(),
        "/v1/database/instances/i/databases/d%2Fe/collections/t/documents"
    );
    let one = documents()
        .database("d")
        .collection("t")
        .count()
        .operation()
        .unwrap();
    assert_eq!(
        one.target().path(),
        "/v1/database/instances/(default)/databases/d/collections/t/documents"
    );
}

#[test]
fn what_may_be_repeated() {
    let repeatable = |operation: Result<Operation>| operation.unwrap().is_repeatable();
    let (a, f) = (json!({ "a": 1 }), eq("a", 1));
    assert!(repeatable(t().get::<Document>().operation()));
    assert!(repeatable(t().count().operation()));
    assert!(repeatable(t().doc("a").get::<Document>().operation()));
    assert!(repeatable(t().doc("a").set(&a).operation()));
    assert!(repeatable(t().doc("a").remove().operation()));
    assert!(repeatable(t().doc(7).remove().operation()));
    assert!(!repeatable(t().add(&a).operation()));
    assert!(!repeatable(t().doc("a").update(inc("n", 1)).operation()));
    assert!(!repeatable(
        t().filter(f.clone()).update(inc("n", 1)).operation()
    ));
    assert!(!repeatable(t().filter(f.clone()).remove().operation()));
    assert!(!repeatable(documents().create_collection("t").operation()));
    assert!(repeatable(
        t().filter(f).remove().idempotent(true).operation()
    ));
    let with_id = json!({ "_id": "a" });
    assert!(repeatable(t().add(&with_id).idempotent(true).operation()));
}

#[test]
fn bad_arguments_are_rejected_before_anything_is_sent() {
    let with_id = json!({ "_id": "a" });
    for (operation, expected) in [
        (
            documents().collection("").count().operation(),
            "`collection` must not be empty",
        ),
        (
            documents().collection("..").count().operation(),
            "`collection` must not be `.` or `..`",
        ),
        (
            t().doc("").get::<Document>().operation(),
            "`id` must not be empty",
        ),
        (
            t().limit::<Document>(0).operation(),
            "`limit` must be 1 to 1000; for more documents use `stream`",
        ),
        (
            t().limit::<Document>(1001).operation(),
            "`limit` must be 1 to 1000; for more documents use `stream`",
        ),
        (
            t().order_by::<Document>(asc("")).operation(),
            "`field` must not be empty",
        ),
        (
            t().order_by::<Document>(asc("a"))
                .order_by(desc("a"))
                .operation(),
            "`order` must name each field once",
        ),
        (
            t().fields::<Document>([""]).operation(),
            "`field` must not be empty",
        ),
        (
            t().fields::<Document>(json!(1)).operation(),
            "`fields` must be a JSON object",
        ),
        (
            t().filter(Filter::everything()).remove().operation(),
            "`filter` must choose documents: a write without a condition would touch all of them",
        ),
        (
            t().filter(json!({})).update(set("a", 1)).operation(),
            "`filter` must choose documents: a write without a condition would touch all of them",
        ),
        (
            t().add(&[1]).operation(),
            "`document` must be a struct or map: field names and values",
        ),
        (
            t().add_many(&[json!({}), json!(1)]).operation(),
            "`documents[1]` must be a struct or map: field names and values",
        ),
        (
            t().add(&json!({ "a": 1 })).idempotent(true).operation(),
            "`document` must have an `_id` if it is added with `idempotent(true)`: without one a repetition \
             adds a second document",
        ),
        (
            t().doc("a").set(&with_id).operation(),
            "`document` must not have an `_id`: it is that of `doc(id)`; leave it out with \
             `#[serde(skip_serializing)]`",
        ),
        (
            t().doc("a").set(&json!({ "$inc": { "n": 1 } })).operation(),
            "`document` must not have commands such as `$inc`: they are for `update`",
        ),
        (
            t().doc("a").update(Update::default()).operation(),
            "`update` must change at least one field",
        ),
        (
            documents().create_collection("").operation(),
            "`collection` must not be empty",
        ),
    ] {
        let error = operation.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        assert_eq!(error.message(), expected);
        assert!(error.operation().starts_with("documents."), "{error}");
    }
    assert_eq!(t().count().operation().unwrap().method(), Method::GET);
}
