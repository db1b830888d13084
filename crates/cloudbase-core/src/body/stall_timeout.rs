//! Ends the body of a response that stalls.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep};

use crate::error::{BoxError, Error, TimeoutPhase};

type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

/// Fails the body of a response that yields less than one byte a second for `window`.
///
/// Only time spent waiting for the peer counts: the timer runs from the first `Pending` until
/// enough has come, so a slow consumer is not taken for a slow server.
#[derive(Debug)]
pub(crate) struct StallTimeout {
    window: Duration,
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
    /// What was left on the timer when the last little piece came.
    left: Option<Duration>,
}

impl StallTimeout {
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
