//! Bodies that watch or break what passes through them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::requests::BODY_LIMIT;

/// How much of a body that no handler read is read, so that its sender gets to see the response.
const LINGER_BYTES: usize = 100 * 1024 * 1024;

/// How long such a body is read.
const LINGER_TIME: Duration = Duration::from_secs(10);

/// A request body whose first bytes are kept for the request log.
///
/// What a handler leaves unread is read and thrown away, as gateways do: closing the connection on a client that
/// still sends would take the response from it.
pub(super) struct TeeBody {
    /// Gone once it ended.
    inner: Option<Incoming>,
    seen: Seen,
    linger: bool,
}

/// The first bytes of a body, as far as it was read.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<BytesMut>>);

impl TeeBody {
    /// Wraps the body of a request with these headers.
    pub(super) fn new(inner: Incoming, headers: &HeaderMap) -> (Self, Seen) {
        let seen = Seen::default();
        // A client that waits for `100 Continue` has sent nothing yet and reads the response first.
        let linger = !headers.contains_key(header::EXPECT);
        let body = Self {
            inner: Some(inner),
            seen: seen.clone(),
            linger,
        };
        (body, seen)
    }
}

impl Drop for TeeBody {
    fn drop(&mut self) {
        let Some(mut rest) = self
            .inner
            .take()
            .filter(|rest| self.linger && !rest.is_end_stream())
        else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(tokio::time::timeout(LINGER_TIME, async move {
            let mut read = 0;
            while let Some(Ok(frame)) = rest.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > LINGER_BYTES {
                    break;
                }
            }
        }));
    }
}

impl Seen {
    pub(super) fn take(&self) -> Bytes {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .split()
            .freeze()
    }

    fn add(&self, data: &[u8]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = BODY_LIMIT.saturating_sub(seen.len());
        seen.extend_from_slice(&data[..data.len().min(room)]);
    }
}

impl HttpBody for TeeBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.seen.add(data);
                }
            }
            Some(Err(_)) | None => this.inner = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

/// A response's body that stops after some bytes and never ends.
pub(super) struct StalledBody {
    inner: Body,
    remaining: u64,
}

impl StalledBody {
    pub(super) fn new(inner: Body, bytes: u64) -> Self {
        Self {
            inner,
            remaining: bytes,
        }
    }
}

impl HttpBody for StalledBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.remaining == 0 {
            return Poll::Pending;
        }
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            // The real body was shorter than the stall point: stall at its end.
            None => return Poll::Pending,
        };
        Poll::Ready(Some(Ok(frame.map_data(|mut data| {
            let allowed = usize::try_from(self.remaining)
                .unwrap_or(usize::MAX)
                .min(data.len());
            data.truncate(allowed);
            self.remaining -= allowed as u64;
            data
        }))))
    }

    // The length stays announced, so that the reader waits for the rest.
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
