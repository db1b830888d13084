//! What is added to an error once it is made.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

use super::{Error, ErrorCode, ErrorResponse, text};
use crate::error::BoxError;

/// Setters for those who make errors; each returns the error, so that they chain.
impl Error {
    /// Sets the [source](std::error::Error::source).
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.inner.source = Some(source.into().into());
        self
    }

    /// Sets the [code](Self::code).
    #[must_use]
    pub fn with_code(mut self, code: impl Into<ErrorCode>) -> Self {
        self.inner.code = Some(code.into());
        self
    }

    /// Sets how long to wait before another call. Default: nothing is known.
    #[must_use]
    pub fn with_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.inner.retry_after = wait.into();
        self
    }

    /// Sets whether the failure may [pass](Self::is_transient). Default: what kind, code and status
    /// say. A failure that passes and comes of code that the SDK calls is
    /// [retryable](Self::is_retryable): nothing of the call was sent.
    #[must_use]
    pub fn with_transient(mut self, transient: bool) -> Self {
        self.inner.transient = Some(transient);
        self
    }

    /// Sets whether the same call [may be made again](Self::is_retryable), whatever the error else
    /// says: for tests of what a program does then. A call that fails with this error decides by itself.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.inner.retryable = Some(retryable);
        self
    }
}

/// Setters for the crates of the SDK.
#[doc(hidden)]
impl Error {
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        if self.inner.operation.is_empty() {
            self.inner.operation = operation;
        }
        self
    }

    /// Names the method that the user called, in the place of the step of it that failed.
    pub fn within(mut self, method: &'static str) -> Self {
        self.inner.operation = method;
        self
    }

    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.inner.message = message.into();
        self
    }

    /// Takes a secret that a server repeats out of what is shown of its words.
    pub(crate) fn without_secret(mut self, secret: &str) -> Self {
        let inner = &mut *self.inner;
        // A word as short as that is no token, but may be part of any text.
        if secret.len() < 12 {
            return self;
        }
        if inner.message.contains(secret) {
            inner.message = inner.message.replace(secret, text::REDACTED).into();
        }
        inner.code.take_if(|code| code.as_str().contains(secret));
        inner.request_id.take_if(|id| id.contains(secret));
        self
    }

    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.inner.status = Some(status);
        self
    }

    pub fn with_numeric_code(mut self, number: i64) -> Self {
        self.inner.numeric_code = Some(number);
        self
    }

    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.inner.details = Some(details);
        self
    }

    pub fn with_response(mut self, response: ErrorResponse) -> Self {
        self.inner.response = Some(Box::new(response));
        self
    }

    pub fn with_request_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.inner.request_id = Some(id.into());
        self
    }

    /// Fills the request id in where the response named none.
    pub fn or_request_id(mut self, id: Option<&str>) -> Self {
        if self.inner.request_id.is_none() {
            self.inner.request_id = id.map(Into::into);
        }
        self
    }

    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.inner.attempts = attempts;
        self
    }

    pub fn with_sent(mut self, sent: bool) -> Self {
        self.inner.sent = sent;
        self
    }

    /// Settles [`is_retryable`](Self::is_retryable), once it is known whether the operation may be
    /// repeated after it was sent.
    pub fn settle(mut self, idempotent: bool) -> Self {
        self.inner.retryable = Some(self.is_transient() && (idempotent || self.had_no_effect()));
        self
    }

    /// Whether the call cannot have done anything: it was never sent, or stopped at a limit.
    pub(super) fn had_no_effect(&self) -> bool {
        !self.inner.sent || (self.is_throttled() && self.stopped_at_a_limit())
    }

    /// Whether it is the service that says so, before it ran anything: a failure of a server may have
    /// come half-way, and so may a limit that the user's own code met.
    fn stopped_at_a_limit(&self) -> bool {
        let status = self.body_status().or(self.status());
        if status.is_some_and(|status| status.is_server_error()) {
            return false;
        }
        let of_platform = |code: &ErrorCode| {
            code.as_str().starts_with("FUNCTION_") || code.as_str().starts_with("EXCEED_")
        };
        self.response().is_none()
            || self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
            || self.code().is_some_and(of_platform)
    }
}
