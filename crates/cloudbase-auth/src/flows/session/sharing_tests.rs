//! What one process makes of a store that another one has changed: after a save that failed, and after
//! a lock that was lost.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::schedule_tests::{KEY, Service};
use crate::events::SignOutReason;
use crate::store::conformance::Fenced;
use crate::store::{MemoryStore, SessionStore, StoreLock};
use crate::{Auth, AuthEvent, AuthEvents, Password, Session};

/// One of two processes.
struct Process {
    auth: Auth,
    events: AuthEvents,
    is_full: Arc<AtomicBool>,
    is_late: Arc<AtomicBool>,
    is_unreadable: Arc<AtomicBool>,
}

/// The store of one process, on a disk that can be full for it, or fail to be read.
struct Disk {
    store: Arc<Fenced>,
    is_full: Arc<AtomicBool>,
    /// It fails after it has done its work.
    is_late: Arc<AtomicBool>,
    is_unreadable: Arc<AtomicBool>,
}

impl Disk {
    async fn write(&self, work: BoxFuture<'_, Result<()>>) -> Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Local, "disk full"));
        }
        work.await?;
        match self.is_late.load(Ordering::SeqCst) {
            true => Err(Error::new(ErrorKind::Local, "disk gone")),
            false => Ok(()),
        }
    }
}

impl SessionStore for Disk {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(async move {
            match self.is_unreadable.load(Ordering::SeqCst) {
                true => Err(Error::new(ErrorKind::Local, "disk gone")),
                false => self.store.load(key).await,
            }
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.write(self.store.save(key, value, lock)))
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.write(self.store.remove(key, lock)))
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        self.store.lock(key)
    }
}

impl Process {
    fn start(store: &Arc<Fenced>) -> Self {
        let is_full = Arc::<AtomicBool>::default();
        let is_late = Arc::<AtomicBool>::default();
        let is_unreadable = Arc::<AtomicBool>::default();
        let disk = Disk {
            store: store.clone(),
            is_full: is_full.clone(),
            is_late: is_late.clone(),
            is_unreadable: is_unreadable.clone(),
        };
        let service = Service::new(fastrand::Rng::with_seed(1));
        let auth = service.auth(Arc::new(disk), Arc::default());
        let events = auth.events();
        Self {
            auth,
            events,
            is_full,
            is_late,
            is_unreadable,
        }
    }

    async fn sign_in(&self, name: &str) {
        let password = Password::username(name, "Passw0rd!");
        self.auth.sign_in_with_password(password).await.unwrap();
    }

    fn is_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    fn is_late(&self, is_late: bool) {
        self.is_late.store(is_late, Ordering::SeqCst);
    }

    fn is_unreadable(&self, is_unreadable: bool) {
        self.is_unreadable.store(is_unreadable, Ordering::SeqCst);
    }

    /// Who it is by now, here and with its next call.
    async fn user(&self) -> Option<String> {
        let session = self.auth.session().await.unwrap();
        session.map(|session| session.sub().to_owned())
    }

    /// What has happened since this was asked last.
    async fn happened(&mut self) -> Vec<&'static str> {
        let mut names = Vec::new();
        let wait = std::time::Duration::from_millis(1);
        while let Ok(event) = tokio::time::timeout(wait, self.events.next()).await {
            names.push(match event {
                AuthEvent::StoreFailed(_) => "STORE_FAILED",
                event => event.name(),
            });
        }
        names
    }
}

async fn stored(store: &Fenced) -> Option<String> {
    let json = store.load(KEY).await.unwrap()?;
    let session = Session::from_json(json.expose_secret()).unwrap();
    Some(session.sub().to_owned())
}

/// Two processes who share the session of `a`.
async fn two() -> (Arc<Fenced>, Process, Process) {
    let store = Arc::new(Fenced::default());
    let (mut first, second) = (Process::start(&store), Process::start(&store));
    first.sign_in("a").await;
    assert_eq!(second.user().await.as_deref(), Some("a"));
    first.happened().await;
    (store, first, second)
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_not_saved_yields_to_a_user_who_came_since() {
    for newcomer in [Some("b"), Some("a"), None] {
        let (store, mut first, second) = two().await;
        first.is_full(true);
        first.auth.refresh_session().await.unwrap();
        assert!(first.happened().await.contains(&"STORE_FAILED"));
        first.is_full(false);
        match newcomer {
            Some(name) => second.sign_in(name).await,
            None => drop(second.auth.sign_out().await.unwrap()),
        }
        let there = store.load(KEY).await.unwrap();
        let text = |there: &Option<SecretString>| {
            let there = there.as_ref();
            there.map(|there| there.expose_secret().to_owned())
        };
        let before = text(&there);
        first.auth.reload_session();
        assert_eq!(first.user().await.as_deref(), newcomer);
        assert_eq!(text(&store.load(KEY).await.unwrap()), before, "untouched");
        let refreshed = first.auth.refresh_session().await;
        assert_eq!(refreshed.is_ok(), newcomer.is_some());
        assert_eq!(stored(&store).await.as_deref(), newcomer);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_saved_is_written_over_nothing_that_cannot_be_read() {
    // An unsaved refresh or sign-in that is refreshed or asked for meanwhile, and an unsaved sign-out.
    for (change, look) in [
        ("refresh", "refresh"),
        ("refresh", "session"),
        ("sign in", "refresh"),
        ("sign in", "session"),
        ("sign out", "session"),
    ] {
        let (store, first, second) = two().await;
        first.is_full(true);
        match change {
            "refresh" => drop(first.auth.refresh_session().await.unwrap()),
            "sign in" => first.sign_in("c").await,
            _ => drop(first.auth.sign_out().await.unwrap_err()),
        }
        first.is_full(false);
        second.sign_in("b").await;
        first.is_unreadable(true);
        first.auth.reload_session();
        match look {
            "refresh" => drop(first.auth.refresh_session().await),
            _ => drop(first.auth.session().await),
        }
        assert_eq!(
            stored(&store).await.as_deref(),
            Some("b"),
            "{change} {look}"
        );
        first.is_unreadable(false);
        first.auth.reload_session();
        assert_eq!(first.user().await.as_deref(), Some("b"), "{change} {look}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_though_the_save_failed_does_not_come_back() {
    // A sign-in or a sign-out that the store has taken and says that it has not.
    for change in ["sign in", "sign out"] {
        let (store, first, second) = two().await;
        first.is_late(true);
        first.is_unreadable(true);
        let before = match change {
            "sign in" => {
                first.sign_in("b").await;
                Some("b")
            }
            _ => {
                first.auth.sign_out().await.unwrap_err();
                None
            }
        };
        assert_eq!(stored(&store).await.as_deref(), before);
        first.is_full(true);
        first.sign_in("c").await;
        assert_eq!(stored(&store).await.as_deref(), before);
        first.is_full(false);
        first.is_late(false);
        first.is_unreadable(false);
        first.auth.reload_session();
        assert_eq!(first.user().await.as_deref(), Some("c"), "{change}");
        second.auth.reload_session();
        assert_eq!(second.user().await.as_deref(), Some("c"), "{change}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_changed_is_saved_later() {
    // A refresh, a sign-in and a sign-out that the store could not take.
    let (store, first, second) = two().await;
    first.is_full(true);
    first.sign_in("b").await;
    second.auth.refresh_session().await.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("a"));
    first.is_full(false);
    first.auth.reload_session();
    assert_eq!(
        first.user().await.as_deref(),
        Some("b"),
        "the last to sign in"
    );
    assert_eq!(stored(&store).await.as_deref(), Some("b"));

    first.is_full(true);
    first.auth.sign_out().await.unwrap_err();
    assert_eq!(stored(&store).await.as_deref(), Some("b"));
    first.is_full(false);
    first.auth.reload_session();
    assert_eq!(first.user().await, None);
    assert_eq!(stored(&store).await, None, "removed when it could be");

    // Without a store the session goes on in memory, however often it is refreshed.
    first.is_full(true);
    first.sign_in("c").await;
    for _ in 0..3 {
        first.auth.refresh_session().await.unwrap();
        assert_eq!(first.user().await.as_deref(), Some("c"));
    }
    // Another user has signed in and out since.
    second.sign_in("d").await;
    second.auth.sign_out().await.unwrap();
    first.is_full(false);
    first.auth.reload_session();
    assert_eq!(first.user().await, None);
    assert_eq!(stored(&store).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lock_means_read_again_and_not_that_the_store_failed() {
    for newcomer in [Some("b"), None] {
        let (store, mut first, second) = two().await;
        store.lose_the_next_lock(async move {
            match newcomer {
                Some(name) => second.sign_in(name).await,
                None => drop(second.auth.sign_out().await.unwrap()),
            }
        });
        let _ = first.auth.refresh_session().await;
        let happened = first.happened().await;
        assert!(!happened.contains(&"STORE_FAILED"), "{happened:?}");
        assert_eq!(first.user().await.as_deref(), newcomer);
        assert_eq!(stored(&store).await.as_deref(), newcomer);
    }

    // Lost to a process that changed nothing: saved with the next lock.
    let (store, mut first, _) = two().await;
    let other = store.clone();
    store.lose_the_next_lock(async move { other.lock(KEY).await.unwrap().release().await });
    let refreshed = first.auth.refresh_session().await.unwrap();
    let there = store.load(KEY).await.unwrap().unwrap();
    let there = Session::from_json(there.expose_secret()).unwrap();
    assert!(there.is_same(&refreshed.session));
    assert_eq!(first.happened().await, ["TOKEN_REFRESHED"]);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_or_sign_out_is_done_with_the_next_lock() {
    let (store, mut first, second) = two().await;
    let second = Arc::new(second);
    let other = second.clone();
    store.lose_the_next_lock(async move { other.sign_in("b").await });
    first.sign_in("c").await;
    assert_eq!(stored(&store).await.as_deref(), Some("c"), "it was last");
    let other = second.clone();
    store.lose_the_next_lock(async move { other.sign_in("d").await });
    first.auth.sign_out().await.unwrap();
    assert_eq!(stored(&store).await, None);
    let happened = first.happened().await;
    assert!(!happened.contains(&"STORE_FAILED"), "{happened:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_ends_a_user_who_has_signed_in_elsewhere_and_says_so() {
    for was_signed_in in [false, true] {
        let store = Arc::new(Fenced::default());
        let (mut first, second) = (Process::start(&store), Process::start(&store));
        assert_eq!(first.user().await, None);
        if was_signed_in {
            first.sign_in("a").await;
            first.auth.sign_out().await.unwrap();
        }
        second.sign_in("b").await;
        first.happened().await;
        assert!(first.auth.sign_out().await.unwrap().revoked);
        assert_eq!(first.happened().await, ["SIGNED_OUT"]);
        assert_eq!(stored(&store).await, None);
    }

    // Whom a sign-out before could not remove has been signed out already.
    let (store, mut first, _second) = two().await;
    first.is_full(true);
    first.auth.sign_out().await.unwrap_err();
    assert_eq!(first.happened().await, ["SIGNED_OUT"]);
    first.is_full(false);
    assert!(!first.auth.sign_out().await.unwrap().revoked);
    assert_eq!(first.happened().await, [""; 0]);
    assert_eq!(stored(&store).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_user_is_not_that_of_the_user_before() {
    let (store, first, _second) = two().await;
    let manager = first.auth.manager();
    let lineage = first.auth.peek_session().unwrap().lineage();
    let permit = manager.core.permit.lock().await;
    let auth = first.auth.clone();
    let password = Password::username("b", "Passw0rd!");
    let signing_in = tokio::spawn(async move { auth.sign_in_with_password(password).await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await; // it waits for its turn
    let other = manager.clone();
    let ending =
        tokio::spawn(async move { other.end(Some(&lineage), SignOutReason::UserDeleted).await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    drop(permit);
    signing_in.await.unwrap().unwrap();
    ending.await.unwrap().unwrap().removed.unwrap();
    assert_eq!(first.user().await.as_deref(), Some("b"));
    assert_eq!(stored(&store).await.as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_user_is_not_that_of_one_whom_another_process_signed_in() {
    let (store, mut first, second) = two().await;
    let lineage = first.auth.peek_session().unwrap().lineage();
    second.sign_in("b").await;
    let manager = first.auth.manager();
    let ended = manager
        .end(Some(&lineage), SignOutReason::UserDeleted)
        .await;
    let ended = ended.unwrap();
    ended.removed.unwrap();
    assert_eq!(stored(&store).await.as_deref(), Some("b"));
    assert_eq!(first.user().await.as_deref(), Some("b"));
    assert_eq!(first.happened().await, ["SIGNED_OUT", "SIGNED_IN"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_is_not_that_of_one_that_came_since() {
    for newcomer in [Some("b"), None] {
        let (store, mut first, second) = two().await;
        let json = r#"{"access_token": "a-1", "expires_in": 7200, "sub": "a"}"#;
        let session = Session::from_json(json).unwrap();
        first.auth.restore_session(session).await.unwrap();
        first.happened().await;
        let other = store.clone();
        store.lose_the_next_lock(async move {
            match newcomer {
                Some(name) => second.sign_in(name).await,
                None => other.lock(KEY).await.unwrap().release().await,
            }
        });
        tokio::time::sleep(std::time::Duration::from_secs(7300)).await;
        assert_eq!(first.user().await.as_deref(), newcomer);
        assert_eq!(stored(&store).await.as_deref(), newcomer);
        let event = newcomer.map_or("SIGNED_OUT", |_| "SIGNED_IN");
        assert_eq!(first.happened().await, [event]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_profile_brings_nobody_back() {
    for newcomer in [Some("b"), None] {
        let (store, first, second) = two().await;
        match newcomer {
            Some(name) => second.sign_in(name).await,
            None => drop(second.auth.sign_out().await.unwrap()),
        }
        first.auth.refresh_user().await.unwrap();
        assert_eq!(stored(&store).await.as_deref(), newcomer);
        first.auth.reload_session();
        assert_eq!(first.user().await.as_deref(), newcomer);
    }
}

/// A store without numbers for locks, which another process may hold for too long.
#[derive(Default)]
struct Busy {
    inner: MemoryStore,
    is_busy: AtomicBool,
}

impl SessionStore for Busy {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        self.inner.load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        self.inner.save(key, value, lock)
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        self.inner.remove(key, lock)
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        match key == KEY && self.is_busy.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(Error::new(ErrorKind::Local, "locked for too long")) }),
            false => self.inner.lock(key),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_without_the_lock() {
    let store = Arc::new(Busy::default());
    let service = Service::new(fastrand::Rng::with_seed(1));
    let auth = service.auth(store.clone(), Arc::default());
    let sign_in = async |name: &str| {
        let password = Password::username(name, "Passw0rd!");
        auth.sign_in_with_password(password).await.unwrap();
    };
    let in_store = async || {
        let json = store.load(KEY).await.unwrap()?;
        let session = Session::from_json(json.expose_secret()).unwrap();
        Some(session.sub().to_owned())
    };
    sign_in("a").await;
    store.is_busy.store(true, Ordering::SeqCst);
    sign_in("b").await;
    auth.refresh_session().await.unwrap();
    assert_eq!(auth.peek_session().unwrap().sub(), "b");
    assert_eq!(in_store().await.as_deref(), Some("a"));
    store.is_busy.store(false, Ordering::SeqCst);
    auth.refresh_session().await.unwrap();
    assert_eq!(in_store().await.as_deref(), Some("b"));
    store.is_busy.store(true, Ordering::SeqCst);
    auth.sign_out().await.unwrap_err();
    assert!(auth.peek_session().is_none());
    assert_eq!(in_store().await.as_deref(), Some("b"));
    store.is_busy.store(false, Ordering::SeqCst);
    auth.reload_session();
    assert!(auth.session().await.unwrap().is_none());
    assert_eq!(in_store().await, None);
}
