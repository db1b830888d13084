//! How a function fails.

use http::StatusCode;

use crate::error::GatewayError;

/// The failure of a function written as a closure.
///
/// Made from any error or text with `?`, it becomes `FUNCTION_INVOCATION_FAILED`.
#[derive(Debug)]
pub struct FunctionError {
    code: String,
    message: String,
}

impl FunctionError {
    /// A failure with one of the platform's codes, such as `FUNCTION_MEMORY_LIMIT_EXCEEDED`.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new("FUNCTION_INVOCATION_FAILED", message)
    }
}

impl<E> From<E> for FunctionError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn from(error: E) -> Self {
        Self::failed(error.into().to_string())
    }
}

impl From<FunctionError> for GatewayError {
    fn from(error: FunctionError) -> Self {
        Self::new(status(&error.code), error.code, error.message)
    }
}

/// The status that goes with a code. The documentation shows 400 for a failed function and groups
/// the others by meaning.
fn status(code: &str) -> StatusCode {
    match code {
        "FUNCTION_NOT_FOUND" | "FUNCTION_QUALIFIER_NOT_FOUND" => StatusCode::NOT_FOUND,
        "FUNCTION_EXCEED_RESOURCE_LIMIT" => StatusCode::TOO_MANY_REQUESTS,
        "EXCEED_AUTHORITY" | "FUNCTIONS_PERMISSION_DENIED" | "ACTION_FORBIDDEN" => {
            StatusCode::FORBIDDEN
        }
        "EXCEED_MAX_PAYLOAD_SIZE" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_status() {
        for (code, status) in [
            ("FUNCTION_INVOCATION_FAILED", 400),
            ("FUNCTION_NOT_FOUND", 404),
            ("FUNCTION_EXCEED_RESOURCE_LIMIT", 429),
            ("FUNCTIONS_PERMISSION_DENIED", 403),
            ("EXCEED_MAX_PAYLOAD_SIZE", 413),
        ] {
            let error = GatewayError::from(FunctionError::new(code, "m"));
            assert_eq!(error.status().as_u16(), status, "{code}");
        }
    }
}
