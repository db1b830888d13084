//! The response behind an error, and every status as a response.

use super::*;
use crate::credential::{Cached, CredentialProvider};
use crate::testing::response;
use crate::{CallOptions, Error, ErrorKind, TimeoutPhase};

const INVALID: &str = r#"{"errors":[{"field":"title"}]}"#;

fn own(operation: Operation) -> Operation {
    operation.keep_error_response()
}

fn any_status(operation: Operation) -> Operation {
    let options = CallOptions::new().with_any_status(true);
    operation.options(options)
}

fn mock(status: u16, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> MockTransport {
    MockTransport::new().response(response(status, headers, body))
}

async fn failure(status: u16, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Error {
    let mock = mock(status, headers, body);
    client(&mock).fetch(own(post())).await.unwrap_err()
}

#[tokio::test]
async fn an_error_keeps_the_response_of_the_users_own_code() {
    let error = failure(422, &[("x-trace", "t")], INVALID).await;
    let response = error.response().unwrap();
    assert_eq!(response.status().as_u16(), 422);
    assert_eq!(response.headers()["x-trace"], "t");
    assert_eq!(response.text(), INVALID);
    assert!(!response.is_truncated());
    let body: serde_json::Value = response.json().unwrap();
    assert_eq!(body["errors"][0]["field"], "title");
    let misfit = response.json::<Vec<u8>>().unwrap_err();
    assert_eq!(misfit.kind(), ErrorKind::Decode);
    let shown = format!("{error} {error:?} {response:?}");
    assert!(
        !shown.contains("title") && !shown.contains("x-trace"),
        "{shown}"
    );

    let moved = failure(302, &[("location", "/login")], "").await;
    assert_eq!(moved.response().unwrap().headers()["location"], "/login");
    let bytes = failure(400, &[], &b"\xff\xfe text"[..]).await;
    assert_eq!(bytes.response().unwrap().text(), "\u{fffd}\u{fffd} text");
    assert_eq!(bytes.response().unwrap().bytes().as_ref(), b"\xff\xfe text");
}

#[tokio::test]
async fn what_the_service_itself_says_is_not_kept() {
    let mock = MockTransport::new().json(422, &json!({ "code": "X", "secret": "s" }));
    let error = client(&mock).fetch(post()).await.unwrap_err();
    assert!(error.response().is_none());
    let mock = MockTransport::new().fail(|| crate::testing::error(ErrorKind::Reset, "cut"));
    let error = client(&mock).fetch(own(post())).await.unwrap_err();
    assert!(error.response().is_none());
}

#[tokio::test]
async fn bytes_are_read_as_json_text_or_nothing() {
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
    const TEXT: (&str, &str) = ("content-type", "text/plain");
    let response = async |headers: &[(&str, &str)], body: &'static [u8]| {
        let mock = mock(200, headers, body);
        client(&mock).fetch(own(post())).await.unwrap()
    };
    assert_eq!(
        response(&[TEXT], b"[1]").await.json::<Vec<u8>>().unwrap(),
        [1]
    );
    assert_eq!(
        response(&[JSON], b"").await.json::<Option<u8>>().unwrap(),
        None
    );
    for headers in [&[][..], &[TEXT]] {
        let plain = response(headers, b"plain").await;
        assert_eq!(plain.json::<String>().unwrap(), "plain");
        assert_eq!(
            (plain.text().unwrap(), plain.bytes().as_ref()),
            ("plain", &b"plain"[..])
        );
        assert!(plain.json::<u8>().is_err());
    }
    assert!(response(&[JSON], b"plain").await.json::<String>().is_err());
    for silent in ["", "; charset=utf-8", "application/x-ndjson"] {
        let lines = response(&[("content-type", silent)], b"{}\n{}").await;
        assert_eq!(lines.json::<String>().unwrap(), "{}\n{}", "{silent}");
    }
    for claiming in ["text/json", "application/problem+json"] {
        let lines = response(&[("content-type", claiming)], b"{}\n{}").await;
        assert!(lines.json::<String>().is_err(), "{claiming}");
    }
    let shown = format!("{:?}", response(&[TEXT], b"plain").await);
    assert!(
        shown.contains("status: 200") && !shown.contains("plain"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_in_the_error_if_it_is_of_the_users_own_code() {
    for (operation, kept) in [(own(post()), true), (post(), false)] {
        let mock = mock(200, &[], &b"\xff"[..]);
        let response = client(&mock).fetch(operation).await.unwrap();
        let errors = [
            response.text().unwrap_err(),
            response.json::<u8>().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_eq!(error.request_id(), Some(response.request_id()));
            let bytes = error.response().map(|response| response.bytes().to_vec());
            assert_eq!(bytes, kept.then(|| b"\xff".to_vec()), "{error}");
        }
    }
}

#[tokio::test]
async fn the_first_64_kib_of_a_body_are_kept() {
    const LIMIT: usize = 64 * 1024;
    for (length, kept) in [(LIMIT, LIMIT), (LIMIT + 1, LIMIT), (50 * LIMIT, LIMIT)] {
        let body = vec![b'x'; length];
        let in_memory = failure(400, &[], body.clone()).await;
        let mock = MockTransport::new().then(move |_| {
            let pieces: Vec<_> = body.chunks(1000).map(<[u8]>::to_vec).collect();
            let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
            let body = Body::stream(futures_util::stream::iter(pieces));
            let response = http::Response::builder().status(400).body(body);
            async move { Ok(response.unwrap()) }
        });
        let streamed = client(&mock).fetch(own(post())).await.unwrap_err();
        for error in [in_memory, streamed] {
            let response = error.response().unwrap();
            assert_eq!(response.bytes().len(), kept);
            assert_eq!(response.is_truncated(), length > LIMIT, "{length}");
            assert!(response.json::<u8>().is_err());
        }
    }
}

#[tokio::test]
async fn code_and_message_are_read_from_what_is_left_of_a_long_body() {
    let long = "x".repeat(100 * 1024);
    let body =
        format!(r#"{{"code":"TOO_MANY","message":"m","errors":["{long}"],"requestId":"r"}}"#);
    let error = failure(422, &[], body).await;
    assert_eq!(error.code().unwrap(), "TOO_MANY");
    assert_eq!(error.message(), "m");
    let response = error.response().unwrap();
    let cut = response.json::<serde_json::Value>().unwrap_err();
    assert_eq!(
        cut.message(),
        "only the first 65536 bytes of the response are here"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_end_has_its_status_and_what_came() {
    use futures_util::StreamExt as _;

    for (phase, trickle) in [(TimeoutPhase::Stall, false), (TimeoutPhase::Attempt, true)] {
        let mock = MockTransport::new().then(move |_| {
            let first = futures_util::stream::iter([Ok::<_, std::io::Error>("no such")]);
            let rest = futures_util::stream::unfold((), move |()| async move {
                let pause = if trickle { 1 } else { 1_000_000 };
                tokio::time::sleep(Duration::from_secs(pause)).await;
                Some((Ok("."), ()))
            });
            let body = Body::stream(first.chain(rest));
            let response = http::Response::builder().status(404).body(body);
            async move { Ok(response.unwrap()) }
        });
        let error = client(&mock).fetch(own(post())).await.unwrap_err();
        assert_eq!(error.timeout_phase(), Some(phase), "{error:?}");
        let response = error.response().unwrap();
        assert_eq!(response.status().as_u16(), 404);
        assert!(response.text().starts_with("no such") && response.is_truncated());
    }
}

#[test]
fn an_error_is_a_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
}

#[tokio::test]
async fn any_status_is_a_response() {
    for status in [200, 204, 302, 400, 404, 501, 599] {
        let mock = mock(status, &[("x-trace", "t")], INVALID);
        let response = client(&mock).fetch(any_status(post())).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["x-trace"], "t");
        assert_eq!(response.value(), INVALID);
    }
}

#[tokio::test]
async fn the_whole_body_of_any_status_is_read() {
    let body = vec![b'x'; 200 * 1024];
    let streamed = |status: u16| {
        let body = body.clone();
        MockTransport::new().then(move |_| {
            let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(body.clone())]);
            let response = http::Response::builder().status(status);
            let response = response.body(Body::stream(pieces)).unwrap();
            async move { Ok(response) }
        })
    };
    for operation in [any_status(post()), any_status(post()).transfer()] {
        let response = client(&streamed(404)).fetch(operation).await.unwrap();
        assert_eq!(response.value().len(), body.len());
    }
    let options = CallOptions::new()
        .with_any_status(true)
        .with_max_response_size(body.len() as u64 - 1);
    let error = client(&streamed(404)).fetch(post().options(options)).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::TooLarge, 404)
    );
}

#[tokio::test(start_paused = true)]
async fn retries_and_the_refresh_of_a_token_come_before_any_status() {
    let mock = MockTransport::new()
        .response(response(503, &[], "one"))
        .response(response(503, &[], "two"))
        .response(response(503, &[], "three"));
    let last = client(&mock).fetch(any_status(get())).await.unwrap();
    assert_eq!((last.status().as_u16(), last.attempts()), (503, 3));
    assert_eq!(last.value(), "three");

    let expired = json!({ "code": "ACCESS_TOKEN_EXPIRED", "message": "m" });
    let mock = MockTransport::new()
        .json(401, &expired)
        .response(response(404, &[], "none"));
    let (client, source) = with_session(&mock);
    let response = client.fetch(any_status(get())).await.unwrap();
    assert_eq!(response.status().as_u16(), 404);
    assert_eq!(source.fetched.load(Ordering::SeqCst), 2);
    assert_eq!(
        mock.requests()[1].header("authorization"),
        Some("Bearer token-2")
    );
}

#[tokio::test(start_paused = true)]
async fn so_they_do_for_what_is_longer_than_any_status_takes() {
    for (limit, length) in [(10, 100), (10, 100_000), (100_000, 100_001)] {
        let options = CallOptions::new()
            .with_any_status(true)
            .with_max_response_size(limit);
        let long = "x".repeat(length);
        let mock = MockTransport::new()
            .response(response(503, &[], long.clone()))
            .response(response(503, &[], long.clone()))
            .response(response(404, &[], "0123456789"));
        let call = || get().options(options.clone());
        let last = client(&mock).fetch(call()).await.unwrap();
        assert_eq!((last.status().as_u16(), last.attempts()), (404, 3));

        let mock = MockTransport::new().fallback(move |_| {
            let response = response(404, &[], long.clone()).map(Body::from);
            async move { Ok(response) }
        });
        let client = client(&mock);
        for error in [
            client.fetch(call()).await.map(drop).unwrap_err(),
            client.execute(call()).await.map(drop).unwrap_err(),
        ] {
            let status = error.status().unwrap().as_u16();
            assert_eq!((error.kind(), status), (ErrorKind::TooLarge, 404));
            let message =
                format!("the response is longer than {limit} bytes, the `max_response_size`");
            assert_eq!(error.message(), message);
        }
    }
}

#[tokio::test]
async fn no_response_is_an_error_for_any_status_too() {
    let mock = MockTransport::new().fail(|| crate::testing::error(ErrorKind::Reset, "cut"));
    let error = client(&mock).fetch(any_status(post())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset);
}

#[tokio::test]
async fn a_token_that_the_server_repeats_is_not_shown() {
    let token = "opaque-token-of-this-call";
    for body in [
        format!("the token {token} is bad"),
        json!({ "message": format!("bad: {token}") }).to_string(),
        json!({ "error": { "code": token, "message": format!("{token}!") } }).to_string(),
        json!({ "code": token, "requestId": token }).to_string(),
        json!({ "message": "Bearer the-access-key, eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }).to_string(),
    ] {
        let mock = MockTransport::new().response(response(400, &[], body.clone()));
        let options = CallOptions::new().with_token(SecretString::from(token));
        let error = client(&mock).fetch(own(post()).options(options)).await;
        let error = error.unwrap_err();
        let shown = format!("{error} {error:?} {error:#?}");
        for secret in [token, "the-access-key", "eyJ"] {
            assert!(!shown.contains(secret), "{body}: {shown}");
        }
        // Its caller knows it, and may look.
        assert_eq!(error.response().unwrap().text(), body);
    }
    let key = json!({ "message": "no such key: the-access-key" });
    let error = client(&MockTransport::new().json(400, &key))
        .fetch(post())
        .await;
    assert_eq!(error.unwrap_err().message(), "no such key: [redacted]");
}

/// A source whose token is another one as soon as it has been handed out.
#[derive(Default)]
struct Hasty(AtomicUsize);

impl CredentialProvider for Hasty {
    fn cached(&self) -> Cached {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let token = SecretString::from(format!("opaque-token-{number}"));
        Cached::Token(Token::bearer(&token, None).unwrap())
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        Box::pin(async { Ok(None) })
    }

    fn reject(&self, _token: &Token) {}
}

#[tokio::test]
async fn a_token_that_was_refreshed_meanwhile_is_not_shown_either() {
    let body = json!({ "message": "opaque-token-0 is not known" });
    let builder = Client::builder()
        .env_id("env-1")
        .transport(MockTransport::new().json(400, &body));
    let client = builder.credentials(Hasty::default()).build().unwrap();
    let error = client.fetch(post()).await.unwrap_err();
    assert_eq!(error.message(), "[redacted] is not known");
}

#[tokio::test]
async fn nor_is_the_token_of_a_session_or_of_another_user() {
    let shown = async |client: &Client| {
        let error = client.fetch(post()).await.unwrap_err();
        format!("{error} {error:?} {error:#?}")
    };
    let mock = MockTransport::new().fallback(|request| async move {
        let header = request.header("authorization").unwrap();
        let header = header.trim_start_matches("Bearer ");
        let body = json!({ "code": header, "message": format!("bad: {header}") });
        Ok(response(400, &[], body.to_string()).map(Body::from))
    });
    let session = crate::credential::StaticToken::new("opaque-token-of-a-session").unwrap();
    let session = builder(&mock).credentials(session).build().unwrap();
    let user = client(&mock).for_user("opaque-token-of-a-user").unwrap();
    for (client, token) in [
        (session, "opaque-token-of-a-session"),
        (user, "opaque-token-of-a-user"),
    ] {
        let shown = shown(&client).await;
        let sent = mock.requests().pop().unwrap();
        assert!(sent.header("authorization").unwrap().ends_with(token));
        assert!(!shown.contains(token), "{shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
    }
}
