//! Writes a download into a file that appears only when it is whole.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use bytes::Bytes;
use cloudbase_core::{Error, ErrorKind, Result};
use tokio::task::{JoinHandle, spawn_blocking};

use super::part::{Part, Target};
use super::stream::ObjectStream;

/// How much is collected before it is written.
const BATCH: usize = 256 * 1024;

/// Writes all of `stream` to `target`; whatever was there is replaced at the end, and only then.
pub(crate) async fn write(stream: &mut ObjectStream, target: Target) -> Result<()> {
    let path = target.path().to_owned();
    let (part, file) = blocking(spawn_blocking(move || Part::create(target)), &path).await?;
    let mut writer = Writer::new(file, &path);
    while let Some(bytes) = stream.next_bytes().await? {
        writer.push(bytes).await?;
    }
    let file = writer.finish().await?;
    blocking(spawn_blocking(move || part.put_in_place(file)), &path).await
}

/// Finds out where `path` leads, before anything is requested.
pub(crate) async fn target(path: &Path) -> Result<Target> {
    if path.file_name().is_none() {
        return Err(Error::argument("path", "must end in a file name"));
    }
    let own = path.to_owned();
    blocking(spawn_blocking(move || Target::of(own)), path).await
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

    async fn finish(mut self) -> Result<File> {
        self.start().await?;
        self.wait().await?;
        self.file
            .ok_or_else(|| Error::new(ErrorKind::Interrupted, "the file was not written"))
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
