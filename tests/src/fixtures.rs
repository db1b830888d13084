//! Wire fixtures: what an official SDK really sent and returned, and whether ours does the same.
//!
//! A fixture is a recorded scenario (`tests/fixtures/<area>/<name>.json`). [`Replay`] responds as the
//! recording did, either as a transport or over real sockets, and compares every request and every
//! result with the recorded one. What we do differently on purpose stands in one table of each area,
//! step by step, with the reason; an entry of the table that no step shows is an error, too.

mod compare;
mod difference;
mod outcome;
mod replay;
mod session;
mod sockets;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

pub use self::difference::{Difference, Differences};
pub use self::outcome::Outcome;
pub use self::replay::{Replay, Wire};
pub use self::session::recorded_session;

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
    /// The responses that it got, one for each request.
    #[serde(default)]
    pub responses: Vec<Response>,
    /// What it returned.
    #[serde(default)]
    pub result: Value,
    /// What it threw instead.
    pub thrown: Option<Value>,
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
    /// The headers, in lower case, but those of the connection and the runtime.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The parsed body.
    #[serde(default)]
    pub body: Value,
}

/// A recorded response.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The parsed body.
    #[serde(default)]
    pub body: Value,
}

impl Fixture {
    /// Reads `tests/fixtures/<area>/<name>.json`.
    ///
    /// # Panics
    ///
    /// If there is no such recording.
    pub fn load(area: &str, name: &str) -> Self {
        let path = format!("{}/fixtures/{area}/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every host that a request may go to: those of the requests, and of the URLs in responses.
    fn hosts(&self) -> Vec<String> {
        let requests = self.steps.iter().flat_map(|step| &step.requests);
        let responses = self.steps.iter().flat_map(|step| &step.responses);
        let mut texts: Vec<_> = requests.map(|request| request.origin.clone()).collect();
        texts.extend(responses.map(|response| response.body.to_string()));
        let hosts: BTreeSet<_> = texts
            .iter()
            .flat_map(|text| text.split("https://").skip(1))
            .map(|url| url.split(['/', '"', '?', '\\']).next().unwrap_or_default())
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
            .collect();
        hosts.into_iter().collect()
    }
}
