//! A transaction as its calls share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, ErrorCode, Idempotency, Operation, Response, Result};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::documents::request::{Name, Target, confirm, fetch};

/// How long a rollback may take that nobody asked for: the service ends the transaction itself.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct TransactionState {
    target: Target,
    id: String,
    options: CallOptions,
    /// Whether its calls are over.
    ended: AtomicBool,
    /// Whether the service may still wait for its end.
    open: AtomicBool,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    Commit,
    Rollback,
}

/// The call that starts a transaction.
pub(super) fn starting(target: &Target) -> Result<Operation> {
    let name = Name(
        "documents.start_transaction",
        "/v1/database/instances/{instance}/databases/{database}/transactions",
    );
    name.operation(Method::POST, || Ok((target.path("/transactions")?, None)))
}

/// Starts a transaction.
pub(super) async fn start(
    target: Target,
    options: CallOptions,
) -> Result<Response<Arc<TransactionState>>> {
    #[derive(Deserialize)]
    struct Started {
        #[serde(rename = "transactionId")]
        id: String,
    }
    let operation = starting(&target)?.options(options.clone());
    let started = fetch::<Started>(&target.client, operation).await?;
    Ok(started.map(|Started { id }| {
        Arc::new(TransactionState {
            target,
            id,
            options,
            ended: AtomicBool::new(false),
            open: AtomicBool::new(true),
        })
    }))
}

impl TransactionState {
    /// The database, outside of the transaction.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What the calls of the transaction have in common.
    pub(crate) fn options(&self) -> &CallOptions {
        &self.options
    }

    /// The id, while calls can be part of the transaction.
    pub(crate) fn id(&self) -> Result<&str> {
        match self.ended.load(Ordering::Acquire) {
            false => Ok(&self.id),
            true => Err(Error::argument(
                "transaction",
                "must not have ended: it is committed or rolled back",
            )),
        }
    }

    /// Ends the transaction for its calls. Returns whether this was the end.
    pub(super) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::AcqRel)
    }

    /// The call that ends the transaction.
    pub(super) fn ending(&self, ending: Ending) -> Result<Operation> {
        let (name, action, idempotency) = match ending {
            Ending::Commit => (
                Name(
                    "documents.commit",
                    "/v1/database/instances/{instance}/databases/{database}/transactions/{id}/commit",
                ),
                "commit",
                Idempotency::Unsafe,
            ),
            Ending::Rollback => (
                Name(
                    "documents.rollback",
                    "/v1/database/instances/{instance}/databases/{database}/transactions/{id}/rollback",
                ),
                "rollback",
                Idempotency::Idempotent,
            ),
        };
        let operation = name.operation(Method::POST, || {
            let path = self.target.path("/transactions")?;
            let path = path.segment("transaction", &self.id)?;
            Ok((path.segment("action", action)?, None))
        })?;
        Ok(operation.idempotency(idempotency))
    }

    /// Ends the transaction by this call.
    pub(super) async fn end_by(&self, operation: Operation) -> Result<Response<()>> {
        self.end();
        let ended = confirm(&self.target.client, operation).await;
        // The service itself ends a transaction that it cannot commit.
        if ended.as_ref().map_or_else(is_conflict, |_| true) {
            self.open.store(false, Ordering::Release);
        }
        ended
    }

    /// Rolls the transaction back unless it has ended; that it fails changes nothing for the caller.
    pub(super) async fn roll_back(&self) {
        if let Some(task) = self.abandon() {
            let _ = task.await;
        }
    }

    /// Rolls the transaction back in a task, which goes on if nobody waits for it, unless it has ended.
    pub(super) fn abandon(&self) -> Option<JoinHandle<()>> {
        self.end();
        if !self.open.swap(false, Ordering::AcqRel) {
            return None;
        }
        let operation = self.last_rollback()?;
        let client = self.target.client.clone();
        let runtime = Handle::try_current().ok()?;
        Some(runtime.spawn(async move {
            let _ = confirm(&client, operation).await;
        }))
    }

    fn last_rollback(&self) -> Option<Operation> {
        let options = self.options.clone().with_timeout(ROLLBACK_TIMEOUT);
        Some(self.ending(Ending::Rollback).ok()?.options(options))
    }
}

impl Drop for TransactionState {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Rolls back what has not ended when it is dropped, even if others hold the transaction.
pub(super) struct Abandon(pub(super) Arc<TransactionState>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

pub(super) fn is_conflict(error: &Error) -> bool {
    error.code() == Some(&ErrorCode::DATABASE_TRANSACTION_CONFLICT)
}
