//! Several calls that take effect together or not at all.

mod run;
mod state;

use std::sync::Arc;

use cloudbase_core::{CallOptions, Operation, Response, Result};
use serde::Serialize;

pub(crate) use self::state::TransactionState;
use self::state::{Abandon, Ending, start, starting};
use super::collection::Collection;
use super::request::{CollectionTarget, Target};
use super::run_commands::RunCommands;

/// A transaction: its calls see one state of the database, and take effect together when it is committed.
///
/// Made by [`Documents::transaction`](super::Documents::transaction), which commits or rolls back by itself,
/// and by [`start_transaction`](super::Documents::start_transaction). Dropped before it has ended, with all
/// collections and documents that came of it, it is rolled back by a task of the runtime; without a
/// runtime, by the time limit of the service.
///
/// Its calls are made as the user who was signed in when it began.
#[derive(Debug)]
pub struct Transaction {
    state: Arc<TransactionState>,
}

impl Transaction {
    /// The collection called `name`, whose calls are part of the transaction.
    pub fn collection(&self, name: impl Into<String>) -> Collection {
        Collection {
            target: CollectionTarget {
                target: self.marked(),
                name: name.into(),
            },
        }
    }

    fn marked(&self) -> Target {
        Target {
            transaction: Some(self.state.clone()),
            ..self.state.target().clone()
        }
    }

    /// Runs commands of the database as part of the transaction; see
    /// [`Documents::run_commands`](super::Documents::run_commands).
    #[doc(alias = "runCommands")]
    pub fn run_commands<C: Serialize>(&self, commands: impl IntoIterator<Item = C>) -> RunCommands {
        RunCommands::new(self.marked(), commands)
    }

    /// Makes all changes of the transaction. A change that another transaction has made meanwhile is an
    /// error with code
    /// [`DATABASE_TRANSACTION_CONFLICT`](cloudbase_core::ErrorCode::DATABASE_TRANSACTION_CONFLICT): begin
    /// again.
    pub fn commit(self) -> EndTransaction {
        EndTransaction::new(self.state, Ending::Commit)
    }

    /// Makes none of the changes of the transaction.
    #[doc(alias = "abort")]
    pub fn rollback(self) -> EndTransaction {
        EndTransaction::new(self.state, Ending::Rollback)
    }
}

/// Starts a transaction; awaited, it gives a [`Transaction`], whose calls have the same options.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct StartTransaction {
    target: Target,
    options: CallOptions,
}

impl StartTransaction {
    pub(super) fn new(target: Target) -> Self {
        Self {
            options: target.options(),
            target,
        }
    }

    fn build(self) -> Result<Operation> {
        Ok(starting(&self.target)?.options(self.options))
    }

    async fn respond(self) -> Result<Response<Transaction>> {
        let started = start(self.target, self.options.as_one_call()).await?;
        Ok(started.map(|state| Transaction { state }))
    }
}

cloudbase_core::request_builder! {
    /// Whatever the service or the way to it reports.
    impl[] StartTransaction => Transaction; call, product, operation
}

/// Commits a transaction or rolls it back.
///
/// A commit is not repeated once it may have been sent: whether it took effect is then unknown. What has not
/// ended the transaction, an invalid option, a lost connection or a dropped future, rolls it back in a task.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct EndTransaction {
    state: Arc<TransactionState>,
    ending: Ending,
    options: CallOptions,
}

impl EndTransaction {
    fn new(state: Arc<TransactionState>, ending: Ending) -> Self {
        Self {
            options: state.options().clone(),
            state,
            ending,
        }
    }

    fn build(self) -> Result<Operation> {
        self.state.id()?;
        Ok(self.state.ending(self.ending)?.options(self.options))
    }

    async fn respond(self) -> Result<Response<()>> {
        let state = self.state.clone();
        state.id()?;
        let _rolled_back = Abandon(state.clone());
        state.end_by(self.build()?).await
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) if the transaction has ended; whatever
    /// the service or the way to it reports.
    impl[] EndTransaction => (); call, operation
}
