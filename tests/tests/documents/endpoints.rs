//! Collections, reads and pipelines: what each endpoint takes and returns.

use std::time::Duration;

use cloudbase_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};

use super::support::{Api, BASE, int, query, with};

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
async fn nothing_makes_a_collection_on_its_own() {
    let emulator = Emulator::builder().start().await.unwrap();
    let admin = Api::admin(&emulator);
    let documents = "/collections/missing/documents";
    let missing = [
        admin.post(documents, json!({"data": [{}]})).await,
        admin.get(documents).await,
        admin.get(&format!("{documents}/a")).await,
        admin.delete(&format!("{documents}/a")).await,
        admin
            .patch(documents, json!({"query": {"a": 1}, "data": {"a": 1}}))
            .await,
        admin
            .post(&format!("{documents}/remove"), json!({"query": {"a": 1}}))
            .await,
        admin
            .post(
                &format!("{documents}/aggregations"),
                json!({"pipeline": []}),
            )
            .await,
    ];
    for response in missing {
        response.rejects(404, "DATABASE_COLLECTION_NOT_EXIST");
    }
}

#[tokio::test]
async fn a_page_has_twenty_documents_unless_it_says_how_many() {
    let documents: Vec<_> = (0..1005)
        .map(|n| json!({"_id": n, "even": n % 2 == 0}))
        .collect();
    let emulator = with(json!({"n": documents})).await;
    let admin = Api::admin(&emulator);
    let list = async |parameters: &[(&str, &str)]| {
        let path = format!("/collections/n/documents?{}&", query(parameters));
        admin.get(&path).await
    };
    let ids = |page: &Value| -> Vec<i64> {
        let list = page["list"].as_array().unwrap();
        let id = |document: &Value| {
            document["_id"]["$numberInt"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap()
        };
        list.iter().map(id).collect()
    };
    let page = list(&[]).await.expect(200);
    assert_eq!((&page["offset"], &page["limit"]), (&json!(0), &json!(20)));
    assert_eq!(ids(&page), (0..20).collect::<Vec<_>>());
    let page = list(&[("offset", "1000"), ("limit", "1000")])
        .await
        .expect(200);
    assert_eq!(ids(&page), [1000, 1001, 1002, 1003, 1004]);
    let even = json!({"even": true, "_id": {"$gt": {"$numberInt": "10"}}}).to_string();
    let order = r#"[{"field":"_id","direction":"desc"}]"#;
    let page = list(&[
        ("query", &even),
        ("order", order),
        ("limit", "2"),
        ("offset", "1"),
    ])
    .await;
    assert_eq!(ids(&page.expect(200)), [1002, 1000]);
    let counted = list(&[("query", &even), ("count", "true"), ("limit", "1")]).await;
    assert_eq!(counted.expect(200), json!({"total": 497}));
    let projection = r#"{"even":1,"_id":0}"#;
    let page = list(&[("projection", projection), ("limit", "1")])
        .await
        .expect(200);
    assert_eq!(page["list"], json!([{"even": true}]));
    for wrong in [
        ("limit", "1001"),
        ("limit", "0"),
        ("offset", "-1"),
        ("query", "[]"),
        ("query", "{"),
        ("query", r#"{"a":{"$what":1}}"#),
        ("order", r#"{"a":1}"#),
        ("order", r#"[{"field":"a","direction":1}]"#),
        ("count", "yes"),
    ] {
        list(&[wrong]).await.rejects(400, "INVALID_PARAM");
    }
}

#[tokio::test]
async fn a_document_is_returned_bare() {
    let emulator = with(json!({"c": [
        {"_id": {"$oid": "507f1f77bcf86cd799439011"}, "code": "x", "message": "y"},
        {"_id": "a b/c?"}, {"_id": "remove"}, {"_id": "aggregations"},
    ]}))
    .await;
    let admin = Api::admin(&emulator);
    let get = async |id: &str| admin.get(&format!("/collections/c/documents/{id}")).await;
    let found = get("507f1f77bcf86cd799439011").await.expect(200);
    let id = json!({"$oid": "507f1f77bcf86cd799439011"});
    assert_eq!(found, json!({"_id": id, "code": "x", "message": "y"}));
    assert_eq!(
        get("a%20b%2Fc%3F").await.expect(200),
        json!({"_id": "a b/c?"})
    );
    let shown = get("507f1f77bcf86cd799439011?projection=%7B%22code%22%3A1%7D").await;
    assert_eq!(shown.expect(200), json!({"_id": id, "code": "x"}));
    get("b").await.rejects(404, "DOCUMENT_NOT_FOUND");
    for id in ["remove", "aggregations"] {
        assert_eq!(get(id).await.expect(200), json!({"_id": id}));
        let path = format!("/collections/c/documents/{id}");
        admin
            .patch(&path, json!({"data": {"a": 1}}))
            .await
            .expect(200);
        assert_eq!(admin.delete(&path).await.expect(200), json!({"deleted": 1}));
    }
}

#[tokio::test]
async fn the_text_of_an_object_id_finds_its_document_by_filter() {
    let id = "507f1f77bcf86cd799439011";
    let emulator = with(json!({"c": [{"_id": {"$oid": id}, "n": 1}]})).await;
    let admin = Api::admin(&emulator);
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
async fn the_servers_date_is_that_of_the_emulators_clock() {
    let emulator = with(json!({"c": []})).await;
    let admin = Api::admin(&emulator);
    emulator.clock().advance(Duration::from_secs(1_000_000_000));
    let before = emulator.clock().now_ms();
    admin
        .insert(
            "c",
            json!([{"_id": 1, "at": {"$date": {"offset": 60_000}}}]),
        )
        .await;
    let set = json!({"query": {"_id": 1}, "data": {"$set": {"set": {"$tcb_server_date": {}}}, "$currentDate": {"now": true}}});
    admin
        .patch("/collections/c/documents", set)
        .await
        .expect(200);
    let after = emulator.clock().now_ms();
    let found = admin.find("c", json!({})).await;
    let at = |name: &str| -> i64 {
        found[0][name]["$date"]["$numberLong"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(
        (before + 60_000..=after + 60_000).contains(&at("at")),
        "{found}"
    );
    assert!((before..=after).contains(&at("set")), "{found}");
    assert!((before..=after).contains(&at("now")), "{found}");
}

#[tokio::test]
async fn pipelines_return_twenty_documents_unless_they_say_how_many() {
    let documents: Vec<_> = (0..30).map(|n| json!({"_id": n, "k": n % 3})).collect();
    let emulator = with(json!({"n": documents, "k": [{"_id": 0, "name": "zero"}]})).await;
    let admin = Api::admin(&emulator);
    let path = "/collections/n/documents/aggregations";
    let run = async |pipeline: Value| admin.post(path, json!({"pipeline": pipeline})).await;
    let list = run(json!([])).await.expect(200);
    assert_eq!(list["list"].as_array().unwrap().len(), 20);
    let list = run(json!([{"$limit": 25}])).await.expect(200);
    assert_eq!(list["list"].as_array().unwrap().len(), 25);
    let counted = run(json!([
        {"$match": {"_id": {"$lt": 12}}}, {"$group": {"_id": "$k", "n": {"$sum": 1}}}, {"$sort": {"_id": -1}},
    ]));
    let groups = [2, 1, 0].map(|k| json!({"_id": int(k), "n": int(4)}));
    assert_eq!(counted.await.expect(200), json!({"list": groups}));
    let joined = run(json!([
        {"$match": {"_id": 3}}, {"$lookup": {"from": "k", "localField": "k", "foreignField": "_id", "as": "of"}},
    ]));
    let of = json!([{"_id": int(0), "name": "zero"}]);
    assert_eq!(joined.await.expect(200)["list"][0]["of"], of);
    run(json!([{"$out": "x"}]))
        .await
        .rejects(400, "INVALID_PARAM");
    run(json!({})).await.rejects(400, "INVALID_PARAM");
}

#[tokio::test]
async fn a_distance_that_is_null_is_not_given() {
    let places = json!([{"_id": 1, "at": {"type": "Point", "coordinates": [116.4, 39.9]}}]);
    let emulator = with(json!({"c": places})).await;
    let admin = Api::admin(&emulator);
    let point = json!({"type": "Point", "coordinates": [116.41, 39.91]});
    // As the official SDK writes `geoNear` without a minimum.
    for (most, count) in [(json!(5000), 1), (json!(5), 0), (json!(null), 1)] {
        let near = json!({"$geometry": point, "$maxDistance": most, "$minDistance": null});
        let found = admin.find("c", json!({"at": {"$nearSphere": near}})).await;
        assert_eq!(found.as_array().unwrap().len(), count, "{most}");
    }
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
        .send_to(Method::POST, other, Some(name.to_string()))
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
