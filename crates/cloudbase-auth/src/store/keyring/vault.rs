//! What holds values, as seen by the one thread that uses it.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use secrecy::{ExposeSecret as _, SecretString};

use super::backend::Fault;

/// An opened keyring.
pub(super) trait Vault {
    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault>;
    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault>;
    fn delete(&self, key: &str) -> Result<(), Fault>;

    /// Whether it takes values now without asking its user for anything.
    fn is_open(&self) -> Result<bool, Fault> {
        self.get("probe").map(|_| true)
    }
}

/// A keyring that the crate `keyring-core` knows.
pub(super) struct Platform {
    service: String,
    store: Arc<CredentialStore>,
}

impl Platform {
    pub(super) fn new(service: &str, store: Arc<CredentialStore>) -> Self {
        Self {
            service: service.to_owned(),
            store,
        }
    }

    fn entry(&self, key: &str) -> Result<Entry, Fault> {
        Ok(self.store.build(&self.service, key, None)?)
    }
}

impl Vault for Platform {
    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        match self.entry(key)?.get_secret() {
            Ok(bytes) => Ok(Some(String::from_utf8(bytes).unwrap_or_default().into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        let value = value.expose_secret().as_bytes();
        Ok(self.entry(key)?.set_secret(value)?)
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        match self.entry(key)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
