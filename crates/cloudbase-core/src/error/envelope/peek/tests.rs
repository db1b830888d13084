//! Fields that say that a success is an error.

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
