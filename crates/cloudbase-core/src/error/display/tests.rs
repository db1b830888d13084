//! Errors in one line.

use super::*;

/// The same state in the same words, wherever it is found, and the call behind it.
#[test]
fn what_was_not_sent_is_named_before_its_call() {
    let cases = [
        (ErrorKind::Argument, "invalid argument: m"),
        (ErrorKind::Config, "invalid configuration: m"),
        (ErrorKind::Credentials, "no usable credential: m"),
    ];
    for (kind, text) in cases {
        let error = Error::new(kind, "m");
        assert_eq!(error.to_string(), text);
        let error = error.with_operation("things.get");
        assert_eq!(error.to_string(), format!("{text} (things.get)"));
        let error = error.or_request_id(Some("id"));
        assert_eq!(
            error.to_string(),
            format!("{text} (things.get, request id id)")
        );
        let sent = error.with_sent(true);
        assert_eq!(sent.to_string(), "things.get failed: m (request id id)");
    }
    let rejected = Error::new(ErrorKind::Api, "m");
    assert_eq!(rejected.to_string(), "request rejected: m");
}
