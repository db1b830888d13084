//! Encoding and decoding are each other's reverse.

use super::*;

#[test]
fn every_text_survives_encoding_and_decoding() {
    for text in ["", "plain-._~09", "a b/?#%+&=", "ä你\u{1F600}", "\0\u{7f}"] {
        let encoded = encode_component(text);
        assert!(
            encoded
                .bytes()
                .all(|byte| byte == b'%' || is_unreserved(byte))
        );
        assert_eq!(percent_decode(&encoded), text.as_bytes());
    }
    assert_eq!(encode_component("ä/?#%+ "), "%C3%A4%2F%3F%23%25%2B%20");
}

#[test]
fn what_is_no_escape_stays() {
    for (text, decoded) in [
        ("%", "%"),
        ("%4", "%4"),
        ("%zz%41", "%zzA"),
        ("%+1%é", "%+1%é"),
        ("%%41%e4%BD%a0+", "%A你+"),
    ] {
        assert_eq!(percent_decode(text), decoded.as_bytes(), "{text}");
    }
}
