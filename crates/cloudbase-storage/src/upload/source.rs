//! Where the bytes of an upload come from.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::{Body, BoxError, Error, ErrorKind, Result, TimeoutPhase};
use futures_core::Stream;
use tokio::io::AsyncRead;

use super::chunks::{FileChunks, OpenFile, ReaderChunks};
use super::progress::{Monitored, UploadMonitor, longer_than};
use crate::{ObjectKey, content_type};

/// The bytes of an upload: from memory, a file, a reader or a stream.
///
/// Bytes and files can be sent again after a lost connection; readers and streams are sent once.
/// The built-in bucket takes them only if their length is stated by
/// [`with_length`](Self::with_length): its object store needs to know it before the first byte. A
/// [bucket](crate::Bucket) takes them without. Where the length is stated, it is checked, and progress
/// says how far the end is.
pub struct UploadSource {
    kind: Kind,
    length: Option<u64>,
}

enum Kind {
    Bytes(Bytes),
    Path(PathBuf),
    AsyncFile(tokio::fs::File),
    File(File),
    Once(OnceStream),
}

/// The one form of all readers and streams.
type OnceStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A stream whose items and errors are turned into ours.
struct AnyStream<S>(Pin<Box<S>>);

impl<S, B, E> Stream for AnyStream<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(item.map(|item| match item {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(source_error(error.into())),
        }))
    }
}

impl UploadSource {
    /// The file at `path`, opened when the upload is sent.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Kind::Path(path.into()).into()
    }

    /// What `reader` gives until its end.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::stream(ReaderChunks::new(reader))
    }

    /// What `stream` gives until its end.
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<BoxError> + 'static,
    {
        Kind::Once(Box::pin(AnyStream(Box::pin(stream)))).into()
    }

    /// States how many bytes a reader or stream will give. If it gives more or fewer, the upload
    /// fails and no object is made. Bytes and files know their length.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// The source for the built-in bucket's object store, which must know the length beforehand:
    /// the source's own or, if that is not known, `signed`.
    pub(crate) fn sized(mut self, signed: Option<u64>) -> Result<Self> {
        if matches!(self.kind, Kind::Once(_)) {
            self.length = self.length.or(signed);
            if self.length.is_none() {
                return Err(Error::argument(
                    "source",
                    "must have a length: state it by `UploadSource::with_length`",
                ));
            }
        }
        Ok(self)
    }

    /// How many bytes there are, where that is known before the source is opened.
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.kind {
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Once(_) => self.length,
            Kind::Path(_) | Kind::AsyncFile(_) | Kind::File(_) => None,
        }
    }

    /// Opens the source. One that was said to be empty has `stall` to say so itself.
    pub(crate) async fn open(self, stall: Duration) -> Result<Content> {
        let (make, length) = match self.kind {
            Kind::Bytes(bytes) => {
                let length = bytes.len() as u64;
                (Make::Bytes(bytes), Some(length))
            }
            Kind::Once(stream) if self.length == Some(0) => {
                check_empty(stream, stall).await?;
                (Make::Bytes(Bytes::new()), self.length)
            }
            Kind::Once(stream) => (Make::Once(stream), self.length),
            Kind::Path(path) => in_file(move || OpenFile::open(path)).await?,
            Kind::AsyncFile(file) => {
                let file = file.into_std().await;
                in_file(move || OpenFile::new(file)).await?
            }
            Kind::File(file) => in_file(move || OpenFile::new(file)).await?,
        };
        Ok(Content { make, length })
    }

    /// The content type that the object's name suggests, else the file's.
    pub(crate) fn content_type(&self, key: &ObjectKey) -> &'static str {
        match (content_type::guess(key.file_name()), &self.kind) {
            (content_type::UNKNOWN, Kind::Path(path)) => path
                .file_name()
                .and_then(OsStr::to_str)
                .map_or(content_type::UNKNOWN, content_type::guess),
            (known, _) => known,
        }
    }
}

/// Asks a source that was said to be empty, since nobody asks for the body of an empty request.
async fn check_empty(mut stream: OnceStream, stall: Duration) -> Result<()> {
    let ask = async {
        loop {
            match std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                None => return Ok(()),
                Some(Ok(bytes)) if bytes.is_empty() => tokio::task::yield_now().await,
                Some(Ok(_)) => return Err(longer_than(0)),
                Some(Err(error)) => return Err(error),
            }
        }
    };
    let timeout = |_| Err(Error::timeout(TimeoutPhase::Stall, stall));
    tokio::time::timeout(stall, ask)
        .await
        .unwrap_or_else(timeout)
}

async fn in_file(
    open: impl FnOnce() -> Result<OpenFile> + Send + 'static,
) -> Result<(Make, Option<u64>)> {
    let opened = tokio::task::spawn_blocking(open).await;
    let file = opened.map_err(|error| {
        Error::new(ErrorKind::Interrupted, "the file was not opened").with_source(error)
    })??;
    let length = file.length();
    Ok((Make::File(Arc::new(file)), Some(length)))
}

/// An opened source.
pub(crate) struct Content {
    make: Make,
    length: Option<u64>,
}

enum Make {
    Bytes(Bytes),
    File(Arc<OpenFile>),
    Once(OnceStream),
}

impl Content {
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The body to send; `monitor` hears how it goes.
    pub(crate) fn into_body(self, monitor: Arc<UploadMonitor>) -> Body {
        let length = self.length;
        let body = match self.make {
            _ if length == Some(0) => return Body::empty(),
            Make::Bytes(bytes) => Body::factory(move || {
                let chunks = super::chunks::Slices::new(bytes.clone());
                Body::stream(Monitored::new(chunks, length, monitor.clone()))
            }),
            Make::File(file) => Body::factory(move || {
                let chunks = FileChunks::new(file.clone());
                Body::stream(Monitored::new(chunks, length, monitor.clone()))
            }),
            Make::Once(stream) => Body::stream(Monitored::new(stream, length, monitor)),
        };
        match length {
            Some(length) => body.with_length(length),
            None => body,
        }
    }
}

/// An error of ours as it is, any other as the cause of one.
fn source_error(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => {
            Error::new(ErrorKind::Local, "the source of the upload failed").with_source(other)
        }
    }
}

impl From<Kind> for UploadSource {
    fn from(kind: Kind) -> Self {
        Self { kind, length: None }
    }
}

impl From<Bytes> for UploadSource {
    fn from(bytes: Bytes) -> Self {
        Kind::Bytes(bytes).into()
    }
}

impl From<Vec<u8>> for UploadSource {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for UploadSource {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for UploadSource {
    /// The text itself, not a file of that name.
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for UploadSource {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl<const N: usize> From<&'static [u8; N]> for UploadSource {
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<PathBuf> for UploadSource {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for UploadSource {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for UploadSource {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<tokio::fs::File> for UploadSource {
    /// From the file's present position to its end.
    fn from(file: tokio::fs::File) -> Self {
        Kind::AsyncFile(file).into()
    }
}

impl From<File> for UploadSource {
    /// From the file's present position to its end.
    fn from(file: File) -> Self {
        Kind::File(file).into()
    }
}

impl fmt::Debug for UploadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Bytes(bytes) => write!(f, "UploadSource({} bytes)", bytes.len()),
            Kind::Path(path) => write!(f, "UploadSource({})", path.display()),
            Kind::AsyncFile(_) | Kind::File(_) => f.write_str("UploadSource(file)"),
            Kind::Once(_) => write!(f, "UploadSource(stream of {:?} bytes)", self.length),
        }
    }
}
