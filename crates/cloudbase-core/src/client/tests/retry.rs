//! What is sent again, when, and what never is.

use super::*;
use crate::testing::{error, response};
use crate::{CallOptions, ErrorKind, Idempotency};

fn unavailable(headers: &[(&str, &str)]) -> http::Response<bytes::Bytes> {
    response(
        503,
        headers,
        r#"{"code":"RESOURCE_UNAVAILABLE","message":"later"}"#,
    )
}

#[tokio::test(start_paused = true)]
async fn reads_are_retried_and_writes_that_were_sent_are_not() {
    let mock = MockTransport::new()
        .response(unavailable(&[]))
        .response(unavailable(&[]))
        .json(200, &json!(1));
    assert_eq!(client(&mock).fetch(get()).await.unwrap().attempts(), 3);

    for failure in [503, 500, 502, 504] {
        let mock = MockTransport::new()
            .response(response(failure, &[], "{}"))
            .json(200, &json!(1));
        let error = client(&mock).fetch(post()).await.unwrap_err();
        assert_eq!(
            (error.attempts(), mock.requests().len()),
            (1, 1),
            "{failure}"
        );
        assert!(!error.is_retryable() && error.is_transient(), "{failure}");
    }
    let mock = MockTransport::new()
        .fail(|| error(ErrorKind::Reset, "cut"))
        .json(200, &json!(1));
    let lost = client(&mock).fetch(post()).await.unwrap_err();
    assert!(
        lost.was_sent() && mock.requests().len() == 1,
        "a second post could write twice"
    );
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_sent_again_whatever_it_is() {
    for kind in [ErrorKind::Connect, ErrorKind::Dns] {
        let mock = MockTransport::new()
            .fail(move || error(kind, "no way"))
            .json(200, &json!(1));
        assert_eq!(client(&mock).fetch(post()).await.unwrap().attempts(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn the_users_word_on_idempotency_counts() {
    let mock = MockTransport::new()
        .response(unavailable(&[]))
        .json(200, &json!(1));
    let options = CallOptions::new().with_idempotent(true);
    client(&mock).fetch(post().options(options)).await.unwrap();

    let mock = MockTransport::new()
        .response(unavailable(&[]))
        .json(200, &json!(1));
    let options = CallOptions::new().with_idempotent(false);
    assert!(client(&mock).fetch(get().options(options)).await.is_err());

    let mock = MockTransport::new()
        .response(unavailable(&[]))
        .json(200, &json!(1));
    client(&mock)
        .fetch(post().idempotency(Idempotency::Idempotent))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_is_sent_once() {
    let mock = MockTransport::new()
        .response(unavailable(&[]))
        .json(200, &json!(1));
    let operation = streaming_post().idempotency(Idempotency::Idempotent);
    assert!(client(&mock).fetch(operation).await.is_err());
    assert_eq!(mock.requests().len(), 1);

    let mock = MockTransport::new()
        .response(unavailable(&[]))
        .json(200, &json!(1));
    let again = Body::factory(|| {
        Body::stream(futures_util::stream::iter([Ok::<_, std::io::Error>(
            "again",
        )]))
    });
    let operation = post().body(again).idempotency(Idempotency::Idempotent);
    client(&mock).fetch(operation).await.unwrap();
    let bodies: Vec<_> = mock
        .requests()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert_eq!(bodies, ["again", "again"]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_what_retry_after_says() {
    let date = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(9));
    // Header, least and most seconds until the second attempt; jitter adds up to 0.1 s.
    let cases = [
        ("2", 2.0, 2.2),
        (date.as_str(), 7.5, 9.2),
        ("-1", 0.0, 0.11),
        ("soon", 0.0, 0.11),
        ("", 0.0, 0.11),
    ];
    for (header, least, most) in cases {
        let mock = MockTransport::new()
            .response(unavailable(&[("retry-after", header)]))
            .json(200, &json!(1));
        let start = Instant::now();
        client(&mock).fetch(get()).await.unwrap();
        let waited = start.elapsed().as_secs_f64();
        assert!((least..=most).contains(&waited), "{header:?}: {waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn too_long_a_wait_is_the_callers_to_know() {
    let mock = MockTransport::new()
        .response(unavailable(&[("retry-after", "99999999")]))
        .json(200, &json!(1));
    let start = Instant::now();
    let error = client(&mock).fetch(get()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(99_999_999)));
    assert!(error.is_retryable());
    assert_eq!(
        (start.elapsed(), mock.requests().len()),
        (Duration::ZERO, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_more_digits_than_a_number_has_is_very_long() {
    for header in [
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        &"9".repeat(400),
    ] {
        let mock = MockTransport::new()
            .response(unavailable(&[("retry-after", header)]))
            .json(200, &json!(1));
        let error = client(&mock).fetch(get()).await.unwrap_err();
        assert_eq!(mock.requests().len(), 1, "{header}");
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(u64::MAX)),
            "{header}"
        );
    }
    // Leading zeros make no number larger.
    let zeros = format!("{}2", "0".repeat(40));
    let mock = MockTransport::new()
        .response(unavailable(&[("retry-after", &zeros)]))
        .json(200, &json!(1));
    let start = Instant::now();
    client(&mock).fetch(get()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2));
    // What is neither a number nor a date asks for nothing.
    for header in ["+5", "1.5", "99999999999999999999s", "0x7f", "1e30", "٣"] {
        let mock = MockTransport::new()
            .response(unavailable(&[("retry-after", header)]))
            .json(200, &json!(1));
        let start = Instant::now();
        client(&mock).fetch(get()).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_ends_the_call_with_the_failure_itself() {
    let mock = MockTransport::new()
        .response(unavailable(&[("retry-after", "10")]))
        .json(200, &json!(1));
    let options = CallOptions::new().with_timeout(Duration::from_secs(5));
    let error = client(&mock)
        .fetch(get().options(options))
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
}

#[tokio::test(start_paused = true)]
async fn an_outage_empties_the_budget_and_success_fills_it() {
    let mock = MockTransport::new().fallback(|_| async { Ok(unavailable(&[]).map(Body::from)) });
    let client = client(&mock);
    for _ in 0..200 {
        assert!(client.fetch(get()).await.is_err());
    }
    // 500 / 14 = 35 retries for 200 calls.
    assert_eq!(mock.requests().len(), 235);
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_not_asked_for_again() {
    let mock = MockTransport::new()
        .json(
            429,
            &json!({ "code": "EXCEED_REQUEST_LIMIT", "message": "used up" }),
        )
        .json(200, &json!(1));
    let error = client(&mock).fetch(get()).await.unwrap_err();
    assert!(error.is_throttled() && !error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_body_cut_half_way_is_a_failed_attempt() {
    let cut = || {
        let pieces: [Result<&str, std::io::Error>; 2] = [
            Ok("{\"half\":"),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ];
        http::Response::new(Body::stream(futures_util::stream::iter(pieces)))
    };
    let mock = MockTransport::new()
        .then(move |_| async move { Ok(cut()) })
        .json(200, &json!({ "half": 2 }));
    assert_eq!(
        client(&mock)
            .fetch_json::<serde_json::Value>(get())
            .await
            .unwrap()
            .attempts(),
        2
    );

    let mock = MockTransport::new()
        .then(move |_| async move { Ok(cut()) })
        .json(200, &json!({}));
    let error = client(&mock).fetch(post()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent(), mock.requests().len()),
        (ErrorKind::Reset, true, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn one_attempt_switches_retries_off() {
    let mock = MockTransport::new().response(unavailable(&[]));
    let options = CallOptions::new().with_max_attempts(1);
    assert_eq!(
        client(&mock)
            .fetch(get().options(options))
            .await
            .unwrap_err()
            .attempts(),
        1
    );
}

/// How many requests an operation costs that gets this response, then a good one.
async fn requests(operation: crate::Operation, status: u16, body: serde_json::Value) -> usize {
    let mock = MockTransport::new()
        .json(status, &body)
        .json(200, &json!({}));
    // What comes of it is judged elsewhere.
    let _ = client(&mock).fetch(operation).await;
    mock.requests().len()
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_server_or_its_network_are_repeated() {
    for status in [408, 500, 502, 503, 504, 509, 520, 522, 530, 566, 598, 599] {
        assert_eq!(requests(get(), status, json!({})).await, 2, "{status}");
        assert_eq!(requests(post(), status, json!({})).await, 1, "{status}");
    }
    for status in [400, 404, 499, 501, 505, 507, 511, 519, 531, 567, 597] {
        assert_eq!(requests(get(), status, json!({})).await, 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_within_a_success_is_repeated_as_any_other() {
    use crate::Envelope::{Auth, Coded, Gateway};

    let says = |code: &str| json!({ "code": code, "message": "m", "requestId": "r" });
    let upsert = || post().idempotency(Idempotency::Idempotent).envelope(Coded);
    for code in [
        "OPERATION_TIMEOUT",
        "RESOURCE_UNAVAILABLE",
        "FLEXDB_REQUEST_TIMEOUT",
    ] {
        assert_eq!(
            requests(get().envelope(Coded), 200, says(code)).await,
            2,
            "{code}"
        );
        assert_eq!(requests(upsert(), 200, says(code)).await, 2, "{code}");
        assert_eq!(
            requests(post().envelope(Coded), 200, says(code)).await,
            1,
            "{code}"
        );
        // Where a code in a success is the user's own it is none of ours.
        assert_eq!(
            requests(get().envelope(Gateway), 200, says(code)).await,
            1,
            "{code}"
        );
    }
    for code in ["REQUEST_LIMIT_EXCEEDED", "FLEXDB_READ_LIMIT"] {
        assert_eq!(
            requests(get().envelope(Coded), 200, says(code)).await,
            2,
            "{code}"
        );
        assert_eq!(requests(upsert(), 200, says(code)).await, 1, "{code}");
    }
    let missing = says("DATASOURCE_NOT_EXIST");
    assert_eq!(requests(get().envelope(Coded), 200, missing).await, 1);
    let unavailable = json!({ "error_code": 14 });
    assert_eq!(requests(get().envelope(Auth), 200, unavailable).await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_within_a_success_gives_nothing_back_to_the_budget() {
    let body = r#"{"code":"OPERATION_TIMEOUT","message":"m"}"#;
    let timeout = move |_| async move { Ok(response(200, &[], body).map(Body::from)) };
    let mock = MockTransport::new().fallback(timeout);
    let client = client(&mock);
    for _ in 0..100 {
        let call = get().envelope(crate::Envelope::Coded);
        assert!(client.fetch(call).await.unwrap_err().is_retryable());
    }
    // 500 / 14 = 35 retries for 100 calls.
    assert_eq!(mock.requests().len(), 135);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_run_is_not_retryable_for_a_limit_on_its_way() {
    let error = |status, body: serde_json::Value, own: bool| async move {
        let call = match own {
            true => post().keep_error_response(),
            false => post().envelope(crate::Envelope::Storage),
        };
        let mock = MockTransport::new().json(status, &body);
        let error = client(&mock).fetch(call).await.unwrap_err();
        assert!(error.is_throttled(), "{error:?}");
        error.is_retryable()
    };
    // The function itself met a limit, after whatever it did before.
    let met = json!({ "code": "rate_limit_exceeded" });
    assert!(!error(500, met.clone(), true).await);
    assert!(!error(400, met, true).await);
    let of_platform = json!({ "code": "FUNCTION_EXCEED_RESOURCE_LIMIT" });
    assert!(error(400, of_platform, true).await);
    assert!(error(429, json!({}), true).await);
    // The status of the body is meant, whatever that of the response.
    let overloaded = json!({ "statusCode": "503", "error": "SlowDown" });
    assert!(!error(400, overloaded, false).await);
    let limit = json!({ "statusCode": "429", "error": "TooManyRequests" });
    assert!(error(500, limit, false).await);
}

#[tokio::test(start_paused = true)]
async fn the_status_in_the_body_decides_what_is_repeated() {
    let attempts = |status, stated: &'static str| async move {
        let body = json!({ "statusCode": stated, "error": "SlowDown" });
        let mock = MockTransport::new()
            .json(status, &body)
            .json(200, &json!(1));
        let call = post()
            .idempotency(Idempotency::Idempotent)
            .envelope(crate::Envelope::Storage);
        let _ = client(&mock).fetch(call).await;
        mock.requests().len()
    };
    assert_eq!(attempts(400, "503").await, 2);
    assert_eq!(attempts(500, "429").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_the_callers_to_heed_unless_the_call_reads() {
    for (status, code) in [
        (429, "EXCEED_RATELIMIT"),
        (429, ""),
        (400, "FUNCTION_EXCEED_RESOURCE_LIMIT"),
        (422, "EXCEED_CONCURRENT_REQUEST_LIMIT"),
    ] {
        let limit = || {
            response(
                status,
                &[("retry-after", "1")],
                json!({ "code": code }).to_string(),
            )
        };
        let mock = MockTransport::new().response(limit()).json(200, &json!(1));
        assert_eq!(
            client(&mock).fetch(get()).await.unwrap().attempts(),
            2,
            "{code}"
        );

        let upsert = post().idempotency(Idempotency::Idempotent);
        for write in [post(), upsert] {
            let mock = MockTransport::new().response(limit()).json(200, &json!(1));
            let error = client(&mock).fetch(write).await.unwrap_err();
            assert_eq!(mock.requests().len(), 1, "{code}");
            // The call did not run.
            assert!(error.is_retryable() && error.is_throttled(), "{code}");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(1)), "{code}");
        }

        let options = CallOptions::new().with_idempotent(true);
        let mock = MockTransport::new().response(limit()).json(200, &json!(1));
        client(&mock).fetch(post().options(options)).await.unwrap();
    }
    // A store that is overloaded says so with a status of its own.
    let slow = response(503, &[], "<Error><Code>SlowDown</Code></Error>");
    let mock = MockTransport::new().response(slow).json(200, &json!(1));
    let put = post().idempotency(Idempotency::Idempotent);
    client(&mock)
        .fetch(put.envelope(crate::Envelope::ObjectStore))
        .await
        .unwrap();
}
