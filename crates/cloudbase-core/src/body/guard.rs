//! Watches a body that moves: ends one that stalls, and tells an upload's progress.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep};

use crate::error::{Error, TimeoutPhase};
use crate::service::BoxError;

type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

/// Fails an answer's body that gives less than one byte a second for `window`.
///
/// Only time spent waiting for the peer counts: the timer runs from the first `Pending` until
/// enough has come, so a slow consumer is not taken for a slow server.
#[derive(Debug)]
pub(crate) struct StallGuard {
    window: Duration,
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
    /// What was left on the timer when the last little piece came.
    left: Option<Duration>,
}

impl StallGuard {
    pub(crate) fn new(window: Duration) -> Self {
        Self {
            window,
            received: 0,
            timer: None,
            left: None,
        }
    }

    pub(crate) fn observe(&mut self, cx: &mut Context<'_>, polled: &Polled) -> Result<(), Error> {
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let came = frame.data_ref().map_or(0, |data| data.len() as u64);
                if came == 0 {
                    // No progress: a body may be ready with nothing for ever.
                    return self.wait(cx);
                }
                self.received += came;
                if self.received >= self.window.as_secs().max(1) {
                    self.received = 0;
                    self.timer = None;
                    self.left = None;
                } else if let Some(timer) = &self.timer {
                    let now = Instant::now();
                    self.left = Some(timer.deadline().saturating_duration_since(now));
                }
                Ok(())
            }
            Poll::Ready(_) => Ok(()),
            Poll::Pending => self.wait(cx),
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep(self.window)));
        if let Some(left) = self.left.take() {
            timer.as_mut().reset(Instant::now() + left);
        }
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Err(Error::timeout(TimeoutPhase::Stall, self.window)),
            Poll::Pending => Ok(()),
        }
    }
}

/// How far an upload has come, for whoever watches it from outside.
#[derive(Debug)]
pub(crate) struct Progress {
    expected: Option<u64>,
    moved: Mutex<Moved>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    /// Bytes that the transport has taken.
    pub(crate) bytes: u64,
    /// When it took the last of them, or asked for the first: it is connected then.
    pub(crate) last: Option<Instant>,
    /// Whether it has taken all.
    pub(crate) done: bool,
}

impl Progress {
    pub(crate) fn new(expected: Option<u64>) -> Self {
        Self {
            expected,
            moved: Mutex::default(),
        }
    }

    pub(crate) fn moved(&self) -> Moved {
        *self.lock()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.lock().done
    }

    pub(crate) fn begin(&self) {
        self.lock().last.get_or_insert_with(Instant::now);
    }

    pub(crate) fn record(&self, frame: &Option<Result<Frame<Bytes>, BoxError>>) {
        let mut moved = self.lock();
        let taken = match frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) | None => {
                moved.done = true;
                0
            }
        };
        moved.bytes += taken;
        // A transport that knows the length does not ask for the end.
        moved.done |= self
            .expected
            .is_some_and(|expected| moved.bytes >= expected);
        if taken > 0 {
            moved.last = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
