//! What other processes and other programs do to a session that they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloudbase_auth::{
    Auth, AuthEvent, BoxFuture, Error, ErrorKind, ExposeSecret as _, MemoryStore, Result,
    SecretString, SessionStore, SignOutReason, StoreLock,
};
use tokio::time::advance;

use super::gateway::{Gateway, KEY, LIFETIME, call, session};

#[tokio::test(start_paused = true)]
async fn another_program_that_knows_no_lock_is_noticed() {
    let gateway = Gateway::new();
    let (auth, store) = gateway.auth(&session(60)).await;
    auth.session().await.unwrap();
    // It refreshes behind our back, and stores what it got.
    gateway.spend_refresh_token();
    let newer = serde_json::json!({"access_token": "a0", "refresh_token": "r9", "expires_in": 7200, "sub": "u1",
        "expires_at": session(7000)["expires_at"]});
    let lock = store.lock(KEY).await.unwrap();
    store
        .save(KEY, &newer.to_string().into(), &lock)
        .await
        .unwrap();
    lock.release().await;
    let signed_in = auth.refresh_session().await.unwrap();
    assert_eq!(
        signed_in.session.refresh_token().unwrap().expose_secret(),
        "r9"
    );
    assert_eq!(gateway.refreshes(), 0, "what is in the store is newer");

    let lock = store.lock(KEY).await.unwrap();
    store.remove(KEY, &lock).await.unwrap();
    lock.release().await;
    let mut events = auth.events();
    advance(LIFETIME).await;
    assert!(auth.session().await.unwrap().is_none());
    assert!(matches!(
        events.next().await,
        AuthEvent::SignedOut(SignOutReason::Elsewhere)
    ));
}

#[tokio::test(start_paused = true)]
async fn other_processes_and_later_runs_know_why_a_session_ends() {
    let gateway = Gateway::new();
    gateway.spend_refresh_token();
    let (first, store) = gateway.auth(&session(80)).await;
    let start = || {
        Auth::builder(gateway.client())
            .session_store(store.clone())
            .build()
            .unwrap()
    };
    let beside = start();
    first.session().await.unwrap();
    beside.session().await.unwrap();
    let rejected = first.refresh_session().await.unwrap_err();
    assert!(
        rejected.message().contains("came out of the store"),
        "{rejected}"
    );
    let later = start();
    for auth in [beside, later] {
        let mut events = auth.events();
        let rejected = auth.refresh_session().await.unwrap_err();
        assert_eq!(rejected.code().unwrap().as_str(), "invalid_grant");
        assert!(rejected.message().contains("another process"), "{rejected}");
        call(auth.client()).await.unwrap();
        let end = async {
            loop {
                match events.next().await {
                    AuthEvent::SignedOut(reason) => return reason,
                    AuthEvent::InitialSession(_) => {}
                    event => panic!("{}", event.name()),
                }
            }
        };
        let mut short = session(80);
        short["rejection"] = "invalid_grant".into();
        short.as_object_mut().unwrap().remove("refresh_token");
        let reason = tokio::time::timeout(Duration::from_secs(81), end).await;
        assert!(matches!(reason, Ok(SignOutReason::Rejected { code }) if code == "invalid_grant"));
        // As it was before the first one removed it.
        let lock = store.lock(KEY).await.unwrap();
        store
            .save(KEY, &short.to_string().into(), &lock)
            .await
            .unwrap();
        lock.release().await;
    }
    assert_eq!(
        gateway.refreshes(),
        1,
        "a dead refresh token is tried once for all"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_by_another_process_is_noticed_within_seconds() {
    let gateway = Gateway::new();
    let (auth, store) = gateway.auth(&session(7000)).await;
    auth.sign_out().await.unwrap();
    let mut events = auth.events();
    let put = async |name: &str| {
        let mut other = session(7000);
        other["sub"] = name.into();
        other["access_token"] = format!("of-{name}").into();
        gateway.allow(&format!("of-{name}"));
        let lock = store.lock(KEY).await.unwrap();
        store
            .save(KEY, &other.to_string().into(), &lock)
            .await
            .unwrap();
        lock.release().await;
    };
    assert!(auth.session().await.unwrap().is_none());
    put("u2").await;
    assert!(auth.session().await.unwrap().is_none(), "looked just now");
    advance(Duration::from_secs(5)).await;
    call(auth.client()).await.unwrap();
    assert_eq!(auth.session().await.unwrap().unwrap().sub(), "u2");
    assert!(matches!(events.next().await, AuthEvent::SignedIn(session) if session.sub() == "u2"));

    // A session in place of the one in force is noticed on request, or when that has to be refreshed.
    put("u3").await;
    advance(Duration::from_secs(5)).await;
    assert_eq!(auth.session().await.unwrap().unwrap().sub(), "u2");
    auth.reload_session();
    call(auth.client()).await.unwrap();
    assert_eq!(auth.peek_session().unwrap().sub(), "u3");
    assert!(matches!(events.next().await, AuthEvent::SignedIn(session) if session.sub() == "u3"));
    assert_eq!((gateway.refreshes(), gateway.rejected()), (0, 0));
}

/// A store that cannot be read, or lets go of nothing.
#[derive(Clone, Default)]
struct Sick {
    inner: MemoryStore,
    blind: Arc<AtomicBool>,
    keeps: Arc<AtomicBool>,
}

impl Sick {
    fn unless<'a, T>(
        broken: &AtomicBool,
        work: impl FnOnce() -> BoxFuture<'a, Result<T>>,
    ) -> BoxFuture<'a, Result<T>> {
        match broken.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(Error::new(ErrorKind::Local, "the disk is gone")) }),
            false => work(),
        }
    }
}

impl SessionStore for Sick {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Self::unless(&self.blind, || self.inner.load(key))
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
        Self::unless(&self.keeps, || self.inner.remove(key, lock))
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_its_store_keeps_does_not_come_back() {
    let gateway = Gateway::new();
    let store = Sick::default();
    let auth = Auth::builder(gateway.client())
        .session_store(store.clone())
        .build()
        .unwrap();
    let ticket = auth.sign_in_with_custom_ticket(|| async { Ok("t") });
    ticket.await.unwrap();
    store.keeps.store(true, Ordering::SeqCst);
    assert_eq!(
        auth.sign_out().await.unwrap_err().message(),
        "the disk is gone"
    );
    assert!(
        store.load(KEY).await.unwrap().is_some(),
        "it is stored still"
    );
    for _ in 0..10 {
        advance(Duration::from_secs(6)).await;
        assert!(auth.session().await.unwrap().is_none());
    }

    // Nor one that was rejected: that would be reported again and again.
    gateway.spend_refresh_token();
    store.keeps.store(false, Ordering::SeqCst);
    let stored = cloudbase_auth::Session::from_json(session(1).to_string()).unwrap();
    auth.restore_session(stored).await.unwrap();
    store.keeps.store(true, Ordering::SeqCst);
    let mut events = auth.events();
    advance(Duration::from_secs(2)).await;
    for round in 0..10 {
        advance(Duration::from_secs(6)).await;
        // The call that finds out gets the reason, once.
        match auth.session().await {
            Err(error) if round == 0 => assert_eq!(error.code().unwrap(), "invalid_grant"),
            session => assert!(session.unwrap().is_none()),
        }
    }
    let mut ends = 0;
    while let Ok(event) = tokio::time::timeout(Duration::from_secs(1), events.next()).await {
        ends += usize::from(matches!(event, AuthEvent::SignedOut(_)));
    }
    assert_eq!((ends, gateway.refreshes()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_later_stops_no_call_of_a_program_that_needs_none() {
    let gateway = Gateway::new();
    let store = Sick::default();
    let auth = Auth::builder(gateway.client_with_key())
        .session_store(store.clone())
        .build()
        .unwrap();
    call(auth.client()).await.unwrap();
    store.blind.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        advance(Duration::from_secs(6)).await;
        call(auth.client()).await.unwrap();
        assert!(auth.session().await.unwrap().is_none());
    }
}
