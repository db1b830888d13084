//! Timestamps are read in the forms of the service and written in one.

use super::*;

#[test]
fn what_is_written_is_read_again() {
    for millis in [
        0,
        1,
        -1,
        951_782_400_000,
        1_709_164_800_123,
        4_102_444_800_999,
        -62_135_596_800_000,
    ] {
        let at = Timestamp::from_unix_millis(millis).unwrap();
        assert_eq!(
            at.to_string()
                .parse::<Timestamp>()
                .unwrap()
                .as_unix_millis(),
            millis,
            "{at}"
        );
    }
    assert_eq!(
        Timestamp::from_unix_millis(951_782_400_000)
            .unwrap()
            .to_string(),
        "2000-02-29T00:00:00.000Z"
    );
}

#[test]
fn forms_of_the_service_are_read() {
    let at = |text: &str| {
        text.parse::<Timestamp>()
            .map(Timestamp::as_unix_millis)
            .ok()
    };
    assert_eq!(at("1970-01-01T00:00:01Z"), Some(1000));
    assert_eq!(at("1970-01-01t08:00:00.5+08:00"), Some(500));
    assert_eq!(at("1970-01-01 00:00:00.123456789Z"), Some(123));
    assert_eq!(at("1970-01-01T08:00:00+0800"), Some(0));
    for bad in [
        "",
        "1970-01-01",
        "1970-13-01T00:00:00Z",
        "1970-01-01T00:00:00",
        "x970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-00-00T00:00:00Z",
        "1970-01-01T00:00:00+08:0",
    ] {
        assert_eq!(at(bad), None, "{bad}");
    }
}

#[test]
fn dates_of_documents_are_read_too() {
    for text in [
        r#"{"$date":1767225600000}"#,
        r#"{"$date":{"$numberLong":"1767225600000"}}"#,
        r#"{"$date":"2026-01-01T00:00:00Z"}"#,
    ] {
        let at: Timestamp = serde_json::from_str(text).unwrap();
        assert_eq!(at.to_string(), "2026-01-01T00:00:00.000Z");
    }
    for text in ["1767225600000", r#"{"$date":{}}"#, r#"{"$oid":""}"#, "null"] {
        assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
    }
}
