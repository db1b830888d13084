//! The few fields in which a success says that it is an error after all.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::value::json;

const NAMES: [&str; 4] = ["code", "error", "error_code", "message"];

/// What a success of the document database has at least one of.
pub(super) const OF_SUCCESS: [&str; 7] = [
    "_id",
    "list",
    "total",
    "insertedIds",
    "updated",
    "deleted",
    "transactionId",
];

/// Those fields of an object, or of a string that holds one; everything else is passed over
/// without a copy. `None` if it is neither.
pub(super) fn fields(body: &[u8]) -> Option<Map<String, Value>> {
    json::from_slice(body).ok().map(|Peeked(fields)| fields)
}

struct Peeked(Map<String, Value>);

impl<'de> Deserialize<'de> for Peeked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PeekVisitor;

        impl<'de> Visitor<'de> for PeekVisitor {
            type Value = Peeked;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, or a string that holds one")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Peeked, A::Error> {
                let mut fields = Map::new();
                while let Some(name) = object.next_key::<String>()? {
                    if NAMES.contains(&name.as_str()) {
                        fields.insert(name, object.next_value()?);
                    } else if OF_SUCCESS.contains(&name.as_str()) {
                        // Only whether it is there counts: a list may be long.
                        object.next_value::<IgnoredAny>()?;
                        fields.insert(name, Value::Bool(true));
                    } else {
                        object.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Peeked(fields))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Peeked, E> {
                json::from_slice(text.as_bytes()).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(PeekVisitor)
    }
}

#[cfg(test)]
mod tests;
