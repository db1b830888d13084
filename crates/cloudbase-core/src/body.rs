//! The body of a request or an answer: bytes, a stream, or a recipe that makes either again.

mod collect;
#[cfg_attr(
    not(all(feature = "http2", feature = "_tls")),
    allow(dead_code, reason = "only HTTP/2 shares connections")
)]
mod exchange;
mod guard;
mod panic;
mod received;
mod rounds;
mod stated_length;
mod streaming;
mod wanted;
mod watch;

use std::fmt;
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

pub(crate) use self::collect::{Collect, Limit, Over};
pub(crate) use self::exchange::Exchange;
#[cfg(all(feature = "http2", feature = "_tls"))]
pub(crate) use self::exchange::Usage;
pub(crate) use self::guard::{Progress, StallGuard};
pub(crate) use self::panic::catch_panic;
pub(crate) use self::received::Received;
pub(crate) use self::rounds::Rounds;
use self::stated_length::StatedLength;
use self::streaming::{Source, Streaming};
pub(crate) use self::wanted::Wanted;
use self::watch::Watch;
use crate::error::{Error, Result};
use crate::operation::CallInfo;
use crate::service::BoxError;

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
    Apart(Apart),
}

enum Apart {
    /// What the call keeps as its content, which is what most requests have for a body.
    Call(CallInfo),
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
    /// its [length](Self::with_length) is given; what is left of it when the answer is there to its end
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
        // An answer passes several erased layers; it must not be boxed anew at each.
        let mut slot = Some(body);
        if let Some(body) = (&mut slot as &mut dyn std::any::Any).downcast_mut::<Option<Self>>() {
            return body.take().unwrap_or_default();
        }
        if let Some(body) = (&mut slot as &mut dyn std::any::Any).downcast_mut::<Option<Received>>()
        {
            return body
                .take()
                .map(|body| Source::Received(body).into())
                .unwrap_or_default();
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

    /// A body that is made anew for each attempt, so that a streamed call can be repeated.
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
        if let Kind::Apart(Apart::Streaming(streaming)) = &mut self.kind {
            streaming.source.set_length(bytes);
        }
        self
    }

    /// A second body with the same content, if that can be had: of bytes and factories.
    pub fn try_clone(&self) -> Option<Self> {
        Some(match &self.kind {
            Kind::Memory(bytes) => Self::from(bytes.clone()),
            Kind::Apart(Apart::Call(call)) => Apart::Call(call.clone()).into(),
            Kind::Apart(Apart::Streaming(streaming)) => {
                Apart::Streaming(Box::new(streaming.try_clone()?)).into()
            }
        })
    }

    pub(crate) fn call(&self) -> Option<&CallInfo> {
        match &self.kind {
            Kind::Memory(_) => None,
            Kind::Apart(Apart::Call(call)) => Some(call),
            Kind::Apart(Apart::Streaming(streaming)) => streaming.call.as_ref(),
        }
    }

    /// The call whose content this is.
    pub(crate) fn content_of(&self) -> Option<&CallInfo> {
        match &self.kind {
            Kind::Apart(Apart::Call(call)) => Some(call),
            _ => None,
        }
    }

    /// What is in memory, for the call to keep as its content.
    pub(crate) fn take_content(&mut self) -> Bytes {
        match &mut self.kind {
            Kind::Memory(bytes) => mem::take(bytes),
            Kind::Apart(_) => Bytes::new(),
        }
    }

    /// Makes this the body of `call`'s request, which has its [content](Self::take_content).
    pub(crate) fn set_call(&mut self, call: CallInfo) {
        match &mut self.kind {
            Kind::Apart(Apart::Streaming(streaming)) => streaming.call = Some(call),
            kind => *kind = Kind::Apart(Apart::Call(call)),
        }
    }

    /// The content, if it is at hand as bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Memory(bytes) => Some(bytes),
            Kind::Apart(Apart::Call(call)) => Some(&call.0.content),
            Kind::Apart(Apart::Streaming(streaming)) => streaming.source.as_bytes(),
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
        let mut body = self;
        let mut collect = Collect::new(limit, Over::Fail(Limit::Argument));
        std::future::poll_fn(|cx| collect.poll(&mut body, cx))
            .await
            .map_err(Error::from_boxed)
    }

    /// The content, if it is at hand and of at most `limit` bytes; else the body itself.
    pub(crate) fn into_memory(self, limit: u64) -> std::result::Result<Bytes, Self> {
        match self.kind {
            Kind::Memory(bytes) if bytes.len() as u64 <= limit => Ok(bytes),
            _ => Err(self),
        }
    }

    /// The content, if that is all there is to the body: nobody watches it move.
    pub(crate) fn into_plain(self) -> std::result::Result<Bytes, Self> {
        match self.kind {
            Kind::Memory(bytes) => Ok(bytes),
            Kind::Apart(Apart::Call(call)) => Ok(call.0.content.clone()),
            Kind::Apart(Apart::Streaming(_)) => Err(self),
        }
    }

    /// The data of the body as a stream of [`Bytes`]; trailers and
    /// empty pieces are passed over.
    pub fn into_data_stream(self) -> DataStream {
        DataStream { body: self }
    }

    /// Ends with an error once nothing has come for `stall`.
    pub(crate) fn with_guard(self, stall: Duration) -> Self {
        self.watched(|watch| watch.guard = Some(StallGuard::new(stall)))
    }

    pub(crate) fn with_progress(self, progress: Arc<Progress>) -> Self {
        self.watched(|watch| watch.progress = Some(progress))
    }

    /// The body of a request: ends with an error once what is returned with it is dropped, or if it has
    /// another length than it was said to have.
    pub(crate) fn while_wanted(self) -> (Self, Wanted) {
        let (wanted, check) = Wanted::new();
        let stated = http_body::Body::size_hint(&self).exact();
        let stated = stated.filter(|_| self.is_streaming());
        let body = self.watched(|watch| {
            watch.wanted = Some(check);
            watch.length = stated.map(StatedLength::new);
        });
        (body, wanted)
    }

    /// Has the body of the request, which this is the answer to, sent on until this has ended.
    pub(crate) fn with_request(self, request: Wanted) -> Self {
        self.watched(|watch| watch.request = Some(request))
    }

    /// Holds `turn` for as long as something is still to come.
    pub(crate) fn with_turn(self, turn: OwnedSemaphorePermit) -> Self {
        self.watched(|watch| watch.turn = Some(turn))
    }

    fn watched(self, change: impl FnOnce(&mut Watch)) -> Self {
        let mut streaming = match self.kind {
            Kind::Memory(bytes) => Box::new(Source::Memory(bytes).into()),
            Kind::Apart(Apart::Call(call)) => {
                let source = Source::Memory(call.0.content.clone());
                let mut streaming = Box::new(Streaming::from(source));
                streaming.call = Some(call);
                streaming
            }
            Kind::Apart(Apart::Streaming(streaming)) => streaming,
        };
        change(streaming.watch.get_or_insert_default());
        Apart::Streaming(streaming).into()
    }
}

impl From<Apart> for Body {
    fn from(apart: Apart) -> Self {
        Self {
            kind: Kind::Apart(apart),
        }
    }
}

impl From<Source> for Body {
    fn from(source: Source) -> Self {
        Apart::Streaming(Box::new(source.into())).into()
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
        let rest = match &mut self.kind {
            Kind::Memory(bytes) => mem::take(bytes),
            Kind::Apart(Apart::Call(call)) => {
                let content = call.0.content.clone();
                self.kind = Kind::default();
                content
            }
            Kind::Apart(Apart::Streaming(streaming)) => return streaming.poll_frame(cx),
        };
        Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Memory(bytes) => bytes.is_empty(),
            Kind::Apart(Apart::Call(call)) => call.0.content.is_empty(),
            Kind::Apart(Apart::Streaming(streaming)) => streaming.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Memory(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Apart(Apart::Call(call)) => SizeHint::with_exact(call.0.content.len() as u64),
            Kind::Apart(Apart::Streaming(streaming)) => streaming.size_hint(),
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
mod tests {
    use super::*;

    /// Up to 256 bytes are copied without a loop, and a call copies its request twenty times.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_request_is_small() {
        assert!(size_of::<http::Request<Body>>() <= 256);
    }
}
