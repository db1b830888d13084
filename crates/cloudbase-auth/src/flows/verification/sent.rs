//! A code that was sent, within a flow that goes on when the code is known.

/// The methods of every value with an `auth` and a `code` that waits for the code.
macro_rules! waits_for_code {
    ($waiting:ident, $resend:ident, $method:literal, $doc:literal) => {
        impl $waiting {
            /// Sends another code, which replaces the one before.
            ///
            /// # Errors
            ///
            /// As [`Auth::send_verification`](crate::Auth::send_verification); the code before
            /// stays good then.
            pub fn resend(&self) -> $resend {
                $resend::new(&self.auth, self.code.clone())
            }

            /// What the code belongs to.
            #[doc(alias = "messageId")]
            pub fn message_id(&self) -> String {
                self.code.sent().verification_id
            }

            /// Goes on with a code that [`Auth::resend`](crate::Auth::resend) has sent.
            pub fn set_message_id(&self, id: impl Into<String>) {
                self.code.set_id(id.into());
            }
        }

        $crate::flows::request::request! {
            #[doc = $doc]
            pub struct $resend { code: $crate::flows::verification::SentCode }
            $method => $crate::flows::verification::SentVerification; auth; operation
        }

        impl $resend {
            fn call(&self) -> cloudbase_core::Result<$crate::api::Call> {
                Ok(self.code.call())
            }

            async fn run(
                self,
            ) -> cloudbase_core::Result<
                cloudbase_core::Response<$crate::flows::verification::SentVerification>,
            > {
                self.code.resend(self.auth.caller()).await
            }
        }
    };
}

pub(crate) use waits_for_code;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::{SentVerification, VerificationRequest, is_same_code, send, verify, verify_call};
use crate::api::{Call, Caller};
use crate::args::contact::Contact;
use crate::value::clock::later;

/// The code's id, and the proof once it was right: if what follows fails, the same code can be given
/// again although the service takes it only once. Clones share both.
#[derive(Clone)]
pub(crate) struct SentCode {
    /// What was asked for, to ask for it again.
    request: VerificationRequest,
    state: Arc<Mutex<State>>,
    /// One resend at a time, or a late response would put the code before in force.
    resending: Arc<AsyncMutex<()>>,
}

struct State {
    sent: SentVerification,
    proof: Option<Proof>,
}

struct Proof {
    code: SecretString,
    token: SecretString,
    until: Instant,
}

impl SentCode {
    /// Has a code sent; the request has been checked.
    pub(crate) async fn send(
        caller: &Caller,
        request: VerificationRequest,
    ) -> Result<Response<Self>> {
        let sent = send(caller, &request.call()).await?;
        let code = |sent| Self {
            request,
            state: Arc::new(Mutex::new(State { sent, proof: None })),
            resending: Arc::default(),
        };
        Ok(sent.map(code))
    }

    /// Has another code sent; the one before is worthless then.
    pub(crate) async fn resend(&self, caller: &Caller) -> Result<Response<SentVerification>> {
        let _resending = self.resending.lock().await;
        let sent = send(caller, &self.call()).await?;
        *self.lock() = State {
            sent: sent.value().clone(),
            proof: None,
        };
        Ok(sent)
    }

    /// The call that has another code sent.
    pub(crate) fn call(&self) -> Call {
        self.request.call()
    }

    /// Where the code was sent to, in the service's form.
    pub(crate) fn contact(&self) -> &Contact {
        &self.request.contact
    }

    pub(crate) fn sent(&self) -> SentVerification {
        self.lock().sent.clone()
    }

    /// Goes on with a code that was sent later.
    pub(crate) fn set_id(&self, id: String) {
        let mut state = self.lock();
        state.sent.verification_id = id;
        state.proof = None;
    }

    /// The proof for `code`.
    pub(crate) async fn verify(
        &self,
        caller: &Caller,
        code: &SecretString,
    ) -> Result<SecretString> {
        if let Some(token) = self.known(code) {
            return Ok(token);
        }
        let id = self.sent().verification_id;
        let verified = verify(caller, &verify_call(&id, code)?).await?.into_value();
        let proof = Proof {
            code: code.expose_secret().trim().into(),
            token: verified.verification_token.clone(),
            until: later(Instant::now(), verified.expires_in),
        };
        let mut state = self.lock();
        // Another code may have been sent meanwhile: it has a proof of its own.
        if state.sent.verification_id == id {
            state.proof = Some(proof);
        }
        Ok(verified.verification_token)
    }

    /// The proof has been spent, or is not accepted: only a new code helps.
    pub(crate) fn forget(&self) {
        self.lock().proof = None;
    }

    fn known(&self, code: &SecretString) -> Option<SecretString> {
        let state = self.lock();
        let proof = state.proof.as_ref()?;
        let good = is_same_code(&proof.code, code) && proof.until > Instant::now();
        good.then(|| proof.token.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentCode")
            .field("sent", &self.lock().sent)
            .finish_non_exhaustive()
    }
}
