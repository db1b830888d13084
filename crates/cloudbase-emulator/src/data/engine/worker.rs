//! The thread that owns SQLite's connection.

use std::sync::mpsc;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use crate::data::error::DataError;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Jobs for one connection, run in the order in which they came.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    interrupt: InterruptHandle,
}

impl Worker {
    pub(super) fn start(connection: Connection) -> Result<Self, DataError> {
        let interrupt = connection.get_interrupt_handle();
        let (jobs, queue) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("cloudbase-sqlite".to_owned())
            .spawn(move || {
                let mut connection = connection;
                for job in queue {
                    job(&mut connection);
                }
            })
            .map_err(|error| DataError::internal(format!("no thread for SQLite: {error}")))?;
        Ok(Self { jobs, interrupt })
    }

    /// Runs a job and waits for what it gives.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, DataError> + Send + 'static,
    ) -> Result<T, DataError> {
        let (sender, result) = oneshot::channel();
        self.send(move |connection| {
            // Nobody waits any more if the request went away.
            let _ = sender.send(job(connection));
        });
        result
            .await
            .unwrap_or_else(|_| Err(DataError::internal("the SQLite thread ended")))
    }

    /// Runs a job that nobody waits for.
    pub(super) fn send(&self, job: impl FnOnce(&mut Connection) + Send + 'static) {
        // Fails only after the thread ended, and then `run` reports it.
        let _ = self.jobs.send(Box::new(job));
    }

    /// Stops the statement that runs now, if any.
    pub(super) fn interrupt(&self) {
        self.interrupt.interrupt();
    }
}
