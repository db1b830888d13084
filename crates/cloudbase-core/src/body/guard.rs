//! Watches a body that moves: ends one that stalls, and tells an upload's progress.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    bytes: AtomicU64,
    begun: AtomicBool,
    done: AtomicBool,
    expected: Option<u64>,
}

impl Progress {
    pub(crate) fn new(expected: Option<u64>) -> Self {
        let done = AtomicBool::new(expected == Some(0));
        Self {
            bytes: AtomicU64::new(0),
            begun: AtomicBool::new(false),
            done,
            expected,
        }
    }

    /// Bytes that the transport has taken.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the transport has asked for the first byte: it is connected then.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Whether the transport has taken the last byte.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn record(&self, frame: &Option<Result<Frame<Bytes>, BoxError>>) {
        match frame {
            Some(Ok(frame)) => {
                let taken = frame.data_ref().map_or(0, |data| data.len() as u64);
                let before = self.bytes.fetch_add(taken, Ordering::Relaxed);
                // A transport that knows the length does not ask for the end.
                if self
                    .expected
                    .is_some_and(|expected| before + taken >= expected)
                {
                    self.done.store(true, Ordering::Relaxed);
                }
            }
            Some(Err(_)) | None => self.done.store(true, Ordering::Relaxed),
        }
    }
}
