//! Paths and queries are encoded, and names that would leave their place are rejected.

use super::*;

#[test]
fn every_byte_that_is_not_unreserved_is_encoded() {
    let uri = PathBuilder::new("/v1")
        .segment("name", "ä/?#%+ ")
        .unwrap()
        .query("k&", "=\u{1F600}\0");
    assert_eq!(
        uri.build().unwrap(),
        "/v1/%C3%A4%2F%3F%23%25%2B%20?k%26=%3D%F0%9F%98%80%00"
    );
}

#[test]
fn dots_and_controls_are_rejected_by_name() {
    for bad in ["", ".", "..", "a\nb", "a\0", "\u{7f}"] {
        let error = PathBuilder::new("/v1")
            .segment("function name", bad)
            .unwrap_err();
        assert!(
            error.message().starts_with("`function name` must not"),
            "{error}"
        );
    }
    assert!(PathBuilder::new("/v1").path("path", "a/../b").is_err());
    let long = PathBuilder::new("/v1").query("q", &"x".repeat(1 << 16));
    assert_eq!(
        long.build().unwrap_err().message(),
        "`url` must not be longer than HTTP carries (64 KiB)"
    );
    assert_eq!(
        PathBuilder::new("/v1")
            .path("path", "/a//b/")
            .unwrap()
            .build()
            .unwrap(),
        "/v1/a//b/"
    );
}
