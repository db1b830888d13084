//! Transactions that begin again on a conflict.

use std::time::Duration;

use cloudbase_core::{CallOptions, Result};

use super::state::{Abandon, Ending, TransactionState, is_conflict, start};
use super::{StartTransaction, Transaction};
use crate::documents::Documents;

/// How often a transaction begins again, as in the other SDKs.
const RERUNS: u32 = 3;
/// The longest wait before the first rerun; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

impl Documents {
    /// Runs `work` in a transaction: commits when it returns `Ok`, and rolls back when it returns an error,
    /// panics, or is dropped.
    ///
    /// On a conflict with another transaction `work` begins again in a new one, at most 3 times, after a
    /// random wait of up to 100, 200 and 400 ms; so let it do nothing outside of the transaction that must
    /// not happen twice. The transaction is given by value, so that the whole can be spawned.
    ///
    /// ```no_run
    /// # use cloudbase_core::{Error, Result};
    /// # use cloudbase_data::documents::{Documents, inc};
    /// # #[derive(serde::Deserialize)] struct Stock { left: i32 }
    /// # async fn run(documents: Documents) -> Result<()> {
    /// let left = documents
    ///     .transaction(|tx| async move {
    ///         let milk = tx.collection("stock").doc("milk");
    ///         let stock: Stock = milk.get().await?.ok_or_else(|| Error::other("no milk"))?;
    ///         milk.update(inc("left", -1)).await?;
    ///         Ok(stock.left - 1)
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of `work`, of the start or of the commit. The last conflict is
    /// [retryable](cloudbase_core::Error::is_retryable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls the transaction back, in a task; dropped while it commits, whether it took
    /// effect is unknown.
    #[doc(alias = "runTransaction")]
    pub fn transaction<T, W, F>(&self, work: W) -> impl Future<Output = Result<T>> + use<T, W, F>
    where
        W: FnMut(Transaction) -> F,
        F: Future<Output = Result<T>>,
    {
        // Borrows nothing, so that it can be spawned.
        self.clone().run(work)
    }

    async fn run<T, W, F>(self, mut work: W) -> Result<T>
    where
        W: FnMut(Transaction) -> F,
        F: Future<Output = Result<T>>,
    {
        // Also a rerun is made as the user who began.
        let options = CallOptions::default().as_one_call();
        let mut longest_wait = FIRST_WAIT;
        for _ in 0..RERUNS {
            match self.run_once(&mut work, &options).await {
                Err(error) if is_conflict(&error) => {}
                result => return result,
            }
            tokio::time::sleep(longest_wait.mul_f64(fastrand::f64())).await;
            longest_wait *= 2;
        }
        let last = self.run_once(&mut work, &options).await;
        last.map_err(|error| match is_conflict(&error) {
            true => error.with_retryable(true),
            false => error,
        })
    }

    /// Starts a transaction that you end yourself; awaited, it gives a [`Transaction`].
    ///
    /// ```no_run
    /// # use cloudbase_data::documents::{Documents, inc};
    /// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
    /// let tx = documents.start_transaction().await?;
    /// tx.collection("stock").doc("milk").update(inc("left", -1)).await?;
    /// tx.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "startTransaction")]
    pub fn start_transaction(&self) -> StartTransaction {
        StartTransaction::new(self.target.clone())
    }

    async fn run_once<T, W, F>(&self, work: &mut W, options: &CallOptions) -> Result<T>
    where
        W: FnMut(Transaction) -> F,
        F: Future<Output = Result<T>>,
    {
        let state = start(self.target.clone(), options.clone())
            .await?
            .into_value();
        let _rolled_back = Abandon(state.clone());
        let transaction = Transaction {
            state: state.clone(),
        };
        let done = match work(transaction).await {
            Ok(value) => commit(&state).await.map(|()| value),
            Err(error) => Err(error),
        };
        if done.is_err() {
            state.roll_back().await;
        }
        done
    }
}

/// Commits, unless the work has ended the transaction itself.
async fn commit(state: &TransactionState) -> Result<()> {
    let operation = state.ending(Ending::Commit)?;
    if !state.end() {
        return Ok(());
    }
    let operation = operation.options(state.options().clone());
    state.end_by(operation).await?;
    Ok(())
}
