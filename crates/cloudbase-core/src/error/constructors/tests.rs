//! Errors that users make.

use std::error::Error as _;

use super::*;

#[test]
fn an_error_of_the_users_code_keeps_its_words_and_itself() {
    fn load() -> crate::Result<String> {
        Ok(std::fs::read_to_string("/nonexistent/session")?)
    }
    let error = load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert!(error.message().contains("No such file"), "{error}");
    assert!(error.source().unwrap().is::<io::Error>());
    assert!(!error.is_transient() && !error.is_retryable());

    let parsed = "x".parse::<u8>().map_err(Error::other).unwrap_err();
    assert!(parsed.source().unwrap().is::<std::num::ParseIntError>());
}

#[test]
fn a_failure_of_the_network_in_the_users_code_passes() {
    let lost = Error::from(io::Error::from(io::ErrorKind::ConnectionReset));
    assert!(lost.is_transient() && lost.is_retryable());
    let own = Error::other("the phone is locked").with_transient(true);
    assert!(own.is_retryable());
}

#[test]
fn an_error_of_ours_comes_back_as_it_is() {
    let ours = || Error::new(ErrorKind::Credentials, "over").with_request_id("r");
    for error in [Error::other(ours()), io::Error::other(ours()).into()] {
        assert_eq!(error.to_string(), ours().to_string());
    }
}

#[test]
fn secrets_in_the_words_of_the_users_code_are_not_repeated() {
    let error = Error::other("GET https://h.example/t?sign=s3cret failed");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}
