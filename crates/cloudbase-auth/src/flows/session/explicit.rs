//! What a program asks of the session itself: a refresh now, a look into the store, another session.

use std::time::Duration;

use cloudbase_core::credential::CredentialProvider as _;
use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::manager::Manager;
use crate::api::{Caller, detached, session};
use crate::args::validate;
use crate::events::AuthEvent;
use crate::flows::sign_in::SignedIn;
use crate::token::active_session::{ActiveSession, not_refreshable, rejected};
use crate::token::state::Stored;
use crate::token::ticket_callback::{is_asking, would_wait_for_itself};
use crate::value::session::{ApiVersion, Session};

/// When a store that could not be read at the first look is read again.
const LOOKS_AGAIN_AFTER: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

impl Manager {
    /// Refreshes the current session now, whatever became of the last refresh.
    pub(super) async fn refresh(&self) -> Result<SignedIn> {
        let live = self
            .live()
            .await?
            .ok_or_else(crate::value::error::not_signed_in)?;
        if !self.state().is_refreshable(&live) {
            let rejection = self.state().rejection.clone();
            return Err(rejection.map_or_else(not_refreshable, rejected));
        }
        self.core.cache.refresh().await?;
        if let Some(rejection) = self.state().rejection.clone() {
            return Err(rejected(rejection));
        }
        self.session_of(&live.session.lineage()).map(Self::as_known)
    }

    /// Looks for a stored session behind the caller's back, if nobody has done so. A store that cannot be
    /// read is reported once, and asked again for half a minute; after that the next call does.
    /// `false` if that takes a runtime and none is here.
    pub(super) fn look_for_stored(&self) -> bool {
        if self.state().loaded {
            return true;
        }
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        let this = self.clone();
        runtime.spawn(async move {
            let Err(error) = this.live().await else {
                return;
            };
            tracing::warn!(%error, "the stored session could not be read; trying again");
            let event = AuthEvent::StoreFailed(error);
            this.events().publish([event]);
            for pause in LOOKS_AGAIN_AFTER {
                sleep(pause).await;
                if this.live().await.is_ok() {
                    return;
                }
            }
        });
        true
    }

    /// The session in force, read from the store if nobody is known to be signed in.
    async fn live(&self) -> Result<Option<ActiveSession>> {
        if is_asking() {
            return Ok(None);
        }
        let cache = &self.core.cache;
        if cache.current().is_some() {
            return Ok(cache.peek());
        }
        let _permit = self.core.queued_permit().await?;
        let mut events = Vec::new();
        let live = match self.core.read().await {
            // The holder of the store's lock puts it aside.
            Ok(Stored::Unreadable) => cache.peek(),
            Ok(stored) => self.core.reconcile(stored.session(), &mut events)?,
            // The session lives in memory alone.
            Err(_) if self.state().unsaved => cache.peek(),
            Err(error) => return Err(error),
        };
        self.events().publish(events);
        if let Some(live) = &live {
            self.core.await_expiry(live, false);
        }
        Ok(live)
    }

    /// Spends `refresh_token` and puts the session that comes of it in force.
    pub(super) async fn take_over(
        &self,
        caller: &Caller,
        refresh_token: SecretString,
        signs_in: bool,
    ) -> Result<Response<SignedIn>> {
        validate::token("refresh_token", refresh_token.expose_secret())?;
        if is_asking() {
            return Err(would_wait_for_itself());
        }
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move {
            let mut direct = this.core.caller()?;
            direct.options = caller.options.clone();
            let refreshed = session::refresh(&direct, ApiVersion::V1, &refresh_token);
            let own = this.core.has_refresh_token(&refresh_token).await;
            let events: &[fn(Session) -> AuthEvent] = match signs_in {
                true => &[AuthEvent::TokenRefreshed, AuthEvent::SignedIn],
                false => &[AuthEvent::TokenRefreshed],
            };
            let mut response = Response::without_call("auth.refresh_session", ());
            let session = match own {
                // A refresh of the session may be spending the same token.
                Some(previous) => {
                    let refreshed = async {
                        let refreshed = this.core.interruption.unless_interrupted(refreshed);
                        let session;
                        (session, response) = refreshed.await?.split();
                        Ok(match signs_in {
                            true => session,
                            false => session.succeeding(&previous),
                        })
                    };
                    this.install_after(None, events, refreshed).await?
                }
                None => {
                    let session;
                    (session, response) = refreshed.await?.split();
                    this.install(&session, None, events).await?;
                    session
                }
            };
            let signed_in = this.with_profile(&caller, &session).await?;
            Ok(response.map(|()| signed_in))
        })
        .await
    }

    pub(super) async fn restore(&self, session: Session) -> Result<()> {
        let this = self.clone();
        detached(async move { this.install_stored(session).await }).await
    }
}
