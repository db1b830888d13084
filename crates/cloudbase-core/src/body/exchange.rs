//! One request on a shared connection, from sending to the last byte of its response.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What the exchanges on one connection say about it.
#[derive(Debug)]
pub(crate) struct Usage {
    /// A call waited on it in vain: it takes no new requests.
    doubtful: AtomicBool,
    under_way: AtomicUsize,
    last: Mutex<Instant>,
}

impl Usage {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            doubtful: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
        })
    }

    pub(crate) fn is_doubtful(&self) -> bool {
        self.doubtful.load(Ordering::Relaxed)
    }

    /// Since when the connection has been idle; none while something is under way.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        (self.under_way.load(Ordering::Relaxed) == 0).then_some(last)
    }
}

/// One request and its response.
///
/// Dropping it unfinished after it has waited for the peer for too long casts doubt on the
/// connection: it may be half open, and whatever is sent on it next would wait likewise.
#[derive(Debug)]
pub(crate) struct Exchange {
    usage: Arc<Usage>,
    /// How long a wait has to be to cast doubt.
    limit: Duration,
    waiting: Option<Instant>,
}

impl Exchange {
    /// An exchange whose request is about to be sent.
    pub(crate) fn begin(usage: &Arc<Usage>, limit: Duration) -> Self {
        usage.under_way.fetch_add(1, Ordering::Relaxed);
        Self {
            usage: usage.clone(),
            limit,
            waiting: Some(Instant::now()),
        }
    }

    /// It is the peer's turn.
    pub(super) fn waits(&mut self) {
        self.waiting.get_or_insert_with(Instant::now);
    }

    /// Something came, or the end.
    pub(crate) fn moves(&mut self) {
        self.waiting = None;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let usage = &self.usage;
        if self.waiting.is_some_and(|it| it.elapsed() >= self.limit) {
            usage.doubtful.store(true, Ordering::Relaxed);
        }
        *usage.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        usage.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
