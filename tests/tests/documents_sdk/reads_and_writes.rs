//! Types there and back, conditions, pages, errors.

use cloudbase_core::Timestamp;
use cloudbase_data::Documents;
use cloudbase_data::documents::{
    Binary, DateTime, Decimal128, Document, Filter, GeoPoint, ObjectId, Regex, Value, asc, avg,
    desc, elem_match, element, eq, exists, gt, in_, inc, lt, merge, neq, nor, not, pull_where,
    push, regexp, remove, set, size, sum,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{client, documents, emulator};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Everything {
    int: i32,
    long: i64,
    double: f64,
    whole: f64,
    price: Decimal128,
    at: Timestamp,
    old: DateTime,
    icon: Binary,
    pattern: Regex,
    other: ObjectId,
    none: Option<String>,
    tags: Vec<String>,
    place: GeoPoint,
    nested: Nested,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Nested {
    seen: Option<DateTime>,
    count: i64,
}

fn everything() -> Everything {
    Everything {
        int: -7,
        long: 7,
        double: 0.1,
        whole: 2.0,
        price: "19.90".parse().unwrap(),
        at: "2026-01-01T00:00:00.123Z".parse().unwrap(),
        old: DateTime::from_unix_millis(-62_135_596_800_001),
        icon: Binary::new(5, [0, 255]),
        pattern: Regex::new("^a").options("i"),
        other: "507f1f77bcf86cd799439011".parse().unwrap(),
        none: None,
        tags: vec!["a".into()],
        place: GeoPoint::new(116.4, 39.0),
        nested: Nested {
            seen: Some(DateTime::from_unix_millis(1)),
            count: 1 << 40,
        },
    }
}

#[tokio::test]
async fn every_type_comes_back_as_it_was_sent() {
    let emulator = emulator().await;
    let todos = documents(&emulator).collection("todos");
    let id = todos.add(&everything()).await.unwrap().id;
    let by_path: Option<Everything> = todos.doc(&id).get().await.unwrap();
    assert_eq!(by_path, Some(everything()));
    let listed: Vec<Everything> = todos.get().await.unwrap();
    assert_eq!(listed, [everything()]);

    let stored: Document = todos.doc(&id).get().await.unwrap().unwrap();
    for (name, expected) in [
        ("int", Value::Int32(-7)),
        ("long", Value::Int64(7)),
        ("whole", Value::Double(2.0)),
        ("none", Value::Null),
    ] {
        assert_eq!(stored.get(name), Some(&expected), "{name}");
    }
    assert_eq!(stored.get("absent"), None);
    // The emulator makes ids that the JS SDK can read.
    assert_eq!(stored.get("_id"), Some(&Value::from(&id)));
    assert_eq!(todos.filter(eq("_id", &id)).count().await.unwrap(), 1);
}

async fn numbered(documents: &Documents) {
    let todos: Vec<_> = (0..25)
        .map(|n| json!({ "_id": format!("t{n:02}"), "n": n, "tags": ["all", if n % 2 == 0 { "even" } else { "odd" }] }))
        .collect();
    let added = documents
        .collection("todos")
        .add_many(&todos)
        .await
        .unwrap();
    assert_eq!(added.ids.len(), 25);
    assert_eq!(added.ids[3], "t03");
}

#[tokio::test]
async fn conditions_mean_what_they_say() {
    let emulator = emulator().await;
    let documents = documents(&emulator);
    numbered(&documents).await;
    let todos = documents.collection("todos");
    for (filter, expected) in [
        (Filter::everything(), 25),
        (eq("n", 3), 1),
        (eq("n", 3.0), 1),
        (gt("n", 5) & lt("n", 9), 3),
        (lt("n", 2) | gt("n", 22), 4),
        (
            (lt("n", 2) | gt("n", 22)) & (eq("tags", "odd") | eq("n", 24)),
            3,
        ),
        (!gt("n", 5), 6),
        (not(lt("n", 2) | gt("n", 22)), 21),
        (nor([lt("n", 2), gt("n", 22)]), 21),
        (neq("missing", 1), 25),
        (exists("missing", true), 0),
        (in_("n", [1, 2, 99]), 2),
        (in_("n", [0_i32; 0]), 0),
        (size("tags", 2), 25),
        (elem_match("tags", element::<String>().eq("odd")), 12),
        (regexp("_id", Regex::new("^T0").options("i")), 10),
        (
            json!({ "$or": [{ "n": 1 }, { "n": { "$gte": 24 } }] }).into(),
            2,
        ),
    ] {
        let found = todos.filter(filter.clone()).count().await.unwrap();
        assert_eq!(found, expected, "{filter:?}");
    }
    let listed: Vec<Document> = todos
        .filter(gt("n", 1))
        .order_by(desc("n"))
        .skip(2)
        .limit(3)
        .await
        .unwrap();
    let numbers: Vec<i32> = listed.iter().map(|todo| todo.read("n").unwrap()).collect();
    assert_eq!(numbers, [22, 21, 20]);
}

#[tokio::test]
async fn a_stream_reads_every_document_once() {
    let emulator = emulator().await;
    let documents = documents(&emulator);
    numbered(&documents).await;
    let mut pages = documents
        .collection("todos")
        .order_by::<Document>(asc("_id"))
        .pages(10);
    let mut seen = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        seen.extend(page.iter().map(|todo| todo.read::<i32>("n").unwrap()));
    }
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_document_is_replaced_added_and_removed_by_its_id() {
    let emulator = emulator().await;
    let todos = documents(&emulator).collection("todos");
    // Ids of any characters are one segment of the path.
    for id in ["plain", "a/b?c#d%2F", "你好"] {
        let doc = todos.doc(id);
        assert_eq!(doc.get::<Document>().await.unwrap(), None);
        let set = doc.set(&json!({ "a": 1, "b": 2 })).await.unwrap();
        assert_eq!((set.matched, set.upserted_id.as_deref()), (0, Some(id)));
        let set = doc.set(&json!({ "c": 3 })).await.unwrap();
        assert_eq!((set.matched, set.upserted_id), (1, None));
        let stored: Document = doc.get().await.unwrap().unwrap();
        assert_eq!(
            stored.to_ejson(),
            format!(r#"{{"_id":"{id}","c":{{"$numberInt":"3"}}}}"#)
        );
        assert_eq!(doc.remove().await.unwrap().deleted, Some(1));
        assert_eq!(doc.remove().await.unwrap().deleted, Some(0));
    }
    let numbered = todos.doc(7);
    todos.add(&json!({ "_id": 7, "a": 1 })).await.unwrap();
    assert!(numbered.get::<Document>().await.unwrap().is_some());
    assert_eq!(numbered.set(&json!({ "b": 1 })).await.unwrap().matched, 1);
    assert_eq!(numbered.remove().await.unwrap().deleted, Some(1));
    todos
        .add_many(&[json!({ "n": 1 }), json!({ "n": 2 })])
        .await
        .unwrap();
    let removed = todos.filter(gt("n", 0)).remove().await.unwrap();
    assert_eq!(removed.deleted, Some(2));
}

#[tokio::test]
async fn errors_are_classified_and_a_denied_permission_refreshes_nothing() {
    let emulator = emulator().await;
    let todos = documents(&emulator).collection("todos");
    todos.add(&json!({ "_id": "a" })).await.unwrap();
    let error = todos.add(&json!({ "_id": "a" })).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let nowhere = documents(&emulator).collection("nowhere");
    let error = nowhere.add(&json!({})).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = documents(&emulator)
        .create_collection("todos")
        .await
        .unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let visitor = Documents::new(client(&emulator, emulator.publishable_key()));
    let error = visitor.create_collection("mine").await.unwrap_err();
    assert!(
        error.is_permission_denied() && !error.is_unauthenticated(),
        "{error}"
    );
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn changes_are_made_and_counted() {
    let emulator = emulator().await;
    let documents = documents(&emulator);
    numbered(&documents).await;
    let todos = documents.collection("todos");
    let doc = todos.doc("t03");
    let done = doc
        .update(set("done", true) + inc("n", 1) + push("tags", "new") + remove("none"))
        .await
        .unwrap();
    assert_eq!((done.matched, done.updated), (1, 1));
    let stored: Document = doc.get().await.unwrap().unwrap();
    assert_eq!(stored.get("n"), Some(&Value::Int32(4)));
    assert_eq!(
        stored.read::<Vec<String>>("tags").unwrap(),
        ["all", "odd", "new"]
    );
    let same = doc.update(set("done", true)).await.unwrap();
    assert_eq!((same.matched, same.updated), (1, 0));
    // Fields of nested objects are set one by one; an object is set as a whole.
    doc.update(merge(&json!({ "owner": { "name": "Lin", "n": 1 } })))
        .await
        .unwrap();
    doc.update(json!({ "owner": { "n": 2 }, "e": {} }))
        .await
        .unwrap();
    let stored: Document = doc.get().await.unwrap().unwrap();
    assert_eq!(
        stored
            .get("owner")
            .unwrap()
            .as_document()
            .unwrap()
            .to_ejson(),
        r#"{"n":{"$numberInt":"2"},"name":"Lin"}"#
    );
    assert!(stored.get("e").unwrap().as_document().unwrap().is_empty());
    doc.update(pull_where("tags", element::<String>().in_(["all", "new"])))
        .await
        .unwrap();
    let stored: Document = doc.get().fields(["tags"]).await.unwrap().unwrap();
    assert_eq!(stored.to_ejson(), r#"{"_id":"t03","tags":["odd"]}"#);

    let many = todos
        .filter(gt("n", 20))
        .update(inc("n", 100))
        .await
        .unwrap();
    assert_eq!((many.matched, many.updated), (4, 4));
    let first = todos
        .filter(gt("n", 100))
        .update(set("done", true))
        .first_only()
        .await
        .unwrap();
    assert_eq!(first.matched, 1);
    let missing = todos.doc("nowhere").update(inc("n", 1)).await.unwrap();
    assert_eq!((missing.matched, missing.updated), (0, 0));
    let added = todos
        .filter(eq("_id", "made"))
        .update(inc("n", 1))
        .upsert()
        .await
        .unwrap();
    assert_eq!(added.upserted_id.as_deref(), Some("made"));
}

#[tokio::test]
async fn a_pipeline_groups_and_sorts() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct ByTag {
        #[serde(rename = "_id")]
        tag: String,
        n: i64,
        mean: f64,
    }
    let emulator = emulator().await;
    let documents = documents(&emulator);
    numbered(&documents).await;
    let by_tag: Vec<ByTag> = documents
        .collection("todos")
        .aggregate()
        .match_(lt("n", 4))
        .unwind("tags")
        .group("$tags", [sum("n", 1), avg("mean", "$n")])
        .sort([desc("n"), asc("_id")])
        .await
        .unwrap();
    let expected = [("all", 4, 1.5), ("even", 2, 1.0), ("odd", 2, 2.0)];
    let expected = expected.map(|(tag, n, mean)| ByTag {
        tag: tag.to_owned(),
        n,
        mean,
    });
    assert_eq!(by_tag, expected);
    let find: Document = r#"{"find":"todos","filter":{"n":{"$gte":24}}}"#.parse().unwrap();
    let results = documents.run_commands([find]).await.unwrap();
    let found: Vec<Document> = results.documents(0).unwrap();
    assert_eq!(found[0].read::<i32>("n").unwrap(), 24);
}
