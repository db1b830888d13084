//! Sessions between devices, stores and callbacks, on the emulator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloudbase_auth::{
    Auth, AuthEvent, BoxFuture, Error, ErrorKind, ExposeSecret as _, FileStore, MemoryStore,
    Password, Result, SecretString, Session, SessionStore, SignOutReason, StoreLock,
};
use cloudbase_emulator::{Fault, RefreshReuse};

use super::support::{EMAIL, PASSWORD, World, client, sign_in};

#[tokio::test]
async fn a_second_device_ends_the_first_one_when_its_token_does() {
    let world = World::new().await;
    world.sign_in().await;
    let mut events = world.auth.events();
    let second = world.device();
    sign_in(&second).await;
    let rejected = world.auth.refresh_session().await.unwrap_err();
    assert_eq!(
        (rejected.kind(), rejected.code().unwrap().as_str()),
        (ErrorKind::Credentials, "invalid_grant")
    );
    world.auth.user().await.unwrap().unwrap();
    world.emulator.clock().advance(Duration::from_secs(7201));
    world.auth.user().await.unwrap_err();
    assert!(world.auth.session().await.unwrap().is_none());
    assert!(matches!(
        events.next().await,
        AuthEvent::SignedOut(SignOutReason::Rejected { .. })
    ));
    assert_eq!(world.count("POST /auth/v1/token"), 1);
    assert!(
        second.user().await.unwrap().is_some(),
        "the second one refreshes and goes on"
    );
}

#[tokio::test]
async fn signing_out_ends_no_other_device() {
    let world = World::with(|emulator| emulator.max_sessions(2), |auth| auth).await;
    let second = world.device();
    world.sign_in().await;
    sign_in(&second).await;
    assert!(world.auth.sign_out().await.unwrap().revoked);
    assert!(second.user().await.unwrap().is_some());
    second.refresh_session().await.unwrap();
    assert!(second.user().await.unwrap().is_some());
}

#[tokio::test]
async fn a_response_lost_after_rotation_is_recovered_within_the_grace_time() {
    let world = World::with(
        |emulator| emulator.refresh_reuse(RefreshReuse::Grace(Duration::from_secs(60))),
        |auth| auth,
    )
    .await;
    world.sign_in().await;
    world
        .emulator
        .faults()
        .add(Fault::on("POST /auth/v1/token").times(1).lose_response());
    world.auth.refresh_session().await.unwrap_err();
    assert!(
        world.auth.user().await.unwrap().is_some(),
        "the old token goes on"
    );
    world.auth.refresh_session().await.unwrap();
    assert_eq!(world.count("POST /auth/v1/token"), 2);
}

#[tokio::test]
async fn an_anonymous_session_without_refresh_token_begins_again_as_the_same_user() {
    let world = World::with(
        |emulator| emulator.anonymous_refresh_token(false),
        |auth| auth,
    )
    .await;
    let first = world.auth.sign_in_anonymously().await.unwrap();
    assert!(first.session.refresh_token().is_none());
    world.emulator.clock().advance(Duration::from_secs(7201));
    let user = world.auth.user().await.unwrap().unwrap();
    assert_eq!(user.id, first.user.id);
    assert_eq!(world.count("POST /auth/v1/signin/anonymously"), 2);
}

#[tokio::test]
async fn an_anonymous_session_that_is_not_refreshed_begins_again_as_the_same_user() {
    let world = World::new().await;
    let first = world.auth.sign_in_anonymously().await.unwrap();
    assert!(first.session.refresh_token().is_some());
    let mut events = world.auth.events();
    world.emulator.users().end_sessions(&first.user.id);
    let user = world.auth.user().await.unwrap().unwrap();
    assert_eq!(user.id, first.user.id);
    assert_eq!(events.next().await.name(), "TOKEN_REFRESHED");
    assert_eq!(
        (
            world.count("POST /auth/v1/token"),
            world.count("POST /auth/v1/signin/anonymously")
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn unusable_session_files_are_moved_aside() {
    let world = World::new().await;
    let session = world
        .sign_in()
        .await
        .session
        .to_json()
        .expose_secret()
        .to_owned();
    for (name, content) in [
        ("empty", String::new()),
        ("half", session[..session.len() / 2].to_owned()),
        ("no session", "{}".to_owned()),
        ("no object", "[1]".to_owned()),
        ("of the future", session.replace("\"v1\"", "\"v9\"")),
        ("deep", "[".repeat(100_000)),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = FileStore::new(directory.path());
        let path = directory.path().join("credentials_auth-tests.json");
        let auth = Auth::builder(client(&world.emulator))
            .session_store(store)
            .build()
            .unwrap();
        sign_in(&auth).await;
        std::fs::write(&path, content).unwrap();
        let auth = Auth::builder(client(&world.emulator))
            .session_store(FileStore::new(directory.path()))
            .build()
            .unwrap();
        assert!(auth.session().await.unwrap().is_none(), "{name}");
        let aside = std::fs::read_dir(directory.path()).unwrap().any(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("credentials_auth-tests.poisoned-")
        });
        assert!(aside && !path.exists(), "{name}");
        sign_in(&auth).await;
        let again = Session::from_json(std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(again.sub(), auth.peek_session().unwrap().sub(), "{name}");
    }
}

#[tokio::test]
async fn a_program_that_starts_again_is_still_signed_in() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        Auth::builder(client(&world.emulator))
            .session_store(FileStore::new(directory.path()))
            .build()
            .unwrap()
    };
    let first = start();
    let signed_in = sign_in(&first).await;
    drop(first);
    let second = start();
    let mut events = second.events();
    assert_eq!(
        second.session().await.unwrap().unwrap().user(),
        Some(&signed_in.user)
    );
    assert_eq!(events.next().await.name(), "INITIAL_SESSION");
    second.sign_out().await.unwrap();
    assert!(start().session().await.unwrap().is_none());

    let devices: Vec<_> = world
        .emulator
        .requests()
        .all()
        .iter()
        .filter(|request| request.path.starts_with("/auth/"))
        .map(|request| request.header("x-device-id").unwrap().to_owned())
        .collect();
    assert!(
        devices.windows(2).all(|pair| pair[0] == pair[1]),
        "the device id outlives the session"
    );
}

/// A store whose disk is full.
#[derive(Clone, Default)]
struct Full {
    inner: MemoryStore,
    broken: Arc<std::sync::atomic::AtomicBool>,
}

impl SessionStore for Full {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        self.inner.load(key)
    }
    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        match self.broken.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(Error::new(ErrorKind::Local, "the disk is full")) }),
            false => self.inner.save(key, value, lock),
        }
    }
    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        self.inner.remove(key, lock)
    }
}

#[tokio::test]
async fn a_store_that_fails_loses_no_fresh_token() {
    let store = Full::default();
    let world = World::with(
        |emulator| emulator,
        |auth| auth.session_store(store.clone()),
    )
    .await;
    world.sign_in().await;
    let mut events = world.auth.events();
    store.broken.store(true, Ordering::SeqCst);
    let refreshed = world.auth.refresh_session().await.unwrap().session;
    assert_eq!(events.next().await.name(), "STORE_FAILED");
    assert_eq!(events.next().await.name(), "TOKEN_REFRESHED");
    world.auth.user().await.unwrap().unwrap();
    assert!(
        world
            .auth
            .session()
            .await
            .unwrap()
            .unwrap()
            .refresh_token()
            .is_some()
    );
    // What is stored is older: it must not come back.
    let again = world.auth.refresh_session().await.unwrap().session;
    assert_ne!(
        again.access_token().expose_secret(),
        refreshed.access_token().expose_secret()
    );
    store.broken.store(false, Ordering::SeqCst);
    let last = world.auth.refresh_session().await.unwrap().session;
    let stored = store.load("credentials_auth-tests").await.unwrap().unwrap();
    let stored = Session::from_json(stored.expose_secret()).unwrap();
    assert_eq!(
        stored.access_token().expose_secret(),
        last.access_token().expose_secret()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_may_call_the_sdk_block_and_panic() {
    let world = World::new().await;
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let panics = Arc::new(AtomicU32::new(0));
    let counter = panics.clone();
    let _bad = world.auth.on_auth_state_change(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        panic!("a callback")
    });
    let auth = world.auth.clone();
    let good = world.auth.on_auth_state_change(move |event| {
        let user = tokio::runtime::Handle::current()
            .block_on(async { auth.refresh_session().await.and(auth.user().await) });
        sender.send((event.name(), user.is_ok())).unwrap();
    });
    world.sign_in().await;
    assert_eq!(receiver.recv().await, Some(("SIGNED_IN", true)));
    // The callback refreshes on each event; the profile of the sign-in comes before, between or after.
    let (mut refreshes, mut profiles) = (0, 0);
    while refreshes == 0 || profiles == 0 {
        match receiver.recv().await.unwrap().0 {
            "TOKEN_REFRESHED" => refreshes += 1,
            "USER_UPDATED" => profiles += 1,
            other => panic!("{other}"),
        }
    }
    good.unsubscribe();
    let wrong = world
        .auth
        .sign_in_with_password(Password::email(EMAIL, "wrong"))
        .await;
    assert!(wrong.is_err() && panics.load(Ordering::SeqCst) >= 1);
    world
        .auth
        .sign_in_with_password(Password::email(EMAIL, PASSWORD))
        .await
        .unwrap();
}
