//! Errors of the data-model interface, which travel in a 200.

use crate::data::error::{Cause, DataError};

/// `{code, message}`
#[derive(Debug, Clone)]
pub(super) struct ModelError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ModelError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A parameter of the wrong shape.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::new("INVALID_PARAMETER", message)
    }

    /// A parameter of the right shape with a value that cannot be.
    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::new("INVALID_PARAMETER_VALUE", message)
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::new("MISSING_PARAMETER", format!("{name} is missing"))
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new("UNSUPPORTED_OPERATION", message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new("UNAUTHORIZED_OPERATION", message)
    }

    pub(super) fn no_source(name: &str) -> Self {
        Self::new(
            "DATASOURCE_NOT_EXIST",
            format!("data source {name} not found"),
        )
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new("RESOURCE_NOT_FOUND", message)
    }

    pub(super) fn timeout(seconds: u64) -> Self {
        Self::new(
            "OPERATION_TIMEOUT",
            format!("the statement took longer than {seconds} s"),
        )
    }
}

impl From<DataError> for ModelError {
    fn from(error: DataError) -> Self {
        let code = match (error.code, error.cause) {
            ("PERMISSION_DENIED", _) => "DATA_SOURCE_OP_AUTH_FAILURE",
            ("RESOURCE_NOT_FOUND", _) => "TABLE_NOT_EXIST",
            ("INVALID_PARAM" | "DATABASE_INVALID_OPERRATOR", _) => "INVALID_PARAMETER",
            (_, Some(Cause::Timeout)) => "OPERATION_TIMEOUT",
            (_, Some(Cause::Conflict)) => "RESOURCE_IN_USE",
            ("OPERATION_FAILED" | "RESOURCE_UNAVAILABLE", _) => "RESOURCE_UNAVAILABLE",
            _ => "FAILED_OPERATION",
        };
        Self::new(code, error.message)
    }
}
