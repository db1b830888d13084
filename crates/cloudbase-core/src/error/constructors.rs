//! How errors are made: by code of the user's that the SDK calls, and by the SDK.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;

use super::classify::foreign;
use super::{Error, ErrorCode, ErrorKind, Inner, TimeoutPhase};
use crate::error::BoxError;

impl Error {
    /// Makes an error of `kind` with this message: for what [`other`](Self::other) cannot say, such as
    /// that a [`TokenSource`](crate::credential::TokenSource) has ended for good.
    ///
    /// ```
    /// use cloudbase_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Credentials, "the account is closed");
    /// assert!(error.is_unauthenticated());
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                operation: "",
                message: message.into(),
                status: None,
                body_status: None,
                code: None,
                numeric_code: None,
                details: None,
                response: None,
                request_id: None,
                retry_after: None,
                attempts: 0,
                sent: false,
                retryable: None,
                transient: None,
                phase: None,
                source: None,
            }),
        }
    }

    /// Makes an error of what failed in code that the SDK calls: a text, or any error, which becomes
    /// the [source](std::error::Error::source). The message repeats its words, without tokens and
    /// queries of URLs. An error of the SDK's is returned as it is.
    ///
    /// Kind [`Local`](ErrorKind::Local), not retryable; see [`with_transient`](Self::with_transient).
    ///
    /// ```
    /// use cloudbase_core::{Error, Result};
    ///
    /// fn port(text: &str) -> Result<u16> {
    ///     text.parse().map_err(Error::other)
    /// }
    ///
    /// assert_eq!(port("x").unwrap_err().to_string(), "local failure: invalid digit found in string");
    /// assert_eq!(Error::other("no milk").message(), "no milk");
    /// ```
    pub fn other(cause: impl Into<BoxError>) -> Self {
        match cause.into().downcast::<Self>() {
            Ok(ours) => *ours,
            Err(cause) => {
                Self::new(ErrorKind::Local, foreign(&cause.to_string())).with_source(cause)
            }
        }
    }

    /// Makes the error for an invalid argument: its name and the rule that it breaks. The value is
    /// left out, as it may be a secret.
    ///
    /// ```
    /// let error = cloudbase_core::Error::argument("limit", "must be at least 1");
    /// assert_eq!(error.to_string(), "invalid argument: `limit` must be at least 1");
    /// ```
    pub fn argument(name: &str, rule: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Argument, format!("`{name}` {rule}"))
    }

    /// Makes the error for an invalid or missing setting: its name and the rule that it breaks. The
    /// value is left out, as it may be a secret.
    ///
    /// ```
    /// let error = cloudbase_core::Error::config("TICKET_URL", "must be set");
    /// assert_eq!(error.to_string(), "invalid configuration: `TICKET_URL` must be set");
    /// ```
    pub fn config(setting: &str, rule: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Config, format!("`{setting}` {rule}"))
    }

    /// What the body of a request failed with while it was sent.
    pub(crate) fn request_body(error: BoxError) -> Self {
        let made = match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => {
                Self::new(ErrorKind::Body, "the body of the request failed").with_source(other)
            }
        };
        made.with_sent(true)
    }

    /// A call that is not made on a runtime.
    pub(crate) fn no_runtime() -> Self {
        Self::new(
            ErrorKind::Local,
            "there is no tokio runtime here: calls are made on one, with its timers and I/O enabled",
        )
    }

    /// What could not be done with a file, which has a path unless it came opened.
    #[doc(hidden)]
    pub fn file(doing: &str, path: Option<&Path>, error: io::Error) -> Self {
        let name = path.map(|path| format!(" `{}`", path.display()));
        let name = name.unwrap_or_default();
        let message = format!("cannot {doing}{name}: {error}");
        match error.get_ref() {
            Some(_) => Self::new(ErrorKind::Local, message), // the message is all that it says
            None => Self::new(ErrorKind::Local, message).with_source(error),
        }
    }

    /// A reached time limit.
    #[doc(hidden)]
    pub fn timeout(phase: TimeoutPhase, limit: Duration) -> Self {
        let message = match phase {
            TimeoutPhase::Queue => {
                let limit = rounded(limit);
                format!("no free connection after {limit:?}: all `max_connections` are in use")
            }
            TimeoutPhase::Connect => format!("not connected after {limit:?} (`connect_timeout`)"),
            TimeoutPhase::Attempt => format!("no response after {limit:?} (`attempt_timeout`)"),
            TimeoutPhase::Total => format!("not finished after {limit:?} (`timeout`)"),
            TimeoutPhase::Stall => format!("body stalled for {limit:?} (`stall_timeout`)"),
        };
        let mut error = Self::new(ErrorKind::Timeout, message);
        error.inner.phase = Some(phase);
        error.inner.sent = !matches!(phase, TimeoutPhase::Queue | TimeoutPhase::Connect);
        error
    }

    /// A response of the service that is an error.
    #[doc(hidden)]
    pub fn api(
        status: StatusCode,
        code: Option<ErrorCode>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        // No sign-in mends it: the credential is one of another environment or site.
        let kind = match code == Some(ErrorCode::ACCESS_TOKEN_KID_INVALID) {
            true => ErrorKind::Config,
            false => ErrorKind::Api,
        };
        let mut error = Self::new(kind, message);
        error.inner.status = Some(status);
        error.inner.code = code;
        error.inner.sent = true;
        error
    }
}

/// As [`Error::other`], so that `?` works in code that the SDK calls. A failure that passes, such as a
/// lost connection or a limit of time, is [transient](Error::is_transient).
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(error) => {
                let transient = is_passing(error.kind());
                Self::other(error).with_transient(transient)
            }
        }
    }
}

fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::TimedOut
            | io::ErrorKind::Interrupted
            | io::ErrorKind::ResourceBusy
            | io::ErrorKind::UnexpectedEof
    )
}

/// What is left of a limit is as exact as the clock: rounded to tenths of a second.
fn rounded(left: Duration) -> Duration {
    let tenths = (left.as_secs_f64() * 10.0).round().max(1.0);
    Duration::try_from_secs_f64(tenths / 10.0).unwrap_or(left)
}

#[cfg(test)]
mod tests;
