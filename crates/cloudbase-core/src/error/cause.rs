//! A failure that comes of another one.

use super::{Error, ErrorKind};

impl Error {
    /// A failure of `kind` because of another one: what that says, after `what` failed. Nothing of
    /// the call that it is for was sent.
    #[doc(hidden)]
    #[must_use]
    pub fn because_of(kind: ErrorKind, what: &str, cause: &Self) -> Self {
        let message = match cause.inner.kind {
            // The code says it, and stands in front.
            ErrorKind::Api | ErrorKind::Credentials => format!("{what}: {}", cause.message()),
            kind => format!("{what}: {}: {}", kind.describe(), cause.message()),
        };
        let mut error = cause
            .clone()
            .with_message(message)
            .with_attempts(0)
            .with_sent(false)
            .with_transient(cause.is_transient() || cause.is_connect())
            .with_source(cause.clone());
        let inner = &mut *error.inner;
        inner.kind = kind;
        inner.operation = "";
        inner.phase = None;
        inner.response = None;
        inner.retryable = None;
        error
    }
}

#[cfg(test)]
mod tests;
