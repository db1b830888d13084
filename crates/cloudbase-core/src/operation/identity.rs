//! On whose behalf a call is made: settled by its first attempt, kept by whatever follows.

use std::sync::{Arc, OnceLock};

use super::Lineage;
use crate::error::{Error, ErrorKind};

/// The identity of a user's call that is made of several requests: pages, steps, batches, the parts
/// of a download. Its clones are one identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallIdentity(Arc<OnceLock<Identity>>);

/// Whose credential the first attempt carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Nobody's: there was none.
    Nobody,
    /// The access key.
    AccessKey,
    /// A token of this session. Tokens of one source that names no sessions are of one session.
    Session(Option<Lineage>),
}

impl CallIdentity {
    /// One that is settled already, if it is known on whose behalf.
    pub(super) fn of(known: Option<Identity>) -> Self {
        let identity = Self::default();
        if let Some(known) = known {
            let _ = identity.0.set(known);
        }
        identity
    }

    pub(super) fn cell(&self) -> &OnceLock<Identity> {
        &self.0
    }
}

impl Identity {
    /// What a call ends with that cannot go on as who began it.
    pub(crate) fn changed() -> Error {
        Error::new(
            ErrorKind::Credentials,
            "the signed-in user changed while the call was in progress",
        )
    }
}
