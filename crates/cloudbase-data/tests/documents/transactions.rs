//! What a transaction sends, when it begins again, and when it is rolled back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cloudbase_core::{Error, ErrorKind, Result};
use cloudbase_data::documents::{Document, Documents, Transaction, eq, inc};
use serde_json::json;

use super::script::Script;

const STARTED: &str = r#"{"transactionId":"t-1"}"#;
const UPDATED: &str = r#"{"updated":1,"matched":1,"upsert_id":""}"#;
const CONFLICT: &str = r#"{"code":"DATABASE_TRANSACTION_CONFLICT","message":"conflict"}"#;

fn lines(script: &Script) -> Vec<String> {
    let line = |sent: super::script::Sent| {
        let line = sent.line.replace("/collections/", "");
        match sent.body.get("transactionId") {
            Some(id) => format!("{line} in {}", id.as_str().unwrap()),
            None => line,
        }
    };
    script.requests().into_iter().map(line).collect()
}

async fn take_one(tx: Transaction) -> Result<&'static str> {
    tx.collection("stock")
        .doc("milk")
        .update(inc("left", -1))
        .await?;
    Ok("taken")
}

#[tokio::test]
async fn every_call_is_part_of_the_transaction() {
    let script = Script::new()
        .json(201, STARTED)
        .json(200, r#"{"_id":"a","n":{"$numberInt":"1"}}"#)
        .json(201, r#"{"insertedIds":["b"]}"#)
        .json(200, UPDATED)
        .json(200, UPDATED)
        .json(200, r#"{"deleted":1}"#)
        .json(200, r#"{"list":[]}"#)
        .json(200, r#"{"total":0}"#)
        .json(200, UPDATED)
        .json(200, r#"{"deleted":1}"#)
        .json(204, "");
    let done = script.documents().transaction(|tx| async move {
        let t = tx.collection("t");
        assert!(t.doc("a").get::<Document>().await?.is_some());
        t.add(&json!({ "x": 1 })).await?;
        t.doc("a").update(inc("n", 1)).await?;
        t.doc("a").set(&json!({ "n": 1 })).await?;
        t.doc("a").remove().await?;
        t.get::<Document>().await?;
        t.count().await?;
        t.filter(eq("n", 1)).update(inc("n", 1)).await?;
        t.filter(eq("n", 1)).remove().await?;
        Ok(7)
    });
    assert_eq!(done.await.unwrap(), 7);
    assert_eq!(
        lines(&script),
        [
            "POST /transactions",
            "GET t/documents/a?transactionId=t-1",
            "POST t/documents in t-1",
            "PATCH t/documents/a in t-1",
            "PATCH t/documents/a in t-1",
            "DELETE t/documents/a?transactionId=t-1",
            "GET t/documents?transactionId=t-1&offset=0&limit=100",
            "GET t/documents?transactionId=t-1&count=true",
            "PATCH t/documents in t-1",
            "POST t/documents/remove in t-1",
            "POST /transactions/t-1/commit",
        ]
    );
}

/// The whole can be spawned, with what its task owns.
#[tokio::test(start_paused = true)]
async fn a_conflict_begins_again() {
    for (status, conflict) in [(503, CONFLICT), (200, CONFLICT)] {
        let script = Script::new()
            .json(201, STARTED)
            .json(status, conflict)
            .json(200, "{}")
            .json(201, STARTED)
            .json(200, UPDATED)
            .json(status, conflict)
            .json(201, STARTED)
            .json(200, UPDATED)
            .json(200, "{}");
        let documents = script.documents();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = runs.clone();
        let what = String::from("milk");
        let task = tokio::spawn(documents.transaction(move |tx: Transaction| {
            counted.fetch_add(1, Ordering::Relaxed);
            let what = what.clone();
            async move {
                tx.collection("stock")
                    .doc(what)
                    .update(inc("left", -1))
                    .await
            }
        }));
        assert_eq!(task.await.unwrap().unwrap().updated, 1);
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        // The service ends a transaction that it cannot commit.
        let ends = lines(&script).into_iter().filter_map(|line| {
            let (_, end) = line.split_once("/t-1/")?;
            Some(end.to_owned())
        });
        assert_eq!(ends.collect::<Vec<_>>(), ["rollback", "commit", "commit"]);
    }
}

#[tokio::test(start_paused = true)]
async fn conflicts_without_end_are_bounded() {
    let mut script = Script::new();
    for _ in 0..4 {
        let conflict = script.json(201, STARTED).json(503, CONFLICT);
        script = conflict.json(200, "{}");
    }
    let error = script.documents().transaction(take_one).await.unwrap_err();
    assert!(error.is_conflict() && error.is_retryable(), "{error}");
    assert_eq!(script.requests().len(), 12);
}

/// The conflict of a transaction within says nothing of the one around it.
#[tokio::test(start_paused = true)]
async fn a_conflict_of_another_transaction_rolls_back() {
    let script = Script::new()
        .json(201, r#"{"transactionId":"outer"}"#)
        .json(201, r#"{"transactionId":"inner"}"#)
        .json(503, CONFLICT)
        .json(200, "{}")
        .json(200, "{}")
        .json(201, r#"{"transactionId":"again"}"#)
        .json(200, "{}");
    let documents = script.documents();
    let mut runs = 0;
    let done = documents.transaction(|_| {
        runs += 1;
        let inner = (runs == 1).then(|| documents.start_transaction());
        async move {
            match inner {
                Some(inner) => take_one(inner.await?).await,
                None => Ok("nothing"),
            }
        }
    });
    assert_eq!(done.await.unwrap(), "nothing");
    let sent = lines(&script);
    let outer = "POST /transactions/outer/rollback".to_owned();
    assert!(sent[..5].contains(&outer), "{sent:?}");
    assert_eq!(sent[6], "POST /transactions/again/commit");
}

#[tokio::test]
async fn an_error_rolls_back_and_is_returned() {
    // That the rollback fails is not what the caller asked about.
    let script = Script::new().json(201, STARTED).json(400, "{}");
    let failed = script
        .documents()
        .transaction(|_| async { Err::<(), _>(Error::other("no milk")) });
    assert_eq!(failed.await.unwrap_err().message(), "no milk");
    assert_eq!(lines(&script)[1], "POST /transactions/t-1/rollback");

    let failed = r#"{"code":"DATABASE_TRANSACTION_FAIL","message":"failed"}"#;
    let script = Script::new()
        .json(201, STARTED)
        .json(200, UPDATED)
        .json(503, failed)
        .json(200, "{}");
    let error = script.documents().transaction(take_one).await.unwrap_err();
    assert_eq!(error.message(), "failed");
    assert_eq!(lines(&script)[3], "POST /transactions/t-1/rollback");
}

async fn until(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("does not happen");
}

async fn until_rolled_back(script: &Script) {
    let is_rollback = |line: &String| line.ends_with("/rollback");
    until(|| lines(script).iter().any(is_rollback)).await;
}

#[tokio::test]
async fn a_future_dropped_while_it_rolls_back_still_does() {
    let script = Script::new().json(201, STARTED).json(200, "{}").hold(1);
    let documents = script.documents();
    let work = |_| async { Err::<(), _>(Error::other("no milk")) };
    let task = tokio::spawn(documents.transaction(work));
    until_rolled_back(&script).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    script.release();
    until(|| script.delivered() == 2).await;
}

#[tokio::test]
async fn a_commit_that_fails_is_rolled_back() {
    let failed = r#"{"code":"DATABASE_TRANSACTION_FAIL","message":"failed"}"#;
    let rejected = Script::new().json(201, STARTED).json(503, failed);
    let without_response = Script::new().json(201, STARTED);
    for script in [rejected, without_response] {
        let tx = script.documents().start_transaction().await.unwrap();
        // The transaction lasts as long as its collection.
        let _held = tx.collection("t");
        tx.commit().await.unwrap_err();
        until_rolled_back(&script).await;
        assert_eq!(lines(&script)[1], "POST /transactions/t-1/commit");
    }

    let script = Script::new().json(201, STARTED);
    let tx = script.documents().start_transaction().await.unwrap();
    let _held = tx.collection("t");
    let invalid = tx.commit().header("no name", "x").await.unwrap_err();
    assert_eq!(invalid.kind(), ErrorKind::Argument);
    until_rolled_back(&script).await;

    let script = Script::new().json(201, STARTED).json(200, "{}").hold(1);
    let tx = script.documents().start_transaction().await.unwrap();
    let _held = tx.collection("t");
    let task = tokio::spawn(tx.commit().into_future());
    until(|| script.requests().len() == 2).await;
    task.abort();
    until_rolled_back(&script).await;

    // The service has ended it.
    let script = Script::new().json(201, STARTED).json(503, CONFLICT);
    let tx = script.documents().start_transaction().await.unwrap();
    assert!(tx.commit().await.unwrap_err().is_conflict());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_panic_and_a_dropped_future_roll_back() {
    let script = Script::new().json(201, STARTED).json(200, "{}");
    let documents = script.documents();
    let task = tokio::spawn(async move {
        let work = |_| async { panic!("the work panics") };
        documents.transaction::<(), _, _>(work).await
    });
    assert!(task.await.unwrap_err().is_panic());
    until_rolled_back(&script).await;

    let script = Script::new().json(201, STARTED).json(200, "{}");
    let documents = script.documents();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let task = tokio::spawn(async move {
        let work = |tx: Transaction| {
            begun.take().unwrap().send(()).unwrap();
            async move {
                let _held = tx;
                std::future::pending::<Result<()>>().await
            }
        };
        documents.transaction(work).await
    });
    has_begun.await.unwrap();
    task.abort();
    until_rolled_back(&script).await;
}

#[tokio::test]
async fn a_transaction_by_hand_ends_once() {
    async fn begun(documents: &Documents) -> Transaction {
        documents.start_transaction().await.unwrap()
    }
    let script = Script::new()
        .json(201, STARTED)
        .json(200, "{}")
        .json(201, STARTED)
        .json(200, "{}")
        .json(201, STARTED)
        .json(200, "{}");
    let documents = script.documents();
    let tx = begun(&documents).await;
    let t = tx.collection("t");
    tx.commit().await.unwrap();
    let error = t.doc("a").get::<Document>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    assert!(
        error
            .message()
            .starts_with("`transaction` must not have ended"),
        "{error}"
    );
    begun(&documents).await.rollback().await.unwrap();
    // Dropped in the middle: as long as one of its collections is there, it lasts.
    let tx = begun(&documents).await;
    let t = tx.collection("t");
    drop(tx);
    assert_eq!(script.requests().len(), 5);
    drop(t);
    while script.requests().len() < 6 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        lines(&script),
        [
            "POST /transactions",
            "POST /transactions/t-1/commit",
            "POST /transactions",
            "POST /transactions/t-1/rollback",
            "POST /transactions",
            "POST /transactions/t-1/rollback",
        ]
    );
}

/// The work may end the transaction itself.
#[tokio::test]
async fn work_that_rolls_back_is_not_committed() {
    let script = Script::new().json(201, STARTED).json(200, "{}");
    let work = |tx: Transaction| async move {
        tx.rollback().await?;
        Ok("changed my mind")
    };
    let done = script.documents().transaction(work).await.unwrap();
    assert_eq!(done, "changed my mind");
    assert_eq!(script.requests().len(), 2);
}
