//! How deep a filter may be that comes as JSON.

use serde_json::Value;

/// What parsers read: there is no deeper JSON but one that was put together by hand.
const MAX: usize = 128;

/// Gives `json` back unless it is too deep; then it is taken apart in a loop, because to write or
/// drop it takes as much stack as it is deep.
pub(super) fn within(json: Value) -> Option<Value> {
    let mut level = vec![&json];
    for _ in 0..MAX {
        let below = level.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(members) => members.values().collect(),
            _ => Vec::new(),
        });
        level = below.collect();
    }
    if level.is_empty() {
        return Some(json);
    }
    let mut rest = vec![json];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(members) => rest.extend(members.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    None
}
