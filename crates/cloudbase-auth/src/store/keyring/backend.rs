//! One keyring: what blocks, and what differs between platforms.

use std::borrow::Cow;
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::{CredentialStore, Entry, Error};
use secrecy::{ExposeSecret as _, SecretString};

/// A keyring. Its calls block.
pub(super) trait Backend: Send + Sync + 'static {
    fn name(&self) -> &'static str;
    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault>;
    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault>;
    fn delete(&self, key: &str) -> Result<(), Fault>;
}

/// Why a keyring failed, without anything that it holds.
#[derive(Debug)]
pub(super) struct Fault(Cow<'static, str>);

impl Fault {
    pub(super) fn of(what: &'static str) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::PlatformFailure(error) => format!("platform failure: {error}").into(),
            Error::NoStorageAccess(error) => format!("no access: {error}").into(),
            Error::TooLong(_, limit) => format!("it takes at most {limit} characters").into(),
            Error::NotSupportedByStore(_) => "not supported".into(),
            // The others hold what was read.
            _ => "it holds what cannot be read".into(),
        })
    }
}

type Open = fn() -> keyring_core::Result<Arc<CredentialStore>>;

/// A keyring that the crate `keyring-core` knows.
///
/// All its calls run on one thread: Linux gives a session keyring to a thread, not to a process, and
/// what one thread has put there another one need not find.
pub(super) struct Keyring {
    name: &'static str,
    place: Arc<Place>,
    thread: Mutex<Option<Sender<Job>>>,
}

type Job = Box<dyn FnOnce(&Place) + Send>;

struct Place {
    service: String,
    open: Open,
    /// Open since it has been reached first; a keyring that was not there is tried again.
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl Keyring {
    pub(super) fn new(name: &'static str, service: &str, open: Open) -> Self {
        let place = Place {
            service: service.to_owned(),
            open,
            store: Mutex::new(None),
        };
        Self {
            name,
            place: Arc::new(place),
            thread: Mutex::new(None),
        }
    }

    /// Runs `work` on the keyring's thread, which ends with this, and waits for it.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Place) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = mpsc::channel();
        let job: Job = Box::new(move |place| {
            // Nobody waits any more: too late is no fault.
            let _ = answer.send(work(place));
        });
        {
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            let rejected = match &*thread {
                Some(jobs) => jobs.send(job).err().map(|refused| refused.0),
                None => Some(job),
            };
            // The first one, or the last thread has gone by a panic.
            if let Some(job) = rejected {
                let (jobs, queue) = mpsc::channel::<Job>();
                let place = self.place.clone();
                std::thread::Builder::new()
                    .name("keyring".to_owned())
                    .spawn(move || queue.into_iter().for_each(|job| job(&place)))
                    .map_err(|_| Fault::of("no thread could be started"))?;
                let _ = jobs.send(job);
                *thread = Some(jobs);
            }
        }
        answered
            .recv()
            .unwrap_or_else(|_| Err(Fault::of("it panicked")))
    }
}

impl Place {
    fn entry(&self, key: &str) -> Result<Entry, Fault> {
        let mut held = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match &*held {
            Some(store) => store.clone(),
            None => held.insert((self.open)()?).clone(),
        };
        drop(held);
        Ok(store.build(&self.service, key, None)?)
    }
}

impl Backend for Keyring {
    fn name(&self) -> &'static str {
        self.name
    }

    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        let key = key.to_owned();
        self.run(move |place| match place.entry(&key)?.get_secret() {
            Ok(bytes) => Ok(Some(String::from_utf8(bytes).unwrap_or_default().into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        })
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        let (key, value) = (key.to_owned(), value.clone());
        self.run(move |place| {
            let value = value.expose_secret().as_bytes();
            Ok(place.entry(&key)?.set_secret(value)?)
        })
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        let key = key.to_owned();
        self.run(move |place| match place.entry(&key)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        })
    }
}

/// The keyrings of this platform, best first.
#[cfg_attr(
    not(any(unix, windows)),
    expect(unused_variables, reason = "there is none on this platform")
)]
pub(super) fn of_this_platform(service: &str) -> Vec<Arc<dyn Backend>> {
    vec![
        #[cfg(all(
            unix,
            not(any(target_os = "macos", target_os = "ios", target_os = "android"))
        ))]
        Arc::new(Keyring::new("secret-service", service, || {
            Ok(zbus_secret_service_keyring_store::Store::new()?)
        })),
        #[cfg(target_os = "linux")]
        Arc::new(Keyring::new("kernel", service, || {
            Ok(linux_keyutils_keyring_store::Store::new()?)
        })),
        #[cfg(target_os = "macos")]
        Arc::new(Keyring::new("keychain", service, || {
            Ok(apple_native_keyring_store::keychain::Store::new()?)
        })),
        #[cfg(windows)]
        Arc::new(Keyring::new("credential-manager", service, || {
            Ok(windows_native_keyring_store::Store::new()?)
        })),
    ]
}
