//! One of several processes that share a session. Run by the tests, which read what it prints.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use cloudbase_auth::{
    Auth, BoxFuture, Error, ErrorKind, FileStore, Password, RedisStore, SecretString, SessionStore,
    StoreLock,
};
use cloudbase_core::Client;
use tokio::io::{AsyncBufReadExt as _, BufReader};

const ENV: &str = "auth-tests";
const KEY: &str = "credentials_auth-tests";
const CALLS: usize = 500;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, endpoint, place, prefix] = arguments.as_slice() else {
        return Err(
            "usage: session-worker call|compare|hold|save|obey <endpoint> <store> <prefix>".into(),
        );
    };
    if mode == "obey" {
        return obey(endpoint, place, prefix).await;
    }
    let store: Arc<dyn SessionStore> = match place.starts_with("redis://") {
        true => Arc::new(
            RedisStore::new(place.as_str())?
                .prefix(prefix)
                .lock_lifetime(Duration::from_secs(1)),
        ),
        false => Arc::new(FileStore::new(place)),
    };
    match mode.as_str() {
        "hold" => {
            let _lock = store.lock(KEY).await?;
            say("locked")?;
            std::future::pending().await
        }
        "save" => save(&*store).await,
        mode => call(store, endpoint, mode == "compare").await,
    }
}

/// Follows commands, a line at a time, and says what came of it.
async fn obey(endpoint: &str, place: &str, prefix: &str) -> Result<(), Failure> {
    let fails = Arc::<Fails>::default();
    let open = |place: &str, prefix: &str| -> Result<Auth, Failure> {
        let store: Arc<dyn SessionStore> = match place.starts_with("redis://") {
            true => Arc::new(
                RedisStore::new(place)?
                    .prefix(prefix)
                    .lock_lifetime_of_a_test(Duration::from_millis(50)),
            ),
            false => Arc::new(FileStore::new(place)),
        };
        let client = Client::builder().env_id(ENV).endpoint(endpoint).build()?;
        let fails = fails.clone();
        let store = Failing { store, fails };
        Ok(Auth::builder(client).session_store(store).build()?)
    };
    let mut auth = open(place, prefix)?;
    say("ready")?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let mut words = line.split(' ');
        let said = match words.next().unwrap_or_default() {
            "open" => {
                fails.mend();
                auth = open(
                    words.next().unwrap_or_default(),
                    words.next().unwrap_or_default(),
                )?;
                "opened".to_owned()
            }
            "in" => {
                let name = words.next().unwrap_or_default();
                let password = Password::username(name, "N3w-pass!");
                match auth.sign_in_with_password(password).await {
                    Ok(signed_in) => format!("in {}", signed_in.session.sub()),
                    Err(error) => format!("failed: {error}"),
                }
            }
            "out" => match auth.sign_out().await {
                Ok(_) => "out".to_owned(),
                Err(error) => format!("failed: {error}"),
            },
            "refresh" => match auth.refresh_session().await {
                Ok(_) => "refreshed".to_owned(),
                Err(error) => format!("not refreshed: {error}"),
            },
            "settle" => {
                auth.reload_session();
                auth.session().await?;
                let _ = auth.refresh_session().await;
                "settled".to_owned()
            }
            "who" => {
                auth.reload_session();
                let session = auth.session().await?;
                format!(
                    "who {}",
                    session.as_ref().map_or("-", |session| session.sub())
                )
            }
            "mend" => {
                fails.mend();
                "mended".to_owned()
            }
            word => {
                let flag = fails.flag(word).ok_or("unknown command")?;
                let fails = !flag.fetch_xor(true, Ordering::SeqCst);
                format!("{word} {fails}")
            }
        };
        say(&said)?;
    }
    Ok(())
}

/// What a store cannot do with sessions now.
#[derive(Default)]
struct Fails {
    load: AtomicBool,
    save: AtomicBool,
    lock: AtomicBool,
}

impl Fails {
    fn flag(&self, name: &str) -> Option<&AtomicBool> {
        match name {
            "load" => Some(&self.load),
            "save" => Some(&self.save),
            "lock" => Some(&self.lock),
            _ => None,
        }
    }

    fn mend(&self) {
        for flag in [&self.load, &self.save, &self.lock] {
            flag.store(false, Ordering::SeqCst);
        }
    }
}

struct Failing {
    store: Arc<dyn SessionStore>,
    fails: Arc<Fails>,
}

impl Failing {
    fn unless<'a, T: 'a>(
        &self,
        key: &str,
        fails: &AtomicBool,
        work: BoxFuture<'a, cloudbase_auth::Result<T>>,
    ) -> BoxFuture<'a, cloudbase_auth::Result<T>> {
        match key == KEY && fails.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(Error::new(ErrorKind::Local, "disk trouble")) }),
            false => work,
        }
    }
}

impl SessionStore for Failing {
    fn load<'a>(
        &'a self,
        key: &'a str,
    ) -> BoxFuture<'a, cloudbase_auth::Result<Option<SecretString>>> {
        self.unless(key, &self.fails.load, self.store.load(key))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, cloudbase_auth::Result<()>> {
        self.unless(key, &self.fails.save, self.store.save(key, value, lock))
    }

    fn remove<'a>(
        &'a self,
        key: &'a str,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, cloudbase_auth::Result<()>> {
        self.unless(key, &self.fails.save, self.store.remove(key, lock))
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, cloudbase_auth::Result<StoreLock>> {
        self.unless(key, &self.fails.lock, self.store.lock(key))
    }
}

/// Saves one numbered session after another, and reports each once it is saved.
async fn save(store: &dyn SessionStore) -> Result<(), Failure> {
    let session = |n: usize| {
        let padding = "x".repeat(n % 2 * 20_000);
        format!(
            r#"{{"access_token":"a-{n}","refresh_token":"r-{n}","expires_in":7200,"sub":"user-{n}","user":{{"sub":"user-{n}","pad":"{padding}"}}}}"#
        )
    };
    let lock = store.lock(KEY).await?;
    for n in 0.. {
        store.save(KEY, &session(n).into(), &lock).await?;
        say(&format!("saved {n}"))?;
    }
    Ok(())
}

/// Makes all calls at once, says `waiting` when they wait for the lock, and
/// `done <ms of the last token> <ms of the last response>` at their end.
///
/// To `compare`, it says `ready`, makes the calls when it is sent a line, and says
/// `took <how many ms>`.
async fn call(store: Arc<dyn SessionStore>, endpoint: &str, compare: bool) -> Result<(), Failure> {
    let client = Client::builder()
        .env_id(ENV)
        .endpoint(endpoint)
        // Eight processes must not flood the machine that tests run on.
        .max_connections(16)
        .connect_timeout(Duration::from_secs(30))
        .attempt_timeout(Duration::from_secs(60))
        .build()?;
    let store = Telling {
        store,
        was_reported: AtomicBool::new(false),
    };
    let auth = Auth::builder(client).session_store(store).build()?;
    if !compare {
        let (token, response) = all(&auth).await?;
        return Ok(say(&format!("done {token} {response}"))?);
    }
    say("ready")?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    let begin = now()?;
    let (_, response) = all(&auth).await?;
    Ok(say(&format!("took {}", response - begin))?)
}

/// When the last of the calls had its token, and when it had its response.
async fn all(auth: &Auth) -> Result<(u128, u128), Failure> {
    let calls = (0..CALLS).map(|_| {
        let auth = auth.clone();
        tokio::spawn(async move {
            auth.session().await?.ok_or("signed out")?;
            let token = now()?;
            auth.user().await?.ok_or("signed out")?;
            Ok::<_, Failure>((token, now()?))
        })
    });
    let mut last = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        let (token, response) = call.await??;
        last = (last.0.max(token), last.1.max(response));
    }
    Ok(last)
}

/// A store that says when its lock is asked for.
struct Telling {
    store: Arc<dyn SessionStore>,
    was_reported: AtomicBool,
}

impl SessionStore for Telling {
    fn load<'a>(
        &'a self,
        key: &'a str,
    ) -> BoxFuture<'a, cloudbase_auth::Result<Option<SecretString>>> {
        self.store.load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, cloudbase_auth::Result<()>> {
        self.store.save(key, value, lock)
    }

    fn remove<'a>(
        &'a self,
        key: &'a str,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, cloudbase_auth::Result<()>> {
        self.store.remove(key, lock)
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, cloudbase_auth::Result<StoreLock>> {
        if key == KEY && !self.was_reported.swap(true, Ordering::SeqCst) {
            let _ = say("waiting");
        }
        self.store.lock(key)
    }
}

fn now() -> Result<u128, Failure> {
    Ok(SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_millis())
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}
