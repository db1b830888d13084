//! Counts the connections that are open, for those who wait for a file descriptor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The connections of one runtime that are open, or being opened.
#[derive(Default)]
pub(super) struct Open {
    count: AtomicUsize,
    closed: Notify,
}

/// One of them.
pub(super) struct Opened {
    open: Arc<Open>,
    /// Whether it has got a descriptor, which comes free with it.
    lasting: bool,
}

/// How long to wait for a descriptor at a time: others than connections may give theirs back.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

impl Open {
    pub(super) fn enter(self: &Arc<Self>) -> Opened {
        self.count.fetch_add(1, Ordering::Relaxed);
        Opened {
            open: self.clone(),
            lasting: false,
        }
    }

    pub(super) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Waits until a connection was closed, or for a moment.
    pub(super) async fn one_closed(&self) {
        // That the time is over is as good.
        let _ = tokio::time::timeout(LOOKS_EVERY, self.closed.notified()).await;
    }
}

impl Opened {
    pub(super) fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.open.count.fetch_sub(1, Ordering::Relaxed);
        // A try that has failed for want of a descriptor must not cause the next one.
        if self.lasting {
            self.open.closed.notify_one();
        }
    }
}
