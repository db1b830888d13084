//! Writes a download into a file that appears only when it is whole.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cloudbase_core::{Error, ErrorKind, Result};
use tokio::task::{JoinHandle, spawn_blocking};

use super::stream::ObjectStream;

/// How much is collected before it is written.
const BATCH: usize = 256 * 1024;

/// A file beside its final place; removed unless it gets there.
struct Part {
    path: PathBuf,
    kept: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Part {
    /// A new file with a name of its own in the folder of `target`.
    fn create(target: &Path) -> io::Result<(Self, File)> {
        let name = target.file_name().unwrap_or_default();
        let mut attempt = 0_u32;
        loop {
            let mut own = std::ffi::OsString::from(".");
            own.push(name);
            own.push(format!(".{}-{attempt}.part", std::process::id()));
            let path = target.with_file_name(own);
            match File::create_new(&path) {
                Ok(file) => return Ok((Self { path, kept: false }, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn move_to(mut self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }
}

/// Refuses what cannot be the place of a file.
pub(crate) fn check_target(target: &Path) -> Result<()> {
    match target.file_name() {
        Some(_) => Ok(()),
        None => Err(Error::argument("path", "must end in a file name")),
    }
}

/// Writes all of `stream` to `target`; whatever was there is replaced at the end, and only then.
pub(crate) async fn write(stream: &mut ObjectStream, target: &Path) -> Result<()> {
    let path = target.to_owned();
    let (part, file) = blocking(spawn_blocking(move || Part::create(&path)), target).await?;
    let mut writer = Writer::new(file, target);
    while let Some(bytes) = stream.next_bytes().await? {
        writer.push(bytes).await?;
    }
    writer.finish().await?;
    let path = target.to_owned();
    blocking(spawn_blocking(move || part.move_to(&path)), target).await
}

/// Writes one batch while the next one is received.
struct Writer<'a> {
    target: &'a Path,
    file: Option<File>,
    writing: Option<JoinHandle<io::Result<File>>>,
    batch: Vec<Bytes>,
    size: usize,
}

impl<'a> Writer<'a> {
    fn new(file: File, target: &'a Path) -> Self {
        Self {
            target,
            file: Some(file),
            writing: None,
            batch: Vec::new(),
            size: 0,
        }
    }

    async fn push(&mut self, bytes: Bytes) -> Result<()> {
        self.size += bytes.len();
        self.batch.push(bytes);
        if self.size >= BATCH {
            self.start().await?;
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        self.wait().await?;
        if let Some(mut file) = self.file.take() {
            let batch = std::mem::take(&mut self.batch);
            self.size = 0;
            self.writing = Some(spawn_blocking(move || {
                for bytes in batch {
                    file.write_all(&bytes)?;
                }
                Ok(file)
            }));
        }
        Ok(())
    }

    async fn wait(&mut self) -> Result<()> {
        if let Some(writing) = self.writing.take() {
            self.file = Some(blocking(writing, self.target).await?);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<()> {
        self.start().await?;
        self.wait().await
    }
}

/// Waits for a step of the work on `target`, the temporary file beside it included.
async fn blocking<T>(task: JoinHandle<io::Result<T>>, target: &Path) -> Result<T> {
    task.await
        .map_err(|error| {
            Error::new(ErrorKind::Interrupted, "the file was not written").with_source(error)
        })?
        .map_err(|error| Error::file("write the file", Some(target), error))
}
