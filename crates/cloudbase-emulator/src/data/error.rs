//! Failures of the data side and how each of its interfaces shows them on the wire.

use std::fmt;
use std::time::Duration;

/// A failure of the data side: what the gateway would respond, with its status and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataError {
    /// HTTP status on the MySQL REST interface.
    pub(crate) status: u16,
    /// The gateway's `code`.
    pub(crate) code: &'static str,
    /// What happened, naming the argument and the rule.
    pub(crate) message: String,
    /// PostgREST's `details`, which the official JavaScript builder reads on 406.
    pub(crate) details: Option<String>,
    /// Why the database rejected the statement, if it was the database.
    pub(crate) cause: Option<Cause>,
}

/// Why a database rejected a statement, by kind for the data-model interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A unique key already holds the value.
    Duplicate,
    /// A foreign key points at nothing, or something points here.
    ForeignKey,
    /// The statement took longer than it was given.
    Timeout,
    /// Another transaction was in the way; the same statement may pass the next time.
    Conflict,
    /// The server takes no more at present.
    Overload,
    /// The server went away in the middle.
    Unreachable,
    /// The database cannot store or read what it should.
    Storage,
    /// Anything else that the database said.
    Other,
}

impl DataError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: None,
            cause: None,
        }
    }

    /// The same, said of a place: a table or a column.
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// A query parameter or header that cannot be read.
    pub(crate) fn invalid_param(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_PARAM", message)
    }

    /// A request that can be read but not carried out.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_REQUEST", message)
    }

    /// An operator that this interface does not have. The spelling is the service's own.
    pub(crate) fn invalid_operator(message: impl Into<String>) -> Self {
        Self::new(400, "DATABASE_INVALID_OPERRATOR", message)
    }

    /// One object was asked for and `rows` were found.
    pub(crate) fn not_single(rows: usize) -> Self {
        let mut error = Self::new(
            406,
            "INVALID_REQUEST",
            "JSON object requested, multiple (or no) rows returned",
        );
        error.details = Some(format!("The result contains {rows} rows"));
        error
    }

    /// A format of response that does not exist.
    pub(crate) fn not_acceptable(kind: &str) -> Self {
        let message = format!("responses of type {kind} exist on PostgreSQL only");
        Self::new(406, "INVALID_REQUEST", message)
    }

    /// The caller could not be matched with anybody who may do this.
    pub(crate) fn not_identified(message: impl Into<String>) -> Self {
        Self::new(401, "PERMISSION_DENIED", message)
    }

    /// The caller is known and may not do this.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "PERMISSION_DENIED", message)
    }

    /// Instance, database or table is missing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "RESOURCE_NOT_FOUND", message)
    }

    /// The database could not be reached.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(503, "OPERATION_FAILED", message)
    }

    /// A fault of the emulator itself.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "SYS_ERR", message)
    }

    /// The database ended a statement with an error. A failed statement is the caller's affair (400);
    /// what would pass at another time is not, and has the status and code that clients repeat.
    pub(crate) fn database(cause: Cause, message: impl Into<String>) -> Self {
        let (status, code) = match cause {
            Cause::Duplicate | Cause::ForeignKey | Cause::Other => (400, "INVALID_REQUEST"),
            Cause::Timeout => (504, "DATABASE_TIMEOUT"),
            Cause::Conflict => (503, "DATABASE_TRANSACTION_CONFLICT"),
            Cause::Overload => (503, "RESOURCE_UNAVAILABLE"),
            Cause::Unreachable => (503, "OPERATION_FAILED"),
            Cause::Storage => (500, "DATABASE_REQUEST_FAILED"),
        };
        let mut error = Self::new(status, code, message);
        error.cause = Some(cause);
        error
    }

    /// A statement that took longer than `limit`.
    pub(crate) fn timeout(limit: Duration) -> Self {
        Self::database(
            Cause::Timeout,
            format!("the statement took longer than {limit:?}"),
        )
    }

    /// Something MySQL does and the embedded engine cannot do truthfully.
    pub(crate) fn not_on_sqlite(what: impl fmt::Display) -> Self {
        Self::invalid_request(format!(
            "{what} is not available on the emulator's embedded engine; \
             start it on a real database with --mysql mysql://…"
        ))
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for DataError {}

impl From<DataError> for crate::error::GatewayError {
    fn from(error: DataError) -> Self {
        let status = http::StatusCode::from_u16(error.status)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let mut message = error.message;
        if !message.ends_with(['.', '!', '?']) {
            message.push('.');
        }
        let gateway = Self::new(status, error.code, message);
        match error.details {
            Some(details) => gateway.with("details", details),
            None => gateway,
        }
    }
}
