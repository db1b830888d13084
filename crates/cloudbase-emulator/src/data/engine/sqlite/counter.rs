//! AUTO_INCREMENT: the numbers that tables give out.
//!
//! SQLite numbers rows only by a key that stands alone. Where the column is part of a longer key or of a secondary one, a
//! trigger fills it in from a counter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::errors::translate;
use crate::data::catalog::{Column, Table};
use crate::data::ddl::counted;
use crate::data::error::DataError;

/// Where the counters are.
const COUNTERS: &str = "__cloudbase_counters";

/// The number that the last statement gave to a row by a counter; 0 for none.
#[derive(Debug, Clone, Default)]
pub(super) struct LastCounted(Arc<AtomicI64>);

impl LastCounted {
    /// Makes the connection report here.
    pub(super) fn register(&self, connection: &Connection) -> rusqlite::Result<()> {
        let last = self.0.clone();
        connection.create_scalar_function(
            "cloudbase_counted",
            1,
            FunctionFlags::SQLITE_UTF8,
            move |context| {
                let number: i64 = context.get(0)?;
                last.store(number, Ordering::Relaxed);
                Ok(number)
            },
        )
    }

    /// The number since this was called last.
    pub(super) fn take(&self) -> Option<i64> {
        Some(self.0.swap(0, Ordering::Relaxed)).filter(|number| *number != 0)
    }
}

/// Makes the place where counters are kept.
pub(super) fn prepare(connection: &Connection) -> Result<(), DataError> {
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {COUNTERS} (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT"
        ))
        .map_err(|error| translate(&error))
}

/// Gives a new table its counter, if it needs one.
pub(super) fn attach(connection: &Connection, table: &Table) -> Result<(), DataError> {
    let Some(column) = counted(table) else {
        return Ok(());
    };
    connection
        .execute(
            &format!("INSERT OR REPLACE INTO {COUNTERS} VALUES (?, 1)"),
            [&table.name],
        )
        .and_then(|_| connection.execute_batch(&trigger(table, column)))
        .map_err(|error| translate(&error))?;
    // Rows of a table that was altered have their numbers, or get them now.
    let (name, id, row) = (quoted(&table.name), quoted(&column.name), row_id(table));
    connection
        .execute_batch(&format!(
            "UPDATE {name} SET {id} = {row} WHERE {id} IS NULL; \
             UPDATE {COUNTERS} SET next = max(next, coalesce((SELECT max({id}) + 1 FROM {name}), 1)) WHERE name = {}",
            text(&table.name)
        ))
        .map_err(|error| translate(&error))
}

fn trigger(table: &Table, column: &Column) -> String {
    let (name, id, row) = (quoted(&table.name), quoted(&column.name), row_id(table));
    let trigger = quoted(&format!("{}.counter", table.name));
    let own = text(&table.name);
    format!(
        "CREATE TRIGGER {trigger} AFTER INSERT ON {name} BEGIN \
         UPDATE {name} SET {id} = cloudbase_counted((SELECT next FROM {COUNTERS} WHERE name = {own})) \
         WHERE {row} = NEW.{row} AND {id} IS NULL; \
         UPDATE {COUNTERS} SET next = max(next, (SELECT {id} FROM {name} WHERE {row} = NEW.{row}) + 1) WHERE name = {own}; \
         END"
    )
}

/// Forgets the counter of a table that is gone.
pub(super) fn detach(connection: &Connection, table: &str) -> Result<(), DataError> {
    connection
        .execute(&format!("DELETE FROM {COUNTERS} WHERE name = ?"), [table])
        .map(drop)
        .map_err(|error| translate(&error))
}

/// The number that the table gives out next, if it gives out any.
pub(super) fn next_id(connection: &Connection, table: &str) -> Result<Option<u64>, DataError> {
    let counted = format!("SELECT next FROM {COUNTERS} WHERE name = ?");
    let read = |sql: &str| {
        connection
            .query_row(sql, [table], |row| row.get::<_, i64>(0))
            .optional()
            .map_err(|error| translate(&error))
    };
    let mut next = read(&counted)?;
    if next.is_none() && is_numbered(connection, table)? {
        next = read("SELECT seq + 1 FROM sqlite_sequence WHERE name = ?")?;
    }
    Ok(next.and_then(|next| u64::try_from(next).ok()))
}

/// Numbers go on from here, or from the greatest in the table if that is more.
pub(super) fn set_next_id(
    connection: &Connection,
    table: &Table,
    next_id: u64,
) -> Result<(), DataError> {
    let next = i64::try_from(next_id).unwrap_or(i64::MAX).max(1);
    let name = &table.name;
    let outcome = if let Some(column) = counted(table) {
        let (table, id) = (quoted(name), quoted(&column.name));
        let set = format!(
            "UPDATE {COUNTERS} SET next = max(?, coalesce((SELECT max({id}) + 1 FROM {table}), 1)) WHERE name = ?"
        );
        connection.execute(&set, params![next, name])
    } else if is_numbered(connection, name)? {
        // SQLite takes the greatest in the table into account by itself.
        connection
            .execute("DELETE FROM sqlite_sequence WHERE name = ?", [name])
            .and_then(|_| {
                let insert = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)";
                connection.execute(insert, params![name, next - 1])
            })
    } else {
        return Ok(());
    };
    outcome.map(drop).map_err(|error| translate(&error))
}

/// Whether SQLite numbers the rows of this table.
fn is_numbered(connection: &Connection, table: &str) -> Result<bool, DataError> {
    connection
        .query_row(
            "SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table' AND name = ?",
            [table],
            |row| row.get(0),
        )
        .optional()
        .map(|is_numbered| is_numbered.unwrap_or(false))
        .map_err(|error| translate(&error))
}

/// A name of SQLite's own for the row that no column has.
fn row_id(table: &Table) -> &'static str {
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|name| table.find(name).is_none())
        .unwrap_or("rowid")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
