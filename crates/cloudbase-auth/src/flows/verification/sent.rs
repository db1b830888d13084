//! A code that was sent, within a flow that goes on when the code is known.

/// The methods of every value with an `auth` and a `code` that waits for the code.
macro_rules! waits_for_code {
    ($waiting:ty, $resend:literal) => {
        impl $waiting {
            /// Sends another code, which replaces the one before.
            ///
            /// # Errors
            ///
            /// As [`Auth::send_verification`](crate::Auth::send_verification); the code before
            /// stays good then.
            pub async fn resend(
                &mut self,
            ) -> cloudbase_core::Result<&$crate::flows::verification::SentVerification> {
                let sent = self.code.resend(self.auth.caller());
                $crate::value::named::named($resend, sent).await
            }

            /// What the code belongs to.
            #[doc(alias = "messageId")]
            pub fn message_id(&self) -> &str {
                &self.code.sent().verification_id
            }

            /// Goes on with a code that [`Auth::resend`](crate::Auth::resend) has sent.
            pub fn set_message_id(&mut self, id: impl Into<String>) {
                self.code.set_id(id.into());
            }
        }
    };
}

pub(crate) use waits_for_code;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use cloudbase_core::Result;
use secrecy::SecretString;
use tokio::time::Instant;

use super::{SentVerification, VerificationRequest, VerifiedCode, is_same_code, send, verify};
use crate::api::Caller;
use crate::args::contact::Contact;
use crate::value::clock::later;

/// The code's id, and the proof once it was right: if what follows fails, the same code can be given
/// again although the service takes it only once.
pub(crate) struct SentCode {
    /// What was asked for, to ask for it again.
    request: VerificationRequest,
    sent: SentVerification,
    proof: Mutex<Option<Proof>>,
}

struct Proof {
    code: SecretString,
    verified: VerifiedCode,
    until: Instant,
}

impl SentCode {
    /// Has a code sent.
    pub(crate) async fn send(caller: &Caller, request: VerificationRequest) -> Result<Self> {
        let request = request.checked()?;
        let sent = send(caller, &request).await?;
        Ok(Self {
            request,
            sent,
            proof: Mutex::default(),
        })
    }

    /// Has another code sent; the one before is worthless then.
    pub(crate) async fn resend(&mut self, caller: &Caller) -> Result<&SentVerification> {
        self.sent = send(caller, &self.request).await?;
        self.forget();
        Ok(&self.sent)
    }

    /// Where the code was sent to, in the service's form.
    pub(crate) fn contact(&self) -> &Contact {
        &self.request.contact
    }

    pub(crate) fn sent(&self) -> &SentVerification {
        &self.sent
    }

    /// Goes on with a code that was sent later.
    pub(crate) fn set_id(&mut self, id: String) {
        self.sent.verification_id = id;
        self.forget();
    }

    /// The proof for `code`.
    pub(crate) async fn verify(&self, caller: &Caller, code: &str) -> Result<SecretString> {
        if let Some(token) = self.known(code) {
            return Ok(token);
        }
        let verified = verify(caller, &self.sent.verification_id, code).await?;
        let token = verified.verification_token.clone();
        let until = later(Instant::now(), verified.expires_in);
        let proof = Proof {
            code: code.trim().to_owned().into(),
            verified,
            until,
        };
        *self.proof.lock().unwrap_or_else(PoisonError::into_inner) = Some(proof);
        Ok(token)
    }

    /// The proof has been spent, or is not accepted: only a new code helps.
    pub(crate) fn forget(&self) {
        *self.proof.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn known(&self, code: &str) -> Option<SecretString> {
        let proof = self.proof.lock().unwrap_or_else(PoisonError::into_inner);
        let proof = proof.as_ref()?;
        let good = is_same_code(&proof.code, code) && proof.until > Instant::now();
        good.then(|| proof.verified.verification_token.clone())
    }
}

impl fmt::Debug for SentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentCode")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
