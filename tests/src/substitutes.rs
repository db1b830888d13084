//! Responses in which one field is something else than the documentation says.

use serde_json::{Value, json};

/// Copies of `response` in which each field of the object at the pointer `at` is in turn of every other
/// type, `null`, and absent: the field, what was done to it, and the copy.
pub fn substitutes(response: &Value, at: &str) -> Vec<(String, &'static str, Value)> {
    let values = [
        ("is a number", json!(7)),
        ("is a text", json!("text")),
        ("is an object", json!({ "a": 1 })),
        ("is an array", json!([1])),
        ("is a flag", json!(true)),
        ("is null", Value::Null),
    ];
    let Some(fields) = response.pointer(at).and_then(Value::as_object) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (field, documented) in fields {
        let others = values.iter().filter(|(_, value)| {
            std::mem::discriminant(value) != std::mem::discriminant(documented)
        });
        let others = others.map(|(what, value)| (*what, Some(value.clone())));
        for (what, value) in others.chain([("is absent", None)]) {
            let mut copy = response.clone();
            if let Some(fields) = copy.pointer_mut(at).and_then(Value::as_object_mut) {
                match value {
                    Some(value) => fields.insert(field.clone(), value),
                    None => fields.remove(field),
                };
            }
            all.push((field.clone(), what, copy));
        }
    }
    all
}
