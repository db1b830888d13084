//! Reads the details of a response, which must not fail a call for whose sake nobody made it.
//!
//! The documents give types that the service does not always keep: a version is `"1"` or `1`, a schema
//! is an object or its text. What a caller asked for is read strictly and is an error if it does not
//! fit; every other field goes through [`detail`] and is `None` or empty if it cannot be understood.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads an `Option` or a `Vec` from any JSON: `#[serde(deserialize_with = "detail")]`.
pub(crate) fn detail<'de, T: Detail, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Value::deserialize(deserializer).map(T::read)
}

/// A field that any JSON can be read into.
pub(crate) trait Detail {
    fn read(value: Value) -> Self;
}

/// A value of such a field; `None` if it cannot be understood.
pub(crate) trait Element: Sized {
    fn read(value: Value) -> Option<Self>;
}

impl<T: Element> Detail for Option<T> {
    fn read(value: Value) -> Self {
        if value.is_null() {
            None
        } else {
            T::read(value)
        }
    }
}

/// A list, or a single value in place of a list of one.
impl<T: Element> Detail for Vec<T> {
    fn read(value: Value) -> Self {
        match value {
            Value::Null => Vec::new(),
            Value::Array(values) => values.into_iter().filter_map(T::read).collect(),
            single => T::read(single).into_iter().collect(),
        }
    }
}

impl Element for Value {
    fn read(value: Value) -> Option<Self> {
        Some(value)
    }
}

/// Text, or the JSON text of anything else.
impl Element for String {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }
}

/// A boolean, or the number or text of one.
impl Element for bool {
    fn read(value: Value) -> Option<Self> {
        match String::read(value)?.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// A number, the text of one, or a boolean.
macro_rules! integers {
    ($($type:ty)+) => {$(
        impl Element for $type {
            fn read(value: Value) -> Option<Self> {
                match value {
                    Value::Bool(value) => Some(value.into()),
                    other => String::read(other)?.trim().parse().ok(),
                }
            }
        }
    )+};
}

integers!(i64 u64);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T: Detail>(value: Value) -> T {
        T::read(value)
    }

    #[test]
    fn what_can_be_understood_is_read() {
        assert_eq!(read::<Option<String>>(json!(1.5)).unwrap(), "1.5");
        assert_eq!(
            read::<Option<String>>(json!({"a": 1})).unwrap(),
            r#"{"a":1}"#
        );
        assert_eq!(read::<Option<i64>>(json!(" -7 ")), Some(-7));
        assert_eq!(read::<Option<u64>>(json!(true)), Some(1));
        assert_eq!(read::<Option<bool>>(json!(1)), Some(true));
        assert_eq!(read::<Option<bool>>(json!("false")), Some(false));
        assert_eq!(read::<Vec<String>>(json!("a")), ["a"]);
        assert_eq!(read::<Vec<String>>(json!(["a", 1, null])), ["a", "1"]);
    }

    #[test]
    fn what_cannot_is_nothing() {
        assert_eq!(read::<Option<String>>(json!(null)), None);
        assert_eq!(read::<Option<u64>>(json!(-1)), None);
        assert_eq!(read::<Option<i64>>(json!("")), None);
        assert_eq!(read::<Option<bool>>(json!([])), None);
        assert_eq!(read::<Vec<i64>>(json!({"a": 1})), [0; 0]);
    }
}
