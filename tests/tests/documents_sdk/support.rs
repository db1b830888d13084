//! An emulator with collections, and the databases of its callers.

use cloudbase_core::Client;
use cloudbase_data::Documents;
use cloudbase_emulator::Emulator;

/// An emulator with the empty collections `todos` and `stock`.
pub(crate) async fn emulator() -> Emulator {
    let emulator = Emulator::builder()
        .env_id("test-env")
        .start()
        .await
        .unwrap();
    for name in ["todos", "stock"] {
        documents(&emulator).create_collection(name).await.unwrap();
    }
    emulator
}

/// The database as the administrator sees it.
pub(crate) fn documents(emulator: &Emulator) -> Documents {
    Documents::new(client(emulator, emulator.api_key()))
}

/// A client with this key.
pub(crate) fn client(emulator: &Emulator, key: &str) -> Client {
    Client::builder()
        .env_id(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(key)
        .build()
        .unwrap()
}
