//! What every store must do; each of them is put through it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::ExposeSecret as _;

use super::{MemoryStore, SessionStore};

/// Puts a store through everything. `key` must be free.
pub(crate) async fn conforms(store: Arc<dyn SessionStore>, key: &str) {
    let text = |store: Arc<dyn SessionStore>| async move {
        let value = store.load(key).await.unwrap();
        value.map(|value| value.expose_secret().to_owned())
    };
    assert_eq!(text(store.clone()).await, None, "nothing there yet");
    let lock = store.lock(key).await.unwrap();
    store.remove(key, &lock).await.unwrap();
    let large = format!("{{\"user\":\"ü{}\"}}", "x".repeat(16 * 1024));
    for value in ["one", "", &large, "two"] {
        store.save(key, &value.into(), &lock).await.unwrap();
        assert_eq!(text(store.clone()).await.as_deref(), Some(value));
    }
    lock.release().await;
    assert_eq!(
        text(store.clone()).await.as_deref(),
        Some("two"),
        "kept after the lock is gone"
    );

    // One at a time, however many there are; a dropped lock is a released one.
    let inside = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (store, inside, key) = (store.clone(), inside.clone(), key.to_owned());
            tokio::spawn(async move {
                let lock = store.lock(&key).await.unwrap();
                assert_eq!(
                    inside.fetch_add(1, Ordering::SeqCst),
                    0,
                    "two hold the lock"
                );
                store
                    .save(&key, &format!("{n}").into(), &lock)
                    .await
                    .unwrap();
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                if n % 2 == 0 {
                    lock.release().await
                } else {
                    drop(lock)
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let lock = store.lock(key).await.unwrap();
    let other = format!("{key}-other");
    let free = store.lock(&other).await.unwrap();
    free.release().await;
    store.remove(key, &lock).await.unwrap();
    assert_eq!(text(store.clone()).await, None);
    store.save(key, &"bad".into(), &lock).await.unwrap();
    store.discard(key, &lock).await.unwrap();
    assert_eq!(text(store.clone()).await, None);
    lock.release().await;
}

#[tokio::test]
async fn memory() {
    conforms(Arc::new(MemoryStore::new()), "k").await;
}

#[cfg(feature = "file-store")]
#[tokio::test]
async fn file() {
    let directory = tempfile::tempdir().unwrap();
    conforms(
        Arc::new(super::FileStore::new(directory.path().join("s"))),
        "k",
    )
    .await;
}
