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
    // It is text, which the official SDKs can read.
    let found = admin.find("c", json!({"_id": made})).await;
    assert_eq!(found, json!([{"_id": made}]));
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
async fn updates_say_what_they_found_and_changed() {
    let emulator =
        with(json!({"c": [{"_id": 1, "n": 1}, {"_id": 2, "n": 1}, {"_id": 3, "n": 2}]})).await;
    let admin = Api::admin(&emulator);
    let update = async |body: Value| admin.patch(DOCUMENTS, body).await;
    let first = update(json!({"query": {"n": 1}, "data": {"n": 5}}))
        .await
        .expect(200);
    assert_eq!(first, json!({"matched": 1, "updated": 1, "upsert_id": ""}));
    let all =
        update(json!({"query": {"n": {"$gt": 0}}, "data": {"$set": {"n": 5}}, "multi": true}))
            .await;
    assert_eq!(
        all.expect(200),
        json!({"matched": 3, "updated": 2, "upsert_id": ""})
    );
    let none = update(json!({"query": {"n": 9}, "data": {"$inc": {"n": 1}}}))
        .await
        .expect(200);
    assert_eq!(none, json!({"matched": 0, "updated": 0, "upsert_id": ""}));
    let upserted =
        update(json!({"query": {"_id": "x", "n": 9}, "data": {"$inc": {"n": 1}}, "upsert": true}));
    assert_eq!(upserted.await.expect(200)["upsert_id"], json!("x"));
    assert_eq!(
        admin.find("c", json!({"_id": "x"})).await,
        json!([{"_id": "x", "n": int(10)}])
    );
    let replace = update(json!({"query": {"_id": "x"}, "data": {"m": 1}, "replaceMode": true}));
    replace.await.expect(200);
    assert_eq!(
        admin.find("c", json!({"_id": "x"})).await,
        json!([{"_id": "x", "m": int(1)}])
    );
    let message = update(json!({"data": {"n": 1}}))
        .await
        .rejects(400, "INVALID_PARAM");
    assert!(message.contains("param.query can't be empty"), "{message}");
    for wrong in [
        json!({"query": {}, "data": {"n": 1}}),
        json!({"query": {"n": 5}}),
        json!({"query": {"n": 5}, "data": {}}),
        json!({"query": {"n": 5}, "data": {"$what": {"n": 1}}}),
        json!({"query": {"n": 5}, "data": {"$set": {"_id": 9}}}),
        json!({"query": {"n": 5}, "data": {"n": 1}, "multi": 1}),
        json!({"query": {"n": 5}, "data": {"$set": {"n": 1}}, "replaceMode": true}),
    ] {
        update(wrong).await.rejects(400, "INVALID_PARAM");
    }
}

#[tokio::test]
async fn an_update_that_fails_half_way_changes_nothing() {
    let emulator = with(json!({"c": [{"_id": 1, "n": 1}, {"_id": 2, "n": "x"}]})).await;
    let admin = Api::admin(&emulator);
    let before = admin.find("c", json!({})).await;
    let update =
        json!({"query": {"n": {"$exists": true}}, "data": {"$inc": {"n": 1}}, "multi": true});
    admin
        .patch(DOCUMENTS, update)
        .await
        .rejects(400, "INVALID_PARAM");
    assert_eq!(admin.find("c", json!({})).await, before);
}

#[tokio::test]
async fn one_document_is_updated_by_its_id() {
    let emulator =
        with(json!({"c": [{"_id": {"$oid": "507f1f77bcf86cd799439011"}, "n": 1}]})).await;
    let admin = Api::admin(&emulator);
    let path = |id: &str| format!("{DOCUMENTS}/{id}");
    let id = path("507f1f77bcf86cd799439011");
    let updated = admin
        .patch(&id, json!({"data": {"$inc": {"n": 1}}}))
        .await
        .expect(200);
    assert_eq!(
        updated,
        json!({"matched": 1, "updated": 1, "upsert_id": ""})
    );
    let same = admin
        .patch(&id, json!({"data": {"n": 2}, "returnDoc": true}))
        .await
        .expect(200);
    let document = json!({"_id": {"$oid": "507f1f77bcf86cd799439011"}, "n": int(2)});
    assert_eq!(
        same,
        json!({"matched": 1, "updated": 0, "upsert_id": "", "doc": document})
    );
    let missing = admin.patch(&path("x"), json!({"data": {"n": 1}})).await;
    missing.rejects(404, "DOCUMENT_NOT_FOUND");
    let set = json!({"data": {"n": 1}, "upsert": true, "replaceMode": true, "returnDoc": true});
    let set = admin.patch(&path("x"), set).await.expect(200);
    assert_eq!(
        (&set["upsert_id"], &set["doc"]),
        (&json!("x"), &json!({"_id": "x", "n": int(1)}))
    );
    admin.delete(&id).await.expect(200);
    admin.delete(&id).await.rejects(404, "DOCUMENT_NOT_FOUND");
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

#[tokio::test]
async fn unique_indexes_reject_what_is_there() {
    let emulator = with(json!({"c": {
        "indexes": [{"fields": ["slug"], "unique": true}, {"fields": ["list", "at"], "unique": true}],
        "documents": [{"_id": 1, "slug": "a", "list": 1, "at": 1}, {"_id": 2, "slug": ["b", "c"], "list": 1, "at": 2}],
    }}))
    .await;
    let admin = Api::admin(&emulator);
    let insert = async |data: Value| admin.post(DOCUMENTS, json!({"data": [data]})).await;
    for clash in [
        json!({"slug": "a", "list": 2}),
        json!({"slug": "c", "list": 3}),
        json!({"slug": "d", "list": {"$numberDouble": "1.0"}, "at": 2}),
    ] {
        insert(clash).await.rejects(409, "DATABASE_DUPLICATE_WRITE");
    }
    insert(json!({"slug": "d", "list": 1, "at": 3}))
        .await
        .expect(201);
    let update = json!({"query": {"_id": 2}, "data": {"$set": {"slug": "a"}}});
    admin
        .patch(DOCUMENTS, update)
        .await
        .rejects(409, "DATABASE_DUPLICATE_WRITE");
    let update = json!({"query": {"_id": 2}, "data": {"$set": {"slug": "e"}}});
    admin.patch(DOCUMENTS, update).await.expect(200);
    insert(json!({"slug": "c", "list": 4})).await.expect(201);
}
