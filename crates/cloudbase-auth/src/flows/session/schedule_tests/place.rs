//! The place that processes of a schedule share, and how each of them sees it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Result};
use fastrand::Rng;
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep};

use super::KEY;
use crate::Session;
use crate::store::{MemoryStore, SessionStore, StoreLock};

const LOCK_LIFETIME: Duration = Duration::from_millis(50);

/// A place that many share, whose locks run out.
#[derive(Clone, Default)]
pub(super) struct Place {
    values: MemoryStore,
    locks: Arc<Mutex<HashMap<String, Lock>>>,
}

#[derive(Default)]
struct Lock {
    newest: u64,
    held: Option<(u64, Instant)>,
}

impl Place {
    fn take(&self, key: &str) -> Option<u64> {
        let mut locks = self.locks.lock().unwrap();
        let lock = locks.entry(key.to_owned()).or_default();
        if lock.held.is_some_and(|(_, until)| until > Instant::now()) {
            return None;
        }
        lock.newest += 1;
        lock.held = Some((lock.newest, Instant::now() + LOCK_LIFETIME));
        Some(lock.newest)
    }

    fn let_go(&self, key: &str, fence: u64) {
        let mut locks = self.locks.lock().unwrap();
        let lock = locks.entry(key.to_owned()).or_default();
        lock.held = lock.held.filter(|(holder, _)| *holder != fence);
    }

    fn check(&self, key: &str, lock: &StoreLock) -> Result<()> {
        let locks = self.locks.lock().unwrap();
        let newest = locks.get(key).map_or(0, |lock| lock.newest);
        match lock.fence() == newest {
            true => Ok(()),
            false => Err(lock.lost()),
        }
    }

    pub(super) async fn session(&self) -> Option<Session> {
        let json = self.values.load(KEY).await.unwrap()?;
        Some(Session::from_json(json.expose_secret()).unwrap())
    }
}

/// The place as one process sees it. What a dead process asks for never comes.
#[derive(Clone)]
pub(super) struct View {
    place: Place,
    rng: Arc<Mutex<Rng>>,
    pub(super) is_dead: Arc<AtomicBool>,
    /// What fails of the session's own key. Marks of sign-outs can always be read and saved: without
    /// any mark, two processes that cannot save look as if nobody had signed in.
    pub(super) fails: Arc<Fails>,
}

/// What a process cannot do with the session's key.
#[derive(Default)]
pub(super) struct Fails {
    pub(super) load: AtomicBool,
    pub(super) save: AtomicBool,
    pub(super) lock: AtomicBool,
    /// Nothing fails after its work any more.
    is_calm: AtomicBool,
    /// How many loads have failed.
    pub(super) blind: AtomicU32,
}

impl Fails {
    /// Nothing fails any more.
    pub(super) fn mend(&self) {
        for fails in [&self.load, &self.save, &self.lock] {
            fails.store(false, Ordering::SeqCst);
        }
        self.is_calm.store(true, Ordering::SeqCst);
    }
}

impl View {
    pub(super) fn of(place: &Place, rng: Rng) -> Self {
        Self {
            place: place.clone(),
            rng: Arc::new(Mutex::new(rng)),
            is_dead: Arc::default(),
            fails: Arc::default(),
        }
    }

    /// A moment that a step takes; one in ten may outlast a lock.
    async fn pause(&self) {
        let pause = {
            let mut rng = self.rng.lock().unwrap();
            let most = if rng.u32(0..10) == 0 { 80 } else { 10 };
            rng.u64(0..most)
        };
        sleep(Duration::from_millis(pause)).await;
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending().await
        }
    }

    /// A step that may fail: where `fails` says so before it, and now and then after it.
    async fn step<T>(
        &self,
        key: &str,
        fails: &AtomicBool,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let failure = || Error::new(ErrorKind::Local, "disk trouble");
        self.pause().await;
        if key == KEY && fails.load(Ordering::SeqCst) {
            return Err(failure());
        }
        let done = work.await?;
        self.pause().await;
        let is_late = self.rng.lock().unwrap().u32(0..20) == 0;
        let is_calm = self.fails.is_calm.load(Ordering::SeqCst);
        match key == KEY && is_late && !is_calm {
            true => Err(failure()),
            false => Ok(done),
        }
    }
}

impl SessionStore for View {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(async move {
            let work = async { self.place.values.load(key).await };
            let loaded = self.step(key, &self.fails.load, work).await;
            if loaded.is_err() {
                self.fails.blind.fetch_add(1, Ordering::SeqCst);
            }
            loaded
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(key, &self.fails.save, async move {
            self.place.check(key, lock)?;
            self.place.values.save(key, value, lock).await
        }))
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(key, &self.fails.save, async move {
            self.place.check(key, lock)?;
            self.place.values.remove(key, lock).await
        }))
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        Box::pin(self.step(key, &self.fails.lock, async move {
            loop {
                if let Some(fence) = self.place.take(key) {
                    let (place, key) = (self.place.clone(), key.to_owned());
                    let release = move || async move { place.let_go(&key, fence) };
                    return Ok(StoreLock::new(fence, release));
                }
                self.pause().await;
            }
        }))
    }
}
