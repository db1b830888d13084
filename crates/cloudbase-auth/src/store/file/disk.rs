//! The files themselves: names, modes, and the order of writing that survives being killed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cloudbase_core::sdk::push_encoded;
use secrecy::{ExposeSecret as _, SecretString};

/// The largest value, in bytes. No session is that large; a larger file cannot be one.
pub(super) const MAX_SIZE: u64 = 1024 * 1024;

pub(super) struct Disk {
    directory: PathBuf,
    /// Who this process is, as a file that it made says.
    owner: OnceLock<Option<u32>>,
    /// That there are no locks here has been said.
    warned: AtomicBool,
}

impl Disk {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            owner: OnceLock::new(),
            warned: AtomicBool::new(false),
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn read(&self, key: &str) -> io::Result<Option<SecretString>> {
        let path = self.path(key, "json");
        let mut file = match open(OpenOptions::new().read(true), &path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // A link is not followed: `ELOOP`, or what a platform makes of it.
            Err(_) if fs::symlink_metadata(&path)?.file_type().is_symlink() => {
                return self.move_aside(key, None, "it is a link").map(|()| None);
            }
            Err(error) => return Err(error),
        };
        if let Some(fault) = self.fault(key, &file)? {
            return self.move_aside(key, Some(&file), fault).map(|()| None);
        }
        let mut bytes = Vec::with_capacity(4096);
        Read::by_ref(&mut file)
            .take(MAX_SIZE + 1)
            .read_to_end(&mut bytes)?;
        let fault = match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 <= MAX_SIZE => return Ok(Some(text.into())),
            Ok(_) => "it is too large",
            Err(_) => "it is no text",
        };
        self.move_aside(key, Some(&file), fault).map(|()| None)
    }

    /// Writes beside the file, forces it to the disk, and renames: at every moment there is the old
    /// value or the new one.
    pub(super) fn write(&self, key: &str, value: &SecretString) -> io::Result<()> {
        if value.expose_secret().len() as u64 > MAX_SIZE {
            let rule = format!("a value may have at most {MAX_SIZE} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, rule));
        }
        self.ensure_directory()?;
        let mut tries = 3;
        loop {
            tries -= 1;
            self.sweep(key)?;
            match self.write_beside(key, value) {
                // Swept away by a process without a lock either, before it differed from debris.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries > 0 => {}
                result => return result,
            }
        }
    }

    fn write_beside(&self, key: &str, value: &SecretString) -> io::Result<()> {
        let (temporary, mut file) = self.create_temporary(key)?;
        let written = file
            .write_all(value.expose_secret().as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, self.path(key, "json")));
        if let Err(error) = written {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        self.sync_directory()
    }

    /// A new file beside a key's, under a name that nobody else uses: a process that has waited too long for
    /// the key's lock writes without it. It is locked for as long as this process has it open.
    fn create_temporary(&self, key: &str) -> io::Result<(PathBuf, File)> {
        let name = format!("{}-{:016x}.tmp", std::process::id(), fastrand::u64(..));
        let path = self.path(key, &name);
        let file = open(
            owner_only(OpenOptions::new().write(true).create_new(true)),
            &path,
        )?;
        // Fails where nobody knows locks, or where a sweeper looks at it just now.
        let _ = file.try_lock();
        Ok((path, file))
    }

    /// Removes what writers of this key have left behind who were killed.
    fn sweep(&self, key: &str) -> io::Result<()> {
        let prefix = self.name(key, "");
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let rest = name.to_str().and_then(|name| name.strip_prefix(&prefix));
            if rest.is_some_and(|rest| rest == "tmp" || rest.ends_with(".tmp"))
                && is_abandoned(&entry.path())
            {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, key: &str) -> io::Result<()> {
        match fs::remove_file(self.path(key, "json")) {
            Ok(()) => self.sync_directory(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives a file that is read again and found to be no session another name.
    pub(super) fn discard(&self, key: &str) -> io::Result<()> {
        let file = open(OpenOptions::new().read(true), &self.path(key, "json")).ok();
        self.move_aside(key, file.as_ref(), "it is no session")
    }

    /// Gives a file that is no session another name, for an inspection of the fault. It may hold a
    /// token all the same: nobody else reads it from now on.
    fn move_aside(&self, key: &str, file: Option<&File>, fault: &str) -> io::Result<()> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let aside = self.path(key, &format!("poisoned-{}", now.as_millis()));
        tracing::warn!(%fault, to = %aside.display(), "a session file cannot be used and is moved aside");
        if let Some(file) = file {
            keep_others_out(file);
        }
        match fs::rename(self.path(key, "json"), aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The file that processes lock; none where a file cannot be locked, which is said once. It
    /// stays: removing it would let two hold the lock.
    pub(super) fn open_lock(&self, key: &str) -> io::Result<Option<File>> {
        self.ensure_directory()?;
        let mut options = OpenOptions::new();
        let options = owner_only(options.read(true).write(true).create(true).truncate(false));
        let path = self.path(key, "lock");
        match open(options, &path) {
            Ok(file) => Ok(Some(file)),
            // A directory or a link in its place: nothing that this program has made.
            Err(error) => match fs::symlink_metadata(&path) {
                Ok(metadata) if !metadata.is_file() => {
                    self.warn_without_locks("the path of its lock file is not a file");
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// Whether a file could not be locked because nobody can lock files here, which is said once.
    pub(super) fn knows_no_locks(&self, error: &io::Error) -> bool {
        #[cfg(unix)]
        let lacks_service = error.raw_os_error() == Some(libc::ENOLCK);
        #[cfg(not(unix))]
        let lacks_service = false;
        let none = lacks_service || error.kind() == io::ErrorKind::Unsupported;
        if none {
            self.warn_without_locks("the file system has no lock service");
        }
        none
    }

    fn warn_without_locks(&self, why: &str) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                directory = %self.directory.display(),
                "sessions are not locked: {why}. One process at a time can use them"
            );
        }
    }

    /// Where the session of `key` is.
    pub(super) fn session_file(&self, key: &str) -> PathBuf {
        self.path(key, "json")
    }

    fn path(&self, key: &str, extension: &str) -> PathBuf {
        self.directory.join(self.name(key, extension))
    }

    /// The name of a key's file. Whatever a file name cannot hold everywhere is spelled out, dots
    /// included: where the key ends is certain.
    fn name(&self, key: &str, extension: &str) -> String {
        let mut name = String::with_capacity(key.len() + extension.len() + 1);
        push_encoded(&mut name, key, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
        });
        name.push('.');
        name.push_str(extension);
        name
    }

    fn ensure_directory(&self) -> io::Result<()> {
        if !self.directory.is_dir() {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&self.directory)?;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if fs::metadata(&self.directory)?.permissions().mode() & 0o022 != 0 {
                let message = "the session directory can be written by others: `chmod go-w` it";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
        }
        Ok(())
    }

    /// Renaming and removing last only once the directory itself has been written.
    fn sync_directory(&self) -> io::Result<()> {
        #[cfg(unix)]
        File::open(&self.directory)?.sync_all()?;
        Ok(())
    }

    /// Why an open file is not to be trusted. A mode that is merely too open for readers is mended.
    #[cfg(unix)]
    fn fault(&self, key: &str, file: &File) -> io::Result<Option<&'static str>> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Some("it is no regular file"));
        }
        if metadata.len() > MAX_SIZE {
            return Ok(Some("it is too large"));
        }
        if self.owner(key).is_some_and(|owner| owner != metadata.uid()) {
            return Ok(Some("it belongs to another user"));
        }
        let mode = metadata.mode();
        if mode & 0o022 != 0 {
            return Ok(Some("it can be written by others"));
        }
        if mode & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        Ok(None)
    }

    #[cfg(not(unix))]
    fn fault(&self, _key: &str, file: &File) -> io::Result<Option<&'static str>> {
        let metadata = file.metadata()?;
        Ok(match metadata.is_file() {
            false => Some("it is no regular file"),
            true if metadata.len() > MAX_SIZE => Some("it is too large"),
            true => None,
        })
    }

    /// The user that this process runs as. Asked of a file that it makes, since nothing else in the
    /// standard library says; `None` if it cannot make one.
    #[cfg(unix)]
    fn owner(&self, key: &str) -> Option<u32> {
        *self.owner.get_or_init(|| {
            use std::os::unix::fs::MetadataExt as _;
            let (probe, file) = self.create_temporary(key).ok()?;
            let owner = file.metadata().ok().map(|metadata| metadata.uid());
            let _ = fs::remove_file(probe);
            owner
        })
    }
}

/// Whether a temporary file has no writer any more: the system has let go of its lock.
fn is_abandoned(path: &Path) -> bool {
    let Ok(file) = open(OpenOptions::new().read(true), path) else {
        return false; // gone, or none of ours
    };
    // A file system without locks is for one process at a time.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Opens a file, not a link, and does not wait for one that is a pipe.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC,
    );
    options.open(path)
}

/// Lets only its owner read what is to be kept as evidence. That this cannot be done (it is
/// another user's) is no reason to leave it where it is.
fn keep_others_out(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let is_directory = file.metadata().is_ok_and(|metadata| metadata.is_dir());
        let mode = if is_directory { 0o700 } else { 0o600 };
        if let Err(error) = file.set_permissions(fs::Permissions::from_mode(mode)) {
            tracing::warn!(%error, "others can still read what is moved aside");
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// Makes a new file readable by its owner only, from its first moment on.
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
