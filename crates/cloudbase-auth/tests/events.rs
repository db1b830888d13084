//! What a program finds at its start: the stored session, reported to those that only listen, and its user.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use cloudbase_auth::{
    Auth, AuthEvent, BoxFuture, MemoryStore, Result, SecretString, Session, SessionStore, StoreLock,
};
use cloudbase_core::testing::{MockTransport, error};
use cloudbase_core::{Client, ErrorKind};
use tokio::time::{Instant, timeout};

const STORED: &str = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"19",
    "expires_at":"9999-01-01T00:00:00Z"}"#;

/// A handle of a process that has just been started, and what it sends.
fn started(store: &Arc<MemoryStore>) -> (Auth, MockTransport) {
    let mock = MockTransport::new();
    let client = Client::builder().env_id("env").transport(mock.clone());
    let auth = Auth::builder(client.build().unwrap()).session_store(store.clone());
    (auth.build().unwrap(), mock)
}

async fn stored() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let session = Session::from_json(STORED).unwrap();
    started(&store).0.restore_session(session).await.unwrap();
    store
}

#[tokio::test(start_paused = true)]
async fn the_first_reader_of_events_finds_the_stored_session() {
    const SOON: Duration = Duration::from_secs(60);
    let (auth, mock) = started(&stored().await);
    let (mut first, mut second) = (auth.events(), auth.events());
    for events in [&mut first, &mut second] {
        let AuthEvent::InitialSession(session) = timeout(SOON, events.next()).await.unwrap() else {
            panic!("another event")
        };
        assert_eq!(session.sub(), "19");
    }
    assert!(auth.session().await.unwrap().is_some());
    assert!(timeout(SOON, first.next()).await.is_err(), "once");
    assert!(mock.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_callback_is_called_with_the_stored_session() {
    let (auth, _) = started(&stored().await);
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let _subscription = auth.on_auth_state_change(move |event| sender.send(event.name()).unwrap());
    let name = timeout(Duration::from_secs(60), receiver.recv()).await;
    assert_eq!(name.unwrap(), Some("INITIAL_SESSION"));
}

/// A store that cannot be read the first few times.
struct Starting {
    store: Arc<MemoryStore>,
    failures: AtomicUsize,
}

impl SessionStore for Starting {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        let left = |left: usize| left.checked_sub(1);
        match self.failures.fetch_update(SeqCst, SeqCst, left) {
            Ok(_) => Box::pin(async { Err(error(ErrorKind::Local, "still starting")) }),
            Err(_) => self.store.load(key),
        }
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        self.store.save(key, value, lock)
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        self.store.remove(key, lock)
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        self.store.lock(key)
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_still_starting_is_reported_once_and_read_again() {
    // The first look fails as well; five more follow.
    for (failures, found_after) in [
        (1, Some(1)),
        (3, Some(1 + 2 + 4)),
        (5, Some(1 + 2 + 4 + 8 + 16)),
        (6, None),
    ] {
        let store = Starting {
            store: stored().await,
            failures: AtomicUsize::new(failures),
        };
        let client = Client::builder().env_id("env");
        let client = client.transport(MockTransport::new()).build().unwrap();
        let auth = Auth::builder(client).session_store(store).build().unwrap();
        let mut events = auth.events();
        let begun = Instant::now();
        let mut next = async || {
            let event = timeout(Duration::from_secs(600), events.next()).await;
            event.ok().map(|event| event.name())
        };
        assert_eq!(next().await, Some("STORE_FAILED"), "{failures}");
        assert_eq!(begun.elapsed().as_secs(), 0, "{failures}");
        let Some(seconds) = found_after else {
            assert_eq!(next().await, None, "{failures}");
            // The next call reads the store.
            assert!(auth.session().await.unwrap().is_some());
            assert_eq!(next().await, Some("INITIAL_SESSION"));
            continue;
        };
        assert_eq!(next().await, Some("INITIAL_SESSION"), "{failures}");
        assert_eq!(begun.elapsed().as_secs(), seconds, "{failures}");
        assert_eq!(next().await, None, "{failures}");
    }
}

#[test]
fn listeners_outside_a_runtime_hear_of_it_once_one_runs() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (auth, _) = started(&runtime.block_on(stored()));
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let _subscription = auth.on_auth_state_change(move |event| sender.send(event.name()).unwrap());
    let mut events = auth.events();
    runtime.block_on(async {
        let event = timeout(Duration::from_secs(60), events.next()).await;
        assert_eq!(event.unwrap().name(), "INITIAL_SESSION");
        assert_eq!(receiver.recv().await, Some("INITIAL_SESSION"));
    });
}

#[tokio::test(start_paused = true)]
async fn with_nothing_stored_the_first_event_is_the_sign_in() {
    let (auth, _) = started(&Arc::new(MemoryStore::new()));
    let mut events = auth.events();
    assert!(
        timeout(Duration::from_secs(60), events.next())
            .await
            .is_err()
    );
    let session = Session::from_json(STORED).unwrap();
    auth.restore_session(session).await.unwrap();
    assert_eq!(events.next().await.name(), "SIGNED_IN");
}

#[tokio::test(start_paused = true)]
async fn the_user_that_the_javascript_sdk_has_stored_is_found() {
    for (sub, known) in [
        (r#""sub":"19","#, true),
        (r#""sub":"20","#, false),
        (r#""uid":20,"#, false),
        ("", false),
        (r#""sub":"","#, false),
    ] {
        let store = Arc::new(MemoryStore::new());
        let user = format!(
            r#"{{"version":"localCachev1","content":{{{sub}"name":"Lin","email":"lin@example.org"}}}}"#
        );
        for (key, value) in [("credentials_env", STORED), ("user_info_env", &*user)] {
            let lock = StoreLock::unshared();
            store.save(key, &value.into(), &lock).await.unwrap();
        }
        let (auth, mock) = started(&store);
        let session = auth.session().await.unwrap().unwrap();
        let name = session
            .user()
            .and_then(|user| user.user_metadata.name.clone());
        assert_eq!(
            name.as_deref(),
            known.then_some("Lin"),
            "left over from another user"
        );
        assert!(mock.requests().is_empty());
    }
}
