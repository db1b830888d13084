//! The response to one attempt, with the error that it is.

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

#[cfg(feature = "gzip")]
use super::decompress::unpack;
use crate::body::{Body, BodyReader, Over, SizeLimit};
use crate::error::{BoxError, Error, ErrorResponse, parse_envelope};
use crate::operation::CallInfo;

/// A response. That of an ordinary call, and the error of a transfer, is in memory.
pub(crate) struct Reply {
    /// In a box, because a dozen functions return it.
    pub(crate) response: Box<Response<Body>>,
    /// The error that the response is, read once for all who decide by it.
    pub(crate) error: Option<Error>,
}

impl Reply {
    /// Looks whether `response`, which is in memory or a transfer's success, is an error.
    pub(crate) fn new(response: Response<Body>, info: &CallInfo) -> Self {
        let body = response.body().as_bytes().unwrap_or_default();
        let (status, headers) = (response.status(), response.headers());
        let error = parse_envelope(info.context().envelope, status, headers, body);
        Self {
            response: Box::new(response),
            error,
        }
    }

    /// Reads a response that has come through layers of the user's, which may have changed it or wrapped
    /// its body.
    pub(crate) async fn read(response: Response<Body>, info: &CallInfo) -> Result<Self, BoxError> {
        let context = info.context();
        let status = response.status();
        #[cfg(feature = "gzip")]
        let response = unpack(response, context.transfer);
        // What the user has asked for by hand is the user's to read, unless it may reject a token.
        let is_stream = match context.by_hand {
            true => status != StatusCode::UNAUTHORIZED,
            false => context.transfer && status.is_success(),
        };
        if is_stream || !response.body().is_streaming() {
            return Ok(Self::new(response, info));
        }
        let extent = Extent::of(info, context.max_response_size);
        let response = BufferedResponse::new(response, extent).read().await?;
        Ok(Self::new(response, info))
    }
}

/// How much of an error's body is read: a byte more than is kept, which shows whether that is all.
const ERROR_LIMIT: u64 = ErrorResponse::LIMIT as u64 + 1;

/// How much of a response is read into memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    limit: u64,
    any_status: bool,
    keeps_response: bool,
}

impl Extent {
    /// What `call` says, else `max_response_size`.
    pub(super) fn of(info: &CallInfo, max_response_size: u64) -> Self {
        let context = info.context();
        Self {
            limit: context
                .options
                .max_response_size()
                .unwrap_or(max_response_size),
            any_status: context.options.any_status(),
            keeps_response: context.keeps_response,
        }
    }
}

/// A response on its way into memory: the beginning of an error, the whole of anything else.
pub(super) struct BufferedResponse<B> {
    response: Option<Response<B>>,
    reader: BodyReader,
    keeps_response: bool,
}

impl<B> BufferedResponse<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(response: Response<B>, extent: Extent) -> Self {
        let reader = if response.status().is_success() {
            BodyReader::new(extent.limit, Over::Fail(SizeLimit::MaxResponseSize))
        } else if extent.any_status {
            // Too long for its caller is what the last attempt's may be, not one that is repeated.
            let more = extent.limit.saturating_add(1);
            BodyReader::new(more.max(ERROR_LIMIT), Over::Truncate)
        } else {
            BodyReader::new(ERROR_LIMIT, Over::Truncate)
        };
        Self {
            response: Some(response),
            reader,
            keeps_response: extent.keeps_response,
        }
    }

    /// Fails once nothing has come for `stall`.
    pub(super) fn with_stall_timeout(mut self, stall: Duration) -> Self {
        self.reader.set_stall_timeout(stall);
        self
    }

    /// Reads to the end.
    pub(super) async fn read(&mut self) -> Result<Response<Body>, BoxError> {
        poll_fn(|cx| {
            let Some(response) = &mut self.response else {
                return Poll::Pending; // read again after it was ready
            };
            let polled = ready!(self.reader.poll(response.body_mut(), cx));
            Poll::Ready(match (polled, self.response.take()) {
                (Ok(bytes), Some(response)) => Ok(response.map(|_| bytes.into())),
                // Typed here, so that the retry around this sees what it is.
                (Err(error), response) => {
                    self.response = response;
                    Err(self.give_up(Error::from_boxed(error)).into())
                }
                (Ok(_), None) => return Poll::Pending,
            })
        })
        .await
    }

    /// What a body fails with that breaks off or takes too long: with what came of it, if the response is
    /// an error itself.
    pub(super) fn give_up(&mut self, failure: Error) -> Error {
        let Some(response) = self.response.take() else {
            return failure;
        };
        let (head, _) = response.into_parts();
        if head.status.is_success() {
            return failure;
        }
        let failure = failure.with_status(head.status);
        if !self.keeps_response {
            return failure;
        }
        let came = self.reader.take_content();
        failure.with_response(ErrorResponse::new(head.status, head.headers, &came).cut())
    }
}
