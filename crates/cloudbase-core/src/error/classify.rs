//! What a failure means: from a foreign error to ours, and from codes and statuses to predicates.

use std::error::Error as StdError;
use std::io;

use http::StatusCode;

use super::{Error, ErrorKind};
use crate::service::BoxError;

/// Finds our own error in whatever the tower stack returned, or makes one.
pub(super) fn from_boxed(error: BoxError) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(other) => other,
    };
    // Bodies and layers wrap: an error of ours further down knows best what happened.
    if let Some(io) = find::<io::Error>(&*error)
        && io.kind() == io::ErrorKind::TimedOut
    {
        return Error::new(ErrorKind::Timeout, "the operating system gave up waiting")
            .with_sent(true)
            .with_source(error);
    }
    if let Some(hyper) = find::<hyper::Error>(&*error) {
        let made = if hyper.is_user() && !hyper.is_body_write_aborted() {
            Error::new(ErrorKind::Body, "the request body failed").with_sent(true)
        } else if hyper.is_parse() || hyper.is_parse_status() {
            Error::new(ErrorKind::Decode, "the answer is not HTTP").with_sent(true)
        } else if hyper.is_canceled() {
            Error::new(
                ErrorKind::Reset,
                "the connection was closed before the request was sent",
            )
        } else {
            Error::new(ErrorKind::Reset, "the connection was lost").with_sent(true)
        };
        return made.with_source(error);
    }
    if find::<io::Error>(&*error).is_some() {
        return Error::new(ErrorKind::Reset, "the connection was lost")
            .with_sent(true)
            .with_source(error);
    }
    Error::new(ErrorKind::Middleware, "a layer or service failed")
        .with_sent(true)
        .with_source(error)
}

/// The first `T` in the chain of sources.
pub(crate) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        current = error.source();
    }
    None
}

pub(super) fn is_transient(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Connect | ErrorKind::Dns | ErrorKind::Reset | ErrorKind::Timeout => true,
        ErrorKind::Api => {
            if matches!(
                code(error),
                Some("EXCEED_REQUEST_LIMIT" | "unimplemented" | "data_loss")
            ) {
                return false; // a used-up quota does not come back by asking again
            }
            is_throttled(error)
                || matches!(status(error), 408 | 500 | 502 | 503 | 504)
                || matches!(
                    code(error),
                    Some(
                        "unavailable"
                            | "temporarily_unavailable"
                            | "deadline_exceeded"
                            | "aborted"
                            | "server_error"
                    )
                )
        }
        _ => false,
    }
}

pub(super) fn is_throttled(error: &Error) -> bool {
    status(error) == 429
        || matches!(
            code(error),
            Some(
                "EXCEED_RATELIMIT"
                    | "EXCEED_REQUEST_LIMIT"
                    | "EXCEED_CONCURRENT_REQUEST_LIMIT"
                    | "RequestLimitExceeded"
                    | "resource_exhausted"
                    | "SlowDown"
            )
        )
}

pub(super) fn is_not_found(error: &Error) -> bool {
    match code(error) {
        Some(
            "not_found"
            | "user_not_found"
            | "RESOURCE_NOT_FOUND"
            | "FUNCTION_NOT_FOUND"
            | "FUNCTION_QUALIFIER_NOT_FOUND"
            | "SERVICE_NOT_FOUND"
            | "SERVICE_VERSION_NOT_FOUND"
            | "OBJECT_NOT_EXIST"
            | "STORAGE_FILE_NONEXIST"
            | "STORAGE_NOT_EXIST"
            | "STORAGE_BUCKET_NOT_FOUND"
            | "DATABASE_COLLECTION_NOT_EXIST"
            | "DATASOURCE_NOT_EXIST"
            | "NoSuchKey"
            | "NoSuchBucket"
            | "42P01"
            | "PGRST116",
        ) => true,
        _ => status(error) == 404,
    }
}

pub(super) fn is_unauthenticated(error: &Error) -> bool {
    if error.kind() == ErrorKind::Credentials {
        // A renewal that failed for a passing reason does not ask for a new sign-in.
        return !error.is_transient();
    }
    match code(error) {
        Some(
            "unauthenticated"
            | "unauthorized"
            | "MISSING_CREDENTIALS"
            | "INVALID_CREDENTIALS"
            | "ACCESS_TOKEN_INVALID"
            | "INVALID_ACCESS_TOKEN"
            | "ACCESS_TOKEN_EXPIRED"
            | "ACCESS_TOKEN_KID_INVALID"
            | "AUTHENTICATION_FAILED"
            | "CHECK_LOGIN_FAILED"
            | "REFRESH_TOKEN_EXPIRED"
            | "INVALID_REFRESH_TOKEN"
            | "REFRESH_TOKEN_EXHAUSTED",
        ) => true,
        _ => status(error) == 401 && !is_permission_denied(error),
    }
}

pub(super) fn is_permission_denied(error: &Error) -> bool {
    match code(error) {
        Some(
            "permission_denied"
            | "access_denied"
            | "PERMISSION_DENIED"
            | "ACCESS_DENIED"
            | "ACTION_FORBIDDEN"
            | "EXCEED_AUTHORITY"
            | "STORAGE_EXCEED_AUTHORITY"
            | "STORAGE_PERMISSION_DENIED"
            | "FUNCTIONS_PERMISSION_DENIED"
            | "SERVICE_FORBIDDEN"
            | "DATABASE_PERMISSION_DENIED"
            | "AccessDenied"
            | "42501",
        ) => true,
        _ => status(error) == 403,
    }
}

pub(super) fn is_conflict(error: &Error) -> bool {
    match code(error) {
        Some(
            "already_exists"
            | "OBJECT_ALREADY_EXIST"
            | "DATABASE_DUPLICATE_WRITE"
            | "DATABASE_COLLECTION_ALREADY_EXIST"
            | "DATABASE_TRANSACTION_CONFLICT"
            | "FileAlreadyExists"
            | "PreconditionFailed"
            | "23505",
        ) => true,
        _ => matches!(status(error), 409 | 412),
    }
}

fn code(error: &Error) -> Option<&str> {
    error.code().map(super::ErrorCode::as_str)
}

fn status(error: &Error) -> u16 {
    error
        .status()
        .map_or(0, |status: StatusCode| status.as_u16())
}
