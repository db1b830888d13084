//! Processes that share a session, and die at bad moments: in a directory, and in Redis where
//! `CLOUDBASE_TEST_REDIS_URL` names a server.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests, which say what was measured"
)]

#[path = "processes/schedules.rs"]
mod schedules;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cloudbase_auth::{
    Auth, ExposeSecret as _, FileStore, Password, RedisStore, Session, SessionStore,
};
use cloudbase_core::Client;
use cloudbase_emulator::{Emulator, Fault, Gate, NewUser, RefreshReuse};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const KEY: &str = "credentials_auth-tests";
const REFRESH: &str = "POST /auth/v1/token";
const PASSWORD: &str = "N3w-pass!";

/// How soon after the lock is free the survivors must be done.
const BAR: u128 = 2000;

/// Where processes keep the session that they share.
struct Place {
    store: String,
    prefix: String,
    /// After what time, in milliseconds, the lock of a dead holder is free.
    holds_on: u128,
}

impl Place {
    fn directory(path: &Path) -> Self {
        Self {
            store: path.to_str().unwrap().to_owned(),
            prefix: String::new(),
            holds_on: 0,
        }
    }

    fn redis(test: &str) -> Option<Self> {
        let Ok(store) = std::env::var("CLOUDBASE_TEST_REDIS_URL") else {
            eprintln!("skipped: CLOUDBASE_TEST_REDIS_URL is not set");
            return None;
        };
        Some(Self {
            store,
            prefix: format!("test-{}-{test}", std::process::id()),
            // The lifetime that the workers give their locks.
            holds_on: 1000,
        })
    }

    fn open(&self) -> Arc<dyn SessionStore> {
        match self.prefix.is_empty() {
            true => Arc::new(FileStore::new(&self.store)),
            false => {
                let store = RedisStore::new(self.store.as_str()).unwrap();
                Arc::new(store.prefix(&*self.prefix))
            }
        }
    }
}

/// A process of the helper program.
struct Worker {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(mode: &str, endpoint: &str, place: &Place) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_session-worker"))
            .args([mode, endpoint, &place.store, &place.prefix])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        self.lines.next_line().await.unwrap().unwrap_or_default()
    }

    /// The numbers of a line that begins with `word`.
    async fn numbers(&mut self, word: &str) -> Vec<u128> {
        let line = self.line().await;
        let numbers = line.strip_prefix(word);
        let numbers = numbers.unwrap_or_else(|| panic!("a worker said {line:?}"));
        numbers
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect()
    }

    /// SIGKILL.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Seven processes whose 500 calls each wait for the lock.
async fn seven(endpoint: &str, place: &Place) -> Vec<Worker> {
    let mut workers: Vec<_> = (0..7)
        .map(|_| Worker::start("call", endpoint, place))
        .collect();
    for worker in &mut workers {
        assert_eq!(worker.line().await, "waiting");
    }
    workers
}

/// An emulator, and a session in `place` whose access token has ended by what is stored.
async fn ended_session(place: &Place) -> Emulator {
    let emulator = Emulator::builder()
        .env_id("auth-tests")
        .user(NewUser::username("lin").password(PASSWORD))
        .user(NewUser::username("mei").password(PASSWORD))
        .refresh_reuse(RefreshReuse::Grace(Duration::from_secs(60)))
        .start()
        .await
        .unwrap();
    let store = sign_in(&emulator, place, "lin").await;
    let lock = store.lock(KEY).await.unwrap();
    let stored = store.load(KEY).await.unwrap().unwrap();
    let mut session: Value = serde_json::from_str(stored.expose_secret()).unwrap();
    session["expires_at"] = "2020-01-01T00:00:00.000Z".into();
    store
        .save(KEY, &session.to_string().into(), &lock)
        .await
        .unwrap();
    lock.release().await;
    emulator
}

async fn sign_in(emulator: &Emulator, place: &Place, name: &str) -> Arc<dyn SessionStore> {
    let client = Client::builder()
        .env_id("auth-tests")
        .endpoint(emulator.endpoint())
        .build()
        .unwrap();
    let store = place.open();
    let auth = Auth::builder(client)
        .session_store(store.clone())
        .build()
        .unwrap();
    auth.sign_in_with_password(Password::username(name, PASSWORD))
        .await
        .unwrap();
    store
}

/// As many processes again, whose session needs no refresh; they wait for their start.
struct Control {
    workers: Vec<Worker>,
    _directory: tempfile::TempDir,
}

impl Control {
    async fn ready(emulator: &Emulator) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = Place::directory(directory.path());
        sign_in(emulator, &place, "mei").await;
        let mut workers: Vec<_> = (0..7)
            .map(|_| Worker::start("compare", emulator.endpoint(), &place))
            .collect();
        for worker in &mut workers {
            assert_eq!(worker.line().await, "ready");
        }
        Self {
            workers,
            _directory: directory,
        }
    }

    /// How long they take for their calls, in milliseconds.
    async fn run(mut self) -> u128 {
        for worker in &mut self.workers {
            let stdin = worker.child.stdin.as_mut().unwrap();
            stdin.write_all(b"go\n").await.unwrap();
        }
        let mut last = 0;
        for worker in &mut self.workers {
            last = last.max(worker.numbers("took ").await[0]);
        }
        last
    }
}

/// Lets the survivors go on when one of them has the lock, and holds them to the bar.
///
/// Every call that waited for the lock must have its token within the bar from when the lock was free.
/// The responses to 3,500 calls cost what they cost on this machine, in this build, under the load of
/// this moment: as many processes make the same calls after them without a refresh, and the survivors
/// may take longer by the bar and by half of that, since no two moments are the same.
async fn finish(workers: Vec<Worker>, control: Control, refresh: &Gate, free: u128) {
    refresh.waiting(1).await;
    refresh.open();
    let (mut token, mut response) = (0, 0);
    for mut worker in workers {
        let done = worker.numbers("done ").await;
        (token, response) = (token.max(done[0]), response.max(done[1]));
        assert!(worker.child.wait().await.unwrap().success());
    }
    let plain = control.run().await;
    let (token, response) = (token.saturating_sub(free), response.saturating_sub(free));
    eprintln!("last token {token} ms, last response {response} ms; without a refresh {plain} ms");
    assert!(
        token <= BAR,
        "a call waited {token} ms for its token after the lock was free"
    );
    assert!(
        response <= BAR + plain + plain / 2,
        "the last call ended {response} ms after the lock was free; without a refresh they take {plain} ms"
    );
}

fn now() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_millis()
}

async fn killed_with_the_lock(place: Place) {
    let emulator = ended_session(&place).await;
    let mut holder = Worker::start("hold", emulator.endpoint(), &place);
    assert_eq!(holder.line().await, "locked");
    let workers = seven(emulator.endpoint(), &place).await;
    assert_eq!(
        emulator.requests().count(REFRESH),
        0,
        "the lock keeps them out"
    );
    let gate = Gate::new();
    let refresh = Fault::on(REFRESH).times(1).hold(&gate);
    emulator.faults().add(refresh);
    let control = Control::ready(&emulator).await;
    holder.kill().await;
    finish(workers, control, &gate, now() + place.holds_on).await;
    assert_eq!(emulator.requests().count(REFRESH), 1);
    emulator.shutdown().await;
}

async fn killed_after_sending(place: Place) {
    let emulator = ended_session(&place).await;
    let gate = Gate::new();
    let held = Fault::on(REFRESH).times(1).hold(&gate);
    emulator.faults().add(held);
    let mut first = Worker::start("call", emulator.endpoint(), &place);
    assert_eq!(first.line().await, "waiting");
    gate.waiting(1).await;
    let workers = seven(emulator.endpoint(), &place).await;
    let second = Gate::new();
    let refresh = Fault::on(REFRESH).times(1).hold(&second);
    emulator.faults().add(refresh);
    let control = Control::ready(&emulator).await;
    first.kill().await;
    let killed = now();
    gate.open();
    finish(workers, control, &second, killed + place.holds_on).await;
    assert_eq!(emulator.requests().count(REFRESH), 2);
    emulator.shutdown().await;
}

#[tokio::test]
async fn eight_processes_refresh_a_file_once_though_one_is_killed_with_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    killed_with_the_lock(Place::directory(directory.path())).await;
}

#[tokio::test]
async fn eight_processes_refresh_in_redis_once_though_one_is_killed_with_the_lock() {
    if let Some(place) = Place::redis("lock") {
        killed_with_the_lock(place).await;
    }
}

#[tokio::test]
async fn a_process_that_is_killed_after_sending_costs_a_file_one_refresh_more() {
    let directory = tempfile::tempdir().unwrap();
    killed_after_sending(Place::directory(directory.path())).await;
}

#[tokio::test]
async fn a_process_that_is_killed_after_sending_costs_redis_one_refresh_more() {
    if let Some(place) = Place::redis("sent") {
        killed_after_sending(place).await;
    }
}

#[tokio::test]
async fn a_process_killed_while_it_saves_leaves_a_whole_session() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::directory(directory.path());
    let store = place.open();
    for point in 0..110 {
        let mut worker = Worker::start("save", "http://127.0.0.1:9", &place);
        worker.line().await;
        // The kill strikes at one part in eleven of a save after another, however
        // long this disk takes for one.
        let begun = Instant::now();
        let mut acknowledged = worker.line().await;
        let one_save = begun.elapsed();
        for _ in 0..point % 2 {
            acknowledged = worker.line().await;
        }
        tokio::time::sleep(one_save * (point / 2 % 11) / 11).await;
        worker.kill().await;
        let acknowledged: usize = number(&acknowledged, "saved ");
        let stored = store
            .load(KEY)
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("nothing at point {point}"));
        let session = Session::from_json(stored.expose_secret()).unwrap();
        let found: usize = number(session.sub(), "user-");
        assert_eq!(
            session.refresh_token().unwrap().expose_secret(),
            format!("r-{found}"),
            "whole at point {point}"
        );
        assert!(
            found >= acknowledged,
            "{acknowledged} was acknowledged at point {point}, {found} is there"
        );
    }
    let debris = std::fs::read_dir(directory.path()).unwrap().count();
    assert!(
        debris <= 3,
        "session, lock, and one half-written file at most: {debris}"
    );
}

fn number(text: &str, prefix: &str) -> usize {
    text.strip_prefix(prefix).unwrap().parse().unwrap()
}
