//! Responses that come piece by piece.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use cloudbase_core::{ErrorKind, TimeoutPhase};
use cloudbase_emulator::{Emulator, Fault, Service};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{Request, Response};

use crate::support::{Fixture, mirror, start};

fn events_of(body: Body) -> Response<Body> {
    Response::builder()
        .header("content-type", "text/event-stream; charset=utf-8")
        .body(body)
        .unwrap()
}

async fn serving<F>(response: F) -> Fixture
where
    F: Fn() -> Response<Body> + Send + Sync + 'static,
{
    let service = Service::http(move |_: Request<Body>| {
        let response = response();
        async move { response }
    });
    start(Emulator::builder().service("chat", service)).await
}

#[tokio::test]
async fn events_come_one_by_one() {
    const TEXT: &str = "\u{feff}: heartbeat\n\nevent: token\r\ndata: {\"text\": \"你\"}\r\n\r\n\
                        id: 2\rdata: a\rdata: b\r\rdata: cut off";
    // Byte by byte: however the network cuts, the events are the same.
    let fixture = serving(|| {
        let bytes = TEXT
            .bytes()
            .map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte])));
        events_of(Body::from_stream(stream::iter(bytes.collect::<Vec<_>>())))
    })
    .await;
    let response = fixture.cloud_run.call("chat").events().await.unwrap();
    assert!(!response.request_id().is_empty());
    let events: Vec<_> = response.into_value().try_collect().await.unwrap();
    assert_eq!(events.len(), 2, "what the end cuts off is dropped");
    assert_eq!(
        (events[0].event.as_str(), events[0].id.as_str()),
        ("token", "")
    );
    assert_eq!(events[0].json::<serde_json::Value>().unwrap()["text"], "你");
    assert_eq!(
        (events[1].event.as_str(), events[1].id.as_str()),
        ("message", "2")
    );
    assert_eq!(events[1].data, "a\nb");
    let asked = fixture
        .emulator
        .requests()
        .matching("* /v1/cloudrun/*")
        .remove(0);
    assert_eq!(asked.header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn an_event_is_reported_before_the_next_one_is_there() {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
    let receiver = std::sync::Mutex::new(Some(receiver));
    let fixture = serving(move || {
        let receiver = receiver.lock().unwrap().take().unwrap();
        let pieces = stream::unfold(receiver, |mut receiver| async {
            let piece = receiver.recv().await?;
            Some((
                Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes())),
                receiver,
            ))
        });
        events_of(Body::from_stream(pieces))
    })
    .await;
    sender.send(": hello\n\n").unwrap();
    let mut events = fixture
        .cloud_run
        .service("chat")
        .post("/")
        .events()
        .await
        .unwrap()
        .into_value();
    for data in ["data: 1\n\n", "data: 2\n\n"] {
        sender.send(data).unwrap();
        let event = events.next_event().await.unwrap().unwrap();
        assert_eq!(format!("data: {}\n\n", event.data), data);
    }
    drop(sender);
    assert!(events.next_event().await.unwrap().is_none());
}

#[tokio::test]
async fn a_cut_between_events_is_an_error_after_them() {
    let fixture =
        serving(|| events_of(Body::from("data: 1\n\ndata: 2\n\ndata: 3\n\n".repeat(1000)))).await;
    fixture
        .emulator
        .faults()
        .add(Fault::on("* /v1/cloudrun/*").reset_after(9000));
    let mut events = fixture
        .cloud_run
        .call("chat")
        .events()
        .await
        .unwrap()
        .into_value();
    let mut seen = 0;
    let error = loop {
        match events.next().await.unwrap() {
            Ok(event) => {
                seen += 1;
                assert_eq!(event.data, ((seen - 1) % 3 + 1).to_string());
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Reset, "{error:?}");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_ended() {
    let silent = || {
        events_of(Body::from_stream(
            stream::iter([Ok::<_, std::io::Error>(Bytes::from("data: 1\n\n"))])
                .chain(stream::pending()),
        ))
    };
    let fixture = serving(silent).await;
    let call = fixture
        .cloud_run
        .call("chat")
        .stall_timeout(Duration::from_millis(100));
    let mut events = call.events().await.unwrap().into_value();
    assert_eq!(events.next_event().await.unwrap().unwrap().data, "1");
    let error = events.next_event().await.unwrap_err();
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Stall),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_event_stream_is_rejected() {
    let fixture = serving(|| Response::new(Body::from("data: 1\n\n"))).await;
    let error = fixture.cloud_run.call("chat").events().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        error.message(),
        "the response has no content type, not `text/event-stream`"
    );
    let function = |_, _| async { Ok(serde_json::json!({ "a": 1 })) };
    let fixture = start(Emulator::builder().function("plain", function)).await;
    let error = fixture.functions.call("plain").events().await.unwrap_err();
    assert_eq!(
        error.message(),
        "the response is `application/json`, not `text/event-stream`"
    );
    assert!(error.request_id().is_some());
    let error = fixture
        .functions
        .call("missing")
        .stream()
        .await
        .unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn a_long_response_streams_past_the_limit_of_whole_ones() {
    const LENGTH: usize = 12 * 1024 * 1024;
    let fixture = serving(|| Response::new(Body::from(vec![7; LENGTH]))).await;
    let error = fixture.cloud_run.call("chat").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    let response = fixture.cloud_run.call("chat").stream().await.unwrap();
    let length = response
        .into_value()
        .try_fold(0, |sum, bytes| async move { Ok(sum + bytes.len()) });
    assert_eq!(length.await.unwrap(), LENGTH);
}

/// The options of a call count whether they come before or after it is said how the response is read.
#[tokio::test]
async fn calls_that_stream_have_the_options_and_ends_of_other_calls() {
    let builder = Emulator::builder().service("chat", Service::http(mirror));
    let fixture = start(builder).await;
    let call = || fixture.cloud_run.call("chat").header("x-custom", "before");
    let streamed = call().stream().request_id("stream-1").any_status();
    assert_eq!(streamed.await.unwrap().status().as_u16(), 202);
    let streamed = call().stream().header("x-custom", "after").send_with_meta();
    let pieces: Vec<Bytes> = streamed
        .await
        .unwrap()
        .into_value()
        .try_collect()
        .await
        .unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&pieces.concat()).unwrap();
    assert_eq!(seen["custom"], "after");

    let error = call().events().request_id("events-1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        error
            .response()
            .unwrap()
            .json::<serde_json::Value>()
            .unwrap()["custom"],
        "before"
    );
    let ids = fixture
        .emulator
        .requests()
        .all()
        .into_iter()
        .map(|request| request.header("x-request-id").unwrap().to_owned());
    let ids: Vec<_> = ids.collect();
    assert_eq!((ids[0].as_str(), ids[2].as_str()), ("stream-1", "events-1"));
    let error = call().events().header("a b", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
}

#[test]
fn calls_that_stream_show_their_request() {
    let client = cloudbase_core::Client::builder().env_id("env");
    let functions = cloudbase_functions::Functions::new(client.build().unwrap());
    let call = || functions.call("chat").json(&serde_json::json!({ "a": 1 }));
    let plain = call().operation().unwrap();
    let events = call().events().header("x-a", "b").operation().unwrap();
    for operation in [&plain, &call().stream().operation().unwrap(), &events] {
        assert_eq!(operation.name(), "functions.call");
        assert_eq!(operation.target(), "/v1/functions/chat");
        assert_eq!(operation.body_bytes(), Some(&br#"{"a":1}"#[..]));
    }
    assert_eq!(plain.headers()["accept"], "*/*");
    assert_eq!(events.headers()["accept"], "text/event-stream");
    let error = functions.call("..").events().operation().unwrap_err();
    assert_eq!(error.operation(), "functions.call");
}

/// Functions of a client whose server reads the request and responds after `wait`.
fn slow(wait: Duration) -> cloudbase_functions::Functions {
    let transport = tower::service_fn(move |request: Request<cloudbase_core::Body>| async move {
        let mut body = request.into_body().into_data_stream();
        while body.next().await.transpose()?.is_some() {}
        tokio::time::sleep(wait).await;
        let response = Response::builder().header("content-type", "text/event-stream");
        Ok::<_, cloudbase_core::BoxError>(response.body(cloudbase_core::Body::empty())?)
    });
    let client = cloudbase_core::Client::builder()
        .env_id("test-env")
        .access_key("key")
        .transport(transport);
    cloudbase_functions::Functions::new(client.build().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_stream_waits_for_its_head_as_long_as_its_timeout_says() {
    let functions = slow(Duration::from_secs(90));
    let call = || functions.call("slow").json(&serde_json::json!({}));
    let limit = Duration::from_secs(300);
    call().stream().timeout(limit).await.unwrap();
    call().timeout(limit).events().await.unwrap();

    let start = tokio::time::Instant::now();
    let error = call().stream().await.unwrap_err();
    assert_eq!(
        error.message(),
        "no response 60s after the upload (`timeout`)"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_limit_of_its_attempt() {
    let functions = slow(Duration::from_secs(3600));
    let call = || functions.call("slow").json(&serde_json::json!({}));
    let limit = Duration::from_secs(2);
    for call in [
        call().stream().attempt_timeout(limit),
        call().timeout(limit * 100).attempt_timeout(limit).stream(),
        call()
            .stall_timeout(limit * 30)
            .attempt_timeout(limit)
            .stream(),
    ] {
        let start = tokio::time::Instant::now();
        let error = call.await.unwrap_err();
        assert_eq!(
            error.message(),
            "no response 2s after the upload (`attempt_timeout`)"
        );
        assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
        assert_eq!(start.elapsed(), limit);
    }
    let start = tokio::time::Instant::now();
    let error = call().events().timeout(limit).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(start.elapsed(), limit);
}
