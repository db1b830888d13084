//! Makes many demands for a captcha one, and keeps the answer for as long as it is good.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudbase_core::{BoxFuture, Error, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};
use tokio::time::{Instant, timeout_at};

use super::handler::{CaptchaAnswer, CaptchaChallenge, CaptchaHandler};
use super::{CaptchaToken, create, create_call, verify, verify_call};
use crate::api::{Caller, CaptchaSource};
use crate::value::clock::later;

/// A token counts as ended this much earlier than the service says, as in the other SDKs.
const MARGIN: Duration = Duration::from_secs(10);

/// How many pictures one demand shows at most.
const ROUNDS: u32 = 10;

const NESTED: &str = "a captcha handler has made a call that needs a captcha itself";

tokio::task_local! {
    /// Set while a handler runs: a demand from within it would wait for itself. In a task that the
    /// handler has spawned it is not seen; the limit of the wait catches those.
    static SOLVING: ();
}

pub(crate) struct CaptchaBroker {
    handler: Option<Arc<dyn CaptchaHandler>>,
    /// Held while a captcha is being solved; the token itself is read without it.
    permit: AsyncMutex<()>,
    /// When the last picture was asked for: the solver was alive at that time.
    asked_at: Mutex<Option<Instant>>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: SecretString,
    /// When the service takes it no more.
    ends: Instant,
}

impl CaptchaBroker {
    pub(crate) fn new(handler: Option<Arc<dyn CaptchaHandler>>) -> Self {
        Self {
            handler,
            permit: AsyncMutex::new(()),
            asked_at: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// The token at hand, or one for which the handler solves a captcha now.
    pub(crate) async fn obtain(
        &self,
        caller: &Caller,
        state: &str,
        rejected: Option<&SecretString>,
    ) -> Result<Option<CaptchaToken>> {
        if let Some(token) = self.kept(rejected) {
            return Ok(Some(token));
        }
        let Some(handler) = &self.handler else {
            return Ok(None);
        };
        if SOLVING.try_get().is_ok() {
            return Err(Error::new(ErrorKind::Local, NESTED));
        }
        let _permit = self.permit(caller.client.config().timeouts().total).await?;
        // Another holder of the permit may have solved one.
        if let Some(token) = self.kept(rejected) {
            return Ok(Some(token));
        }
        let solved = SOLVING
            .scope((), self.solve(&**handler, caller, state))
            .await?;
        if let Some(token) = &solved {
            self.keep(token);
        }
        Ok(solved)
    }

    /// Waits until nobody else has a captcha solved, at most `limit` after the last picture that
    /// was asked for: a handler may wait, in another task, for the very call that waits here.
    async fn permit(&self, limit: Duration) -> Result<AsyncMutexGuard<'_, ()>> {
        let mut permit = std::pin::pin!(self.permit.lock());
        let mut seen = Instant::now();
        loop {
            if let Ok(permit) = timeout_at(later(seen, limit), permit.as_mut()).await {
                return Ok(permit);
            }
            match self.asked_at() {
                Some(asked) if asked > seen => seen = asked,
                _ => {
                    return Err(Error::new(
                        ErrorKind::Local,
                        format!("another captcha was not solved within {limit:?}, or {NESTED}"),
                    ));
                }
            }
        }
    }

    fn asked_at(&self) -> Option<Instant> {
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn solve(
        &self,
        handler: &dyn CaptchaHandler,
        caller: &Caller,
        state: &str,
    ) -> Result<Option<CaptchaToken>> {
        let mut was_wrong = false;
        for round in 1..=ROUNDS {
            *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            let data = create(caller, &create_call(state, None))
                .await?
                .into_value();
            let challenge = CaptchaChallenge {
                data,
                state: state.to_owned(),
                round,
                was_wrong,
            };
            match handler.solve(&challenge).await? {
                CaptchaAnswer::Text(key) => {
                    let checked = match verify_call(&challenge.data.token, &key) {
                        Ok(call) => verify(caller, &call).await,
                        Err(error) => Err(error),
                    };
                    match checked {
                        Ok(token) => return Ok(Some(token.into_value())),
                        Err(error) if is_wrong_answer(&error) => was_wrong = true,
                        Err(error) => return Err(error),
                    }
                }
                CaptchaAnswer::Token(token) => return Ok(Some(token)),
                CaptchaAnswer::Refresh => was_wrong = false,
                CaptchaAnswer::Cancel => return Ok(None),
            }
        }
        Err(Error::new(
            ErrorKind::Local,
            format!("the captcha was not solved in {ROUNDS} tries"),
        ))
    }

    pub(crate) fn keep(&self, token: &CaptchaToken) {
        *self.lock() = Some(Kept {
            token: token.captcha_token.clone(),
            ends: later(Instant::now(), token.expires_in),
        });
    }

    /// The token at hand, for what is left of its time.
    fn kept(&self, rejected: Option<&SecretString>) -> Option<CaptchaToken> {
        let mut kept = self.lock();
        let current = kept.as_ref()?;
        let is_rejected = rejected
            .is_some_and(|rejected| rejected.expose_secret() == current.token.expose_secret());
        let left = current.ends.saturating_duration_since(Instant::now());
        if is_rejected || left <= MARGIN {
            *kept = None;
            return None;
        }
        Some(CaptchaToken::new(current.token.clone(), left))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CaptchaSource for CaptchaBroker {
    fn token<'a>(
        &'a self,
        caller: &'a Caller,
        state: &'a str,
        rejected: Option<&'a SecretString>,
    ) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(async move {
            let token = self.obtain(caller, state, rejected).await?;
            Ok(token.map(|token| token.captcha_token))
        })
    }

    fn has_handler(&self) -> bool {
        self.handler.is_some()
    }
}

fn is_wrong_answer(error: &Error) -> bool {
    // An empty response, or one with spaces, was rejected here: as wrong as any other.
    error.kind() == ErrorKind::Argument
        || error.code().is_some_and(|code| {
            matches!(
                code.as_str(),
                "captcha_invalid" | "invalid_captcha" | "captcha_expired" | "captcha_used"
            )
        })
}

impl fmt::Debug for CaptchaBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptchaBroker")
            .field("handler", &self.handler.is_some())
            .field("token", &self.lock().is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests;
