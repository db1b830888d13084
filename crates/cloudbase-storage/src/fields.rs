//! Reads responses field by field, so that one of an unexpected type costs no more than itself.

use cloudbase_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields of a JSON object in a response.
///
/// Each is taken as the type that is needed. Numbers may come as text and text as a number; what
/// cannot be read as the type, `null` and an empty text count as absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of an item of a list; none if it is not an object.
    pub(crate) fn of(item: Value) -> Self {
        match item {
            Value::Object(fields) => Self(fields),
            _ => Self::default(),
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        as_text(self.value(name)?)
    }

    /// A text that cannot be a number, such as a URL or a path.
    pub(crate) fn string(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        match self.value(name)? {
            Value::Array(items) => Some(items.into_iter().filter_map(as_text).collect()),
            _ => None,
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(flag),
            Value::Number(number) => number.as_u64().map(|number| number != 0),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        }
    }

    /// A point in time, written as RFC 3339. Another text stays among the [rest](Self::rest).
    pub(crate) fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        let value = self.value(name)?;
        let at = value.as_str().and_then(|text| text.parse().ok());
        if at.is_none() && value != "" {
            self.0.insert(name.to_owned(), value);
        }
        at
    }

    /// The field as it came.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// What has not been taken.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_read_as_the_needed_type_or_is_absent() {
        let read = |value: &Value| {
            let fields = || Fields::of(json!({ "f": value }));
            (
                fields().text("f"),
                fields().number("f"),
                fields().flag("f"),
                fields().texts("f"),
            )
        };
        let text = |text: &str| Some(text.to_owned());
        for (value, expected) in [
            (json!("a"), (text("a"), None, None, None)),
            (json!(" 7 "), (text(" 7 "), Some(7), None, None)),
            (json!("True"), (text("True"), None, Some(true), None)),
            (json!(""), (None, None, None, None)),
            (json!(1), (text("1"), Some(1), Some(true), None)),
            (json!(-1.5), (text("-1.5"), None, None, None)),
            (json!(false), (None, None, Some(false), None)),
            (
                json!(["a", 1, {}]),
                (None, None, None, Some(vec!["a".into(), "1".into()])),
            ),
            (json!({ "a": 1 }), (None, None, None, None)),
            (json!(null), (None, None, None, None)),
        ] {
            assert_eq!(read(&value), expected, "{value}");
        }
        assert_eq!(Fields::default().text("f"), None);
        let at = |value: Value| {
            let mut fields = Fields::of(json!({ "f": value }));
            (fields.timestamp("f"), fields.rest().len())
        };
        let read = "2026-01-01T00:00:00Z".parse().ok();
        assert_eq!(at(json!("2026-01-01T08:00:00+08:00")), (read, 0));
        for other in [json!("yesterday"), json!(1_767_225_600)] {
            assert_eq!(at(other), (None, 1), "what cannot be read stays");
        }
        for nothing in [json!(""), json!(null)] {
            assert_eq!(at(nothing), (None, 0));
        }
        assert_eq!(Fields::of(json!({ "f": 1 })).string("f"), None);
        assert_eq!(Fields::of(json!({ "f": "1" })).string("f"), text("1"));
    }
}
