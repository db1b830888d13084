//! The session that works with the connection, and how its statements run.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use tokio::sync::OwnedMutexGuard;

use super::counter::LastCounted;
use super::errors;
use crate::data::catalog::Catalog;
use crate::data::engine::worker::Worker;
use crate::data::engine::{Done, ResultColumn, Rows, Session, Statement};
use crate::data::error::DataError;
use crate::data::value::Cell;

/// The one connection, for as long as this lives.
pub(super) struct SqliteSession {
    pub(super) worker: Arc<Worker>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) counted: LastCounted,
    /// A statement was sent and its response not seen.
    pub(super) running: bool,
    /// A transaction is open.
    pub(super) open: bool,
    pub(super) _permit: OwnedMutexGuard<()>,
}

impl SqliteSession {
    async fn run<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Connection) -> Result<T, DataError> + Send + 'static,
    ) -> Result<T, DataError> {
        self.running = true;
        let result = self.worker.run(job).await;
        self.running = false;
        result
    }
}

impl Session for SqliteSession {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            self.open = true;
            self.run(|connection| batch(connection, "BEGIN IMMEDIATE"))
                .await
        }
        .boxed()
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            let result = self.run(|connection| batch(connection, "COMMIT")).await;
            self.open = result.is_err();
            result
        }
        .boxed()
    }

    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Rows, DataError>> {
        let catalog = self.catalog.clone();
        self.run(move |connection| query(connection, &catalog, &statement))
            .boxed()
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<Done, DataError>> {
        let counted = self.counted.clone();
        self.run(move |connection| execute(connection, &statement, &counted))
            .boxed()
    }
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        if self.running {
            self.worker.interrupt();
        }
        if self.open {
            // Comes before anything that the next session sends.
            self.worker.send(|connection| {
                if !connection.is_autocommit() {
                    let _ = connection.execute_batch("ROLLBACK");
                }
            });
        }
    }
}

pub(super) fn batch(connection: &Connection, sql: &str) -> Result<(), DataError> {
    connection
        .execute_batch(sql)
        .map_err(|error| errors::translate(&error))
}

/// Runs a statement that gives rows.
fn query(
    connection: &Connection,
    catalog: &Catalog,
    statement: &Statement,
) -> Result<Rows, DataError> {
    let mut prepared = connection
        .prepare_cached(&statement.sql)
        .map_err(|error| errors::translate(&error))?;
    let columns: Vec<ResultColumn> = prepared
        .columns_with_metadata()
        .map(|column| {
            let table = column.table_name().and_then(|table| catalog.get(table));
            let origin = table.and_then(|table| table.find(column.origin_name()?));
            ResultColumn {
                name: column.name().to_owned(),
                kind: origin.map(|column| column.kind.clone()),
            }
        })
        .collect();
    let mut cursor = prepared
        .query(params_from_iter(&statement.values))
        .map_err(|error| errors::translate(&error))?;
    let mut rows = Vec::new();
    while let Some(row) = cursor.next().map_err(|error| errors::translate(&error))? {
        let mut cells = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            cells.push(from_sqlite(
                row.get_ref(index).map_err(|e| errors::translate(&e))?,
            ));
        }
        rows.push(cells);
    }
    Ok(Rows { columns, rows })
}

fn execute(
    connection: &Connection,
    statement: &Statement,
    counted: &LastCounted,
) -> Result<Done, DataError> {
    counted.take();
    let mut prepared = connection
        .prepare_cached(&statement.sql)
        .map_err(|error| errors::translate(&error))?;
    let affected = prepared
        .execute(params_from_iter(&statement.values))
        .map_err(|error| errors::translate(&error))?;
    let last = counted
        .take()
        .unwrap_or_else(|| connection.last_insert_rowid());
    Ok(Done {
        affected: affected as u64,
        insert_id: u64::try_from(last).unwrap_or(0),
    })
}

pub(super) fn from_sqlite(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            // Only filters come here with so large a number, and they compare.
            Self::UInt(value) => ToSqlOutput::Owned(Value::Real(*value as f64)),
            Self::Real(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
