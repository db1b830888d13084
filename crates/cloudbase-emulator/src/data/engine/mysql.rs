//! A real MySQL or MariaDB behind the same interface.

mod errors;
mod made;
mod mark;
mod schema;
mod session;
mod values;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Pool};

use self::errors::translate;
use self::made::Made;
use self::mark::{Known, Mark};
use self::session::MySqlSession;
use super::limited::Limited;
use super::{Dialect, Engine, Session};
use crate::data::catalog::{Catalog, Table};
use crate::data::ddl;
use crate::data::error::DataError;
use crate::data::script::{Placed, split};

/// Sent on every connection: UTC, MySQL 8's strict mode, one character set.
const SETUP: [&str; 3] = [
    "SET NAMES utf8mb4",
    "SET time_zone = '+00:00'",
    "SET sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
];

/// The server's error number for a query with nothing in it.
const EMPTY_QUERY: u16 = 1065;

/// One database of a server.
///
/// The pool's connections run statements of ours alone, and go back as they came. What others wrote
/// (scripts, raw SQL) runs on a connection that is closed afterwards: `USE`, `SET`, temporary tables,
/// locks and open transactions end with it. The pool's own reset would keep the default database.
pub(crate) struct MySqlEngine {
    pool: Pool,
    options: Opts,
    limit: Duration,
    database: String,
    env_id: String,
    mark: Mark,
    catalog: RwLock<Arc<Catalog>>,
    /// Tables that the emulator made, of all the database's: a reset drops these and no others. Those of earlier runs are known
    /// by their mark.
    made: Mutex<Made>,
}

impl MySqlEngine {
    /// Connects. The URL's password never appears in an error.
    pub(crate) async fn open(url: &str, env_id: &str, limit: Duration) -> Result<Self, DataError> {
        let options = Opts::from_url(url).map_err(|_| {
            DataError::invalid_request(
                "the MySQL URL is not mysql://user:password@host:port/database",
            )
        })?;
        let Some(database) = options.db_name().map(str::to_owned) else {
            return Err(DataError::invalid_request(
                "the MySQL URL names no database after the host",
            ));
        };
        let pool_options = options.pool_opts().clone().with_reset_connection(true);
        // A session that has a transaction open on a table keeps its lock: DROP would wait for it a day.
        let lock_wait = format!("SET lock_wait_timeout = {}", limit.as_secs().max(1));
        let setup = SETUP.map(str::to_owned).into_iter().chain([lock_wait]);
        let options: Opts = OptsBuilder::from_opts(options)
            // Without it a transaction that was given up would go on in the next session.
            .pool_opts(pool_options)
            .prefer_socket(false)
            // A matched row counts as affected even if nothing changed in it.
            .client_found_rows(true)
            .setup(setup.collect::<Vec<_>>())
            .into();
        let pool = Pool::new(options.clone());
        let mut connection = pool.get_conn().await.map_err(translate)?;
        let catalog = schema::load(&mut connection, &database).await?;
        let mark = Mark::of(env_id);
        let made = mark.tables(&mut connection, &database).await?;
        drop(connection);
        let catalog = RwLock::new(Arc::new(catalog));
        Ok(Self {
            pool,
            options,
            limit,
            database,
            env_id: env_id.to_owned(),
            mark,
            catalog,
            made: Mutex::new(Made::marked(made)),
        })
    }

    async fn connection(&self) -> Result<Conn, DataError> {
        self.pool.get_conn().await.map_err(translate)
    }

    /// A connection outside the pool.
    async fn own_connection(&self) -> Result<Conn, DataError> {
        Conn::new(self.options.clone()).await.map_err(translate)
    }

    async fn reload(&self) -> Result<(), DataError> {
        let mut connection = self.connection().await?;
        let catalog = schema::load(&mut connection, &self.database).await?;
        let marked = self.mark.tables(&mut connection, &self.database).await?;
        let mut known = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        self.made().retain(&catalog, &marked);
        *known = Arc::new(catalog);
        Ok(())
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the catalog after `sql` ran, and takes for made here what was not there before.
    async fn adopt(&self, before: &Catalog, sql: &str) -> Result<(), DataError> {
        let made = self.made().names().clone();
        self.reload().await?;
        let after = self.catalog();
        let sql = sql.to_lowercase();
        let is_named = |name: &str| sql.contains(&name.to_lowercase());
        let mut foreign = before.tables().filter(|table| !made.contains(&table.name));
        // A table of another program may be behind any name now. Ours have taken their mark along.
        let by_name = !sql.contains("rename") || !foreign.any(|table| is_named(&table.name));
        let is_new = |name: &str| before.get(name).is_none();
        if !by_name {
            return self.adopt_marked(is_new).await;
        }
        for Table { name, .. } in after.tables() {
            // One that the SQL replaced has lost its mark.
            let is_replaced =
                made.contains(name) && !self.made().names().contains(name) && is_named(name);
            if is_new(name) || is_replaced {
                self.mark(name).await?;
            }
        }
        Ok(())
    }

    /// Takes for made here what has the mark under a new name.
    async fn adopt_marked(&self, is_new: impl Fn(&str) -> bool) -> Result<(), DataError> {
        let mut connection = self.connection().await?;
        let marked = self.mark.tables(&mut connection, &self.database).await?;
        let mut made = self.made();
        for name in marked.into_iter().filter(|name| is_new(name)) {
            made.insert_marked(name);
        }
        Ok(())
    }

    /// Remembers a table as made here, in later runs too if it can be marked.
    async fn mark(&self, name: &str) -> Result<(), DataError> {
        let mut connection = self.connection().await?;
        match self.mark.put(&mut connection, &self.database, name).await {
            Known::ByMark => self.made().insert_marked(name.to_owned()),
            Known::ByName => self.made().insert_unmarked(name.to_owned()),
            Known::No => {}
        }
        Ok(())
    }

    async fn drop_made(&self) -> Result<(), DataError> {
        // Its switch for foreign keys ends with it, however this ends.
        let mut connection = self.own_connection().await?;
        let off = "SET foreign_key_checks = 0";
        connection.query_drop(off).await.map_err(translate)?;
        // Others may have put a table of theirs in the place of one of these.
        self.reload().await?;
        let made = self.made().names().clone();
        for name in made {
            let drop = ddl::drop_table(Some(&self.database), &name, Dialect::MySql);
            connection.query_drop(drop).await.map_err(translate)?;
            self.made().remove(&name);
        }
        connection.disconnect().await.map_err(translate)
    }
}

impl Engine for MySqlEngine {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn database(&self) -> Option<&str> {
        Some(&self.database)
    }

    fn catalog(&self) -> Arc<Catalog> {
        self.catalog
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn is_schema(&self, schema: &str) -> bool {
        schema == self.env_id || schema == self.database
    }

    fn session(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DataError>> {
        async {
            let session = MySqlSession::new(self.connection().await?, self.options.clone());
            Ok(Limited::boxed(session, self.limit))
        }
        .boxed()
    }

    fn raw_session(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DataError>> {
        async {
            let connection = self.own_connection().await?;
            let session: Box<dyn Session> =
                Box::new(MySqlSession::new(connection, self.options.clone()));
            Ok(session)
        }
        .boxed()
    }

    fn run_script(
        &self,
        sql: String,
        _: Arc<BTreeSet<String>>,
    ) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            self.reload().await?;
            let before = self.catalog();
            let mut connection = self.own_connection().await?;
            let run = run_pieces(&mut connection, &sql).await;
            let closed = connection.disconnect().await.map_err(translate);
            // A script that fails in its midst has made what comes before.
            let adopted = self.adopt(&before, &sql).await;
            run.and(closed)?;
            adopted
        }
        .boxed()
    }

    fn ensure_table(&self, mut table: Table) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            table.database = Some(self.database.clone());
            if self.catalog().get(&table.name).is_some() {
                return Ok(());
            }
            let mut connection = self.connection().await?;
            let create = ddl::create_table(&table, &table.name, Dialect::MySql);
            connection.query_drop(create).await.map_err(translate)?;
            drop(connection);
            self.mark(&table.name).await?;
            self.reload().await
        }
        .boxed()
    }

    fn refresh(&self) -> BoxFuture<'_, Result<(), DataError>> {
        self.reload().boxed()
    }

    fn changed<'a>(
        &'a self,
        before: &'a Catalog,
        sql: &'a str,
    ) -> BoxFuture<'a, Result<(), DataError>> {
        self.adopt(before, sql).boxed()
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            let dropped = self.drop_made().await;
            // Some tables may be gone even if others are not.
            let reloaded = self.reload().await;
            dropped.and(reloaded)
        }
        .boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Bytes, DataError>> {
        async {
            Err(DataError::invalid_request(
                "snapshots need the embedded database; use the tools of your MySQL server",
            ))
        }
        .boxed()
    }

    fn restore(&self, _: Bytes) -> BoxFuture<'_, Result<(), DataError>> {
        self.snapshot().map(|result| result.map(drop)).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            if let Err(error) = self.pool.clone().disconnect().await {
                tracing::debug!(%error, "the MySQL connections did not close cleanly");
            }
        }
        .boxed()
    }
}

/// Sends the statements of a script one by one, up to the first that fails.
async fn run_pieces(connection: &mut Conn, sql: &str) -> Result<(), DataError> {
    for piece in split(sql) {
        let (place, text) = Placed::in_script(&piece, piece.text.as_ref()).take();
        let sent = match text {
            Ok(_) => match connection.query_drop(piece.raw).await {
                // Nothing but version comments for other servers.
                Err(mysql_async::Error::Server(error)) if error.code == EMPTY_QUERY => Ok(()),
                outcome => outcome.map_err(translate),
            },
            Err(problem) => Err(DataError::invalid_request(problem.as_str())),
        };
        sent.map_err(|mut error| {
            error.message = place.report(&error);
            error
        })?;
    }
    Ok(())
}
