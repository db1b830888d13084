//! The order of all values, and when two are equal.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::number::Number;

/// Where a type stands among the types. Numbers of all types share a rank, as do strings and symbols.
pub(crate) fn type_rank(value: &Bson) -> u8 {
    match value {
        Bson::MinKey => 0,
        Bson::Undefined => 1,
        Bson::Null => 2,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 3,
        Bson::String(_) | Bson::Symbol(_) => 4,
        Bson::Document(_) => 5,
        Bson::Array(_) => 6,
        Bson::Binary(_) => 7,
        Bson::ObjectId(_) => 8,
        Bson::Boolean(_) => 9,
        Bson::DateTime(_) => 10,
        Bson::Timestamp(_) => 11,
        Bson::RegularExpression(_) => 12,
        Bson::DbPointer(_) => 13,
        Bson::JavaScriptCode(_) => 14,
        Bson::JavaScriptCodeWithScope(_) => 15,
        Bson::MaxKey => 16,
    }
}

/// Compares two values of any types: by the rank of their types, then by value. A total order.
pub(crate) fn compare(left: &Bson, right: &Bson) -> Ordering {
    type_rank(left)
        .cmp(&type_rank(right))
        .then_with(|| compare_same_rank(left, right))
}

/// Whether two values are equal: numbers by value whatever their type, documents with the same fields in the same order.
pub(crate) fn equal(left: &Bson, right: &Bson) -> bool {
    compare(left, right).is_eq()
}

fn compare_same_rank(left: &Bson, right: &Bson) -> Ordering {
    match (left, right) {
        (Bson::String(left) | Bson::Symbol(left), Bson::String(right) | Bson::Symbol(right)) => {
            left.as_bytes().cmp(right.as_bytes())
        }
        (Bson::Document(left), Bson::Document(right)) => compare_documents(left, right),
        (Bson::Array(left), Bson::Array(right)) => compare_arrays(left, right),
        (Bson::Binary(left), Bson::Binary(right)) => (left.bytes.len(), u8::from(left.subtype))
            .cmp(&(right.bytes.len(), u8::from(right.subtype)))
            .then_with(|| left.bytes.cmp(&right.bytes)),
        (Bson::ObjectId(left), Bson::ObjectId(right)) => left.bytes().cmp(&right.bytes()),
        (Bson::Boolean(left), Bson::Boolean(right)) => left.cmp(right),
        (Bson::DateTime(left), Bson::DateTime(right)) => {
            left.timestamp_millis().cmp(&right.timestamp_millis())
        }
        (Bson::Timestamp(left), Bson::Timestamp(right)) => {
            (left.time, left.increment).cmp(&(right.time, right.increment))
        }
        (Bson::RegularExpression(left), Bson::RegularExpression(right)) => {
            (left.pattern.as_str(), left.options.as_str())
                .cmp(&(right.pattern.as_str(), right.options.as_str()))
        }
        (Bson::JavaScriptCode(left), Bson::JavaScriptCode(right)) => left.cmp(right),
        (Bson::JavaScriptCodeWithScope(left), Bson::JavaScriptCodeWithScope(right)) => left
            .code
            .cmp(&right.code)
            .then_with(|| compare_documents(&left.scope, &right.scope)),
        // Their parts are private; the text has all of them.
        (Bson::DbPointer(left), Bson::DbPointer(right)) => {
            format!("{left:?}").cmp(&format!("{right:?}"))
        }
        _ => match (Number::from_bson(left), Number::from_bson(right)) {
            (Some(left), Some(right)) => left.compare(right),
            // MinKey, null, MaxKey: one value each.
            _ => Ordering::Equal,
        },
    }
}

/// Pair by pair: the rank of the value's type, the field's name, the value. Fewer pairs are less.
fn compare_documents(left: &Document, right: &Document) -> Ordering {
    for ((left_name, left), (right_name, right)) in left.iter().zip(right) {
        let order = type_rank(left)
            .cmp(&type_rank(right))
            .then_with(|| left_name.as_bytes().cmp(right_name.as_bytes()))
            .then_with(|| compare_same_rank(left, right));
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

fn compare_arrays(left: &[Bson], right: &[Bson]) -> Ordering {
    left.iter()
        .zip(right)
        .map(|(left, right)| compare(left, right))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// A value with the order of [`compare`], as the key of a map.
#[derive(Debug, Clone)]
pub(super) struct Ordered(pub(super) Bson);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

/// Whether two documents are stored as the same bytes: types of numbers and the order of fields count.
pub(crate) fn identical(left: &Document, right: &Document) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|((left_name, left), (right_name, right))| {
                left_name == right_name && identical_values(left, right)
            })
}

fn identical_values(left: &Bson, right: &Bson) -> bool {
    match (left, right) {
        (Bson::Document(left), Bson::Document(right)) => identical(left, right),
        (Bson::Array(left), Bson::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| identical_values(left, right))
        }
        (Bson::Double(left), Bson::Double(right)) => left.to_bits() == right.to_bits(),
        (left, right) => left == right,
    }
}
