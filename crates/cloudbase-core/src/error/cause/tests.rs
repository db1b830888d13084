//! Clones of errors, and errors that follow from those of other calls.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::*;

fn failure() -> Error {
    let error = Error::api(
        StatusCode::INTERNAL_SERVER_ERROR,
        Some("internal".into()),
        "broken",
    );
    let error = error
        .with_numeric_code(13)
        .with_details(serde_json::json!({ "a": 1 }))
        .with_request_id("X")
        .with_retry_after(Duration::from_secs(7))
        .with_attempts(2)
        .with_operation("auth.refresh_session")
        .with_source(std::io::Error::other("why"));
    error.settle(true)
}

/// All that an error says, but for what it is an error of.
fn said(error: &Error) -> impl PartialEq + fmt::Debug {
    (
        error.code().cloned(),
        error.numeric_code(),
        error.details().cloned(),
        error.status(),
        error.request_id().map(str::to_owned),
        error.retry_after(),
        error.is_retryable(),
    )
}

#[test]
fn a_clone_says_all_that_the_error_says() {
    let first = failure();
    let copy = first.clone();
    assert_eq!(said(&copy), said(&first));
    assert_eq!(copy.to_string(), first.to_string());
    assert_eq!(
        (copy.kind(), copy.attempts(), copy.was_sent()),
        (ErrorKind::Api, 2, true)
    );
    let source = std::error::Error::source(&copy).unwrap();
    assert_eq!(source.to_string(), "why");
    assert!(source.is::<std::io::Error>());
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
