//! Every form in which the service, or something in front of it, reports a failure.

use super::*;
use crate::testing::response;
use crate::{Envelope, Error, ErrorKind};

pub(super) async fn failure(family: Envelope, status: u16, body: impl Into<bytes::Bytes>) -> Error {
    let mock =
        MockTransport::new().response(response(status, &[("x-request-id", "from-header")], body));
    client(&mock)
        .fetch(post().envelope(family))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn the_gateways_envelope() {
    let body = r#"{"code":"MISSING_CREDENTIALS","message":"Credentials are missing","requestId":"from-body"}"#;
    let error = failure(Envelope::Gateway, 401, body).await;
    assert_eq!(
        error.code().unwrap(),
        &crate::ErrorCode::MISSING_CREDENTIALS
    );
    assert_eq!(error.request_id(), Some("from-body"));
    assert!(error.is_unauthenticated());
    assert_eq!(
        error.to_string(),
        "things.add failed: MISSING_CREDENTIALS: Credentials are missing (401, request id from-body)"
    );
}

#[tokio::test]
async fn the_envelope_of_auth_counts_whatever_the_status() {
    let body = r#"{"error":"captcha_required","error_code":4001,"error_description":"captcha_token required"}"#;
    for status in [200, 400] {
        let error = failure(Envelope::Auth, status, body).await;
        assert_eq!(error.code().unwrap().as_str(), "captcha_required");
        assert_eq!(error.numeric_code(), Some(4001));
        assert_eq!(error.request_id(), Some("from-header"));
    }
    let gateway = failure(
        Envelope::Auth,
        403,
        r#"{"code":"INVALID_ENV","message":"no such env"}"#,
    )
    .await;
    assert_eq!(gateway.code().unwrap(), &crate::ErrorCode::INVALID_ENV);
    let number = failure(Envelope::Auth, 200, r#"{"error_code":16}"#).await;
    assert_eq!(number.numeric_code(), Some(16));
}

#[tokio::test]
async fn the_request_id_has_several_names() {
    for name in ["x-request-id", "x-cloudbase-request-id", "x-cos-request-id"] {
        let responses = [
            response(200, &[(name, "named")], ""),
            response(400, &[(name, "named")], ""),
        ];
        let mock = responses
            .into_iter()
            .fold(MockTransport::new(), MockTransport::response);
        let client = client(&mock);
        assert_eq!(client.fetch(post()).await.unwrap().request_id(), "named");
        let error = client.fetch(post()).await.unwrap_err();
        assert_eq!(error.request_id(), Some("named"), "{name}");
    }
}

#[tokio::test]
async fn a_response_that_names_no_request_has_the_id_that_was_sent() {
    let mock = MockTransport::new()
        .response(response(200, &[], ""))
        .response(response(400, &[], ""))
        .fail(|| crate::testing::error(ErrorKind::Reset, "cut"));
    let client = client(&mock);
    let good = client.fetch(post()).await.unwrap();
    let rejected = client.fetch(post()).await.unwrap_err();
    let lost = client.fetch(post()).await.unwrap_err();
    let sent = mock.requests();
    let ids = [
        Some(good.request_id()),
        rejected.request_id(),
        lost.request_id(),
    ];
    for (request, id) in sent.iter().zip(ids) {
        assert_eq!(request.header("x-request-id"), id);
        assert_eq!(id.unwrap().len(), 36);
    }
}

#[tokio::test]
async fn a_2xx_body_is_an_error_only_where_the_protocol_says_so() {
    let coded = r#"{"code":"DATASOURCE_NOT_EXIST","message":"x","requestId":"r"}"#;
    let wrapped = serde_json::json!(coded).to_string();
    for body in [coded.to_owned(), wrapped] {
        assert!(failure(Envelope::Coded, 200, body).await.is_not_found());
    }
    for (family, body) in [
        (Envelope::Gateway, coded),
        (Envelope::Coded, r#"{"code":0,"data":{}}"#),
        (Envelope::Coded, r#"{"code":"","data":{}}"#),
        (Envelope::Coded, r#"{"data":{"code":"OF_THE_ROW"}}"#),
        (Envelope::Coded, r#"[{"code":"OF_THE_ROW"}]"#),
        (Envelope::Auth, r#"{"error":"","error_code":0,"sub":"1"}"#),
        (
            Envelope::Auth,
            r#"{"error":null,"code":"an-authorization-code"}"#,
        ),
    ] {
        let mock = MockTransport::new().response(response(200, &[], body));
        client(&mock).fetch(post().envelope(family)).await.unwrap();
    }
}

#[tokio::test]
async fn an_object_wrapped_in_a_string_is_unwrapped() {
    let error = failure(
        Envelope::Gateway,
        400,
        r#""{\"code\":\"INVALID_PARAM\",\"message\":\"m\"}""#,
    )
    .await;
    assert_eq!(error.code().unwrap(), &crate::ErrorCode::INVALID_PARAM);
}

#[tokio::test]
async fn bodies_that_are_no_envelope_keep_the_status_and_are_not_repeated() {
    let deep = "[".repeat(10_000);
    for body in [
        "",
        "<html>oops secret-body</html>",
        "{\"code\":\"TRUNC",
        "[1,2]",
        "null",
        deep.as_str(),
    ] {
        let error = failure(Envelope::Gateway, 502, body.to_owned()).await;
        assert_eq!(
            (error.kind(), error.status().unwrap().as_u16()),
            (ErrorKind::Api, 502),
            "{body:.20}"
        );
        assert!(error.message().starts_with("Bad Gateway"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret-body"));
    }
}

#[tokio::test]
async fn a_short_text_is_the_message_and_markup_is_not() {
    let text = |content_type: &'static str, body: &'static [u8]| async move {
        let headers = [("content-type", content_type)];
        let mock = MockTransport::new().response(response(404, &headers, body));
        let error = client(&mock).fetch(post()).await.unwrap_err();
        error.message().to_owned()
    };
    for content_type in [
        "text/plain",
        "Text/Plain; charset=utf-8",
        "application/json",
    ] {
        assert_eq!(text(content_type, b"not found").await, "not found");
        assert_eq!(
            text(content_type, b"\xEF\xBB\xBF no\nsuch item \n").await,
            "no\nsuch item"
        );
        for other in [
            &b"<html>secret</html>"[..],
            b" \n<!doctype html>secret",
            b"{\"secret",
            b"[1",
            b"\"cut",
            b"\xff\xfe",
            b" \n ",
            &[b'x'; 513],
        ] {
            let message = text(content_type, other).await;
            assert!(message.starts_with("Not Found"), "{message}");
        }
    }
    for content_type in [
        "text/html",
        "application/octet-stream",
        "application/xml",
        "image/png",
    ] {
        let message = text(content_type, b"not found").await;
        assert_eq!(
            message,
            "Not Found (the body of 9 bytes is no error object)"
        );
    }
    assert_eq!(
        failure(Envelope::Gateway, 404, "x".repeat(512))
            .await
            .message()
            .len(),
        512
    );
    let error = failure(Envelope::Auth, 400, "no\r\n\u{1b}[31m").await;
    assert_eq!(
        error.to_string(),
        "things.add failed: no\\r\\n\\u{1b}[31m (400, request id from-header)"
    );
}

#[tokio::test]
async fn a_byte_order_mark_and_halves_of_pairs_hide_no_code() {
    for body in [
        &b"\xEF\xBB\xBF{\"code\":\"X\",\"message\":\"m\"}"[..],
        br#"{"code":"X","message":"m","text":"cut \ud83d"}"#,
        b"{\"code\":\"X\",\"message\":\"m\",\"text\":\"\xff\"}",
        br#"{"code":"X","message":"m","errors":[{"cut"#,
    ] {
        let error = failure(Envelope::Gateway, 400, body).await;
        assert_eq!(
            error.code().map(crate::ErrorCode::as_str),
            Some("X"),
            "{body:?}"
        );
        assert_eq!(error.message(), "m");
    }
    let marked = &b"\xEF\xBB\xBF{\"code\":\"X\",\"message\":\"m\"}"[..];
    assert_eq!(
        failure(Envelope::Coded, 200, marked).await.code().unwrap(),
        "X"
    );
    let half = br#"{"error":"x_y","error_description":"\udc00"}"#;
    assert_eq!(
        failure(Envelope::Auth, 200, &half[..]).await.message(),
        "\u{fffd}"
    );
    let mock = MockTransport::new()
        .response(response(200, &[], &b"\xEF\xBB\xBF{\"a\":1}"[..]))
        .response(response(200, &[], r#"{"a":"cut \ud83d"}"#));
    let client = client(&mock);
    let read = || client.fetch_json::<serde_json::Value>(post());
    assert_eq!(read().await.unwrap().into_value(), json!({ "a": 1 }));
    assert_eq!(
        read().await.unwrap().into_value(),
        json!({ "a": "cut \u{fffd}" })
    );
}

#[tokio::test]
async fn what_is_not_json_is_named_by_its_content_type() {
    let read = |content_type: &'static str| async move {
        let headers = [("content-type", content_type)];
        let mock = MockTransport::new().response(response(200, &headers, "pong pong"));
        let error = client(&mock).fetch_json::<u8>(post()).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 200);
        error.message().to_owned()
    };
    assert_eq!(
        read("text/plain").await,
        "the response is `text/plain`, not JSON (9 bytes)"
    );
    assert_eq!(
        read("text/html; charset=utf-8").await,
        "the response is `text/html`, not JSON (9 bytes)"
    );
    for json in ["application/json", "application/problem+JSON; a=b", ""] {
        assert_eq!(
            read(json).await,
            "the response is not valid JSON (9 bytes, line 1)"
        );
    }
}

#[tokio::test]
async fn nothing_of_a_server_breaks_the_line() {
    let body = r#"{"code":"A\r\nB: c\u001b[31m","message":"m\n","requestId":"r\u0000\n"}"#;
    let error = failure(Envelope::Gateway, 400, body).await;
    assert_eq!(
        error.to_string(),
        r"things.add failed: m\n (400, request id from-header)"
    );
    let xml = "<Error><Code>A\r\nB</Code><Message>m\u{2028}</Message><RequestId>r\u{1b}</RequestId></Error>";
    let error = failure(Envelope::ObjectStore, 403, xml).await;
    let made = crate::testing::api_error(400, &format!("X\n\u{202e}{}", "y".repeat(500)), "m\r")
        .with_request_id("r\0".repeat(500))
        .with_operation("a\nb");
    for shown in [error, made].iter().flat_map(|error| {
        let code = error.code().unwrap();
        [
            format!("{error}"),
            format!("{error:?}"),
            format!("{code}"),
            format!("{code:?}"),
        ]
    }) {
        assert!(shown.chars().count() < 1000, "{shown}");
        assert!(
            !shown.contains(|c: char| c.is_control() || "\u{2028}\u{202e}".contains(c)),
            "{shown:?}"
        );
    }
}

#[tokio::test]
async fn the_postgrest_extras_are_kept() {
    let body = r#"{"code":"PGRST116","message":"none","details":"0 rows","hint":"use list"}"#;
    let error = failure(Envelope::Gateway, 406, body).await;
    assert_eq!(
        error.details().unwrap(),
        &json!({ "details": "0 rows", "hint": "use list" })
    );
}

#[tokio::test]
async fn an_error_is_cut_to_what_is_read_of_it() {
    let mut body = br#"{"code":"SYS_ERR","message":""#.to_vec();
    body.resize(200 * 1024 * 1024, b'x');
    let error = failure(Envelope::Gateway, 500, body).await;
    assert_eq!(error.status().unwrap().as_u16(), 500);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named_by_its_path_and_not_shown() {
    #[derive(Debug, serde::Deserialize)]
    struct Row {
        #[allow(dead_code)]
        id: u32,
    }
    let mock = MockTransport::new().json(200, &json!([{ "id": 1 }, { "id": "secret-value" }]));
    let error = client(&mock)
        .fetch_json::<Vec<Row>>(get())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("[1].id"), "{error}");
    assert!(!format!("{error:?}{error}").contains("secret-value"));
    for (body, word) in [
        ("", "empty"),
        ("<html>", "not valid JSON"),
        ("[{\"id\":", "not valid JSON"),
    ] {
        let mock = MockTransport::new().response(response(200, &[], body));
        let error = client(&mock)
            .fetch_json::<Vec<Row>>(get())
            .await
            .unwrap_err();
        assert!(error.message().contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mock = MockTransport::new()
        .response(response(
            307,
            &[("location", "https://elsewhere.example/v1/things")],
            "",
        ))
        .json(200, &json!({}));
    let error = client(&mock).fetch(get()).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 307);
    assert_eq!(mock.requests().len(), 1);
}

#[test]
fn a_long_or_strange_message_stays_one_short_line() {
    let error = crate::testing::api_error(400, "X", &format!("a\r\nb\0{}", "y".repeat(5000)));
    let line = error.to_string();
    assert!(
        line.len() < 300 && !line.contains('\n') && !line.contains('\0'),
        "{line}"
    );
}

#[tokio::test]
async fn the_status_in_the_body_of_a_storage_error_counts() {
    let says = |status: serde_json::Value| {
        json!({ "statusCode": status, "error": "Duplicate", "message": "m" }).to_string()
    };
    for family in [Envelope::Storage, Envelope::ObjectStore] {
        for (status, is) in [
            (json!("409"), Error::is_conflict as fn(&Error) -> bool),
            (json!(409), Error::is_conflict),
            (json!("404"), Error::is_not_found),
            (json!(403), Error::is_permission_denied),
            (json!("503"), Error::is_transient),
        ] {
            let error = failure(family, 400, says(status.clone())).await;
            assert!(is(&error), "{status}: {error:?}");
            assert_eq!(error.status().unwrap(), 400);
            let stated = error.body_status().unwrap().as_str().to_owned();
            assert_eq!(stated, status.to_string().trim_matches('"'));
            assert_eq!(error.code().unwrap(), "Duplicate");
        }
        let error = failure(family, 400, says(json!("413"))).await;
        assert_eq!(error.body_status().unwrap(), 413);
        for none in [
            json!("200"),
            json!(302),
            json!(600),
            json!("many"),
            json!(true),
            json!(-1),
        ] {
            let error = failure(family, 404, says(none.clone())).await;
            assert_eq!(error.body_status(), None, "{none}");
            assert!(error.is_not_found(), "{none}");
        }
    }
    // It says nothing where the body is that of the user's own code.
    let error = failure(Envelope::Gateway, 400, says(json!("409"))).await;
    assert!(!error.is_conflict() && error.body_status().is_none());
}

#[tokio::test]
async fn the_title_of_a_problem_document_is_its_message() {
    let body = json!({ "id": 1, "title": "Not enough credit" }).to_string();
    for (content_type, message) in [
        ("application/problem+json", "Not enough credit"),
        (
            "Application/Problem+JSON; charset=utf-8",
            "Not enough credit",
        ),
        ("application/json", "Bad Request"),
        ("application/vnd.problem+json", "Bad Request"),
        ("", "Bad Request"),
    ] {
        let headers = [("content-type", content_type)];
        let headers = if content_type.is_empty() {
            &[]
        } else {
            &headers[..]
        };
        let mock = MockTransport::new().response(response(400, headers, body.clone()));
        let error = client(&mock).fetch(post()).await.unwrap_err();
        assert_eq!(error.message(), message, "{content_type}");
    }
}
