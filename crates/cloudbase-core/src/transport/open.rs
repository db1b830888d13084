//! Counts the connections that are open, for those who wait for a file descriptor.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::failure;
use crate::error::{ErrorKind, Result};

/// The connections of one runtime that are open, or being opened.
pub(super) struct Open {
    count: AtomicUsize,
    /// How many of them have no descriptor yet: their names are still being resolved.
    resolving: AtomicUsize,
    closed: Notify,
    /// When one of them found no descriptor last.
    was_short: Mutex<Option<Instant>>,
    /// Held by the one that tries again to get a descriptor.
    trying: Semaphore,
}

/// One of them.
pub(super) struct Opened {
    open: Arc<Open>,
    /// Whether it has got a descriptor, which comes free with it.
    lasting: bool,
}

/// A name that is being resolved.
pub(super) struct Resolution(Arc<Open>);

/// How long to wait for a descriptor at a time: others than connections may give theirs back.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// How often a name that seems not to exist is resolved again in a program that has run out of
/// descriptors lately.
const MAX_DOUBTS: usize = 2;

/// For how long after that.
const DOUBTED_FOR: Duration = Duration::from_secs(30);

impl Default for Open {
    fn default() -> Self {
        Self {
            count: AtomicUsize::default(),
            resolving: AtomicUsize::default(),
            closed: Notify::default(),
            was_short: Mutex::default(),
            trying: Semaphore::new(1),
        }
    }
}

impl Open {
    pub(super) fn enter(self: &Arc<Self>) -> Opened {
        self.count.fetch_add(1, Ordering::Relaxed);
        Opened {
            open: self.clone(),
            lasting: false,
        }
    }

    pub(super) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Whether any has a descriptor, which will come free.
    fn any_descriptor(&self) -> bool {
        self.count.load(Ordering::Relaxed) > self.resolving.load(Ordering::Relaxed)
    }

    /// Counts a name that is being resolved for one of them.
    pub(super) fn resolve(self: &Arc<Self>) -> Resolution {
        self.resolving.fetch_add(1, Ordering::Relaxed);
        Resolution(self.clone())
    }

    /// Opens a connection with `connect`, which is called again, until `end`, when it fails for want
    /// of a descriptor that will come free: by one caller at a time.
    pub(super) async fn retry_when_short<T, F>(
        &self,
        end: Instant,
        connect: impl Fn() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut permit = None;
        let mut doubts = 0..MAX_DOUBTS;
        loop {
            let error = match connect().await {
                Ok(connected) => return Ok(connected),
                Err(error) => error,
            };
            let is_short = if failure::is_out_of_descriptors(&error) {
                self.note_shortage();
                true
            } else {
                // A resolver may hide that it found none, and by now there is one.
                error.kind() == ErrorKind::Dns && self.was_short_lately() && doubts.next().is_some()
            };
            if !is_short || Instant::now() >= end {
                return Err(error);
            }
            if permit.is_none() {
                permit = self.permit(end).await;
                if permit.is_none() {
                    return Err(error);
                }
            } else if self.any_descriptor() {
                // Each connection gives its descriptor back some time, or comes free itself: the
                // pool watches for that meanwhile.
                self.one_closed().await;
            } else {
                return Err(error);
            }
        }
    }

    fn note_shortage(&self) {
        let mut last = self
            .was_short
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(Instant::now());
    }

    /// After a while a name that is not found is again taken at its word: else one shortage would slow
    /// every failure of the resolver from then on.
    fn was_short_lately(&self) -> bool {
        let last = self
            .was_short
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|at| at.elapsed() < DOUBTED_FOR)
    }

    /// Waits until no other tries again; none if that is not before `end`.
    async fn permit(&self, end: Instant) -> Option<SemaphorePermit<'_>> {
        timeout_at(end, self.trying.acquire()).await.ok()?.ok()
    }

    /// Waits until a connection was closed, or for a moment.
    async fn one_closed(&self) {
        // That the time is over is as good.
        let _ = tokio::time::timeout(LOOKS_EVERY, self.closed.notified()).await;
    }
}

impl Opened {
    pub(super) fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.open.count.fetch_sub(1, Ordering::Relaxed);
        // A try that has failed for want of a descriptor must not cause the next one.
        if self.lasting {
            self.open.closed.notify_one();
        }
    }
}

impl Drop for Resolution {
    fn drop(&mut self) {
        self.0.resolving.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::{fs::File, process::Command};

    use futures_util::future::join_all;

    use super::*;
    use crate::error::Error;

    #[test]
    fn a_name_that_is_being_resolved_has_no_descriptor() {
        let open = Arc::new(Open::default());
        let (one, resolution) = (open.enter(), open.resolve());
        assert!(open.any() && !open.any_descriptor());
        let other = open.enter();
        assert!(open.any_descriptor());
        drop(other);
        assert!(!open.any_descriptor());
        drop(resolution);
        assert!(open.any_descriptor());
        drop(one.lasting());
        assert!(!open.any() && !open.any_descriptor());
    }

    /// A connection that does not come about, with the descriptor that it lacked.
    fn out_of_descriptors() -> Error {
        let cause = std::io::Error::from_raw_os_error(if cfg!(windows) { 10024 } else { 24 });
        Error::new(ErrorKind::Connect, "no descriptor").with_source(cause)
    }

    #[tokio::test(start_paused = true)]
    async fn one_tries_again_at_a_time_and_none_for_longer_than_its_end() {
        let open = Arc::new(Open::default());
        let _connection = open.enter().lasting();
        let end = Instant::now() + 20 * LOOKS_EVERY;
        let tries = AtomicUsize::new(0);
        let callers = (0..50).map(|_| {
            open.retry_when_short(end, || async {
                tries.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(out_of_descriptors())
            })
        });
        for result in join_all(callers).await {
            assert!(result.is_err());
        }
        assert_eq!(Instant::now(), end);
        // Each once; the one with the permit at once, and after each wait.
        assert!(tries.into_inner() <= 50 + 1 + 20 + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_resolved_again_once_descriptors_were_short() {
        let open = Arc::new(Open::default());
        let _connection = open.enter().lasting();
        let end = Instant::now() + 20 * LOOKS_EVERY;
        let tries = AtomicUsize::new(0);
        let call = || {
            open.retry_when_short(end, || async {
                tries.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(Error::new(ErrorKind::Dns, "no such name"))
            })
        };
        call().await.unwrap_err();
        assert_eq!(tries.load(Ordering::Relaxed), 1);
        let short = || async { Err::<(), _>(out_of_descriptors()) };
        open.retry_when_short(Instant::now(), short)
            .await
            .unwrap_err();
        let begin = Instant::now();
        call().await.unwrap_err();
        assert_eq!(tries.load(Ordering::Relaxed), 1 + 1 + MAX_DOUBTS);
        assert!(begin.elapsed() <= 2 * LOOKS_EVERY);
    }

    /// In a program of its own that may have 64 files open.
    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_resolved_without_descriptors_lacked_one() {
        const CHILD: &str = "CLOUDBASE_TEST_WITHOUT_DESCRIPTORS";
        let name = "a_name_that_is_not_resolved_without_descriptors_lacked_one";
        if std::env::var_os(CHILD).is_none() {
            let status = Command::new("sh")
                .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
                .arg(std::env::current_exe().unwrap())
                .args(["--exact", &format!("transport::open::tests::{name}")])
                .env(CHILD, "1")
                .status();
            assert!(status.unwrap().success());
            return;
        }
        let error = Error::new(ErrorKind::Dns, "no such name");
        assert!(!failure::is_out_of_descriptors(&error));
        let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        assert!(failure::is_out_of_descriptors(&error));
        drop(files);
        assert!(!failure::is_out_of_descriptors(&error));
    }
}
