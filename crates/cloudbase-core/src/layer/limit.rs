//! Limits one attempt in time and in size, and reads ordinary answers to their end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::{Layer, Service};

use super::collect::{Extent, Reading};
use crate::body::{Body, Progress, Wanted};
use crate::config::{Config, Timeouts};
use crate::error::{Error, TimeoutPhase};
use crate::operation::CallInfo;
use crate::service::BoxError;

/// A limit that is none: clocks cannot count further than some centuries.
pub(crate) const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Puts [`Limit`] around a service.
#[derive(Clone, Copy, Debug)]
pub struct LimitLayer {
    timeouts: Timeouts,
    max_response_size: u64,
    /// Whether the timer of an attempt stands for that of its call as well.
    covers: bool,
}

impl LimitLayer {
    /// The layer with the limits of `config`.
    pub fn new(config: &Config) -> Self {
        Self {
            timeouts: config.timeouts(),
            max_response_size: config.max_response_size(),
            covers: false,
        }
    }

    /// The layer for a stack in which a call has one attempt under way at most, in its own task: it
    /// needs no timer of its own then while there is one.
    pub(crate) fn covering(self) -> Self {
        Self {
            covers: true,
            ..self
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
/// head of the response there is the client's [`timeout`](crate::config::ConfigBuilder::timeout): what
/// is in buffers then has to get out first.
///
/// Every answer that stops moving is ended by the stall limit. Once an answer is there to its end, or
/// nobody waits for it any more, what is left of a streamed request is not sent.
#[derive(Clone, Debug)]
pub struct Limit<S> {
    inner: S,
    limits: LimitLayer,
}

impl<S, B> Service<Request<Body>> for Limit<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = LimitFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let LimitLayer {
            timeouts,
            max_response_size,
            covers,
        } = self.limits;
        let info = CallInfo::of(&request);
        let call = info.map(|call| &call.0);
        let options = call.map(|call| &call.options);
        let attempt = options
            .and_then(|options| options.attempt_timeout())
            .unwrap_or(timeouts.attempt)
            .min(FAR);
        let stall = options
            .and_then(|options| options.stall_timeout())
            .unwrap_or(timeouts.stall)
            .min(FAR);
        let extent = Extent::of(info, max_response_size);
        let transfer = call.is_some_and(|call| call.transfer);
        let cover = info.filter(|_| covers && !transfer).and_then(Cover::of);
        let body = request.body_mut();
        let moves = (transfer || body.is_streaming()) && !body.is_end_stream();
        let sending = moves.then(|| {
            let (watched, wanted) = std::mem::take(body).while_wanted();
            *body = watched;
            let upload = transfer.then(|| {
                let progress = Arc::new(Progress::new(body.size_hint().exact()));
                *body = std::mem::take(body).with_progress(progress.clone());
                Upload {
                    progress,
                    window: None,
                    waited: Duration::ZERO,
                    tail: timeouts.total.min(FAR),
                }
            });
            Box::new(Sending { wanted, upload })
        });
        let first = if transfer && sending.is_some() {
            stall.max(Duration::from_millis(1))
        } else {
            attempt
        };
        let end = match &cover {
            Some(cover) => cover.bound(cover.call.0.now() + first),
            None => Instant::now() + first,
        };
        LimitFuture {
            timer: sleep_until(end),
            state: State::Head {
                future: self.inner.call(request),
            },
            watch: Watch {
                sending,
                attempt,
                stall,
            },
            extent,
            transfer,
            cover,
        }
    }
}

pin_project! {
    /// The future of [`Limit`].
    #[derive(Debug)]
    pub struct LimitFuture<F, B> {
        #[pin]
        timer: Sleep,
        #[pin]
        state: State<F, B>,
        watch: Watch,
        extent: Extent,
        transfer: bool,
        cover: Option<Cover>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F, B> {
        Head { #[pin] future: F },
        // Apart: as a rule the whole answer is there with its head, and never gets here.
        Body { reading: Box<Reading<B>> },
    }
}

/// Tells the call for as long as it lives that its deadline is watched.
#[derive(Debug)]
struct Cover {
    call: CallInfo,
}

impl Cover {
    fn of(call: &CallInfo) -> Option<Self> {
        call.0.deadline()?;
        call.0.set_covered(true);
        Some(Self { call: call.clone() })
    }

    /// `end`, unless the call has to be done before.
    fn bound(&self, end: Instant) -> Instant {
        self.call
            .0
            .deadline()
            .map_or(end, |deadline| deadline.min(end))
    }

    fn is_over(&self, now: Instant) -> bool {
        self.call.0.deadline().is_some_and(|end| end <= now)
    }
}

impl Drop for Cover {
    fn drop(&mut self) {
        self.call.0.set_covered(false);
    }
}

#[derive(Debug)]
struct Watch {
    // Apart: every layer around this one moves what it is given.
    sending: Option<Box<Sending>>,
    attempt: Duration,
    stall: Duration,
}

/// A body that is sent piece by piece.
#[derive(Debug)]
struct Sending {
    wanted: Wanted,
    /// Of a transfer: how far it has come.
    upload: Option<Upload>,
}

#[derive(Debug)]
struct Upload {
    progress: Arc<Progress>,
    /// From when on bytes are counted, and how many there were then.
    window: Option<(Instant, u64)>,
    /// Time without a connection.
    waited: Duration,
    /// From the last byte that the transport took to the head of the response.
    tail: Duration,
}

impl<F, B> Future for LimitFuture<F, B>
where
    F: Future<Output = Result<Response<B>, BoxError>>,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.as_mut().poll_attempt(cx);
        if polled.is_ready() {
            // Now, because whoever has this future may keep it until a second attempt has ended.
            self.project().watch.sending = None;
        }
        polled
    }
}

impl<F, B> LimitFuture<F, B>
where
    F: Future<Output = Result<Response<B>, BoxError>>,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    fn poll_attempt(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Body>, BoxError>> {
        let mut this = self.project();
        match this.state.as_mut().project() {
            StateProjection::Head { future } => {
                if let Poll::Ready(head) = future.poll(cx) {
                    let answer = head.map_err(|error| this.watch.reason(error))?;
                    let stall = this.watch.stall;
                    // Redirects of a transfer are its caller's to follow.
                    if *this.transfer && answer.status().is_success() {
                        let request = this.watch.sending.take();
                        return Poll::Ready(Ok(answer.map(|body| {
                            let body = Body::from_http_body(body).with_guard(stall);
                            match request {
                                Some(request) => body.with_request(request.wanted),
                                None => body,
                            }
                        })));
                    }
                    let mut reading = Reading::new(answer, *this.extent);
                    reading.guard(stall);
                    if let Poll::Ready(answer) = reading.poll(cx) {
                        return Poll::Ready(answer);
                    }
                    let reading = Box::new(reading);
                    this.state.set(State::Body { reading });
                }
            }
            StateProjection::Body { reading } => {
                if let Poll::Ready(answer) = reading.poll(cx) {
                    return Poll::Ready(answer);
                }
            }
        }
        loop {
            ready!(this.timer.as_mut().poll(cx));
            let error = match this.cover {
                Some(cover) if cover.is_over(this.timer.deadline()) => cover.call.0.late(),
                _ => match this.watch.expired() {
                    Ok(more) => {
                        this.timer.as_mut().reset(Instant::now() + more);
                        continue;
                    }
                    Err(error) => error,
                },
            };
            let error = match this.state.as_mut().project() {
                StateProjection::Body { reading } => reading.give_up(error),
                StateProjection::Head { .. } => error,
            };
            return Poll::Ready(Err(error.into()));
        }
    }
}

impl Watch {
    /// Why there is no answer: the body's own failure rather than what a transport made of it.
    fn reason(&mut self, error: BoxError) -> BoxError {
        let sending = self.sending.as_mut();
        match sending.and_then(|sending| sending.wanted.failure()) {
            Some(failure) => Error::request_body(failure).into(),
            None => error,
        }
    }

    /// What the end of the timer means: more time, or the end of the attempt.
    fn expired(&mut self) -> Result<Duration, Error> {
        let sending = self.sending.as_mut();
        let Some(upload) = sending.and_then(|sending| sending.upload.as_mut()) else {
            return Err(Error::timeout(TimeoutPhase::Attempt, self.attempt));
        };
        let moved = upload.progress.moved();
        let now = Instant::now();
        let left = |end: Instant| end.checked_duration_since(now).filter(|it| !it.is_zero());
        let Some(last) = moved.last else {
            upload.waited += self.stall;
            if upload.waited >= self.attempt {
                return Err(Error::timeout(TimeoutPhase::Attempt, self.attempt));
            }
            return Ok(self.stall);
        };
        if moved.done {
            let tail = upload.tail;
            return left(last + tail).ok_or_else(|| {
                Error::timeout(TimeoutPhase::Attempt, tail)
                    .with_message(format!("no response {tail:?} after the upload (`timeout`)"))
            });
        }
        let stalled = || Error::timeout(TimeoutPhase::Stall, self.stall);
        let silent_until = left(last + self.stall).ok_or_else(stalled)?;
        let (since, before) = *upload.window.get_or_insert((last, moved.bytes));
        let window = match left(since + self.stall) {
            Some(window) => window,
            None if moved.bytes - before < self.stall.as_secs().max(1) => return Err(stalled()),
            None => {
                upload.window = Some((now, moved.bytes));
                self.stall
            }
        };
        Ok(silent_until.min(window))
    }
}
