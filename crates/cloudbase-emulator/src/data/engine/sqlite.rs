//! The embedded engine: SQLite that keeps MySQL's promises, or rejects the request.

mod alter;
mod counter;
mod errors;
mod insert;
mod script;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::backup::Backup;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, MAIN_DB, ToSql, params_from_iter};
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::counter::LastCounted;
use super::limited::Limited;
use super::worker::Worker;
use super::{Dialect, Done, Engine, ResultColumn, Rows, Session, Statement, functions};
use crate::clock::Clock;
use crate::data::catalog::{Catalog, Table};
use crate::data::ddl::{self, Script, Step};
use crate::data::error::DataError;
use crate::data::script::Placed;
use crate::data::value::Cell;

/// One SQLite database, in memory or in a file.
pub(crate) struct SqliteEngine {
    worker: Arc<Worker>,
    /// Held by the session that works with the connection.
    permit: Arc<Mutex<()>>,
    catalog: Arc<RwLock<Arc<Catalog>>>,
    env_id: String,
    clock: Clock,
    limit: Duration,
    counted: LastCounted,
}

impl SqliteEngine {
    /// Opens the database, in memory if there is no path.
    pub(crate) async fn open(
        path: Option<&Path>,
        env_id: &str,
        clock: Clock,
        limit: Duration,
    ) -> Result<Self, DataError> {
        let connection = match path {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        };
        let connection = connection.map_err(|error| DataError::internal(error.to_string()))?;
        functions::register(&connection, clock.clone()).map_err(|e| errors::translate(&e))?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = OFF;",
            )
            .map_err(|error| errors::translate(&error))?;
        // The pragma above puts SQLite's own `like` back.
        functions::register(&connection, clock.clone()).map_err(|e| errors::translate(&e))?;
        let counted = LastCounted::default();
        counted
            .register(&connection)
            .map_err(|e| errors::translate(&e))?;
        connection.set_prepared_statement_cache_capacity(128);
        let engine = Self {
            worker: Arc::new(Worker::start(connection)?),
            permit: Arc::default(),
            catalog: Arc::default(),
            env_id: env_id.to_owned(),
            clock,
            limit,
            counted,
        };
        engine.refresh().await?;
        Ok(engine)
    }

    fn set_catalog(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    async fn open_session(&self) -> SqliteSession {
        let permit = self.permit.clone().lock_owned().await;
        SqliteSession {
            worker: self.worker.clone(),
            catalog: self.catalog(),
            counted: self.counted.clone(),
            running: false,
            open: false,
            _permit: permit,
        }
    }

    async fn steps(&self, steps: Vec<Step>) -> Result<(), DataError> {
        self.run(vec![Placed::nowhere(Ok(steps))], Arc::default())
            .await
    }

    async fn run(&self, script: Script, kept: Arc<BTreeSet<String>>) -> Result<(), DataError> {
        let _permit = self.permit.clone().lock_owned().await;
        let mut catalog = Catalog::clone(&self.catalog());
        let now = self.clock.now_ms();
        let catalog = self
            .worker
            .run(move |connection| {
                script::run(connection, &mut catalog, script, &kept, now)?;
                Ok(catalog)
            })
            .await?;
        self.set_catalog(catalog);
        Ok(())
    }
}

impl Engine for SqliteEngine {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn catalog(&self) -> Arc<Catalog> {
        self.catalog
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn is_schema(&self, schema: &str) -> bool {
        schema == self.env_id
    }

    fn session(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DataError>> {
        async { Ok(Limited::boxed(self.open_session().await, self.limit)) }.boxed()
    }

    fn raw_session(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DataError>> {
        async {
            let mut session = self.open_session().await;
            // The statement may open a transaction of its own.
            session.open = true;
            let session: Box<dyn Session> = Box::new(session);
            Ok(session)
        }
        .boxed()
    }

    fn run_script(
        &self,
        sql: String,
        kept: Arc<BTreeSet<String>>,
    ) -> BoxFuture<'_, Result<(), DataError>> {
        async move { self.run(ddl::parse(&sql), kept).await }.boxed()
    }

    fn ensure_table(&self, table: Table) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            self.steps(vec![Step::Create {
                table,
                next_id: None,
                if_not_exists: true,
            }])
            .await
        }
        .boxed()
    }

    fn refresh(&self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            let catalog = self
                .worker
                .run(|connection| script::load(connection))
                .await?;
            self.set_catalog(catalog);
            Ok(())
        }
        .boxed()
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            let names = self
                .catalog()
                .tables()
                .map(|table| table.name.clone())
                .collect();
            self.steps(vec![Step::Drop {
                names,
                if_exists: true,
            }])
            .await
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Bytes, DataError>> {
        async {
            let _permit = self.permit.clone().lock_owned().await;
            self.worker
                .run(|connection| {
                    let mut copy =
                        Connection::open_in_memory().map_err(|error| errors::translate(&error))?;
                    copy_database(connection, &mut copy)?;
                    let data = copy.serialize(MAIN_DB).map_err(|e| errors::translate(&e))?;
                    Ok(Bytes::copy_from_slice(&data))
                })
                .await
        }
        .boxed()
    }

    fn restore(&self, snapshot: Bytes) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            let permit = self.permit.clone().lock_owned().await;
            let snapshot = without_wal(snapshot);
            self.worker
                .run(move |connection| {
                    let mut source =
                        Connection::open_in_memory().map_err(|error| errors::translate(&error))?;
                    source
                        .deserialize_read_exact(MAIN_DB, &snapshot[..], snapshot.len(), false)
                        .map_err(|error| errors::translate(&error))?;
                    connection.flush_prepared_statement_cache();
                    copy_database(&source, connection)
                })
                .await?;
            drop(permit);
            self.refresh().await
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            let _permit = self.permit.clone().lock_owned().await;
            let checkpoint = |connection: &mut Connection| {
                connection
                    .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
                    .map_err(|error| errors::translate(&error))
            };
            if let Err(error) = self.worker.run(checkpoint).await {
                tracing::warn!(%error, "the SQLite database could not be checkpointed");
            }
        }
        .boxed()
    }
}

/// The same database with the journal mode of old. A copy of one in write-ahead mode, as a database
/// in a file is, says so in its header, and a database in memory cannot be opened in that mode. The
/// database that it is copied into keeps its own.
fn without_wal(snapshot: Bytes) -> Bytes {
    /// The versions of the file format, for writing and reading.
    const VERSIONS: std::ops::Range<usize> = 18..20;
    let mut database = Vec::from(snapshot);
    if let Some(versions) = database.get_mut(VERSIONS) {
        versions.fill(1);
    }
    database.into()
}

fn copy_database(from: &Connection, to: &mut Connection) -> Result<(), DataError> {
    let backup = Backup::new(from, to).map_err(|error| errors::translate(&error))?;
    backup
        .step(-1)
        .map(drop)
        .map_err(|error| errors::translate(&error))
}

/// The one connection, for as long as this lives.
struct SqliteSession {
    worker: Arc<Worker>,
    catalog: Arc<Catalog>,
    counted: LastCounted,
    /// A statement was sent and its response not seen.
    running: bool,
    /// A transaction is open.
    open: bool,
    _permit: OwnedMutexGuard<()>,
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

fn batch(connection: &Connection, sql: &str) -> Result<(), DataError> {
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

fn from_sqlite(value: ValueRef<'_>) -> Cell {
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
