//! Sources of an upload as streams of chunks of 256 KiB.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much of a file is read at a time: measured, smaller chunks cost a third of the throughput
/// and larger ones gain nothing.
const CHUNK: usize = 256 * 1024;

/// A file that is being uploaded, and what it looked like at the start.
#[derive(Debug)]
pub(crate) struct OpenFile {
    path: Option<PathBuf>,
    /// Locked for each seek and read: a given-up attempt may still be reading ahead.
    file: Mutex<File>,
    start: u64,
    end: u64,
    modified: Option<SystemTime>,
    free: Arc<FreeBuffers>,
}

/// The memory of chunks that were sent, for those to come. Left to the allocator, each thread that
/// ever read a chunk would keep some.
type FreeBuffers = Mutex<Vec<Vec<u8>>>;

/// A chunk of a file; gives its memory back when the connection has done with it.
struct Chunk {
    bytes: Vec<u8>,
    free: Arc<FreeBuffers>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        lock(&self.free).push(bytes);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenFile {
    /// The file at `path`.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        match crate::file::open(&path) {
            Ok(file) => Self::of(file, Some(path)),
            Err(error) => Err(unreadable(Some(&path), error)),
        }
    }

    /// A file that came opened, from where it stands.
    pub(crate) fn new(file: File) -> Result<Self> {
        Self::of(file, None)
    }

    fn of(mut file: File, path: Option<PathBuf>) -> Result<Self> {
        let (metadata, start, more) =
            measure(&mut file).map_err(|error| unreadable(path.as_deref(), error))?;
        let end = metadata.len().max(start);
        if start == end && more {
            // Files of `/proc` have content, and a length of 0.
            return Err(Error::argument(
                "source",
                "gave more than the 0 bytes it was said to have: the length of this file is not \
                 known beforehand; upload what it gives by `UploadSource::reader`",
            ));
        }
        Ok(Self {
            path,
            start,
            end,
            modified: metadata.modified().ok(),
            file: Mutex::new(file),
            free: Arc::default(),
        })
    }

    pub(crate) fn length(&self) -> u64 {
        self.end - self.start
    }

    /// Reads the chunk that starts `offset` bytes after the start. The last one is given out only
    /// if the file is still as it was: without it the upload cannot complete.
    fn read(&self, offset: u64) -> Result<Bytes> {
        let file = lock(&self.file);
        let left = self.length() - offset;
        let length = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let mut chunk = Chunk {
            bytes: lock(&self.free).pop().unwrap_or_default(),
            free: self.free.clone(),
        };
        chunk.bytes.resize(length, 0);
        let unreadable = |error| unreadable(self.path.as_deref(), error);
        read_at(&file, self.start + offset, &mut chunk.bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.changed()
            } else {
                unreadable(error)
            }
        })?;
        if length as u64 == left && !self.is_same(&file.metadata().map_err(unreadable)?) {
            return Err(self.changed());
        }
        Ok(Bytes::from_owner(chunk))
    }

    fn changed(&self) -> Error {
        let message = match &self.path {
            Some(path) => format!(
                "the file `{}` changed while it was uploaded",
                path.display()
            )
            .into(),
            None => Cow::Borrowed("the file changed while it was uploaded"),
        };
        Error::new(ErrorKind::Local, message)
    }

    fn is_same(&self, now: &Metadata) -> bool {
        now.len() == self.end && now.modified().ok() == self.modified
    }
}

/// Fills `chunk` from `offset` on. The position of the file is not used where the system can do
/// without: another upload may have a clone of the same file, which shares it.
fn read_at(file: &File, offset: u64, chunk: &mut [u8]) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, chunk, offset);
    #[cfg(not(unix))]
    {
        let mut file = file;
        file.seek(io::SeekFrom::Start(offset))?;
        file.read_exact(chunk)
    }
}

/// What the system says of a file, where it stands, and whether it gives anything from there on. A
/// file that is said to be longer is not asked.
fn measure(file: &mut File) -> io::Result<(Metadata, u64, bool)> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file; upload what it gives by `UploadSource::reader`",
        ));
    }
    let start = file.stream_position()?;
    let more = metadata.len() > start || file.read(&mut [0])? > 0;
    Ok((metadata, start, more))
}

fn unreadable(path: Option<&Path>, error: io::Error) -> Error {
    Error::file("read the file", path, error)
}

/// The chunks of a file; the next one is read while the last one is sent.
pub(crate) struct FileChunks {
    file: Arc<OpenFile>,
    next: u64,
    reading: Option<JoinHandle<Result<Bytes>>>,
}

impl FileChunks {
    pub(crate) fn new(file: Arc<OpenFile>) -> Self {
        Self {
            file,
            next: 0,
            reading: None,
        }
    }

    fn start_reading(&self) -> Option<JoinHandle<Result<Bytes>>> {
        (self.next < self.file.length()).then(|| {
            let (file, offset) = (self.file.clone(), self.next);
            spawn_blocking(move || file.read(offset))
        })
    }
}

impl Stream for FileChunks {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.reading.is_none() {
            self.reading = self.start_reading();
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(cx)).unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Interrupted, "the file was not read on").with_source(error))
        });
        self.next = match &read {
            Ok(chunk) => self.next + chunk.len() as u64,
            Err(_) => self.file.length(),
        };
        self.reading = self.start_reading();
        Poll::Ready(Some(read))
    }
}

/// Bytes in memory, handed out in chunks so that progress can be reported.
pub(crate) struct Slices {
    rest: Bytes,
}

impl Slices {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { rest: bytes }
    }
}

impl Stream for Slices {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.rest.len().min(CHUNK);
        Poll::Ready(Some(Ok(self.rest.split_to(size))))
    }
}

/// What a reader gives.
pub(crate) struct ReaderChunks<R> {
    reader: Pin<Box<R>>,
    buffer: Box<[u8]>,
    done: bool,
}

impl<R> ReaderChunks<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader: Box::pin(reader),
            buffer: vec![0; CHUNK].into(),
            done: false,
        }
    }
}

impl<R: AsyncRead> Stream for ReaderChunks<R> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.done {
            return Poll::Ready(None);
        }
        let mut buffer = ReadBuf::new(&mut this.buffer);
        let outcome = ready!(this.reader.as_mut().poll_read(cx, &mut buffer));
        let filled = buffer.filled();
        this.done = outcome.is_err() || filled.is_empty();
        Poll::Ready(match outcome {
            Ok(()) if filled.is_empty() => None,
            Ok(()) => Some(Ok(Bytes::copy_from_slice(filled))),
            Err(error) => Some(Err(error)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn the_chunks_of_a_long_file_share_little_memory() {
        const CHUNKS: usize = 40;
        let mut file = tempfile::tempfile().unwrap();
        for number in 0..CHUNKS {
            file.write_all(&vec![number as u8; CHUNK]).unwrap();
        }
        file.write_all(b"end").unwrap();
        file.rewind().unwrap();
        let file = Arc::new(OpenFile::new(file).unwrap());
        let mut chunks = FileChunks::new(file.clone());
        // As an upload does: one chunk is held back, one is sent.
        let mut held = Bytes::new();
        for number in 0..CHUNKS {
            let chunk = chunks.next().await.unwrap().unwrap();
            assert_eq!(chunk.len(), CHUNK);
            assert!(chunk.iter().all(|byte| usize::from(*byte) == number));
            held = chunk;
        }
        assert_eq!(chunks.next().await.unwrap().unwrap(), "end");
        assert!(chunks.next().await.is_none());
        drop(held);
        let kept = lock(&file.free).len();
        assert!(kept <= 3, "{kept} chunks were in memory");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn uploads_of_one_file_do_not_share_a_position() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![1; CHUNK]).unwrap();
        file.write_all(&vec![2; CHUNK]).unwrap();
        let position = (CHUNK / 2) as u64;
        file.seek(io::SeekFrom::Start(position)).unwrap();
        let mut clone = file.try_clone().unwrap();
        let mut chunks = FileChunks::new(Arc::new(OpenFile::new(file).unwrap()));
        while let Some(chunk) = chunks.next().await {
            chunk.unwrap();
            assert_eq!(clone.stream_position().unwrap(), position);
        }
    }
}
