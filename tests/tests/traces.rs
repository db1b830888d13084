//! The spans of a call and its attempts: where they are in the stack, and OpenTelemetry's names.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cloudbase_core::{
    Body, BoxError, CallOptions, Client, CredentialUse, HttpService, Operation, telemetry,
};
use http::{Method, Request, Response, Uri};
use tower::layer::layer_fn;
use tower::{ServiceExt as _, service_fn};
use tracing::Event;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// The SDK's spans, in the order in which they began, and what its events say.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Seen>>>, Arc<Mutex<Vec<Fields>>>);

struct Seen {
    id: Id,
    name: &'static str,
    parent: Option<&'static str>,
    fields: Fields,
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S> tracing_subscriber::Layer<S> for Spans
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        if !span.name().starts_with("cloudbase.") {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.0.lock().unwrap().push(Seen {
            id: id.clone(),
            name: span.name(),
            parent: span.parent().map(|parent| parent.name()),
            fields,
        });
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("cloudbase") {
            let mut fields = Fields::default();
            event.record(&mut fields);
            self.1.lock().unwrap().push(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        // An id is given out again once its span is over.
        if let Some(seen) = spans.iter_mut().rev().find(|seen| seen.id == *id) {
            values.record(&mut seen.fields);
        }
    }
}

/// The span that one is in.
fn here() -> &'static str {
    let span = tracing::Span::current();
    span.metadata().map_or("no span", |span| span.name())
}

type Log = Arc<Mutex<Vec<(&'static str, &'static str)>>>;

fn noting(
    log: &Log,
    name: &'static str,
) -> impl tower::Layer<HttpService, Service = HttpService> + Send + 'static {
    let log = log.clone();
    layer_fn(move |inner: HttpService| {
        let log = log.clone();
        HttpService::new(service_fn(move |request: Request<Body>| {
            log.lock().unwrap().push((name, here()));
            inner.clone().oneshot(request)
        }))
    })
}

fn fields(expected: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    let owned = expected
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    owned.collect()
}

#[tokio::test(start_paused = true)]
async fn calls_and_attempts_have_spans_with_opentelemetrys_names() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let _guard = tracing::subscriber::set_default(subscriber);

    let log = Log::default();
    let (noted, requests) = (log.clone(), AtomicU32::new(0));
    let requests = Arc::new(requests);
    let transport = service_fn(move |_: Request<Body>| {
        noted.lock().unwrap().push(("transport", here()));
        let number = requests.fetch_add(1, Ordering::SeqCst);
        async move {
            let response = Response::builder().header("x-request-id", "named");
            let response = match number {
                0 => response.status(503),
                1 => response,
                _ => std::future::pending().await,
            };
            Ok::<_, BoxError>(response.body(Body::from("{}"))?)
        }
    });
    let client = Client::builder()
        .env_id("test-env")
        .endpoint("https://gateway.example:8443")
        .transport(transport)
        .layer(noting(&log, "call layer"))
        .attempt_layer(noting(&log, "attempt layer"))
        .build()
        .unwrap();
    let operation = || {
        let uri = Uri::from_static("/v1/things/sentinel?secret=sentinel");
        Operation::new("things.get", "/v1/things/{id}", Method::GET, uri)
            .credential(CredentialUse::None)
    };
    client.fetch(operation()).await.unwrap();
    let (call, attempt) = (telemetry::CALL_SPAN, telemetry::ATTEMPT_SPAN);
    assert_eq!(
        *log.lock().unwrap(),
        [
            ("call layer", "no span"),
            ("attempt layer", call),
            ("transport", attempt),
            ("attempt layer", call),
            ("transport", attempt),
        ]
    );
    let options = CallOptions::new().with_max_attempts(1);
    let late = client.fetch(operation().options(options)).await;
    let own_id = late.unwrap_err().request_id().unwrap().to_owned();

    let common = [
        ("otel.kind", "client"),
        ("otel.name", "GET /v1/things/{id}"),
        ("http.request.method", "GET"),
        ("url.template", "/v1/things/{id}"),
        ("server.address", "gateway.example"),
        ("server.port", "8443"),
    ];
    let of_attempt = |more: &[(&'static str, &str)]| {
        let mut all = fields(&common);
        all.extend(fields(more));
        all
    };
    let of_call = |more: &[(&'static str, &str)]| {
        let mut all = fields(&[
            ("otel.kind", "client"),
            ("otel.name", "things.get"),
            ("cloudbase.operation", "things.get"),
            ("cloudbase.env_id", "test-env"),
        ]);
        all.extend(fields(more));
        all
    };
    let expected = [
        (
            call,
            None,
            of_call(&[
                ("cloudbase.attempts", "2"),
                ("cloudbase.request_id", "named"),
            ]),
        ),
        (
            attempt,
            Some(call),
            of_attempt(&[
                ("http.response.status_code", "503"),
                ("error.type", "503"),
                ("otel.status_code", "ERROR"),
            ]),
        ),
        (
            attempt,
            Some(call),
            of_attempt(&[
                ("http.request.resend_count", "1"),
                ("http.response.status_code", "200"),
            ]),
        ),
        (
            call,
            None,
            of_call(&[
                ("cloudbase.attempts", "1"),
                ("cloudbase.request_id", &own_id),
                ("error.type", "timeout"),
                ("otel.status_code", "ERROR"),
            ]),
        ),
        (
            attempt,
            Some(call),
            of_attempt(&[("error.type", "timeout"), ("otel.status_code", "ERROR")]),
        ),
    ];
    let Spans(spans, events) = spans;
    let spans = spans.lock().unwrap();
    let seen: Vec<_> = spans
        .iter()
        .map(|span| (span.name, span.parent, span.fields.0.clone()))
        .collect();
    assert_eq!(seen, expected);

    let retry = &events.lock().unwrap()[0].0;
    assert_eq!(retry["message"], "attempt failed, retrying");
    assert_eq!(retry["error.type"], "503");
    assert!(retry.contains_key("wait") && retry.contains_key("attempt"));
}

#[tokio::test]
async fn a_raw_request_has_the_spans_of_its_attempts_alone() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let transport =
        service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
    let client = Client::builder()
        .env_id("test-env")
        .endpoint("https://gateway.example")
        .transport(transport)
        .build()
        .unwrap();
    let request = Request::get("/v1/things").body(Body::empty()).unwrap();
    client.service().oneshot(request).await.unwrap();
    let spans = spans.0.lock().unwrap();
    let seen: Vec<_> = spans.iter().map(|span| (span.name, span.parent)).collect();
    assert_eq!(seen, [(telemetry::ATTEMPT_SPAN, None)]);
}
