//! Reports in time that a session has ended which nothing can refresh.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::manager::Core;
use crate::token::active_session::ActiveSession;

impl Core {
    /// If nothing is known to follow the token of `live`, waits for its end in a task of
    /// its own: the service has rejected a refresh, or one was tried (`refreshing`) without the means.
    /// The task does not keep this alive, and ends with it.
    pub(super) fn await_expiry(self: &Arc<Self>, live: &ActiveSession, refreshing: bool) {
        let Some(remaining) = live.token.remaining() else {
            return;
        };
        let called_off = {
            let mut state = self.state();
            if state.rejection.is_none() && (state.is_refreshable(live) || !refreshing) {
                return;
            }
            let (expiry, called_off) = oneshot::channel();
            state.expiry = Some(expiry);
            called_off
        };
        let (core, live) = (Arc::downgrade(self), live.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(remaining) => {}
                _ = called_off => return,
            }
            if let Some(core) = core.upgrade() {
                core.end_at_expiry(live).await;
            }
        });
    }

    /// Looks for another token, as a call would do now, and ends the session for want of one.
    async fn end_at_expiry(&self, live: ActiveSession) {
        let mut events = Vec::new();
        {
            let _permit = self.permit.lock().await;
            let current = self.cache.peek();
            let is_current = current
                .is_some_and(|current| current.token.generation() == live.token.generation());
            // A failure is left to the next call, which returns it.
            if is_current && let Err(error) = self.fetch(Some(live), &mut events).await {
                tracing::debug!(%error, "the session has ended, or its end could not be settled");
            }
            self.bus.publish(events);
        }
    }
}
