//! When a look at the session waits for the lock of its store, and what a store that fails comes to.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use cloudbase_auth::{
    Auth, BoxFuture, MemoryStore, Result, SecretString, Session, SessionStore, StoreLock,
};
use cloudbase_core::testing::{MockTransport, error};
use cloudbase_core::{Client, ErrorKind};
use tokio::time::timeout;

const STORED: &str = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"19",
    "expires_at":"9999-01-01T00:00:00Z"}"#;

/// A store, and what is wrong with it.
#[derive(Clone, Default)]
struct Troubled {
    store: Arc<MemoryStore>,
    unreadable: Arc<AtomicBool>,
    full: Arc<AtomicBool>,
    /// Another process holds the lock and does not let it go.
    locked: Arc<AtomicBool>,
    lockless: Arc<AtomicBool>,
}

fn failure<'a, T: 'a>(message: &'static str) -> BoxFuture<'a, Result<T>> {
    Box::pin(async move { Err(error(ErrorKind::Local, message)) })
}

impl SessionStore for Troubled {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        match self.unreadable.load(SeqCst) {
            true => failure("unreadable"),
            false => self.store.load(key),
        }
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        match self.full.load(SeqCst) {
            true => failure("full"),
            false => self.store.save(key, value, lock),
        }
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        self.store.remove(key, lock)
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        if self.lockless.load(SeqCst) {
            return failure("no locks");
        }
        match self.locked.load(SeqCst) {
            true => Box::pin(std::future::pending()),
            false => self.store.lock(key),
        }
    }
}

fn started(store: &Troubled) -> (Auth, MockTransport) {
    let mock = MockTransport::new();
    let client = Client::builder().env_id("env").transport(mock.clone());
    let auth = Auth::builder(client.build().unwrap()).session_store(store.clone());
    (auth.build().unwrap(), mock)
}

/// A store with a session, and a handle of the process that has put it there.
async fn stored() -> (Troubled, Auth, MockTransport) {
    let store = Troubled::default();
    let (auth, mock) = started(&store);
    let session = Session::from_json(STORED).unwrap();
    auth.restore_session(session).await.unwrap();
    (store, auth, mock)
}

/// The user of the session, which is looked up without waiting for anything.
async fn user(auth: &Auth) -> Result<Option<String>> {
    let session = timeout(Duration::from_secs(1), auth.session());
    let session = session.await.expect("without waiting for the lock")?;
    Ok(session.map(|session| session.sub().to_owned()))
}

#[tokio::test(start_paused = true)]
async fn what_a_store_holds_is_found_out_without_its_lock() {
    let empty = Troubled::default();
    empty.locked.store(true, SeqCst);
    assert_eq!(user(&started(&empty).0).await.unwrap(), None);
    let (store, ..) = stored().await;
    store.locked.store(true, SeqCst);
    assert_eq!(user(&started(&store).0).await.unwrap().unwrap(), "19");
    store.unreadable.store(true, SeqCst);
    let failed = user(&started(&store).0).await.unwrap_err();
    assert!(failed.to_string().contains("unreadable"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn without_a_lock_only_a_session_that_lives_in_memory_is_refreshed() {
    let (store, auth, mock) = stored().await;
    store.lockless.store(true, SeqCst);
    let failed = auth.refresh_session().await.unwrap_err();
    assert!(format!("{failed:?}").contains("no locks"), "{failed:?}");
    assert!(mock.requests().is_empty(), "its token is shared");

    store.lockless.store(false, SeqCst);
    store.full.store(true, SeqCst);
    let session = Session::from_json(STORED.replace("19", "20")).unwrap();
    auth.restore_session(session).await.unwrap();
    store.lockless.store(true, SeqCst);
    store.unreadable.store(true, SeqCst);
    let _ = auth.refresh_session().await;
    assert_eq!(mock.requests().len(), 1);
}
