//! The embedded engine: SQLite that keeps MySQL's promises, or rejects the request.

mod alter;
mod counter;
mod errors;
mod insert;
mod script;
mod session;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::Mutex;

use self::counter::LastCounted;
use self::session::SqliteSession;
use super::limited::Limited;
use super::worker::Worker;
use super::{Dialect, Engine, Session, functions};
use crate::clock::Clock;
use crate::data::catalog::{Catalog, Table};
use crate::data::ddl::{self, Script, Step};
use crate::data::error::DataError;
use crate::data::script::Placed;
use crate::sqlite;

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
                .run(|connection| sqlite::serialize(connection).map_err(|e| errors::translate(&e)))
                .await
        }
        .boxed()
    }

    fn restore(&self, snapshot: Bytes) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            let permit = self.permit.clone().lock_owned().await;
            self.worker
                .run(move |connection| {
                    sqlite::restore(connection, snapshot).map_err(|e| errors::translate(&e))
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
