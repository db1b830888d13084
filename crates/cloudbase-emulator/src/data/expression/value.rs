//! A value that an expression has, and what a column makes of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::{DataError, invalid};
use crate::data::catalog::{Column, Kind};
use crate::data::value::Given;

/// The value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SqlValue {
    Null,
    /// TRUE and FALSE: numbers, but for JSON.
    Bool(bool),
    /// An exact number as MySQL prints it.
    Number(String),
    Real(f64),
    Text(String),
    /// A date, a time or both, as MySQL prints them; among numbers, their digits.
    Moment(String),
    /// A string of bytes.
    Bytes(Vec<u8>),
    /// `0x…` and `b'…'`: bytes, and a whole number where a number is called for.
    Bits(Vec<u8>),
    Json(Json),
}

impl SqlValue {
    /// The value as text; `None` for NULL. Bytes that are not UTF-8 are replaced.
    pub(crate) fn to_text(&self) -> Option<String> {
        let bytes = self.to_bytes()?;
        Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// The bytes of the value as text; `None` for NULL.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => vec![b'0' + u8::from(*value)],
            Self::Number(text) | Self::Text(text) | Self::Moment(text) => text.clone().into_bytes(),
            Self::Real(value) => printed(*value).into_bytes(),
            Self::Bytes(bytes) | Self::Bits(bytes) => bytes.clone(),
            Self::Json(value) => value.to_string().into_bytes(),
        })
    }

    /// Whether the value as text is a string of bytes.
    pub(super) fn is_binary(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Bits(_))
    }

    /// A text that is a JSON document.
    pub(super) fn parsed_json(self) -> Result<Self, DataError> {
        match self.to_text() {
            None => Ok(Self::Null),
            Some(text) => serde_json::from_str(&text)
                .map(Self::Json)
                .map_err(|error| invalid(format!("Invalid JSON text: {error}"))),
        }
    }

    /// The value as a member of a JSON document.
    pub(super) fn into_json(self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => value.into(),
            Self::Number(text) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
            Self::Real(value) => value.into(),
            Self::Text(text) | Self::Moment(text) => text.into(),
            Self::Bytes(bytes) | Self::Bits(bytes) => {
                format!("base64:type253:{}", STANDARD.encode(bytes)).into()
            }
            Self::Json(value) => value,
        }
    }

    /// What is given to `column`.
    pub(crate) fn given(self, column: &Column) -> Result<Given, DataError> {
        use Kind::{Binary, Bit, Blob, Decimal, Double, Enum, Float, Int, Time, Year};
        Ok(match (self, &column.kind) {
            (Self::Null, _) => Given::Null,
            (Self::Bits(bytes), Int { .. } | Bit(_) | Decimal { .. } | Float | Double | Year) => {
                Given::Number(whole(&bytes, column)?)
            }
            // A string is its bytes, and those are the bits.
            (Self::Text(text), Bit(_)) => Given::Number(whole(text.as_bytes(), column)?),
            (Self::Bytes(bytes), Bit(_)) => Given::Number(whole(&bytes, column)?),
            (value, Binary(_) | Blob(_)) => Given::Bytes(value.to_bytes().unwrap_or_default()),
            (Self::Bool(value), _) => Given::Bool(value),
            (Self::Bytes(_) | Self::Bits(_), Kind::Json) => {
                return Err(invalid(format!(
                    "Cannot create a JSON value from a string with CHARACTER SET 'binary' (column '{}')",
                    column.name
                )));
            }
            (Self::Text(document), Kind::Json) => Given::Composite(document),
            (Self::Json(document), Kind::Json) => Given::Composite(document.to_string()),
            (Self::Number(place), Enum(members)) => {
                let member = place
                    .parse()
                    .ok()
                    .and_then(|place: usize| members.get(place.checked_sub(1)?));
                let member = member.ok_or_else(|| truncated(column))?;
                Given::String(member.clone())
            }
            (Self::Number(text), _) => Given::Number(text),
            (Self::Real(value), _) => Given::Number(printed(value)),
            (Self::Moment(text), Int { .. } | Decimal { .. } | Float | Double) => {
                Given::Number(digits(&text))
            }
            (Self::Moment(text), Time { .. }) => {
                Given::String(text.rsplit(' ').next().unwrap_or_default().to_owned())
            }
            (Self::Text(text) | Self::Moment(text), _) => Given::String(text),
            (Self::Json(document), _) => Given::String(document.to_string()),
            (Self::Bytes(bytes) | Self::Bits(bytes), _) => {
                let text = String::from_utf8(bytes).map_err(|_| {
                    invalid(format!(
                        "Incorrect string value for column '{}'",
                        column.name
                    ))
                })?;
                Given::String(text)
            }
        })
    }
}

/// A floating-point number as MySQL prints it.
fn printed(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-15..1e15).contains(&size) => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// Bytes as a whole number, the first the highest.
pub(super) fn to_whole(bytes: &[u8]) -> Option<u64> {
    let first = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    let significant = &bytes[first..];
    (significant.len() <= 8).then(|| {
        significant
            .iter()
            .fold(0, |number, byte| (number << 8) | u64::from(*byte))
    })
}

fn whole(bytes: &[u8], column: &Column) -> Result<String, DataError> {
    to_whole(bytes)
        .map(|number| number.to_string())
        .ok_or_else(|| invalid(format!("Data too long for column '{}'", column.name)))
}

/// The digits of a moment, which are its number: 20240102030405.
pub(super) fn digits(moment: &str) -> String {
    moment
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect()
}

fn truncated(column: &Column) -> DataError {
    invalid(format!("Data truncated for column '{}'", column.name))
}
