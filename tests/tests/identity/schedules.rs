//! Calls, sign-ins, sign-outs, refreshes and trouble in any order: no request of a call carries a
//! token of another sign-in than its first one, and no caller gets a response for anybody else. In
//! the end the user who signed in last is signed in, unless a sign-out came since, and the store says so
//! to other processes.
//!
//! A failure prints its seed; `CLOUDBASE_IDENTITY_SEED=<seed>` runs that schedule alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use cloudbase_auth::{Auth, ExposeSecret as _, Password, Session};
use cloudbase_core::{Body, CallOptions, Client, Idempotency, Operation};
use cloudbase_data::{MySql, Row};
use futures_util::TryStreamExt as _;
use http::{Method, Uri};
use serde_json::Value;

use super::service::{CALL, KEY, Service, client, lineage};
use super::store::Unsteady;

/// Schedules over a transport in memory, in paused time.
const IN_MEMORY: u64 = 10_000;
/// Schedules over sockets.
const OVER_SOCKETS: u64 = 200;

/// What a call got, and who was known to be signed in when it began.
struct Made {
    name: String,
    begun_as: Option<String>,
    /// Whose data came back.
    got: Vec<String>,
}

/// A sign-in or sign-out, with the numbers of the moments at which it began and ended.
struct Change {
    name: String,
    kind: Kind,
    begun: usize,
    ended: usize,
}

#[derive(Debug, PartialEq)]
enum Kind {
    /// A sign-in, and whether it has said that all is well.
    In {
        is_ok: bool,
    },
    Out,
}

/// The beginnings and ends of changes, counted.
#[derive(Clone, Default)]
struct Moments(Arc<AtomicUsize>);

impl Moments {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// One schedule: everything that happens is decided by its seed. Returns the client, and who is
/// signed in, as far as it knows.
async fn run(
    seed: u64,
    service: &Service,
    client: Client,
    store: &Unsteady,
    pace: Duration,
) -> (Auth, Vec<Option<String>>) {
    // The jitter of the SDK in this thread.
    fastrand::seed(seed);
    let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let auth = Auth::builder(client).session_store(store.clone());
    let auth = auth.build().unwrap();
    let made = Arc::new(Mutex::new(Vec::new()));
    let moments = Moments::default();
    let changes = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for step in 0..random.u32(3..8) {
        let name = format!("{seed}-{step}");
        let auth = auth.clone();
        match random.u8(0..12) {
            0..=2 => {
                let user = if random.bool() { "lin" } else { "mei" };
                let options = CallOptions::new().with_header(CALL, &name);
                let auth = auth.with_options(options);
                let (moments, changes) = (moments.clone(), changes.clone());
                let sign_in = async move {
                    let begun = moments.next();
                    let password = Password::username(user, "secret");
                    let is_ok = auth.sign_in_with_password(password).await.is_ok();
                    changes.lock().unwrap().push(Change {
                        name,
                        kind: Kind::In { is_ok },
                        begun,
                        ended: moments.next(),
                    });
                };
                // Mostly a program waits for its sign-in.
                match random.u8(0..4) {
                    0 => drop(tasks.spawn(sign_in)),
                    _ => sign_in.await,
                }
            }
            3 => {
                let (moments, changes) = (moments.clone(), changes.clone());
                tasks.spawn(async move {
                    let begun = moments.next();
                    drop(auth.sign_out().await);
                    changes.lock().unwrap().push(Change {
                        name,
                        kind: Kind::Out,
                        begun,
                        ended: moments.next(),
                    });
                });
            }
            4 => drop(tasks.spawn(async move { drop(auth.refresh_session().await) })),
            5 => service.expire_all(),
            kind => {
                let made = made.clone();
                tasks.spawn(async move {
                    let session = auth.peek_session();
                    let begun_as = session
                        .map(|session| lineage(session.access_token().expose_secret()).to_owned());
                    let got = call(kind, &name, auth.client()).await;
                    let mut made = made.lock().unwrap();
                    made.push(Made {
                        name,
                        begun_as,
                        got,
                    });
                });
            }
        }
        let most = u64::try_from(pace.as_micros()).unwrap();
        tokio::time::sleep(Duration::from_micros(random.u64(0..=most))).await;
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    check(seed, service, &made.lock().unwrap());
    let winners = winners(service, &changes.lock().unwrap());
    check_winner(seed, who(auth.peek_session().as_ref()), &winners);
    (auth, winners)
}

/// The sign-in that a session comes from.
fn who(session: Option<&Session>) -> Option<String> {
    session.map(|session| lineage(session.access_token().expose_secret()).to_owned())
}

/// Who may be signed in after these changes: nothing else has begun since theirs ended.
fn winners(service: &Service, changes: &[Change]) -> Vec<Option<String>> {
    let last = changes.iter().map(|change| change.begun).max();
    let is_last = |change: &&Change| Some(change.ended) > last;
    let mut winners = Vec::new();
    for change in changes.iter().filter(is_last) {
        let begun = service.begun_by(&change.name);
        let is_rejected = |lineage: &String| service.has_rejected(lineage);
        // One that was overtaken, or whose session has ended since.
        let may_be_nobody =
            change.kind != Kind::In { is_ok: true } || begun.as_ref().is_none_or(is_rejected);
        if may_be_nobody {
            winners.push(None);
        }
        winners.extend(begun.map(Some));
    }
    if winners.is_empty() {
        winners.push(None);
    }
    winners
}

fn check_winner(seed: u64, who: Option<String>, winners: &[Option<String>]) {
    assert!(
        winners.contains(&who),
        "seed {seed}: {who:?} is signed in, and not one of {winners:?}"
    );
}

/// When nothing fails any more, the store holds what this client knows, and says so to others.
async fn settle(
    seed: u64,
    service: &Service,
    store: &Unsteady,
    (auth, winners): (Auth, Vec<Option<String>>),
) {
    service.calm();
    store.calm();
    // What has failed is tried again after a while.
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(61)).await;
        auth.reload_session();
        let _ = auth.session().await;
    }
    let session = auth.session().await.unwrap();
    check_winner(seed, who(session.as_ref()), &winners);
    let other = Auth::builder(service.builder().build().unwrap()).session_store(store.clone());
    let stored = other.build().unwrap().session().await.unwrap();
    assert_eq!(who(stored.as_ref()), who(session.as_ref()), "seed {seed}");
}

/// A read, a write, or a stream of pages; whatever it says that it did, it says whose data it was.
async fn call(kind: u8, name: &str, client: &Client) -> Vec<String> {
    let mut rows: Vec<Value> = Vec::new();
    match kind {
        6 | 7 => {
            let select = MySql::new(client.clone()).from("diary").select::<Row>("*");
            let mut pages = select.header(CALL, name).limit(3).pages(1);
            while let Ok(Some(page)) = pages.try_next().await {
                rows.extend(page.iter().map(|row| serde_json::to_value(row).unwrap()));
            }
        }
        _ => {
            let options = CallOptions::new().with_header(CALL, name);
            let (method, idempotency) = match kind {
                8 | 9 => (Method::GET, Idempotency::Safe),
                10 => (Method::POST, Idempotency::Idempotent),
                _ => (Method::POST, Idempotency::Unsafe),
            };
            let target = Uri::from_static("/v1/functions/diary");
            let operation = Operation::new("test.call", "/v1/functions/diary", method, target);
            let operation = operation.body(Body::from("{}")).idempotency(idempotency);
            let response = client.fetch_json::<Vec<Value>>(operation.options(options));
            rows.extend(
                response
                    .await
                    .ok()
                    .into_iter()
                    .flat_map(|it| it.into_value()),
            );
        }
    }
    let of = |row: &Value| row["of"].as_str().unwrap().to_owned();
    rows.iter().map(of).collect()
}

fn check(seed: u64, service: &Service, made: &[Made]) {
    let seen = service.seen();
    for Made {
        name,
        begun_as,
        got,
    } in made
    {
        let sent = seen.get(name).map_or(&[][..], Vec::as_slice);
        let story =
            format!("seed {seed}: call {name} began as {begun_as:?}, sent {sent:?}, got {got:?}");
        let Some(first) = sent.first() else {
            assert!(got.is_empty(), "a response to nothing: {story}");
            continue;
        };
        if let Some(begun_as) = begun_as {
            assert_ne!(first, KEY, "the key in place of a user's token: {story}");
            assert_eq!(lineage(first), begun_as, "begun as another: {story}");
        }
        for token in sent.iter().chain(got) {
            assert_eq!(lineage(token), lineage(first), "{story}");
        }
    }
}

fn seeds(number: u64) -> std::ops::Range<u64> {
    match std::env::var("CLOUDBASE_IDENTITY_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => 0..number,
    }
}

#[test]
fn no_call_goes_on_as_anybody_else_in_ten_thousand_schedules() {
    let seeds = seeds(IN_MEMORY);
    let half = seeds.start + (seeds.end - seeds.start).div_ceil(2);
    std::thread::scope(|scope| {
        for seeds in [seeds.start..half, half..seeds.end] {
            scope.spawn(move || {
                for seed in seeds {
                    // A runtime each, so that no task of one schedule disturbs another.
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_time()
                        .start_paused(true)
                        .build()
                        .unwrap();
                    let delay = Duration::from_millis(40);
                    let service = Service::with_trouble(seed, 25, delay);
                    let client = service.builder().build().unwrap();
                    let store = Unsteady::new(seed, 15, delay / 4);
                    runtime.block_on(async {
                        let end = run(seed, &service, client, &store, delay).await;
                        settle(seed, &service, &store, end).await;
                    });
                }
            });
        }
    });
}

async fn respond(
    State(service): State<Service>,
    request: axum::extract::Request,
) -> (http::StatusCode, axum::Json<Value>) {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = head.uri.path_and_query().unwrap().as_str().to_owned();
    let response = service.respond(head.method.as_str(), &path, &head.headers, &body);
    let (status, body) = response.await;
    (
        http::StatusCode::from_u16(status).unwrap(),
        axum::Json(body),
    )
}

#[tokio::test]
async fn no_call_goes_on_as_anybody_else_over_sockets() {
    let delay = Duration::from_millis(4);
    let mut schedules = tokio::task::JoinSet::new();
    for seed in seeds(OVER_SOCKETS) {
        let service = Service::with_trouble(seed, 25, delay);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = axum::Router::new()
            .fallback(respond)
            .with_state(service.clone());
        let server = tokio::spawn(async move { axum::serve(listener, server).await });
        let client = client().endpoint(endpoint).build().unwrap();
        schedules.spawn(async move {
            let store = Unsteady::new(seed, 15, delay / 4);
            run(seed, &service, client, &store, delay).await;
            server.abort();
        });
        if schedules.len() == 20 {
            schedules.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(schedule) = schedules.join_next().await {
        schedule.unwrap();
    }
}
