//! Errors of `/auth`, whose envelope has an order of its own: the word, then its number, then what
//! the gateway says.

use super::envelopes::failure;
use super::*;
use crate::testing::response;
use crate::{Envelope, Error, ErrorCode};

async fn rejected(status: u16, body: serde_json::Value) -> Error {
    failure(Envelope::Auth, status, body.to_string()).await
}

fn code(error: &Error) -> Option<&str> {
    error.code().map(ErrorCode::as_str)
}

#[tokio::test]
async fn the_word_of_auth_comes_before_the_code_of_the_gateway() {
    let both = json!({
        "error": "invalid_grant", "error_code": 4026, "error_description": "too old",
        "code": "INVALID_PARAM", "message": "bad",
    });
    for status in [200, 400] {
        let error = rejected(status, both.clone()).await;
        assert_eq!(code(&error), Some("invalid_grant"));
        assert_eq!(
            (error.message(), error.numeric_code()),
            ("too old", Some(4026))
        );
    }
    // Elsewhere the order is the gateway's.
    let error = failure(Envelope::Gateway, 400, both.to_string()).await;
    assert_eq!(
        (code(&error), error.message()),
        (Some("INVALID_PARAM"), "bad")
    );

    let error = rejected(
        400,
        json!({ "error": "captcha_required", "requestId": "r", "code": "" }),
    )
    .await;
    assert_eq!(code(&error), Some("captcha_required"));
    assert_eq!(error.request_id(), Some("r"));
    let gateway = json!({ "code": "INVALID_ENV", "message": "no such env", "error": "" });
    let error = rejected(400, gateway).await;
    assert_eq!(
        (code(&error), error.message()),
        (Some("INVALID_ENV"), "no such env")
    );
    // A phrase is no word: what else there is says more.
    let error = rejected(
        400,
        json!({ "error": "it is bad", "code": "INVALID_PARAM" }),
    )
    .await;
    assert_eq!(
        (code(&error), error.message()),
        (Some("INVALID_PARAM"), "it is bad")
    );
}

#[tokio::test]
async fn a_number_stands_for_the_word_that_did_not_come() {
    for (number, word) in [
        (1, "cancelled"),
        (3, "invalid_argument"),
        (8, "resource_exhausted"),
        (16, "unauthenticated"),
        (4001, "captcha_required"),
        (4002, "captcha_invalid"),
        (4019, "provider_error"),
        (4022, "unauthorized_client"),
        (4042, "mfa_phone_required"),
        (4045, "login_type_disabled"),
    ] {
        for status in [200, 400] {
            for sent in [json!(number), json!(number.to_string())] {
                let error = rejected(status, json!({ "error_code": sent, "error": "" })).await;
                assert_eq!(code(&error), Some(word), "{sent}");
                assert_eq!(error.numeric_code(), Some(i64::from(number)), "{sent}");
            }
        }
    }
    assert!(
        rejected(200, json!({ "error_code": "16" }))
            .await
            .is_unauthenticated()
    );
    // Several words have these, or none is known.
    for number in [json!(4003), json!("4004"), json!(0), json!(17), json!(-1)] {
        let error = rejected(400, json!({ "error_code": number })).await;
        assert_eq!(code(&error), None, "{number}");
        assert!(error.numeric_code().is_some(), "{number}");
    }
    let error = rejected(400, json!({ "error_code": 4999, "code": "INVALID_PARAM" })).await;
    assert_eq!(code(&error), Some("INVALID_PARAM"));
}

#[tokio::test]
async fn a_word_counts_before_its_number_and_in_any_case() {
    for number in [json!("4001"), json!(4001)] {
        let error = rejected(
            400,
            json!({ "error": "invalid_grant", "error_code": number }),
        )
        .await;
        assert_eq!(code(&error), Some("invalid_grant"));
        assert_eq!(error.numeric_code(), Some(4001));
    }
    for (sent, word) in [
        (json!({ "error": "INVALID_GRANT" }), "invalid_grant"),
        (json!({ "error": "Captcha_Required" }), "captcha_required"),
        (json!({ "error_code": "Weak_Password" }), "weak_password"),
    ] {
        assert_eq!(code(&rejected(400, sent).await), Some(word));
    }
    // What is no word of auth stays as it came.
    let legacy = rejected(400, json!({ "error": "REFRESH_TOKEN_EXPIRED" })).await;
    assert_eq!(legacy.code(), Some(&ErrorCode::REFRESH_TOKEN_EXPIRED));
    let gateway = rejected(401, json!({ "code": "MISSING_CREDENTIALS" })).await;
    assert_eq!(gateway.code(), Some(&ErrorCode::MISSING_CREDENTIALS));
    // A number in text is a number in every family.
    let error = failure(Envelope::Gateway, 400, r#"{"error_code":"4001","msg":"m"}"#).await;
    assert_eq!((code(&error), error.numeric_code()), (None, Some(4001)));
}

#[tokio::test]
async fn the_wait_after_a_limit_is_in_the_header_or_in_the_body() {
    let limited = |more: serde_json::Value| {
        let mut body = json!({ "error": "resource_exhausted", "error_code": 8 });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let wait = Duration::from_secs;
    for (more, expected) in [
        (json!({ "retry_after": 42 }), Some(wait(42))),
        (json!({ "retry_after": "42" }), Some(wait(42))),
        (
            json!({ "retry_after": 1.5 }),
            Some(Duration::from_millis(1500)),
        ),
        (json!({ "retry_after": "30s" }), Some(wait(30))),
        (json!({ "retry_after": u64::MAX }), Some(wait(u64::MAX))),
        (json!({ "retry_after": 1e300 }), Some(wait(u64::MAX))),
        (
            json!({ "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s" }] }),
            Some(wait(30)),
        ),
        (
            json!({ "details": [{ "@type": "x" }, { "retry_delay": "0.250s" }] }),
            Some(Duration::from_millis(250)),
        ),
        (
            json!({ "details": [{ "retryDelay": { "seconds": "7", "nanos": 5 } }] }),
            Some(Duration::new(7, 5)),
        ),
        (json!({ "details": { "retry_after": 9 } }), Some(wait(9))),
        (
            json!({ "retry_after": 1, "details": [{ "retryDelay": "2s" }] }),
            Some(wait(1)),
        ),
        (json!({ "retry_after": null, "details": "soon" }), None),
        (json!({ "retry_after": -1 }), None),
        (json!({ "retry_after": "soon" }), None),
        (json!({ "retry_after": "inf" }), None),
        (json!({ "retry_after": [60] }), None),
    ] {
        let error = rejected(429, limited(more.clone())).await;
        assert_eq!(error.retry_after(), expected, "{more}");
    }
    let body = limited(json!({ "retry_after": 42 })).to_string();
    let mock = MockTransport::new().response(response(429, &[("retry-after", "5")], body.clone()));
    let error = client(&mock)
        .fetch(post().envelope(Envelope::Auth))
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(wait(5)));
    // The body of other code may mean anything by the name.
    let error = failure(Envelope::Gateway, 429, body).await;
    assert_eq!(error.retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn a_read_waits_for_what_the_body_says() {
    let mock = MockTransport::new()
        .json(
            429,
            &json!({ "error": "resource_exhausted", "retry_after": "3" }),
        )
        .json(200, &json!({}));
    let start = Instant::now();
    client(&mock)
        .fetch(get().envelope(Envelope::Auth))
        .await
        .unwrap();
    assert!(start.elapsed() >= Duration::from_secs(3));
}

#[tokio::test]
async fn a_zero_reports_no_error_either() {
    for zero in [json!(0), json!("0"), json!("")] {
        let body = json!({ "access_token": "a", "error_code": zero });
        let mock = MockTransport::new().json(200, &body);
        let call = get().envelope(Envelope::Auth);
        assert!(client(&mock).fetch(call).await.is_ok(), "{zero}");
    }
}
