//! The kernel's keyring of the user, which every process of that user can read until the machine is
//! started again.
//!
//! The session's keyring will not do: a container, or a shell without `pam_keyinit`, has none of its
//! own, and what one process puts there another one must not read.

use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};
use secrecy::{ExposeSecret as _, SecretString};

use super::backend::Fault;
use super::vault::Vault;

pub(super) struct Kernel {
    service: String,
    ring: KeyRing,
}

impl Kernel {
    /// Opens the keyring, and proves that another process can read what is put there.
    pub(super) fn open(service: &str) -> Result<Box<dyn Vault>, Fault> {
        let kernel = Self::link(service)?;
        prove(&kernel)?;
        Ok(Box::new(kernel))
    }

    /// Opens the keyring for this thread: what is linked to a thread's own keyring belongs to it as if
    /// it had put it there.
    fn link(service: &str) -> Result<Self, Fault> {
        let own = KeyRing::from_special_id(KeyRingIdentifier::Thread, true)?;
        own.link_keyring_id(KeyRingIdentifier::User)?;
        Ok(Self {
            service: service.to_owned(),
            ring: KeyRing::from_special_id(KeyRingIdentifier::User, false)?,
        })
    }

    fn find(&self, key: &str) -> Result<Option<Key>, Fault> {
        match self.ring.search(&self.name(key)) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::KeyDoesNotExist | KeyError::KeyRevoked | KeyError::KeyExpired) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn name(&self, key: &str) -> String {
        format!("keyring:{key}@{}", self.service)
    }
}

impl Vault for Kernel {
    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        let Some(key) = self.find(key)? else {
            return Ok(None);
        };
        let bytes = key.read_to_vec()?;
        Ok(Some(String::from_utf8(bytes).unwrap_or_default().into()))
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        let value = value.expose_secret();
        if value.is_empty() {
            return Err(Fault::of("it takes no empty value"));
        }
        self.ring.add_key(&self.name(key), value.as_bytes())?;
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        match self.find(key)? {
            Some(key) => Ok(key.invalidate()?),
            None => Ok(()),
        }
    }
}

/// Has a thread that opens the keyring for itself read what this one puts there. A thread has the
/// rights of a process of its own: it inherits nothing of what is linked to another one.
fn prove(kernel: &Kernel) -> Result<(), Fault> {
    let key = format!("proof-{:016x}", fastrand::u64(..));
    let value = format!("{:032x}", fastrand::u128(..));
    kernel.set(&key, &value.as_str().into())?;
    let (service, name) = (kernel.service.clone(), key.clone());
    let reader = std::thread::Builder::new()
        .name("keyring-proof".to_owned())
        .spawn(move || Kernel::link(&service)?.get(&name))
        .map_err(|_| Fault::of("no thread could be started"))?;
    let read = reader.join().unwrap_or(Ok(None));
    kernel.delete(&key)?;
    match read? {
        Some(read) if read.expose_secret() == value => Ok(()),
        _ => Err(Fault::of("another process could not read what it holds")),
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        Self::of_text(format!("{error:?}"))
    }
}
