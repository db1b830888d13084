//! Sources of an upload as streams of pieces of 256 KiB.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much of a file is read at a time: measured, smaller pieces cost a third of the throughput
/// and larger ones gain nothing.
const PIECE: usize = 256 * 1024;

/// A file that is being uploaded, and what it looked like at the start.
#[derive(Debug)]
pub(crate) struct OpenFile {
    /// Locked for each seek and read: a given-up attempt may still be reading ahead.
    file: Mutex<File>,
    start: u64,
    end: u64,
    modified: Option<SystemTime>,
}

impl OpenFile {
    pub(crate) fn new(mut file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file; upload what it gives by `UploadSource::reader`",
            ));
        }
        let start = file.stream_position()?;
        Ok(Self {
            start,
            end: metadata.len().max(start),
            modified: metadata.modified().ok(),
            file: Mutex::new(file),
        })
    }

    pub(crate) fn length(&self) -> u64 {
        self.end - self.start
    }

    /// Reads the piece that starts `offset` bytes after the start. The last one is given out only
    /// if the file is still as it was: without it the upload cannot complete.
    fn read(&self, offset: u64) -> Result<Bytes> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.length() - offset;
        let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = vec![0; wanted];
        file.seek(SeekFrom::Start(self.start + offset))
            .map_err(unreadable)?;
        file.read_exact(&mut piece).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                changed()
            } else {
                unreadable(error)
            }
        })?;
        if wanted as u64 == left && !self.is_same(&file.metadata().map_err(unreadable)?) {
            return Err(changed());
        }
        Ok(piece.into())
    }

    fn is_same(&self, now: &Metadata) -> bool {
        now.len() == self.end && now.modified().ok() == self.modified
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::Local, "the file cannot be read").with_source(error)
}

fn changed() -> Error {
    Error::new(ErrorKind::Local, "the file changed while it was uploaded")
}

/// The pieces of a file; the next one is read while the last one is sent.
pub(crate) struct FilePieces {
    file: Arc<OpenFile>,
    next: u64,
    reading: Option<JoinHandle<Result<Bytes>>>,
}

impl FilePieces {
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

impl Stream for FilePieces {
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
            Ok(piece) => self.next + piece.len() as u64,
            Err(_) => self.file.length(),
        };
        self.reading = self.start_reading();
        Poll::Ready(Some(read))
    }
}

/// Bytes in memory, handed out in pieces so that progress can be told.
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
        let size = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(self.rest.split_to(size))))
    }
}

/// What a reader gives.
pub(crate) struct ReaderPieces<R> {
    reader: Pin<Box<R>>,
    buffer: Box<[u8]>,
    done: bool,
}

impl<R> ReaderPieces<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader: Box::pin(reader),
            buffer: vec![0; PIECE].into(),
            done: false,
        }
    }
}

impl<R: AsyncRead> Stream for ReaderPieces<R> {
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
