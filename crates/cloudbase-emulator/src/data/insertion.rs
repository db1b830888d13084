//! The values of a new row: what was given, and the defaults of what was not.

use super::catalog::{Column, DefaultValue};
use super::engine::Dialect;
use super::error::{Cause, DataError};
use super::temporal;
use super::value::{Cell, Given, to_cell};

/// One value of a row to be inserted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InsertValue {
    Cell(Cell),
    /// The database fills it in.
    Default,
}

/// The value for `column`, `None` meaning that it was not given.
pub(crate) fn insert_value(
    dialect: Dialect,
    column: &Column,
    given: Option<Given>,
    row: usize,
    now_ms: i64,
) -> Result<InsertValue, DataError> {
    let Some(given) = given else {
        return default(dialect, column, row, now_ms);
    };
    let cell = to_cell(column, given, row, now_ms)?;
    check_engine(dialect, column, &cell)?;
    if cell == Cell::Null && !column.nullable {
        // NULL asks for the next number.
        if column.auto_increment {
            return Ok(InsertValue::Default);
        }
        return Err(DataError::database(
            Cause::Other,
            format!("Column '{}' cannot be null", column.name),
        ));
    }
    // So does 0.
    if column.auto_increment && cell == Cell::Int(0) {
        return Ok(InsertValue::Default);
    }
    Ok(InsertValue::Cell(cell))
}

/// Refuses a value that the embedded engine would lose.
pub(crate) fn check_engine(
    dialect: Dialect,
    column: &Column,
    cell: &Cell,
) -> Result<(), DataError> {
    if dialect == Dialect::Sqlite && matches!(cell, Cell::UInt(_)) {
        return Err(DataError::not_on_sqlite(format!(
            "a number above 9223372036854775807 in column '{}'",
            column.name
        )));
    }
    Ok(())
}

fn default(
    dialect: Dialect,
    column: &Column,
    row: usize,
    now_ms: i64,
) -> Result<InsertValue, DataError> {
    if column.auto_increment || dialect == Dialect::MySql {
        return Ok(InsertValue::Default);
    }
    match &column.default {
        Some(DefaultValue::Constant(Some(text))) => {
            to_cell(column, Given::String(text.clone()), row, now_ms).map(InsertValue::Cell)
        }
        Some(DefaultValue::Now) => Ok(InsertValue::Cell(now(column, now_ms))),
        _ if column.nullable => Ok(InsertValue::Cell(Cell::Null)),
        _ => Err(DataError::database(
            Cause::Other,
            format!("Field '{}' doesn't have a default value", column.name),
        )),
    }
}

/// `CURRENT_TIMESTAMP` with the digits of the column.
pub(crate) fn now(column: &Column, now_ms: i64) -> Cell {
    use super::catalog::Kind;
    let fraction = match column.kind {
        Kind::DateTime { fraction } | Kind::Timestamp { fraction } => fraction,
        _ => 0,
    };
    let text = temporal::from_unix_micros(now_ms * 1000, fraction);
    Cell::Text(if column.kind == Kind::Date {
        text[..10].to_owned()
    } else {
        text
    })
}
