//! Error bodies of the object store.

use super::*;

fn read(body: &str) -> Error {
    parse(StatusCode::FORBIDDEN, &HeaderMap::new(), body.as_bytes())
}

#[test]
fn the_three_elements_are_found() {
    let error = read(
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>AccessDenied</Code>\n\
         <Message>a &lt;b&gt; &amp; &#x4f60;&bogus; &</Message><Resource>x</Resource>\
         <RequestId>NjM=</RequestId></Error>",
    );
    assert_eq!(error.code().unwrap(), "AccessDenied");
    assert_eq!(error.message(), "a <b> & 你&bogus; &");
    assert_eq!(error.request_id(), Some("NjM="));
    assert!(error.is_permission_denied());
}

#[test]
fn anything_else_is_named_by_its_status() {
    for body in [
        "",
        "<Error><Code>",
        "<Code/>",
        "no xml",
        "<Code></Code>",
        "<",
    ] {
        let error = read(body);
        assert_eq!(error.code(), None, "{body}");
        assert_eq!(error.message(), "Forbidden (from the object store)");
    }
}

#[test]
fn headers_fill_in() {
    let mut headers = HeaderMap::new();
    headers.insert("x-cos-request-id", "abc".parse().unwrap());
    headers.insert("location", "/there".parse().unwrap());
    let error = parse(StatusCode::FOUND, &headers, b"");
    assert_eq!(error.request_id(), Some("abc"));
    assert_eq!(error.details().unwrap()["location"], "/there");
}
