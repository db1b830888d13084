//! Which files in the store's folders are the emulator's own.

use std::io;
use std::path::{Path, PathBuf};

use crate::storage::key;

/// Removes the files with a name of the emulator's own form. Whatever else lies in the folder is not the emulator's.
pub(super) fn remove_own(folder: &Path, is_own: fn(&str) -> bool) -> io::Result<()> {
    for path in own_files(folder, is_own)? {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// The files of a folder that have a name of the emulator's own form. Neither a link in the folder nor one in its place is
/// followed.
pub(super) fn own_files(folder: &Path, is_own: fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    if !std::fs::symlink_metadata(folder)?.is_dir() {
        return Err(io::Error::other(format!(
            "{} is not a folder",
            folder.display()
        )));
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_own) && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// The names of blobs and of what is being received.
pub(super) fn is_uuid(name: &str) -> bool {
    name.len() == 32 && key::is_lower_hex(name)
}
