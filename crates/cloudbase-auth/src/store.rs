//! Where sessions outlive a process.

pub(crate) mod check;
#[cfg(test)]
pub(crate) mod conformance;
#[cfg(feature = "file-store")]
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use secrecy::SecretString;

#[cfg(feature = "file-store")]
pub use self::file::FileStore;
#[cfg(feature = "keyring")]
pub use self::keyring::KeyringStore;
pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;

/// A place that keeps small secret texts under keys: the session under `credentials_<environment>`,
/// the device id under `device_id`.
///
/// The SDK writes only while it holds the key's lock, and reads again once it has it. If several
/// processes share the place, [`lock`](Self::lock) must keep them apart: two that refresh the same
/// session at the same time sign each other out.
///
/// # Examples
///
/// A store over anything that keeps a string, here the settings of a program. A failure of that is
/// returned with `?` (`std::io::Error`) or by [`Error::other`] (any other type, or a text); it is
/// reported as [`AuthEvent::StoreFailed`](crate::AuthEvent::StoreFailed) or by the call that needed it.
///
/// ```
/// use cloudbase_auth::{BoxFuture, Error, ExposeSecret, Result, SecretString, SessionStore, StoreLock};
/// # #[derive(Debug)]
/// # struct Locked;
/// # impl std::fmt::Display for Locked {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("locked") }
/// # }
/// # impl std::error::Error for Locked {}
/// # struct Settings;
/// # impl Settings {
/// #     async fn get(&self, _key: &str) -> Result<Option<String>, Locked> { Err(Locked) }
/// #     async fn set(&self, _key: &str, _value: Option<&str>) -> std::io::Result<()> { Ok(()) }
/// # }
///
/// struct Preferences {
///     settings: Settings,
/// }
///
/// impl SessionStore for Preferences {
///     fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
///         Box::pin(async move {
///             let value = self.settings.get(key).await.map_err(Error::other)?;
///             Ok(value.map(SecretString::from))
///         })
///     }
///     fn save<'a>(&'a self, key: &'a str, value: &'a SecretString, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
///         Box::pin(async move {
///             self.settings.set(key, Some(value.expose_secret())).await?;
///             Ok(())
///         })
///     }
///     fn remove<'a>(&'a self, key: &'a str, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
///         Box::pin(async move { Ok(self.settings.set(key, None).await?) })
///     }
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// The value under `key`, if there is one. A value that cannot be one is put out of the way and
    /// counts as absent; an error means that the place cannot be read now.
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>>;

    /// Puts `value` under `key`, for good when it returns: a process that is killed at any moment
    /// leaves the old value or the new one.
    ///
    /// # Errors
    ///
    /// [`StoreLock::lost`] if another process may have taken the lock meanwhile: nothing is written
    /// then, and the SDK takes the lock again and reads what is there now. Anything else says that
    /// the value cannot be kept: the store is out of order, or the value is not one that
    /// [`load`](Self::load) could return.
    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>>;

    /// Removes the value under `key`; there may be none.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>>;

    /// Waits until nobody else holds the lock of `key`, for a bounded time.
    ///
    /// The default keeps nobody out, which is right for a place that one process has to itself.
    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        let _ = key;
        Box::pin(std::future::ready(Ok(StoreLock::unshared())))
    }

    /// Puts a value out of the way that was read but is no session; a person who looks for the fault
    /// should find it. The default removes it.
    fn discard<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        self.remove(key, lock)
    }
}

/// A store that several handles share, here or with the program.
impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        (**self).load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        (**self).save(key, value, lock)
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        (**self).remove(key, lock)
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        (**self).lock(key)
    }

    fn discard<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        (**self).discard(key, lock)
    }
}

/// The hold on a key of a [`SessionStore`]. Dropping it lets go, too.
pub struct StoreLock {
    fence: u64,
    owner: Box<str>,
    kind: Kind,
    release: Mutex<Option<Release>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// It keeps others out.
    Taken,
    /// There is nobody to keep out.
    Unshared,
    /// It could not be had: nothing may be written.
    Missing,
}

type Release = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send + Sync>;

impl StoreLock {
    /// A lock that keeps nobody out.
    pub fn unshared() -> Self {
        Self::of_kind(Kind::Unshared)
    }

    /// The place of a lock that could not be had.
    pub(crate) fn missing() -> Self {
        Self::of_kind(Kind::Missing)
    }

    fn of_kind(kind: Kind) -> Self {
        Self {
            fence: 0,
            owner: Box::default(),
            kind,
            release: Mutex::default(),
        }
    }

    /// A lock that is let go by `release`. `fence` is a number that grows with every lock taken, by
    /// which [`save`](SessionStore::save) can see that a later one was taken meanwhile; 0 where a
    /// lock cannot be lost.
    pub fn new<F, Fut>(fence: u64, release: F) -> Self
    where
        F: FnOnce() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self {
            fence,
            owner: Box::default(),
            kind: Kind::Taken,
            release: Mutex::new(Some(Box::new(move || Box::pin(release())))),
        }
    }

    /// The same lock with a name that no other lock ever has, so that [`save`](SessionStore::save)
    /// recognises it even after the place has lost its numbers and counts from the beginning again.
    /// Default: no name.
    #[must_use]
    pub fn with_owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into().into();
        self
    }

    /// The number of this lock.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// The name of this lock, empty where it has none.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The error with which [`save`](SessionStore::save) and [`remove`](SessionStore::remove) say that
    /// this lock has been lost. It is no failure of the store: the SDK reads again what is there.
    pub fn lost(&self) -> Error {
        Error::new(
            ErrorKind::Local,
            "nothing was stored: the lock has been lost to another process",
        )
        .with_source(Lost)
        .with_transient(true)
        .settle(true)
    }

    /// Whether `error` says that this lock has been [`lost`](Self::lost). One that was never taken
    /// cannot be.
    pub(crate) fn was_lost(&self, error: &Error) -> bool {
        self.kind == Kind::Taken
            && std::error::Error::source(error).is_some_and(|source| source.is::<Lost>())
    }

    /// Whether it could not be had: its holder may be about to write.
    pub(crate) fn is_missing(&self) -> bool {
        self.kind == Kind::Missing
    }

    /// Lets go.
    pub async fn release(self) {
        self.let_go().await;
    }

    /// As [`release`](Self::release), for a caller that has only borrowed a lock that turned out to be lost.
    pub(crate) async fn let_go(&self) {
        if let Some(release) = self.take_release() {
            release().await;
        }
    }

    fn take_release(&self) -> Option<Release> {
        let mut release = self.release.lock().unwrap_or_else(PoisonError::into_inner);
        release.take()
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        if let Some(release) = self.take_release()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Without a runtime what the closure holds is dropped, which frees a file; anything
            // else runs out by its own time limit.
            runtime.spawn(release());
        }
    }
}

/// Marks the error of [`StoreLock::lost`].
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lock lost")
    }
}

impl std::error::Error for Lost {}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreLock")
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store of which the lock and what happens to nonsense are its own.
    struct Own;

    impl SessionStore for Own {
        fn load<'a>(&'a self, _key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
            Box::pin(async { Ok(Some("loaded".into())) })
        }

        fn save<'a>(
            &'a self,
            _key: &'a str,
            _value: &'a SecretString,
            _lock: &'a StoreLock,
        ) -> BoxFuture<'a, Result<()>> {
            Box::pin(async { Err(Error::other("saved")) })
        }

        fn remove<'a>(&'a self, _key: &'a str, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
            Box::pin(async { Err(Error::other("removed")) })
        }

        fn lock<'a>(&'a self, _key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
            Box::pin(async { Ok(StoreLock::new(7, || async {})) })
        }

        fn discard<'a>(&'a self, _key: &'a str, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
            Box::pin(async { Err(Error::other("discarded")) })
        }
    }

    #[tokio::test]
    async fn a_shared_store_is_the_store_itself() {
        let shared: Arc<dyn SessionStore> = Arc::new(Own);
        let store = &shared as &dyn SessionStore;
        assert!(store.load("k").await.unwrap().is_some());
        let lock = store.lock("k").await.unwrap();
        assert_eq!(lock.fence(), 7);
        let said = |result: Result<()>| result.unwrap_err().message().to_owned();
        assert_eq!(said(store.save("k", &"v".into(), &lock).await), "saved");
        assert_eq!(said(store.remove("k", &lock).await), "removed");
        assert_eq!(said(store.discard("k", &lock).await), "discarded");
    }
}
