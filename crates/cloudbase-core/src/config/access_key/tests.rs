//! Environments that access keys name, and keys that name none.

use super::*;

fn key(payload: &str) -> SecretString {
    let payload = URL_SAFE_NO_PAD.encode(payload);
    format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln").into()
}

fn named(payload: &str) -> Option<String> {
    environment(&key(payload)).map(|id| id.to_string())
}

#[test]
fn claims_name_the_environment() {
    assert_eq!(
        named(r#"{"project_id":"a-1","aud":"b-1"}"#).as_deref(),
        Some("a-1")
    );
    assert_eq!(
        named(r#"{"iss":"https://c-1.ap-shanghai.tcb-api.tencentcloudapi.com"}"#).as_deref(),
        Some("c-1")
    );
    assert_eq!(named(r#"{"aud":["d-1"]}"#).as_deref(), Some("d-1"));
    assert_eq!(
        named(r#"{"project_id":"","aud":"e-1"}"#).as_deref(),
        Some("e-1")
    );
}

#[test]
fn other_keys_name_none() {
    assert_eq!(named(r#"{"iss":"https://example.org"}"#), None);
    assert_eq!(named("[]"), None);
    for several_or_nobody in [r#"{"aud":[]}"#, r#"{"aud":["d-1","e-1"]}"#] {
        assert_eq!(named(several_or_nobody), None, "{several_or_nobody}");
    }
    for opaque in ["", "opaque", "a.b", "a.b.c", "a.b.c.d", "..", "a.%%%.c"] {
        assert_eq!(environment(&opaque.into()), None, "{opaque}");
    }
}
