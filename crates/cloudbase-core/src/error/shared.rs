//! One failure for several callers: an error cannot be cloned, but all that it says can.

use std::fmt;
use std::sync::Arc;

use super::{Error, ErrorKind, Inner};

#[doc(hidden)]
impl Error {
    /// The same failure for one more caller: everything that is known of it, and its source.
    #[must_use]
    pub fn share(error: &Arc<Self>) -> Self {
        let inner = &*error.inner;
        let source = inner.source.is_some().then(|| SourceOf(error.clone()));
        Self {
            inner: Box::new(Inner {
                kind: inner.kind,
                operation: inner.operation,
                message: inner.message.clone(),
                status: inner.status,
                body_status: inner.body_status,
                code: inner.code.clone(),
                error_code: inner.error_code,
                details: inner.details.clone(),
                response: inner.response.clone(),
                request_id: inner.request_id.clone(),
                retry_after: inner.retry_after,
                attempts: inner.attempts,
                sent: inner.sent,
                retryable: inner.retryable,
                transient: inner.transient,
                phase: inner.phase,
                source: source.map(Into::into),
            }),
        }
    }

    /// A failure of `kind` because of another one: what that says, after `what` failed. Nothing of
    /// the call that it is for was sent.
    #[must_use]
    pub fn because_of(kind: ErrorKind, what: &str, cause: &Arc<Self>) -> Self {
        let said = &cause.inner;
        let mut error = Self::share(cause).with_sent(false);
        error.inner.kind = kind;
        error.inner.operation = "";
        error.inner.attempts = 0;
        error.inner.phase = None;
        error.inner.response = None;
        error.inner.transient = Some(cause.is_transient() || cause.is_connect());
        error.inner.retryable = None;
        error.inner.source = Some(Shared(cause.clone()).into());
        error.inner.message = match said.kind {
            // The code says it, and stands in front.
            ErrorKind::Api | ErrorKind::Credentials => format!("{what}: {}", said.message).into(),
            kind => format!("{what}: {}: {}", kind.describe(), said.message).into(),
        };
        error
    }
}

/// An error that several others have for their source.
#[derive(Debug)]
struct Shared(Arc<Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}

/// The source of an error that several others repeat.
struct SourceOf(Arc<Error>);

impl SourceOf {
    fn get(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}

impl fmt::Display for SourceOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get()
            .map_or(Ok(()), |source| fmt::Display::fmt(source, f))
    }
}

impl fmt::Debug for SourceOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get()
            .map_or(Ok(()), |source| fmt::Debug::fmt(source, f))
    }
}

impl std::error::Error for SourceOf {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.get()?.source()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::*;

    fn failure() -> Arc<Error> {
        let error = Error::api(
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("internal".into()),
            "broken",
        );
        let error = error
            .with_error_code(13)
            .with_details(serde_json::json!({ "a": 1 }))
            .with_request_id("X")
            .with_retry_after(Some(Duration::from_secs(7)))
            .with_attempts(2)
            .with_operation("auth.refresh_session")
            .with_source(std::io::Error::other("why"));
        Arc::new(error.settle(true))
    }

    /// All that an error says, but for what it is an error of.
    fn said(error: &Error) -> impl PartialEq + fmt::Debug {
        (
            error.code().cloned(),
            error.error_code(),
            error.details().cloned(),
            error.status(),
            error.request_id().map(str::to_owned),
            error.retry_after(),
            error.is_retryable(),
        )
    }

    #[test]
    fn a_shared_error_says_all_that_the_first_one_says() {
        let first = failure();
        let copy = Error::share(&first);
        assert_eq!(said(&copy), said(&first));
        assert_eq!(copy.to_string(), first.to_string());
        assert_eq!(
            (copy.kind(), copy.attempts(), copy.was_sent()),
            (ErrorKind::Api, 2, true)
        );
        assert_eq!(std::error::Error::source(&copy).unwrap().to_string(), "why");
    }

    #[test]
    fn what_fails_because_of_another_call_names_code_status_and_id_once() {
        let first = failure();
        let error = Error::because_of(ErrorKind::Credentials, "not refreshed", &first);
        assert_eq!(said(&error), said(&first));
        assert_eq!(
            error.to_string(),
            "no usable credential: internal: not refreshed: broken (500, request id X)"
        );
        assert_eq!((error.attempts(), error.was_sent()), (0, false));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), first.to_string());
    }
}
