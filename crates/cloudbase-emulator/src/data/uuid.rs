//! UUIDs as MySQL's `UUID()` makes them: version 1, of the clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// From the beginning of UUIDs, 1582-10-15, to that of Unix, in steps of 100 ns.
const UNIX_EPOCH: u64 = 0x01b2_1dd2_1381_4000;

/// A UUID that was not there before.
pub(super) fn next(now_ms: i64) -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    /// Sequence and node of this process.
    static NODE: OnceLock<[u8; 8]> = OnceLock::new();
    let now = u64::try_from(now_ms)
        .unwrap_or(0)
        .saturating_mul(10_000)
        .saturating_add(UNIX_EPOCH);
    let after = |last: u64| Some(now.max(last.saturating_add(1)));
    let last = LAST
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after)
        .unwrap_or(now);
    let steps = now.max(last.saturating_add(1));
    let node = NODE.get_or_init(|| {
        let mut node = [0; 8];
        node.copy_from_slice(&Uuid::new_v4().as_bytes()[8..]);
        node
    });
    Uuid::from_fields(
        (steps & 0xffff_ffff) as u32,
        (steps >> 32 & 0xffff) as u16,
        (steps >> 48 & 0x0fff) as u16 | 0x1000,
        node,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_also_when_the_clock_stands_or_goes_back() {
        let made: Vec<Uuid> = [5, 5, 4, 1_700_000_000_000, 3].map(next).to_vec();
        for (number, one) in made.iter().enumerate() {
            assert_eq!(one.get_version_num(), 1, "{one}");
            assert!(!made[..number].contains(one), "{one}");
        }
    }
}
