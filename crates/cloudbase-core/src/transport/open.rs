//! Counts the connections that are open, for those who wait for a file descriptor.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::error;
use crate::error::{ErrorKind, Result};

/// The connections of one runtime that are open, or being opened.
pub(super) struct Open {
    count: AtomicUsize,
    /// How many of them have no descriptor yet: their names are still being resolved.
    resolving: AtomicUsize,
    closed: Notify,
    /// When one of them found no descriptor last.
    was_short: Mutex<Option<Instant>>,
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

/// How often a name that seems not to exist is resolved again in a program that has run out of
/// descriptors lately.
const MAX_DOUBTS: usize = 2;

/// For how long after that.
const DOUBTED_FOR: Duration = Duration::from_secs(30);

impl Default for Open {
    fn default() -> Self {
        Self {
            count: AtomicUsize::default(),
            resolving: AtomicUsize::default(),
            closed: Notify::default(),
            was_short: Mutex::default(),
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
    fn any_descriptor(&self) -> bool {
        self.count.load(Ordering::Relaxed) > self.resolving.load(Ordering::Relaxed)
    }

    /// Counts a name that is being resolved for one of them.
    pub(super) fn resolve(self: &Arc<Self>) -> Resolution {
        self.resolving.fetch_add(1, Ordering::Relaxed);
        Resolution(self.clone())
    }

    /// Opens a connection with `connect`, which is called again, until `end`, when it fails for want
    /// of a descriptor that will come free: by one caller at a time.
    pub(super) async fn retry_when_short<T, F>(
        &self,
        end: Instant,
        connect: impl Fn() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut permit = None;
        let mut doubts = 0..MAX_DOUBTS;
        loop {
            let error = match connect().await {
                Ok(connected) => return Ok(connected),
                Err(error) => error,
            };
            let is_short = if error::is_out_of_descriptors(&error) {
                self.note_shortage();
                true
            } else {
                // A resolver may hide that it found none, and by now there is one.
                error.kind() == ErrorKind::Dns && self.was_short_lately() && doubts.next().is_some()
            };
            if !is_short || Instant::now() >= end {
                return Err(error);
            }
            if permit.is_none() {
                permit = self.permit(end).await;
                if permit.is_none() {
                    return Err(error);
                }
            } else if self.any_descriptor() {
                // Each connection gives its descriptor back some time, or comes free itself: the
                // pool watches for that meanwhile.
                self.one_closed().await;
            } else {
                return Err(error);
            }
        }
    }

    fn note_shortage(&self) {
        *self.last_shortage() = Some(Instant::now());
    }

    /// After a while a name that is not found is again taken at its word: else one shortage would slow
    /// every failure of the resolver from then on.
    fn was_short_lately(&self) -> bool {
        self.last_shortage()
            .is_some_and(|at| at.elapsed() < DOUBTED_FOR)
    }

    fn last_shortage(&self) -> MutexGuard<'_, Option<Instant>> {
        let last = self.was_short.lock();
        last.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other tries again; none if that is not before `end`.
    async fn permit(&self, end: Instant) -> Option<SemaphorePermit<'_>> {
        timeout_at(end, self.trying.acquire()).await.ok()?.ok()
    }

    /// Waits until a connection was closed, or for a moment.
    async fn one_closed(&self) {
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
mod tests;
