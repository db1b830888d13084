//! Wire fixtures: what an official SDK really sent, and whether ours sends the same.
//!
//! A fixture is a recorded scenario (`tests/fixtures/<area>/<name>.json`). [`Replay`] is a transport
//! that answers as the recording did and compares every request with the recorded one. What we do
//! differently on purpose stands in one table of each area, with the reason; an entry of the table
//! that no fixture needs is an error, too.

mod compare;

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

use self::compare::{compare, fits, matches, pair};

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
