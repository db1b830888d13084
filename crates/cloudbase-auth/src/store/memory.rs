//! A store that ends with the process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudbase_core::Result;
use futures_core::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::Mutex as AsyncMutex;

use super::{SessionStore, StoreLock};

/// Keeps sessions in memory; the default. Clones share what they hold, so that several handles of
/// one process can share a session.
#[derive(Clone, Default)]
pub struct MemoryStore {
    values: Arc<Mutex<HashMap<String, SecretString>>>,
    locks: Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that holds this value.
    pub(crate) fn holding(key: String, value: SecretString) -> Self {
        let store = Self::new();
        store.values().insert(key, value);
        store
    }

    fn values(&self) -> MutexGuard<'_, HashMap<String, SecretString>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MemoryStore {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(std::future::ready(Ok(self.values().get(key).cloned())))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        _lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        self.values().insert(key.to_owned(), value.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a str, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        self.values().remove(key);
        Box::pin(std::future::ready(Ok(())))
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(key.to_owned()).or_default().clone()
        };
        Box::pin(async move {
            let guard = lock.lock_owned().await;
            Ok(StoreLock::new(0, move || async move { drop(guard) }))
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("values", &self.values().len())
            .finish_non_exhaustive()
    }
}
