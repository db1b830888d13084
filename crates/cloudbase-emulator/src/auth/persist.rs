//! Users and sessions on disk: one JSON file, replaced as a whole.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::store::Store;
use crate::error::StartError;

/// Writes the store behind the handlers' backs; changes that come while a write is under way share the next one.
pub(super) struct Writer {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    path: PathBuf,
    store: Arc<Mutex<Store>>,
    dirty: AtomicBool,
    changed: Notify,
    /// Keeps two writes from crossing.
    writing: Mutex<()>,
}

/// Reads the store of an earlier run; a file that is not there is an empty store.
pub(super) fn load(path: &Path) -> Result<Store, StartError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Store::default()),
        Err(error) => {
            return Err(StartError::caused_by(
                format!("cannot read {}", path.display()),
                error,
            ));
        }
    };
    serde_json::from_slice(&text).map_err(|error| {
        StartError::caused_by(format!("{} is not the emulator's", path.display()), error)
    })
}

impl Writer {
    pub(super) fn start(path: PathBuf, store: Arc<Mutex<Store>>) -> Self {
        let shared = Arc::new(Shared {
            path,
            store,
            dirty: AtomicBool::new(false),
            changed: Notify::new(),
            writing: Mutex::new(()),
        });
        let task = tokio::spawn({
            let shared = shared.clone();
            async move {
                loop {
                    shared.changed.notified().await;
                    let shared = shared.clone();
                    // A write that failed is tried again with the next change, and at the end.
                    let _ = tokio::task::spawn_blocking(move || shared.write_if_dirty()).await;
                }
            }
        });
        Self { shared, task }
    }

    pub(super) fn changed(&self) {
        self.shared.dirty.store(true, Ordering::SeqCst);
        self.shared.changed.notify_one();
    }

    pub(super) fn flush(&self) {
        self.shared.write_if_dirty();
    }

    pub(super) async fn close(&self) {
        let shared = self.shared.clone();
        let _ = tokio::task::spawn_blocking(move || shared.write_if_dirty()).await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.write_if_dirty();
    }
}

impl Shared {
    fn write_if_dirty(&self) {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.dirty.swap(false, Ordering::SeqCst) {
            return;
        }
        let json = {
            let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            serde_json::to_vec(&*store)
        };
        let outcome = json
            .map_err(io::Error::from)
            .and_then(|json| replace(&self.path, &json));
        if let Err(error) = outcome {
            tracing::error!(path = %self.path.display(), %error, "cannot keep users and sessions");
            self.dirty.store(true, Ordering::SeqCst);
        }
    }
}

/// Readers see the old content or the new, never a part.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, content)?;
    fs::rename(&temporary, path)
}
