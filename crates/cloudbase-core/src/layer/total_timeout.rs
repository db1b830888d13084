//! Limits a whole call with all its attempts.

use std::time::Duration;

use super::next::tower_layer;
use super::{Next, Reply};
use crate::error::BoxError;
use crate::operation::{Call, Deadline};

/// Limits calls in time; see [`TotalTimeout`].
#[derive(Clone, Copy, Debug)]
pub struct TotalTimeoutLayer {
    total: Duration,
}

impl TotalTimeoutLayer {
    /// The layer with this limit for calls that name none.
    pub fn new(total: Duration) -> Self {
        Self { total }
    }

    pub(crate) fn around<N>(&self, next: N) -> TotalTimeout<N> {
        TotalTimeout {
            next,
            total: self.total,
        }
    }
}

/// Ends a call that takes longer than its limit with a [timeout](crate::ErrorKind::Timeout) of
/// phase [`Total`](crate::TimeoutPhase::Total). Uploads and downloads have no limit unless the call
/// names one.
#[derive(Clone, Debug)]
pub struct TotalTimeout<N> {
    next: N,
    total: Duration,
}

tower_layer!(TotalTimeoutLayer, TotalTimeout);

impl<N: Next> Next for TotalTimeout<N> {
    /// Says when the call has to be done. Whatever waits further in ends by then: for a token, a permit,
    /// a connection, the next attempt, or a service of the user's. So a call needs no timer of its own.
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let limit = call.info.options().timeout();
        let limit = limit.or((!call.info.context().transfer).then_some(self.total));
        call.info.set_deadline(limit.and_then(Deadline::after));
        self.next.send(call).await
    }
}
