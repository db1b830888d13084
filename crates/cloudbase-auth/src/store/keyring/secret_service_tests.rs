//! A session in a real Secret Service: set `CLOUDBASE_TEST_SECRET_SERVICE` to the address of its bus to run this.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::KeyringStore;
use super::secret_service::SecretService;
use crate::store::conformance::conforms;
use crate::store::{FileStore, SessionStore as _};

/// The process of this test is another one: a program finds its bus in a variable that must not change
/// while it runs.
#[tokio::test]
async fn a_session_is_kept_in_the_secret_service() {
    const FOUND_BY_PROGRAMS: &str = "DBUS_SESSION_BUS_ADDRESS";
    let Ok(bus) = std::env::var("CLOUDBASE_TEST_SECRET_SERVICE") else {
        eprintln!("skipped: CLOUDBASE_TEST_SECRET_SERVICE is not set");
        return;
    };
    if std::env::var(FOUND_BY_PROGRAMS).as_deref() != Ok(&*bus) {
        let itself =
            "store::keyring::secret_service_tests::a_session_is_kept_in_the_secret_service";
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", itself])
            .env(FOUND_BY_PROGRAMS, bus)
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let service = format!("cloudbase-test-{}", fastrand::u64(..));
    let directory = tempfile::tempdir().unwrap();
    let files = FileStore::new(directory.path().join("s"));
    let store = Arc::new(KeyringStore::new(&*service, files.clone()).unwrap());
    conforms(store.clone(), "k").await;
    let lock = store.lock("k").await.unwrap();
    store.save("k", &"value".into(), &lock).await.unwrap();
    assert!(files.load("k").await.unwrap().is_none());
    // Blocks, as the store's own thread does.
    let read = std::thread::spawn(move || {
        let vault = SecretService::open(&service).unwrap();
        assert!(vault.is_open().unwrap());
        vault.get("k").unwrap()
    });
    let read = read.join().unwrap().unwrap();
    assert_eq!(read.expose_secret(), "value");
    store.remove("k", &lock).await.unwrap();
    lock.release().await;
}
