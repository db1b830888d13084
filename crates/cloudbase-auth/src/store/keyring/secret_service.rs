//! The Secret Service of a desktop.

use secrecy::SecretString;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService as Connection;

use super::backend::Fault;
use super::vault::{Platform, Vault};

pub(super) struct SecretService(Platform);

impl SecretService {
    pub(super) fn open(service: &str) -> Result<Box<dyn Vault>, Fault> {
        let store = zbus_secret_service_keyring_store::Store::new()?;
        Ok(Box::new(Self(Platform::new(service, store))))
    }
}

impl Vault for SecretService {
    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        self.0.get(key)
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        self.0.set(key, value)
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        self.0.delete(key)
    }

    fn is_open(&self) -> Result<bool, Fault> {
        let is_locked = || {
            let connection = Connection::connect(EncryptionType::Plain)?;
            connection.get_default_collection()?.is_locked()
        };
        let is_locked = is_locked().map_err(|_| Fault::of("no default collection"))?;
        Ok(!is_locked)
    }
}
