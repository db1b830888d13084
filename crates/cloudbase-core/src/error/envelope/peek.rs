//! The few fields by which a success says that it is an error after all.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::value::json;

const NAMES: [&str; 4] = ["code", "error", "error_code", "message"];

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
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_peeked_fields_are_kept() {
        let body = json!({
            "data": { "code": "INSIDE", "list": [1, 2, { "error": "inside" }] },
            "code": "OUTSIDE",
            "error_code": 16,
            "rows": [["error"], null],
        });
        let claim = json!({ "code": "OUTSIDE", "error_code": 16 });
        let fields = |body: &Value| fields(body.to_string().as_bytes()).map(Value::Object);
        assert_eq!(fields(&body), Some(claim.clone()));
        assert_eq!(fields(&json!(body.to_string())), Some(claim));
        assert_eq!(fields(&json!({})), Some(json!({})));
        for other in [json!([body]), json!(1), json!(null), json!("code")] {
            assert_eq!(fields(&other), None, "{other}");
        }
    }

    #[test]
    fn the_last_of_two_fields_counts_as_it_does_elsewhere() {
        let body = br#"{"code":"A","code":""}"#;
        assert_eq!(fields(body).map(Value::Object), Some(json!({ "code": "" })));
    }
}
