//! The file that a download becomes: where it goes, and the temporary file beside that place.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

/// How many symbolic links are followed, as by Linux.
const MAX_LINKS: usize = 40;

/// The place of a download: a regular file, or nothing yet.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    /// The file that is there.
    old: Option<Metadata>,
}

impl Target {
    /// Follows links from `path`. What is there and is no file is not replaced.
    pub(crate) fn of(mut path: PathBuf) -> io::Result<Self> {
        for _ in 0..=MAX_LINKS {
            let old = match fs::symlink_metadata(&path) {
                Ok(old) => old,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // The file need not exist, but its folder: that is said before anything is requested.
                    let folder = path
                        .parent()
                        .filter(|folder| !folder.as_os_str().is_empty());
                    folder.map(fs::metadata).transpose()?;
                    return Ok(Self { path, old: None });
                }
                Err(error) => return Err(error),
            };
            if old.is_symlink() {
                let link = fs::read_link(&path)?;
                path.set_file_name(link); // beside the link, unless it is absolute
            } else if old.is_file() {
                let old = Some(old);
                return Ok(Self { path, old });
            } else {
                let what = if old.is_dir() {
                    "a folder"
                } else {
                    "no regular file"
                };
                return Err(invalid(format!(
                    "it is {what}; use `stream` and write its bytes there"
                )));
            }
        }
        Err(invalid("too many symbolic links".to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// A locked file beside its final place; removed unless it gets there.
///
/// Its name is short whatever the target's is, and the same in each run, so that the next download
/// to the same place finds what a killed process left: a file that nobody has locked any more.
///
/// The holder of the lock of the file that is at the name *now* may move or remove it, and nobody
/// else: the name alone may be another download's by now.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    /// Holds the lock for as long as the part is there.
    guard: File,
    target: PathBuf,
    kept: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept && is_at(&self.guard, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Part {
    /// A new file in the folder of `target`, with the permissions of the file that is there.
    pub(crate) fn create(target: Target) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if target.old.is_some() {
            // Nobody else reads it before it has the permissions of the old one.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let mut number = 0_u32;
        loop {
            let path = target.path.with_file_name(part_name(&target.path, number));
            let file = match options.open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !remove_abandoned(&path) {
                        number += 1;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            // A process that took it for left over may have removed it before it was locked.
            let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            if is_taken || !is_at(&file, &path) {
                number += 1;
                continue;
            }
            let part = Self {
                path,
                guard: file.try_clone()?,
                target: target.path,
                kept: false,
            };
            if let Some(old) = target.old {
                file.set_permissions(old.permissions())?;
            }
            return Ok((part, file));
        }
    }

    /// Replaces the target by `file`, which is whole, once the disk has all of it. The lock is
    /// held until then.
    pub(crate) fn put_in_place(mut self, file: File) -> io::Result<()> {
        file.sync_all()?;
        self.follow_target(&file)?;
        if !is_at(&self.guard, &self.path) {
            return Err(io::Error::other("its temporary file was removed"));
        }
        fs::rename(&self.path, &self.target)?;
        self.kept = true;
        Ok(())
    }

    /// Looks at the target once more, which may have changed since the download began.
    fn follow_target(&self, file: &File) -> io::Result<()> {
        let now = Target::of(self.target.clone())?;
        if now.path != self.target {
            return Err(invalid("it became a link meanwhile".to_owned()));
        }
        match now.old.map(|old| old.permissions()) {
            Some(permissions) if permissions != file.metadata()?.permissions() => {
                file.set_permissions(permissions)
            }
            _ => Ok(()),
        }
    }
}

fn part_name(target: &Path, number: u32) -> String {
    let mut hasher = DefaultHasher::new();
    target.file_name().hash(&mut hasher);
    format!(".cloudbase-{:016x}-{number}.part", hasher.finish())
}

/// Removes a part that no process writes any more; says whether its name is free now. Where the
/// file system has no locks, nobody knows.
fn remove_abandoned(path: &Path) -> bool {
    let Ok(file) = crate::file::open(path) else {
        return false;
    };
    // The lock is held until the name is gone.
    file.try_lock().is_ok() && is_at(&file, path) && fs::remove_file(path).is_ok()
}

/// Whether `file` is what is at `path` now, and not a later file of the same name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let id = |metadata: Metadata| (metadata.dev(), metadata.ino());
        match (file.metadata(), fs::symlink_metadata(path)) {
            (Ok(own), Ok(there)) => id(own) == id(there),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests;
