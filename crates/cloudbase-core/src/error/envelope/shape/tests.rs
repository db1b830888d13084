//! Every shape in which an error was seen.

use super::*;

/// Code and message of `body` as the response of `status`.
fn read_as(status: u16, body: Value) -> (Option<String>, Option<String>) {
    let found = read(
        body,
        StatusCode::from_u16(status).unwrap(),
        Envelope::Gateway,
        false,
    );
    (found.code, found.message)
}

fn some(code: &str, message: &str) -> (Option<String>, Option<String>) {
    let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (part(code), part(message))
}

#[test]
fn the_forms_of_the_service() {
    for (body, code, message) in [
        (
            json!({"code": "INVALID_PARAM", "message": "m"}),
            "INVALID_PARAM",
            "m",
        ),
        (
            json!({"error": "invalid_grant", "error_description": "m"}),
            "invalid_grant",
            "m",
        ),
        (json!({"error": "unauthorized"}), "unauthorized", ""),
        (json!({"error_code": "X", "msg": "m"}), "X", "m"),
        (
            json!({"error": {"code": "INVALID_PARAM", "message": "m"}}),
            "INVALID_PARAM",
            "m",
        ),
        (json!({"errcode": 40001, "errmsg": "m"}), "40001", "m"),
        (json!({"errCode": -501000, "errMsg": "m"}), "-501000", "m"),
        (
            json!({"Response": {"Error": {"Code": "X.Y", "Message": "m"}, "RequestId": "r"}}),
            "X.Y",
            "m",
        ),
        (
            json!({"statusCode": 400, "error": "InvalidKey", "message": "m"}),
            "InvalidKey",
            "m",
        ),
    ] {
        assert_eq!(read_as(401, body.clone()), some(code, message), "{body}");
    }
}

#[test]
fn the_forms_of_frameworks() {
    for (status, body, code, message) in [
        // Nest, Express, Hapi, Spring, ASP.NET, Laravel, Rails.
        (
            400,
            json!({"statusCode": 400, "message": ["qty must be positive", "b"], "error": "Bad Request"}),
            "",
            "qty must be positive; b",
        ),
        (
            404,
            json!({"statusCode": 404, "error": "Not Found", "message": "no item"}),
            "",
            "no item",
        ),
        (
            403,
            json!({"timestamp": "t", "status": 403, "error": "Forbidden", "path": "/x"}),
            "",
            "Forbidden",
        ),
        (
            400,
            json!({"type": "about:blank", "title": "One or more validation errors occurred.", "status": 400, "errors": {"Qty": ["x"]}}),
            "",
            "",
        ),
        (
            422,
            json!({"message": "The given data was invalid.", "errors": {"qty": ["x"]}}),
            "",
            "The given data was invalid.",
        ),
        (
            422,
            json!({"errors": {"title": ["can't be blank"]}}),
            "",
            "",
        ),
        (
            422,
            json!({"errors": ["Title can't be blank"]}),
            "",
            "Title can't be blank",
        ),
        // FastAPI, Django, Flask.
        (404, json!({"detail": "Not found."}), "", "Not found."),
        (
            422,
            json!({"detail": [{"loc": ["body", "qty"], "msg": "too small"}]}),
            "",
            "too small",
        ),
        (
            409,
            json!({"detail": {"code": "TAKEN", "message": "m"}}),
            "TAKEN",
            "m",
        ),
        (
            404,
            json!({"code": 404, "name": "Not Found", "description": "m"}),
            "404",
            "",
        ),
        // RFC 9457.
        (
            403,
            json!({"type": "https://example.com/credit", "title": "No credit", "detail": "30 left"}),
            "",
            "30 left",
        ),
        (
            403,
            json!({"type": "https://example.com/credit", "title": "No credit"}),
            "",
            "",
        ),
        // GraphQL, JSON:API, Google, OpenAI.
        (
            400,
            json!({"errors": [{"message": "m", "extensions": {"code": "BAD_USER_INPUT"}}]}),
            "BAD_USER_INPUT",
            "m",
        ),
        (
            400,
            json!({"errors": [{"message": "a"}, {"message": "b", "extensions": {"code": "X"}}]}),
            "",
            "a; b",
        ),
        (
            422,
            json!({"errors": [{"status": "422", "code": "qty", "title": "t", "detail": "d"}]}),
            "qty",
            "d",
        ),
        (
            404,
            json!({"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}),
            "NOT_FOUND",
            "m",
        ),
        (
            400,
            json!({"code": 5, "message": "m", "details": []}),
            "5",
            "m",
        ),
        (
            400,
            json!({"error": {"message": "m", "type": "invalid_request_error", "code": null}}),
            "",
            "m",
        ),
        // None that anybody knows.
        (400, json!({"errors": [{"field": "title"}]}), "", ""),
        (400, json!([{"field": "qty"}]), "", ""),
        (400, json!(["a", {"message": "b"}, 1]), "", "a; b"),
        (400, json!({"error": true, "message": ""}), "", ""),
        (
            400,
            json!({"error": null, "code": null, "message": null}),
            "",
            "",
        ),
        (400, json!({}), "", ""),
        (400, json!(null), "", ""),
        (400, json!("no such item"), "", "no such item"),
        (400, json!("<html>"), "", ""),
    ] {
        assert_eq!(read_as(status, body.clone()), some(code, message), "{body}");
    }
}

/// RFC 9457: what `title` is in any other JSON is not known.
#[test]
fn a_title_is_a_message_in_problem_documents_only() {
    for (body, message) in [
        (json!({"title": "No credit"}), "No credit"),
        (
            json!({"title": "No credit", "detail": "30 left"}),
            "30 left",
        ),
        (
            json!({"title": "No credit", "description": "d"}),
            "No credit",
        ),
        (json!({"description": "d", "name": "Not Found"}), "d"),
        (
            json!({"title": "One or more validation errors occurred.", "errors": {"Qty": ["x"]}}),
            "One or more validation errors occurred.",
        ),
    ] {
        let found = read(
            body.clone(),
            StatusCode::BAD_REQUEST,
            Envelope::Gateway,
            true,
        );
        assert_eq!(found.message.as_deref(), Some(message), "{body}");
    }
    for body in [
        json!({"id": 1, "title": "A book"}),
        json!({"description": "A book"}),
        json!({"errors": [{"title": "A book"}]}),
        json!({"error": {"title": "A book", "description": "d"}}),
    ] {
        assert_eq!(read_as(400, body.clone()), some("", ""), "{body}");
    }
}

#[test]
fn a_code_looks_like_one() {
    let long = "A".repeat(CODE_LIMIT);
    for good in ["BAD_QTY", "a.b-c", "42501", long.as_str()] {
        assert_eq!(read_as(400, json!({"code": good})), some(good, ""));
    }
    let longer = "A".repeat(CODE_LIMIT + 1);
    for phrase in ["Bad qty", "a/b", "A\r\nB: c", "größe", longer.as_str()] {
        assert_eq!(read_as(400, json!({"code": phrase})), some("", phrase));
        assert_eq!(
            read_as(400, json!({"error": phrase, "message": "m"})),
            some("", "m")
        );
        assert_eq!(
            read_as(400, json!({"code": phrase, "error": "X"})),
            some("X", phrase)
        );
    }
    // The status in words is no code, the same word as a code of its own is.
    assert_eq!(
        read_as(403, json!({"error": "Forbidden"})),
        some("", "Forbidden")
    );
    assert_eq!(
        read_as(403, json!({"code": "Forbidden"})),
        some("Forbidden", "")
    );
    assert_eq!(
        read_as(400, json!({"error": "Forbidden"})),
        some("Forbidden", "")
    );
}

#[test]
fn details_are_kept() {
    for (body, details) in [
        (json!({"details": [1], "errors": [2]}), json!([1])),
        (
            json!({"code": "X", "message": "m", "errors": [{"field": "qty"}]}),
            json!([{"field": "qty"}]),
        ),
        (
            json!({"error": {"code": "X", "details": {"a": 1}}}),
            json!({"a": 1}),
        ),
        (
            json!({"error": {"code": "X", "param": "qty"}}),
            json!({"param": "qty", "code": "X"}),
        ),
        (json!({"detail": [{"msg": "m"}]}), json!([{"msg": "m"}])),
        (json!({"message": ["a", "b"]}), json!(["a", "b"])),
        (json!([{"field": "qty"}]), json!([{"field": "qty"}])),
        (
            json!({"details": null, "hint": "h"}),
            json!({"details": null, "hint": "h"}),
        ),
    ] {
        let found = read(
            body.clone(),
            StatusCode::BAD_REQUEST,
            Envelope::Gateway,
            false,
        );
        assert_eq!(found.details, Some(details), "{body}");
    }
    for body in [
        json!({"error": {"code": "X", "message": "m"}}),
        json!({"error": "x", "detail": "d", "message": "m", "details": null}),
        json!({}),
    ] {
        assert_eq!(
            read(
                body.clone(),
                StatusCode::BAD_REQUEST,
                Envelope::Gateway,
                false
            )
            .details,
            None,
            "{body}"
        );
    }
}

#[test]
fn a_request_id_is_one_word() {
    let id = |body| read(body, StatusCode::BAD_REQUEST, Envelope::Gateway, false).request_id;
    for name in ["requestId", "request_id", "RequestId"] {
        assert_eq!(id(json!({name: "r-1"})), Some("r-1".into()));
    }
    assert_eq!(
        id(json!({"Response": {"Error": {}, "RequestId": "r"}})),
        Some("r".into())
    );
    assert_eq!(id(json!({"error": {"requestId": "r"}})), Some("r".into()));
    for bad in [
        "r\0\n",
        "a b",
        "\u{1b}[31m",
        "r".repeat(ID_LIMIT + 1).as_str(),
    ] {
        assert_eq!(id(json!({"requestId": bad})), None, "{bad:?}");
    }
}
