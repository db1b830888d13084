//! Arguments that were rejected while a chain was put together.

use cloudbase_core::{Error, ErrorKind};

/// An argument that was rejected; reported when the call is sent, so that chains need no `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    kind: ErrorKind,
    message: String,
}

impl From<&Error> for Invalid {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
        }
    }
}

impl From<&Invalid> for Error {
    fn from(invalid: &Invalid) -> Self {
        Self::new(invalid.kind, invalid.message.clone())
    }
}
