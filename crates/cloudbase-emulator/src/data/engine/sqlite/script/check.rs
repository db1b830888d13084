//! What a table must be for SQLite to hold it.

use rusqlite::Connection;

use super::rejected;
use crate::data::catalog::{Kind, Table};
use crate::data::engine::sqlite::errors::translate;
use crate::data::error::{Cause, DataError};

/// Rejects what SQLite could not do truthfully.
pub(super) fn check(table: &Table) -> Result<(), DataError> {
    if table.name.starts_with("__cloudbase_") || table.name.starts_with("sqlite_") {
        return Err(rejected(format!(
            "the table name '{}' is reserved",
            table.name
        )));
    }
    let mut numbered = table.columns.iter().filter(|column| column.auto_increment);
    if let Some(column) = numbered.next() {
        let secondary = table.unique.iter().chain(&table.indexes);
        let mut keys = secondary
            .map(|index| &index.columns)
            .chain([&table.primary_key]);
        let is_key = keys.any(|key| {
            key.first()
                .is_some_and(|first| first.eq_ignore_ascii_case(&column.name))
        });
        if !is_key || numbered.next().is_some() {
            return Err(rejected(
                "Incorrect table definition; there can be only one auto column and it must be defined as a key".to_owned(),
            ));
        }
        if !matches!(column.kind, Kind::Int { .. }) {
            return Err(DataError::not_on_sqlite(format!(
                "AUTO_INCREMENT of column '{}', which is no whole number,",
                column.name
            )));
        }
    }
    Ok(())
}

pub(super) fn check_keys(connection: &Connection) -> Result<(), DataError> {
    let mut statement = connection
        .prepare("PRAGMA foreign_key_check")
        .map_err(|error| translate(&error))?;
    let mut rows = statement.query([]).map_err(|error| translate(&error))?;
    match rows.next().map_err(|error| translate(&error))? {
        None => Ok(()),
        Some(row) => {
            let child: String = row.get(0).unwrap_or_default();
            let parent: String = row.get(2).unwrap_or_default();
            Err(DataError::database(
                Cause::ForeignKey,
                format!("schema: a row of '{child}' points at no row of '{parent}'"),
            ))
        }
    }
}
