//! Limits a whole call with all its attempts.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::{Layer, Service};

use crate::body::Body;
use crate::error::{Error, TimeoutPhase};
use crate::operation::CallInfo;
use crate::service::BoxError;

/// Puts [`Deadline`] around a service.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    total: Duration,
}

impl DeadlineLayer {
    /// The layer with this limit for calls that name none.
    pub fn new(total: Duration) -> Self {
        Self { total }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline {
            inner,
            total: self.total,
        }
    }
}

/// Ends a call that takes longer than its limit with a [timeout](crate::ErrorKind::Timeout) of
/// phase [`Total`](TimeoutPhase::Total). Uploads and downloads have no limit unless the call names
/// one.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    total: Duration,
}

impl<S> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<CallInfo>();
        let limit = match call {
            Some(call) => call
                .0
                .options
                .timeout
                .or((!call.0.transfer).then_some(self.total)),
            None => Some(self.total),
        };
        // A limit that reaches past the clock is none.
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        if let Some(call) = call {
            call.0.set_deadline(end);
        }
        DeadlineFuture {
            future: self.inner.call(request),
            timer: end.map(sleep_until),
            limit: limit.unwrap_or_default(),
        }
    }
}

pin_project! {
    /// The future of [`Deadline`].
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        future: F,
        #[pin]
        timer: Option<Sleep>,
        limit: Duration,
    }
}

impl<F> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(output);
        }
        if let Some(timer) = this.timer.as_pin_mut()
            && timer.poll(cx).is_ready()
        {
            return Poll::Ready(Err(Error::timeout(TimeoutPhase::Total, *this.limit).into()));
        }
        Poll::Pending
    }
}
