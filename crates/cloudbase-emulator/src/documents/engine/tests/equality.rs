//! When a result is what a vector expects.

use bson::{Bson, Document, oid::ObjectId};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Rules {
    ordered: bool,
    keys: String,
    numbers: String,
    tolerance: f64,
    sets: Vec<String>,
}

impl Rules {
    /// Compares a part of the outcome: `response` only in the fields that are expected.
    pub(super) fn equal_results(&self, part: &str, expected: &Bson, actual: &Bson) -> bool {
        match (part, expected, actual) {
            ("list", Bson::Array(expected), Bson::Array(actual)) => {
                self.equal_lists(self.ordered, expected, actual)
            }
            ("response", Bson::Document(expected), Bson::Document(actual)) => {
                expected.iter().all(|(name, expected)| {
                    actual
                        .get(name)
                        .is_some_and(|actual| self.equal(name, expected, actual))
                })
            }
            ("total", expected, actual) => number(expected) == number(actual),
            (part, expected, actual) => self.equal(part, expected, actual),
        }
    }

    fn equal(&self, name: &str, expected: &Bson, actual: &Bson) -> bool {
        match (expected, actual) {
            (Bson::Document(expected), actual) if expected.contains_key("$any") => {
                is_any(expected.get_str("$any").unwrap_or_default(), actual)
            }
            (Bson::Document(expected), Bson::Document(actual)) => {
                self.equal_documents(expected, actual)
            }
            (Bson::Array(expected), Bson::Array(actual)) => {
                let ordered = !self.sets.iter().any(|set| set == name);
                self.equal_lists(ordered, expected, actual)
            }
            (expected, actual) => match (number(expected), number(actual)) {
                (Some(expected_number), Some(actual_number)) => {
                    let same_type = expected.element_type() == actual.element_type();
                    (same_type || self.numbers == "value")
                        && (expected == actual || self.close(expected_number, actual_number))
                }
                _ => expected == actual,
            },
        }
    }

    fn equal_documents(&self, expected: &Document, actual: &Document) -> bool {
        expected.len() == actual.len()
            && (self.keys != "ordered" || expected.keys().eq(actual.keys()))
            && expected.iter().all(|(name, expected)| {
                actual
                    .get(name)
                    .is_some_and(|actual| self.equal(name, expected, actual))
            })
    }

    fn equal_lists(&self, ordered: bool, expected: &[Bson], actual: &[Bson]) -> bool {
        if expected.len() != actual.len() {
            return false;
        }
        let mut left: Vec<_> = actual.iter().collect();
        expected.iter().all(|expected| {
            let candidates = if ordered { 1 } else { left.len() };
            let found = left
                .iter()
                .take(candidates)
                .position(|actual| self.equal("", expected, actual));
            found.map(|index| left.remove(index)).is_some()
        })
    }

    fn close(&self, expected: f64, actual: f64) -> bool {
        expected.to_bits() == actual.to_bits()
            || (expected - actual).abs() <= self.tolerance * expected.abs()
    }
}

fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(value) => Some((*value).into()),
        Bson::Int64(value) => Some(*value as f64),
        Bson::Double(value) => Some(*value),
        _ => None,
    }
}

fn is_any(kind: &str, actual: &Bson) -> bool {
    match (kind, actual) {
        ("oid", Bson::ObjectId(_)) | ("date", Bson::DateTime(_)) => true,
        ("oid-hex", Bson::String(text)) => ObjectId::parse_str(text).is_ok(),
        _ => false,
    }
}
