//! An object on its way to disk: written in pieces, hashed as it arrives, never held in memory.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use crc::{CRC_64_XZ, Crc, Table};
use futures_util::{Stream, StreamExt, pin_mut};
use md5::{Digest, Md5};

use crate::files;

/// Pieces of this size are handed to the disk.
pub(crate) const PIECE: usize = 256 * 1024;

static CRC64: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);

/// Why an object did not arrive.
#[derive(Debug)]
pub(crate) enum ReceiveError {
    /// The sender went away or broke the framing.
    Body,
    /// More bytes than allowed.
    TooLarge,
    /// The disk failed.
    Disk(io::Error),
}

impl From<io::Error> for ReceiveError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A file that is being written; removed when dropped before it is claimed.
#[derive(Debug)]
pub(crate) struct Staging {
    inner: Option<Inner>,
    pending: Vec<Bytes>,
    pending_len: usize,
}

/// A complete file, ready to be renamed into its place.
#[derive(Debug)]
pub(crate) struct Staged {
    file: StagedFile,
    pub(crate) size: u64,
    /// MD5 in lower-case hex, the object's ETag.
    pub(crate) md5: String,
    pub(crate) crc64: u64,
}

#[derive(Debug)]
struct StagedFile {
    path: PathBuf,
    claimed: bool,
}

struct Inner {
    file: File,
    staged: StagedFile,
    md5: Md5,
    crc: crc::Digest<'static, u64, Table<16>>,
    size: u64,
}

impl Staging {
    /// Starts a new file at `path`.
    pub(crate) async fn create(path: PathBuf) -> io::Result<Self> {
        let inner = blocking(move || {
            let file = files::create_new(&path)?;
            let staged = StagedFile {
                path,
                claimed: false,
            };
            Ok(Inner {
                file,
                staged,
                md5: Md5::new(),
                crc: CRC64.digest(),
                size: 0,
            })
        })
        .await?;
        Ok(Self {
            inner: Some(inner),
            pending: Vec::new(),
            pending_len: 0,
        })
    }

    /// Takes one frame of a body; reaches the disk once a piece is full.
    pub(crate) async fn write(&mut self, frame: Bytes) -> io::Result<()> {
        self.pending_len += frame.len();
        self.pending.push(frame);
        if self.pending_len >= PIECE {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Writes what is pending and closes the file.
    pub(crate) async fn finish(mut self) -> io::Result<Staged> {
        self.flush().await?;
        let inner = self.inner.take().ok_or_else(broken)?;
        Ok(Staged {
            size: inner.size,
            md5: hex::encode(inner.md5.finalize()),
            crc64: inner.crc.finalize(),
            file: inner.staged,
        })
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let frames = std::mem::take(&mut self.pending);
        self.pending_len = 0;
        let mut inner = self.inner.take().ok_or_else(broken)?;
        let inner = blocking(move || {
            for frame in &frames {
                inner.file.write_all(frame)?;
                inner.md5.update(frame);
                inner.crc.update(frame);
                inner.size += frame.len() as u64;
            }
            Ok(inner)
        })
        .await?;
        self.inner = Some(inner);
        Ok(())
    }
}

impl Staged {
    /// Moves the file to `target`.
    pub(crate) fn claim(mut self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.file.path, target)?;
        self.file.claimed = true;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.claimed {
            // Nothing refers to the file; a leftover only costs disk space.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("staged", &self.staged)
            .field("size", &self.size)
            .finish()
    }
}

/// Writes a whole body to `path`, rejecting more than `limit` bytes.
pub(crate) async fn receive<S, E>(
    body: S,
    path: PathBuf,
    limit: u64,
) -> Result<Staged, ReceiveError>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut staging = Staging::create(path).await?;
    let mut total = 0_u64;
    pin_mut!(body);
    while let Some(frame) = body.next().await {
        let frame = frame.map_err(|_| ReceiveError::Body)?;
        total += frame.len() as u64;
        if total > limit {
            return Err(ReceiveError::TooLarge);
        }
        staging.write(frame).await?;
    }
    Ok(staging.finish().await?)
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn broken() -> io::Error {
    io::Error::other("an earlier write of this object failed")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn hashes_while_it_writes() {
        let dir = tempfile::tempdir().unwrap();
        let frames = ["1234", "56789"].map(|s| Ok::<_, io::Error>(Bytes::from(s)));
        let staged = receive(stream::iter(frames), dir.path().join("s"), 9)
            .await
            .unwrap();
        assert_eq!(staged.size, 9);
        assert_eq!(staged.md5, "25f9e794323b453885f5181f1b624d0b");
        // The check value of CRC-64/XZ, which the object store names CRC64 ECMA.
        assert_eq!(staged.crc64, 0x995d_c9bb_df19_39fa);
        staged.claim(&dir.path().join("t")).unwrap();
        assert_eq!(std::fs::read(dir.path().join("t")).unwrap(), b"123456789");
    }

    #[tokio::test]
    async fn leaves_nothing_behind_when_it_fails() {
        let dir = tempfile::tempdir().unwrap();
        let frames = [
            Ok(Bytes::from_static(b"12345")),
            Err(io::Error::other("reset")),
        ];
        let result = receive(stream::iter(frames), dir.path().join("s"), 99).await;
        assert!(matches!(result, Err(ReceiveError::Body)));
        let frames = [Ok::<_, io::Error>(Bytes::from_static(b"12345"))];
        let result = receive(stream::iter(frames), dir.path().join("s"), 4).await;
        assert!(matches!(result, Err(ReceiveError::TooLarge)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
