//! Reads values that the service does not always write the same way.

use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

use crate::timestamp::Timestamp;

/// A whole number, also as a string.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A point in time: RFC 3339, or a number of seconds or milliseconds since 1970.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    Ok(as_timestamp(&Value::deserialize(deserializer)?))
}

pub(crate) fn as_timestamp(value: &Value) -> Option<Timestamp> {
    /// No session ends before 1973; as seconds this would be the year 5138.
    const MILLIS_FROM: i64 = 100_000_000_000;
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number
                .as_i64()
                .or_else(|| number.as_f64().map(|n| n as i64))?;
            Timestamp::from_unix_millis(if number.abs() < MILLIS_FROM {
                number * 1000
            } else {
                number
            })
        }
        _ => None,
    }
}

/// A non-empty string; anything else counts as absent.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Strings, or objects with an `id`: groups come as either.
pub(crate) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(as_ids(&Value::deserialize(deserializer)?))
}

pub(crate) fn as_ids(value: &Value) -> Vec<String> {
    let of = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("id")?.as_str().map(str::to_owned),
        _ => None,
    };
    value
        .as_array()
        .map(|items| items.iter().filter_map(of).collect())
        .unwrap_or_default()
}
