//! How sessions are read, written and followed by others.

use super::*;

const STORED: &str = r#"{"token_type":"Bearer","access_token":"eyJ.a.b","refresh_token":"m.Q0m","expires_in":7200,
    "scope":"user sso","sub":"1900","version":"v1","expires_at":"2026-11-22T07:04:30.000Z"}"#;

#[test]
fn a_session_of_the_js_sdk_is_read_and_written_back() {
    let session = Session::from_json(STORED).unwrap();
    assert_eq!(session.sub(), "1900");
    assert_eq!(session.refresh_token().unwrap().expose_secret(), "m.Q0m");
    assert_eq!(session.expires_in(), Duration::from_secs(7200));
    let written: Value = serde_json::from_str(session.to_json().expose_secret()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(STORED).unwrap());
}

#[test]
fn a_session_in_flutter_spelling_keeps_its_user() {
    let session = Session::from_json(
        r#"{"accessToken":"a.b.c","refreshToken":"r","expiresIn":"7200","expiresAt":1795331070000,"tokenType":"Bearer",
            "user":{"id":"u1","email":"lin@example.org"}}"#,
    )
    .unwrap();
    assert_eq!(session.user().unwrap().id, "u1");
    assert_eq!(
        session.expires_at().unwrap().to_string(),
        "2026-11-22T07:04:30.000Z"
    );
    let again = Session::from_json(session.to_json().expose_secret()).unwrap();
    assert_eq!(again.user(), session.user());
}

#[test]
fn fields_of_other_sdks_are_kept_through_refreshes() {
    let json = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"A",
        "id_token":"i","weda":{"x":1}}"#;
    let stored = Session::from_json(json).unwrap();
    let fields = |session: &Session| -> Value {
        serde_json::from_str(session.to_json().expose_secret()).unwrap()
    };
    assert_eq!(fields(&stored)["id_token"], "i");
    let next = r#"{"access_token":"b","expires_in":7200,"sub":"A","id_token":"j"}"#;
    let refreshed = fields(&arrived(next).succeeding(&stored));
    assert_eq!(refreshed["id_token"], "j", "what the response says counts");
    assert_eq!(refreshed["weda"]["x"], 1);
    assert_eq!(refreshed["access_token"], "b");
}

#[test]
fn what_another_user_had_is_not_carried_into_a_session() {
    let old = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"A","scope":"user sso",
        "groups":["editors"],"weda":{"x":1},"user":{"sub":"A","name":"Lin"}}"#;
    let old = Session::from_json(old).unwrap();
    let next = |sub: &str| {
        let next = format!(r#"{{"access_token":"b","expires_in":7200{sub}}}"#);
        arrived(&next).succeeding(&old)
    };
    let theirs = next(r#","sub":"B""#);
    assert!(theirs.refresh_token().is_none() && theirs.scope().is_none());
    assert!(theirs.groups().is_empty() && theirs.user().is_none());
    assert!(!theirs.to_json().expose_secret().contains("weda"));
    for same in [next(r#","sub":"A""#), next("")] {
        assert_eq!(same.scope(), Some("user sso"));
        assert_eq!(same.refresh_token().unwrap().expose_secret(), "r");
        assert_eq!(same.groups(), ["editors"]);
        assert!(same.to_json().expose_secret().contains("weda"));
        assert_eq!(same.user(), old.user());
    }
}

#[test]
fn the_scope_decides_who_is_anonymous() {
    let session = |scope: &str, profile: &str| {
        let json = format!(
            r#"{{"access_token":"a","expires_in":7200,"sub":"A"{scope},"user":{{"sub":"A"{profile}}}}}"#
        );
        Session::from_json(&json).unwrap()
    };
    for (scope, profile, is_anonymous) in [
        (r#","scope":"user sso""#, r#","name":"anonymous""#, false),
        (r#","scope":"user""#, r#","isAnonymous":true"#, false),
        (r#","scope":"anonymous""#, r#","name":"Lin""#, true),
        (r#","scope":"user anonymous""#, "", true),
        (r#","scope":"""#, r#","name":"anonymous""#, true),
        ("", r#","is_anonymous":true"#, true),
        ("", r#","name":"Lin""#, false),
    ] {
        let session = session(scope, profile);
        assert_eq!(session.is_anonymous(), is_anonymous, "{scope} {profile}");
        assert_eq!(
            session.user().unwrap().is_anonymous,
            is_anonymous,
            "{scope} {profile}"
        );
    }
}

fn arrived(json: &str) -> Session {
    Session::arrived(serde_json::from_str(json).unwrap()).unwrap()
}

#[test]
fn a_lineage_lasts_from_sign_in_to_sign_in() {
    const A: &str = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"A"}"#;
    const B: &str = r#"{"access_token":"b","expires_in":7200,"sub":"B"}"#;
    const NOBODY: &str = r#"{"access_token":"c","expires_in":7200}"#;
    let first = arrived(A);
    assert_ne!(
        first.lineage(),
        arrived(A).lineage(),
        "the same user, signed in again"
    );
    let stored = Session::from_json(first.to_json().expose_secret()).unwrap();
    assert_eq!(stored.lineage(), first.lineage(), "read by another process");
    for (refreshed, same) in [(A, true), (NOBODY, true), (B, false)] {
        let next = arrived(refreshed).succeeding(&stored);
        assert_eq!(next.lineage() == first.lineage(), same, "{refreshed}");
    }
    // What another program has stored is known by its user, through refreshes too.
    let foreign = Session::from_json(STORED).unwrap();
    assert_eq!(foreign.lineage(), Lineage::from("1900"));
    let next = arrived(r#"{"access_token":"n","expires_in":7200,"sub":"1900"}"#);
    assert_eq!(next.succeeding(&foreign).lineage(), foreign.lineage());
    let nameless = || Session::from_json(r#"{"access_token":"x","expires_in":1}"#).unwrap();
    assert_ne!(nameless().lineage(), nameless().lineage());
}

#[test]
fn without_a_stored_end_the_token_has_it() {
    let token = crate::value::claims::tests::token(
        &serde_json::json!({"sub": "9", "exp": 4_000_000_030_u64, "iat": 3_999_992_830_u64}),
    );
    let session =
        Session::from_json(serde_json::json!({ "access_token": token }).to_string()).unwrap();
    assert_eq!(
        session.expires_at().unwrap().as_unix_millis(),
        4_000_000_000_000
    );
    assert_eq!(
        (session.sub(), session.expires_in()),
        ("9", Duration::from_secs(7200))
    );
    assert_eq!(
        session.remaining(),
        Duration::from_secs(7200),
        "capped by the lifetime"
    );
}

#[test]
fn what_is_no_session_is_rejected_without_showing_it() {
    for bad in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"access_token":"sentinel"}"#,
        r#"{"access_token":"","expires_in":1}"#,
        r#"{"access_token":"sentinel\n","expires_in":1}"#,
        r#"{"access_token":"sentinel","expires_in":1,"version":"v9"}"#,
    ] {
        let error = Session::from_json(bad).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("sentinel"),
            "{error:?}"
        );
    }
    assert!(!format!("{:?}", Session::from_json(STORED).unwrap()).contains("m.Q0m"));
}
