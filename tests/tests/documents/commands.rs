//! Commands of MongoDB.

use serde_json::{Value, json};

use super::support::{Api, int, with};

/// Runs a command. It is text: the first of its fields names it.
async fn run(api: &Api, command: &str) -> Value {
    let commands = format!(r#"{{"commands": [{command}]}}"#);
    let results = api.post("/commands", commands).await.expect(200);
    assert!(results["requestId"].is_string(), "{results}");
    results["list"][0].clone()
}

#[tokio::test]
async fn each_command_has_its_result() {
    let emulator =
        with(json!({"c": [{"_id": 1, "n": 3}, {"_id": 2, "n": 1}, {"_id": 3, "n": 1}]})).await;
    let api = Api::admin(&emulator);
    let found = run(
        &api,
        r#"{"find": "c", "filter": {"n": {"$gte": 1}}, "sort": {"n": -1, "_id": -1}, "limit": 2, "projection": {"n": 0}}"#,
    );
    assert_eq!(found.await, json!([{"_id": int(1)}, {"_id": int(3)}]));
    let groups = run(
        &api,
        r#"{"aggregate": "c", "pipeline": [{"$group": {"_id": null, "n": {"$sum": "$n"}}}], "cursor": {}}"#,
    );
    assert_eq!(groups.await, json!([{"_id": null, "n": int(5)}]));
    assert_eq!(
        run(&api, r#"{"count": "c", "query": {"n": 1}}"#).await,
        json!([{"n": int(2)}])
    );
    let values = run(&api, r#"{"distinct": "c", "key": "n"}"#).await;
    assert_eq!(values, json!([{"values": [int(3), int(1)]}]));
    let inserted = run(
        &api,
        r#"{"insert": "c", "documents": [{"_id": 4, "n": 9}]}"#,
    )
    .await;
    assert_eq!(inserted, json!([{"n": int(1)}]));
    let updated = run(
        &api,
        r#"{"update": "c", "updates": [ {"q": {"n": 1}, "u": {"$inc": {"n": 1}}, "multi": true}, {"q": {"_id": 5}, "u": {"n": 5}, "upsert": true}]}"#,
    );
    let upserted = json!([{"index": int(1), "_id": int(5)}]);
    assert_eq!(
        updated.await,
        json!([{"n": int(3), "nModified": int(2), "upserted": upserted}])
    );
    let deleted = run(
        &api,
        r#"{"delete": "c", "deletes": [{"q": {"n": 2}, "limit": 0}, {"q": {}, "limit": 1}]}"#,
    );
    assert_eq!(deleted.await, json!([{"n": int(3)}]));
    let modified = run(
        &api,
        r#"{"findAndModify": "c", "query": {"_id": 4}, "update": {"n": 8}, "new": true}"#,
    );
    assert_eq!(
        modified.await[0]["value"],
        json!({"_id": int(4), "n": int(8)})
    );
    assert_eq!(
        api.find("c", json!({})).await,
        json!([{"_id": int(4), "n": int(8)}, {"_id": int(5), "n": int(5)}])
    );
}

#[tokio::test]
async fn collections_and_indexes_are_managed_by_commands() {
    let emulator = with(json!({"c": [{"_id": 1, "slug": "a"}]})).await;
    let api = Api::admin(&emulator);
    run(&api, r#"{"create": "d"}"#).await;
    let index =
        r#"{"createIndexes": "c", "indexes": [{"key": {"slug": 1}, "name": "x", "unique": true}]}"#;
    run(&api, index).await;
    run(&api, index).await;
    let indexes = run(&api, r#"{"listIndexes": "c"}"#).await;
    assert_eq!(
        indexes[1],
        json!({"name": "slug_1", "key": {"slug": int(1)}, "unique": true})
    );
    let clash = api
        .post("/collections/c/documents", json!({"data": [{"slug": "a"}]}))
        .await;
    clash.rejects(409, "DATABASE_DUPLICATE_WRITE");
    let names = run(&api, r#"{"listCollections": 1, "nameOnly": true}"#).await;
    let name = |name: &str| json!({"name": name, "type": "collection"});
    assert_eq!(names, json!([name("c"), name("d")]));
    let open = api.begin().await;
    run(&api, r#"{"drop": "c"}"#).await;
    api.get("/collections/c/documents")
        .await
        .rejects(404, "DATABASE_COLLECTION_NOT_EXIST");
    api.end(&open, "commit").await.expect(200);
    run(&api, r#"{"create": "c"}"#).await;
    assert_eq!(api.find("c", json!({})).await, json!([]));
}

#[tokio::test]
async fn commands_run_in_order_and_in_a_transaction() {
    let emulator = with(json!({"c": [{"_id": 1, "n": 1}]})).await;
    let api = Api::admin(&emulator);
    let id = api.begin().await;
    let update = r#"{"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"n": 1}}}]}"#;
    let find = r#"{"find": "c", "filter": {}}"#;
    let body = format!(r#"{{"commands": [{update}, {find}], "transactionId": "{id}"}}"#);
    let results = api.post("/commands", body).await.expect(200);
    assert_eq!(results["list"][1], json!([{"_id": int(1), "n": int(2)}]));
    assert_eq!(api.find("c", json!({})).await[0]["n"], int(1));
    api.end(&id, "commit").await.expect(200);
    assert_eq!(api.find("c", json!({})).await[0]["n"], int(2));
}

#[tokio::test]
async fn others_are_rejected_and_name_what_is_not_supported() {
    let emulator = with(json!({"c": []})).await;
    let api = Api::admin(&emulator);
    let reject = async |command: &str, code: &str, status: u16| {
        let commands = format!(r#"{{"commands": [{command}]}}"#);
        api.post("/commands", commands).await.rejects(status, code)
    };
    let index = r#"{"createIndexes": "c", "indexes": [{"key": {"loc": "2dsphere"}}]}"#;
    for (command, word) in [
        (r#"{"mapReduce": "c"}"#, "mapReduce"),
        (
            r#"{"find": "c", "collation": {"locale": "zh"}}"#,
            "collation",
        ),
        (
            r#"{"insert": "c", "documents": [{}], "ordered": false}"#,
            "ordered",
        ),
        (r#"{"findAndModify": "c", "remove": true}"#, "findAndModify"),
        (index, "2dsphere"),
    ] {
        let message = reject(command, "DATABASE_INVALID_OPERRATOR", 403).await;
        assert!(message.contains(word), "{word}: {message}");
    }
    for command in [
        "{}",
        r#"{"find": 1}"#,
        r#"{"find": "c", "limit": -1}"#,
        r#"{"insert": "c", "documents": []}"#,
    ] {
        reject(command, "INVALID_PARAM", 400).await;
    }
    let (user, _) = Api::user(&emulator, "device-of-ann-0001").await;
    let denied = user
        .post("/commands", json!({"commands": [{"ping": 1}]}))
        .await;
    denied.rejects(401, "DATABASE_PERMISSION_DENIED");
}
