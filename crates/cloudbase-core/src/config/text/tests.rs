//! Durations as text.

use super::*;

#[test]
fn durations_have_units() {
    let ms = Duration::from_millis;
    for (text, expected) in [
        ("500ms", ms(500)),
        ("3.1s", ms(3100)),
        ("2", ms(2000)),
        (" 1.5 m", ms(90_000)),
    ] {
        assert_eq!(Duration::from_text(text), Ok(expected), "{text}");
    }
    for text in ["", "s", "-1s", "1h", "inf", "NaN", "1e300"] {
        assert!(Duration::from_text(text).is_err(), "{text}");
    }
}
