//! The folder of `--data-dir`: marked as the emulator's, used by one emulator at a time, read by its owner alone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::StartError;
use crate::files;

/// Says that the folder is the emulator's. Without it nothing is read, written or deleted in a folder that has content.
const MARKER: &str = "cloudbase-emulator.json";

/// Held by the emulator that uses the folder. Another file than the marker, which on some systems nobody could read then.
const LOCK: &str = "cloudbase-emulator.lock";

/// The folders that the emulator keeps its state in.
const PARTS: [&str; 3] = ["auth", "data", "storage"];

/// What the names of the databases, and of the files that SQLite puts beside them, begin with.
const DATABASES: [&str; 3] = ["auth.sqlite3", "documents.sqlite3", "mysql.sqlite3"];

/// What is in the folder of objects. The files in its folders have names of hex digits.
const STORAGE: [&str; 6] = [
    "blobs",
    "records",
    "staging",
    "secret",
    "buckets.json",
    "buckets.unreadable",
];

/// Grows when older folders can no longer be read.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Marker {
    format: u32,
    /// The id of the process that uses the folder, or used it last.
    process: u32,
}

/// A data folder, locked while this lives or until [`unlock`](Self::unlock).
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// Makes the folder, or takes the one of an earlier run.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        let failed = |error| {
            StartError::caused_by(
                format!("cannot use the data folder {}", path.display()),
                error,
            )
        };
        files::create_dir(path).map_err(failed)?;
        // Where a link leads that the developer named is where they want it.
        let path = fs::canonicalize(path).map_err(failed)?;
        let failed = |error| {
            StartError::caused_by(
                format!("cannot use the data folder {}", path.display()),
                error,
            )
        };
        check_marker(&path)?;
        let lock = take_lock(&path)?;
        // Once more: it may have been given up and changed since.
        check_marker(&path)?;
        files::make_private(&path, true).map_err(failed)?;
        let marker = Marker {
            format: FORMAT,
            process: std::process::id(),
        };
        let marker = serde_json::to_vec(&marker).map_err(|error| failed(error.into()))?;
        files::replace(&path.join(MARKER), &marker).map_err(failed)?;
        for part in PARTS {
            let part = path.join(part);
            if fs::symlink_metadata(&part).is_ok() {
                check_tree(&part, true)?;
            } else {
                files::create_dir(&part).map_err(failed)?;
            }
        }
        Ok(Self { path, lock })
    }

    /// The folder of one part.
    pub(crate) fn part(&self, part: &str) -> PathBuf {
        debug_assert!(PARTS.contains(&part), "{part} is not checked at the start");
        self.path.join(part)
    }

    /// Lets another emulator use the folder.
    pub(crate) fn unlock(&self) {
        // Closing the file does it at the latest.
        let _ = self.lock.unlock();
    }
}

/// A folder with content must be marked as the emulator's.
fn check_marker(path: &Path) -> Result<(), StartError> {
    let marker = path.join(MARKER);
    // Not through a link, which may lead to another folder's marker.
    let is_file = fs::symlink_metadata(&marker).is_ok_and(|found| found.is_file());
    let text = if is_file {
        fs::read(&marker).ok()
    } else {
        None
    };
    if let Some(text) = text {
        return match serde_json::from_slice::<Marker>(&text) {
            Ok(marker) if marker.format == FORMAT => Ok(()),
            _ => Err(StartError::new(format!(
                "the data folder {} is not in the form that this version of the emulator writes (form {FORMAT}); choose a \
                 new or an empty folder",
                path.display()
            ))),
        };
    }
    let new = Path::new(MARKER).with_extension("new");
    let is_own = |name: &Path| name == Path::new(LOCK) || name == new;
    let entries = fs::read_dir(path)
        .map_err(|error| StartError::caused_by(format!("cannot read {}", path.display()), error))?;
    for entry in entries {
        let is_foreign = entry.map_or(true, |entry| !is_own(Path::new(&entry.file_name())));
        if is_foreign {
            return Err(StartError::new(format!(
                "{} is not a data folder of the emulator: it is not empty and has no {MARKER}; choose a new or an empty \
                 folder",
                path.display()
            )));
        }
    }
    Ok(())
}

fn take_lock(path: &Path) -> Result<File, StartError> {
    let file = path.join(LOCK);
    let failed = |error| StartError::caused_by(format!("cannot lock {}", file.display()), error);
    check_file(&file).map_err(failed)?;
    files::touch(&file)
        .and_then(|()| files::make_private(&file, false))
        .map_err(failed)?;
    let lock = OpenOptions::new().write(true).open(&file).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let marker = fs::read(path.join(MARKER)).unwrap_or_default();
            let by = match serde_json::from_slice::<Marker>(&marker) {
                Ok(marker) => format!("the emulator with process id {}", marker.process),
                Err(_) => "another emulator".to_owned(),
            };
            Err(StartError::new(format!(
                "the data folder {} is in use by {by}; stop it or choose another folder",
                path.display()
            )))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Nothing in the emulator's folders may lead out of them or block a reader; what is the emulator's own there is its
/// owner's alone, and what others put there keeps its mode.
fn check_tree(path: &Path, is_own: bool) -> Result<(), StartError> {
    let failed = |error| StartError::caused_by(format!("cannot use {}", path.display()), error);
    check_file(path).map_err(failed)?;
    let is_dir = path.is_dir();
    if is_own {
        files::make_private(path, is_dir).map_err(failed)?;
    }
    if is_dir {
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let is_own = is_own && name.to_str().is_some_and(is_own_name);
            check_tree(&entry.path(), is_own)?;
        }
    }
    Ok(())
}

/// Whether the emulator's parts give a file or folder such a name.
fn is_own_name(name: &str) -> bool {
    let is_hex = |name: &str| {
        name.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    DATABASES.iter().any(|database| name.starts_with(database))
        || STORAGE.contains(&name)
        || matches!(name.len(), 32 | 64) && is_hex(name)
}

fn check_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() || found.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::other(
            "it is a link or a device, which the emulator does not follow",
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
