//! What a failure means: from a foreign error to ours, and from codes and statuses to predicates.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;

use super::text::{REDACTED, redacted};
use super::{Error, ErrorKind};
use crate::error::BoxError;

/// Finds our own error in whatever the tower stack returned, or makes one.
pub(super) fn from_boxed(error: BoxError) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(other) => other,
    };
    if is_elapsed(&*error) {
        let message = format!("the time limit of a layer was reached: {error}");
        return Error::new(ErrorKind::Timeout, foreign(&message))
            .with_sent(true)
            .with_source(error);
    }
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
            Error::new(ErrorKind::Decode, "the response is not HTTP").with_sent(true)
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
    // The words of other people's code may repeat what was sent.
    let message = format!("a layer or service failed: {error}");
    Error::new(ErrorKind::Middleware, foreign(&message))
        .with_sent(true)
        .with_source(error)
}

/// Other people's words without tokens and without the queries of URLs, which may be signed.
pub(super) fn foreign(text: &str) -> String {
    let text = redacted(text);
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let query = word
            .find("://")
            .and_then(|at| Some(at + word[at..].find('?')?));
        let Some(query) = query else {
            return Cow::Borrowed(word);
        };
        let (shown, hidden) = word.split_at(query);
        let rest = hidden.trim_start_matches(|c: char| !c.is_whitespace() && !")\">".contains(c));
        Cow::Owned(format!("{shown}?{REDACTED}{rest}"))
    });
    words.collect()
}

/// Whether it is the error of tower's `TimeoutLayer`, or of the runtime's `timeout`.
fn is_elapsed(error: &(dyn StdError + 'static)) -> bool {
    find::<tower::timeout::error::Elapsed>(error).is_some()
        || find::<tokio::time::error::Elapsed>(error).is_some()
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
        // The source of an I/O error is that of the error it was made of, which itself is passed over.
        let made_of = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        current = match made_of {
            Some(made_of) => Some(made_of),
            None => error.source(),
        };
    }
    None
}

pub(super) fn is_transient(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Connect | ErrorKind::Dns | ErrorKind::Reset | ErrorKind::Timeout => true,
        ErrorKind::Api => {
            // A used-up quota, or what the service says is final, is not mended by asking again.
            if matches!(
                code(error),
                Some(
                    "EXCEED_REQUEST_LIMIT"
                        | "DATABASE_TRANSACTION_FAIL"
                        // The transaction as a whole may be tried again, not the call within it.
                        | "DATABASE_TRANSACTION_CONFLICT"
                        | "unimplemented"
                        | "data_loss"
                )
            ) {
                return false;
            }
            if is_duplicate_document(error) {
                return false;
            }
            is_throttled(error)
                || is_transient_status(status(error))
                || matches!(
                    code(error),
                    Some(
                        "unavailable"
                            | "temporarily_unavailable"
                            | "deadline_exceeded"
                            | "aborted"
                            | "server_error"
                            // Data models say these with status 200.
                            | "OPERATION_TIMEOUT"
                            | "RESOURCE_UNAVAILABLE"
                            | "FLEXDB_REQUEST_TIMEOUT"
                            // The status of these is not documented.
                            | "SERVICE_TIMEOUT"
                            | "SERVICE_NOT_READY"
                    )
                )
        }
        _ => false,
    }
}

/// Whether a status is passing by itself. Those that nobody has registered are what content networks put
/// in place of a 500 (RFC 9110, 15: an unrecognised status counts as the x00 of its class).
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 503 | 504)
        || matches!(status, 509 | 520..=530 | 566 | 598 | 599)
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
                    | "REQUEST_LIMIT_EXCEEDED"
                    | "FLEXDB_READ_LIMIT"
                    | "FLEXDB_WRITE_LIMIT"
                    | "FUNCTION_EXCEED_RESOURCE_LIMIT"
                    | "TOO_MANY_REQUESTS"
                    | "resource_exhausted"
                    | "rate_limit_exceeded"
                    | "SlowDown"
            )
        )
}

pub(super) fn is_not_found(error: &Error) -> bool {
    match code(error) {
        Some(
            "not_found"
            | "user_not_found"
            | "provider_not_found"
            | "RESOURCE_NOT_FOUND"
            | "FUNCTION_NOT_FOUND"
            | "FUNCTION_QUALIFIER_NOT_FOUND"
            | "SERVICE_NOT_FOUND"
            | "SERVICE_VERSION_NOT_FOUND"
            | "SERVICE_ENDPOINT_NOT_FOUND"
            | "SERVICE_RESOURCE_NOT_FOUND"
            | "OBJECT_NOT_EXIST"
            | "STORAGE_FILE_NONEXIST"
            | "STORAGE_NOT_EXIST"
            | "STORAGE_BUCKET_NOT_FOUND"
            | "DATABASE_COLLECTION_NOT_EXIST"
            | "DOCUMENT_NOT_FOUND"
            | "DATASOURCE_NOT_EXIST"
            | "TABLE_NOT_EXIST"
            | "NO_SUCH_VERSION"
            | "NoSuchKey"
            | "NoSuchBucket"
            | "42P01",
        ) => true,
        // One row was asked for: was there none, or were there several?
        Some("PGRST116") => says_no_rows(error).unwrap_or(true),
        Some("INVALID_REQUEST") if status(error) == 406 => says_no_rows(error).unwrap_or(false),
        _ => status(error) == 404,
    }
}

/// Whether the details count no rows, where they count any: `The result contains 0 rows`.
fn says_no_rows(error: &Error) -> Option<bool> {
    let details = error.details()?;
    let text = details
        .as_str()
        .or_else(|| details.get("details")?.as_str())?;
    let (before, _) = text.split_once(" rows")?;
    Some(before.rsplit(' ').next() == Some("0"))
}

pub(super) fn is_unauthenticated(error: &Error) -> bool {
    match error.kind() {
        // A refresh that failed for a passing reason does not ask for a new sign-in.
        ErrorKind::Credentials => return !error.is_transient(),
        ErrorKind::Config => return false,
        _ => {}
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
            | "AUTHENTICATION_FAILED"
            | "AUTH_FAILURE_TOKEN_FAILURE"
            | "CHECK_LOGIN_FAILED"
            | "REFRESH_TOKEN_EXPIRED"
            | "INVALID_REFRESH_TOKEN"
            | "REFRESH_TOKEN_EXHAUSTED",
        ) => true,
        // Another password is needed, not another sign-in.
        Some(
            "invalid_password"
            | "wrong_password"
            | "invalid_username_or_password"
            | "invalid_credentials",
        ) => false,
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
            | "REQUEST_FORBIDDEN"
            | "EXCEED_AUTHORITY"
            | "STORAGE_EXCEED_AUTHORITY"
            | "STORAGE_PERMISSION_DENIED"
            | "FUNCTIONS_PERMISSION_DENIED"
            | "SERVICE_FORBIDDEN"
            | "DATABASE_PERMISSION_DENIED"
            | "DATA_SOURCE_OP_AUTH_FAILURE"
            | "AUTH_FAILURE"
            | "UNAUTHORIZED_OPERATION"
            | "OPERATION_DENIED"
            | "AccessDenied"
            | "42501",
        ) => true,
        // These come with 403, and say that something else is in the way.
        Some(
            "OBJECT_BATCH_TOO_LARGE"
            | "DATABASE_INVALID_OPERRATOR"
            | "DEFAULT_DOMAIN_EXPIRED"
            | "SignatureDoesNotMatch"
            | "RequestTimeTooSkewed"
            | "invalid_status"
            | "user_pending"
            | "user_blocked"
            | "under_review"
            | "mfa_phone_required"
            | "login_type_disabled"
            | "unauthorized_client",
        ) => false,
        _ => status(error) == 403,
    }
}

pub(super) fn is_conflict(error: &Error) -> bool {
    match code(error) {
        Some(
            "already_exists"
            | "username_already_exists"
            | "email_already_exists"
            | "phone_already_exists"
            | "phone_number_already_exists"
            | "contact_already_exists"
            | "OBJECT_ALREADY_EXIST"
            | "DATABASE_DUPLICATE_WRITE"
            | "DATABASE_COLLECTION_ALREADY_EXIST"
            | "DATABASE_TRANSACTION_CONFLICT"
            | "FileAlreadyExists"
            | "PreconditionFailed"
            | "RESOURCE_IN_USE"
            | "23505",
        ) => true,
        // MySQL has no code of its own for this on the wire, only its server's message.
        Some("INVALID_REQUEST" | "FAILED_OPERATION") => error.message().contains("Duplicate entry"),
        Some("DATABASE_REQUEST_FAILED") => is_duplicate_document(error),
        // What could not be done was to send a message, for one.
        Some("aborted") => false,
        _ => matches!(status(error), 409 | 412),
    }
}

/// A duplicate in the words of the database, which the service reports as its failure.
fn is_duplicate_document(error: &Error) -> bool {
    code(error) == Some("DATABASE_REQUEST_FAILED") && error.message().contains("E11000")
}

fn code(error: &Error) -> Option<&str> {
    error.code().map(super::ErrorCode::as_str)
}

fn status(error: &Error) -> u16 {
    let status = error.body_status().or(error.status());
    status.map_or(0, |status| status.as_u16())
}

#[cfg(test)]
mod tests;
