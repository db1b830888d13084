//! What is there after a restart, a reset and a restored snapshot.

use cloudbase_emulator::Emulator;
use serde_json::json;

use super::support::{Api, int};

#[tokio::test]
async fn documents_and_indexes_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let collections = json!({"c": {"indexes": [{"fields": ["slug"], "unique": true}], "documents": [{"_id": 1, "slug": "a"}]}});
    let builder = || Emulator::builder().data_dir(&path);
    let emulator = builder().documents(&collections).start().await.unwrap();
    let admin = Api::admin(&emulator);
    admin.insert("c", json!([{"_id": 2, "slug": "b"}])).await;
    admin
        .post("/collections", json!({"collectionName": "d"}))
        .await
        .expect(201);
    let open = admin.begin().await;
    let insert = json!({"data": [{"_id": 3, "slug": "c"}], "transactionId": open});
    admin
        .post("/collections/c/documents", insert)
        .await
        .expect(201);
    emulator.shutdown().await;
    let collections =
        json!({"c": {"indexes": ["n"], "documents": [{"_id": 9, "slug": "z"}]}, "e": [{"_id": 1}]});
    let emulator = builder().documents(&collections).start().await.unwrap();
    let admin = Api::admin(&emulator);
    let kept = json!([{"_id": int(1), "slug": "a"}, {"_id": int(2), "slug": "b"}]);
    assert_eq!(admin.find("c", json!({})).await, kept);
    assert_eq!(admin.find("d", json!({})).await, json!([]));
    assert_eq!(admin.find("e", json!({})).await, json!([{"_id": int(1)}]));
    let clash = json!({"data": [{"slug": "b"}]});
    let clash = admin.post("/collections/c/documents", clash).await;
    clash.rejects(409, "DATABASE_DUPLICATE_WRITE");
    admin
        .end(&open, "commit")
        .await
        .rejects(503, "DATABASE_TRANSACTION_FAIL");
    // Insertion goes on where it was.
    admin.insert("c", json!([{"_id": 0, "slug": "y"}])).await;
    let last = admin.find("c", json!({})).await;
    assert_eq!(last[2]["_id"], int(0));
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_reset_brings_the_start_back_and_a_snapshot_its_moment() {
    let folder = tempfile::tempdir().unwrap();
    for path in [None, Some(folder.path().join("data"))] {
        let mut builder = Emulator::builder().documents(json!({"c": [{"_id": 1}]}));
        if let Some(path) = path {
            builder = builder.data_dir(path);
        }
        let emulator = builder.start().await.unwrap();
        let admin = Api::admin(&emulator);
        let open = admin.begin().await;
        admin.insert("c", json!([{"_id": 2}])).await;
        let snapshot = emulator.snapshot().await.unwrap();
        emulator.reset().await.unwrap();
        assert_eq!(admin.find("c", json!({})).await, json!([{"_id": int(1)}]));
        admin.insert("c", json!([{"_id": 3}])).await;
        emulator.restore(&snapshot).await.unwrap();
        let both = json!([{"_id": int(1)}, {"_id": int(2)}]);
        assert_eq!(admin.find("c", json!({})).await, both);
        assert_eq!(
            admin.find("c", json!({"_id": 2})).await,
            json!([{"_id": int(2)}])
        );
        admin
            .end(&open, "commit")
            .await
            .rejects(503, "DATABASE_TRANSACTION_FAIL");
        admin.insert("c", json!([{"_id": 3}])).await;
        emulator.shutdown().await;
    }
}

#[tokio::test]
async fn files_have_their_names_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.json");
    let start = || Emulator::builder().documents_file(&path).start();
    let error = start().await.unwrap_err().to_string();
    assert!(error.contains("documents.json"), "{error}");
    std::fs::write(&path, "{\"c\": [{]}").unwrap();
    let error = start().await.unwrap_err().to_string();
    assert!(
        error.contains("documents.json") && error.contains("line 1"),
        "{error}"
    );
    std::fs::write(&path, "\u{feff}{\"c\": [{\"_id\": 1}]}").unwrap();
    let emulator = start().await.unwrap();
    let found = Api::admin(&emulator).find("c", json!({})).await;
    assert_eq!(found, json!([{"_id": int(1)}]));
}
