//! A gate that holds calls until a test lets them go.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds calls inside the emulator, so that a test can bring about "all of them at once" without waiting for time to pass.
///
/// Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    open: bool,
    waiting: usize,
}

impl Gate {
    /// A closed gate.
    #[expect(
        clippy::new_without_default,
        reason = "a default gate would not say whether it is open"
    )]
    pub fn new() -> Self {
        Self {
            state: Arc::new(watch::Sender::new(State::default())),
        }
    }

    /// Lets every call pass, those that wait and those to come.
    pub fn open(&self) {
        self.state.send_modify(|state| state.open = true);
    }

    /// Waits until so many calls stand at the gate.
    ///
    /// Cancel safe.
    pub async fn waiting(&self, calls: usize) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| state.waiting >= calls)
            .await;
    }

    pub(crate) async fn pass(&self) {
        self.state.send_modify(|state| state.waiting += 1);
        let _leave = Leave(self);
        let _ = self.state.subscribe().wait_for(|state| state.open).await;
    }
}

/// Counts a call out, also when its connection went away.
struct Leave<'a>(&'a Gate);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0
            .state
            .send_modify(|state| state.waiting = state.waiting.saturating_sub(1));
    }
}
