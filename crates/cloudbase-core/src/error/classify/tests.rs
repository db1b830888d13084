//! Which errors may be retried, and what kind an error is.

use http::StatusCode;
use serde_json::json;

use super::*;

fn api(status: u16, code: &'static str, message: &'static str) -> Error {
    let status = StatusCode::from_u16(status).unwrap();
    Error::api(status, Some(code.into()), message)
}

#[test]
fn one_row_of_none_is_not_found_and_of_several_is_not() {
    for (status, code) in [(406, "INVALID_REQUEST"), (406, "PGRST116")] {
        let error = |details: &str| api(status, code, "").with_details(json!(details));
        assert!(error("The result contains 0 rows").is_not_found());
        assert!(error("0 rows").is_not_found());
        assert!(!error("The result contains 10 rows").is_not_found());
    }
    let with_hint = json!({"details": "The result contains 0 rows", "hint": "none"});
    assert!(
        api(406, "PGRST116", "")
            .with_details(with_hint)
            .is_not_found()
    );
    assert!(!api(406, "INVALID_REQUEST", "").is_not_found());
    assert!(!api(400, "INVALID_REQUEST", "").is_not_found());
}

#[test]
fn a_duplicate_is_a_conflict_in_every_family() {
    for (status, code) in [(400, "INVALID_REQUEST"), (200, "FAILED_OPERATION")] {
        assert!(api(status, code, "Duplicate entry 'a' for key 'PRIMARY'").is_conflict());
        assert!(!api(status, code, "UPDATE requires a WHERE clause").is_conflict());
    }
    assert!(api(409, "23505", "").is_conflict());
}

#[test]
fn failures_of_models_are_distinguished_by_code() {
    assert!(api(200, "DATASOURCE_NOT_EXIST", "").is_not_found());
    assert!(api(200, "TABLE_NOT_EXIST", "").is_not_found());
    assert!(api(200, "DATA_SOURCE_OP_AUTH_FAILURE", "").is_permission_denied());
    assert!(api(200, "UNAUTHORIZED_OPERATION", "").is_permission_denied());
    assert!(api(200, "AUTH_FAILURE_TOKEN_FAILURE", "").is_unauthenticated());
    assert!(api(200, "REQUEST_LIMIT_EXCEEDED", "").is_throttled());
    assert!(api(200, "OPERATION_TIMEOUT", "").is_transient());
    let denied = api(401, "PERMISSION_DENIED", "");
    assert!(denied.is_permission_denied() && !denied.is_unauthenticated());
}
