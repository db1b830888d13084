//! The chain over keyrings that fail when told to, and its end in files for real.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use keyring_core::mock;

use super::backend::Keyring;
use super::*;
use crate::store::conformance::conforms;

/// A keyring that can be switched off.
struct Switch {
    name: &'static str,
    inner: Keyring,
    off: AtomicBool,
    /// The largest value that it takes.
    room: usize,
    reads: AtomicUsize,
}

impl Switch {
    fn new(name: &'static str) -> Arc<Self> {
        Self::with_room(name, usize::MAX)
    }

    fn with_room(name: &'static str, room: usize) -> Arc<Self> {
        Arc::new(Self {
            name,
            inner: Keyring::new(name, "test", || Ok(mock::Store::new()?)),
            off: AtomicBool::new(false),
            room,
            reads: AtomicUsize::new(0),
        })
    }

    fn switch(&self, on: bool) {
        self.off.store(!on, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), Fault> {
        match self.off.load(Ordering::SeqCst) {
            true => Err(Fault::of("switched off")),
            false => Ok(()),
        }
    }

    fn text(&self) -> Option<String> {
        let value = self.inner.get("k").unwrap();
        value.map(|value| value.expose_secret().to_owned())
    }
}

impl Backend for Switch {
    fn name(&self) -> &'static str {
        self.name
    }

    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        self.inner.get(key)
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        self.check()?;
        if value.expose_secret().len() > self.room {
            return Err(Fault::of("too large"));
        }
        self.inner.set(key, value)
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        self.check()?;
        self.inner.delete(key)
    }
}

struct Desk {
    directory: tempfile::TempDir,
    service: Arc<Switch>,
    kernel: Arc<Switch>,
}

impl Desk {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            service: Switch::new("secret-service"),
            kernel: Switch::new("kernel"),
        }
    }

    /// The store as a process of its own would open it.
    fn store(&self) -> KeyringStore {
        let files = FileStore::new(self.directory.path().join("s"));
        KeyringStore::over(vec![self.service.clone(), self.kernel.clone()], files)
    }

    async fn in_files(&self) -> Option<String> {
        let files = FileStore::new(self.directory.path().join("s"));
        let value = files.load("k").await.unwrap();
        value.map(|value| value.expose_secret().to_owned())
    }
}

async fn text(store: &KeyringStore) -> Option<String> {
    let value = store.load("k").await.unwrap();
    value.map(|value| value.expose_secret().to_owned())
}

async fn save(store: &KeyringStore, value: &str) {
    let lock = store.lock("k").await.unwrap();
    store.save("k", &value.into(), &lock).await.unwrap();
    lock.release().await;
}

#[tokio::test]
async fn conformance_of_each_place() {
    for off in 0..3 {
        let desk = Desk::new();
        desk.service.switch(off < 1);
        desk.kernel.switch(off < 2);
        conforms(Arc::new(desk.store()), "k").await;
    }
    let mut desk = Desk::new();
    desk.service = Switch::with_room("secret-service", 2560);
    conforms(Arc::new(desk.store()), "k").await;
}

#[tokio::test]
async fn the_keyrings_of_this_machine_or_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let service = format!("cloudbase-test-{}", fastrand::u64(..));
    let store = KeyringStore::new(service, FileStore::new(directory.path().join("s"))).unwrap();
    conforms(Arc::new(store), "k").await;
}

#[tokio::test]
async fn the_first_that_can_be_read_is_used_and_remembered() {
    let desk = Desk::new();
    desk.service.switch(false);
    let store = desk.store();
    save(&store, "one").await;
    assert_eq!(desk.kernel.text().as_deref(), Some("one"));
    assert_eq!(desk.in_files().await, None, "nothing is left on the disk");

    // It stays there when the better one comes back, in every process.
    desk.service.switch(true);
    for store in [store, desk.store()] {
        assert_eq!(text(&store).await.as_deref(), Some("one"));
        save(&store, "one").await;
    }
    assert_eq!(desk.service.text(), None);
    assert_eq!(desk.service.reads.load(Ordering::SeqCst), 1, "probed once");
}

#[tokio::test]
async fn a_keyring_that_fails_loses_no_session() {
    let desk = Desk::new();
    let (ours, theirs) = (desk.store(), desk.store());
    save(&ours, "old").await;
    assert_eq!(desk.service.text().as_deref(), Some("old"));
    desk.service.switch(false);
    desk.kernel.switch(false);
    // Not absent: unknown.
    assert_eq!(theirs.load("k").await.unwrap_err().kind(), ErrorKind::Local);
    save(&ours, "new").await;
    assert_eq!(desk.in_files().await.as_deref(), Some("new"));
    desk.service.switch(true);
    desk.kernel.switch(true);
    for store in [&ours, &theirs, &desk.store()] {
        assert_eq!(
            text(store).await.as_deref(),
            Some("new"),
            "and not the old one"
        );
    }
    let lock = ours.lock("k").await.unwrap();
    ours.remove("k", &lock).await.unwrap();
    assert_eq!(
        text(&desk.store()).await,
        None,
        "nor does the old one come back"
    );
}

#[tokio::test]
async fn without_any_place_the_failure_is_told() {
    let desk = Desk::new();
    std::fs::write(desk.directory.path().join("s"), "no directory").unwrap();
    let store = desk.store();
    assert!(store.lock("k").await.is_err());
    // A keyring takes it all the same, and it is found again without a note.
    let lock = StoreLock::unshared();
    store.save("k", &"sentinel".into(), &lock).await.unwrap();
    assert_eq!(text(&store).await.as_deref(), Some("sentinel"));
    assert_eq!(text(&desk.store()).await.as_deref(), Some("sentinel"));
    desk.service.switch(false);
    desk.kernel.switch(false);
    let error = store
        .save("k", &"sentinel".into(), &lock)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert!(!format!("{error:?} {store:?}").contains("sentinel"));
    assert!(KeyringStore::new(" ", FileStore::new("s")).is_err());
}
