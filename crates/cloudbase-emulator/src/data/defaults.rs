//! The values of a new row: what was given, and the defaults of what was not.

use super::catalog::{Column, DefaultValue};
use super::engine::Dialect;
use super::error::{Cause, DataError};
use super::expression::{self, SqlMode, SqlSession, evaluate};
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
    insert_value_in(&SqlMode::default(), dialect, column, given, row, now_ms)
}

/// The same in an SQL mode of a script's own.
pub(crate) fn insert_value_in(
    mode: &SqlMode,
    dialect: Dialect,
    column: &Column,
    given: Option<Given>,
    row: usize,
    now_ms: i64,
) -> Result<InsertValue, DataError> {
    let Some(given) = given else {
        return default(dialect, column, row, now_ms);
    };
    if let Given::String(text) = &given
        && let Some(date) = zero_date(mode, column, text)
    {
        return Ok(InsertValue::Cell(date));
    }
    let cell = to_cell(column, given, row)?;
    check_engine(dialect, column, &cell)?;
    if cell == Cell::Null && !column.nullable {
        // NULL asks for the next number.
        if column.auto_increment {
            return Ok(InsertValue::Default);
        }
        return Err(cannot_be_null(column));
    }
    // So does 0, as a rule.
    if column.auto_increment && cell == Cell::Int(0) && mode.zero_is_next_id() {
        return Ok(InsertValue::Default);
    }
    Ok(InsertValue::Cell(cell))
}

fn cannot_be_null(column: &Column) -> DataError {
    DataError::database(
        Cause::Other,
        format!("Column '{}' cannot be null", column.name),
    )
}

/// Rejects a value that the embedded engine would lose.
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

/// A date with zeros in it, if the mode takes it.
pub(crate) fn zero_date(mode: &SqlMode, column: &Column, text: &str) -> Option<Cell> {
    let (date, is_whole) = temporal::zero(&column.kind, text)?;
    let is_taken = if is_whole {
        mode.takes_zero_dates()
    } else {
        mode.takes_zeros_in_dates()
    };
    is_taken.then_some(Cell::Text(date))
}

/// What the column gets of itself.
pub(crate) fn default(
    dialect: Dialect,
    column: &Column,
    row: usize,
    now_ms: i64,
) -> Result<InsertValue, DataError> {
    if column.auto_increment || dialect == Dialect::MySql {
        return Ok(InsertValue::Default);
    }
    match &column.default {
        // The mode in which the table was made took it.
        Some(DefaultValue::Constant(Some(text))) => match temporal::zero(&column.kind, text) {
            Some((date, _)) => Ok(InsertValue::Cell(Cell::Text(date))),
            None => to_cell(column, Given::String(text.clone()), row).map(InsertValue::Cell),
        },
        Some(DefaultValue::Computed(sql)) => {
            let value = evaluate(&expression::parse(sql)?, &SqlSession::new(now_ms))?;
            let cell = to_cell(column, value.given(column)?, row)?;
            if cell == Cell::Null && !column.nullable {
                return Err(cannot_be_null(column));
            }
            check_engine(dialect, column, &cell)?;
            Ok(InsertValue::Cell(cell))
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
    let text = temporal::from_unix_micros(now_ms.saturating_mul(1000), fraction);
    Cell::Text(if column.kind == Kind::Date {
        temporal::date_of(&text)
    } else {
        text
    })
}
