//! Values that come back as they were, and texts that are no values.

use bson::{Bson, doc};

use super::{Decoder, write};

const NOW_MS: i64 = 1_767_225_600_000;

fn read(text: &str) -> Result<Bson, serde_json::Error> {
    Decoder::at(NOW_MS).value(text.as_bytes())
}

fn written(value: &Bson) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

#[test]
fn canonical_values_come_back_as_they_were() {
    for text in [
        r#"{"$oid":"507f1f77bcf86cd799439011"}"#,
        r#"{"$date":{"$numberLong":"-1"}}"#,
        r#"{"$numberInt":"-2147483648"}"#,
        r#"{"$numberLong":"9223372036854775807"}"#,
        r#"{"$numberDouble":"1.0"}"#,
        r#"{"$numberDouble":"-0.0"}"#,
        r#"{"$numberDouble":"-Infinity"}"#,
        r#"{"$numberDouble":"NaN"}"#,
        r#"{"$numberDecimal":"123.4560"}"#,
        r#"{"$binary":{"base64":"AQID","subType":"04"}}"#,
        r#"{"$regularExpression":{"pattern":"^\"a","options":"im"}}"#,
        r#"{"$timestamp":{"t":4294967295,"i":1}}"#,
        r#"{"$minKey":1}"#,
        r#"{"z":[null,true,{"a":"\u0001\n\\你好"},[]],"a":{}}"#,
    ] {
        assert_eq!(written(&read(text).unwrap()), text);
    }
}

#[test]
fn relaxed_values_have_the_types_that_json_means() {
    for (text, value) in [
        ("1", Bson::Int32(1)),
        ("2147483648", Bson::Int64(2_147_483_648)),
        ("1.0", Bson::Double(1.0)),
        ("1e3", Bson::Double(1000.0)),
        (
            "18446744073709551615",
            Bson::Double(18_446_744_073_709_551_615.0),
        ),
    ] {
        assert_eq!(read(text).unwrap(), value);
    }
    let at = bson::DateTime::from_millis(NOW_MS);
    for text in [
        r#"{"$date":1767225600000}"#,
        r#"{"$date":"2026-01-01T00:00:00Z"}"#,
        r#"{"$date":{"offset":0}}"#,
        r#"{"$tcb_server_date":{"offset":0}}"#,
    ] {
        assert_eq!(read(text).unwrap(), Bson::DateTime(at), "{text}");
    }
}

#[test]
fn what_is_no_value_of_its_type_is_an_error() {
    for text in [
        r#"{"$oid":"507f"}"#,
        r#"{"$numberInt":"2147483648"}"#,
        r#"{"$numberDouble":"nan"}"#,
        r#"{"$date":{"offset":"1"}}"#,
        r#"{"$date":true}"#,
        r#"{"$timestamp":{"t":-1,"i":0}}"#,
        "{\"a\\u0000\":1}",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(101), "]".repeat(101));
    assert!(read(&deep).unwrap_err().to_string().contains("nested"));
    let path = format!("{{\"{}\":1}}", vec!["a"; 102].join("."));
    assert!(read(&path).unwrap_err().to_string().contains("parts"));
}

#[test]
fn operators_stay_objects_until_they_are_stored() {
    let filter = read(r#"{"name":{"$regex":"^a","$options":"mi"}}"#).unwrap();
    assert_eq!(
        filter,
        doc! {"name": {"$regex": "^a", "$options": "mi"}}.into()
    );
    let stored = super::scalar::regexes(filter);
    let text = r#"{"name":{"$regularExpression":{"pattern":"^a","options":"im"}}}"#;
    assert_eq!(written(&stored), text);
}
