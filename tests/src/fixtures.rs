//! Wire fixtures: what an official SDK really sent, and whether ours sends the same.
//!
//! A fixture is a recorded scenario (`tests/fixtures/<area>/<name>.json`). [`Replay`] is a transport
//! that answers as the recording did and compares every request with the recorded one. What we do
//! differently on purpose stands in one table of each area, with the reason; an entry of the table
//! that no fixture needs is an error, too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cloudbase_core::{Body, Client};
use http::{HeaderMap, Method, Request, Response};
use serde::Deserialize;
use serde_json::Value;

/// A recorded scenario.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Fixture {
    /// Its name.
    pub name: String,
    /// The calls that were made, with what they sent.
    pub steps: Vec<Step>,
}

/// One call of a scenario.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// The call in JavaScript.
    pub call: String,
    /// What it sent.
    #[serde(default)]
    pub requests: Vec<Recorded>,
    /// What it was answered, one for each request.
    #[serde(default)]
    pub responses: Vec<Answer>,
}

/// A recorded request.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// Scheme, host and port.
    pub origin: String,
    /// The path, as sent.
    pub path: String,
    /// The decoded parameters.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// The headers that matter, in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The parsed body.
    #[serde(default)]
    pub body: Value,
}

/// A recorded answer.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The parsed body.
    #[serde(default)]
    pub body: Value,
}

/// Something that we do differently from the recording, on purpose.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// Method and path, with `*` for any text.
    pub on: &'static str,
    /// Which part differs, as a comparison names it: `body.target extra`, `query.client_id missing`,
    /// `header.authorization value`; `request extra` or `request missing` for a whole request.
    pub what: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl Difference {
    /// An entry of an area's table.
    pub const fn new(on: &'static str, what: &'static str, reason: &'static str) -> Self {
        Self { on, what, reason }
    }
}

/// Which entries of a table have been needed.
#[derive(Debug, Default)]
pub struct Needed(Mutex<BTreeSet<usize>>);

impl Needed {
    /// Panics if `table` has entries that no comparison needed.
    pub fn assert_all(&self, table: &[Difference]) {
        let needed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle: Vec<_> = (0..table.len())
            .filter(|n| !needed.contains(n))
            .map(|n| &table[n])
            .collect();
        assert!(
            idle.is_empty(),
            "differences that no fixture shows: {idle:#?}"
        );
    }
}

impl Fixture {
    /// Reads `tests/fixtures/<area>/<name>.json`.
    pub fn load(area: &str, name: &str) -> Self {
        let path = format!("{}/fixtures/{area}/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// Plays the service's part of a fixture and remembers what it was sent. Clones share it.
#[derive(Clone, Debug)]
pub struct Replay {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    fixture: Fixture,
    step: usize,
    answers: VecDeque<Answer>,
    sent: Vec<Sent>,
}

/// A request of ours.
#[derive(Clone, Debug)]
struct Sent {
    method: Method,
    origin: String,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Replay {
    /// Starts a fixture at its first step.
    pub fn new(fixture: Fixture) -> Self {
        let answers = fixture
            .steps
            .first()
            .map(|step| step.responses.clone().into())
            .unwrap_or_default();
        let shared = Shared {
            fixture,
            step: 0,
            answers,
            sent: Vec::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// A client of the recorded environment with the whole default stack on top of this.
    pub fn client(&self) -> Client {
        self.client_with(|builder| builder)
    }

    /// As [`client`](Self::client), with further settings.
    pub fn client_with(
        &self,
        settings: impl FnOnce(cloudbase_core::ClientBuilder) -> cloudbase_core::ClientBuilder,
    ) -> Client {
        let replay = self.clone();
        let service = tower::service_fn(move |request| replay.clone().answer(request));
        let builder = Client::builder().env_id("stub-env").transport(service);
        settings(builder)
            .build()
            .expect("the settings of the test are valid")
    }

    /// Leaves a step out that has no counterpart here, or cannot be compared; say why.
    ///
    /// # Panics
    ///
    /// If another step is next, or something was sent.
    #[track_caller]
    pub fn skip_step(&self, call: &str, _reason: &str) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let step = &shared.fixture.steps[shared.step];
        assert!(
            step.call.starts_with(call),
            "step {} is {:?}, not {call:?}",
            shared.step,
            step.call
        );
        assert!(
            shared.sent.is_empty(),
            "something was sent for a step that is left out"
        );
        shared.step += 1;
        let next = shared.fixture.steps.get(shared.step);
        shared.answers = next
            .map(|step| step.responses.clone().into())
            .unwrap_or_default();
    }

    /// Panics unless every step was gone through.
    #[track_caller]
    pub fn assert_done(&self) {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let left: Vec<_> = shared.fixture.steps[shared.step..]
            .iter()
            .map(|step| &step.call)
            .collect();
        assert!(
            left.is_empty(),
            "{}: steps left: {left:?}",
            shared.fixture.name
        );
    }

    /// Compares what was sent since the last step with this one, and goes on to the next. `call` is
    /// how the step's JavaScript begins.
    ///
    /// # Panics
    ///
    /// If something differs that is not in `table`.
    #[track_caller]
    pub fn assert_step(&self, call: &str, table: &[Difference], needed: &Needed) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let step = shared.fixture.steps[shared.step].clone();
        assert!(
            step.call.starts_with(call),
            "step {} is {:?}, not {call:?}",
            shared.step,
            step.call
        );
        let sent = std::mem::take(&mut shared.sent);
        let name = format!("{}: {}", shared.fixture.name, step.call);
        shared.step += 1;
        let next = shared.fixture.steps.get(shared.step);
        shared.answers = next
            .map(|step| step.responses.clone().into())
            .unwrap_or_default();
        drop(shared);

        let mut report = String::new();
        let allowed = |on: &str, what: &str| {
            let entry = table
                .iter()
                .position(|entry| fits(entry.on, on) && entry.what == what);
            if let Some(entry) = entry {
                needed
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(entry);
            }
            entry.is_some()
        };
        let (mut recorded, mut ours) = (step.requests.iter().peekable(), sent.iter().peekable());
        loop {
            let same = match (recorded.peek(), ours.peek()) {
                (None, None) => break,
                (Some(recorded), Some(sent)) => {
                    recorded.method == sent.method.as_str() && matches(&recorded.path, &sent.path)
                }
                _ => false,
            };
            if same {
                let (Some(recorded), Some(sent)) = (recorded.next(), ours.next()) else {
                    break;
                };
                let on = format!("{} {}", recorded.method, recorded.path);
                for mismatch in compare(recorded, sent) {
                    let what = mismatch.split(": ").next().unwrap_or_default();
                    if !allowed(&on, what) {
                        let _ = writeln!(report, "{on}: {mismatch}");
                    }
                }
                continue;
            }
            let on = ours
                .peek()
                .map(|sent| format!("{} {}", sent.method, sent.path));
            if on.is_some_and(|on| allowed(&on, "request extra")) {
                ours.next();
                continue;
            }
            let on = recorded
                .peek()
                .map(|recorded| format!("{} {}", recorded.method, recorded.path));
            if on.is_some_and(|on| allowed(&on, "request missing")) {
                recorded.next();
                continue;
            }
            let ours: Vec<_> = sent
                .iter()
                .map(|sent| format!("{} {}", sent.method, sent.path))
                .collect();
            let recorded = step
                .requests
                .iter()
                .map(|request| format!("{} {}", request.method, request.path));
            let _ = writeln!(
                report,
                "recorded {:?}, sent {ours:?}",
                recorded.collect::<Vec<_>>()
            );
            break;
        }
        assert!(report.is_empty(), "{name}\n{report}");
    }

    fn answer(
        self,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.into_bytes(64 * 1024 * 1024).await.unwrap_or_default();
            let uri = head.uri;
            let query = uri.query().unwrap_or_default();
            let sent = Sent {
                method: head.method,
                origin: format!(
                    "{}://{}",
                    uri.scheme_str().unwrap_or_default(),
                    uri.authority().map_or("", |a| a.as_str())
                ),
                path: uri.path().to_owned(),
                query: query
                    .split('&')
                    .filter(|pair| !pair.is_empty())
                    .map(pair)
                    .collect(),
                headers: head.headers,
                body,
            };
            let answer = {
                let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
                shared.sent.push(sent);
                shared.answers.pop_front()
            };
            let mut response = Response::new(Body::empty());
            match answer {
                Some(answer) => {
                    *response.status_mut() =
                        http::StatusCode::from_u16(answer.status).unwrap_or_default();
                    for (name, value) in &answer.headers {
                        if let (Ok(name), Ok(value)) = (
                            http::HeaderName::try_from(name),
                            http::HeaderValue::try_from(value),
                        ) {
                            response.headers_mut().insert(name, value);
                        }
                    }
                    *response.body_mut() = bytes_of(&answer.body).into();
                }
                None => *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED,
            }
            Ok(response)
        })
    }
}

/// What differs between a recorded request and ours, each as `part kind: details`.
fn compare(recorded: &Recorded, sent: &Sent) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.method != sent.method.as_str() {
        found.push(format!(
            "method value: recorded {}, sent {}",
            recorded.method, sent.method
        ));
    }
    if !matches(&recorded.origin, &sent.origin) {
        found.push(format!(
            "origin value: recorded {}, sent {}",
            recorded.origin, sent.origin
        ));
    }
    if !matches(&decoded(&recorded.path), &decoded(&sent.path)) {
        found.push(format!(
            "path value: recorded {}, sent {}",
            recorded.path, sent.path
        ));
    }
    compare_queries(&recorded.query, &sent.query, &mut found);
    compare_headers(recorded, &sent.headers, &mut found);
    compare_bodies(&recorded.body, &sent.body, &mut found);
    found
}

fn compare_queries(
    recorded: &[(String, String)],
    sent: &[(String, String)],
    found: &mut Vec<String>,
) {
    let mut rest: Vec<_> = sent.iter().collect();
    let mut missing = Vec::new();
    for (name, value) in recorded {
        match rest
            .iter()
            .position(|(n, v)| n == name && matches(value, v))
        {
            Some(at) => {
                rest.remove(at);
            }
            None => missing.push((name, value)),
        }
    }
    for (name, value) in missing {
        match rest.iter().position(|(n, _)| n == name) {
            Some(at) => {
                let (_, other) = rest.remove(at);
                found.push(format!(
                    "query.{name} value: recorded {value:?}, sent {other:?}"
                ));
            }
            None => found.push(format!("query.{name} missing: recorded {value:?}")),
        }
    }
    for (name, value) in rest {
        found.push(format!("query.{name} extra: {value:?}"));
    }
}

/// Headers that say who sends, not what is sent.
const IGNORED: &[&str] = &[
    "accept",
    "content-type",
    "user-agent",
    "x-client-timestamp",
    "x-request-id",
    "x-sdk-version",
    "x-seqid",
    "x-tcb-region",
    "x-tcb-source",
    "x-tcb-trace",
];

/// Headers that must not be there if the recording has none.
const WATCHED: &[&str] = &[
    "accept-profile",
    "authorization",
    "content-profile",
    "prefer",
    "x-captcha-token",
    "x-db-instance",
];

fn compare_headers(request: &Recorded, sent: &HeaderMap, found: &mut Vec<String>) {
    let recorded = &request.headers;
    let ours = |name: &str| {
        sent.get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    for (name, value) in recorded {
        if IGNORED.contains(&name.as_str()) {
            continue;
        }
        match ours(name) {
            None => found.push(format!("header.{name} missing: recorded {value:?}")),
            Some(other) if !matches(value, &other) => {
                found.push(format!(
                    "header.{name} value: recorded {value:?}, sent {other:?}"
                ));
            }
            Some(_) => {}
        }
    }
    for name in WATCHED.iter().filter(|name| !recorded.contains_key(**name)) {
        if let Some(value) = ours(name) {
            found.push(format!("header.{name} extra: {value:?}"));
        }
    }
    // A body has a type, and it is the recorded one where that is not an accident of `fetch`.
    let media_type = |text: &str| {
        text.split([';', ','])
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    if let Some(value) = recorded.get("content-type").map(|value| media_type(value))
        && value != "text/plain"
        && !request.body.is_null()
        && ours("content-type").map(|value| media_type(&value)) != Some(value.clone())
    {
        found.push(format!(
            "header.content-type value: recorded {value:?}, sent {:?}",
            ours("content-type")
        ));
    }
}

fn compare_bodies(recorded: &Value, sent: &[u8], found: &mut Vec<String>) {
    let text = recorded
        .as_object()
        .filter(|body| body.len() == 1)
        .and_then(|body| body.get("text"));
    if let Some(text) = text.and_then(Value::as_str) {
        if !matches(text, &String::from_utf8_lossy(sent)) {
            found.push(format!(
                "body value: recorded {text:?}, sent {:?}",
                String::from_utf8_lossy(sent)
            ));
        }
        return;
    }
    let ours = match sent {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned())),
    };
    compare_values("body", recorded, &ours, found);
}

fn compare_values(path: &str, recorded: &Value, sent: &Value, found: &mut Vec<String>) {
    match (recorded, sent) {
        (Value::Object(recorded), Value::Object(sent)) => {
            for (name, value) in recorded {
                match sent.get(name) {
                    Some(other) => compare_values(&format!("{path}.{name}"), value, other, found),
                    None => found.push(format!("{path}.{name} missing: recorded {value}")),
                }
            }
            for (name, value) in sent
                .iter()
                .filter(|(name, _)| !recorded.contains_key(*name))
            {
                found.push(format!("{path}.{name} extra: {value}"));
            }
        }
        (Value::Array(recorded), Value::Array(sent)) if recorded.len() == sent.len() => {
            for (n, (recorded, sent)) in recorded.iter().zip(sent).enumerate() {
                compare_values(&format!("{path}.{n}"), recorded, sent, found);
            }
        }
        (Value::String(recorded), Value::String(sent)) if matches(recorded, sent) => {}
        (recorded, sent) if recorded == sent => {}
        _ => found.push(format!("{path} value: recorded {recorded}, sent {sent}")),
    }
}

fn bytes_of(body: &Value) -> Vec<u8> {
    match body {
        Value::Null => Vec::new(),
        Value::Object(object)
            if object.len() == 1 && object.get("text").is_some_and(Value::is_string) =>
        {
            object["text"]
                .as_str()
                .unwrap_or_default()
                .as_bytes()
                .to_vec()
        }
        value => value.to_string().into_bytes(),
    }
}

/// Whether `sent` is what was recorded; each `<placeholder>` of the recording stands for any text.
fn matches(recorded: &str, sent: &str) -> bool {
    if recorded == sent {
        return true;
    }
    match recorded
        .split_once('<')
        .and_then(|(before, rest)| Some((before, rest.split_once('>')?.1)))
    {
        None => false,
        Some((before, after)) => sent.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// Whether `text` fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| fits(after, &rest[at..]))
        }),
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (
        decoded(&name.replace('+', " ")),
        decoded(&value.replace('+', " ")),
    )
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    let raw = text.as_bytes();
    while at < raw.len() {
        let hex = raw
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match hex
            .filter(|_| raw[at] == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                at += 3;
            }
            None => {
                bytes.push(raw[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_any_text_and_nothing_else_does() {
        assert!(matches("Bearer <access-token-1>", "Bearer eyJ") && matches("<a>-<b>", "x-y-z"));
        assert!(!matches("Bearer <t>", "Basic eyJ") && !matches("a", "b") && !matches("<a>x", "y"));
        assert!(fits("POST /auth/*", "POST /auth/v1/x") && !fits("POST /auth", "POST /auth/v1"));
    }

    #[test]
    fn differences_are_named() {
        let recorded: Recorded = serde_json::from_value(serde_json::json!({
            "method": "POST", "origin": "https://e", "path": "/p q", "query": [["a", "1"], ["b", "2"]],
            "headers": {"x": "1", "x-request-id": "<uuid>"}, "body": {"k": 1, "l": {"m": "<any>"}},
        }))
        .unwrap();
        let sent = Sent {
            method: Method::POST,
            origin: "https://e".to_owned(),
            path: "/p%20q".to_owned(),
            query: vec![pair("b=3"), pair("c=%26")],
            headers: HeaderMap::from_iter([(
                http::header::AUTHORIZATION,
                http::HeaderValue::from_static("t"),
            )]),
            body: Bytes::from_static(br#"{"k":2,"l":{"m":"anything"},"n":null}"#),
        };
        let found: Vec<_> = compare(&recorded, &sent)
            .into_iter()
            .map(|mismatch| mismatch.split(": ").next().unwrap().to_owned())
            .collect();
        let wanted = [
            "query.a missing",
            "query.b value",
            "query.c extra",
            "header.x missing",
            "header.authorization extra",
            "body.k value",
            "body.n extra",
        ];
        assert_eq!(found, wanted);
    }
}
