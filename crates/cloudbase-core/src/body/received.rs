//! The body of a response as it comes from the connection: one that is cut short is an error.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::error::BoxError;
#[cfg(all(feature = "_tls", feature = "http2"))]
use crate::error::{Error, ErrorKind};

/// The body of a response.
pub(crate) enum Received {
    Http1(Incoming),
    /// In HTTP/2 a server may stop a stream with the code `NO_ERROR`, for which the HTTP library ends the
    /// body without an error. A body is whole only if its stream ended: the length that was announced,
    /// if any, is compared by the library then (RFC 9113, section 8.1.1).
    #[cfg(all(feature = "_tls", feature = "http2"))]
    Http2(Incoming, Box<super::Exchange>),
    /// Unpacked, or from a transport of the user's.
    Body(super::Body),
}

#[cfg(feature = "gzip")]
impl From<super::Body> for Received {
    fn from(unpacked: super::Body) -> Self {
        Self::Body(unpacked)
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Http1(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            #[cfg(all(feature = "_tls", feature = "http2"))]
            Self::Http2(body, exchange) => {
                let polled = Pin::new(&mut *body).poll_frame(cx);
                match &polled {
                    Poll::Pending => exchange.waits(),
                    Poll::Ready(_) => exchange.moves(),
                }
                let frame = std::task::ready!(polled);
                if frame.is_none() && !body.is_end_stream() {
                    let error = Error::new(ErrorKind::Reset, "the response ended too early");
                    return Poll::Ready(Some(Err(error.with_sent(true).into())));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Self::Body(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            #[cfg(all(feature = "_tls", feature = "http2"))]
            Self::Http2(body, _) => body.is_end_stream(),
            Self::Body(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            #[cfg(all(feature = "_tls", feature = "http2"))]
            Self::Http2(body, _) => body.size_hint(),
            Self::Body(body) => body.size_hint(),
        }
    }
}
