//! How large bodies are.

use super::*;

/// Up to 256 bytes are copied without a loop, and a call copies its request twenty times.
#[test]
#[cfg(target_pointer_width = "64")]
fn a_request_is_small() {
    assert!(size_of::<http::Request<Body>>() <= 256);
}
