//! Keeps a loop over what a peer sends from never ending.

use std::task::Context;

/// How many pieces are taken in one go.
const ROUNDS: u32 = 32;

/// Counts the rounds of a loop within one poll. A body that is always ready would otherwise keep its
/// task busy, and timers, which need the task to pause, from ending it.
pub(crate) struct Rounds(u32);

impl Rounds {
    pub(crate) fn new() -> Self {
        Self(ROUNDS)
    }

    /// Counts one; whether to return `Pending` now. The task is woken at once then.
    pub(crate) fn is_enough(&mut self, cx: &mut Context<'_>) -> bool {
        self.0 = self.0.saturating_sub(1);
        if self.0 == 0 {
            cx.waker().wake_by_ref();
        }
        self.0 == 0
    }
}
