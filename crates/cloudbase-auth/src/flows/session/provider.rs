//! How the session serves calls with its token, and the token cache with sessions.

use std::sync::Weak;

use cloudbase_core::Result;
use cloudbase_core::credential::{Cached, CredentialProvider, Token, TokenSource};
use futures_core::future::BoxFuture;

use super::manager::{Core, Manager};
use crate::token::active_session::ActiveSession;
use crate::token::ticket_callback::is_asking;

/// What the token cache asks for sessions. The cache is the core's own.
pub(super) struct Source(pub(super) Weak<Core>);

impl CredentialProvider for Manager {
    fn cached(&self) -> Cached {
        if is_asking() {
            return Cached::Absent;
        }
        match self.core.cache.cached() {
            Cached::Absent if self.core.is_worth_a_look() => {
                self.core.cache.reload();
                Cached::Unknown
            }
            cached => cached,
        }
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        Box::pin(async move {
            if is_asking() {
                return Ok(None);
            }
            let changes = self.core.state().changes;
            let token = self.core.cache.token().await?;
            // A user who signed in or out while a call waited is not the one it was made for.
            match self.core.state().changes == changes {
                true => Ok(token),
                false => Err(crate::value::error::user_changed()),
            }
        })
    }

    fn current(&self) -> Option<Token> {
        self.core.cache.current().filter(|_| !is_asking())
    }

    fn reject(&self, token: &Token) {
        self.core.cache.reject(token);
    }
}

impl TokenSource<ActiveSession> for Source {
    fn fetch(
        &self,
        previous: Option<ActiveSession>,
    ) -> BoxFuture<'_, Result<Option<ActiveSession>>> {
        Box::pin(async move {
            let Some(core) = self.0.upgrade() else {
                return Ok(None); // nobody uses the session any more
            };
            let mut events = Vec::new();
            let refreshing = previous.is_some();
            let result = {
                let _permit = core.permit.lock().await;
                let result = core.fetch(previous, &mut events).await;
                core.bus.publish(events);
                result
            };
            if let Ok(Some(live)) = &result {
                core.await_expiry(live, refreshing);
            }
            result
        })
    }
}
