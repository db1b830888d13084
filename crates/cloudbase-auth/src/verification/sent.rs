//! A code that was sent, within a flow that goes on when the code is known.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use cloudbase_core::Result;
use secrecy::SecretString;
use tokio::time::Instant;

use super::{SentVerification, VerifiedCode, is_same_code, verify};
use crate::caller::Caller;

/// The code's id, and the proof once it was right: if what follows fails, the same code can be given
/// again although the service takes it only once.
pub(crate) struct SentCode {
    sent: SentVerification,
    proof: Mutex<Option<Proof>>,
}

struct Proof {
    code: SecretString,
    verified: VerifiedCode,
    until: Instant,
}

impl SentCode {
    pub(crate) fn new(sent: SentVerification) -> Self {
        Self {
            sent,
            proof: Mutex::default(),
        }
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
        let until = Instant::now() + verified.expires_in;
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
