//! Transactions: what they see, what they keep, and when they end.

use std::time::Duration;

use cloudbase_emulator::Emulator;
use serde_json::{Value, json};

use super::support::{Api, int, with};

const DOCUMENTS: &str = "/collections/c/documents";
const CONFLICT: &str = "DATABASE_TRANSACTION_CONFLICT";
const FAIL: &str = "DATABASE_TRANSACTION_FAIL";

async fn start() -> (Emulator, Api) {
    let emulator = with(json!({"c": [{"_id": "a", "n": 1}, {"_id": "b", "n": 1}]})).await;
    let admin = Api::admin(&emulator);
    (emulator, admin)
}

/// The numbers of `a`, `b`, … as a transaction sees them, or anyone.
async fn numbers(api: &Api, transaction: Option<&str>) -> Value {
    let of = transaction
        .map(|id| format!("?transactionId={id}"))
        .unwrap_or_default();
    let list = api.get(&format!("{DOCUMENTS}{of}")).await.expect(200)["list"].take();
    let pairs = list.as_array().unwrap().iter().map(|document| {
        let number = document["n"]["$numberInt"].as_str().unwrap();
        (
            document["_id"].as_str().unwrap().to_owned(),
            number.parse::<i32>().unwrap().into(),
        )
    });
    Value::Object(pairs.collect())
}

fn inc(id: &str, transaction: Option<&str>) -> Value {
    json!({"query": {"_id": id}, "data": {"$inc": {"n": 1}}, "transactionId": transaction})
}

#[tokio::test]
async fn writes_are_seen_by_others_after_the_commit() {
    let (_emulator, api) = start().await;
    let id = api.begin().await;
    api.patch(DOCUMENTS, inc("a", Some(&id))).await.expect(200);
    let insert = json!({"data": [{"_id": "c", "n": 1}], "transactionId": id});
    api.post(DOCUMENTS, insert).await.expect(201);
    api.delete(&format!("{DOCUMENTS}/b?transactionId={id}"))
        .await
        .expect(200);
    assert_eq!(numbers(&api, Some(&id)).await, json!({"a": 2, "c": 1}));
    assert_eq!(numbers(&api, None).await, json!({"a": 1, "b": 1}));
    let one = |id: &str| format!("{DOCUMENTS}/b?transactionId={id}");
    api.get(&one(&id)).await.rejects(404, "DOCUMENT_NOT_FOUND");
    let counted = api
        .get(&format!("{DOCUMENTS}?count=true&transactionId={id}"))
        .await;
    assert_eq!(counted.expect(200), json!({"total": 2}));
    api.end(&id, "commit").await.expect(200);
    assert_eq!(numbers(&api, None).await, json!({"a": 2, "c": 1}));
    api.end(&id, "commit").await.rejects(503, FAIL);
}

#[tokio::test]
async fn a_transaction_sees_what_was_there_when_it_began() {
    let (_emulator, api) = start().await;
    let id = api.begin().await;
    api.patch(DOCUMENTS, inc("a", None)).await.expect(200);
    api.delete(&format!("{DOCUMENTS}/b")).await.expect(200);
    api.insert("c", json!([{"_id": "c", "n": 1}])).await;
    let other = api.begin().await;
    api.patch(DOCUMENTS, inc("c", Some(&other)))
        .await
        .expect(200);
    api.end(&other, "commit").await.expect(200);
    assert_eq!(numbers(&api, Some(&id)).await, json!({"a": 1, "b": 1}));
    assert_eq!(numbers(&api, None).await, json!({"a": 2, "c": 2}));
    api.end(&id, "commit").await.expect(200);
    assert_eq!(numbers(&api, None).await, json!({"a": 2, "c": 2}));
}

#[tokio::test]
async fn a_rollback_keeps_nothing() {
    let (_emulator, api) = start().await;
    let id = api.begin().await;
    api.patch(DOCUMENTS, inc("a", Some(&id))).await.expect(200);
    api.end(&id, "rollback").await.expect(200);
    assert_eq!(numbers(&api, None).await, json!({"a": 1, "b": 1}));
    api.patch(DOCUMENTS, inc("a", Some(&id)))
        .await
        .rejects(503, FAIL);
    api.end(&id, "rollback").await.rejects(503, FAIL);
    // What it wrote is free again.
    api.patch(DOCUMENTS, inc("a", None)).await.expect(200);
}

#[tokio::test]
async fn of_two_that_write_one_document_the_second_conflicts() {
    let (_emulator, api) = start().await;
    let (first, second) = (api.begin().await, api.begin().await);
    api.patch(DOCUMENTS, inc("a", Some(&first)))
        .await
        .expect(200);
    api.patch(DOCUMENTS, inc("b", Some(&second)))
        .await
        .expect(200);
    api.patch(DOCUMENTS, inc("a", Some(&second)))
        .await
        .rejects(503, CONFLICT);
    // It is over with all that it wrote.
    api.end(&second, "commit").await.rejects(503, FAIL);
    api.patch(DOCUMENTS, inc("b", Some(&first)))
        .await
        .expect(200);
    api.end(&first, "commit").await.expect(200);
    assert_eq!(numbers(&api, None).await, json!({"a": 2, "b": 2}));
}

#[tokio::test]
async fn a_document_that_was_written_since_conflicts() {
    let (_emulator, api) = start().await;
    let id = api.begin().await;
    api.patch(DOCUMENTS, inc("a", None)).await.expect(200);
    api.patch(DOCUMENTS, inc("a", Some(&id)))
        .await
        .rejects(503, CONFLICT);
    // Also between the write and the commit.
    let id = api.begin().await;
    api.patch(DOCUMENTS, inc("a", Some(&id))).await.expect(200);
    api.patch(DOCUMENTS, inc("a", None)).await.expect(200);
    api.end(&id, "commit").await.rejects(503, CONFLICT);
    assert_eq!(numbers(&api, None).await, json!({"a": 3, "b": 1}));
}

#[tokio::test]
async fn one_id_is_inserted_by_one_of_two() {
    let (_emulator, api) = start().await;
    let insert = |id: Option<&str>| json!({"data": [{"_id": "c", "n": 1}], "transactionId": id});
    let (first, second) = (api.begin().await, api.begin().await);
    api.post(DOCUMENTS, insert(Some(&first))).await.expect(201);
    api.post(DOCUMENTS, insert(Some(&second)))
        .await
        .rejects(503, CONFLICT);
    api.post(DOCUMENTS, insert(None)).await.expect(201);
    api.end(&first, "commit").await.rejects(503, CONFLICT);
    let third = api.begin().await;
    api.post(DOCUMENTS, insert(Some(&third)))
        .await
        .rejects(409, "DATABASE_DUPLICATE_WRITE");
    api.end(&third, "commit").await.rejects(503, FAIL);
    // One that is freed by the transaction itself may be taken by it.
    let fourth = api.begin().await;
    api.delete(&format!("{DOCUMENTS}/c?transactionId={fourth}"))
        .await
        .expect(200);
    api.post(DOCUMENTS, insert(Some(&fourth))).await.expect(201);
    api.end(&fourth, "commit").await.expect(200);
    let found = api.find("c", json!({"_id": "c"})).await;
    assert_eq!(found, json!([{"_id": "c", "n": int(1)}]));
}

#[tokio::test]
async fn a_transaction_ends_after_a_minute() {
    let (emulator, api) = start().await;
    let (id, other) = (api.begin().await, api.begin().await);
    api.patch(DOCUMENTS, inc("a", Some(&id))).await.expect(200);
    emulator.clock().advance(Duration::from_secs(59));
    assert_eq!(numbers(&api, Some(&id)).await, json!({"a": 2, "b": 1}));
    let later = api.begin().await;
    emulator.clock().advance(Duration::from_secs(1));
    api.end(&id, "commit").await.rejects(503, FAIL);
    api.get(&format!("{DOCUMENTS}?transactionId={other}"))
        .await
        .rejects(503, FAIL);
    // It holds nothing any more.
    api.patch(DOCUMENTS, inc("a", Some(&later)))
        .await
        .expect(200);
    api.end(&later, "commit").await.expect(200);
    assert_eq!(numbers(&api, None).await, json!({"a": 2, "b": 1}));
}

#[tokio::test]
async fn a_transaction_is_its_owners() {
    let (emulator, api) = start().await;
    let (user, _) = Api::user(&emulator, "device-of-ann-0001").await;
    let id = api.begin().await;
    user.get(&format!("{DOCUMENTS}?transactionId={id}"))
        .await
        .rejects(503, FAIL);
    user.end(&id, "commit").await.rejects(503, FAIL);
    api.end(&id, "commit").await.expect(200);
    let id = user.begin().await;
    let insert = json!({"data": [{"_id": "c", "n": 1}], "transactionId": id});
    user.post(DOCUMENTS, insert).await.expect(201);
    assert_eq!(numbers(&user, Some(&id)).await, json!({"c": 1}));
    user.end(&id, "commit").await.expect(200);
}
