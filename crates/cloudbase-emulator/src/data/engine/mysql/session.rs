//! A connection to a MySQL server at work: the pool's for statements of ours, one of its own for SQL of the caller's.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, Row};
use tokio::runtime::Handle;

use super::errors::translate;
use super::values::{from_mysql, kind, params};
use crate::data::engine::{Done, ResultColumn, Rows, Session, Statement};
use crate::data::error::DataError;

/// A connection. Dropped, one of the pool goes back to it, which resets it and so rolls back; any
/// other is closed, and with it ends all state of its session.
pub(super) struct MySqlSession {
    /// Absent only while this is being closed or dropped.
    connection: Option<Conn>,
    /// How to reach the server, to stop a statement that is no longer waited for.
    options: Opts,
    /// A statement was sent and its result not seen.
    running: bool,
}

impl MySqlSession {
    pub(super) fn new(connection: Conn, options: Opts) -> Self {
        Self {
            connection: Some(connection),
            options,
            running: false,
        }
    }

    /// The connection, marked as running; the caller takes the mark off again.
    fn busy(&mut self) -> Result<&mut Conn, DataError> {
        self.running = true;
        self.connection
            .as_mut()
            .ok_or_else(|| DataError::internal("the MySQL session was closed"))
    }

    async fn command(&mut self, sql: &str) -> Result<(), DataError> {
        let outcome = self.busy()?.query_drop(sql).await;
        self.running = false;
        outcome.map_err(translate)
    }
}

impl Session for MySqlSession {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        self.command("START TRANSACTION").boxed()
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        self.command("COMMIT").boxed()
    }

    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Rows, DataError>> {
        async move {
            let outcome = rows(self.busy()?, statement).await;
            self.running = false;
            outcome.map_err(translate)
        }
        .boxed()
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<Done, DataError>> {
        async move {
            let outcome = done(self.busy()?, statement).await;
            self.running = false;
            outcome.map_err(translate)
        }
        .boxed()
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            // The pool takes back its own; only a connection without a pool says good-bye.
            if let Some(connection) = self.connection.take()
                && let Err(error) = connection.disconnect().await
            {
                tracing::debug!(%error, "a MySQL connection did not close cleanly");
            }
        }
        .boxed()
    }
}

impl Drop for MySqlSession {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let (true, Ok(runtime)) = (self.running, Handle::try_current()) else {
            return;
        };
        let options = self.options.clone();
        runtime.spawn(async move {
            // Held until it is killed: the server must not give its number to another meanwhile.
            if let Err(error) = kill(options, connection.id()).await {
                tracing::debug!(%error, "an abandoned MySQL statement could not be stopped");
            }
            drop(connection);
        });
    }
}

async fn kill(options: Opts, id: u32) -> mysql_async::Result<()> {
    let mut other = Conn::new(options).await?;
    other.query_drop(format!("KILL {id}")).await?;
    other.disconnect().await
}

async fn rows(connection: &mut Conn, statement: Statement) -> mysql_async::Result<Rows> {
    let mut result = connection
        .exec_iter(statement.sql, params(statement.values))
        .await?;
    let columns = result.columns();
    let rows: Vec<Row> = result.collect().await?;
    let Some(columns) = columns else {
        return Ok(Rows::default());
    };
    let rows = rows
        .into_iter()
        .map(|row| {
            row.unwrap()
                .into_iter()
                .zip(columns.iter())
                .map(|(value, column)| from_mysql(value, column))
                .collect()
        })
        .collect();
    let columns = columns
        .iter()
        .map(|column| ResultColumn {
            name: column.name_str().into_owned(),
            kind: kind(column),
        })
        .collect();
    Ok(Rows { columns, rows })
}

async fn done(connection: &mut Conn, statement: Statement) -> mysql_async::Result<Done> {
    let result = connection
        .exec_iter(statement.sql, params(statement.values))
        .await?;
    let done = Done {
        affected: result.affected_rows(),
        insert_id: result.last_insert_id().unwrap_or(0),
    };
    result.drop_result().await?;
    Ok(done)
}
