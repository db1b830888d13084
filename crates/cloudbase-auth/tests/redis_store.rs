//! One session in Redis, many processes: set `CLOUDBASE_TEST_REDIS_URL` to a server to run this.

#![cfg(feature = "redis")]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cloudbase_auth::{Auth, ExposeSecret as _, Password, RedisStore, SessionStore};
use cloudbase_core::{Client, CredentialUse, Envelope, Operation, PathBuilder};
use cloudbase_emulator::{Emulator, NewUser};

const ROLE: &str = "CLOUDBASE_TEST_ROLE";
const REFRESH: &str = "POST /auth/v1/token";

/// What a process needs to use the session.
#[derive(Clone)]
struct Place {
    redis: String,
    prefix: String,
    endpoint: String,
}

impl Place {
    fn from_env() -> Self {
        let get = |name: &str| std::env::var(name).unwrap();
        Self {
            redis: get("CLOUDBASE_TEST_REDIS_URL"),
            prefix: get("CLOUDBASE_TEST_PREFIX"),
            endpoint: get("CLOUDBASE_TEST_ENDPOINT"),
        }
    }

    fn store(&self) -> RedisStore {
        RedisStore::new(self.redis.as_str())
            .unwrap()
            .prefix(self.prefix.as_str())
            .lock_lifetime(Duration::from_secs(1))
    }

    fn auth(&self) -> Auth {
        let client = Client::builder()
            .env_id("redis-env")
            .endpoint(self.endpoint.as_str())
            // Eight processes must not flood the machine that tests run on.
            .max_connections(16)
            .connect_timeout(Duration::from_secs(30))
            .attempt_timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Auth::builder(client)
            .session_store(self.store())
            .build()
            .unwrap()
    }

    /// This test once more, as a process of its own that plays `role`.
    fn process(&self, test: &str, role: &str) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env("CLOUDBASE_TEST_PREFIX", &self.prefix)
            .env("CLOUDBASE_TEST_ENDPOINT", &self.endpoint)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// An emulator, and a session in Redis whose access token has ended.
async fn ended_session() -> Option<(Emulator, Place)> {
    let Ok(redis) = std::env::var("CLOUDBASE_TEST_REDIS_URL") else {
        eprintln!("skipped: CLOUDBASE_TEST_REDIS_URL is not set");
        return None;
    };
    let emulator = Emulator::builder()
        .env_id("redis-env")
        .user(NewUser::username("lin").password("Passw0rd!"))
        .start()
        .await
        .unwrap();
    let place = Place {
        redis,
        prefix: format!("test-{}-{}", std::process::id(), emulator.address().port()),
        endpoint: emulator.endpoint().to_owned(),
    };
    let auth = place.auth();
    auth.sign_in_with_password(Password::username("lin", "Passw0rd!"))
        .await
        .unwrap();
    emulator.clock().advance(Duration::from_secs(7201));
    // The clock of this machine stays: what is stored is made to have ended as well.
    let (store, key) = (place.store(), "credentials_redis-env");
    let lock = store.lock(key).await.unwrap();
    let stored = store.load(key).await.unwrap().unwrap();
    let mut stored: serde_json::Value = serde_json::from_str(stored.expose_secret()).unwrap();
    stored["expires_at"] = "2020-01-01T00:00:00.000Z".into();
    store
        .save(key, &stored.to_string().into(), &lock)
        .await
        .unwrap();
    lock.release().await;
    Some((emulator, place))
}

/// Makes `calls` calls at once as the session's user.
async fn call(auth: Auth, calls: usize) {
    let tasks: Vec<_> = (0..calls)
        .map(|_| {
            let client = auth.client().clone();
            tokio::spawn(async move {
                let uri = PathBuilder::new("/auth/v1/user/me").build().unwrap();
                let operation = Operation::new("me", "/auth/v1/user/me", http::Method::GET, uri)
                    .credential(CredentialUse::Session)
                    .envelope(Envelope::Auth);
                client.fetch(operation).await.map(drop)
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_renew_a_session_once() {
    if std::env::var(ROLE).is_ok_and(|role| role == "caller") {
        return call(Place::from_env().auth(), 500).await;
    }
    let Some((emulator, place)) = ended_session().await else {
        return;
    };
    let children: Vec<_> = (0..8)
        .map(|_| place.process("eight_processes_renew_a_session_once", "caller"))
        .collect();
    for child in children {
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    assert_eq!(emulator.requests().count(REFRESH), 1);
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_dies_sets_the_others_free() {
    if std::env::var(ROLE).is_ok_and(|role| role == "holder") {
        let store = Place::from_env().store();
        let _lock = store.lock("credentials_redis-env").await.unwrap();
        println!("\nholding");
        std::io::stdout().flush().unwrap();
        return std::future::pending().await;
    }
    let Some((emulator, place)) = ended_session().await else {
        return;
    };
    let mut holder = place.process("a_holder_that_dies_sets_the_others_free", "holder");
    let output = BufReader::new(holder.stdout.take().unwrap());
    let mut holder = tokio::task::spawn_blocking(move || {
        let held = output.lines().any(|line| line.unwrap() == "holding");
        assert!(held, "it has the lock");
        holder
    })
    .await
    .unwrap();
    let callers: Vec<_> = (0..8)
        .map(|_| tokio::spawn(call(place.auth(), 20)))
        .collect();
    holder.kill().unwrap();
    let died = Instant::now();
    holder.wait().unwrap();
    for caller in callers {
        caller.await.unwrap();
    }
    let took = died.elapsed();
    assert!(
        took < Duration::from_secs(1 + 2),
        "the lock ends after 1 s, the calls within 2 s of that: {took:?}"
    );
    assert_eq!(emulator.requests().count(REFRESH), 1);
    emulator.shutdown().await;
}
