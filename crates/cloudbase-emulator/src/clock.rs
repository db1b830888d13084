//! The emulator's clock, which a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The emulator's idea of the current time: the system clock plus an offset.
///
/// Every lifetime in the emulator (access and refresh tokens, codes, captchas, signed URLs) is measured with it, so a
/// test reaches the end of a lifetime by moving the clock instead of waiting. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.shift_ms(by);
    }

    /// Moves the clock back.
    pub fn rewind(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.shift_ms(-by);
    }

    /// Puts the clock back on the system's time.
    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
    }

    /// The offset from the system's time in milliseconds; negative when the clock is behind.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let system = i64::try_from(system.as_millis()).unwrap_or(i64::MAX);
        system.saturating_add(self.offset_ms())
    }

    /// Seconds since the Unix epoch.
    pub fn now_secs(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// The current time as RFC 3339 in UTC, to the second.
    pub fn rfc3339(&self) -> String {
        rfc3339(self.now_secs())
    }

    pub(crate) fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::SeqCst);
    }

    pub(crate) fn shift_ms(&self, by: i64) {
        let _ = self
            .offset_ms
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |offset| {
                Some(offset.saturating_add(by))
            });
    }
}

/// Seconds since the Unix epoch as RFC 3339 in UTC; times outside the format's years are clamped to the epoch.
pub(crate) fn rfc3339(secs: i64) -> String {
    OffsetDateTime::from_unix_timestamp(secs)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_move_together() {
        let clock = Clock::default();
        let other = clock.clone();
        let before = other.now_secs();
        clock.advance(Duration::from_secs(7200));
        assert!(other.now_secs() >= before + 7200);
        other.rewind(Duration::from_secs(10_000));
        assert!(clock.now_secs() < before);
        clock.reset();
        assert_eq!(other.offset_ms(), 0);
    }

    #[test]
    fn formats_as_rfc3339() {
        assert_eq!(rfc3339(1_772_340_000), "2026-03-01T04:40:00Z");
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
