//! EJSON in both directions: forms, types, foreign spellings.

use std::collections::BTreeMap;

use cloudbase_core::{ErrorKind, Timestamp};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::documents::{
    Binary, BsonTimestamp, DateTime, Decimal128, Document, MaxKey, MinKey, ObjectId, Regex,
};

fn relaxed<T: Serialize + ?Sized>(value: &T) -> String {
    encode("document", value, Form::Relaxed).unwrap()
}

fn canonical<T: Serialize + ?Sized>(value: &T) -> String {
    encode("document", value, Form::Canonical).unwrap()
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Everything {
    #[serde(rename = "_id")]
    id: ObjectId,
    int: i32,
    small: u8,
    long: i64,
    double: f64,
    whole: f64,
    price: Decimal128,
    at: Timestamp,
    old: DateTime,
    icon: Binary,
    pattern: Regex,
    none: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    absent: Option<String>,
    tags: Vec<String>,
    kind: Kind,
    by_number: BTreeMap<i64, bool>,
    low: MinKey,
    high: MaxKey,
    op: BsonTimestamp,
    #[serde(flatten)]
    rest: Rest,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
enum Kind {
    Open,
    Due { at: DateTime, n: i64 },
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Rest {
    seen: Timestamp,
    count: i64,
}

fn everything() -> Everything {
    Everything {
        id: "507f1f77bcf86cd799439011".parse().unwrap(),
        int: -1,
        small: 7,
        long: 1,
        double: 1.5,
        whole: 2.0,
        price: "19.90".parse().unwrap(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
        old: DateTime::from_unix_millis(i64::MIN),
        icon: Binary::new(5, [1, 2]),
        pattern: Regex::new("^a").options("i"),
        none: None,
        absent: None,
        tags: vec!["a".into()],
        kind: Kind::Due {
            at: DateTime::from_unix_millis(3),
            n: 4,
        },
        by_number: BTreeMap::from([(-5, true)]),
        low: MinKey,
        high: MaxKey,
        op: BsonTimestamp::new(u32::MAX, 2),
        rest: Rest {
            seen: "2026-01-01T00:00:00Z".parse().unwrap(),
            count: 9,
        },
        more: BTreeMap::from([("extra".to_owned(), Value::Int64(5))]),
    }
}

#[test]
fn a_struct_has_the_types_of_its_fields_in_both_forms() {
    let rest = concat!(
        r#""price":{"$numberDecimal":"19.90"},"at":{"$date":{"$numberLong":"1767225600000"}},"#,
        r#""old":{"$date":{"$numberLong":"-9223372036854775808"}},"#,
        r#""icon":{"$binary":{"base64":"AQI=","subType":"05"}},"#,
        r#""pattern":{"$regex":"^a","$options":"i"},"none":null,"tags":["a"],"#,
        r#""kind":{"Due":{"at":{"$date":{"$numberLong":"3"}},"n":{"$numberLong":"4"}}},"#,
        r#""by_number":{"-5":true},"low":{"$minKey":1},"high":{"$maxKey":1},"#,
        r#""op":{"$timestamp":{"t":4294967295,"i":2}},"#,
        r#""seen":{"$date":{"$numberLong":"1767225600000"}},"count":{"$numberLong":"9"},"#,
        r#""extra":{"$numberLong":"5"}}"#,
    );
    let id = r#"{"_id":{"$oid":"507f1f77bcf86cd799439011"},"#;
    let numbers = r#""int":-1,"small":7,"long":{"$numberLong":"1"},"double":1.5,"whole":{"$numberDouble":"2.0"},"#;
    assert_eq!(relaxed(&everything()), format!("{id}{numbers}{rest}"));
    let numbers = r#""int":{"$numberInt":"-1"},"small":{"$numberInt":"7"},"long":{"$numberLong":"1"},"double":{"$numberDouble":"1.5"},"whole":{"$numberDouble":"2.0"},"#;
    assert_eq!(canonical(&everything()), format!("{id}{numbers}{rest}"));
}

#[test]
fn a_struct_is_read_from_both_forms() {
    for text in [relaxed(&everything()), canonical(&everything())] {
        let read: Everything = decode(text.as_bytes()).unwrap();
        assert_eq!(read, everything(), "{text}");
        let value: Document = text.parse().unwrap();
        assert_eq!(value.to_typed::<Everything>().unwrap(), everything());
    }
    let open: Kind = decode(br#""Open""#).unwrap();
    assert_eq!(open, Kind::Open);
}

/// What the service and the other SDKs write, beside what is written here.
#[test]
fn other_spellings_are_read_too() {
    let date = Value::DateTime(DateTime::from_unix_millis(1_736_929_200_000));
    let regex = Value::Regex(Regex::new("a").options("i"));
    for (text, expected) in [
        (r#"{"$date":1736929200000}"#, date.clone()),
        (r#"{"$date":"2025-01-15T08:20:00Z"}"#, date.clone()),
        (r#"{"$date":{"$numberLong":"1736929200000"}}"#, date),
        (r#"{"$regex":"a","$options":"i"}"#, regex.clone()),
        (
            r#"{"$regularExpression":{"pattern":"a","options":"i"}}"#,
            regex,
        ),
        (r#"{"$regex":"a"}"#, Value::Regex(Regex::new("a"))),
        (
            r#"{"$timestamp":7}"#,
            Value::Timestamp(BsonTimestamp::new(7, 0)),
        ),
        (
            r#"{"$numberDouble":"Infinity"}"#,
            Value::Double(f64::INFINITY),
        ),
        (r#"{"$numberDouble":"1.0"}"#, Value::Double(1.0)),
        (
            r#"{"$binary":"AQI=","$type":"00"}"#,
            Value::Binary(Binary::from(vec![1, 2])),
        ),
        ("1", Value::Int32(1)),
        ("-1", Value::Int32(-1)),
        ("3000000000", Value::Int64(3_000_000_000)),
        ("1.0", Value::Double(1.0)),
    ] {
        assert_eq!(
            decode::<Value>(text.as_bytes()).unwrap(),
            expected,
            "{text}"
        );
    }
}

/// An object that is no value of EJSON stays an object.
#[test]
fn what_is_no_value_loses_nothing() {
    for text in [
        r#"{"$date":{"offset":1000}}"#,
        r#"{"$oid":"no id"}"#,
        r#"{"$binary":{"base64":"???","subType":"00"}}"#,
        r#"{"$other":true}"#,
        r#"{"e":{},"list":[{}]}"#,
    ] {
        let value: Value = decode(text.as_bytes()).unwrap();
        assert_eq!(relaxed(&value), text);
    }
}

#[test]
fn numbers_fit_where_their_value_does() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Numbers {
        counter: i64,
        byte: u8,
        float: f64,
        maybe: Option<u32>,
        big: u128,
    }
    let text = br#"{"counter":{"$numberDouble":"3.0"},"byte":{"$numberLong":"255"},
        "float":{"$numberInt":"2"},"maybe":{"$numberInt":"1"},"big":{"$numberLong":"9"}}"#;
    let expected = Numbers {
        counter: 3,
        byte: 255,
        float: 2.0,
        maybe: Some(1),
        big: 9,
    };
    assert_eq!(decode::<Numbers>(text).unwrap(), expected);
    for (text, what) in [
        (&br#"{"$numberDouble":"3.5"}"#[..], "a fraction"),
        (br#"{"$numberInt":"256"}"#, "too large"),
        (br#"{"$numberInt":"x"}"#, "no number"),
        (br#"{"$numberInt":1}"#, "no text"),
        (br#"{"$numberInt":"1","n":1}"#, "two keys"),
        (br#""1""#, "text"),
        (b"null", "null"),
    ] {
        assert!(decode::<u8>(text).is_err(), "{what}");
    }
}

/// Written back, a rounded number would be another one.
#[test]
fn an_integer_is_read_into_a_float_if_it_fits() {
    for (text, expected) in [
        ("9007199254740992", 9_007_199_254_740_992.0),
        (
            r#"{"$numberLong":"1152921504606846976"}"#,
            1_152_921_504_606_846_976.0,
        ),
        (
            r#"{"$numberLong":"-9223372036854775808"}"#,
            -9_223_372_036_854_775_808.0,
        ),
        (r#"{"$numberInt":"2147483647"}"#, 2_147_483_647.0),
    ] {
        assert_eq!(decode::<f64>(text.as_bytes()).unwrap(), expected, "{text}");
    }
    for text in [
        "9007199254740993",
        r#"{"$numberLong":"9007199254740993"}"#,
        r#"{"$numberLong":"-9223372036854775807"}"#,
        "9223372036854775807",
        "18446744073709551615",
    ] {
        assert!(decode::<f64>(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(
        decode::<f32>(br#"{"$numberInt":"16777216"}"#).unwrap(),
        16_777_216.0
    );
    // A double is one, whatever its digits.
    assert_eq!(decode::<f32>(b"0.1").unwrap(), 0.1);
    for text in [
        "16777217",
        r#"{"$numberInt":"16777217"}"#,
        r#"{"$numberLong":"16777217"}"#,
    ] {
        assert!(decode::<f32>(text.as_bytes()).is_err(), "{text}");
    }
}

/// What the documentation says of JSON, and of what serde reads before it knows the type.
#[test]
fn what_serde_gives_decides() {
    let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let json = json!({ "n": 1, "minus": -1, "text": at, "date": DateTime::from(at) });
    assert_eq!(
        relaxed(&json),
        concat!(
            r#"{"date":{"$date":{"$numberLong":"1767225600000"}},"minus":{"$numberLong":"-1"},"#,
            r#""n":1,"text":"2026-01-01T00:00:00.000Z"}"#
        )
    );

    #[derive(Deserialize)]
    struct Flat<Id> {
        #[serde(flatten)]
        inner: Inner<Id>,
    }
    #[derive(Deserialize)]
    struct Inner<Id> {
        owner: Id,
    }
    let text = br#"{"owner":{"$oid":"507f1f77bcf86cd799439011"}}"#;
    let read: Flat<ObjectId> = decode(text).unwrap();
    assert_eq!(read.inner.owner.to_string(), "507f1f77bcf86cd799439011");
    assert!(decode::<Flat<String>>(text).is_err());
    assert!(decode::<Inner<String>>(text).is_ok_and(|it| it.owner.len() == 24));
}

#[test]
fn an_object_id_is_read_as_text_and_text_as_an_object_id() {
    let text = br#"[{"$oid":"507f1f77bcf86cd799439011"},"my-id"]"#;
    let ids: Vec<String> = decode(text).unwrap();
    assert_eq!(ids, ["507f1f77bcf86cd799439011", "my-id"]);
    let id: ObjectId = decode(br#""507f1f77bcf86cd799439011""#).unwrap();
    assert_eq!(id.to_string(), ids[0]);
    // A date is no text: written back it would be one.
    assert!(decode::<String>(br#"{"$date":1}"#).is_err());
}

#[test]
fn what_the_database_cannot_hold_is_named() {
    let error = encode("document", &json!({ "a": [u64::MAX] }), Form::Relaxed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.message().contains("`a[0]`"), "{error}");
    assert!(error.message().contains("64 bits"), "{error}");
    assert_eq!(relaxed(&f64::NAN), r#"{"$numberDouble":"NaN"}"#);
    assert_eq!(relaxed(&-0.0), r#"{"$numberDouble":"-0.0"}"#);
}

#[test]
fn a_misfit_is_named_by_its_path_and_not_shown() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Todo {
        n: i32,
    }
    let error = decode::<Vec<Todo>>(br#"[{"n":{"$numberInt":"hunter2"}}]"#).unwrap_err();
    assert!(error.message().contains("[0].n"), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::Int32),
        any::<i64>().prop_map(Value::Int64),
        (-1000_i64..1000).prop_map(Value::Int64),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |value| !value.is_nan())
            .prop_map(Value::Double),
        (-1000_i32..1000).prop_map(|value| Value::Double(value.into())),
        ".*".prop_map(Value::String),
        any::<[u8; 12]>().prop_map(|bytes| Value::ObjectId(ObjectId::from_bytes(bytes))),
        any::<i64>().prop_map(|millis| Value::DateTime(DateTime::from_unix_millis(millis))),
        (any::<u8>(), any::<Vec<u8>>())
            .prop_map(|(subtype, bytes)| Value::Binary(Binary::new(subtype, bytes))),
        (".*", "[imsx]{0,4}")
            .prop_map(|(pattern, options)| Value::Regex(Regex::new(pattern).options(options))),
        any::<(u32, u32)>().prop_map(|(t, i)| Value::Timestamp(BsonTimestamp::new(t, i))),
        "-?[0-9]{1,20}\\.[0-9]{1,14}".prop_map(|text| Value::Decimal128(text.parse().unwrap())),
        Just(Value::MinKey),
        Just(Value::MaxKey),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::btree_map("[^$].{0,6}|", inner, 0..8)
                .prop_map(|fields| Value::Document(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_comes_back_as_it_was(value in value()) {
        for form in [Form::Relaxed, Form::Canonical] {
            let text = encode("value", &value, form).unwrap();
            prop_assert_eq!(&decode::<Value>(text.as_bytes()).unwrap(), &value, "{}", text);
        }
    }

    #[test]
    fn foreign_text_never_panics(text in ".*|[{}\\[\\]\",:$a-z0-9. -]*") {
        let _ = decode::<Value>(text.as_bytes());
        let _ = decode::<DateTime>(text.as_bytes());
        let _ = decode::<Binary>(text.as_bytes());
    }
}
