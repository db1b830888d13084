//! Texts of the service in error messages.

use super::*;

#[test]
fn one_line_and_nothing_that_a_terminal_obeys() {
    let shown = |text| Shown(text, 40).to_string();
    assert_eq!(shown("a\r\nB: c\u{1b}[31m\0"), r"a\r\nB: c\u{1b}[31m\u{0}");
    assert_eq!(shown("\u{85}\u{9b}\u{7f}"), r"\u{85}\u{9b}\u{7f}");
    assert_eq!(
        shown("\u{2028}\u{202e}\u{2066}"),
        r"\u{2028}\u{202e}\u{2066}"
    );
    assert_eq!(shown("größer 你好 😀\u{fffd}"), "größer 你好 😀\u{fffd}");
    assert_eq!(Shown("abc", 2).to_string(), "ab…");
    assert_eq!(Shown("äbc", 3).to_string(), "äbc");
}

#[test]
fn tokens_are_taken_out() {
    for (text, expected) in [
        ("no token here: 12", "no token here: 12"),
        ("bad eyJhbGciOi.J9.c2ln-_x", "bad [redacted]"),
        ("?token=eyJhbGciOiJSUzI1NiJ9&x=1", "?token=[redacted]&x=1"),
        (
            "\"Bearer opaque~key.1\" is bad",
            "\"Bearer [redacted]\" is bad",
        ),
        (
            "authorization: BASIC dXNlcjpwYXNz==",
            "authorization: BASIC [redacted]",
        ),
        ("Basic ab+/cd/efg= no", "Basic [redacted] no"),
        ("`bearer /+x/y+z12==`", "`bearer [redacted]`"),
        ("Bearer a/b or +", "Bearer a/b or +"),
        ("token_eyJhbGciOi.J9.c2ln, 1", "token_[redacted], 1"),
        ("v1.eyJhbGciOi.J9.c2ln", "v1.[redacted]"),
        ("a/b+c=d heyJude", "a/b+c=d heyJude"),
        (
            "eyJhbGciOi.J9.aaa eyJhbGciOi.J9.bbb",
            "[redacted] [redacted]",
        ),
        ("eyJ", "eyJ"),
        ("ein Bearer", "ein Bearer"),
        ("a Bearer is a bear", "a Bearer is a bear"),
        ("", ""),
    ] {
        assert_eq!(redacted(text), expected);
    }
}
