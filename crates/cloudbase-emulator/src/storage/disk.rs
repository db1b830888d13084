//! Objects on disk: immutable blobs, one record per key, an ordered index in memory.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use tempfile::TempDir;
use uuid::Uuid;

use super::{
    key::{self, is_disk_name},
    staging::{Staged, blocking},
};
use crate::files;

mod own;
mod record;

use own::{is_uuid, remove_own};
use record::load;
pub(crate) use record::{ObjectHeaders, Record};

/// May a write replace an object that is there already?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    Allow,
    Forbid,
}

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum CommitError {
    Exists,
    Disk(io::Error),
}

impl From<io::Error> for CommitError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

type Index = BTreeMap<String, BTreeMap<String, Arc<Record>>>;

/// The object store. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    index: RwLock<Index>,
    /// Serialises writers, so that the record on disk and the index agree.
    commit: Mutex<()>,
    /// Versions that were replaced or removed while a reader held their record.
    left: Mutex<Vec<Arc<Record>>>,
    /// Whether the objects must outlive a power loss.
    is_kept: bool,
    /// Removes the folder of a store that was not asked to last.
    _temporary: Option<TempDir>,
}

impl Disk {
    /// Opens the store in `dir`, or in a temporary folder that goes with it.
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let (root, temporary) = match dir {
            Some(dir) => (dir.to_path_buf(), None),
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("cloudbase-objects-")
                    .tempdir()?;
                (temporary.path().to_path_buf(), Some(temporary))
            }
        };
        for folder in ["blobs", "records", "staging"] {
            files::create_dir(&root.join(folder))?;
        }
        // Half-written objects of an earlier run belong to nobody.
        remove_own(&root.join("staging"), is_uuid)?;
        let index = RwLock::new(load(&root)?);
        let shared = Shared {
            root,
            index,
            commit: Mutex::new(()),
            left: Mutex::default(),
            is_kept: temporary.is_none(),
            _temporary: temporary,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The store's own folder.
    pub(crate) fn root(&self) -> &Path {
        &self.shared.root
    }

    /// A fresh path to stage an object at.
    pub(crate) fn staging_path(&self) -> PathBuf {
        self.shared
            .root
            .join("staging")
            .join(Uuid::new_v4().simple().to_string())
    }

    /// The object with this key.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Option<Arc<Record>> {
        self.read(|index| index.get(bucket)?.get(key).cloned())
    }

    /// The objects of `bucket` whose key starts with `prefix`, in byte order of their keys.
    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> Vec<Arc<Record>> {
        self.read(|index| {
            let Some(objects) = index.get(bucket) else {
                return Vec::new();
            };
            objects
                .range(prefix.to_owned()..)
                .take_while(|(key, _)| key.starts_with(prefix))
                .map(|(_, record)| Arc::clone(record))
                .collect()
        })
    }

    /// Opens an object's bytes. They are there for as long as `record`, which [`get`](Self::get) returned, is held: neither
    /// later writes nor those in between disturb the reader.
    pub(crate) async fn open_blob(&self, record: &Record) -> io::Result<std::fs::File> {
        let path = self.blob_path(record.blob);
        blocking(move || std::fs::File::open(path)).await
    }

    /// Every object of every bucket.
    pub(crate) fn all(&self) -> Vec<Arc<Record>> {
        self.read(|index| index.values().flat_map(BTreeMap::values).cloned().collect())
    }

    /// Like [`open_blob`](Self::open_blob), for callers that may block.
    pub(crate) fn open_now(&self, record: &Record) -> io::Result<std::fs::File> {
        std::fs::File::open(self.blob_path(record.blob))
    }

    /// Puts a staged object in its place. The record's size and hashes come from `staged`.
    pub(crate) async fn commit(
        &self,
        staged: Staged,
        mut record: Record,
        overwrite: Overwrite,
    ) -> Result<Arc<Record>, CommitError> {
        record.size = staged.size;
        record.md5.clone_from(&staged.md5);
        record.crc64 = staged.crc64;
        let this = self.clone();
        run(move || this.place(record, overwrite, |target| staged.claim(target))).await
    }

    /// Makes `record` refer to the bytes of `source` (copies share immutable bytes).
    pub(crate) async fn copy(
        &self,
        source: &Record,
        mut record: Record,
        overwrite: Overwrite,
    ) -> Result<Arc<Record>, CommitError> {
        record.size = source.size;
        record.md5.clone_from(&source.md5);
        record.crc64 = source.crc64;
        let from = self.blob_path(source.blob);
        let this = self.clone();
        run(move || {
            this.place(record, overwrite, |target| {
                std::fs::hard_link(&from, target)
                    .or_else(|_| std::fs::copy(&from, target).map(|_| ()))
            })
        })
        .await
    }

    /// Removes an object; `None` when there was none.
    pub(crate) async fn remove(&self, bucket: &str, key: &str) -> io::Result<Option<Arc<Record>>> {
        let (this, bucket, key) = (self.clone(), bucket.to_owned(), key.to_owned());
        blocking(move || {
            let _commit = this
                .shared
                .commit
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let Some(record) = this.get(&bucket, &key) else {
                return Ok(None);
            };
            std::fs::remove_file(this.record_path(&bucket, &key))?;
            this.write(|index| {
                if let Some(objects) = index.get_mut(&bucket) {
                    objects.remove(&key);
                }
            });
            this.discard(Arc::clone(&record));
            Ok(Some(record))
        })
        .await
    }

    /// Removes every object.
    pub(crate) async fn clear(&self) -> io::Result<()> {
        let this = self.clone();
        blocking(move || {
            let _commit = this
                .shared
                .commit
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            this.write(Index::clear);
            remove_own(&this.shared.root.join("records"), is_disk_name)?;
            remove_own(&this.shared.root.join("blobs"), is_uuid)
        })
        .await
    }

    fn place(
        &self,
        mut record: Record,
        overwrite: Overwrite,
        fill: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<Arc<Record>, CommitError> {
        let _commit = self
            .shared
            .commit
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let old = self.get(&record.bucket, &record.key);
        if let Some(old) = &old {
            if overwrite == Overwrite::Forbid {
                return Err(CommitError::Exists);
            }
            record.created_ms = old.created_ms;
        }
        let blob = self.blob_path(record.blob);
        fill(&blob)?;
        let saved = self.sync(&blob).and_then(|()| self.save(&record));
        if let Err(error) = saved {
            self.remove_blob(record.blob);
            return Err(error.into());
        }
        let record = Arc::new(record);
        self.write(|index| {
            let objects = index.entry(record.bucket.clone()).or_default();
            objects.insert(record.key.clone(), Arc::clone(&record));
        });
        if let Some(old) = old {
            self.discard(old);
        }
        Ok(record)
    }

    fn save(&self, record: &Record) -> io::Result<()> {
        let staging = self.staging_path();
        let mut file = files::create_new(&staging)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        drop(file);
        self.sync(&staging)?;
        std::fs::rename(&staging, self.record_path(&record.bucket, &record.key))
    }

    /// Makes the content of a file outlive a power loss before its name does.
    fn sync(&self, path: &Path) -> io::Result<()> {
        if !self.shared.is_kept {
            return Ok(());
        }
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    /// Removes the bytes of a version that is no longer in the index, once no reader holds its record. Until then it is looked at
    /// again whenever another version goes.
    fn discard(&self, record: Arc<Record>) {
        let mut left = self
            .shared
            .left
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        left.push(record);
        left.retain(|record| {
            let is_held = Arc::strong_count(record) > 1;
            if !is_held {
                self.remove_blob(record.blob);
            }
            is_held
        });
    }

    fn remove_blob(&self, blob: Uuid) {
        // Nothing refers to the blob any more; a leftover only costs disk space.
        let _ = std::fs::remove_file(self.blob_path(blob));
    }

    fn blob_path(&self, blob: Uuid) -> PathBuf {
        blob_path(&self.shared.root, blob)
    }

    fn record_path(&self, bucket: &str, key: &str) -> PathBuf {
        self.shared
            .root
            .join("records")
            .join(key::disk_name(bucket, key))
    }

    fn read<T>(&self, with: impl FnOnce(&Index) -> T) -> T {
        with(
            &self
                .shared
                .index
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn write<T>(&self, with: impl FnOnce(&mut Index) -> T) -> T {
        with(
            &mut self
                .shared
                .index
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

fn blob_path(root: &Path, blob: Uuid) -> PathBuf {
    root.join("blobs").join(blob.simple().to_string())
}

async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommitError> + Send + 'static,
) -> Result<T, CommitError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests;
