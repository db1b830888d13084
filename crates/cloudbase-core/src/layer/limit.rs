//! Limits one attempt in time and in size, and reads ordinary answers to their end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::response::Parts;
use http::{Request, Response};
use http_body::Body as _;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower::{Layer, Service};

use crate::body::{Body, Collect, Over, Progress, StallGuard};
use crate::config::{Config, Timeouts};
use crate::error::{Error, TimeoutPhase};
use crate::operation::CallInfo;
use crate::service::BoxError;

/// A limit that is none: clocks cannot count further than some centuries.
pub(crate) const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How much of an error's body is read.
pub(super) const ERROR_LIMIT: u64 = 64 * 1024;

/// Puts [`Limit`] around a service.
#[derive(Clone, Copy, Debug)]
pub struct LimitLayer {
    timeouts: Timeouts,
    max_response_size: u64,
}

impl LimitLayer {
    /// The layer with the limits of `config`.
    pub fn new(config: &Config) -> Self {
        Self {
            timeouts: config.timeouts(),
            max_response_size: config.max_response_size(),
        }
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limit<S>;

    fn layer(&self, inner: S) -> Limit<S> {
        Limit {
            inner,
            limits: *self,
        }
    }
}

/// Limits one attempt.
///
/// An ordinary call has the attempt timeout for everything: its answer is read into memory here,
/// up to the size limit, so that a connection lost half-way through is a failed attempt like any
/// other. Of a [transfer](crate::Operation::transfer) only errors are read. While its upload moves
/// there is no limit, when it stops moving there is the stall limit, and from its last byte to the
/// head of the answer there is the total timeout of ordinary calls.
///
/// Every answer that stops moving is ended by the stall limit.
#[derive(Clone, Debug)]
pub struct Limit<S> {
    inner: S,
    limits: LimitLayer,
}

impl<S> Service<Request<Body>> for Limit<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = LimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let LimitLayer {
            timeouts,
            max_response_size,
        } = self.limits;
        let call = request.extensions().get::<CallInfo>().map(|call| &call.0);
        let options = call.map(|call| &call.options);
        let attempt = options
            .and_then(|options| options.attempt_timeout)
            .unwrap_or(timeouts.attempt)
            .min(FAR);
        let stall = options
            .and_then(|options| options.stall_timeout)
            .unwrap_or(timeouts.stall)
            .min(FAR);
        let max_size = options
            .and_then(|options| options.max_response_size)
            .unwrap_or(max_response_size);
        let transfer = call.is_some_and(|call| call.transfer);
        let upload = (transfer && !request.body().is_end_stream()).then(|| {
            let progress = Arc::new(Progress::new(request.body().size_hint().exact()));
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = body.with_progress(Some(progress.clone()));
            Upload {
                progress,
                seen: 0,
                waited: Duration::ZERO,
            }
        });
        let first = if upload.is_some() {
            stall.max(Duration::from_millis(1))
        } else {
            attempt
        };
        LimitFuture {
            timer: sleep(first),
            state: State::Head {
                future: self.inner.call(request),
            },
            watch: Watch {
                upload,
                attempt,
                stall,
                tail: attempt.max(timeouts.total.min(FAR)),
            },
            max_size,
            transfer,
        }
    }
}

pin_project! {
    /// The future of [`Limit`].
    #[derive(Debug)]
    pub struct LimitFuture<F> {
        #[pin]
        timer: Sleep,
        #[pin]
        state: State<F>,
        watch: Watch,
        max_size: u64,
        transfer: bool,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Head { #[pin] future: F },
        Body { parts: Option<Parts>, collect: Collect },
    }
}

#[derive(Debug)]
struct Watch {
    upload: Option<Upload>,
    attempt: Duration,
    stall: Duration,
    /// From the last byte that the transport took to the head of the answer: what is in buffers
    /// then has to get out first.
    tail: Duration,
}

#[derive(Debug)]
struct Upload {
    progress: Arc<Progress>,
    seen: u64,
    /// Time without a connection.
    waited: Duration,
}

impl<F> Future for LimitFuture<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Head { future } => {
                    let Poll::Ready(head) = future.poll(cx) else {
                        break;
                    };
                    let (parts, body) = head?.into_parts();
                    let body = body.with_guard(Some(StallGuard::new(this.watch.stall)));
                    let success = parts.status.is_success();
                    // Redirects of a transfer are its caller's to follow.
                    if *this.transfer && success {
                        return Poll::Ready(Ok(Response::from_parts(parts, body)));
                    }
                    let collect = if success {
                        Collect::new(body, *this.max_size, Over::Fail)
                    } else {
                        Collect::new(body, ERROR_LIMIT, Over::Truncate)
                    };
                    this.state.set(State::Body {
                        parts: Some(parts),
                        collect,
                    });
                }
                StateProjection::Body { parts, collect } => {
                    let Poll::Ready(bytes) = collect.poll(cx) else {
                        break;
                    };
                    // Typed here, so that the retry around this sees what it is.
                    let body = Body::from(bytes.map_err(Error::from_boxed)?);
                    return match parts.take() {
                        Some(parts) => Poll::Ready(Ok(Response::from_parts(parts, body))),
                        None => Poll::Pending, // polled after it was ready
                    };
                }
            }
        }
        loop {
            ready!(this.timer.as_mut().poll(cx));
            match this.watch.expired() {
                Ok(more) => this.timer.as_mut().reset(Instant::now() + more),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

impl Watch {
    /// What the end of the timer means: more time, or the end of the attempt.
    fn expired(&mut self) -> Result<Duration, Error> {
        let Some(upload) = &mut self.upload else {
            return Err(Error::timeout(TimeoutPhase::Attempt, self.attempt));
        };
        if upload.progress.is_done() {
            self.upload = None;
            self.attempt = self.tail;
            return Ok(self.tail);
        }
        if !upload.progress.has_begun() {
            upload.waited += self.stall;
            if upload.waited >= self.attempt {
                return Err(Error::timeout(TimeoutPhase::Attempt, self.attempt));
            }
            return Ok(self.stall);
        }
        let sent = upload.progress.bytes();
        if sent - upload.seen < self.stall.as_secs().max(1) {
            return Err(Error::timeout(TimeoutPhase::Stall, self.stall));
        }
        upload.seen = sent;
        Ok(self.stall)
    }
}
