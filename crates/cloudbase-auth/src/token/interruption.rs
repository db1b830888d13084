//! Lets a sign-in or sign-out go ahead of a refresh that waits for the network.

use cloudbase_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

/// How many changes of the session wait for their turn. A refresh gives up for them: its session is
/// about to be replaced or ended.
pub(crate) struct Interruption {
    waiting: watch::Sender<usize>,
}

/// One change that waits.
pub(crate) struct Waiting<'a>(&'a Interruption);

impl Default for Interruption {
    fn default() -> Self {
        Self {
            waiting: watch::Sender::new(0),
        }
    }
}

impl Interruption {
    /// Has refreshes give up until the returned value is dropped.
    pub(crate) fn begin(&self) -> Waiting<'_> {
        self.waiting.send_modify(|waiting| *waiting += 1);
        Waiting(self)
    }

    /// Whether something is under way that would give up: its refresh token may be spent.
    pub(crate) fn has_something_to_interrupt(&self) -> bool {
        self.waiting.receiver_count() > 0
    }

    /// Does `work`, which waits for the network, unless a change waits for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Interrupted`] if one does.
    pub(crate) async fn unless_interrupted<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut waiting = self.waiting.subscribe();
        tokio::select! {
            biased;
            done = work => done,
            _ = waiting.wait_for(|waiting| *waiting > 0) => Err(interrupted()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

fn interrupted() -> Error {
    let message = "the signed-in user changed while the session was refreshed";
    Error::new(ErrorKind::Interrupted, message).with_transient(false)
}
