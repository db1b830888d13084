//! Keeps retries a small share of the load: a bucket of tokens per host.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use http::uri::Authority;

/// What a retry costs.
const RETRY: u32 = 14;
/// What a retry costs after the service has throttled.
const THROTTLED: u32 = 5;
/// What a success gives back.
const SUCCESS: u32 = 1;

/// One bucket for the gateway and one for each other host.
#[derive(Debug)]
pub(super) struct Budgets {
    capacity: u32,
    /// Only what is missing is kept, and only of hosts where something is.
    missing: Mutex<HashMap<Option<Authority>, u32>>,
    /// Whether all buckets are full, as they usually are: a success then costs one look.
    full: AtomicBool,
}

impl Budgets {
    pub(super) fn new(capacity: u32) -> Self {
        Self {
            capacity,
            missing: Mutex::default(),
            full: AtomicBool::new(true),
        }
    }

    /// Takes the cost of a retry out; false if there is not enough.
    pub(super) fn spend(&self, host: Option<&Authority>, throttled: bool) -> bool {
        let cost = if throttled { THROTTLED } else { RETRY };
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = missing.get(&host.cloned()).copied().unwrap_or(0);
        if gone + cost > self.capacity {
            return false;
        }
        missing.insert(host.cloned(), gone + cost);
        self.full.store(false, Ordering::Relaxed);
        true
    }

    /// Gives a little back.
    pub(super) fn succeed(&self, host: Option<&Authority>) {
        // A success that misses a retry of the same moment gives back nothing: no harm.
        if self.full.load(Ordering::Relaxed) {
            return;
        }
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gone) = missing.get_mut(&host.cloned()) {
            *gone = gone.saturating_sub(SUCCESS);
            if *gone == 0 {
                missing.remove(&host.cloned());
                self.full.store(missing.is_empty(), Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_rejects_and_successes_fill_it_again() {
        let budgets = Budgets::new(30);
        assert!(budgets.spend(None, false));
        assert!(budgets.spend(None, false));
        assert!(
            !budgets.spend(None, false),
            "2 of 30 are left, a retry costs 14"
        );
        for _ in 0..12 {
            budgets.succeed(None);
        }
        assert!(budgets.spend(None, false));
    }

    #[test]
    fn throttling_costs_less_and_hosts_do_not_share() {
        let budgets = Budgets::new(14);
        let other = Authority::from_static("objects.example");
        assert!(budgets.spend(None, false));
        assert!(!budgets.spend(None, true));
        assert!(budgets.spend(Some(&other), true));
        assert!(budgets.spend(Some(&other), true));
        assert!(!budgets.spend(Some(&other), true));
    }
}
