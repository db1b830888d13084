//! A store in the keyring of the desktop or the kernel, with files to fall back on.

mod backend;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(all(
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
))]
mod secret_service;
mod vault;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use self::backend::{Backend, Fault, of_this_platform};
use super::{FileStore, SessionStore, StoreLock};

/// What the file that remembers a choice says of files.
const FILES: &str = "files";

/// Keeps sessions in the user's keyring: Secret Service, else the kernel's keyring, else files, on
/// Linux; the keychain, else files, on macOS; the credential manager, else files, on Windows.
///
/// A server or a container has no keyring as a rule, and a desktop may lose its own at any time:
///
/// - The first one that can be read is used, and which one it was is remembered, in a file for each
///   key: all processes look in the same place. The kernel's keyring, which lasts until the machine is
///   started again, is used only if another process can be shown to read it.
/// - If it cannot take a value (it is locked and its user dismisses the prompt, it is gone, or the
///   value is too large for it), the next one does, in the end a file that only its owner can read. No
///   session is lost because a keyring failed.
/// - The next save that finds a better one open, without a prompt, moves the session back, and removes
///   what was left elsewhere. A value that an older session has left in a keyring that cannot be
///   opened stays there until then; it is not read.
/// - If it cannot be read, that is an error and not an absent session.
/// - A keyring that does not respond costs five seconds (thirty, where it may be asking its user),
///   once: until it responds it is passed over.
/// - Processes are kept apart by lock files, as [`FileStore`] does it.
///
/// # Examples
///
/// ```no_run
/// # fn example(client: cloudbase_core::Client) -> cloudbase_auth::Result<()> {
/// use cloudbase_auth::{Auth, KeyringStore};
///
/// let store = KeyringStore::in_user_dir("my-app")?;
/// let auth = Auth::builder(client).session_store(store).build()?;
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "keyring")))]
#[derive(Clone)]
pub struct KeyringStore {
    files: FileStore,
    chain: Arc<[Arc<dyn Backend>]>,
    /// The first of the chain that can be read; its length if none can.
    preferred: Arc<OnceCell<usize>>,
    /// Where each key has been saved, for the case that it cannot be written down.
    choices: Arc<Mutex<HashMap<String, usize>>>,
}

impl KeyringStore {
    /// Keeps sessions under the name `service` in the keyring, and uses `files` for locks and where
    /// there is no keyring.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the name is empty.
    pub fn new(service: impl Into<String>, files: FileStore) -> Result<Self> {
        let service = service.into();
        if service.trim().is_empty() {
            return Err(Error::config("service", "must not be empty"));
        }
        Ok(Self::over(of_this_platform(&service), files))
    }

    /// As [`new`](Self::new), with the files of [`FileStore::in_user_dir`].
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new) and [`FileStore::in_user_dir`].
    pub fn in_user_dir(service: impl Into<String>) -> Result<Self> {
        Self::new(service, FileStore::in_user_dir()?)
    }

    fn over(chain: Vec<Arc<dyn Backend>>, files: FileStore) -> Self {
        Self {
            files,
            chain: chain.into(),
            preferred: Arc::default(),
            choices: Arc::default(),
        }
    }

    /// Where a key is: as written down, else as remembered here. The length of the chain means
    /// files.
    async fn choice(&self, key: &str) -> Option<usize> {
        let remembered = || {
            let choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
            choices.get(key).copied()
        };
        let Ok(Some(name)) = self.files.load(&choice_key(key)).await else {
            return remembered();
        };
        match name.expose_secret() {
            FILES => Some(self.chain.len()),
            name => self.chain.iter().position(|keyring| keyring.name() == name),
        }
    }

    async fn choose(&self, key: &str, place: usize, lock: &StoreLock) {
        self.choices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned(), place);
        let name = self
            .chain
            .get(place)
            .map_or(FILES, |keyring| keyring.name());
        let noted = self.files.save(&choice_key(key), &name.into(), lock).await;
        if let Err(error) = noted {
            tracing::warn!(%error, keyring = name, "the place of the session is not remembered");
        }
    }

    async fn preferred(&self) -> usize {
        let probe = async {
            for (place, keyring) in self.chain.iter().enumerate() {
                match on(keyring, |keyring| keyring.get("probe")).await {
                    Ok(_) => return place,
                    Err(fault) => {
                        tracing::debug!(%fault, keyring = keyring.name(), "this keyring cannot be used");
                    }
                }
            }
            self.chain.len()
        };
        *self.preferred.get_or_init(|| probe).await
    }

    /// Whether a keyring holds nothing any more where it cannot be reached.
    fn is_volatile(&self, place: usize) -> bool {
        let keyring = self.chain.get(place);
        keyring.is_some_and(|keyring| keyring.is_volatile())
    }

    /// Whether a keyring takes values now without a prompt.
    async fn is_open(&self, place: usize) -> bool {
        let Some(keyring) = self.chain.get(place) else {
            return true;
        };
        on(keyring, |keyring| Ok(keyring.is_open()))
            .await
            .unwrap_or(false)
    }

    /// The first place before `place` that is open; `place`, if none is.
    async fn best(&self, place: usize) -> usize {
        for better in 0..place {
            if self.is_open(better).await {
                return better;
            }
        }
        place
    }

    /// Removes what is left of a key everywhere but in `place`, where that asks nobody anything.
    async fn clear_but(&self, place: usize, key: &str, lock: &StoreLock) {
        for other in (0..=self.chain.len()).filter(|other| *other != place) {
            if self.is_open(other).await
                && let Err(error) = self.delete(other, key, lock).await
            {
                tracing::debug!(%error, "an older session is left behind");
            }
        }
    }

    async fn get(&self, place: usize, key: &str) -> Result<Option<SecretString>> {
        let Some(keyring) = self.chain.get(place) else {
            return self.files.load(key).await;
        };
        let name = key.to_owned();
        on(keyring, move |keyring| keyring.get(&name))
            .await
            .map_err(|fault| failed(keyring.name(), fault))
    }

    async fn set(
        &self,
        place: usize,
        key: &str,
        value: &SecretString,
        lock: &StoreLock,
    ) -> Result<()> {
        let Some(keyring) = self.chain.get(place) else {
            return self.files.save(key, value, lock).await;
        };
        let (name, value) = (key.to_owned(), value.clone());
        on(keyring, move |keyring| keyring.set(&name, &value))
            .await
            .map_err(|fault| failed(keyring.name(), fault))
    }

    async fn delete(&self, place: usize, key: &str, lock: &StoreLock) -> Result<()> {
        let Some(keyring) = self.chain.get(place) else {
            return self.files.remove(key, lock).await;
        };
        let name = key.to_owned();
        on(keyring, move |keyring| keyring.delete(&name))
            .await
            .map_err(|fault| failed(keyring.name(), fault))
    }
}

/// Under which key it is written down where a key is.
fn choice_key(key: &str) -> String {
    format!("{key}.keyring")
}

fn failed(name: &str, fault: Fault) -> Error {
    Error::new(
        ErrorKind::Local,
        format!("the keyring ({name}) failed: {fault}"),
    )
}

/// Runs `work` where it may block.
async fn on<T: Send + 'static>(
    keyring: &Arc<dyn Backend>,
    work: impl FnOnce(&dyn Backend) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let keyring = keyring.clone();
    tokio::task::spawn_blocking(move || work(&*keyring))
        .await
        .unwrap_or_else(|_| Err(Fault::of("the runtime shut down, or the keyring panicked")))
}

impl SessionStore for KeyringStore {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(async move {
            if let Some(place) = self.choice(key).await {
                return match self.get(place, key).await {
                    // Nothing is lost by looking further, and a sign-in makes another choice.
                    Err(error) if self.is_volatile(place) => {
                        tracing::warn!(%error, "the session has gone with the keyring");
                        self.files.load(key).await
                    }
                    result => result,
                };
            }
            // Nobody has written down where it is: it is where it is found.
            for place in self.preferred().await..self.chain.len() {
                if let Ok(Some(value)) = self.get(place, key).await {
                    return Ok(Some(value));
                }
            }
            self.files.load(key).await
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let before = self.choice(key).await;
            let first = match before {
                Some(place) => self.best(place).await,
                None => self.preferred().await,
            };
            let mut place = first;
            loop {
                let error = match self.set(place, key, value, lock).await {
                    Ok(()) => break,
                    Err(error) => error,
                };
                if place == self.chain.len() {
                    return Err(error);
                }
                tracing::warn!(%error, "the session goes to the next place");
                place += 1;
            }
            if before != Some(place) {
                self.choose(key, place, lock).await;
                // What is left behind is of no use to anybody.
                self.clear_but(place, key, lock).await;
            }
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Some(place) = self.choice(key).await {
                let deleted = self.delete(place, key, lock).await;
                self.clear_but(place, key, lock).await;
                return match deleted {
                    Err(_) if self.is_volatile(place) => Ok(()),
                    deleted => deleted,
                };
            }
            for place in self.preferred().await..self.chain.len() {
                let _ = self.delete(place, key, lock).await;
            }
            self.files.remove(key, lock).await
        })
    }

    fn discard<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.choice(key).await {
                Some(place) if place == self.chain.len() => self.files.discard(key, lock).await,
                _ => self.remove(key, lock).await,
            }
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        self.files.lock(key)
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.chain.iter().map(|keyring| keyring.name()).collect();
        f.debug_struct("KeyringStore")
            .field("keyrings", &names)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

#[cfg(all(
    test,
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
))]
mod secret_service_tests;
#[cfg(test)]
mod tests;
