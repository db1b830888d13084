//! Reads an answer into memory again that a layer of the user's has wrapped.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::{Body, Collect, Limit, Over};
use crate::config::Config;
use crate::error::{Error, ErrorResponse};
use crate::operation::CallInfo;
use crate::service::BoxError;

/// Puts [`Collected`] around a service.
#[derive(Clone, Copy, Debug)]
pub struct CollectLayer {
    max_response_size: u64,
}

impl CollectLayer {
    /// The layer with the size limit of `config`.
    pub fn new(config: &Config) -> Self {
        Self {
            max_response_size: config.max_response_size(),
        }
    }
}

impl<S> Layer<S> for CollectLayer {
    type Service = Collected<S>;

    fn layer(&self, inner: S) -> Collected<S> {
        Collected {
            inner,
            max_response_size: self.max_response_size,
        }
    }
}

/// Reads ordinary answers, and the errors of transfers, to their end.
///
/// Retry and auth look into answers. [`Limit`](super::Limit) has read them by then, but a layer in
/// between that wraps bodies (most that trace or measure do) hides what is in memory.
#[derive(Clone, Debug)]
pub struct Collected<S> {
    inner: S,
    max_response_size: u64,
}

impl<S> Service<Request<Body>> for Collected<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = CollectFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = CallInfo::of(&request);
        CollectFuture {
            extent: Extent::of(call, self.max_response_size),
            transfer: call.is_some_and(|call| call.0.transfer),
            future: self.inner.call(request),
            reading: None,
        }
    }
}

pin_project! {
    /// The future of [`Collected`].
    #[derive(Debug)]
    pub struct CollectFuture<F> {
        #[pin]
        future: F,
        transfer: bool,
        extent: Extent,
        reading: Option<Box<Reading<Body>>>,
    }
}

impl<F> Future for CollectFuture<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.reading.is_none() {
            match Reading::of(ready!(this.future.poll(cx))?, *this.transfer, *this.extent) {
                Ok(answer) => return Poll::Ready(Ok(answer)),
                Err(reading) => *this.reading = Some(reading),
            }
        }
        match this.reading {
            Some(reading) => reading.poll(cx),
            None => Poll::Pending,
        }
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
    pub(super) fn of(call: Option<&CallInfo>, max_response_size: u64) -> Self {
        let call = call.map(|call| &call.0);
        let options = call.map(|call| &call.options);
        Self {
            limit: options
                .and_then(|options| options.max_response_size())
                .unwrap_or(max_response_size),
            any_status: options.is_some_and(|options| options.any_status()),
            keeps_response: call.is_some_and(|call| call.keeps_response),
        }
    }
}

/// An answer on its way into memory: the beginning of an error, the whole of anything else.
#[derive(Debug)]
pub(super) struct Reading<B> {
    answer: Option<Response<B>>,
    collect: Collect,
    keeps_response: bool,
}

impl Reading<Body> {
    /// The answer itself, if nothing of it is to be read.
    fn of(
        answer: Response<Body>,
        transfer: bool,
        extent: Extent,
    ) -> Result<Response<Body>, Box<Self>> {
        if !answer.body().is_streaming() || (transfer && answer.status().is_success()) {
            return Ok(answer);
        }
        Err(Box::new(Self::new(answer, extent)))
    }
}

impl<B> Reading<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(answer: Response<B>, extent: Extent) -> Self {
        let collect = if answer.status().is_success() {
            Collect::new(extent.limit, Over::Fail(Limit::MaxResponseSize))
        } else if extent.any_status {
            // Too long for its caller is what the last attempt's may be, not one that is repeated.
            let more = extent.limit.saturating_add(1);
            Collect::new(more.max(ERROR_LIMIT), Over::Truncate)
        } else {
            Collect::new(ERROR_LIMIT, Over::Truncate)
        };
        Self {
            answer: Some(answer),
            collect,
            keeps_response: extent.keeps_response,
        }
    }

    /// Fails once nothing has come for `stall`.
    pub(super) fn guard(&mut self, stall: Duration) {
        self.collect.guard(stall);
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Body>, BoxError>> {
        let Some(answer) = &mut self.answer else {
            return Poll::Pending; // polled after it was ready
        };
        match ready!(self.collect.poll(answer.body_mut(), cx)) {
            Ok(bytes) => match self.answer.take() {
                Some(answer) => Poll::Ready(Ok(answer.map(|_| bytes.into()))),
                None => Poll::Pending,
            },
            // Typed here, so that the retry around this sees what it is.
            Err(error) => Poll::Ready(Err(self.give_up(Error::from_boxed(error)).into())),
        }
    }

    /// What a body fails with that breaks off or takes too long: of an error, what came of it is said all
    /// the same.
    pub(super) fn give_up(&mut self, failure: Error) -> Error {
        let Some(answer) = self.answer.take() else {
            return failure;
        };
        let (head, _) = answer.into_parts();
        if head.status.is_success() {
            return failure;
        }
        let failure = failure.with_status(head.status);
        if !self.keeps_response {
            return failure;
        }
        let came = self.collect.take_content();
        failure.with_response(ErrorResponse::new(head.status, head.headers, &came).cut())
    }
}

/// The answer with its content in memory, unless it is a transfer's success.
pub(crate) async fn collect_answer(
    answer: Response<Body>,
    call: &CallInfo,
    max_response_size: u64,
) -> Result<Response<Body>, BoxError> {
    let extent = Extent::of(Some(call), max_response_size);
    match Reading::of(answer, call.0.transfer, extent) {
        Ok(answer) => Ok(answer),
        Err(mut reading) => std::future::poll_fn(|cx| reading.poll(cx)).await,
    }
}
