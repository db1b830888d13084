//! Limits a whole call with all its attempts.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
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
        let call = CallInfo::of(&request);
        let limit = match call {
            Some(call) => call
                .0
                .options
                .timeout()
                .or((!call.0.transfer).then_some(self.total)),
            None => Some(self.total),
        };
        // A limit that reaches past the clock is none.
        let end = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        let call = call.cloned();
        if let Some(call) = &call {
            call.0.set_deadline(end);
            call.0.fresh.store(true, Ordering::Relaxed);
        }
        DeadlineFuture {
            future: self.inner.call(request),
            timer: None,
            end,
            call,
        }
    }
}

pin_project! {
    /// The future of [`Deadline`].
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        future: F,
        // Made when nothing else watches the end: most calls are over before.
        timer: Option<Pin<Box<Sleep>>>,
        end: Option<(Instant, Duration)>,
        call: Option<CallInfo>,
    }
}

impl<F> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(call) = this.call {
            call.0.fresh.store(false, Ordering::Relaxed);
        }
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(output);
        }
        let Some((end, limit)) = *this.end else {
            return Poll::Pending;
        };
        if this.call.as_ref().is_some_and(|call| call.0.is_covered()) {
            return Poll::Pending;
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(Error::timeout(TimeoutPhase::Total, limit).into()))
    }
}
