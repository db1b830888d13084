//! Which conditions of a `where` choose records.
//!
//! Only what the protocol knows as a test counts as one. The rest (an empty list, an empty test, an
//! operator that the service does not have) may be passed over there, so it is taken for a
//! condition that holds for every record.

use serde_json::{Map, Value};

use crate::reach::Reach;

/// Of `{field: {op: value}, $and: […], $or: […]}`.
pub(super) fn of(condition: &Value) -> Reach {
    let Value::Object(members) = condition else {
        return Reach::Everything;
    };
    Reach::all(members.iter().map(|(key, value)| match (&**key, value) {
        ("$and", Value::Array(members)) => Reach::all(members.iter().map(of)),
        ("$or", Value::Array(members)) => Reach::any(members.iter().map(of)),
        (key, Value::Object(tests)) if !key.starts_with('$') => of_field(tests),
        _ => Reach::Everything,
    }))
}

fn of_field(tests: &Map<String, Value>) -> Reach {
    Reach::all(
        tests
            .iter()
            .map(|(operator, value)| of_test(operator, value)),
    )
}

fn of_test(operator: &str, value: &Value) -> Reach {
    match (operator, value) {
        ("$eq" | "$neq" | "$gt" | "$gte" | "$lt" | "$lte" | "$empty" | "$nempty", _) => Reach::Some,
        ("$in", Value::Array(values)) if values.is_empty() => Reach::Nothing,
        ("$in", Value::Array(_)) => Reach::Some,
        ("$nin", Value::Array(values)) if !values.is_empty() => Reach::Some,
        // Every text contains the empty one.
        ("$search" | "$search_ci", Value::String(text)) if !text.is_empty() => Reach::Some,
        ("$nsearch" | "$nsearch_ci", Value::String(text)) if text.is_empty() => Reach::Nothing,
        ("$nsearch" | "$nsearch_ci", Value::String(_)) => Reach::Some,
        _ => Reach::Everything,
    }
}
