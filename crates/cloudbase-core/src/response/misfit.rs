//! Where JSON does not fit a type, and what was expected there.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;

/// The path to a value (`.` is the whole) and what is wrong with it, ready to follow the path.
pub(super) struct Misfit {
    pub(super) path: String,
    pub(super) problem: String,
}

/// What of `bytes` does not fit `T`, which `error` was met on. `None` if they are not JSON.
pub(super) fn find<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Option<Misfit> {
    let deserializer = &mut serde_json::Deserializer::from_slice(bytes);
    let path = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(error) => known(&error.path().to_string()),
        Ok(_) => String::from("."),
    };
    let text = error.to_string();
    match error.classify() {
        Category::Data => Some(Misfit {
            path,
            problem: expectation(&text),
        }),
        // The parser has no other word for what does not fit a 128-bit integer, or is too deep.
        _ if is_json(bytes) => Some(number::<T>(bytes, &path).unwrap_or_else(|| Misfit {
            path,
            problem: limit_of(&text).to_owned(),
        })),
        _ => None,
    }
}

/// The path without its end, where that is `?`: between two members.
fn known(path: &str) -> String {
    match path.trim_end_matches('?').trim_end_matches('.') {
        "" => String::from("."),
        path => path.to_owned(),
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// The misfit at or below `path`, found by reading the document into memory first: integers of 128 bits
/// are compared with what is there then, not cut out of the text.
fn number<T: DeserializeOwned>(bytes: &[u8], path: &str) -> Option<Misfit> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    let error = serde_path_to_error::deserialize::<_, T>(document).err()?;
    let found = known(&error.path().to_string());
    let below = path == "."
        || found
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let text = error.inner().to_string();
    (below && !is_large(&text)).then(|| Misfit {
        path: found,
        problem: expectation(&text),
    })
}

/// Whether the text is about an integer that fits: in memory one above 64 bits is a float.
fn is_large(text: &str) -> bool {
    let found = text.strip_prefix("invalid type: floating point `");
    let found = found.and_then(|rest| rest.split('`').next()?.parse::<f64>().ok());
    found.is_some_and(|number| number.abs() >= 1.8e19)
}

fn limit_of(text: &str) -> &'static str {
    if text.starts_with("recursion limit exceeded") {
        ": it is nested too deep"
    } else if text.starts_with("number out of range") {
        ": the number is out of range"
    } else {
        ""
    }
}

/// What serde says was expected. What it found instead, which its text quotes before that, may be
/// anybody's and is not shown; nor are the words of types that make their own errors.
fn expectation(text: &str) -> String {
    const QUOTING: [&str; 5] = [
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
        "unknown variant `",
        "unknown field `",
    ];
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    if text.starts_with("missing field `") {
        return format!(": {text}");
    }
    match text.rsplit_once(", expected ") {
        Some((found, expected)) if QUOTING.iter().any(|start| found.starts_with(start)) => {
            format!(": {expected} expected")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
