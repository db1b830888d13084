//! Values on their way to a MySQL server and back.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Params, Value};

use crate::data::catalog::Kind;
use crate::data::value::Cell;

pub(super) fn params(values: Vec<Cell>) -> Params {
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

pub(super) fn from_mysql(value: Value, column: &mysql_async::Column) -> Cell {
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

/// What JSON needs to know of a column of raw SQL.
pub(super) fn kind(column: &mysql_async::Column) -> Option<Kind> {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_JSON => Some(Kind::Json),
        ColumnType::MYSQL_TYPE_FLOAT => Some(Kind::Float),
        _ => None,
    }
}
