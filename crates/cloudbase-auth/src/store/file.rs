//! A store of files that only their owner can read.

mod disk;

use std::fmt;
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use secrecy::SecretString;
use tokio::time::Instant;

use self::disk::Disk;
use super::{SessionStore, StoreLock};

/// How long a lock is waited for. Its holder makes one call to the service, which has a limit
/// of its own; a holder that dies sets it free at once.
const LOCK_LIMIT: Duration = Duration::from_secs(75);
/// What an error says about it.
const LOCK: &str = "lock the session file";
const LOCK_PAUSE: Duration = Duration::from_millis(2);
const LOCK_PAUSE_MAX: Duration = Duration::from_millis(50);

/// Keeps sessions in the files of one directory, one for each key.
///
/// - Files are readable by their owner only (mode 0600), and so is the directory if this makes it.
/// - A value is written to a second file and put in place by renaming: a process that is killed on
///   the way leaves the old value or the new one. It may have at most 1 MiB.
/// - Any number of processes of one machine can share a directory. Where files cannot be locked (a
///   network file system without a lock service, or something else in the place of the lock file),
///   one process at a time can use it: that is a warning in the trace, once.
/// - What cannot be a session (a link, too large, not text, another user's, writable by others) is
///   moved aside, readable by its owner only, not followed, and counts as absent.
/// - A directory that cannot be written costs no sign-in: the session lives in memory, and the next
///   run of the program signs in again. That is a warning in the trace and
///   [`AuthEvent::StoreFailed`](crate::AuthEvent::StoreFailed); a program that wants to know when it
///   starts asks [`Auth::check_store`](crate::Auth::check_store).
///
/// # Examples
///
/// ```no_run
/// # fn example(client: cloudbase_core::Client) -> cloudbase_auth::Result<()> {
/// use cloudbase_auth::{Auth, FileStore};
///
/// let auth = Auth::builder(client).session_store(FileStore::in_user_dir()?).build()?;
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "file-store")))]
#[derive(Clone)]
pub struct FileStore {
    disk: Arc<Disk>,
}

impl FileStore {
    /// Keeps sessions in `directory`, which is made when it is needed first.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            disk: Arc::new(Disk::new(directory.into())),
        }
    }

    /// Keeps sessions where programs of this user keep what they must not lose:
    /// `$XDG_STATE_HOME/cloudbase` or `~/.local/state/cloudbase`, on macOS
    /// `~/Library/Application Support/cloudbase`, on Windows `%LOCALAPPDATA%\cloudbase`.
    ///
    /// Programs of one user that use the same environment share a session by this. Give
    /// [`new`](Self::new) a directory of its own to keep them apart.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the user has no such directory.
    pub fn in_user_dir() -> Result<Self> {
        user_dir().map(Self::new).ok_or_else(|| {
            Error::config(
                "session_store",
                "needs a home directory: set `HOME`, or give a directory",
            )
        })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        self.disk.directory()
    }

    /// Runs `work` on the file of `key` where it may block; `doing` is what an error says of it.
    async fn on_disk<T: Send + 'static>(
        &self,
        doing: &'static str,
        key: &str,
        work: impl FnOnce(&Disk, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (disk, key) = (self.disk.clone(), key.to_owned());
        let failed = |disk: &Disk, key: &str, error| {
            Error::file(doing, Some(&disk.session_file(key)), error)
        };
        let work = move || work(&disk, &key).map_err(|error| failed(&disk, &key, error));
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => {
                Err(Error::new(ErrorKind::Interrupted, "the runtime shut down").with_source(error))
            }
        }
    }
}

fn user_dir() -> Option<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        variable("HOME")?.join("Library/Application Support")
    } else {
        variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?
    };
    Some(base.join("cloudbase"))
}

impl SessionStore for FileStore {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(self.on_disk("read the session file", key, Disk::read))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        _lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        let value = value.clone();
        let write = move |disk: &Disk, key: &str| disk.write(key, &value);
        Box::pin(self.on_disk("write the session file", key, write))
    }

    fn remove<'a>(&'a self, key: &'a str, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.on_disk("remove the session file", key, Disk::remove))
    }

    fn discard<'a>(&'a self, key: &'a str, _lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.on_disk("move aside the session file", key, Disk::discard))
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        Box::pin(async move {
            let open = || self.on_disk(LOCK, key, Disk::open_lock);
            let Some(mut file) = open().await? else {
                return Ok(StoreLock::unshared());
            };
            let limit = Instant::now() + LOCK_LIMIT;
            let mut pause = LOCK_PAUSE;
            // Asked for again and again instead of waited for: a thread that waits for a lock cannot
            // be called back.
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(StoreLock::new(0, move || async move { drop(file) })),
                    // One process at a time can do without.
                    Err(TryLockError::Error(error)) if self.disk.knows_no_locks(&error) => {
                        return Ok(StoreLock::unshared());
                    }
                    Err(TryLockError::Error(error)) => {
                        let path = self.disk.session_file(key);
                        return Err(Error::file(LOCK, Some(&path), error));
                    }
                    Err(TryLockError::WouldBlock) if Instant::now() >= limit => {
                        return Err(Error::new(
                            ErrorKind::Local,
                            format!(
                                "another process has held the lock of the session file `{}` for \
                                 {LOCK_LIMIT:?}",
                                self.disk.session_file(key).display()
                            ),
                        )
                        .with_transient(true)
                        .settle(true));
                    }
                    Err(TryLockError::WouldBlock) => {
                        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                        pause = (pause * 2).min(LOCK_PAUSE_MAX);
                    }
                }
                if pause == LOCK_PAUSE_MAX {
                    // A lock file that was deleted meanwhile locks nobody out.
                    match open().await? {
                        Some(newer) => file = newer,
                        None => return Ok(StoreLock::unshared()),
                    }
                }
            }
        })
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.directory())
            .finish()
    }
}

#[cfg(all(test, unix))]
mod tests;
