//! The id of this device: it decides who an anonymous user is, and outlives every session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::{Error, Result};
use http::HeaderValue;
use secrecy::ExposeSecret as _;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::store::SessionStore;

/// Under which key the other SDKs keep it, too.
const KEY: &str = "device_id";
/// How soon a store is tried again that could not keep the id.
const TRY_AGAIN: Duration = Duration::from_secs(5);

pub(crate) struct Device {
    store: Arc<dyn SessionStore>,
    /// The chosen id, or the one that the store holds.
    header: OnceCell<HeaderValue>,
    /// An id of this process that the store could not keep.
    unsaved: Mutex<Option<Unsaved>>,
}

struct Unsaved {
    id: String,
    tried: Instant,
}

impl Device {
    pub(crate) fn new(store: Arc<dyn SessionStore>, chosen: Option<&str>) -> Result<Self> {
        let header = chosen
            .map(|id| {
                let fits =
                    (1..72).contains(&id.len()) && id.bytes().all(|b| (b'!'..=b'~').contains(&b));
                let value = HeaderValue::from_str(id).ok().filter(|_| fits);
                value.ok_or_else(|| {
                    Error::config("device_id", "must be 1 to 71 visible ASCII characters")
                })
            })
            .transpose()?;
        Ok(Self {
            store,
            header: OnceCell::new_with(header),
            unsaved: Mutex::default(),
        })
    }

    /// The id as a header: the chosen one, the stored one, or a new one that is stored. If the store
    /// fails, this process has one of its own until the store keeps it, or holds another one.
    pub(crate) async fn header(&self) -> HeaderValue {
        if let Some(header) = self.header.get() {
            return header.clone();
        }
        let mut unsaved = self.unsaved.lock().await;
        if let Some(header) = self.header.get() {
            return header.clone();
        }
        if let Some(unsaved) = &*unsaved
            && unsaved.tried.elapsed() < TRY_AGAIN
        {
            return header_of(&unsaved.id);
        }
        let is_new = unsaved.is_none();
        // It stays there as well: this call may be dropped while it waits for the store.
        let id = match &*unsaved {
            Some(unsaved) => unsaved.id.clone(),
            None => uuid::Uuid::new_v4().hyphenated().to_string(),
        };
        match self.settle(&id).await {
            Ok(id) => {
                *unsaved = None;
                let header = header_of(&id);
                // Nobody else sets it: this has the lock.
                let _ = self.header.set(header.clone());
                header
            }
            Err(error) => {
                if is_new {
                    tracing::warn!(%error, "the device id cannot be kept: this process uses one of its own");
                }
                let header = header_of(&id);
                let tried = Instant::now();
                *unsaved = Some(Unsaved { id, tried });
                header
            }
        }
    }

    /// Two programs that start together agree on one id: the lock decides which. A program that loses it on
    /// the way looks again.
    async fn settle(&self, made: &str) -> Result<String> {
        let mut tries = 3;
        loop {
            tries -= 1;
            if let Some(id) = self.stored().await? {
                return Ok(id);
            }
            let lock = self.store.lock(KEY).await?;
            let result = match self.stored().await {
                Ok(Some(id)) => Ok(id),
                Ok(None) => {
                    let saved = self.store.save(KEY, &made.into(), &lock).await;
                    saved.map(|()| made.to_owned())
                }
                Err(error) => Err(error),
            };
            let was_lost = matches!(&result, Err(error) if lock.was_lost(error));
            lock.release().await;
            if !was_lost || tries == 0 {
                return result;
            }
        }
    }

    /// The stored id, if it is one: the other SDKs take 16 to 48 characters.
    async fn stored(&self) -> Result<Option<String>> {
        let stored = self.store.load(KEY).await?;
        Ok(stored
            .map(|id| id.expose_secret().trim().to_owned())
            .filter(|id| {
                (16..=48).contains(&id.len())
                    && id.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
            }))
    }
}

fn header_of(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("rust-sdk-no-device-id"))
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use cloudbase_core::ErrorKind;
    use futures_core::future::BoxFuture;
    use secrecy::SecretString;
    use tokio::time::advance;

    use super::*;
    use crate::store::conformance::Fenced;
    use crate::store::{MemoryStore, StoreLock};

    const THEIRS: &str = "another-process-1234";

    async fn put_theirs(store: &dyn SessionStore) {
        let lock = store.lock(KEY).await.unwrap();
        store.save(KEY, &THEIRS.into(), &lock).await.unwrap();
        lock.release().await;
    }

    #[tokio::test]
    async fn an_id_that_another_process_has_stored_meanwhile_wins() {
        let store = Arc::new(Fenced::default());
        let device = Device::new(store.clone(), None).unwrap();
        let other = store.clone();
        store.lose_the_next_lock(async move { put_theirs(&*other).await });
        assert_eq!(device.header().await, THEIRS);

        // Lost, but to nobody who stored one: it is stored with the next lock.
        let store = Arc::new(Fenced::default());
        let device = Device::new(store.clone(), None).unwrap();
        let other = store.clone();
        store.lose_the_next_lock(async move { other.lock(KEY).await.unwrap().release().await });
        let header = device.header().await;
        let stored = store.load(KEY).await.unwrap().unwrap();
        assert_eq!(header, stored.expose_secret());
    }

    /// A store that cannot be written for a while.
    #[derive(Clone, Default)]
    struct Full {
        inner: MemoryStore,
        is_full: Arc<AtomicBool>,
        hangs: Arc<AtomicBool>,
    }

    impl SessionStore for Full {
        fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
            match self.hangs.load(Ordering::SeqCst) {
                true => Box::pin(std::future::pending()),
                false => self.inner.load(key),
            }
        }
        fn save<'a>(
            &'a self,
            key: &'a str,
            value: &'a SecretString,
            lock: &'a StoreLock,
        ) -> BoxFuture<'a, Result<()>> {
            match self.is_full.load(Ordering::SeqCst) {
                true => Box::pin(async { Err(Error::new(ErrorKind::Local, "disk full")) }),
                false => self.inner.save(key, value, lock),
            }
        }
        fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
            self.inner.remove(key, lock)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_loses_no_unsaved_id() {
        let store = Full::default();
        store.is_full.store(true, Ordering::SeqCst);
        let device = Device::new(Arc::new(store.clone()), None).unwrap();
        let own = device.header().await;
        advance(TRY_AGAIN).await;
        store.hangs.store(true, Ordering::SeqCst);
        let hanging = tokio::time::timeout(Duration::from_secs(1), device.header());
        hanging.await.unwrap_err();
        store.hangs.store(false, Ordering::SeqCst);
        assert_eq!(device.header().await, own);
        store.is_full.store(false, Ordering::SeqCst);
        advance(TRY_AGAIN).await;
        assert_eq!(device.header().await, own);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unsaved_id_is_kept_later_or_yields() {
        for theirs_is_there in [false, true] {
            let store = Full::default();
            store.is_full.store(true, Ordering::SeqCst);
            let device = Device::new(Arc::new(store.clone()), None).unwrap();
            let own = device.header().await;
            store.is_full.store(false, Ordering::SeqCst);
            if theirs_is_there {
                put_theirs(&store).await;
            }
            assert_eq!(device.header().await, own, "tried just now");
            advance(TRY_AGAIN).await;
            let settled = device.header().await;
            let stored = store.load(KEY).await.unwrap().unwrap();
            assert_eq!(settled, stored.expose_secret());
            assert_eq!(settled != own, theirs_is_there);
            advance(TRY_AGAIN).await;
            assert_eq!(device.header().await, settled);
        }
    }
}
