//! The record of an object: what is known about it, and how those of an earlier run are read.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Index, blob_path, own::own_files};
use crate::storage::key::{self, is_disk_name};

/// What is known about one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Name of the blob; a new one for every version of the object.
    pub(crate) blob: Uuid,
    pub(crate) size: u64,
    /// MD5 in lower-case hex.
    pub(crate) md5: String,
    pub(crate) crc64: u64,
    /// Id of the user who made the object; `None` for an administrator.
    pub(crate) owner: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: u64,
    /// Milliseconds since the epoch.
    pub(crate) modified_ms: u64,
    #[serde(flatten)]
    pub(crate) headers: ObjectHeaders,
}

/// The headers that an object was uploaded with and is served with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ObjectHeaders {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) expires: Option<String>,
    /// User metadata: full header name in lower case to value.
    pub(crate) meta: BTreeMap<String, String>,
    /// Free metadata of PG-mode objects.
    pub(crate) metadata: Option<serde_json::Value>,
}

/// Reads the records of an earlier run. One that cannot be read, or whose bytes are gone, costs its own object, not the others.
pub(super) fn load(root: &Path) -> io::Result<Index> {
    let mut index = Index::new();
    for path in own_files(&root.join("records"), is_disk_name)? {
        match read_record(root, &path) {
            Ok(record) => {
                let objects = index.entry(record.bucket.clone()).or_default();
                objects.insert(record.key.clone(), Arc::new(record));
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "not the record of an object; it is left alone");
            }
        }
    }
    Ok(index)
}

fn read_record(root: &Path, path: &Path) -> io::Result<Record> {
    let record: Record = serde_json::from_slice(&std::fs::read(path)?)?;
    let name = key::disk_name(&record.bucket, &record.key);
    if path.file_name() != Some(name.as_ref()) {
        return Err(io::Error::other("it is the record of another object"));
    }
    if !blob_path(root, record.blob).is_file() {
        return Err(io::Error::other("the content of its object is gone"));
    }
    Ok(record)
}
