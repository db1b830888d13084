//! Clocks that are wrong, that are set, and that stop: the machine's wall clock is moved here,
//! its monotonic clock is tokio's, and the service has a clock of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cloudbase_core::{Body, Client, Operation, Result};
use http::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::time::{Instant, advance};

use crate::value::clock::tests::shift;
use crate::{Auth, MemoryStore, Password};

const HOUR: i64 = 3600;
/// How long access tokens live, in seconds.
const LIFETIME: i64 = 2 * HOUR;

/// A service that keeps its own time.
#[derive(Clone)]
struct Service(Arc<Mutex<State>>);

struct State {
    begin: Instant,
    /// How many seconds of its time have passed that this machine has slept through.
    slept: i64,
    serial: u32,
    /// When access tokens end, in seconds of its time.
    tokens: HashMap<String, i64>,
    refreshes: u32,
    /// Calls with a token that had ended.
    rejected: u32,
}

impl State {
    fn now(&self) -> i64 {
        self.begin.elapsed().as_secs() as i64 + self.slept
    }

    fn respond(&mut self, request: &Request<Body>) -> (StatusCode, serde_json::Value) {
        match request.uri().path() {
            "/auth/v1/signin" => {}
            "/auth/v1/token" => self.refreshes += 1,
            _ => {
                let bearer = request.headers().get("authorization");
                let bearer =
                    bearer.map(|value| value.to_str().unwrap()["Bearer ".len()..].to_owned());
                let now = self.now();
                let good = bearer
                    .is_some_and(|token| self.tokens.get(&token).is_some_and(|end| *end > now));
                if good {
                    return (StatusCode::OK, json!({"sub": "u1"}));
                }
                self.rejected += 1;
                return (
                    StatusCode::UNAUTHORIZED,
                    json!({"code": "ACCESS_TOKEN_EXPIRED", "message": "no"}),
                );
            }
        }
        self.serial += 1;
        let access = format!("a{}", self.serial);
        self.tokens.insert(access.clone(), self.now() + LIFETIME);
        let pair = json!({
            "access_token": access, "refresh_token": format!("r{}", self.serial), "expires_in": LIFETIME, "sub": "u1",
        });
        (StatusCode::OK, pair)
    }
}

/// A machine with a session.
struct Machine {
    service: Service,
    store: MemoryStore,
    auth: Auth,
}

impl Machine {
    async fn signed_in() -> Self {
        let service = Service(Arc::new(Mutex::new(State {
            begin: Instant::now(),
            slept: 0,
            serial: 0,
            tokens: HashMap::new(),
            refreshes: 0,
            rejected: 0,
        })));
        let store = MemoryStore::new();
        let auth = service.auth(&store);
        let lin = Password::username("lin", "Passw0rd!");
        auth.sign_in_with_password(lin).await.unwrap();
        Self {
            service,
            store,
            auth,
        }
    }

    /// The program starts again.
    fn restart(&mut self) {
        self.auth = self.service.auth(&self.store);
    }

    /// All clocks go on.
    async fn pass(&self, seconds: i64) {
        advance(Duration::from_secs(seconds.unsigned_abs())).await;
        shift(seconds);
    }

    /// Fifty calls at once, then some more, all of which succeed.
    async fn calls(&self) {
        let calls = (0..50).map(|_| tokio::spawn(call(self.auth.client().clone())));
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
        for _ in 0..20 {
            call(self.auth.client().clone()).await.unwrap();
        }
    }

    /// How often the session was refreshed, and how many calls were rejected.
    fn counts(&self) -> (u32, u32) {
        let state = self.service.lock();
        (state.refreshes, state.rejected)
    }
}

impl Service {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn auth(&self, store: &MemoryStore) -> Auth {
        let this = self.clone();
        let transport = tower::service_fn(move |request: Request<Body>| {
            let (status, body) = this.lock().respond(&request);
            let mut response = Response::new(Body::from(body.to_string().into_bytes()));
            *response.status_mut() = status;
            async { Ok::<_, std::io::Error>(response) }
        });
        let client = Client::builder().env_id("clock-env").transport(transport);
        let auth = Auth::builder(client.build().unwrap());
        auth.session_store(store.clone()).build().unwrap()
    }
}

async fn call(client: Client) -> Result<()> {
    let uri = http::Uri::from_static("/v1/test");
    let operation = Operation::new("test.call", "/v1/test", Method::GET, uri);
    client.fetch(operation).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_all_along_is_no_matter() {
    for hours in [-10, 10] {
        shift(hours * HOUR);
        let mut machine = Machine::signed_in().await;
        machine.calls().await;
        machine.restart();
        machine.calls().await;
        assert_eq!(machine.counts(), (0, 0), "{hours} h");
        machine.pass(LIFETIME).await;
        machine.calls().await;
        assert_eq!(machine.counts(), (1, 0), "{hours} h");
        machine.restart();
        machine.calls().await;
        assert_eq!(machine.counts(), (1, 0), "{hours} h");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_costs_a_running_program_one_refresh_for_a_step_forward() {
    // A step forward may have been a sleep, in which the token has ended.
    for (hours, refreshes) in [(-10, 0), (10, 1)] {
        let machine = Machine::signed_in().await;
        shift(hours * HOUR);
        machine.calls().await;
        machine.pass(LIFETIME / 2).await;
        machine.calls().await;
        assert_eq!(machine.counts(), (refreshes, 0), "{hours} h");
        machine.pass(LIFETIME / 2).await;
        machine.calls().await;
        assert_eq!(machine.counts(), (refreshes + 1, 0), "{hours} h");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_sleep_nobody_is_handed_a_token_that_is_over() {
    for hours in [3, 10, 50 * 365 * 24] {
        let machine = Machine::signed_in().await;
        machine.service.lock().slept = hours * HOUR;
        shift(hours * HOUR);
        let session = machine.auth.session().await.unwrap().unwrap();
        let end = session.expires_at().unwrap().as_system_time();
        assert!(end > crate::value::clock::wall(), "{hours} h: {end:?}");
        assert_eq!(machine.counts(), (1, 0), "{hours} h");
        shift(-hours * HOUR);
    }
    // While it is not over there is nothing to do, however near its end is.
    let machine = Machine::signed_in().await;
    shift(LIFETIME - 1);
    machine.auth.session().await.unwrap().unwrap();
    assert_eq!(machine.counts(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_between_two_runs_costs_one_refresh_at_most() {
    // Forward: the stored session seems to have ended.
    let mut machine = Machine::signed_in().await;
    shift(10 * HOUR);
    machine.restart();
    machine.calls().await;
    assert_eq!(machine.counts(), (1, 0));

    // Back: it seems to last, but never for longer than it was issued for.
    let mut machine = Machine::signed_in().await;
    shift(-10 * HOUR);
    machine.restart();
    machine.calls().await;
    assert_eq!(machine.counts(), (0, 0));
    machine.pass(LIFETIME).await;
    machine.calls().await;
    assert_eq!(machine.counts(), (1, 0));

    // Back, when half of it is over: then the service has the last word.
    let mut machine = Machine::signed_in().await;
    machine.pass(LIFETIME / 2).await;
    shift(-10 * HOUR);
    machine.restart();
    machine.pass(LIFETIME - HOUR / 2).await;
    machine.calls().await;
    let (refreshes, rejected) = machine.counts();
    assert_eq!(refreshes, 1);
    assert!(
        (1..=50).contains(&rejected),
        "those at once, and none later: {rejected}"
    );
}

#[tokio::test(start_paused = true)]
async fn eight_hours_asleep_cost_one_refresh() {
    // A machine that sleeps stops its monotonic clock; its wall clock is right when it wakes.
    let machine = Machine::signed_in().await;
    machine.calls().await;
    machine.service.lock().slept = 8 * HOUR;
    shift(8 * HOUR);
    machine.calls().await;
    assert_eq!(machine.counts(), (1, 0), "none is sent that is over");
}
