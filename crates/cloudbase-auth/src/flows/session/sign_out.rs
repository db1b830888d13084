//! Signs out: at once on this machine, then at the service if that responds in time.

use std::future::IntoFuture;
use std::time::Duration;

use cloudbase_core::credential::{Lineage, TokenHolder as _};
use cloudbase_core::{Error, Idempotency, Response, Result, TimeoutPhase};
use futures_core::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::manager::{Core, Manager};
use crate::api::session;
use crate::api::{Call, Caller, detached};
use crate::args::validate;
use crate::events::{AuthEvent, SignOutReason};
use crate::flows::Auth;
use crate::token::active_session::{ActiveSession, not_refreshable};
use crate::token::ticket_callback::{is_asking, would_wait_for_itself};
use crate::value::de::Object;
use crate::value::session::Session;

/// How long the service may take to revoke the tokens of a session that has ended here already.
const LIMIT: Duration = Duration::from_secs(5);

/// Signs out; see [`Auth::sign_out`].
#[doc(alias = "SignOutReq")]
#[derive(Debug)]
#[must_use = "nobody is signed out until `send` is called or it is awaited"]
pub struct SignOut {
    auth: Auth,
    redirect_uri: Option<String>,
    state: Option<String>,
}

impl SignOut {
    pub(super) fn new(auth: Auth) -> Self {
        Self {
            auth,
            redirect_uri: None,
            state: None,
        }
    }

    /// Where the identity source leads its user after its own sign-out, which is asked for by this:
    /// [`SignOutOutcome::redirect_uri`] says where to send the user first.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Text that comes back with the redirect.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Signs out.
    ///
    /// # Errors
    ///
    /// See [`Auth::sign_out`].
    pub async fn send(self) -> Result<SignOutOutcome> {
        if let Some(uri) = &self.redirect_uri {
            validate::url("redirect_uri", uri)?;
        }
        validate::not_empty_if_given("state", self.state.as_deref())?;
        let Self {
            auth,
            redirect_uri,
            state,
        } = self;
        detached(async move {
            let ended = auth.manager().end(None, SignOutReason::Requested).await?;
            let mut outcome = SignOutOutcome {
                revoked: false,
                redirect_uri: None,
                error: None,
            };
            if let Some(live) = ended.live {
                let caller = auth.caller().for_revocation();
                let revoked = revoke(&caller, &live, ended.is_refresh_spent, redirect_uri, state);
                match tokio::time::timeout(LIMIT, revoked)
                    .await
                    .unwrap_or_else(|_| Err(Error::timeout(TimeoutPhase::Total, LIMIT)))
                {
                    Ok(uri) => (outcome.revoked, outcome.redirect_uri) = (true, uri),
                    Err(error) => {
                        tracing::warn!(%error, "signed out here, but the service was not notified");
                        outcome.error = Some(error);
                    }
                }
            }
            ended.removed.map(|()| outcome)
        })
        .await
    }
}

impl IntoFuture for SignOut {
    type Output = Result<SignOutOutcome>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What came of a sign-out. On this machine the session has ended in any case.
#[doc(alias = "SignOutRes")]
#[derive(Debug)]
#[non_exhaustive]
pub struct SignOutOutcome {
    /// Whether the service has revoked the session. `false` also if nobody was signed in.
    pub revoked: bool,
    /// Where to send the user to sign out at the identity source, too.
    pub redirect_uri: Option<String>,
    /// Why the service could not be notified.
    pub error: Option<Error>,
}

/// Revokes the tokens of a session that has ended here. A token that is over is sent nowhere: it is
/// refreshed first, unless a refresh was under way, which has spent the refresh token.
async fn revoke(
    caller: &Caller,
    live: &ActiveSession,
    is_refresh_spent: bool,
    redirect_uri: Option<String>,
    state: Option<String>,
) -> Result<Option<String>> {
    if !live.is_expired() {
        return revoke_access(caller, &live.session, redirect_uri, state).await;
    }
    let refresh_token = live.session.refresh_token().filter(|_| !is_refresh_spent);
    let refresh_token = refresh_token.ok_or_else(not_refreshable)?;
    let session = session::refresh(caller, live.session.version(), refresh_token).await?;
    revoke_access(caller, session.value(), redirect_uri, state).await
}

async fn revoke_access(
    caller: &Caller,
    session: &Session,
    redirect_uri: Option<String>,
    state: Option<String>,
) -> Result<Option<String>> {
    #[derive(Serialize)]
    struct Revoke<'a> {
        token: &'a str,
    }
    #[derive(Serialize)]
    struct Leave {
        #[serde(skip_serializing_if = "Option::is_none")]
        redirect_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<String>,
    }
    let token = session.access_token();
    // Either may be sent twice: a revoked token is still revoked.
    if redirect_uri.is_none() && state.is_none() {
        let call = Call::post("auth.sign_out", "/auth/v1/revoke")
            .query("client_id", caller.client.env_id().as_str()) // as the other SDKs do here
            .json(&Revoke {
                token: token.expose_secret(),
            });
        let call = call.bearer(token).idempotency(Idempotency::Idempotent);
        return caller.unit(&call).await.map(|_| None);
    }
    let call = Call::post("auth.sign_out", "/auth/v1/user/signout").json(&Leave {
        redirect_uri,
        state,
    });
    let call = call.bearer(token).idempotency(Idempotency::Idempotent);
    let make = |mut body: Object| Ok(body.take(&["redirect_uri"]));
    caller.read(&call, make).await.map(Response::into_value)
}

/// What came of ending a session on this machine.
pub(crate) struct Ended {
    /// The session, if there was one.
    live: Option<ActiveSession>,
    /// Whether a refresh of it was under way.
    is_refresh_spent: bool,
    /// Whether the store has been cleared.
    pub(crate) removed: Result<()>,
}

impl Ended {
    /// Another user is signed in by now.
    fn nothing() -> Self {
        Self {
            live: None,
            is_refresh_spent: false,
            removed: Ok(()),
        }
    }
}

/// A sign-out that waits for its permit.
struct Leaving<'a>(&'a Core);

impl<'a> Leaving<'a> {
    fn begin(core: &'a Core) -> Self {
        core.state().leaving += 1;
        Self(core)
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.state().leaving -= 1;
    }
}

impl Manager {
    /// Ends the session on this machine, or only the one of this lineage: in memory at once, then in
    /// the store.
    ///
    /// # Errors
    ///
    /// If nothing could be done. The inner result says whether the store has been cleared.
    pub(crate) async fn end(
        &self,
        lineage: Option<&Lineage>,
        reason: SignOutReason,
    ) -> Result<Ended> {
        if is_asking() {
            return Err(would_wait_for_itself());
        }
        let is_of_another = |live: &ActiveSession| {
            lineage.is_some_and(|lineage| live.session.lineage() != *lineage)
        };
        if lineage.is_some_and(|lineage| self.session_of(lineage).is_err()) {
            return Ok(Ended::nothing());
        }
        let is_refresh_spent = self.core.interruption.has_something_to_interrupt();
        let is_pending = {
            let state = self.core.state();
            state.unsaved && self.core.cache.peek().is_none()
        };
        let leaving = Leaving::begin(&self.core);
        let known = self.forget();
        let _permit = self.core.permit().await?;
        drop(leaving);
        // Another holder of the permit may have signed in.
        let current = self.core.cache.peek();
        if current.as_ref().is_some_and(is_of_another) {
            return Ok(Ended::nothing());
        }
        // Nothing may be known here yet of the user who is stored.
        let stored = match known.is_some() {
            true => None,
            false => self.core.stored().await,
        };
        // What a sign-out before could not remove has ended already.
        let stored = stored.filter(|stored| {
            let state = self.core.state();
            !(is_pending && state.ancestor.is_still(Some(&stored.session), None))
        });
        let lock = self.core.lock_or_go_on().await;
        if let Some(lineage) = lineage
            && let Some(theirs) = self.stored_by_another(lineage, known.as_ref()).await
        {
            lock.release().await;
            return Ok(Ended {
                live: self.yield_to(theirs, reason).or(known),
                is_refresh_spent,
                removed: Ok(()),
            });
        }
        let removed = self.core.remove(&lock).await;
        // What was under way may have put another token in force meanwhile.
        let live = self.forget().or(known).or(stored);
        // What could not be removed must not come back.
        self.core.state().unsaved = removed.is_err();
        lock.release().await;
        if live.is_some() {
            self.events().publish([AuthEvent::SignedOut(reason)]);
        }
        Ok(Ended {
            live,
            is_refresh_spent,
            removed,
        })
    }

    /// Returns what the store holds if another process has stored another sign-in there since: the end
    /// of one user is not that of another.
    async fn stored_by_another(
        &self,
        lineage: &Lineage,
        known: Option<&ActiveSession>,
    ) -> Option<Session> {
        let stored = self.core.stored().await?.session;
        let stored = match known {
            Some(known) => stored.or_lineage_of(&known.session),
            None => stored,
        };
        let is_ours = self.core.state().ancestor.is_still(Some(&stored), None);
        (stored.lineage() != *lineage && !is_ours).then_some(stored)
    }

    /// Ends the session that was known here. The next call goes on with the one of another process.
    fn yield_to(&self, theirs: Session, reason: SignOutReason) -> Option<ActiveSession> {
        let live = self.forget();
        {
            let mut state = self.core.state();
            state.unsaved = false;
            state.ancestor.is_now(Some(theirs));
        }
        self.reload();
        self.events().publish([AuthEvent::SignedOut(reason)]);
        live
    }

    /// Ends the session in memory. What is stored does not come back until it is removed.
    fn forget(&self) -> Option<ActiveSession> {
        let mut state = self.core.state();
        let overtaken = state.overtaken.take();
        state.clear();
        state.changes += 1;
        state.unsaved = true;
        self.core.cache.clear().or(overtaken)
    }
}
