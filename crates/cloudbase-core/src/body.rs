//! The body of a request or a response: bytes, a stream, or a recipe that makes either again.

mod cancel;
#[cfg(all(feature = "http2", feature = "_tls"))]
mod exchange;
mod monitor;
mod panic;
mod progress;
mod reader;
mod received;
mod rounds;
mod stall_timeout;
mod stated_length;
mod streaming;

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::OwnedSemaphorePermit;

pub(crate) use self::cancel::CancelOnResponse;
#[cfg(all(feature = "http2", feature = "_tls"))]
pub(crate) use self::exchange::{Exchange, Usage};
use self::monitor::BodyMonitor;
pub(crate) use self::panic::catch_panic;
pub(crate) use self::progress::Progress;
pub(crate) use self::reader::{BodyReader, Over, SizeLimit};
pub(crate) use self::received::Received;
pub(crate) use self::rounds::Rounds;
pub(crate) use self::stall_timeout::StallTimeout;
use self::stated_length::StatedLength;
use self::streaming::{Source, Streaming};
use crate::error::{BoxError, Error, Result};

/// A body.
///
/// - [bytes](Body::from) are free to clone, so a call that carries them can be repeated;
/// - a [stream](Body::stream) can be sent once: such a call is neither retried after it was sent
///   nor replayed with a new token;
/// - a [factory](Body::factory) makes a fresh stream for each attempt.
#[derive(Default)]
pub struct Body {
    // Small: every layer moves every body, and with 32 bytes a request is copied without a loop.
    kind: Kind,
}

enum Kind {
    Memory(Bytes),
    Streaming(Box<Streaming>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Memory(Bytes::new())
    }
}

impl Body {
    /// A body without content.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A body that is read from `stream` while it is sent. Sent once, with chunked encoding unless
    /// its [length](Self::with_length) is given; what is left of it when the response is there to its end
    /// is not read.
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<BoxError> + 'static,
    {
        use futures_util::TryStreamExt as _;
        let frames = stream
            .map_ok(|data| Frame::data(data.into()))
            .map_err(Into::into);
        let body = UnsyncBoxBody::new(http_body_util::StreamBody::new(frames));
        Source::Stream { body, length: None }.into()
    }

    /// A body of any other `http-body` type.
    pub fn from_http_body<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // A response passes several erased layers; it must not be boxed again at each.
        let mut slot = Some(body);
        if let Some(body) = (&mut slot as &mut dyn std::any::Any).downcast_mut::<Option<Self>>() {
            return body.take().unwrap_or_default();
        }
        match slot {
            Some(body) => {
                let length = body.size_hint().exact();
                let body = body.map_err(Into::into).boxed_unsync();
                Source::Stream { body, length }.into()
            }
            None => Self::empty(),
        }
    }

    /// A body that is made again for each attempt, so that a streamed call can be repeated.
    pub fn factory(make: impl Fn() -> Self + Send + Sync + 'static) -> Self {
        Source::Factory {
            make: Arc::new(make),
            length: None,
            current: None,
        }
        .into()
    }

    /// States how many bytes a stream or factory will give; sent as `Content-Length` (0 goes without it, so
    /// that the stream is asked). If it gives more or fewer, the call fails with [`ErrorKind::Argument`](crate::ErrorKind::Argument) and the request is
    /// never complete: the last piece is sent when the stream has ended.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let Kind::Streaming(streaming) = &mut self.kind {
            streaming.source.set_length(bytes);
        }
        self
    }

    /// A second body with the same content, if that can be had: of bytes and factories.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.kind {
            Kind::Memory(bytes) => Some(Self::from(bytes.clone())),
            Kind::Streaming(streaming) => Some(streaming.source.try_clone()?.into()),
        }
    }

    /// The content, if it is at hand as bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Memory(bytes) => Some(bytes),
            Kind::Streaming(streaming) => streaming.source.as_bytes(),
        }
    }

    /// Whether the body is sent piece by piece instead of from memory.
    pub fn is_streaming(&self) -> bool {
        self.as_bytes().is_none()
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) if it is longer than `limit` bytes; whatever broke the stream.
    pub async fn into_bytes(self, limit: u64) -> Result<Bytes> {
        self.read(limit, SizeLimit::Argument).await
    }

    /// Reads the body to its end, of at most `limit` bytes, which is what `by` sets.
    pub(crate) async fn read(mut self, limit: u64, by: SizeLimit) -> Result<Bytes> {
        let mut reader = BodyReader::new(limit, Over::Fail(by));
        poll_fn(|cx| reader.poll(&mut self, cx))
            .await
            .map_err(Error::from_boxed)
    }

    /// The content, if that is all there is to the body: nothing monitors how it moves.
    pub(crate) fn into_plain(self) -> std::result::Result<Bytes, Self> {
        match self.kind {
            Kind::Memory(bytes) => Ok(bytes),
            kind => Err(Self { kind }),
        }
    }

    /// The data of the body as a stream of [`Bytes`]; trailers and
    /// empty pieces are passed over.
    pub fn into_data_stream(self) -> DataStream {
        DataStream { body: self }
    }

    /// Errors once nothing has come for `stall`.
    pub(crate) fn with_stall_timeout(self, stall: Duration) -> Self {
        self.monitored(|monitor| monitor.stall = Some(StallTimeout::new(stall)))
    }

    pub(crate) fn with_progress(self, progress: Arc<Progress>) -> Self {
        self.monitored(|monitor| monitor.progress = Some(progress))
    }

    /// The body of a request: errors when what is returned with it is dropped, or if it has another
    /// length than was stated.
    pub(crate) fn cancel_on_response(self) -> (Self, CancelOnResponse) {
        let (handle, check) = CancelOnResponse::new();
        let stated = http_body::Body::size_hint(&self).exact();
        let stated = stated.filter(|_| self.is_streaming());
        let body = self.monitored(|monitor| {
            monitor.cancel = Some(check);
            monitor.length = stated.map(StatedLength::new);
        });
        (body, handle)
    }

    /// Has the body of the request, which this is the response to, sent on until this has ended.
    pub(crate) fn with_request(self, request: CancelOnResponse) -> Self {
        self.monitored(|monitor| monitor.request = Some(request))
    }

    /// Holds `permit` until nothing more is to come.
    pub(crate) fn with_permit(self, permit: OwnedSemaphorePermit) -> Self {
        self.monitored(|monitor| monitor.permit = Some(permit))
    }

    fn monitored(self, change: impl FnOnce(&mut BodyMonitor)) -> Self {
        let mut streaming = match self.kind {
            Kind::Memory(bytes) => Box::new(Source::Memory(bytes).into()),
            Kind::Streaming(streaming) => streaming,
        };
        change(streaming.monitor.get_or_insert_default());
        Self {
            kind: Kind::Streaming(streaming),
        }
    }
}

impl From<Received> for Body {
    fn from(body: Received) -> Self {
        match body {
            Received::Body(body) => body,
            body => Source::Received(body).into(),
        }
    }
}

impl From<Source> for Body {
    fn from(source: Source) -> Self {
        Self {
            kind: Kind::Streaming(Box::new(source.into())),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Memory(bytes),
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.kind {
            Kind::Memory(bytes) => {
                let bytes = mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Kind::Streaming(streaming) => streaming.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Memory(bytes) => bytes.is_empty(),
            Kind::Streaming(streaming) => streaming.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Memory(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streaming(streaming) => streaming.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_bytes() {
            Some([]) => f.write_str("Body(empty)"),
            Some(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            None => f.write_str("Body(stream)"),
        }
    }
}

/// The data of a [`Body`], as [`Body::into_data_stream`] gives it.
#[derive(Debug)]
pub struct DataStream {
    body: Body,
}

impl Stream for DataStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut rounds = Rounds::new();
        loop {
            match ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(Error::from_boxed(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    _ => {}
                },
            }
            if rounds.is_enough(cx) {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests;
