//! The JSON schema of a data source.

use std::fmt;

use cloudbase_core::{Error, ErrorKind, Result};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::detail::detail;

/// The JSON schema of a model or of one of its fields, as far as it is typed; the rest is in
/// [`other`](Self::other).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct JsonSchema {
    /// `object`, `string`, `number`, `boolean`, `array`, … The first one, if there are several.
    #[serde(rename = "type", deserialize_with = "first_type")]
    pub kind: Option<String>,
    /// What kind of text, number or relation it is: `email`, `related`, …
    #[serde(deserialize_with = "detail")]
    pub format: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "detail")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(deserialize_with = "detail")]
    pub description: Option<String>,
    /// The fields of an object, in their order.
    #[serde(deserialize_with = "properties")]
    pub properties: Vec<(String, JsonSchema)>,
    /// The names of the fields that must be there.
    #[serde(deserialize_with = "strings")]
    pub required: Vec<String>,
    /// The elements of an array.
    #[serde(deserialize_with = "items")]
    pub items: Option<Box<JsonSchema>>,
    /// The values that are allowed, if they are listed.
    #[serde(rename = "enum", deserialize_with = "detail")]
    pub allowed: Vec<Value>,
    /// What it is if nothing is given.
    #[serde(rename = "default")]
    pub default_value: Option<Value>,
    /// Everything else, such as the `x-…` entries of the console.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl JsonSchema {
    /// Reads a schema from the text that the service keeps it in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] if it is no JSON schema.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::new(
                ErrorKind::Decode,
                format!("the schema is no JSON schema ({place})"),
            )
        })
    }

    /// The schema of a field.
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.properties
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, schema)| schema)
    }

    /// Whether a field must be there.
    pub fn is_required(&self, name: &str) -> bool {
        self.required.iter().any(|field| field == name)
    }
}

fn first_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds
            .into_iter()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .find(|kind| kind != "null"),
        _ => None,
    })
}

/// `required` is a list in a schema, but a boolean in some fields of older ones.
fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(names) => names
            .into_iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    })
}

/// One schema for all elements; a list of schemas by position is left alone.
fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<JsonSchema>>, D::Error> {
    match Value::deserialize(deserializer)? {
        value @ Value::Object(_) => serde_json::from_value(value)
            .map(|schema| Some(Box::new(schema)))
            .map_err(serde::de::Error::custom),
        _ => Ok(None),
    }
}

fn properties<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, JsonSchema)>, D::Error> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, JsonSchema)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of schemas")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some(field) = map.next_entry()? {
                fields.push(field);
            }
            Ok(fields)
        }
    }

    deserializer.deserialize_any(InOrder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_read_in_order_and_keeps_what_it_does_not_know() {
        let schema = JsonSchema::parse(
            r#"{"type":"object","required":["title"],"x-index":1,"properties":{
                "title":{"type":"string","title":"Title","maxLength":20,"default":"x"},
                "author":{"type":["null","object"],"format":"related","x-parent":{"dataSourceName":"user"}},
                "tags":{"type":"array","items":{"type":"string","enum":["a","b"]},"required":true},
                "a":{"properties":null,"items":[{"type":"string"}],"enum":null}}}"#,
        )
        .unwrap();
        let names: Vec<_> = schema
            .properties
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["title", "author", "tags", "a"]);
        assert!(schema.is_required("title") && !schema.is_required("tags"));
        assert_eq!(schema.other["x-index"], 1);
        assert_eq!(schema.property("title").unwrap().other["maxLength"], 20);
        assert_eq!(
            schema.property("title").unwrap().default_value,
            Some("x".into())
        );
        assert_eq!(
            schema.property("author").unwrap().kind.as_deref(),
            Some("object")
        );
        let items = schema.property("tags").unwrap().items.as_deref().unwrap();
        assert_eq!(items.allowed, ["a", "b"]);
        assert!(
            JsonSchema::parse("[")
                .unwrap_err()
                .message()
                .contains("line 1")
        );
    }
}
