//! Downloads: ask the gateway for a URL, then read the object there.

mod file;
pub(crate) mod open;
mod part;
mod range;
mod stream;

use std::fmt;
use std::ops::RangeBounds;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::http::{HeaderValue, Method, Uri};
use cloudbase_core::{CallOptions, Client, Error, ErrorKind, Operation, Response, Result};

use self::open::{Place, Source, Validator};
use self::range::Span;
use self::stream::OnProgress;
pub use self::stream::{DownloadProgress, ObjectStream};
use crate::unused_options::check_limits;
use crate::{FileId, ObjectInfo, url};

/// How often a download is resumed without a MiB of progress in between.
const MAX_RESUMES: u32 = 5;

/// The memory that is set aside at once for an object, whatever length the response claims.
const MAX_RESERVE: u64 = 16 * 1024 * 1024;

/// A download; see [`Storage::download`](crate::Storage::download).
///
/// Awaited, it gives all bytes at once; [`to_file`](Self::to_file) and [`stream`](Self::stream)
/// hold only a little of the object in memory, however long it is.
#[must_use = "a download does nothing until it is awaited or sent"]
pub struct Download {
    client: Client,
    place: Result<Place>,
    span: Result<Span>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    on_progress: Option<OnProgress>,
    max_resumes: u32,
    max_size: u64,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// As [`stream`](Self::stream) and [`ObjectStream::next_bytes`];
    /// [`TooLarge`](ErrorKind::TooLarge) beyond [`max_size`](Self::max_size).
    impl[] Download => Bytes; transfer, product, operation
}

impl Download {
    pub(crate) fn file(client: Client, id: &str) -> Self {
        let place = FileId::new(id).map(Place::File);
        Self::new(client, place)
    }

    pub(crate) fn url(client: Client, url: &str) -> Self {
        let place = url::parse(url)
            .map(Place::Url)
            .map_err(|_| Error::argument("url", "must be an absolute http or https URL"));
        Self::new(client, place)
    }

    pub(crate) fn gateway(client: Client, path: Result<Uri>) -> Self {
        Self::new(client, path.map(Place::Gateway))
    }

    fn new(client: Client, place: Result<Place>) -> Self {
        Self {
            client,
            place,
            span: Ok(Span::default()),
            if_match: None,
            if_none_match: None,
            on_progress: None,
            max_resumes: MAX_RESUMES,
            max_size: u64::MAX,
            options: CallOptions::default(),
        }
    }

    /// Reads only these bytes: `..1024`, `4096..`, `10..=19`. Of a part only the length can be
    /// verified, not the checksum.
    pub fn range(mut self, range: impl RangeBounds<u64>) -> Self {
        self.span = Span::new(range);
        self
    }

    /// Reads the object only if it still has this [tag](ObjectInfo::etag); otherwise the object
    /// store responds with 412, [`is_conflict`](Error::is_conflict). With [`range`](Self::range), this
    /// goes on with a download of an earlier run of the program.
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    /// Reads the object only if it no longer has this [tag](ObjectInfo::etag). If it still has, there are
    /// no bytes but an error that says so by [`is_not_modified`](Error::is_not_modified).
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// # let (id, known) = ("cloud://env.bucket/a.png", "\"e-1\"");
    /// match storage.download(id).if_none_match(known).to_file("a.png").await {
    ///     Ok(info) => println!("a new version: {:?}", info.etag),
    ///     Err(error) if error.is_not_modified() => println!("still the same"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
        self.if_none_match = Some(etag.into());
        self
    }

    /// Calls `callback` for everything that has come. It must not block.
    pub fn on_progress(mut self, callback: impl FnMut(DownloadProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(callback));
        self
    }

    /// How often a lost or stalled connection is replaced without a MiB of progress in between.
    /// Default: 5.
    pub fn max_resumes(mut self, resumes: u32) -> Self {
        self.max_resumes = resumes;
        self
    }

    /// Limits how long nothing may come on a connection before it is given up. Default: the client's (5 s).
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.options = self.options.with_stall_timeout(limit);
        self
    }

    /// Rejects an object of more bytes than this, where it would be held in memory. Default: no
    /// limit.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Starts the download; the bytes come with the stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] before anything is sent; [`is_not_found`](Error::is_not_found) if
    /// there is no such object; [`is_permission_denied`](Error::is_permission_denied); whatever
    /// broke the connection.
    pub async fn stream(self) -> Result<ObjectStream> {
        let (span, validator, known) = self.conditions().map_err(named)?;
        let source = Source::new(self.client, self.place.map_err(named)?, self.options);
        let (on_progress, max_resumes) = (self.on_progress, self.max_resumes);
        ObjectStream::open(source, span, validator, known, on_progress, max_resumes).await
    }

    /// Which part is read, and of which version. Checks the options too.
    fn conditions(&self) -> Result<(Span, Option<Validator>, Option<HeaderValue>)> {
        match &self.place {
            Ok(Place::Url(_)) => check_limits(&self.options)?,
            _ => self.options.check()?,
        }
        let span = self.span.clone()?;
        let validator = self.if_match.clone().map(parse_etag).transpose()?;
        let known = self.if_none_match.clone().map(parse_known_etag);
        Ok((span, validator.map(Validator::etag), known.transpose()?))
    }

    fn build(self) -> Result<Operation> {
        let (span, validator, known) = self.conditions().map_err(named)?;
        let source = Source::new(self.client, self.place.map_err(named)?, self.options);
        let headers = open::conditions(span, validator.as_ref(), known);
        source.first(Method::GET, &headers)
    }

    async fn respond(self) -> Result<Response<Bytes>> {
        let max_size = self.max_size;
        let mut stream = self.stream().await?;
        let head = stream.head();
        let too_large = || {
            let message = format!("the object is longer than {max_size} bytes, the `max_size`");
            Error::new(ErrorKind::TooLarge, message)
                .with_operation("storage.download")
                .with_sent(true)
        };
        let length = stream.len().unwrap_or_default();
        if length > max_size {
            return Err(too_large());
        }
        let mut all = Vec::new();
        // A claimed length is not yet a reason to take that much memory.
        all.reserve_exact(usize::try_from(length.min(MAX_RESERVE)).unwrap_or_default());
        while let Some(bytes) = stream.next_bytes().await? {
            if (all.len() + bytes.len()) as u64 > max_size {
                return Err(too_large());
            }
            all.extend_from_slice(&bytes);
        }
        Ok(head.map(|()| all.into()))
    }

    /// Downloads into the file at `path`, which is replaced if it exists. Its folder must exist.
    ///
    /// The bytes go to a temporary file beside it, which takes its place when they are complete,
    /// verified and on the disk; until then, and if anything goes wrong, the old file stays. The
    /// new file has the permissions of the old one. A symbolic link is followed, also one to a file
    /// that does not exist yet. What is no file (a folder, a pipe, a device) is not replaced: that
    /// is an error. A temporary file that a killed process left is removed by the next download to
    /// the same place.
    ///
    /// # Errors
    ///
    /// As [`stream`](Self::stream) and [`ObjectStream::next_bytes`]; [`Local`](ErrorKind::Local) if
    /// the file cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the download up and removes the temporary file.
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<ObjectInfo> {
        let path = path.as_ref().to_owned();
        let target = file::target(&path).await.map_err(named)?;
        let mut stream = self.stream().await?;
        file::write(&mut stream, target).await.map_err(named)?;
        Ok(stream.info().clone())
    }
}

/// The tag of one version. Without its quotes the object store would take it for another version.
fn parse_etag(etag: String) -> Result<HeaderValue> {
    let value = is_strong_etag(&etag).then(|| HeaderValue::try_from(&etag).ok());
    let rule = "must be a strong ETag, quotes included";
    value
        .flatten()
        .ok_or_else(|| Error::argument("if_match", rule))
}

/// The tag of a known version, which may be weak (RFC 9110, 13.1.2).
fn parse_known_etag(etag: String) -> Result<HeaderValue> {
    let is_etag = is_strong_etag(etag.strip_prefix("W/").unwrap_or(&etag));
    let value = is_etag.then(|| HeaderValue::try_from(&etag).ok());
    let rule = "must be an ETag, quotes included";
    value
        .flatten()
        .ok_or_else(|| Error::argument("if_none_match", rule))
}

fn is_strong_etag(etag: &str) -> bool {
    let tag = etag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    tag.is_some_and(|tag| !tag.contains('"'))
}

fn named(error: Error) -> Error {
    error.with_operation("storage.download")
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The place may be a signed URL.
        f.debug_struct("Download")
            .field("span", &self.span)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
