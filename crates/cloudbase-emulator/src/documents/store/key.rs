//! Keys of index entries: bytes whose order is that of the values.
//!
//! A key may stand for several values (all arrays share one, and so do numbers that are the same double). It narrows what
//! is looked at; what matches is decided on the documents.

use bson::{Bson, Document};

use crate::documents::engine::Entered;

/// What each part of a key begins with: the rank of its type.
const NULL: u8 = 2;
const NUMBER: u8 = 3;
const STRING: u8 = 4;
const OBJECT_ID: u8 = 8;
const BOOL: u8 = 9;
const DATE: u8 = 10;

/// Appends the key of a value; whether an index can look up values of its type.
pub(super) fn push(key: &mut Vec<u8>, value: &Bson) -> bool {
    let rank = match value {
        Bson::MinKey => 1,
        Bson::Null | Bson::Undefined => NULL,
        Bson::Int32(number) => return push_number(key, f64::from(*number)),
        Bson::Int64(number) => return push_number(key, nearest(*number)),
        Bson::Double(number) => return push_number(key, *number),
        Bson::Decimal128(number) => {
            return push_number(key, number.to_string().parse().unwrap_or(f64::NAN));
        }
        Bson::String(text) | Bson::Symbol(text) => {
            key.push(STRING);
            // Its end sorts below each of its continuations.
            for &byte in text.as_bytes() {
                key.push(byte);
                if byte == 0 {
                    key.push(0xff);
                }
            }
            key.extend([0, 0]);
            return true;
        }
        Bson::ObjectId(id) => {
            key.push(OBJECT_ID);
            key.extend(id.bytes());
            return true;
        }
        Bson::Boolean(value) => {
            key.extend([BOOL, (*value).into()]);
            return true;
        }
        Bson::DateTime(at) => {
            key.push(DATE);
            key.extend(at.timestamp_millis().wrapping_sub(i64::MIN).to_be_bytes());
            return true;
        }
        Bson::Document(_) => 5,
        Bson::Array(_) => 6,
        Bson::Binary(_) => 7,
        Bson::Timestamp(_) => 11,
        _ => 12,
    };
    key.push(rank);
    false
}

/// The end of the keys that begin with a prefix: all that follow are not below it.
pub(super) fn end_of(mut prefix: Vec<u8>) -> Vec<u8> {
    while prefix.last() == Some(&0xff) {
        prefix.pop();
    }
    if let Some(last) = prefix.last_mut() {
        *last += 1;
    }
    prefix
}

fn push_number(key: &mut Vec<u8>, number: f64) -> bool {
    key.push(NUMBER);
    let bits = match number {
        _ if number.is_nan() => 0,
        // Both zeros are one number.
        0.0 => 1 << 63,
        _ if number.is_sign_negative() => !number.to_bits(),
        _ => number.to_bits() | 1 << 63,
    };
    key.extend(bits.to_be_bytes());
    !number.is_nan()
}

#[allow(clippy::cast_precision_loss, reason = "keys are coarser than values")]
fn nearest(number: i64) -> f64 {
    number as f64
}

/// The keys of a document in an index on these paths, each once; an error if two of them lead through arrays.
pub(super) fn of(document: &Document, paths: &[String]) -> Result<Vec<Vec<u8>>, String> {
    let mut keys = vec![Vec::new()];
    let mut spread: Option<&String> = None;
    for path in paths {
        let mut parts: Vec<Vec<u8>> = values(document, path)
            .into_iter()
            .map(|value| {
                let mut part = Vec::new();
                push(&mut part, value);
                part
            })
            .collect();
        parts.sort_unstable();
        parts.dedup();
        if parts.len() > 1
            && let Some(other) = spread.replace(path)
        {
            return Err(format!("cannot index parallel arrays [{other}] [{path}]"));
        }
        keys = keys
            .iter()
            .flat_map(|key| parts.iter().map(move |part| [&key[..], part].concat()))
            .collect();
    }
    Ok(keys)
}

/// Every value that a path reaches, as filters walk it: an array at its end offers its elements and itself. What is not
/// there counts as null.
pub(in super::super) fn values<'a>(document: &'a Document, path: &str) -> Vec<&'a Bson> {
    let mut values = Vec::new();
    collect(&mut values, &mut Entered::default(), document, path);
    if values.is_empty() {
        values.push(&Bson::Null);
    }
    values
}

fn collect<'a>(
    values: &mut Vec<&'a Bson>,
    entered: &mut Entered,
    document: &'a Document,
    path: &str,
) {
    if let Some(value) = document.get(path)
        && !path.contains('.')
    {
        reach(values, value);
    } else if let Some((name, rest)) = path.split_once('.')
        && let Some(value) = document.get(name)
    {
        descend(values, entered, value, rest);
    }
}

fn descend<'a>(values: &mut Vec<&'a Bson>, entered: &mut Entered, value: &'a Bson, path: &str) {
    match value {
        Bson::Document(document) => collect(values, entered, document, path),
        Bson::Array(items) if !entered.first(items, path.len()) => {}
        Bson::Array(items) => {
            let (name, rest) = match path.split_once('.') {
                Some((name, rest)) => (name, Some(rest)),
                None => (path, None),
            };
            if let Some(item) = name.parse().ok().and_then(|place: usize| items.get(place)) {
                match rest {
                    Some(rest) => descend(values, entered, item, rest),
                    None => reach(values, item),
                }
            }
            for item in items {
                if let Bson::Document(document) = item {
                    collect(values, entered, document, path);
                }
            }
        }
        _ => {}
    }
}

fn reach<'a>(values: &mut Vec<&'a Bson>, value: &'a Bson) {
    values.push(value);
    if let Bson::Array(items) = value {
        values.extend(items);
    }
}

#[cfg(test)]
mod tests {
    use bson::{DateTime, doc, oid::ObjectId};

    use super::*;

    fn key(value: impl Into<Bson>) -> Vec<u8> {
        let mut key = Vec::new();
        push(&mut key, &value.into());
        key
    }

    #[test]
    fn keys_sort_as_their_values() {
        let decimal = |text: &str| Bson::Decimal128(text.parse().unwrap());
        let ascending = [
            key(Bson::Null),
            key(f64::NAN),
            key(f64::NEG_INFINITY),
            key(i64::MIN),
            key(-1.5),
            key(-1),
            key(0),
            key(decimal("0.5")),
            key(1_i64),
            key(2.5),
            key(i64::MAX),
            key(f64::INFINITY),
            key(""),
            key("\0"),
            key("\u{1}"),
            key("B"),
            key("a"),
            key("a\0"),
            key("a!"),
            key("aa"),
            key("\u{ff5e}"),
            key("\u{1f600}"),
            key(Bson::Document(doc! {})),
            key(Bson::Array(vec![])),
            key(ObjectId::from_bytes([0; 12])),
            key(ObjectId::from_bytes([1; 12])),
            key(false),
            key(true),
            key(DateTime::from_millis(-1)),
            key(DateTime::from_millis(0)),
        ];
        for (place, pair) in ascending.windows(2).enumerate() {
            assert!(pair[0] < pair[1], "{place}: {pair:?}");
        }
        assert_eq!(key(1), key(1.0));
        assert_eq!(key(1), key(decimal("1.00")));
        assert_eq!(key(0.0), key(-0.0));
    }

    #[test]
    fn an_array_is_entered_once_with_so_much_of_a_path_left() {
        let mut value = Bson::Null;
        for _ in 0..25 {
            value = Bson::Array(vec![Bson::Document(doc! {"0": value})]);
        }
        let path = format!("a{}", ".0".repeat(40));
        assert!(values(&doc! {"a": value}, &path).len() < 100);
    }

    #[test]
    fn entries_are_what_filters_reach() {
        let document = doc! {"a": [{"b": 1}, {"b": [2, 3]}, 4], "c": "x"};
        let paths = |paths: &[&str]| -> Vec<String> {
            paths.iter().map(|path| (*path).to_owned()).collect()
        };
        let mut found = of(&document, &paths(&["a.b"])).unwrap();
        found.sort();
        let array = key(Bson::Array(vec![]));
        assert_eq!(found, [key(1), key(2), key(3), array]);
        let found = of(&document, &paths(&["a.0.b", "c"])).unwrap();
        assert_eq!(found, [[key(1), key("x")].concat()]);
        assert_eq!(of(&document, &paths(&["c.d"])).unwrap(), [key(Bson::Null)]);
        let parallel = doc! {"a": [1, 2], "b": [3]};
        let rejected = of(&parallel, &paths(&["a", "b"])).unwrap_err();
        assert!(rejected.contains("parallel"));
    }
}
