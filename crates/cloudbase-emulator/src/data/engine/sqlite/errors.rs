//! What SQLite rejects, in MySQL's words.

use rusqlite::ffi;
use rusqlite::{Error, ErrorCode};

use crate::data::error::{Cause, DataError};

/// The failure as MySQL would report it.
pub(super) fn translate(error: &Error) -> DataError {
    let Error::SqliteFailure(failure, message) = error else {
        return match error {
            Error::UserFunctionError(inner) => DataError::database(Cause::Other, inner.to_string()),
            Error::SqlInputError { msg, .. } => DataError::database(Cause::Other, msg.clone()),
            other => DataError::database(Cause::Other, other.to_string()),
        };
    };
    let message = message.as_deref().unwrap_or_default();
    let place = message.rsplit(": ").next().unwrap_or_default();
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE => {
            let key = place.split(", ").next().unwrap_or(place);
            DataError::database(Cause::Duplicate, format!("Duplicate entry for key '{key}'"))
        }
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            let table = place.split('.').next().unwrap_or(place);
            DataError::database(
                Cause::Duplicate,
                format!("Duplicate entry for key '{table}.PRIMARY'"),
            )
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER => DataError::database(
            Cause::ForeignKey,
            "Cannot add, update or delete a row: a foreign key constraint fails",
        ),
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            let column = place.rsplit('.').next().unwrap_or(place);
            DataError::database(Cause::Other, format!("Column '{column}' cannot be null"))
        }
        ffi::SQLITE_CONSTRAINT_CHECK => DataError::database(
            Cause::Other,
            format!("Check constraint '{place}' is violated."),
        ),
        ffi::SQLITE_INTERRUPT => {
            DataError::database(Cause::Timeout, "Query execution was interrupted")
        }
        _ => DataError::database(cause(failure.code), message.to_owned()),
    }
}

/// What is not the statement's fault.
fn cause(code: ErrorCode) -> Cause {
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Cause::Conflict,
        ErrorCode::OutOfMemory => Cause::Overload,
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly => Cause::Storage,
        _ => Cause::Other,
    }
}
