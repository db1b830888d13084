//! A transaction as its calls share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Idempotency, Operation, Response, Result};
use serde::Deserialize;
use tokio::runtime::Handle;

use crate::documents::request::{Name, Target, confirm, fetch};

/// How long a rollback may take that nobody asked for: the service ends the transaction itself.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct TransactionState {
    target: Target,
    id: String,
    options: CallOptions,
    ended: AtomicBool,
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

    /// Rolls the transaction back; that it fails changes nothing for the caller.
    pub(super) async fn roll_back(&self) {
        self.end();
        if let Some(operation) = self.last_rollback() {
            let _ = confirm(&self.target.client, operation).await;
        }
    }

    /// Rolls the transaction back in a task, unless it has ended.
    pub(super) fn abandon(&self) {
        if !self.end() {
            return;
        }
        let client = self.target.client.clone();
        if let (Ok(runtime), Some(operation)) = (Handle::try_current(), self.last_rollback()) {
            runtime.spawn(async move {
                let _ = confirm(&client, operation).await;
            });
        }
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
