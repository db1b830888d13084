//! The thread that writes what changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::Changes;
use crate::error::StartError;

/// A transaction takes no more changes than this.
const GATHERED: usize = 1024;

/// Writes changes in the order in which they came, on a thread of its own.
pub(in crate::auth) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    sent: AtomicU64,
    written: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Job {
    Write(Changes),
    /// Called once everything before it is on disk, or why it is not.
    Reached(Box<dyn FnOnce(Result<(), String>) + Send>),
}

impl Writer {
    pub(in crate::auth) fn start(connection: Connection) -> Result<Self, StartError> {
        let (jobs, queue) = mpsc::channel();
        let written = Arc::new(AtomicU64::new(0));
        let thread = std::thread::Builder::new()
            .name("cloudbase-users".to_owned())
            .spawn({
                let written = written.clone();
                move || write_all(connection, &queue, &written)
            })
            .map_err(|error| StartError::caused_by("no thread to keep users with", error))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            sent: AtomicU64::new(0),
            written,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues changes. Called with the store locked, so that they come in their order.
    pub(in crate::auth) fn send(&self, changes: Changes) {
        if changes.is_whole || !changes.rows.is_empty() {
            self.sent.fetch_add(1, Ordering::SeqCst);
            self.job(Job::Write(changes));
        }
    }

    /// Returns once everything that was sent is on disk.
    pub(in crate::auth) async fn reached(&self) -> Result<(), String> {
        if self.is_done() {
            return Ok(());
        }
        let (report, reported) = oneshot::channel();
        self.job(Job::Reached(Box::new(move |outcome| {
            let _ = report.send(outcome);
        })));
        reported.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Like [`reached`](Self::reached), where nothing can be awaited. The thread needs no runtime.
    pub(in crate::auth) fn wait(&self) -> Result<(), String> {
        if self.is_done() {
            return Ok(());
        }
        let (report, reported) = mpsc::sync_channel(1);
        self.job(Job::Reached(Box::new(move |outcome| {
            let _ = report.send(outcome);
        })));
        reported.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Writes what was sent, and nothing after it.
    pub(in crate::auth) fn close(&self) {
        drop(lock(&self.jobs).take());
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }

    fn is_done(&self) -> bool {
        self.written.load(Ordering::SeqCst) == self.sent.load(Ordering::SeqCst)
    }

    fn job(&self, job: Job) {
        if let Some(jobs) = &*lock(&self.jobs) {
            // Fails only after the thread ended, which the waiting caller finds out.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> String {
    "the emulator was shut down".to_owned()
}

/// The thread: gathers what is queued, writes it in one transaction, reports.
fn write_all(mut connection: Connection, queue: &mpsc::Receiver<Job>, written: &AtomicU64) {
    // What could not be written is tried again with what comes next.
    let mut changes = Vec::new();
    while let Ok(first) = queue.recv() {
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Write(more) => changes.push(more),
                Job::Reached(report) => waiting.push(report),
            }
            next = (changes.len() < GATHERED)
                .then(|| queue.try_recv().ok())
                .flatten();
        }
        let outcome = write(&mut connection, &changes).map_err(|error| error.to_string());
        match &outcome {
            Ok(()) => {
                written.fetch_add(changes.len() as u64, Ordering::SeqCst);
                changes.clear();
            }
            Err(error) => tracing::error!(error, "cannot keep users and sessions"),
        }
        for report in waiting {
            report(outcome.clone());
        }
    }
    if let Err(error) = write(&mut connection, &changes) {
        tracing::error!(%error, "users and sessions are lost");
    }
}

fn write(connection: &mut Connection, changes: &[Changes]) -> rusqlite::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // What was there before the last whole store does not matter.
    let start = changes.iter().rposition(|changes| changes.is_whole);
    let transaction = connection.transaction()?;
    if start.is_some() {
        transaction.execute("DELETE FROM rows", [])?;
    }
    {
        let mut put = transaction
            .prepare_cached("INSERT OR REPLACE INTO rows (name, key, json) VALUES (?1, ?2, ?3)")?;
        let mut remove =
            transaction.prepare_cached("DELETE FROM rows WHERE name = ?1 AND key = ?2")?;
        for change in changes[start.unwrap_or(0)..]
            .iter()
            .flat_map(|changes| &changes.rows)
        {
            match &change.row {
                Some(json) => put.execute(params![change.table, change.key, json])?,
                None => remove.execute(params![change.table, change.key])?,
            };
        }
    }
    transaction.commit()
}
