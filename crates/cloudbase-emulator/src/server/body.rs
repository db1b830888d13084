//! Bodies that watch or break what passes through them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::requests::BODY_LIMIT;

/// A request body whose first bytes are kept for the request log.
pub(super) struct TeeBody {
    inner: Incoming,
    seen: Seen,
}

/// The first bytes of a body, as far as it was read.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<BytesMut>>);

impl TeeBody {
    pub(super) fn new(inner: Incoming) -> (Self, Seen) {
        let seen = Seen::default();
        (
            Self {
                inner,
                seen: seen.clone(),
            },
            seen,
        )
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
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.seen.add(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body that stops after some bytes and never ends.
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
