//! The body of a response as it comes from the connection: one that is cut short is an error.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Exchange;
use crate::error::{Error, ErrorKind};
use crate::service::BoxError;

/// A body from a connection.
///
/// In HTTP/2 a server may stop a stream with the code `NO_ERROR`, for which the HTTP library ends
/// the body without an error. A body is whole only if its stream ended: the length that was
/// announced, if any, is compared by the library then (RFC 9113, section 8.1.1).
pub(crate) struct Received {
    body: Incoming,
    /// Of HTTP/2. Apart: every layer moves the body of every response.
    exchange: Option<Box<Exchange>>,
}

impl Received {
    pub(crate) fn http1(response: Response<Incoming>) -> Response<Self> {
        response.map(|body| Self {
            body,
            exchange: None,
        })
    }

    #[cfg(all(feature = "_tls", feature = "http2"))]
    pub(crate) fn http2(response: Response<Incoming>, exchange: Exchange) -> Response<Self> {
        response.map(|body| Self {
            body,
            exchange: Some(Box::new(exchange)),
        })
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let Some(exchange) = &mut this.exchange {
            match &polled {
                Poll::Pending => exchange.waits(),
                Poll::Ready(_) => exchange.moves(),
            }
        }
        let frame = ready!(polled);
        if frame.is_none() && this.exchange.is_some() && !this.body.is_end_stream() {
            let error = Error::new(ErrorKind::Reset, "the response ended too early");
            return Poll::Ready(Some(Err(error.with_sent(true).into())));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
