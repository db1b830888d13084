//! Collections, reads and pipelines: what each endpoint takes and returns.

use cloudbase_emulator::Emulator;
use http::Method;
use serde_json::json;

use super::support::{Api, BASE, int, with};

#[tokio::test]
async fn collections_are_made_by_the_administrator_and_once() {
    let emulator = Emulator::builder().start().await.unwrap();
    let admin = Api::admin(&emulator);
    let name = json!({"collectionName": "todos"});
    admin.post("/collections", name.clone()).await.expect(201);
    let again = admin.post("/collections", name.clone()).await;
    again.rejects(409, "DATABASE_COLLECTION_ALREADY_EXIST");
    let message = admin
        .post("/collections", json!({}))
        .await
        .rejects(400, "INVALID_PARAM");
    assert!(message.contains("Collection name is required"), "{message}");
    let slash = json!({"collectionName": "a/b"});
    admin
        .post("/collections", slash)
        .await
        .rejects(400, "INVALID_PARAM");
    let (user, _) = Api::user(&emulator, "device-000000001").await;
    let denied = user.post("/collections", name).await;
    denied.rejects(401, "DATABASE_PERMISSION_DENIED");
}

#[tokio::test]
async fn text_of_a_generated_id_finds_its_document_by_filter() {
    let emulator = with(json!({"c": []})).await;
    let admin = Api::admin(&emulator);
    let ids = admin.insert("c", json!([{"n": 1}, {"n": 2}])).await;
    let id = ids[0].as_str().unwrap();
    let document = json!({"_id": {"$oid": id}, "n": int(1)});
    assert_eq!(admin.find("c", json!({"_id": id})).await, json!([document]));
    assert_eq!(
        admin.find("c", json!({"_id": {"$eq": id}})).await,
        json!([document])
    );
    // A text is another id than the ObjectId of the same digits, once there is such a document.
    admin.insert("c", json!([{"_id": id, "n": 3}])).await;
    let text = json!({"_id": id, "n": int(3)});
    assert_eq!(admin.find("c", json!({"_id": id})).await, json!([text]));
    assert_eq!(
        admin.find("c", json!({"_id": {"$in": [id]}})).await,
        json!([text])
    );
    assert_eq!(
        admin.find("c", json!({"_id": {"$oid": id}})).await,
        json!([document])
    );
}

#[tokio::test]
async fn every_type_is_kept() {
    let emulator = with(json!({"c": []})).await;
    let admin = Api::admin(&emulator);
    let values = json!({
        "_id": "a", "i": int(1), "l": {"$numberLong": "9223372036854775807"}, "d": {"$numberDouble": "1.0"},
        "inf": {"$numberDouble": "-Infinity"}, "m": {"$numberDecimal": "1.10"}, "o": {"$oid": "507f1f77bcf86cd799439011"},
        "t": {"$date": {"$numberLong": "-1"}}, "b": {"$binary": {"base64": "AQID", "subType": "00"}},
        "s": {"$timestamp": {"t": 1, "i": 2}}, "none": null, "z": {}, "y": [[], {"k": "你好"}],
    });
    admin.insert("c", json!([values])).await;
    let found = admin.find("c", json!({})).await;
    assert_eq!(found, json!([values]));
    // Relaxed, as the official SDKs send bodies.
    admin
        .insert(
            "c",
            json!([{"_id": "b", "i": 1, "l": 3_000_000_000_u64, "d": 1.5, "t": {"$date": 5},
        "r": {"$regex": "^a", "$options": "i"}}]),
        )
        .await;
    assert_eq!(
        admin.find("c", json!({"_id": "b"})).await,
        json!([{
            "_id": "b", "i": int(1), "l": {"$numberLong": "3000000000"}, "d": {"$numberDouble": "1.5"},
            "t": {"$date": {"$numberLong": "5"}}, "r": {"$regularExpression": {"pattern": "^a", "options": "i"}},
        }])
    );
}

#[tokio::test]
async fn segments_are_decoded_and_databases_are_apart() {
    let emulator = with(json!({"我的": [{"_id": 1}]})).await;
    let admin = Api::admin(&emulator);
    let found = admin
        .get("/collections/%E6%88%91%E7%9A%84/documents?count=true")
        .await;
    assert_eq!(found.expect(200), json!({"total": 1}));
    let escaped = "/v1/database/instances/%28default%29/databases/%28default%29/collections/%E6%88%91%E7%9A%84/documents";
    admin.send_to(Method::GET, escaped, None).await.expect(200);
    let slash = admin.get("/collections/a%2Fb/documents").await;
    slash.rejects(400, "INVALID_PARAM");
    let other = "/v1/database/instances/tcb-1/databases/shop/collections";
    let name = json!({"collectionName": "我的"});
    admin
        .send_to(Method::POST, other, Some(&name))
        .await
        .expect(201);
    let path = format!("{other}/%E6%88%91%E7%9A%84/documents?count=true");
    let found = admin.send_to(Method::GET, &path, None).await;
    assert_eq!(found.expect(200), json!({"total": 0}));
    let nowhere = admin
        .send_to(Method::GET, &format!("{BASE}/nothing"), None)
        .await;
    nowhere.rejects(404, "INVALID_PATH");
}
