//! A real MySQL or MariaDB behind the same interface.

mod schema;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Pool, Value};

use super::{Dialect, Done, Engine, ResultColumn, Rows, Session, Statement};
use crate::data::catalog::{Catalog, Kind, Table};
use crate::data::ddl;
use crate::data::error::{Cause, DataError};
use crate::data::value::Cell;

/// Sent on every connection: UTC, MySQL 8's strict mode, one character set.
const SETUP: [&str; 3] = [
    "SET NAMES utf8mb4",
    "SET time_zone = '+00:00'",
    "SET sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
];

/// One database of a server.
pub(crate) struct MySqlEngine {
    pool: Pool,
    database: String,
    env_id: String,
    catalog: RwLock<Arc<Catalog>>,
    /// Tables that were there before the emulator made its own.
    foreign: BTreeSet<String>,
}

impl MySqlEngine {
    /// Connects. The URL's password never appears in an error.
    pub(crate) async fn open(url: &str, env_id: &str) -> Result<Self, DataError> {
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
        let options = OptsBuilder::from_opts(options)
            .prefer_socket(false)
            // A matched row counts as affected even if nothing changed in it.
            .client_found_rows(true)
            .setup(SETUP.to_vec());
        let pool = Pool::new(options);
        let mut connection = pool.get_conn().await.map_err(translate)?;
        let catalog = schema::load(&mut connection, &database).await?;
        drop(connection);
        let foreign = catalog.tables().map(|table| table.name.clone()).collect();
        let catalog = RwLock::new(Arc::new(catalog));
        Ok(Self {
            pool,
            database,
            env_id: env_id.to_owned(),
            catalog,
            foreign,
        })
    }

    async fn connection(&self) -> Result<Conn, DataError> {
        self.pool.get_conn().await.map_err(translate)
    }

    async fn reload(&self) -> Result<(), DataError> {
        let mut connection = self.connection().await?;
        let catalog = schema::load(&mut connection, &self.database).await?;
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        Ok(())
    }
}

impl Engine for MySqlEngine {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
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
            let session: Box<dyn Session> = Box::new(MySqlSession(self.connection().await?));
            Ok(session)
        }
        .boxed()
    }

    fn run_script(&self, sql: String) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            let mut connection = self.connection().await?;
            connection.query_drop(sql).await.map_err(translate)?;
            drop(connection);
            self.reload().await
        }
        .boxed()
    }

    fn ensure_table(&self, table: Table) -> BoxFuture<'_, Result<(), DataError>> {
        async move {
            if self.catalog().get(&table.name).is_some() {
                return Ok(());
            }
            let mut connection = self.connection().await?;
            let create = ddl::create_table(&table, &table.name, Dialect::MySql);
            connection.query_drop(create).await.map_err(translate)?;
            for (index, unique) in table
                .unique
                .iter()
                .map(|index| (index, true))
                .chain(table.indexes.iter().map(|index| (index, false)))
            {
                let create = ddl::create_index(&table.name, index, unique, Dialect::MySql);
                connection.query_drop(create).await.map_err(translate)?;
            }
            drop(connection);
            self.reload().await
        }
        .boxed()
    }

    fn refresh(&self) -> BoxFuture<'_, Result<(), DataError>> {
        self.reload().boxed()
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            let mut connection = self.connection().await?;
            connection
                .query_drop("SET foreign_key_checks = 0")
                .await
                .map_err(translate)?;
            for table in self
                .catalog()
                .tables()
                .filter(|t| !self.foreign.contains(&t.name))
            {
                let drop = ddl::drop_table(&table.name, Dialect::MySql);
                connection.query_drop(drop).await.map_err(translate)?;
            }
            connection
                .query_drop("SET foreign_key_checks = 1")
                .await
                .map_err(translate)?;
            drop(connection);
            self.reload().await
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

/// A connection of the pool, which resets it, and so rolls back, when it gets it back.
struct MySqlSession(Conn);

impl Session for MySqlSession {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        async {
            self.0
                .query_drop("START TRANSACTION")
                .await
                .map_err(translate)
        }
        .boxed()
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        async { self.0.query_drop("COMMIT").await.map_err(translate) }.boxed()
    }

    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Rows, DataError>> {
        async move {
            let mut result = self
                .0
                .exec_iter(statement.sql, params(statement.values))
                .await
                .map_err(translate)?;
            let columns = result.columns();
            let rows: Vec<mysql_async::Row> = result.collect().await.map_err(translate)?;
            let Some(columns) = columns else {
                return Ok(Rows::default());
            };
            let rows = rows
                .into_iter()
                .map(|row| {
                    row.unwrap()
                        .into_iter()
                        .zip(columns.iter())
                        .map(|(v, c)| from_mysql(v, c))
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
        .boxed()
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<Done, DataError>> {
        async move {
            let result = self
                .0
                .exec_iter(statement.sql, params(statement.values))
                .await
                .map_err(translate)?;
            let done = Done {
                affected: result.affected_rows(),
                insert_id: result.last_insert_id().unwrap_or(0),
            };
            result.drop_result().await.map_err(translate)?;
            Ok(done)
        }
        .boxed()
    }
}

fn params(values: Vec<Cell>) -> Params {
    if values.is_empty() {
        return Params::Empty;
    }
    Params::Positional(values.into_iter().map(to_mysql).collect())
}

fn to_mysql(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::NULL,
        Cell::Int(value) => Value::Int(value),
        Cell::UInt(value) => Value::UInt(value),
        Cell::Real(value) => Value::Double(value),
        Cell::Text(text) => Value::Bytes(text.into_bytes()),
        Cell::Bytes(bytes) => Value::Bytes(bytes),
    }
}

fn from_mysql(value: Value, column: &mysql_async::Column) -> Cell {
    match value {
        Value::NULL => Cell::Null,
        Value::Int(value) => Cell::Int(value),
        Value::UInt(value) => i64::try_from(value).map_or(Cell::UInt(value), Cell::Int),
        Value::Float(value) => Cell::Real(value.into()),
        Value::Double(value) => Cell::Real(value),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if column.column_type() != ColumnType::MYSQL_TYPE_DATE {
                text.push_str(&format!(" {hour:02}:{minute:02}:{second:02}"));
                push_fraction(&mut text, micros, column.decimals());
            }
            Cell::Text(text)
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            let mut text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
            push_fraction(&mut text, micros, column.decimals());
            Cell::Text(text)
        }
        Value::Bytes(bytes) if column.column_type() == ColumnType::MYSQL_TYPE_BIT => Cell::Int(
            bytes
                .iter()
                .fold(0i64, |number, byte| (number << 8) | i64::from(*byte)),
        ),
        // 63 is the character set of bytes that are no text.
        Value::Bytes(bytes) if column.character_set() == 63 && is_binary(column) => {
            Cell::Bytes(bytes)
        }
        Value::Bytes(bytes) => Cell::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn push_fraction(text: &mut String, micros: u32, decimals: u8) {
    if (1..=6).contains(&decimals) {
        let digits = format!("{micros:06}");
        text.push('.');
        text.push_str(&digits[..usize::from(decimals)]);
    }
}

fn is_binary(column: &mysql_async::Column) -> bool {
    matches!(
        column.column_type(),
        ColumnType::MYSQL_TYPE_TINY_BLOB
            | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
            | ColumnType::MYSQL_TYPE_LONG_BLOB
            | ColumnType::MYSQL_TYPE_BLOB
            | ColumnType::MYSQL_TYPE_VAR_STRING
            | ColumnType::MYSQL_TYPE_STRING
    ) && column.flags().contains(ColumnFlags::BINARY_FLAG)
}

/// What JSON needs to know of a column of free SQL.
fn kind(column: &mysql_async::Column) -> Option<Kind> {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_JSON => Some(Kind::Json),
        ColumnType::MYSQL_TYPE_FLOAT => Some(Kind::Float),
        _ => None,
    }
}

/// The server's refusal in our terms; without an address or a password.
fn translate(error: mysql_async::Error) -> DataError {
    match error {
        mysql_async::Error::Server(error) => {
            let cause = match error.code {
                1062 | 1169 | 1586 => Cause::Duplicate,
                1216 | 1217 | 1451 | 1452 | 1557 => Cause::ForeignKey,
                1205 | 1317 | 1969 | 3024 => Cause::Timeout,
                _ => Cause::Other,
            };
            DataError::database(cause, error.message)
        }
        mysql_async::Error::Io(error) => {
            DataError::unreachable(format!("could not reach the MySQL server: {error}"))
        }
        other => DataError::unreachable(format!("the MySQL connection failed: {other}")),
    }
}
