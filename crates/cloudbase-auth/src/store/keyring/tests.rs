//! The chain over keyrings that fail when a test says so, and its end in files for real.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use keyring_core::mock;

use super::backend::Keyring;
use super::vault::Platform;
use super::*;
use crate::store::conformance::conforms;

/// A keyring that can be switched off.
struct Switch {
    name: &'static str,
    inner: Keyring,
    off: AtomicBool,
    /// Its user dismisses every prompt.
    locked: AtomicBool,
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
            inner: Keyring::new(name, "test", |service| {
                Ok(Box::new(Platform::new(service, mock::Store::new()?)))
            }),
            off: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            room,
            reads: AtomicUsize::new(0),
        })
    }

    fn switch(&self, on: bool) {
        self.off.store(!on, Ordering::SeqCst);
    }

    fn lock(&self, locked: bool) {
        self.locked.store(locked, Ordering::SeqCst);
    }

    /// Asks its user, if there is something to ask for.
    fn unlock(&self) -> Result<(), Fault> {
        match self.locked.load(Ordering::SeqCst) {
            true => Err(Fault::of("prompt dismissed")),
            false => Ok(()),
        }
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

    fn is_open(&self) -> bool {
        self.check().and_then(|()| self.unlock()).is_ok()
    }

    fn is_volatile(&self) -> bool {
        self.name == "kernel"
    }

    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        let value = self.inner.get(key)?;
        if value.is_some() {
            self.unlock()?;
        }
        Ok(value)
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        self.check()?;
        self.unlock()?;
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

    // It stays there when the better one comes back, in every process, until it is saved again.
    desk.service.switch(true);
    let stores = [store, desk.store()];
    for store in &stores {
        assert_eq!(text(store).await.as_deref(), Some("one"));
    }
    assert_eq!(desk.service.reads.load(Ordering::SeqCst), 1, "probed once");
    save(&stores[0], "two").await;
    assert_eq!(desk.service.text().as_deref(), Some("two"));
    assert_eq!(desk.kernel.text(), None, "nothing is left there");
    for store in &stores {
        assert_eq!(text(store).await.as_deref(), Some("two"));
    }
}

#[tokio::test]
async fn a_dismissed_prompt_moves_the_session_until_the_keyring_is_open() {
    for kernel in [true, false] {
        let desk = Desk::new();
        desk.kernel.switch(kernel);
        let (ours, theirs) = (desk.store(), desk.store());
        save(&ours, "one").await;
        desk.service.lock(true);
        assert_eq!(ours.load("k").await.unwrap_err().kind(), ErrorKind::Local);
        save(&ours, "two").await;
        save(&ours, "three").await;
        assert_eq!(text(&theirs).await.as_deref(), Some("three"));
        desk.service.lock(false);
        assert_eq!(
            text(&theirs).await.as_deref(),
            Some("three"),
            "not the old one"
        );
        save(&theirs, "four").await;
        assert_eq!(desk.service.text().as_deref(), Some("four"));
        assert_eq!((desk.kernel.text(), desk.in_files().await), (None, None));
        for store in [&ours, &theirs, &desk.store()] {
            assert_eq!(text(store).await.as_deref(), Some("four"));
        }

        // What was left behind goes with the session, once that can be done.
        desk.service.lock(true);
        save(&ours, "five").await;
        desk.service.lock(false);
        let lock = ours.lock("k").await.unwrap();
        ours.remove("k", &lock).await.unwrap();
        assert_eq!(desk.service.text(), None);
        assert_eq!(text(&desk.store()).await, None);
    }
}

#[tokio::test]
async fn a_choice_that_cannot_be_kept_is_taken_back() {
    // The kernel's keyring of another machine, or of a container's own users.
    let desk = Desk::new();
    desk.service.switch(false);
    save(&desk.store(), "one").await;
    desk.kernel.switch(false);
    let store = desk.store();
    assert_eq!(text(&store).await, None, "it has gone with the keyring");
    save(&store, "two").await;
    assert_eq!(text(&desk.store()).await.as_deref(), Some("two"));
    assert_eq!(desk.in_files().await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_silent_keyring_costs_its_time_once() {
    let limit = std::time::Duration::from_millis(100);
    let silent = Keyring::new("secret-service", "test", |_| {
        loop {
            std::thread::park();
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let files = FileStore::new(directory.path().join("s"));
    let kernel = Switch::new("kernel");
    let store = KeyringStore::over(vec![Arc::new(silent.within(limit)), kernel.clone()], files);
    let begin = std::time::Instant::now();
    for n in 0..20 {
        save(&store, &format!("{n}")).await;
        assert_eq!(text(&store).await, Some(format!("{n}")));
    }
    let waited = begin.elapsed();
    assert!(waited >= limit && waited < 10 * limit, "{waited:?}");
    assert!(kernel.text().is_some());
}

/// Processes are this test again, which then does what a process does.
#[cfg(unix)]
#[tokio::test]
async fn processes_share_what_one_of_them_saves() {
    const PLACE: &str = "CLOUDBASE_TEST_KEYRING_PLACE";
    let open = |place: &str| {
        let files = FileStore::new(std::path::Path::new(place).join("s"));
        KeyringStore::new(format!("cloudbase-test-{place}"), files).unwrap()
    };
    if let Ok(place) = std::env::var(PLACE) {
        // Each in a session of its own, as in shells of containers.
        #[cfg(target_os = "linux")]
        let _ = linux_keyutils::KeyRing::from_special_id(
            linux_keyutils::KeyRingIdentifier::Session,
            true,
        );
        let store = open(&place);
        for _ in 0..20 {
            let lock = store.lock("k").await.unwrap();
            let count: u32 = text(&store).await.map_or(0, |text| text.parse().unwrap());
            let value = (count + 1).to_string();
            store.save("k", &value.into(), &lock).await.unwrap();
            lock.release().await;
        }
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_str().unwrap();
    let start = || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::keyring::tests::processes_share_what_one_of_them_saves",
            ])
            .env(PLACE, place)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    for mut process in (0..6).map(|_| start()).collect::<Vec<_>>() {
        assert!(process.wait().unwrap().success());
    }
    let store = open(place);
    assert_eq!(text(&store).await.as_deref(), Some("120"));
    let lock = store.lock("k").await.unwrap();
    store.remove("k", &lock).await.unwrap();
    assert_eq!(text(&open(place)).await, None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernel_keyring_belongs_to_the_user_or_is_not_used() {
    use super::kernel::Kernel;

    // Where there is one, another thread reads what this one puts there.
    let service = format!("cloudbase-test-{}", fastrand::u64(..));
    let Ok(ours) = Kernel::open(&service) else {
        return; // a machine whose kernel has none, or keeps it from this user
    };
    ours.set("k", &"v".into()).unwrap();
    assert!(ours.set("k", &"".into()).is_err(), "it cannot hold that");
    assert!(ours.set("k", &"x".repeat(40_000).into()).is_err());
    std::thread::spawn(move || {
        let theirs = Kernel::open(&service).unwrap();
        let read = theirs.get("k").unwrap().unwrap();
        assert_eq!(read.expose_secret(), "v");
        theirs.delete("k").unwrap();
        theirs.delete("k").unwrap();
    })
    .join()
    .unwrap();
    assert!(ours.get("k").unwrap().is_none());
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
async fn without_any_place_the_failure_is_returned() {
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
