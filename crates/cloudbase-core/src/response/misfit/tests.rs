//! Where a value does not fit its type.

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
            format!("the response does not fit `Vec<Row>` at `[0].v`: {problem}"),
        );
    }
    let error = from_json::<i128>(b"\"x\"").unwrap_err();
    assert_eq!(
        error.message(),
        "the response does not fit `i128`: i128 expected"
    );
    let error = from_json::<u128>(b"340282366920938463463374607431768211456").unwrap_err();
    assert_eq!(
        error.message(),
        "the response does not fit `u128`: the number is out of range"
    );
}

#[test]
fn a_large_number_before_it_is_not_taken_for_it() {
    assert_eq!(
        said(r#""v":null"#),
        "the response does not fit `Vec<Row>` at `[1].v`"
    );
    assert_eq!(
        said(r#""v":1,"w":"x""#),
        "the response does not fit `Vec<Row>` at `[1].w`"
    );
    assert_eq!(
        said(r#""w":1"#),
        "the response does not fit `Vec<Row>` at `[1]`: missing field `v`"
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
        "the response does not fit `Vec<f64>` at `[1]`: the number is out of range"
    );
    for bad in ["[1.]", "[1", "[1,]", "nul", "[1] 2"] {
        let error = from_json::<Vec<u128>>(bad.as_bytes()).unwrap_err();
        assert!(error.message().contains("not valid JSON"), "{bad}: {error}");
    }
}
