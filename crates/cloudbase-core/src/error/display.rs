//! How an error is shown: one line, in which nothing is that a server could break it with.

use std::fmt;

use super::text::Shown;
use super::{Error, ErrorKind};

/// How much of a message goes into the one-line [`Display`](fmt::Display), where it may be a
/// server's.
const MESSAGE_LIMIT: usize = 200;
/// How much of a code, a request id or the name of an operation.
pub(super) const NAME_LIMIT: usize = 128;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        // What is invalid or missing here is said first: the operation has not begun, let alone failed.
        let unsent = !inner.sent
            && matches!(
                inner.kind,
                ErrorKind::Argument | ErrorKind::Config | ErrorKind::Credentials
            );
        let named = !inner.operation.is_empty();
        let operation = Shown(inner.operation, NAME_LIMIT);
        if unsent || !named {
            f.write_str(inner.kind.describe())?;
        } else {
            write!(f, "{operation} failed")?;
        }
        f.write_str(": ")?;
        if let Some(code) = &inner.code {
            write!(f, "{code}: ")?;
        }
        write!(f, "{}", Shown(&inner.message, inner.kind.message_limit()))?;
        let id = inner.request_id.as_deref();
        let details = [
            (unsent && named).then(|| operation.to_string()),
            inner.status.map(|status| status.as_str().to_owned()),
            id.map(|id| format!("request id {}", Shown(id, NAME_LIMIT))),
        ];
        let details: Vec<_> = details.into_iter().flatten().collect();
        match details.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", details.join(", ")),
        }
    }
}

impl ErrorKind {
    /// Names of hosts and files are long, and what is wrong with them is said after them.
    fn message_limit(self) -> usize {
        match self {
            Self::Connect | Self::Dns | Self::Local | Self::Tls => usize::MAX,
            _ => MESSAGE_LIMIT,
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Api => "request rejected",
            Self::Argument => "invalid argument",
            Self::Body => "body failed",
            Self::Config => "invalid configuration",
            Self::Connect => "no connection",
            Self::Credentials => "no usable credential",
            Self::Decode => "unexpected response",
            Self::Dns => "name not resolved",
            Self::Encode => "value not encodable",
            Self::Interrupted => "interrupted",
            Self::Local => "local failure",
            Self::Middleware => "middleware failed",
            Self::Reset => "connection lost",
            Self::Timeout => "time limit reached",
            Self::Tls => "TLS failed",
            Self::TooLarge => "too large",
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        // A server's message may be as long as a body.
        let message = Shown(&inner.message, inner.kind.message_limit()).to_string();
        let operation = Shown(inner.operation, NAME_LIMIT).to_string();
        let request_id = inner.request_id.as_deref();
        let request_id = request_id.map(|id| Shown(id, NAME_LIMIT).to_string());
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("operation", &operation)
            .field("message", &message)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("request_id", &request_id)
            .field("attempts", &inner.attempts)
            .field("sent", &inner.sent)
            .field("retryable", &self.is_retryable())
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
