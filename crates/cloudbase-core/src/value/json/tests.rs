//! JSON as other languages write it.

use serde_json::{Value, json};

use super::*;

fn read(text: &[u8]) -> Option<Value> {
    from_slice(text).ok()
}

#[test]
fn one_leading_byte_order_mark_is_skipped() {
    assert_eq!(read(b"\xEF\xBB\xBF{\"a\":1}"), Some(json!({ "a": 1 })));
    assert_eq!(
        read(b"\xEF\xBB\xBF \n[\"\\udc00\"]"),
        Some(json!(["\u{fffd}"]))
    );
    assert_eq!(read(b"\xEF\xBB\xBF\xEF\xBB\xBF1"), None);
    assert_eq!(read(b"\xEF\xBB\xBF"), None);
    assert_eq!(read(b"[\xEF\xBB\xBF1]"), None);
    // Within a string it is a character like any other.
    assert_eq!(read("\"\u{feff}\"".as_bytes()), Some(json!("\u{feff}")));
}

#[test]
fn half_a_surrogate_pair_is_the_replacement_character() {
    for (text, expected) in [
        (r#""cut \ud83d""#, "cut \u{fffd}"),
        (r#""\uD83Dx""#, "\u{fffd}x"),
        (r#""\ude00 cut""#, "\u{fffd} cut"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\\ud83d \ud83d\ude00 \ud800""#, r"\ud83d 😀 �"),
        (r#""\\\udfff""#, "\\\u{fffd}"),
    ] {
        assert_eq!(read(text.as_bytes()), Some(json!(expected)), "{text}");
    }
    assert_eq!(
        read(br#"{"\ud83d":["\ud83d"]}"#),
        Some(json!({ "\u{fffd}": ["\u{fffd}"] }))
    );
}

#[test]
fn what_is_no_json_stays_none() {
    for text in [
        r#""\ud83d"#,
        r#""\ud83"#,
        r#""\u+123""#,
        r#"["\ud83d",]"#,
        r"\",
        r"\u",
        r#""\ud83d\"#,
    ] {
        assert_eq!(read(text.as_bytes()), None, "{text}");
    }
    assert_eq!(read(b"\"\xff\""), None);
    assert!(repaired(br#"{"a":"\ud83d\ude00 \\ \u00e4"}"#).is_none());
}
