//! What every store must do, which each of them is put through; and one whose locks can be lost.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cloudbase_core::Result;
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::check::{forgets, keeps};
use super::{MemoryStore, SessionStore, StoreLock};

/// A store in memory whose locks can be lost, as by a process that was paused for too long.
#[derive(Default)]
pub(crate) struct Fenced {
    inner: MemoryStore,
    newest: Mutex<HashMap<String, u64>>,
    meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl Fenced {
    /// Has `meanwhile` happen before the next save or removal, which has lost its lock by then.
    pub(crate) fn lose_the_next_lock(&self, meanwhile: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::pin(meanwhile));
    }

    async fn fence(&self, key: &str, lock: &StoreLock) -> Result<()> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        let newest = self.newest.lock().unwrap().get(key).copied();
        match newest == Some(lock.fence()) {
            true => Ok(()),
            false => Err(lock.lost()),
        }
    }
}

impl SessionStore for Fenced {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        self.inner.load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.fence(key, lock).await?;
            self.inner.save(key, value, lock).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.fence(key, lock).await?;
            self.inner.remove(key, lock).await
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        let fence = {
            let mut newest = self.newest.lock().unwrap();
            let newest = newest.entry(key.to_owned()).or_default();
            *newest += 1;
            *newest
        };
        Box::pin(std::future::ready(Ok(StoreLock::new(fence, || async {}))))
    }
}

/// Puts a store through everything. `key` must be free.
pub(crate) async fn conforms(store: Arc<dyn SessionStore>, key: &str) {
    let text = |store: Arc<dyn SessionStore>| async move {
        let value = store.load(key).await.unwrap();
        value.map(|value| value.expose_secret().to_owned())
    };
    assert_eq!(text(store.clone()).await, None, "nothing there yet");
    let lock = store.lock(key).await.unwrap();
    forgets(&*store, key, &lock).await.unwrap();
    let large = format!("{{\"user\":\"ü{}\"}}", "x".repeat(16 * 1024));
    for value in ["one", "", &large, "two"] {
        keeps(&*store, key, value, &lock).await.unwrap();
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
    forgets(&*store, key, &lock).await.unwrap();
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
