//! The wall clock, for what outlives the process; everything else goes by the monotonic clock.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// What the clock of this machine says. It may be wrong, and it may have been set since.
pub(crate) fn wall() -> SystemTime {
    #[cfg(test)]
    return tests::shifted(SystemTime::now());
    #[cfg(not(test))]
    SystemTime::now()
}

/// The moment `span` after `from`, whatever number was sent as `span`: ten years are as good as
/// for ever, and no clock overflows.
pub(crate) fn later(from: Instant, span: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);
    from + span.min(FAR)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static OFFSET: Cell<i64> = const { Cell::new(0) };
    }

    /// Sets the clock of this thread so many seconds forward, or back if it is negative.
    pub(crate) fn shift(seconds: i64) {
        OFFSET.set(OFFSET.get() + seconds);
    }

    pub(super) fn shifted(now: SystemTime) -> SystemTime {
        let offset = OFFSET.get();
        let by = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 { now - by } else { now + by }
    }
}
