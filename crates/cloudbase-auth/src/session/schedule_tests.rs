//! Random schedules of processes that share one store: saves that fail, pauses past the lock, kills,
//! sign-ins, sign-outs and refreshes. Processes are clients here, and time is paused.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudbase_core::{Body, Client, Error, ErrorKind, Result};
use fastrand::Rng;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::store::{MemoryStore, SessionStore, StoreLock};
use crate::{Auth, Password, Session};

pub(super) const KEY: &str = "credentials_schedule-env";
const LOCK_LIFETIME: Duration = Duration::from_millis(50);

/// A place that many share, whose locks run out.
#[derive(Clone, Default)]
struct Place {
    values: MemoryStore,
    locks: Arc<Mutex<HashMap<String, Lock>>>,
}

#[derive(Default)]
struct Lock {
    newest: u64,
    held: Option<(u64, Instant)>,
}

impl Place {
    fn take(&self, key: &str) -> Option<u64> {
        let mut locks = self.locks.lock().unwrap();
        let lock = locks.entry(key.to_owned()).or_default();
        if lock.held.is_some_and(|(_, until)| until > Instant::now()) {
            return None;
        }
        lock.newest += 1;
        lock.held = Some((lock.newest, Instant::now() + LOCK_LIFETIME));
        Some(lock.newest)
    }

    fn let_go(&self, key: &str, fence: u64) {
        let mut locks = self.locks.lock().unwrap();
        let lock = locks.entry(key.to_owned()).or_default();
        lock.held = lock.held.filter(|(holder, _)| *holder != fence);
    }

    fn check(&self, key: &str, lock: &StoreLock) -> Result<()> {
        let locks = self.locks.lock().unwrap();
        let newest = locks.get(key).map_or(0, |lock| lock.newest);
        match lock.fence() == newest {
            true => Ok(()),
            false => Err(lock.lost()),
        }
    }

    async fn session(&self) -> Option<Session> {
        let json = self.values.load(KEY).await.unwrap()?;
        Some(Session::from_json(json.expose_secret()).unwrap())
    }
}

/// The place as one process sees it. What a dead process asks for never comes.
#[derive(Clone)]
struct View {
    place: Place,
    is_dead: Arc<AtomicBool>,
    /// It cannot save sessions. Marks of sign-outs can be saved: without any mark, two processes that
    /// cannot save are not told apart from nobody.
    is_full: Arc<AtomicBool>,
}

impl View {
    async fn alive(&self) {
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending().await
        }
    }
}

impl SessionStore for View {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(async move {
            self.alive().await;
            self.place.values.load(key).await
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.alive().await;
            if key == KEY && self.is_full.load(Ordering::SeqCst) {
                return Err(Error::new(ErrorKind::Local, "disk full"));
            }
            self.place.check(key, lock)?;
            self.place.values.save(key, value, lock).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.alive().await;
            self.place.check(key, lock)?;
            self.place.values.remove(key, lock).await
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        Box::pin(async move {
            loop {
                self.alive().await;
                if let Some(fence) = self.place.take(key) {
                    let (place, key) = (self.place.clone(), key.to_owned());
                    let release = move || async move { place.let_go(&key, fence) };
                    return Ok(StoreLock::new(fence, release));
                }
                sleep(Duration::from_millis(5)).await;
            }
        })
    }
}

/// A service that grants everything to whoever has a name, after a pause that may outlast a lock.
pub(super) struct Service {
    rng: Mutex<Rng>,
}

impl Service {
    pub(super) fn new(rng: Rng) -> Arc<Self> {
        Arc::new(Self {
            rng: Mutex::new(rng),
        })
    }

    /// A client of its own over `store`, which hears nothing more once it is dead.
    pub(super) fn auth(
        self: &Arc<Self>,
        store: Arc<dyn SessionStore>,
        is_dead: Arc<AtomicBool>,
    ) -> Auth {
        let service = self.clone();
        let transport = tower::service_fn(move |request: Request<Body>| {
            let (service, is_dead) = (service.clone(), is_dead.clone());
            async move {
                let answer = service.answer(request).await;
                if is_dead.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                let body = Body::from(answer.to_string().into_bytes());
                Ok::<_, std::io::Error>(Response::new(body))
            }
        });
        let client = Client::builder()
            .env_id("schedule-env")
            .transport(transport);
        let auth = Auth::builder(client.build().unwrap()).shared_session_store(store);
        auth.build().unwrap()
    }

    async fn answer(&self, request: Request<Body>) -> Value {
        let (head, body) = request.into_parts();
        let pause = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            rng.u64(0..90)
        };
        sleep(Duration::from_millis(pause)).await;
        let body = body.into_bytes(1 << 20).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let name = match head.uri.path() {
            "/auth/v1/signin" => body["username"].as_str().map(str::to_owned),
            // A refresh token may be used again, as within the grace time of the service.
            "/auth/v1/token" => body["refresh_token"].as_str().map(user_of),
            "/auth/v1/user/me" => {
                let bearer = head.headers["authorization"].to_str().unwrap();
                let name = fastrand::u64(..).to_string(); // always news
                return json!({"sub": user_of(&bearer["Bearer ".len()..]), "name": name});
            }
            _ => return json!({}),
        };
        let name = name.unwrap();
        let serial = fastrand::u64(..);
        json!({
            "access_token": format!("{name}-{serial}"), "refresh_token": format!("{name}-{serial}"),
            "expires_in": 7200, "sub": name,
        })
    }
}

fn user_of(token: &str) -> String {
    token.split('-').next().unwrap().to_owned()
}

struct Process {
    auth: Auth,
    view: View,
    refreshes: Vec<JoinHandle<()>>,
    /// The number of its sign-in that the store could not take.
    unsaved: Option<usize>,
}

impl Process {
    fn start(place: &Place, service: &Arc<Service>) -> Self {
        let view = View {
            place: place.clone(),
            is_dead: Arc::default(),
            is_full: Arc::default(),
        };
        let auth = service.auth(Arc::new(view.clone()), view.is_dead.clone());
        Self {
            auth,
            view,
            refreshes: Vec::new(),
            unsaved: None,
        }
    }
}

/// One schedule; what is wrong with its end, if anything.
async fn run(seed: u64) -> std::result::Result<(), String> {
    let mut rng = Rng::with_seed(seed);
    let place = Place::default();
    let service = Service::new(rng.fork());
    let count = rng.usize(2..=4);
    let mut processes: Vec<_> = (0..count)
        .map(|_| Process::start(&place, &service))
        .collect();
    let mut log = Vec::new();
    // The number of the last sign-in or sign-out that the store has taken, and who is signed in by it.
    let mut stored = (0, None);
    for number in 1..=rng.usize(6..=14) {
        let which = rng.usize(..count);
        let process = &mut processes[which];
        match rng.u32(0..12) {
            0..=2 => {
                let name = format!("u{number}");
                let full = process.view.is_full.load(Ordering::SeqCst);
                log.push(format!(
                    "{which} in {name}{}",
                    if full { " unsaved" } else { "" }
                ));
                let password = Password::username(&*name, "Passw0rd!");
                process.auth.sign_in_with_password(password).await.unwrap();
                match full {
                    true => process.unsaved = Some(number),
                    false => (process.unsaved, stored) = (None, (number, Some(name))),
                }
            }
            3 => {
                log.push(format!("{which} out"));
                process.auth.sign_out().await.unwrap();
                (process.unsaved, stored) = (None, (number, None));
            }
            4..=7 => {
                log.push(format!("{which} refresh"));
                let auth = process.auth.clone();
                process.refreshes.push(tokio::spawn(async move {
                    // Who has been signed out by another one has nothing to refresh.
                    let _ = auth.refresh_session().await;
                }));
            }
            8 => {
                log.push(format!("{which} full"));
                process.view.is_full.store(true, Ordering::SeqCst);
            }
            9 => {
                log.push(format!("{which} room"));
                process.view.is_full.store(false, Ordering::SeqCst);
            }
            10 => {
                log.push(format!("{which} killed"));
                process.view.is_dead.store(true, Ordering::SeqCst);
                *process = Process::start(&place, &service);
            }
            _ => sleep(Duration::from_millis(rng.u64(0..70))).await,
        }
    }
    for process in &mut processes {
        for refresh in process.refreshes.drain(..) {
            refresh.await.unwrap();
        }
        process.view.is_full.store(false, Ordering::SeqCst);
    }
    // Each looks at the store, and tries again what that could not take.
    for _ in 0..2 {
        for process in &processes {
            sleep(Duration::from_secs(6)).await;
            process.auth.reload_session();
            let _ = process.auth.refresh_session().await;
        }
    }
    let end = place
        .session()
        .await
        .map(|session| session.sub().to_owned());
    let is_newer = |process: &Process| process.unsaved.is_some_and(|number| number > stored.0);
    let unsaved: Vec<_> = processes
        .iter()
        .filter(|process| is_newer(process))
        .collect();
    let may_win = match unsaved.is_empty() {
        true => end == stored.1,
        false => unsaved.iter().any(|process| {
            let name = process.unsaved.map(|number| format!("u{number}"));
            end == name
        }),
    };
    if !may_win {
        return Err(format!("{end:?} instead of {:?}: {log:#?}", stored.1));
    }
    for (which, process) in processes.iter().enumerate() {
        process.auth.reload_session();
        let session = process.auth.session().await.unwrap();
        let session = session.map(|session| session.sub().to_owned());
        if session != end {
            return Err(format!("{which} is {session:?} and not {end:?}: {log:#?}"));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_last_sign_in_or_sign_out_wins_and_nobody_comes_back() {
    for seed in 0..1000 {
        if let Err(wrong) = run(seed).await {
            panic!("schedule {seed}: {wrong}");
        }
    }
}
