//! Values on their way between JSON and SQL, with MySQL's strict rules for each type of column.

mod operand;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::catalog::{Column, Kind};
use super::collation::Collation;
use super::decimal::Decimal;
use super::error::DataError;
use super::temporal;

pub(crate) use self::operand::to_operand;

/// One value of a row, in the few shapes that both engines know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    UInt(u64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Cell> for sea_query::Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::String(None),
            Cell::Int(value) => Self::BigInt(Some(value)),
            Cell::UInt(value) => Self::BigUnsigned(Some(value)),
            Cell::Real(value) => Self::Double(Some(value)),
            Cell::Text(value) => Self::String(Some(value)),
            Cell::Bytes(value) => Self::Bytes(Some(value)),
        }
    }
}

/// A JSON value as it came, its digits untouched.
pub(crate) enum Given {
    Null,
    Bool(bool),
    /// The number's own text.
    Number(String),
    String(String),
    /// An object or array, as text.
    Composite(String),
    /// Bytes for a binary column; only SQL says them.
    Bytes(Vec<u8>),
}

impl Given {
    /// Looks at a JSON value.
    pub(crate) fn new(raw: &RawValue) -> Self {
        let text = raw.get().trim();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => serde_json::from_str(text).map_or(Self::Null, Self::String),
            Some(b'{' | b'[') => Self::Composite(text.to_owned()),
            _ => Self::Number(text.to_owned()),
        }
    }

    /// Looks at a JSON value that is a tree already.
    pub(crate) fn from_value(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(value) => Self::Number(value.to_string()),
            serde_json::Value::String(value) => Self::String(value.clone()),
            other => Self::Composite(other.to_string()),
        }
    }
}

/// The value to store in `column`, under MySQL's strict mode. `row` counts from 1, for the message.
pub(crate) fn to_cell(column: &Column, given: Given, row: usize) -> Result<Cell, DataError> {
    let name = &column.name;
    let text = match given {
        Given::Null => return Ok(Cell::Null),
        Given::Composite(json) if column.kind == Kind::Json => {
            return normalize_json(column, &json);
        }
        Given::Bytes(bytes) => return binary(column, bytes, row),
        Given::Composite(_) => {
            return Err(DataError::invalid_request(format!(
                "column '{name}' does not take an object or array"
            )));
        }
        // Anything but an object is a document of its own: 1, true, "text".
        Given::Bool(value) if column.kind == Kind::Json => {
            return Ok(Cell::Text(value.to_string()));
        }
        Given::Number(text) if column.kind == Kind::Json => return normalize_json(column, &text),
        Given::String(text) if column.kind == Kind::Json => {
            return Ok(Cell::Text(serde_json::Value::String(text).to_string()));
        }
        Given::Bool(value) => if value { "1" } else { "0" }.to_owned(),
        Given::Number(text) | Given::String(text) => text,
    };
    match &column.kind {
        Kind::Int { bits, unsigned } => integer(column, &text, *bits, *unsigned, row),
        Kind::Year => {
            let cell = integer(column, &text, 16, true, row)?;
            match cell {
                Cell::Int(0 | 1901..=2155) => Ok(cell),
                _ => Err(out_of_range(column, row)),
            }
        }
        Kind::Bit(bits) => integer(column, &text, *bits, true, row),
        Kind::Decimal {
            precision,
            scale,
            unsigned,
        } => {
            let number =
                Decimal::parse(&text).ok_or_else(|| incorrect("decimal", column, &text, row))?;
            if *unsigned && number.is_negative() {
                return Err(out_of_range(column, row));
            }
            number
                .fit(*precision, *scale)
                .map(Cell::Text)
                .ok_or_else(|| out_of_range(column, row))
        }
        Kind::Float | Kind::Double => {
            let number =
                Decimal::parse(&text).ok_or_else(|| incorrect("double", column, &text, row))?;
            if column.positive && number.is_negative() {
                return Err(out_of_range(column, row));
            }
            let number = match column.digits {
                Some(digits) => {
                    rounded(number.to_f64(), digits).ok_or_else(|| out_of_range(column, row))?
                }
                None => number.to_f64(),
            };
            let number = if column.kind == Kind::Float {
                f64::from(number as f32)
            } else {
                number
            };
            if number.is_finite() {
                Ok(Cell::Real(number))
            } else {
                Err(out_of_range(column, row))
            }
        }
        Kind::Char(length) => {
            let text = text.trim_end_matches(' ');
            fits(column, text.chars().count() as u64, u64::from(*length), row)?;
            Ok(Cell::Text(text.to_owned()))
        }
        Kind::VarChar(length) => {
            // Blanks that do not fit are cut without a word.
            let kept = match text.char_indices().nth(*length as usize) {
                Some((end, _)) if text[end..].bytes().all(|b| b == b' ') => text[..end].to_owned(),
                Some(_) => return Err(too_long(column, row)),
                None => text,
            };
            Ok(Cell::Text(kept))
        }
        Kind::Text(bytes) => {
            fits(column, text.len() as u64, *bytes, row)?;
            Ok(Cell::Text(text))
        }
        Kind::Binary(_) | Kind::Blob(_) => binary(column, decode(column, &text)?, row),
        Kind::Date | Kind::DateTime { .. } | Kind::Timestamp { .. } | Kind::Time { .. } => {
            temporal::canonical(&column.kind, &text)
                .map(Cell::Text)
                .ok_or_else(|| incorrect(temporal_name(&column.kind), column, &text, row))
        }
        Kind::Enum(members) => members
            .iter()
            .find(|member| column.collation.compare(member, &text).is_eq())
            .map(|member| Cell::Text(member.clone()))
            .ok_or_else(|| {
                DataError::database(
                    super::error::Cause::Other,
                    format!("Data truncated for column '{name}' at row {row}"),
                )
            }),
        Kind::Set(members) => set_members(column.collation, members, &text)
            .map(Cell::Text)
            .ok_or_else(|| {
                DataError::database(
                    super::error::Cause::Other,
                    format!("Data truncated for column '{name}' at row {row}"),
                )
            }),
        Kind::Json | Kind::Other(_) => Ok(Cell::Text(text)),
    }
}

/// As a column of limited digits stores a number: `None` if there are too many before the point.
fn rounded(number: f64, (all, behind): (u8, u8)) -> Option<f64> {
    let unit = 10f64.powi(behind.into());
    let whole = number.floor();
    // MySQL rounds the part behind the point alone, and a half to the even neighbour.
    let number = whole + ((number - whole) * unit).round_ties_even() / unit;
    let most = 10f64.powi(i32::from(all) - i32::from(behind)) - 1.0 / unit;
    (number.abs() <= most).then_some(number)
}

/// The members of a SET that a text names, in their own order; a number is a sum of their bits.
fn set_members(collation: Collation, members: &[String], text: &str) -> Option<String> {
    let given: Vec<&str> = text.split(',').collect();
    let is_named = |member: &String| {
        given
            .iter()
            .any(|given| collation.compare(member, given).is_eq())
    };
    let is_member = |given: &&str| {
        members
            .iter()
            .any(|member| collation.compare(member, given).is_eq())
    };
    let chosen: Vec<&str> = match text.parse::<u64>() {
        _ if text.is_empty() => Vec::new(),
        _ if given.iter().all(is_member) => {
            let named = members.iter().filter(|member| is_named(member));
            named.map(String::as_str).collect()
        }
        Ok(bits) if bits >> members.len().min(63) == 0 => {
            let set = members.iter().enumerate();
            set.filter(|(place, _)| bits >> place & 1 == 1)
                .map(|(_, member)| member.as_str())
                .collect()
        }
        _ => return None,
    };
    Some(chosen.join(","))
}

fn binary(column: &Column, mut bytes: Vec<u8>, row: usize) -> Result<Cell, DataError> {
    match column.kind {
        Kind::Binary(length) => {
            fits(column, bytes.len() as u64, length.into(), row)?;
            bytes.resize(length as usize, 0);
        }
        Kind::Blob(length) => fits(column, bytes.len() as u64, length, row)?,
        _ => {
            return Err(DataError::invalid_request(format!(
                "column '{}' does not take bytes",
                column.name
            )));
        }
    }
    Ok(Cell::Bytes(bytes))
}

fn integer(
    column: &Column,
    text: &str,
    bits: u8,
    unsigned: bool,
    row: usize,
) -> Result<Cell, DataError> {
    let number = Decimal::parse(text).ok_or_else(|| incorrect("integer", column, text, row))?;
    // MySQL rounds a fraction on its way into a whole column.
    let whole: i128 = number
        .fit(60, 0)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| out_of_range(column, row))?;
    let (least, most) = if unsigned {
        (0, (1i128 << bits) - 1)
    } else {
        (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
    };
    if !(least..=most).contains(&whole) {
        return Err(out_of_range(column, row));
    }
    Ok(match i64::try_from(whole) {
        Ok(value) => Cell::Int(value),
        Err(_) => Cell::UInt(u64::try_from(whole).map_err(|_| out_of_range(column, row))?),
    })
}

fn normalize_json(column: &Column, text: &str) -> Result<Cell, DataError> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        DataError::invalid_request(format!(
            "Invalid JSON text for column '{}': {error}",
            column.name
        ))
    })?;
    Ok(Cell::Text(value.to_string()))
}

fn decode(column: &Column, text: &str) -> Result<Vec<u8>, DataError> {
    STANDARD.decode(text).map_err(|_| {
        DataError::invalid_request(format!("binary column '{}' takes base64", column.name))
    })
}

fn fits(column: &Column, length: u64, most: u64, row: usize) -> Result<(), DataError> {
    if length <= most {
        Ok(())
    } else {
        Err(too_long(column, row))
    }
}

fn too_long(column: &Column, row: usize) -> DataError {
    DataError::database(
        super::error::Cause::Other,
        format!("Data too long for column '{}' at row {row}", column.name),
    )
}

fn out_of_range(column: &Column, row: usize) -> DataError {
    DataError::database(
        super::error::Cause::Other,
        format!(
            "Out of range value for column '{}' at row {row}",
            column.name
        ),
    )
}

fn incorrect(kind: &str, column: &Column, text: &str, row: usize) -> DataError {
    DataError::database(
        super::error::Cause::Other,
        format!(
            "Incorrect {kind} value: '{}' for column '{}' at row {row}",
            text.chars().take(64).collect::<String>(),
            column.name
        ),
    )
}

fn temporal_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Date => "date",
        Kind::Time { .. } => "time",
        _ => "datetime",
    }
}

/// A value as the text that [`to_cell`] makes the same value of; NULL is empty.
pub(crate) fn to_text(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Int(value) => value.to_string(),
        Cell::UInt(value) => value.to_string(),
        Cell::Real(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => STANDARD.encode(bytes),
    }
}

/// Writes a value as JSON. `kind` is unknown for results of raw SQL.
pub(crate) fn write_json(out: &mut Vec<u8>, kind: Option<&Kind>, cell: &Cell) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Cell::UInt(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Cell::Real(value) => write_real(out, kind == Some(&Kind::Float), *value),
        Cell::Text(text) if kind == Some(&Kind::Json) => out.extend_from_slice(text.as_bytes()),
        Cell::Text(text) => write_string(out, text),
        Cell::Bytes(bytes) => write_string(out, &STANDARD.encode(bytes)),
    }
}

fn write_real(out: &mut Vec<u8>, single: bool, value: f64) {
    // A whole number is written without a point, as MySQL prints it.
    let text = if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else if !value.is_finite() {
        "null".to_owned()
    } else if single {
        serde_json::to_string(&(value as f32)).unwrap_or_default()
    } else {
        serde_json::to_string(&value).unwrap_or_default()
    };
    out.extend_from_slice(text.as_bytes());
}

/// Writes a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing a string to a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}
