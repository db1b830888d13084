//! What the storage tests share.

use cloudbase_core::{Client, Error, TimeoutPhase};
use cloudbase_emulator::Emulator;
use cloudbase_storage::Storage;

/// An emulator and storage as its administrator sees it.
pub(crate) struct Fixture {
    pub(crate) emulator: Emulator,
    pub(crate) storage: Storage,
}

pub(crate) async fn start() -> Fixture {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = client(emulator.env_id(), emulator.endpoint(), emulator.api_key());
    Fixture {
        storage: Storage::new(client),
        emulator,
    }
}

pub(crate) fn client(env: &str, endpoint: &str, key: &str) -> Client {
    Client::builder()
        .env_id(env)
        .endpoint(endpoint)
        .access_key(key)
        .build()
        .unwrap()
}

impl Fixture {
    /// Storage as anybody sees it who holds the publishable key.
    pub(crate) fn visitor(&self) -> Storage {
        Storage::new(client(
            self.emulator.env_id(),
            self.emulator.endpoint(),
            self.emulator.publishable_key(),
        ))
    }

    /// Which of the requests that the emulator saw went to the object store.
    pub(crate) fn store_requests(&self) -> Vec<cloudbase_emulator::LoggedRequest> {
        let mut requests = self.emulator.requests().all();
        requests.retain(|request| !request.path.starts_with("/v1/"));
        requests
    }
}

/// Bytes that repeat nowhere near.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

#[track_caller]
pub(crate) fn assert_stalled(error: &Error) {
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Stall),
        "{error:?}"
    );
}
