//! The body of a request or an answer: bytes, a stream, or a recipe that makes either again.

mod collect;
mod guard;
mod watch;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::OwnedSemaphorePermit;

pub(crate) use self::collect::{Collect, Limit, Over};
pub(crate) use self::guard::{Progress, StallGuard};
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
    kind: Kind,
    /// Apart, because only transfers are watched, and every layer moves every body.
    watch: Option<Box<Watch>>,
    /// The call whose request this is the body of.
    call: Option<CallInfo>,
}

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Bytes),
    Incoming(hyper::body::Incoming),
    Stream {
        body: UnsyncBoxBody<Bytes, BoxError>,
        length: Option<u64>,
    },
    Factory {
        make: Arc<dyn Fn() -> Body + Send + Sync>,
        length: Option<u64>,
        current: Option<Box<Body>>,
    },
}

impl Body {
    /// A body without content.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A body that is read from `stream` while it is sent. Sent once, with chunked encoding unless
    /// its [length](Self::with_length) is given.
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
        Kind::Stream { body, length: None }.into()
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
        if let Some(body) =
            (&mut slot as &mut dyn std::any::Any).downcast_mut::<Option<hyper::body::Incoming>>()
        {
            return body.take().map(Kind::Incoming).unwrap_or_default().into();
        }
        match slot {
            Some(body) => {
                let length = body.size_hint().exact();
                let body = body.map_err(Into::into).boxed_unsync();
                Kind::Stream { body, length }.into()
            }
            None => Self::empty(),
        }
    }

    /// A body that is made anew for each attempt, so that a streamed call can be repeated.
    pub fn factory(make: impl Fn() -> Self + Send + Sync + 'static) -> Self {
        Kind::Factory {
            make: Arc::new(make),
            length: None,
            current: None,
        }
        .into()
    }

    /// States how many bytes a stream or factory will give; sent as `Content-Length`.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        match &mut self.kind {
            Kind::Stream { length, .. } | Kind::Factory { length, .. } => *length = Some(bytes),
            Kind::Empty | Kind::Bytes(_) | Kind::Incoming(_) => {}
        }
        self
    }

    /// A second body with the same content, if that can be had: of bytes and factories.
    pub fn try_clone(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Empty => Kind::Empty,
            Kind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
            Kind::Factory { make, length, .. } => Kind::Factory {
                make: Arc::clone(make),
                length: *length,
                current: None,
            },
            Kind::Incoming(_) | Kind::Stream { .. } => return None,
        };
        let mut body = Self::from(kind);
        body.call.clone_from(&self.call);
        Some(body)
    }

    pub(crate) fn call(&self) -> Option<&CallInfo> {
        self.call.as_ref()
    }

    pub(crate) fn set_call(&mut self, call: CallInfo) {
        self.call = Some(call);
    }

    /// The content, if it is at hand as bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Empty => Some(&[]),
            Kind::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether the body is sent piece by piece instead of from memory.
    pub fn is_streaming(&self) -> bool {
        !matches!(self.kind, Kind::Empty | Kind::Bytes(_))
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) if it is longer than `limit` bytes; whatever broke the stream.
    pub async fn into_bytes(self, limit: u64) -> Result<Bytes> {
        let mut collect = Collect::new(self, limit, Over::Fail(Limit::Argument));
        std::future::poll_fn(|cx| collect.poll(cx))
            .await
            .map_err(Error::from_boxed)
    }

    /// The content, if it is at hand and of at most `limit` bytes; else the body itself.
    pub(crate) fn into_memory(self, limit: u64) -> std::result::Result<Bytes, Self> {
        match self.kind {
            Kind::Empty => Ok(Bytes::new()),
            Kind::Bytes(bytes) if bytes.len() as u64 <= limit => Ok(bytes),
            _ => Err(self),
        }
    }

    /// The data of the body as a stream of [`Bytes`]; trailers are passed over.
    pub fn into_data_stream(self) -> DataStream {
        DataStream { body: self }
    }

    /// Ends with an error once nothing has come for `stall`.
    pub(crate) fn with_guard(mut self, stall: Duration) -> Self {
        self.watch().guard = Some(StallGuard::new(stall));
        self
    }

    pub(crate) fn with_progress(mut self, progress: Arc<Progress>) -> Self {
        self.watch().progress = Some(progress);
        self
    }

    /// Holds `turn` for as long as something is still to come.
    pub(crate) fn with_turn(mut self, turn: OwnedSemaphorePermit) -> Self {
        if self.is_streaming() {
            self.watch().turn = Some(turn);
        }
        self
    }

    fn watch(&mut self) -> &mut Watch {
        self.watch.get_or_insert_default()
    }
}

impl Kind {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Incoming(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Stream { body, .. } => Pin::new(body).poll_frame(cx),
            Self::Factory { make, current, .. } => {
                let body = current.get_or_insert_with(|| Box::new(make()));
                Pin::new(&mut **body).poll_frame(cx)
            }
        }
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            watch: None,
            call: None,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::empty()
        } else {
            Kind::Bytes(bytes).into()
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
        let Self { kind, watch, .. } = &mut *self;
        match watch {
            None => kind.poll_frame(cx),
            Some(watch) => watch.poll_frame(kind, cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        if self
            .watch
            .as_ref()
            .is_some_and(|watch| !watch.rest.is_empty())
        {
            return false;
        }
        match &self.kind {
            Kind::Empty => true,
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Incoming(body) => body.is_end_stream(),
            Kind::Stream { body, .. } => body.is_end_stream(),
            Kind::Factory {
                current, length, ..
            } => match current {
                Some(body) => body.is_end_stream(),
                None => *length == Some(0),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Incoming(body) => body.size_hint(),
            Kind::Stream { body, length } => {
                length.map_or_else(|| body.size_hint(), SizeHint::with_exact)
            }
            Kind::Factory {
                length, current, ..
            } => match (length, current) {
                (Some(length), _) => SizeHint::with_exact(*length),
                (None, Some(body)) => body.size_hint(),
                (None, None) => SizeHint::default(),
            },
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Empty => f.write_str("Body(empty)"),
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Incoming(_) => f.write_str("Body(incoming)"),
            Kind::Stream { .. } => f.write_str("Body(stream)"),
            Kind::Factory { .. } => f.write_str("Body(factory)"),
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
        loop {
            match ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(Error::from_boxed(error)))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
