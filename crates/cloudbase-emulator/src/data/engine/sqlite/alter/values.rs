//! The values of the rows that are there when a table changes.

use rusqlite::{Connection, params_from_iter};

use crate::data::catalog::{Column, Kind};
use crate::data::defaults::{InsertValue, insert_value};
use crate::data::engine::sqlite::errors::translate;
use crate::data::engine::sqlite::session::from_sqlite;
use crate::data::engine::{Dialect, Statement};
use crate::data::error::DataError;
use crate::data::value::{Cell, Given};

/// Copies rows of which some columns change their type.
pub(super) fn convert(
    connection: &Connection,
    columns: &[(&Column, bool)],
    insert: &str,
    rows: &Statement,
    now_ms: i64,
) -> Result<(), DataError> {
    let failed = |error: rusqlite::Error| translate(&error);
    let mut insert = connection.prepare(insert).map_err(failed)?;
    let mut select = connection.prepare(&rows.sql).map_err(failed)?;
    let mut rows = select
        .query(params_from_iter(&rows.values))
        .map_err(failed)?;
    let mut number = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        number += 1;
        let mut cells = Vec::with_capacity(columns.len());
        for (at, (column, is_converted)) in columns.iter().enumerate() {
            let cell = from_sqlite(row.get_ref(at).map_err(failed)?);
            cells.push(match is_converted {
                true => converted(cell, column, number, now_ms)?,
                false => cell,
            });
        }
        insert.execute(params_from_iter(&cells)).map_err(failed)?;
    }
    Ok(())
}

/// What becomes of a value in a column of another type.
fn converted(cell: Cell, column: &Column, row: usize, now_ms: i64) -> Result<Cell, DataError> {
    let given = match cell {
        Cell::Null => return Ok(Cell::Null),
        Cell::Int(value) => Given::Number(value.to_string()),
        Cell::UInt(value) => Given::Number(value.to_string()),
        Cell::Real(value) => Given::Number(value.to_string()),
        Cell::Text(text) => Given::String(text),
        Cell::Bytes(_) => {
            return Err(DataError::not_on_sqlite(format!(
                "changing the type of the binary column '{}' with rows in it",
                column.name
            )));
        }
    };
    match insert_value(Dialect::Sqlite, column, Some(given), row, now_ms)? {
        InsertValue::Cell(cell) => Ok(cell),
        InsertValue::Default => Ok(Cell::Null),
    }
}

/// What a new column holds in the rows that are there: its default, or what MySQL takes for none.
pub(super) fn initial(column: &Column, now_ms: i64) -> Result<Cell, DataError> {
    let implicit = match &column.kind {
        _ if column.nullable || column.default.is_some() => None,
        Kind::Enum(members) => members.first().cloned(),
        Kind::Int { .. }
        | Kind::Bit(_)
        | Kind::Decimal { .. }
        | Kind::Float
        | Kind::Double
        | Kind::Year => Some("0".to_owned()),
        Kind::Char(_) | Kind::VarChar(_) | Kind::Text(_) | Kind::Set(_) => Some(String::new()),
        Kind::Binary(_) | Kind::Blob(_) => Some(String::new()),
        // Strict mode has none for these; without rows it does not matter.
        Kind::Date
        | Kind::DateTime { .. }
        | Kind::Timestamp { .. }
        | Kind::Time { .. }
        | Kind::Json
        | Kind::Other(_) => return Ok(Cell::Null),
    };
    match insert_value(
        Dialect::Sqlite,
        column,
        implicit.map(Given::String),
        1,
        now_ms,
    )? {
        InsertValue::Cell(cell) => Ok(cell),
        InsertValue::Default => Ok(Cell::Null),
    }
}
