//! Inserts, updates and removals.

use serde_json::{Value, json};

use super::support::{Api, int, with};

const DOCUMENTS: &str = "/collections/c/documents";

#[tokio::test]
async fn inserts_are_all_or_nothing_and_ids_are_in_order() {
    let emulator = with(json!({"c": [{"_id": "a"}]})).await;
    let admin = Api::admin(&emulator);
    let ids = admin
        .insert("c", json!([{"_id": "c"}, {}, {"_id": 7}, {"_id": "b"}]))
        .await;
    assert_eq!(
        (&ids[0], &ids[2], &ids[3]),
        (&json!("c"), &json!("7"), &json!("b"))
    );
    let made = ids[1].as_str().unwrap();
    assert!(
        made.len() == 24 && made.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{made}"
    );
    let insert = async |data: Value| admin.post(DOCUMENTS, json!({"data": data})).await;
    let twice = insert(json!([{"_id": "new"}, {"_id": "a"}])).await;
    let message = twice.rejects(409, "DATABASE_DUPLICATE_WRITE");
    assert!(message.contains("E11000 duplicate key error"), "{message}");
    insert(json!([{"_id": "new"}, {"_id": "new"}]))
        .await
        .rejects(409, "DATABASE_DUPLICATE_WRITE");
    // One number, whatever its type.
    insert(json!([{"_id": {"$numberLong": "7"}}]))
        .await
        .rejects(409, "DATABASE_DUPLICATE_WRITE");
    assert_eq!(
        admin.find("c", json!({})).await.as_array().unwrap().len(),
        5
    );
    for wrong in [
        json!([]),
        json!({}),
        json!([1]),
        json!([{"_id": []}]),
        json!([{"$set": {}}]),
        json!([{"a": {"$oid": "1"}}]),
    ] {
        insert(wrong).await.rejects(400, "INVALID_PARAM");
    }
    // The id stands first, as it is stored.
    admin
        .insert("c", json!([{"z": 1, "_id": "z", "a": 2}]))
        .await;
    let stored = admin.find("c", json!({"_id": "z"})).await[0].to_string();
    assert!(stored.contains("\"_id\":\"z\""), "{stored}");
}

#[tokio::test]
async fn numbers_that_are_the_same_double_are_two_ids() {
    let emulator = with(json!({"c": []})).await;
    let admin = Api::admin(&emulator);
    let ids = json!([{"_id": {"$numberLong": "9007199254740993"}}, {"_id": {"$numberDouble": "9007199254740992"}}]);
    admin.insert("c", ids).await;
    let found = admin
        .find("c", json!({"_id": {"$numberLong": "9007199254740993"}}))
        .await;
    assert_eq!(found, json!([{"_id": {"$numberLong": "9007199254740993"}}]));
}

#[tokio::test]
async fn an_update_that_fails_half_way_changes_nothing() {
    let emulator = with(json!({"c": [{"_id": 1, "n": 1}, {"_id": 2, "n": "x"}]})).await;
    let admin = Api::admin(&emulator);
    let before = admin.find("c", json!({})).await;
    let update = json!({"query": {}, "data": {"$inc": {"n": 1}}, "multi": true});
    admin
        .patch(DOCUMENTS, update)
        .await
        .rejects(400, "INVALID_PARAM");
    assert_eq!(admin.find("c", json!({})).await, before);
}

#[tokio::test]
async fn removals_need_a_filter() {
    let emulator = with(json!({"c": [{"n": 1}, {"n": 1}, {"n": 1}, {"n": 2}]})).await;
    let admin = Api::admin(&emulator);
    let remove = async |body: Value| admin.post(&format!("{DOCUMENTS}/remove"), body).await;
    remove(json!({"query": {}}))
        .await
        .rejects(400, "INVALID_PARAM");
    remove(json!({})).await.rejects(400, "INVALID_PARAM");
    assert_eq!(
        remove(json!({"query": {"n": 1}})).await.expect(200),
        json!({"deleted": 1})
    );
    let all = remove(json!({"query": {"n": 1}, "multi": true}))
        .await
        .expect(200);
    assert_eq!(all, json!({"deleted": 2}));
    assert_eq!(
        remove(json!({"query": {"n": 1}})).await.expect(200),
        json!({"deleted": 0})
    );
}
