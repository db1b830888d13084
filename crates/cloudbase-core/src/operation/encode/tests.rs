//! What is written, and what is rejected, with its place.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::*;

fn written<T: Serialize + ?Sized>(value: &T) -> String {
    String::from_utf8(to_json("rows", value).unwrap()).unwrap()
}

fn rejected<T: Serialize + ?Sized>(value: &T) -> (ErrorKind, String) {
    let error = to_json("rows", value).unwrap_err();
    (error.kind(), error.message().to_owned())
}

#[derive(Serialize)]
struct Row<T> {
    id: u32,
    field_x: T,
}

fn row<T>(field_x: T) -> Row<T> {
    Row { id: 1, field_x }
}

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(f64),
    Tuple(u8, f64),
    Struct { x: f64 },
}

#[test]
fn what_is_in_order_is_written_as_by_serde_json() {
    let values: Vec<Box<dyn Fn() -> (String, String)>> = vec![
        Box::new(|| both(&row(0.1_f32))),
        Box::new(|| both(&row((1_u8, "x", 'c', (), Some(1.5_f64), None::<u8>)))),
        Box::new(|| both(&row(u128::MAX))),
        Box::new(|| both(&row(i128::MIN))),
        Box::new(|| both(&[Shape::Unit, Shape::Newtype(1.0), Shape::Tuple(1, 2.0)])),
        Box::new(|| both(&Shape::Struct { x: 1.0 })),
        Box::new(|| both(&BTreeMap::from([(1, "a"), (2, "b")]))),
        Box::new(|| both(&BTreeMap::from([(Some(1), 1)]))),
        Box::new(|| both(&BTreeMap::from([(true, 'x')]))),
        Box::new(|| both(&BTreeMap::from([(u128::MAX, 'x')]))),
        Box::new(|| both(&json!({"a": [1, 2.5, null, {"b": "\u{1}\""}], "": []}))),
        Box::new(|| both(&std::net::Ipv4Addr::LOCALHOST)),
    ];
    for value in values {
        let (ours, plain) = value();
        assert_eq!(ours, plain);
    }
}

fn both<T: Serialize + ?Sized>(value: &T) -> (String, String) {
    (written(value), serde_json::to_string(value).unwrap())
}

#[test]
fn numbers_that_json_has_not_are_rejected_where_they_are() {
    let infinite = [f32::INFINITY, f32::NEG_INFINITY];
    for (found, expected) in [
        (rejected(&row(f64::NAN)), "`field_x` is NaN"),
        (rejected(&[row(1.0), row(f64::NAN)]), "`[1].field_x` is NaN"),
        (rejected(&row(infinite)), "`field_x[0]` is infinite"),
        (rejected(&row(Some(infinite[1]))), "`field_x` is infinite"),
        (
            rejected(&row(HashMap::from([("a b", (1, f64::NAN))]))),
            "`field_x.a b[1]` is NaN",
        ),
        (
            rejected(&row(Shape::Newtype(f64::NAN))),
            "`field_x.Newtype` is NaN",
        ),
        (
            rejected(&Shape::Tuple(1, f64::INFINITY)),
            "`[1]` is infinite",
        ),
        (rejected(&Shape::Struct { x: f64::NAN }), "`x` is NaN"),
    ] {
        let message = format!("`rows` must hold finite numbers only: {expected}");
        assert_eq!(found, (ErrorKind::Argument, message));
    }
    let alone = "`rows` must be a finite number, and is NaN".to_owned();
    assert_eq!(rejected(&f64::NAN), (ErrorKind::Argument, alone));
}

#[derive(Serialize)]
struct Outer {
    a: u8,
    #[serde(flatten)]
    inner: BTreeMap<&'static str, u8>,
}

#[test]
fn a_key_comes_once() {
    let outer = |key| Outer {
        a: 1,
        inner: BTreeMap::from([(key, 2)]),
    };
    assert_eq!(written(&outer("b")), r#"{"a":1,"b":2}"#);
    let twice = |place| {
        let message = format!("`rows` cannot be written as JSON: `{place}` would be there twice");
        (ErrorKind::Encode, message)
    };
    assert_eq!(rejected(&outer("a")), twice("a"));
    assert_eq!(rejected(&[row(outer("a"))]), twice("[0].field_x.a"));
    assert_eq!(rejected(&Tagged::Of(Kind { kind: 1 })), twice("kind"));
    let rows = [row(Renamed { a: 1, b: 2 })];
    assert_eq!(rejected(&rows), twice("[0].field_x.c"));
    let variant = Variant::V { a: 1, b: 2 };
    assert_eq!(rejected(&variant), twice("c"));
}

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Tagged {
    Of(Kind),
}

#[derive(Serialize)]
struct Kind {
    kind: u8,
}

#[derive(Serialize)]
struct Renamed {
    #[serde(rename = "c")]
    a: u8,
    #[serde(rename = "c")]
    b: u8,
}

#[derive(Serialize)]
enum Variant {
    V {
        #[serde(rename = "c")]
        a: u8,
        #[serde(rename = "c")]
        b: u8,
    },
}

struct Fails;

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("out of order"))
    }
}

#[test]
fn what_has_no_json_form_is_rejected_where_it_is() {
    let failed = |place: &str, why: &str| {
        let message = format!("`rows` cannot be written as JSON at `{place}`: {why}");
        (ErrorKind::Encode, message)
    };
    let tuples = row(BTreeMap::from([((1, 2), 3)]));
    assert_eq!(rejected(&tuples), failed("field_x", "key must be a string"));
    let rows = [row(Ok(1)), row(Ok(2)), row(Err(Fails))].map(|Row { id, field_x }| Row {
        id,
        field_x: Either(field_x),
    });
    assert_eq!(rejected(&rows), failed("[2].field_x", "out of order"));
    let alone = "`rows` cannot be written as JSON: out of order".to_owned();
    assert_eq!(rejected(&Fails), (ErrorKind::Encode, alone));
}

struct Either(std::result::Result<u8, Fails>);

impl Serialize for Either {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(number) => number.serialize(serializer),
            Err(fails) => fails.serialize(serializer),
        }
    }
}
