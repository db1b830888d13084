//! Limits one attempt in time and in size, and reads ordinary responses, unpacked, to their end.

use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Response;
use http_body::Body as _;
use tokio::time::{Instant, sleep_until};

#[cfg(feature = "gzip")]
use super::decompress::unpack;
use super::next::tower_layer;
use super::reply::{BufferedResponse, Extent};
use super::{Next, Reply};
use crate::body::{Body, CancelOnResponse, Progress, Received};
use crate::config::{Config, FAR, Timeouts};
use crate::error::{BoxError, Error, TimeoutPhase};
use crate::operation::{Call, CallInfo};
use crate::transport::Connection;

/// Limits attempts; see [`AttemptTimeout`].
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeoutLayer {
    timeouts: Timeouts,
    max_response_size: u64,
}

impl AttemptTimeoutLayer {
    /// The layer with the limits of `config`.
    pub fn new(config: &Config) -> Self {
        Self {
            timeouts: config.timeouts(),
            max_response_size: config.max_response_size(),
        }
    }

    pub(crate) fn around<C>(&self, connection: C) -> AttemptTimeout<C> {
        AttemptTimeout {
            connection,
            limits: *self,
        }
    }
}

/// Limits one attempt.
///
/// An ordinary call has the attempt timeout for everything: its response is read into memory here,
/// unpacked, up to the size limit, so that a connection lost half-way through is a failed attempt like any
/// other. Of a [transfer](crate::Operation::transfer) only errors are read. While its upload moves
/// there is no limit, when it stops moving there is the stall timeout, and from its last byte to the
/// head of the response there is the client's [`timeout`](crate::config::ConfigBuilder::timeout): what
/// is in buffers then has to get out first. A streamed call of the user's own code has its own attempt
/// timeout there, or its own `timeout`, if it names one: that code may take as long.
///
/// Every response that stops moving is ended by the stall timeout. Once a response is there to its end,
/// or its call is over, what is left of a streamed request is not sent.
#[derive(Clone, Debug)]
pub struct AttemptTimeout<C> {
    connection: C,
    limits: AttemptTimeoutLayer,
}

tower_layer!(AttemptTimeoutLayer, AttemptTimeout);

impl<C: Connection> Next for AttemptTimeout<C> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let limits = Limits::of(&call.info, self.limits.timeouts);
        // Dropped with this attempt, which ends the sending of the body.
        let (mut sending, mut upload) = monitor(call, self.limits.timeouts);
        let info = &call.info;
        let mut expiry = pin!(limits.expiry(info, &mut upload));
        let request = mem::take(&mut call.request);
        let head = self.connection.send(request, info);
        let mut buffered = match first(pin!(head), expiry.as_mut()).await {
            Ok(Ok(response)) => {
                #[cfg(feature = "gzip")]
                let response = unpack(response, info.context().transfer);
                // Redirects of a transfer are its caller's to follow.
                if info.context().transfer && response.status().is_success() {
                    return Ok(Reply::new(limits.stream(response, sending), info));
                }
                let extent = Extent::of(info, self.limits.max_response_size);
                BufferedResponse::new(response, extent).with_stall_timeout(limits.stall)
            }
            // The body's own failure rather than what a transport made of it.
            Ok(Err(error)) => match sending.as_mut().and_then(CancelOnResponse::failure) {
                Some(failure) => return Err(Error::request_body(failure).into()),
                None => return Err(error),
            },
            Err(error) => return Err(error.into()),
        };
        let read = first(pin!(buffered.read()), expiry).await;
        match read {
            Ok(response) => Ok(Reply::new(response?, info)),
            Err(error) => Err(buffered.give_up(error).into()),
        }
    }
}

/// What `work` gives, unless `expiry` comes first.
async fn first<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    mut expiry: Pin<&mut impl Future<Output = Error>>,
) -> Result<T, Error> {
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => expiry.as_mut().poll(cx).map(Err),
    })
    .await
}

/// Has a body that is sent piece by piece end with the attempt, and, of a transfer, say how far it has
/// come.
fn monitor(call: &mut Call, timeouts: Timeouts) -> (Option<CancelOnResponse>, Option<Box<Upload>>) {
    let transfer = call.info.context().transfer;
    let body = call.request.body_mut();
    if body.is_end_stream() || !(transfer || body.is_streaming()) {
        return (None, None);
    }
    let (monitored, sending) = mem::take(body).cancel_on_response();
    *body = monitored;
    if !transfer {
        return (Some(sending), None);
    }
    let progress = Arc::new(Progress::new(body.size_hint().exact()));
    *body = mem::take(body).with_progress(progress.clone());
    // Apart: few calls upload, and every call's future would have room for one.
    let upload = Box::new(Upload {
        progress,
        window: None,
        waited: Duration::ZERO,
        tail: Tail::of(&call.info, timeouts),
    });
    (Some(sending), Some(upload))
}

/// The limits of one attempt.
struct Limits {
    attempt: Duration,
    stall: Duration,
}

impl Limits {
    fn of(info: &CallInfo, timeouts: Timeouts) -> Self {
        let options = info.options();
        let attempt = options.attempt_timeout().unwrap_or(timeouts.attempt);
        let stall = options.stall_timeout().unwrap_or(timeouts.stall);
        Self {
            attempt: attempt.min(FAR),
            stall: stall.min(FAR).max(Duration::from_millis(1)),
        }
    }

    /// A response that is handed on as it comes; until its end the request is sent on.
    fn stream(
        &self,
        response: Response<Received>,
        sending: Option<CancelOnResponse>,
    ) -> Response<Body> {
        response.map(|body| {
            let body = Body::from(body).with_stall_timeout(self.stall);
            match sending {
                Some(request) => body.with_request(request),
                None => body,
            }
        })
    }

    /// Waits until the attempt has no time left, and says why.
    async fn expiry(&self, info: &CallInfo, upload: &mut Option<Box<Upload>>) -> Error {
        let mut left = match upload {
            Some(upload) => upload.step(self),
            None => self.attempt,
        };
        let mut timer = pin!(sleep_until(self.end(info, left)));
        loop {
            timer.as_mut().await;
            if let Some(deadline) = info.deadline()
                && deadline.at <= timer.deadline()
            {
                return deadline.exceeded();
            }
            left = match upload {
                None => return Error::timeout(TimeoutPhase::Attempt, self.attempt),
                Some(upload) => match upload.time_left(self) {
                    Ok(left) => left,
                    Err(error) => return error,
                },
            };
            timer.as_mut().reset(self.end(info, left));
        }
    }

    /// When `left` is over, or the time of the whole call.
    fn end(&self, info: &CallInfo, left: Duration) -> Instant {
        let end = Instant::now() + left;
        info.deadline().map_or(end, |deadline| deadline.at.min(end))
    }
}

/// An upload on its way.
struct Upload {
    progress: Arc<Progress>,
    /// From when on bytes are counted, and how many there were then.
    window: Option<(Instant, u64)>,
    /// Time without a connection.
    waited: Duration,
    tail: Tail,
}

/// The limit from the last byte that the transport took to the head of the response.
struct Tail {
    limit: Duration,
    /// What sets it.
    option: &'static str,
}

impl Tail {
    fn of(info: &CallInfo, timeouts: Timeouts) -> Self {
        let options = info.options();
        let (limit, option) = match (options.attempt_timeout(), options.timeout()) {
            // An object store only has to take what it got.
            _ if !info.context().keeps_response => (timeouts.total, "timeout"),
            (Some(limit), _) => (limit, "attempt_timeout"),
            (None, limit) => (limit.unwrap_or(timeouts.total), "timeout"),
        };
        Self {
            limit: limit.min(FAR),
            option,
        }
    }
}

impl Upload {
    /// How long it is not looked at: no longer than any limit that may begin meanwhile.
    fn step(&self, limits: &Limits) -> Duration {
        limits.stall.min(self.tail.limit)
    }

    /// How long the upload may go on before it is looked at again.
    fn time_left(&mut self, limits: &Limits) -> Result<Duration, Error> {
        let moved = self.progress.moved();
        let now = Instant::now();
        let step = self.step(limits);
        let left = |end: Instant| end.checked_duration_since(now).filter(|it| !it.is_zero());
        let Some(last) = moved.last else {
            self.waited += step;
            if self.waited >= limits.attempt {
                return Err(Error::timeout(TimeoutPhase::Attempt, limits.attempt));
            }
            return Ok(step);
        };
        if moved.done {
            let Tail { limit, option } = self.tail;
            return left(last + limit).ok_or_else(|| {
                Error::timeout(TimeoutPhase::Attempt, limit).with_message(format!(
                    "no response {limit:?} after the upload (`{option}`)"
                ))
            });
        }
        let stalled = || Error::timeout(TimeoutPhase::Stall, limits.stall);
        let silent_until = left(last + limits.stall).ok_or_else(stalled)?;
        let (since, before) = *self.window.get_or_insert((last, moved.bytes));
        let window = match left(since + limits.stall) {
            Some(window) => window,
            None if moved.bytes - before < limits.stall.as_secs().max(1) => return Err(stalled()),
            None => {
                self.window = Some((now, moved.bytes));
                limits.stall
            }
        };
        Ok(silent_until.min(window).min(step))
    }
}
