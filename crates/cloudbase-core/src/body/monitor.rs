//! What is kept about a body while it moves: its stall timeout, its progress, its permit.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::OwnedSemaphorePermit;

use super::cancel::{CancelCheck, CancelOnResponse};
use super::stated_length::StatedLength;
use super::{Progress, Rounds, Source, StallTimeout, catch_panic};
use crate::error::BoxError;

/// What is kept about a body while it moves.
#[derive(Default)]
pub(super) struct BodyMonitor {
    pub(super) stall: Option<StallTimeout>,
    pub(super) progress: Option<Arc<Progress>>,
    /// What is left of a piece that is handed on bit by bit, so that progress can be seen.
    pub(super) rest: Bytes,
    /// Kept until the body has ended: its place among the requests that are under way.
    pub(super) permit: Option<OwnedSemaphorePermit>,
    /// Of a request: whether it is still to be sent.
    pub(super) cancel: Option<CancelCheck>,
    /// Of a request: the stated length.
    pub(super) length: Option<StatedLength>,
    /// Of a response, kept until it has ended: its request is sent until then.
    pub(super) request: Option<CancelOnResponse>,
}

pub(super) type Polled = Option<Result<Frame<Bytes>, BoxError>>;

/// How much of a monitored upload is handed on at once. A transport takes the next piece when it has
/// got rid of enough: with small pieces a slow connection is not taken for a stalled one.
const MONITORED_PIECE: usize = 32 * 1024;

impl BodyMonitor {
    pub(super) fn poll_frame(&mut self, source: &mut Source, cx: &mut Context<'_>) -> Poll<Polled> {
        if let Some(progress) = &self.progress {
            progress.begin();
        }
        // What has been given whole ends as a whole, though its response was faster than its end.
        let whole = self.progress.as_ref().is_some_and(|it| it.is_done());
        if let Some(cancel) = &mut self.cancel
            && !whole
            && let Some(error) = cancel.cancelled(cx)
        {
            // Whatever the source holds is let go of now, not with the connection.
            *source = Source::Memory(Bytes::new());
            self.rest = Bytes::new();
            self.length = None;
            self.cancel = None;
            return Poll::Ready(Some(Err(error)));
        }
        let polled = if !self.rest.is_empty() {
            Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))))
        } else if self.cancel.is_some() {
            let length = &mut self.length;
            catch_panic(|| match length {
                Some(length) => length.poll_frame(source, cx),
                None => poll_some(source, cx),
            })
        } else {
            source.poll_frame(cx)
        };
        if let Some(stall) = &mut self.stall
            && let Err(stalled) = stall.observe(cx, &polled)
        {
            self.let_go();
            return Poll::Ready(Some(Err(stalled.into())));
        }
        let mut frame = ready!(polled);
        if let Some(progress) = &self.progress {
            if let Some(Ok(frame)) = &mut frame
                && let Some(data) = frame.data_mut()
                && data.len() > MONITORED_PIECE
            {
                self.rest = data.split_off(MONITORED_PIECE);
            }
            progress.record(&frame);
        }
        if !matches!(frame, Some(Ok(_))) {
            self.let_go();
        }
        if let Some(Err(_)) = &frame
            && let Some(cancel) = self.cancel.take()
        {
            frame = frame.map(|failed| failed.map_err(|error| cancel.fail(error)));
        }
        Poll::Ready(frame)
    }

    /// Whether everything that `source` had was handed on.
    pub(super) fn is_end(&self, source: &Source) -> bool {
        let is_end = match &self.length {
            Some(length) => length.is_end(source),
            None => source.is_end(),
        };
        is_end && self.rest.is_empty()
    }

    /// Nothing more comes.
    fn let_go(&mut self) {
        self.permit = None;
        self.request = None;
    }
}

/// The next frame of a request that is not an empty piece: a transport would take those for ever.
pub(super) fn poll_some(source: &mut Source, cx: &mut Context<'_>) -> Poll<Polled> {
    let mut rounds = Rounds::new();
    loop {
        match source.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
            polled => return polled,
        }
        if rounds.is_enough(cx) {
            return Poll::Pending;
        }
    }
}
