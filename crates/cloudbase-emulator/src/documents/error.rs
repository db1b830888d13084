//! What the document database rejects, with the codes that its API documents.

use http::StatusCode;

use super::engine::Rejection;
use crate::error::GatewayError;

/// A rejected request: status, code and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentError {
    status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

pub(super) type Result<T, E = DocumentError> = std::result::Result<T, E>;

impl DocumentError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAM", message)
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "DATABASE_PERMISSION_DENIED",
            message,
        )
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        // The service spells it so.
        Self::new(StatusCode::FORBIDDEN, "DATABASE_INVALID_OPERRATOR", message)
    }

    pub(super) fn no_collection(name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "DATABASE_COLLECTION_NOT_EXIST",
            format!("there is no collection `{name}`; create it first"),
        )
    }

    pub(super) fn collection_exists(name: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "DATABASE_COLLECTION_ALREADY_EXIST",
            format!("there is a collection `{name}` already"),
        )
    }

    pub(super) fn no_document() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "DOCUMENT_NOT_FOUND",
            "there is no such document, or none that the caller may see",
        )
    }

    pub(super) fn duplicate(collection: &str, index: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "DATABASE_DUPLICATE_WRITE",
            format!("E11000 duplicate key error collection: {collection} index: {index}"),
        )
    }

    pub(super) fn conflict() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "DATABASE_TRANSACTION_CONFLICT",
            "WriteConflict: a document was written by another transaction or call since this transaction began; run the \
             whole transaction again",
        )
    }

    pub(super) fn no_transaction(why: &str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "DATABASE_TRANSACTION_FAIL",
            why,
        )
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "DATABASE_REQUEST_FAILED",
            message,
        )
    }
}

impl From<Rejection> for DocumentError {
    fn from(rejection: Rejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.code, rejection.message)
    }
}

impl From<rusqlite::Error> for DocumentError {
    fn from(error: rusqlite::Error) -> Self {
        Self::failed(format!("SQLite: {error}"))
    }
}

impl From<bson::error::Error> for DocumentError {
    fn from(error: bson::error::Error) -> Self {
        Self::failed(format!("BSON: {error}"))
    }
}

impl From<DocumentError> for GatewayError {
    fn from(error: DocumentError) -> Self {
        Self::new(error.status, error.code, error.message)
    }
}
