//! Processes that share a session file, and die at bad moments.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use cloudbase_auth::{Auth, ExposeSecret as _, FileStore, Session, SessionStore as _};
use cloudbase_emulator::{Fault, Gate, RefreshReuse};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::support::{World, client, sign_in};

const KEY: &str = "credentials_auth-tests";

/// A process of the helper program.
struct Worker {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(mode: &str, endpoint: &str, directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_session-worker"))
            .args([mode, endpoint])
            .arg(directory)
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

    /// SIGKILL.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Stores a session whose access token has ended, as far as the file tells.
async fn expired(world: &World, directory: &Path) {
    let auth = Auth::builder(client(&world.emulator))
        .session_store(FileStore::new(directory))
        .build()
        .unwrap();
    sign_in(&auth).await;
    let path = directory.join(format!("{KEY}.json"));
    let mut session: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    session["expires_at"] = "2020-01-01T00:00:00.000Z".into();
    std::fs::write(path, session.to_string()).unwrap();
}

/// Waits for `calls 500 <unix ms of the first success>` of every worker, and returns the latest.
async fn finish(workers: Vec<Worker>) -> u128 {
    let mut latest = 0;
    for mut worker in workers {
        let line = worker.line().await;
        let first = line
            .strip_prefix("calls 500 ")
            .unwrap_or_else(|| panic!("a worker said {line:?}"));
        latest = latest.max(first.parse().unwrap());
        assert!(worker.child.wait().await.unwrap().success());
    }
    latest
}

fn now() -> u128 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis()
}

#[tokio::test]
async fn eight_processes_renew_once_though_one_is_killed_with_the_lock() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    expired(&world, directory.path()).await;
    let mut holder = Worker::start("hold", world.emulator.endpoint(), directory.path());
    assert_eq!(holder.line().await, "locked");
    let mut workers: Vec<_> = (0..7)
        .map(|_| Worker::start("call", world.emulator.endpoint(), directory.path()))
        .collect();
    for worker in &mut workers {
        assert_eq!(worker.line().await, "waiting");
    }
    assert_eq!(
        world.count("POST /auth/v1/token"),
        0,
        "the lock keeps them out"
    );
    holder.kill().await;
    let killed = now();
    let first = finish(workers).await;
    assert_eq!(world.count("POST /auth/v1/token"), 1);
    assert!(
        first.saturating_sub(killed) <= 2000,
        "the last one began {} ms after the kill",
        first - killed
    );
    assert_eq!(world.count("GET /auth/v1/user/me"), 1 + 7 * 500);
}

#[tokio::test]
async fn a_process_that_is_killed_after_sending_costs_one_renewal_more() {
    let grace = RefreshReuse::Grace(Duration::from_secs(60));
    let world = World::with(|emulator| emulator.refresh_reuse(grace), |auth| auth).await;
    let directory = tempfile::tempdir().unwrap();
    expired(&world, directory.path()).await;
    let gate = Gate::new();
    world
        .emulator
        .faults()
        .add(Fault::on("POST /auth/v1/token").times(1).hold(&gate));
    let mut first = Worker::start("call", world.emulator.endpoint(), directory.path());
    assert_eq!(first.line().await, "waiting");
    gate.waiting(1).await;
    let mut workers: Vec<_> = (0..7)
        .map(|_| Worker::start("call", world.emulator.endpoint(), directory.path()))
        .collect();
    for worker in &mut workers {
        assert_eq!(worker.line().await, "waiting");
    }
    first.kill().await;
    gate.open();
    finish(workers).await;
    assert_eq!(world.count("POST /auth/v1/token"), 2);
}

#[tokio::test]
async fn a_process_killed_while_it_saves_leaves_a_whole_session() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let mut found = [0; 2];
    for point in 0..220 {
        let mut worker = Worker::start("save", "http://127.0.0.1:9", directory.path());
        assert_eq!(worker.line().await, "saving");
        tokio::time::sleep(Duration::from_micros(point * 37 % 4000)).await;
        worker.kill().await;
        let stored = store
            .load(KEY)
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("neither at point {point}"));
        let session = Session::from_json(stored.expose_secret()).unwrap();
        let which = session
            .sub()
            .strip_prefix("user-")
            .unwrap()
            .parse::<usize>()
            .unwrap();
        assert_eq!(
            session.refresh_token().unwrap().expose_secret(),
            format!("r-{which}"),
            "whole at point {point}"
        );
        found[which] += 1;
    }
    assert!(
        found.iter().all(|count| *count > 0),
        "both were found: {found:?}"
    );
    let debris = std::fs::read_dir(directory.path()).unwrap().count();
    assert!(
        debris <= 3,
        "session, lock, and one half-written file at most: {debris}"
    );
}
