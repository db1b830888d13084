//! A PG-mode bucket, and the file that keeps all of them.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::files;

/// A bucket as the service shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::storage) struct Bucket {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) public: bool,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) file_size_limit: Option<u64>,
    pub(super) allowed_mime_types: Option<Vec<String>>,
    pub(super) owner: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

impl Bucket {
    pub(in crate::storage) fn id(&self) -> &str {
        &self.id
    }

    /// Whether objects of this type may be stored.
    pub(super) fn admits_type(&self, content_type: &str) -> bool {
        let Some(allowed) = &self.allowed_mime_types else {
            return true;
        };
        let content_type = content_type.split(';').next().unwrap_or_default().trim();
        allowed
            .iter()
            .any(|allowed| match allowed.strip_suffix("/*") {
                Some(family) => content_type.split('/').next() == Some(family),
                None => allowed == "*" || allowed.eq_ignore_ascii_case(content_type),
            })
    }
}

/// All buckets; kept in one file next to the objects.
#[derive(Debug)]
pub(in crate::storage) struct Buckets {
    path: PathBuf,
    all: Mutex<BTreeMap<String, Bucket>>,
}

impl Buckets {
    pub(in crate::storage) fn open(root: &Path) -> io::Result<Self> {
        let path = root.join("buckets.json");
        let all = match std::fs::read(&path) {
            Ok(kept) => serde_json::from_slice(&kept).or_else(|error| {
                // It is replaced as a whole and synced, so something else wrote it. Kept so that it can be looked into.
                let aside = root.join("buckets.unreadable");
                tracing::warn!(path = %path.display(), %error, aside = %aside.display(), "not a list of buckets; starting with none");
                std::fs::rename(&path, aside)?;
                Ok::<_, io::Error>(BTreeMap::new())
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            path,
            all: Mutex::new(all),
        })
    }

    pub(super) fn get(&self, id: &str) -> Option<Bucket> {
        self.lock().get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Bucket> {
        self.lock().values().cloned().collect()
    }

    /// Adds a bucket; false when there is one of this id.
    pub(in crate::storage) fn add(&self, bucket: Bucket) -> io::Result<bool> {
        let mut all = self.lock();
        if all.contains_key(&bucket.id) {
            return Ok(false);
        }
        all.insert(bucket.id.clone(), bucket);
        self.save(&all)?;
        Ok(true)
    }

    pub(super) fn replace(&self, bucket: Bucket) -> io::Result<()> {
        let mut all = self.lock();
        all.insert(bucket.id.clone(), bucket);
        self.save(&all)
    }

    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        let mut all = self.lock();
        all.remove(id);
        self.save(&all)
    }

    /// All buckets as JSON, for a snapshot.
    pub(in crate::storage) fn export(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(&*self.lock())?)
    }

    /// Replaces all buckets.
    pub(in crate::storage) fn import(&self, json: &[u8]) -> io::Result<()> {
        let mut all = self.lock();
        *all = serde_json::from_slice(json)?;
        self.save(&all)
    }

    fn save(&self, all: &BTreeMap<String, Bucket>) -> io::Result<()> {
        files::replace(&self.path, &serde_json::to_vec_pretty(all)?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
