//! A session store that takes its time and fails now and then, before it has done its work or after.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudbase_auth::{
    BoxFuture, Error, ErrorKind, MemoryStore, Result, SecretString, SessionStore, StoreLock,
};

/// Clones are one store, as different processes see it.
#[derive(Clone)]
pub(crate) struct Unsteady {
    inner: MemoryStore,
    mood: Arc<Mutex<Mood>>,
}

struct Mood {
    random: fastrand::Rng,
    /// How likely a failure is, of 100.
    trouble: u8,
    /// How long each half of a step takes at most.
    delay: Duration,
}

impl Unsteady {
    pub(crate) fn new(seed: u64, trouble: u8, delay: Duration) -> Self {
        let mood = Mood {
            random: fastrand::Rng::with_seed(seed),
            trouble,
            delay,
        };
        Self {
            inner: MemoryStore::new(),
            mood: Arc::new(Mutex::new(mood)),
        }
    }

    /// From now on nothing fails.
    pub(crate) fn calm(&self) {
        self.mood.lock().unwrap().trouble = 0;
    }

    /// Half of a step, which may be the last one.
    async fn half(&self) -> Result<()> {
        let (pause, fails) = {
            let mut mood = self.mood.lock().unwrap();
            let most = u64::try_from(mood.delay.as_micros()).unwrap();
            let pause = Duration::from_micros(mood.random.u64(0..=most));
            // Each step has two halves.
            let trouble = u16::from(mood.trouble);
            (pause, mood.random.u16(0..200) < trouble)
        };
        tokio::time::sleep(pause).await;
        match fails {
            true => Err(Error::new(ErrorKind::Local, "the disk has trouble")),
            false => Ok(()),
        }
    }

    async fn step<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.half().await?;
        let done = work.await?;
        self.half().await?;
        Ok(done)
    }
}

impl SessionStore for Unsteady {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(self.step(async { self.inner.load(key).await }))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(async move { self.inner.save(key, value, lock).await }))
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(async move { self.inner.remove(key, lock).await }))
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        Box::pin(self.step(async move { self.inner.lock(key).await }))
    }
}
