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
/// anybody's and is not told; nor are the words of types that make their own errors.
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
mod tests {
    use super::super::from_json;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Row {
        id: i64,
        v: u128,
        w: Option<i128>,
    }

    /// What is said of a second row that has `fields`, after one that is fine.
    fn said(fields: &str) -> String {
        let good = r#"{"id":1,"v":340282366920938463463374607431768211455,"w":-170141183460469231731687303715884105728}"#;
        let text = format!("[{good},{{\"id\":1,{fields}}}]");
        let error = from_json::<Vec<Row>>(text.as_bytes()).unwrap_err();
        error.message().to_owned()
    }

    #[test]
    fn what_is_no_128_bit_integer_is_named_by_its_path() {
        // Without large numbers before it, what was expected is known as well.
        for (v, problem) in [
            ("null", "u128 expected"),
            ("\"12\"", "u128 expected"),
            ("1.5", "u128 expected"),
            ("-1", "u128 expected"),
            ("true", "u128 expected"),
            ("[1]", "u128 expected"),
        ] {
            let text = format!("[{{\"id\":1,\"v\":{v}}}]");
            let error = from_json::<Vec<Row>>(text.as_bytes()).unwrap_err();
            assert_eq!(
                error.message(),
                format!("the answer does not fit `Vec<Row>` at `[0].v`: {problem}"),
            );
        }
        let error = from_json::<i128>(b"\"x\"").unwrap_err();
        assert_eq!(
            error.message(),
            "the answer does not fit `i128`: i128 expected"
        );
        let error = from_json::<u128>(b"340282366920938463463374607431768211456").unwrap_err();
        assert_eq!(
            error.message(),
            "the answer does not fit `u128`: the number is out of range"
        );
    }

    #[test]
    fn a_large_number_before_it_is_not_taken_for_it() {
        assert_eq!(
            said(r#""v":null"#),
            "the answer does not fit `Vec<Row>` at `[1].v`"
        );
        assert_eq!(
            said(r#""v":1,"w":"x""#),
            "the answer does not fit `Vec<Row>` at `[1].w`"
        );
        assert_eq!(
            said(r#""w":1"#),
            "the answer does not fit `Vec<Row>` at `[1]`: missing field `v`"
        );
    }

    #[test]
    fn what_is_valid_but_beyond_a_limit_is_not_called_invalid() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let error = from_json::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert!(
            error.message().ends_with(": it is nested too deep"),
            "{error}"
        );
        let error = from_json::<Vec<f64>>(b"[1, 1e999]").unwrap_err();
        assert_eq!(
            error.message(),
            "the answer does not fit `Vec<f64>` at `[1]`: the number is out of range"
        );
        for bad in ["[1.]", "[1", "[1,]", "nul", "[1] 2"] {
            let error = from_json::<Vec<u128>>(bad.as_bytes()).unwrap_err();
            assert!(error.message().contains("not valid JSON"), "{bad}: {error}");
        }
    }
}
