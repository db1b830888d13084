//! A transport that gives responses in order and remembers what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use cloudbase_core::http::{Request, Response};
use cloudbase_core::{Body, BoxError, Client};
use cloudbase_data::Documents;
use serde_json::Value;
use tokio::sync::Notify;
use tower::service_fn;

#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    responses: VecDeque<(u16, String)>,
    requests: Vec<Sent>,
    /// The request whose response waits until it is released.
    held: Option<usize>,
    released: Arc<Notify>,
    delivered: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) line: String,
    pub(crate) body: Value,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn json(self, status: u16, body: impl Into<String>) -> Self {
        let mut state = self.0.lock().unwrap();
        state.responses.push_back((status, body.into()));
        drop(state);
        self
    }

    /// Holds the response to the request of this number, counted from 0, until [`release`](Self::release).
    pub(crate) fn hold(self, request: usize) -> Self {
        self.0.lock().unwrap().held = Some(request);
        self
    }

    pub(crate) fn release(&self) {
        self.0.lock().unwrap().released.notify_one();
    }

    /// How many responses have arrived.
    pub(crate) fn delivered(&self) -> usize {
        self.0.lock().unwrap().delivered
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Sent> {
        self.0.lock().unwrap().requests.clone()
    }

    pub(crate) fn queries(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        let query = |sent: Sent| sent.line.split_once('?').map(|(_, query)| query.to_owned());
        requests.filter_map(query).collect()
    }

    pub(crate) fn documents(&self) -> Documents {
        let state = self.0.clone();
        let transport = service_fn(move |request: Request<Body>| {
            let target = request.uri().path_and_query().unwrap().to_string();
            let base = "/v1/database/instances/(default)/databases/(default)";
            let target = target.strip_prefix(base).unwrap_or(&target).to_owned();
            let sent = Sent {
                line: format!("{} {target}", request.method()),
                body: serde_json::from_slice(request.body().as_bytes().unwrap_or_default())
                    .unwrap_or_default(),
            };
            let shared = state.clone();
            let mut state = state.lock().unwrap();
            let held = state.held == Some(state.requests.len());
            let held = held.then(|| state.released.clone());
            state.requests.push(sent);
            let next = state.responses.pop_front();
            drop(state);
            async move {
                if let Some(released) = held {
                    released.notified().await;
                }
                shared.lock().unwrap().delivered += 1;
                let (status, body) = next.ok_or_else(|| BoxError::from("no more responses"))?;
                let response = Response::builder().status(status);
                let response = response.header("content-type", "application/json");
                Ok::<_, BoxError>(response.body(Body::from(body)).unwrap())
            }
        });
        let client = Client::builder()
            .env_id("env")
            .access_key("the-access-key")
            .transport(transport);
        Documents::new(client.build().unwrap())
    }
}
