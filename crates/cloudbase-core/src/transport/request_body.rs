//! The body of a request on its way out: marks its own failures, so that they are distinguished from the
//! connection's.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::body::{Body, catch_panic};
use crate::error::BoxError;

/// Small, because the pool and its connections hand a request on a dozen times.
pub(super) enum Outgoing {
    Memory(Bytes),
    Stream(Box<Body>),
}

impl Outgoing {
    pub(super) fn new(body: Body) -> Self {
        match body.into_plain() {
            Ok(bytes) => Self::Memory(bytes),
            Err(body) => Self::Stream(Box::new(body)),
        }
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = TakeOnce<BoxError>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Memory(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Memory(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(body) => {
                catch_panic(|| Pin::new(&mut **body).poll_frame(cx)).map_err(TakeOnce::new)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Memory(bytes) => bytes.is_empty(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Memory(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

/// An error that travels through the pool, which hands errors on only by reference, and is taken
/// out whole at the other end.
pub(super) struct TakeOnce<E>(Mutex<Option<E>>);

impl<E> TakeOnce<E> {
    pub(super) fn new(error: E) -> Self {
        Self(Mutex::new(Some(error)))
    }

    pub(super) fn take(&self) -> Option<E> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<E> fmt::Debug for TakeOnce<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeOnce")
    }
}

impl<E> fmt::Display for TakeOnce<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("see the error itself")
    }
}

impl<E> std::error::Error for TakeOnce<E> {}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_in_memory_ends_after_its_bytes() {
        for (bytes, frames) in [("", 0), ("abc", 1)] {
            let mut body = Outgoing::new(Body::from(bytes));
            for _ in 0..frames {
                assert!(body.frame().await.is_some());
            }
            assert!(body.frame().await.is_none(), "{bytes:?}");
        }
    }
}
