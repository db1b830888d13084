//! The bytes of an object as they come, over as many connections as it takes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::http::HeaderValue;
use cloudbase_core::http::StatusCode;
use cloudbase_core::{Body, DataStream, Error, ErrorKind, Response, Result};
use futures_core::Stream;
use futures_core::future::BoxFuture;

use super::open::{Opened, Source, Validator, changed};
use super::range::Span;
use crate::ObjectInfo;
use crate::checksum::Verifier;

/// How far a download has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadProgress {
    /// Bytes received so far.
    pub received: u64,
    /// Bytes to receive, if known.
    pub total: Option<u64>,
}

pub(crate) type OnProgress = Box<dyn FnMut(DownloadProgress) + Send>;

/// So much progress makes up for the interruptions before it.
const FRESH_START: u64 = 1024 * 1024;

/// The bytes of an object, as a stream.
///
/// A lost or stalled connection is replaced by one that goes on where it ended, if the object is
/// still the same. Length and checksum are verified at the end: only a stream that ends without an
/// error has given the whole object.
pub struct ObjectStream {
    source: Arc<Source>,
    /// The first response without its body.
    head: Response<()>,
    info: ObjectInfo,
    validator: Option<Validator>,
    /// The first requested byte.
    start: u64,
    /// The next byte to hand out.
    position: u64,
    /// One past the last requested byte, if known.
    end: Option<u64>,
    /// Bytes to pass over before `position`, on a connection that did not start there.
    skip: u64,
    verifier: Option<Verifier>,
    on_progress: Option<OnProgress>,
    max_resumes: u32,
    resumes: u32,
    /// Where the present run of interruptions began.
    run_start: u64,
    state: State,
}

enum State {
    Reading(DataStream),
    Opening(BoxFuture<'static, Result<Opened>>),
    Done,
}

impl ObjectStream {
    pub(crate) async fn open(
        source: Source,
        span: Span,
        validator: Option<Validator>,
        known: Option<HeaderValue>,
        on_progress: Option<OnProgress>,
        max_resumes: u32,
    ) -> Result<Self> {
        let source = Arc::new(source);
        let opened = source.open(span, validator.as_ref(), known).await?;
        let headers = opened.response.headers();
        let mut info = ObjectInfo::of(headers);
        info.size = opened.total;
        let end = match (span.end, opened.total) {
            (Some(end), Some(total)) => Some(end.min(total)),
            (end, total) => end.or(total),
        };
        if span.start > 0 && end.is_some_and(|end| end <= span.start) {
            let problem = "the object ends before the range begins";
            return Err(opened
                .response
                .complete(Error::new(ErrorKind::Decode, problem)));
        }
        let validator = Validator::of(headers).or(validator);
        let verifier = span.is_whole().then(|| Verifier::of(headers));
        let (body, head) = opened.response.split();
        let opened = Opened {
            response: head.clone().map(|()| body),
            ..opened
        };
        let mut stream = Self {
            validator,
            verifier,
            source,
            head,
            info,
            start: span.start,
            position: span.start,
            end,
            skip: 0,
            on_progress,
            max_resumes,
            resumes: 0,
            run_start: span.start,
            state: State::Done,
        };
        stream.attach(opened)?;
        Ok(stream)
    }

    /// The first response without its body.
    pub(crate) fn head(&self) -> Response<()> {
        self.head.clone()
    }

    /// What the object store said about the object.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// How many bytes the stream gives in all, if known.
    pub fn len(&self) -> Option<u64> {
        self.end.map(|end| end.saturating_sub(self.start))
    }

    /// Whether the stream gives no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// What interrupted the download, if it could not be resumed;
    /// [`ErrorKind::Body`] if the object changed meanwhile or its checksum differs.
    ///
    /// # Cancel safety
    ///
    /// Safe: no byte is lost if the future is dropped.
    pub async fn next_bytes(&mut self) -> Result<Option<Bytes>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// Goes on with what `opened` gives.
    fn attach(&mut self, opened: Opened) -> Result<()> {
        let fits = opened.start <= self.position
            && match (opened.total, self.info.size) {
                (Some(now), Some(before)) => now == before,
                (Some(now), None) => self.position <= now,
                (None, _) => true,
            };
        if !fits {
            return Err(opened.response.complete(changed()));
        }
        if let Some(total) = opened.total {
            self.info.size = Some(total);
            self.end = Some(self.end.map_or(total, |end| end.min(total)));
        }
        if self.end.is_none() && opened.response.status() == StatusCode::PARTIAL_CONTENT {
            // Its end would pass for the object's, wherever it is.
            let problem = "a part came that does not say how long the object is";
            let error = Error::new(ErrorKind::Decode, problem);
            return Err(opened.response.complete(error));
        }
        // A server without ranges starts at the beginning: what is there already is passed over.
        self.skip = self.position - opened.start;
        let body: Body = opened.response.into_value();
        self.state = State::Reading(body.into_data_stream());
        Ok(())
    }

    /// Takes what came: cuts off what was not requested, and reports progress.
    fn accept(&mut self, mut bytes: Bytes) -> Option<Bytes> {
        let skipped = self.skip.min(bytes.len() as u64);
        self.skip -= skipped;
        bytes = bytes.split_off(usize::try_from(skipped).unwrap_or(bytes.len()));
        if let Some(end) = self.end {
            let left = end.saturating_sub(self.position);
            if (bytes.len() as u64) > left {
                bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            }
        }
        if bytes.is_empty() {
            return None;
        }
        self.position += bytes.len() as u64;
        if self.position - self.run_start >= FRESH_START {
            self.resumes = 0;
            self.run_start = self.position;
        }
        if let Some(verifier) = &mut self.verifier {
            verifier.update(&bytes);
        }
        let progress = DownloadProgress {
            received: self.position - self.start,
            total: self.len(),
        };
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(progress);
        }
        Some(bytes)
    }

    /// All requested bytes are there, or the connection ended where nothing said how many there are.
    fn finish(&mut self) -> Result<()> {
        self.state = State::Done;
        self.verifier.take().map_or(Ok(()), Verifier::check)
    }

    /// Goes on after an interruption, if that is possible.
    fn resume(&mut self, error: Error) -> Result<()> {
        self.state = State::Done;
        if !error.is_transient() || self.resumes >= self.max_resumes {
            return Err(error);
        }
        let Some(validator) = self.validator.clone() else {
            return Err(error); // nothing would distinguish another version from this one
        };
        let pause = Duration::from_millis(100) * (1 << self.resumes.min(5));
        // The first interruption is most often a connection that was dropped: no need to wait.
        let pause = (self.resumes > 0).then_some(pause);
        self.resumes += 1;
        let (source, span) = (
            self.source.clone(),
            Span {
                start: self.position,
                end: self.end,
            },
        );
        self.state = State::Opening(Box::pin(async move {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            source.open(span, Some(&validator), None).await
        }));
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.end.is_some_and(|end| self.position >= end)
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(Ok(None)),
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(opened) => self.attach(opened)?,
                    Err(error) => self.resume(error)?,
                },
                State::Reading(body) => {
                    let item = if self.end.is_some_and(|end| self.position >= end) {
                        None // no need to wait for the end of what was not requested
                    } else {
                        ready!(Pin::new(body).poll_next(cx))
                    };
                    match item {
                        Some(Ok(bytes)) => {
                            if let Some(bytes) = self.accept(bytes) {
                                return Poll::Ready(Ok(Some(bytes)));
                            }
                        }
                        Some(Err(error)) => self.resume(error)?,
                        None if self.is_complete() || self.end.is_none() => self.finish()?,
                        None => self.resume(
                            Error::new(ErrorKind::Reset, "the response ended too early")
                                .with_sent(true),
                        )?,
                    }
                }
            }
        }
    }
}

impl Stream for ObjectStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = ready!(self.poll_bytes(cx));
        Poll::Ready(match polled {
            Ok(bytes) => bytes.map(Ok),
            Err(error) => {
                self.state = State::Done;
                Some(Err(error.with_operation("storage.download")))
            }
        })
    }
}

impl fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStream")
            .field("info", &self.info)
            .field("position", &self.position)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
