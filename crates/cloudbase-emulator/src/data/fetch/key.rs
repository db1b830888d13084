//! Values as keys: how rows of two tables find each other.

use crate::data::catalog::{Column, Kind};
use crate::data::decimal::Decimal;
use crate::data::value::Cell;

/// A value in a form in which equal values are the same, as the column compares them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Null,
    Number(i128),
    Bits(u64),
    Text(String),
    Weights(Vec<u32>),
    Bytes(Vec<u8>),
}

/// The key of a value of `column`.
pub(crate) fn join_key(column: &Column, cell: &Cell) -> Key {
    match cell {
        Cell::Null => Key::Null,
        Cell::Int(value) => Key::Number((*value).into()),
        Cell::UInt(value) => Key::Number((*value).into()),
        Cell::Real(value) => Key::Bits(value.to_bits()),
        Cell::Bytes(bytes) => Key::Bytes(bytes.clone()),
        Cell::Text(text) => match column.kind {
            Kind::Decimal { .. } => Key::Text(Decimal::prefix(text).to_string()),
            Kind::Char(_) | Kind::VarChar(_) | Kind::Text(_) | Kind::Enum(_) | Kind::Set(_) => {
                Key::Weights(column.collation.key(text))
            }
            _ => Key::Text(text.clone()),
        },
    }
}
