//! The database behind the data interfaces: one trait, two engines.

mod functions;
mod limited;
mod mysql;
mod sqlite;
mod worker;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sea_query::{MysqlQueryBuilder, QueryStatementWriter, SqliteQueryBuilder};

use super::catalog::{Catalog, Kind, Table};
use super::error::DataError;
use super::value::Cell;

pub(crate) use functions::compile as functions_compile;
pub(crate) use mysql::MySqlEngine;
pub(crate) use sqlite::SqliteEngine;

/// Which SQL an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Sqlite,
}

/// SQL text and the values for its placeholders.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Cell>,
}

/// The response to a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<ResultColumn>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column of a response.
#[derive(Debug, Clone)]
pub(crate) struct ResultColumn {
    pub(crate) name: String,
    /// The type, where the engine knows it.
    pub(crate) kind: Option<Kind>,
}

/// The response to a write.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    /// Rows matched and written.
    pub(crate) affected: u64,
    /// The number that the database gave to the first row of an insert; 0 if it gave none.
    pub(crate) insert_id: u64,
}

/// A database.
pub(crate) trait Engine: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// What the database holds. Cheap: a snapshot that the engine keeps.
    fn catalog(&self) -> Arc<Catalog>;

    /// The database that statements name, where a server has several.
    fn database(&self) -> Option<&str> {
        None
    }

    /// Whether `schema` names the database.
    fn is_schema(&self, schema: &str) -> bool;

    /// A connection for statements of ours. Each ends within the engine's limit.
    fn session(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DataError>>;

    /// A connection for SQL that a user wrote, whose state ends with it. The caller sets the
    /// limit, and [closes](Session::close) it.
    fn raw_session(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DataError>>;

    /// Runs a script in MySQL's dialect. The embedded engine leaves the tables in `kept` as they are.
    fn run_script(
        &self,
        sql: String,
        kept: Arc<BTreeSet<String>>,
    ) -> BoxFuture<'_, Result<(), DataError>>;

    /// Makes a table if it does not exist.
    fn ensure_table(&self, table: Table) -> BoxFuture<'_, Result<(), DataError>>;

    /// Reads the catalog again, before raw SQL that may change it.
    fn refresh(&self) -> BoxFuture<'_, Result<(), DataError>>;

    /// Reads the catalog again after raw SQL that may have changed it, which was `before`.
    fn changed<'a>(
        &'a self,
        _before: &'a Catalog,
        _sql: &'a str,
    ) -> BoxFuture<'a, Result<(), DataError>> {
        self.refresh()
    }

    /// Drops everything that the engine was asked to make, and nothing else.
    fn clear(&self) -> BoxFuture<'_, Result<(), DataError>>;

    /// The whole content.
    fn snapshot(&self) -> BoxFuture<'_, Result<Bytes, DataError>>;

    /// Puts a snapshot in place of the content.
    fn restore(&self, snapshot: Bytes) -> BoxFuture<'_, Result<(), DataError>>;

    /// Writes what is not on disk yet and lets go of connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A connection. Dropping it rolls back what was not committed and stops what still runs.
pub(crate) trait Session: Send {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), DataError>>;

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DataError>>;

    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Rows, DataError>>;

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<Done, DataError>>;

    /// Ends the session; nothing of its state is left when this returns.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

impl Dialect {
    /// Writes out a statement.
    pub(crate) fn build(self, query: &impl QueryStatementWriter) -> Statement {
        let (sql, values) = match self {
            Self::MySql => query.build(MysqlQueryBuilder),
            Self::Sqlite => query.build(SqliteQueryBuilder),
        };
        Statement {
            sql,
            values: values.0.into_iter().map(cell).collect(),
        }
    }
}

/// The builders of `sql` only ever put in what [`Cell`] put there, and limits.
fn cell(value: sea_query::Value) -> Cell {
    use sea_query::Value;
    match value {
        Value::BigInt(Some(value)) => Cell::Int(value),
        Value::Int(Some(value)) => Cell::Int(value.into()),
        Value::BigUnsigned(Some(value)) => match i64::try_from(value) {
            Ok(value) => Cell::Int(value),
            Err(_) => Cell::UInt(value),
        },
        Value::Double(Some(value)) => Cell::Real(value),
        Value::String(Some(value)) => Cell::Text(value),
        Value::Bytes(Some(value)) => Cell::Bytes(value),
        Value::Bool(Some(value)) => Cell::Int(value.into()),
        _ => Cell::Null,
    }
}

impl Rows {
    /// The one number that a `COUNT` gives.
    pub(crate) fn count(&self) -> u64 {
        match self.rows.first().and_then(|row| row.first()) {
            Some(Cell::Int(count)) => u64::try_from(*count).unwrap_or(0),
            Some(Cell::UInt(count)) => *count,
            _ => 0,
        }
    }
}
