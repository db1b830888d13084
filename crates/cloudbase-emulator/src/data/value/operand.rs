//! What a filter compares a column with.

use super::{Cell, decode, temporal_name};
use crate::data::catalog::{Column, Kind};
use crate::data::decimal::Decimal;
use crate::data::error::{Cause, DataError};
use crate::data::temporal;

/// The value of a filter, ready to be compared with `column`.
///
/// With `strict` (writes) text that is no number is rejected for a numeric column, as MySQL's strict
/// mode does; without (reads) its numeric prefix counts, as MySQL does too.
pub(crate) fn to_operand(column: &Column, text: &str, strict: bool) -> Result<Cell, DataError> {
    let number = |text: &str| match text {
        "true" => Ok(Decimal::prefix("1")),
        "false" => Ok(Decimal::prefix("0")),
        text => match Decimal::parse(text) {
            Some(number) => Ok(number),
            None if strict => Err(DataError::database(
                Cause::Other,
                format!(
                    "Truncated incorrect DOUBLE value: '{}'",
                    text.chars().take(64).collect::<String>()
                ),
            )),
            None => Ok(Decimal::prefix(text)),
        },
    };
    Ok(match &column.kind {
        Kind::Int { .. } | Kind::Year | Kind::Bit(_) => {
            let number = number(text)?;
            match number
                .to_whole()
                .map(|whole| (i64::try_from(whole), u64::try_from(whole)))
            {
                Some((Ok(value), _)) => Cell::Int(value),
                Some((_, Ok(value))) => Cell::UInt(value),
                _ => Cell::Real(number.to_f64()),
            }
        }
        Kind::Decimal { .. } => Cell::Text(number(text)?.to_string()),
        Kind::Float | Kind::Double => Cell::Real(number(text)?.to_f64()),
        Kind::Date => match temporal::time_of_day(text) {
            Some(datetime) => Cell::Text(datetime),
            None => temporal_operand(column, text)?,
        },
        Kind::DateTime { .. } | Kind::Timestamp { .. } => {
            precise_operand(column, Kind::DateTime { fraction: 6 }, text)?
        }
        Kind::Time { .. } => precise_operand(column, Kind::Time { fraction: 6 }, text)?,
        Kind::Binary(_) | Kind::Blob(_) => Cell::Bytes(decode(column, text)?),
        Kind::Char(_)
        | Kind::VarChar(_)
        | Kind::Text(_)
        | Kind::Enum(_)
        | Kind::Set(_)
        | Kind::Json
        | Kind::Other(_) => Cell::Text(text.to_owned()),
    })
}

/// A filter is not rounded to the column's fraction: at least as many digits as the column prints,
/// so that equal times are equal texts, and further ones only where they are not zero.
fn precise_operand(column: &Column, precise: Kind, text: &str) -> Result<Cell, DataError> {
    let shown = match column.kind {
        Kind::DateTime { fraction } | Kind::Timestamp { fraction } | Kind::Time { fraction } => {
            usize::from(fraction)
        }
        _ => 0,
    };
    let mut text =
        temporal::canonical(&precise, text).ok_or_else(|| incorrect_operand(&column.kind, text))?;
    if let Some(point) = text.find('.') {
        while text.len() > point + 1 + shown && text.ends_with('0') {
            text.pop();
        }
        if text.ends_with('.') {
            text.pop();
        }
    }
    Ok(Cell::Text(text))
}

fn temporal_operand(column: &Column, text: &str) -> Result<Cell, DataError> {
    temporal::canonical(&column.kind, text)
        .map(Cell::Text)
        .ok_or_else(|| incorrect_operand(&column.kind, text))
}

fn incorrect_operand(kind: &Kind, text: &str) -> DataError {
    DataError::database(
        Cause::Other,
        format!(
            "Incorrect {} value: '{}'",
            temporal_name(kind).to_ascii_uppercase(),
            text.chars().take(64).collect::<String>()
        ),
    )
}
