//! One keyring: what blocks, and what differs between platforms.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyring_core::Error;
use secrecy::SecretString;

use super::vault::Vault;

/// How long a keyring has to be reached.
const OPEN_LIMIT: Duration = Duration::from_secs(5);
/// How long it has for one value: it may ask its user for a password.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A keyring. Its calls block, for a bounded time.
pub(super) trait Backend: Send + Sync + 'static {
    fn name(&self) -> &'static str;
    /// Whether it takes values now without asking its user for anything.
    fn is_open(&self) -> bool;
    /// Whether it holds nothing any more where it cannot be reached.
    fn is_volatile(&self) -> bool;
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

    #[cfg(target_os = "linux")]
    pub(super) fn of_text(what: String) -> Self {
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

type Open = fn(&str) -> Result<Box<dyn Vault>, Fault>;

/// A keyring of the platform.
///
/// All its calls run on one thread: Linux gives the right to read a keyring to a thread, not to a
/// process.
pub(super) struct Keyring {
    name: &'static str,
    is_volatile: bool,
    service: Arc<str>,
    open: Open,
    open_limit: Duration,
    thread: Mutex<Thread>,
}

#[derive(Default)]
struct Thread {
    jobs: Option<Sender<Job>>,
    /// The keyring has been reached.
    is_open: Arc<AtomicBool>,
    /// Whether a job has ended for which nobody waits any more.
    overdue: Option<Arc<AtomicBool>>,
}

/// Something to do with the keyring, which is opened first.
type Job = Box<dyn FnOnce(Result<&dyn Vault, Fault>) + Send>;

impl Keyring {
    pub(super) fn new(name: &'static str, service: &str, open: Open) -> Self {
        Self {
            name,
            is_volatile: false,
            service: service.into(),
            open,
            open_limit: OPEN_LIMIT,
            thread: Mutex::default(),
        }
    }

    /// The same for one that is empty wherever it cannot be reached.
    #[cfg(target_os = "linux")]
    pub(super) fn volatile(mut self) -> Self {
        self.is_volatile = true;
        self
    }

    /// The same with another time to be reached.
    #[cfg(test)]
    pub(super) fn within(mut self, limit: Duration) -> Self {
        self.open_limit = limit;
        self
    }

    /// Runs `work` on the keyring's thread, which ends with this, and waits for it.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Vault) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let is_open = {
            let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.is_open.load(Ordering::SeqCst)
        };
        if !is_open {
            self.submit(self.open_limit, |_| Ok(()))?;
        }
        self.submit(TIME_LIMIT, work)
    }

    fn submit<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&dyn Vault) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (sender, receiver) = mpsc::channel();
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = has_ended.clone();
        let job: Job = Box::new(move |vault| {
            let result = vault.and_then(work);
            ended.store(true, Ordering::SeqCst);
            // Nobody waits any more: too late is no fault.
            let _ = sender.send(result);
        });
        self.hand_over(job)?;
        match receiver.recv_timeout(limit) {
            Ok(result) => result,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Fault::of("it panicked")),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
                thread.overdue = Some(has_ended);
                Err(Fault::of("no response in time"))
            }
        }
    }

    /// Gives a job to the thread. One that is still busy with a job for which nobody waits any more
    /// gets no others: a silent keyring costs its time limit once.
    fn hand_over(&self, job: Job) -> Result<(), Fault> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(has_ended) = &thread.overdue {
            if !has_ended.load(Ordering::SeqCst) {
                return Err(Fault::of("it has not responded yet"));
            }
            thread.overdue = None;
        }
        let rejected = match &thread.jobs {
            Some(jobs) => jobs.send(job).err().map(|rejected| rejected.0),
            None => Some(job),
        };
        // The first one, or the last thread has gone by a panic.
        if let Some(job) = rejected {
            let (jobs, queue) = mpsc::channel::<Job>();
            let (service, open, is_open) =
                (self.service.clone(), self.open, thread.is_open.clone());
            is_open.store(false, Ordering::SeqCst);
            std::thread::Builder::new()
                .name("keyring".to_owned())
                .spawn(move || {
                    let mut vault = None;
                    for job in queue {
                        // One that was not there is tried again.
                        if vault.is_none() {
                            match open(&service) {
                                Ok(opened) => vault = Some(opened),
                                Err(fault) => {
                                    job(Err(fault));
                                    continue;
                                }
                            }
                            is_open.store(true, Ordering::SeqCst);
                        }
                        job(vault.as_deref().ok_or(Fault::of("it is not open")));
                    }
                })
                .map_err(|_| Fault::of("no thread could be started"))?;
            let _ = jobs.send(job);
            thread.jobs = Some(jobs);
        }
        Ok(())
    }
}

impl Backend for Keyring {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_open(&self) -> bool {
        self.run(|vault| vault.is_open()).unwrap_or_else(|fault| {
            tracing::debug!(%fault, keyring = self.name, "this keyring takes no values");
            false
        })
    }

    fn is_volatile(&self) -> bool {
        self.is_volatile
    }

    fn get(&self, key: &str) -> Result<Option<SecretString>, Fault> {
        let key = key.to_owned();
        self.run(move |vault| vault.get(&key))
    }

    fn set(&self, key: &str, value: &SecretString) -> Result<(), Fault> {
        let (key, value) = (key.to_owned(), value.clone());
        self.run(move |vault| vault.set(&key, &value))
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        let key = key.to_owned();
        self.run(move |vault| vault.delete(&key))
    }
}

/// The keyrings of this platform, best first.
#[cfg_attr(
    not(any(unix, windows)),
    expect(unused_variables, reason = "this platform has no keyring")
)]
pub(super) fn of_this_platform(service: &str) -> Vec<Arc<dyn Backend>> {
    vec![
        #[cfg(all(
            unix,
            not(any(target_os = "macos", target_os = "ios", target_os = "android"))
        ))]
        Arc::new(Keyring::new(
            "secret-service",
            service,
            super::secret_service::SecretService::open,
        )),
        #[cfg(target_os = "linux")]
        Arc::new(Keyring::new("kernel", service, super::kernel::Kernel::open).volatile()),
        #[cfg(target_os = "macos")]
        Arc::new(Keyring::new("keychain", service, |service| {
            let store = apple_native_keyring_store::keychain::Store::new()?;
            Ok(Box::new(super::vault::Platform::new(service, store)))
        })),
        #[cfg(windows)]
        Arc::new(Keyring::new("credential-manager", service, |service| {
            let store = windows_native_keyring_store::Store::new()?;
            Ok(Box::new(super::vault::Platform::new(service, store)))
        })),
    ]
}
