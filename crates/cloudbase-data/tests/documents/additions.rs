//! Additions that are repeated.

use serde_json::json;

use super::script::Script;

const DUPLICATE: &str = r#"{"code":"DATABASE_DUPLICATE_WRITE","message":"duplicate"}"#;

#[tokio::test(start_paused = true)]
async fn an_addition_may_be_repeated_if_its_own_document_is_there() {
    let sent = json!({ "_id": "a", "n": 1 });
    for (stored, is_ours) in [
        (
            r#"{"list":[{"_id":"a","n":{"$numberInt":"1"},"_openid":"u"}]}"#,
            true,
        ),
        (r#"{"list":[{"_id":"a","n":{"$numberInt":"2"}}]}"#, false),
        (
            r#"{"list":[{"_id":"a","n":{"$numberInt":"1"},"more":true}]}"#,
            false,
        ),
        (r#"{"list":[]}"#, false),
    ] {
        let script = Script::new()
            .json(502, "{}")
            .json(409, DUPLICATE)
            .json(200, stored);
        let todos = script.documents().collection("todos");
        let added = todos.add(&sent).idempotent(true).await;
        assert_eq!(script.requests().len(), 3);
        match added {
            Ok(added) => assert!(is_ours && added.id == "a", "{stored}"),
            Err(error) => assert!(!is_ours && error.is_conflict(), "{stored}: {error}"),
        }
    }
    // The first attempt alone has added nothing: the document is another's.
    let script = Script::new().json(409, DUPLICATE);
    let error = script
        .documents()
        .collection("t")
        .add(&sent)
        .idempotent(true)
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    // Without it nothing is repeated once it may have been sent.
    let script = Script::new().json(502, "{}");
    let error = script
        .documents()
        .collection("t")
        .add(&sent)
        .await
        .unwrap_err();
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
}

/// The service reads at most 1,000 documents, and no condition of any length.
#[tokio::test]
async fn many_documents_are_looked_for_in_parts() {
    let documents: Vec<_> = (0..1050)
        .map(|n| json!({ "_id": format!("id-{n}") }))
        .collect();
    let mut script = Script::new().json(502, "{}").json(409, DUPLICATE);
    for stored in documents.chunks(100) {
        script = script.json(200, json!({ "list": stored }).to_string());
    }
    let todos = script.documents().collection("todos");
    let added = todos.add_many(&documents).idempotent(true).await.unwrap();
    assert_eq!(added.ids.len(), 1050);
    assert_eq!(added.ids[1049], "id-1049");
    assert_eq!(script.requests().len(), 13);
}
