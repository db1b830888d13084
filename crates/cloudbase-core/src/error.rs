//! The one error type of the SDK: what happened, where, and whether to try again.

mod cause;
mod classify;
mod code;
mod constructors;
mod display;
mod envelope;
mod kind;
mod parse;
mod response;
mod setters;
mod text;
mod xml;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

pub(crate) use self::classify::find;
pub use self::code::ErrorCode;
pub use self::envelope::Envelope;
pub(crate) use self::envelope::{
    is_request_id, parse as parse_envelope, request_id_of, retry_after,
};
pub use self::kind::{ErrorKind, TimeoutPhase};
pub use self::response::ErrorResponse;

/// A result whose error is [`Error`] unless said otherwise.
#[doc(alias = "CloudBaseResponse")]
#[doc(alias = "StorageResponse")]
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, as it travels through a tower stack.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong with a call.
///
/// One opaque value for the whole SDK. [`kind`](Error::kind) says what class of failure it is; for
/// a response of the service [`code`](Error::code), [`status`](Error::status) and
/// [`message`](Error::message) say which. [`is_retryable`](Error::is_retryable) already takes into
/// account whether the operation may be repeated and whether anything was sent.
///
/// `Display` is one line that never shows a URL query, a body or a secret, and does not repeat its
/// [`source`](std::error::Error::source), but for the words of a layer or transport of the user's. What a function or service of one's own said is there as
/// [`response`](Error::response). What is invalid or missing before anything is sent reads the same
/// whatever the call, which is named behind it: ``invalid argument: `timeout` must be longer than zero
/// (mysql.select)``.
///
/// The message of a rejection is the service's own, in Chinese unless the client is built with another
/// [`language`](crate::ClientBuilder::language), such as `en-US`. Decide by code and kind.
///
/// A clone says the same as the error itself, source included: one failure can be reported to several
/// callers. Code of the user's that the SDK calls (a `SessionStore`, a [`TokenSource`], a closure that
/// fetches a ticket) returns one made by [`other`](Error::other), [`new`](Error::new) or `?`.
///
/// [`TokenSource`]: crate::credential::TokenSource
///
/// # Examples
///
/// ```
/// use cloudbase_core::{Error, ErrorCode};
///
/// fn explain(error: &Error) -> String {
///     match error.code() {
///         Some(code) if *code == ErrorCode::EXCEED_RATELIMIT => "slow down".to_owned(),
///         _ if error.is_retryable() => format!("try again in {:?}", error.retry_after()),
///         _ => error.to_string(),
///     }
/// }
/// ```
#[doc(alias = "AuthError")]
#[doc(alias = "StorageError")]
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    message: Cow<'static, str>,
    status: Option<StatusCode>,
    body_status: Option<StatusCode>,
    code: Option<ErrorCode>,
    numeric_code: Option<i64>,
    details: Option<serde_json::Value>,
    /// Apart: few errors have one, and every error that is made moves the rest.
    response: Option<Box<ErrorResponse>>,
    request_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    attempts: u32,
    sent: bool,
    /// `None` until the call has settled it.
    retryable: Option<bool>,
    /// Beats the rules of `classify` where the maker of the error knows better.
    transient: Option<bool>,
    phase: Option<TimeoutPhase>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What class of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The operation that failed, as in its span: `mysql.select`. Empty before there was one. Where a
    /// method makes several requests, it is that method, whichever of them failed.
    pub fn operation(&self) -> &'static str {
        self.inner.operation
    }

    /// The service's stable code: `ACCESS_TOKEN_EXPIRED`, `invalid_grant`, …
    pub fn code(&self) -> Option<&ErrorCode> {
        self.inner.code.as_ref()
    }

    /// The number that an auth response gives beside its code (`error_code`). Not unique: match on
    /// [`code`](Self::code).
    #[doc(alias = "error_code")]
    #[doc(alias = "errorCode")]
    pub fn numeric_code(&self) -> Option<i64> {
        self.inner.numeric_code
    }

    /// The HTTP status of the response.
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// The status that the body of a storage error names itself, where it does (`statusCode`). The
    /// predicates go by it rather than by the [status](Self::status) of HTTP.
    #[doc(alias = "statusCode")]
    pub fn body_status(&self) -> Option<StatusCode> {
        self.inner.body_status
    }

    /// What the service, or the SDK, says about it. Not meant for matching.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Structured details of the response, as the service sent them.
    pub fn details(&self) -> Option<&serde_json::Value> {
        self.inner.details.as_ref()
    }

    /// The response itself, where it is that of the user's own code: of a function, a hosting service or
    /// an API. Status, headers, and the first 64 KiB of the body.
    ///
    /// Absent if the error is not a response's (no connection, a time limit), or if the service made it
    /// elsewhere than on the way to such code: see [`code`](Self::code) and [`details`](Self::details).
    /// Neither `Display` nor `Debug` shows it.
    pub fn response(&self) -> Option<&ErrorResponse> {
        self.inner.response.as_deref()
    }

    /// The id under which the service knows the request: from the body, else from the header, else
    /// the one that the SDK sent.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// How many times the call was put on the wire (or tried to be).
    pub fn attempts(&self) -> u32 {
        self.inner.attempts
    }

    /// How long the service asks to wait before another call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Which limit was reached, for [`ErrorKind::Timeout`].
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        self.inner.phase
    }

    /// Whether the same call may be made again as it is: the failure is transient, and the
    /// operation can be repeated without a second effect, was never sent, or was
    /// [throttled](Self::is_throttled), which means that it did not run. Wait for
    /// [`retry_after`](Self::retry_after) first.
    ///
    /// The SDK has repeated by then what it repeats by itself: reads; after anything but throttling also
    /// writes that are the same twice; and whatever was never sent.
    pub fn is_retryable(&self) -> bool {
        // What failed outside of a call can be tried again as far as it did nothing.
        let unsettled = || self.is_transient() && self.had_no_effect();
        self.inner.retryable.unwrap_or_else(unsettled)
    }

    /// Whether any part of the request may have reached the service. When the time of an attempt or of the
    /// call is over this is true, even if its connection was still being opened: only a failed connection
    /// itself is known to have carried nothing.
    pub fn was_sent(&self) -> bool {
        self.inner.sent
    }

    /// The thing is still the version that the caller said it has: 304, the response to `If-None-Match`.
    pub fn is_not_modified(&self) -> bool {
        self.status() == Some(StatusCode::NOT_MODIFIED)
    }

    /// A time limit was reached.
    pub fn is_timeout(&self) -> bool {
        self.inner.kind == ErrorKind::Timeout
    }

    /// No connection came about (name, TCP, proxy or TLS): nothing was sent.
    pub fn is_connect(&self) -> bool {
        matches!(
            self.inner.kind,
            ErrorKind::Dns | ErrorKind::Connect | ErrorKind::Tls
        ) || matches!(
            self.inner.phase,
            Some(TimeoutPhase::Connect | TimeoutPhase::Queue)
        )
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}
