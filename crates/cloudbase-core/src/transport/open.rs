//! Counts the connections that are open, for those who wait for a file descriptor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// The connections of one runtime that are open, or being opened.
pub(super) struct Open {
    count: AtomicUsize,
    /// How many of them have no descriptor yet: their names are still being resolved.
    resolving: AtomicUsize,
    closed: Notify,
    /// Held by the one that tries again to get a descriptor.
    trying: Semaphore,
}

/// One of them.
pub(super) struct Opened {
    open: Arc<Open>,
    /// Whether it has got a descriptor, which comes free with it.
    lasting: bool,
}

/// A name that is being resolved.
pub(super) struct Resolution(Arc<Open>);

/// How long to wait for a descriptor at a time: others than connections may give theirs back.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

impl Default for Open {
    fn default() -> Self {
        Self {
            count: AtomicUsize::default(),
            resolving: AtomicUsize::default(),
            closed: Notify::default(),
            trying: Semaphore::new(1),
        }
    }
}

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

    /// Whether any has a descriptor, which will come free.
    pub(super) fn any_descriptor(&self) -> bool {
        self.count.load(Ordering::Relaxed) > self.resolving.load(Ordering::Relaxed)
    }

    /// Counts a name that is being resolved for one of them.
    pub(super) fn resolve(self: &Arc<Self>) -> Resolution {
        self.resolving.fetch_add(1, Ordering::Relaxed);
        Resolution(self.clone())
    }

    /// Waits until no other tries again; none if that is not before `end`.
    pub(super) async fn turn(&self, end: Instant) -> Option<SemaphorePermit<'_>> {
        timeout_at(end, self.trying.acquire()).await.ok()?.ok()
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

impl Drop for Resolution {
    fn drop(&mut self) {
        self.0.resolving.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_being_resolved_has_no_descriptor() {
        let open = Arc::new(Open::default());
        let (one, resolution) = (open.enter(), open.resolve());
        assert!(open.any() && !open.any_descriptor());
        let other = open.enter();
        assert!(open.any_descriptor());
        drop(other);
        assert!(!open.any_descriptor());
        drop(resolution);
        assert!(open.any_descriptor());
        drop(one.lasting());
        assert!(!open.any() && !open.any_descriptor());
    }

    #[tokio::test(start_paused = true)]
    async fn one_tries_at_a_time_and_nobody_waits_for_longer_than_its_end() {
        let open = Open::default();
        let end = Instant::now() + LOOKS_EVERY;
        let turn = open.turn(end).await;
        assert!(turn.is_some() && open.turn(end).await.is_none());
        assert_eq!(Instant::now(), end);
        drop(turn);
        assert!(open.turn(end + LOOKS_EVERY).await.is_some());
    }
}
