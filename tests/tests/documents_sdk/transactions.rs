//! Transactions: all or nothing, conflicts, the end of one that is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cloudbase_core::Error;
use cloudbase_data::Documents;
use serde::{Deserialize, Serialize};

use crate::support::{documents, emulator};

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Stock {
    left: i32,
}

async fn left(documents: &Documents, id: &str) -> Option<i32> {
    let stock: Option<Stock> = documents.collection("stock").doc(id).get().await.unwrap();
    stock.map(|stock| stock.left)
}

async fn with_stock(documents: &Documents, left: i32) {
    documents
        .collection("stock")
        .doc("milk")
        .set(&Stock { left })
        .await
        .unwrap();
}

#[tokio::test]
async fn all_changes_are_made_or_none() {
    let emulator = emulator().await;
    let documents = documents(&emulator);
    with_stock(&documents, 3).await;
    let outside = documents.clone();
    let taken = documents
        .transaction(|tx| {
            let outside = outside.clone();
            async move {
                let stock = tx.collection("stock");
                let found: Stock = stock
                    .doc("milk")
                    .get()
                    .await?
                    .ok_or_else(|| Error::other("no milk"))?;
                stock
                    .doc("milk")
                    .set(&Stock {
                        left: found.left - 1,
                    })
                    .await?;
                stock.doc("cart").set(&Stock { left: 1 }).await?;
                // Nobody else sees it yet; the transaction itself does.
                assert_eq!(left(&outside, "milk").await, Some(3));
                let now: Option<Stock> = stock.doc("milk").get().await?;
                assert_eq!(now, Some(Stock { left: 2 }));
                Ok(found.left)
            }
        })
        .await
        .unwrap();
    assert_eq!(taken, 3);
    assert_eq!(
        (
            left(&documents, "milk").await,
            left(&documents, "cart").await
        ),
        (Some(2), Some(1))
    );

    let failed = documents.transaction(|tx| async move {
        tx.collection("stock")
            .doc("milk")
            .set(&Stock { left: 0 })
            .await?;
        Err::<(), _>(Error::other("changed my mind"))
    });
    assert_eq!(failed.await.unwrap_err().message(), "changed my mind");
    assert_eq!(left(&documents, "milk").await, Some(2));
}

/// Each takes one; those that meet another's change begin again.
#[tokio::test]
async fn a_conflict_begins_again() {
    let emulator = emulator().await;
    let documents = documents(&emulator);
    with_stock(&documents, 10).await;
    let runs = Arc::new(AtomicU32::new(0));
    let (other, counted) = (documents.clone(), runs.clone());
    let task = tokio::spawn(documents.transaction(move |tx| {
        let (other, run) = (other.clone(), counted.fetch_add(1, Ordering::Relaxed));
        async move {
            let milk = tx.collection("stock").doc("milk");
            let stock: Stock = milk.get().await?.ok_or_else(|| Error::other("no milk"))?;
            if run == 0 {
                with_stock(&other, 100).await;
            }
            milk.set(&Stock {
                left: stock.left - 1,
            })
            .await?;
            Ok(())
        }
    }));
    task.await.unwrap().unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(left(&documents, "milk").await, Some(99));
}

#[tokio::test]
async fn a_transaction_by_hand_is_committed_or_rolled_back() {
    let emulator = emulator().await;
    let documents = documents(&emulator);
    with_stock(&documents, 3).await;
    let tx = documents.start_transaction().await.unwrap();
    tx.collection("stock")
        .doc("milk")
        .set(&Stock { left: 2 })
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(left(&documents, "milk").await, Some(3));
    let tx = documents.start_transaction().await.unwrap();
    tx.collection("stock").doc("milk").remove().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(left(&documents, "milk").await, None);
}
