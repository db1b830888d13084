//! Whether a store keeps what it is given: asked by a program that wants to know when it starts.

use cloudbase_core::{Error, ErrorKind, Result};
use secrecy::ExposeSecret as _;

use super::{SessionStore, StoreLock};

/// Under which key the check leaves nothing behind.
const KEY: &str = "store_check";

/// Whether the store can be locked, written, read and cleared.
pub(crate) async fn check(store: &dyn SessionStore) -> Result<()> {
    let value = uuid::Uuid::new_v4().to_string();
    let lock = store.lock(KEY).await?;
    let kept = keeps(store, KEY, &value, &lock).await;
    // A value that was not kept may be there all the same.
    let forgotten = forgets(store, KEY, &lock).await;
    lock.release().await;
    kept.and(forgotten)
}

/// Whether the store returns what it is given.
pub(super) async fn keeps(
    store: &dyn SessionStore,
    key: &str,
    value: &str,
    lock: &StoreLock,
) -> Result<()> {
    store.save(key, &value.into(), lock).await?;
    let loaded = store.load(key).await?;
    match loaded.is_some_and(|loaded| loaded.expose_secret() == value) {
        true => Ok(()),
        false => Err(fails_to("return what it was given")),
    }
}

/// Whether the store removes what it is asked to remove.
pub(super) async fn forgets(store: &dyn SessionStore, key: &str, lock: &StoreLock) -> Result<()> {
    store.remove(key, lock).await?;
    match store.load(key).await? {
        None => Ok(()),
        Some(_) => Err(fails_to("remove a value")),
    }
}

fn fails_to(what: &str) -> Error {
    Error::new(
        ErrorKind::Local,
        format!("the session store does not {what}"),
    )
}

#[cfg(test)]
mod tests {
    use futures_core::future::BoxFuture;
    use secrecy::SecretString;

    use super::*;
    use crate::store::MemoryStore;

    /// Says that all is well, and keeps nothing; or what it has got for ever.
    struct Liar {
        keeps: bool,
        inner: MemoryStore,
    }

    impl SessionStore for Liar {
        fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
            self.inner.load(key)
        }
        fn save<'a>(
            &'a self,
            key: &'a str,
            value: &'a SecretString,
            lock: &'a StoreLock,
        ) -> BoxFuture<'a, Result<()>> {
            match self.keeps {
                true => self.inner.save(key, value, lock),
                false => Box::pin(async { Ok(()) }),
            }
        }
        fn remove<'a>(&'a self, _: &'a str, _: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test]
    async fn a_store_that_does_not_do_what_it_says_is_found_out() {
        check(&MemoryStore::new()).await.unwrap();
        check(&MemoryStore::new()).await.unwrap();
        for (keeps, word) in [(false, "return"), (true, "remove")] {
            let inner = MemoryStore::new();
            let error = check(&Liar { keeps, inner }).await.unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[cfg(feature = "file-store")]
    #[tokio::test]
    async fn a_directory_that_cannot_be_written_is_found_out() {
        use crate::store::FileStore;

        let directory = tempfile::tempdir().unwrap();
        let good = FileStore::new(directory.path().join("s"));
        check(&good).await.unwrap();
        std::fs::write(directory.path().join("file"), "").unwrap();
        for bad in ["/proc/nope".into(), directory.path().join("file/s")] {
            let client = cloudbase_core::Client::builder()
                .env_id("e")
                .endpoint("http://127.0.0.1:9")
                .build()
                .unwrap();
            let auth = crate::Auth::builder(client).session_store(FileStore::new(&bad));
            let error = auth.build().unwrap().check_store().await.unwrap_err();
            assert!(error.message().contains(bad.to_str().unwrap()), "{error}");
        }
    }
}
