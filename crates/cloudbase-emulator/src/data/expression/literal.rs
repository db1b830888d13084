//! Literals: strings with introducers, bytes in hexadecimal and binary, typed dates.

use sqlparser::ast::{DataType, Expr, TypedString, Value};

use super::{DataError, SqlValue, invalid, unknown};
use crate::data::catalog::Kind;
use crate::data::temporal;

/// A literal that stands alone.
pub(super) fn plain(value: &Value) -> Result<SqlValue, DataError> {
    Ok(match value {
        Value::Null => SqlValue::Null,
        Value::Boolean(value) => SqlValue::Bool(*value),
        Value::Number(number, _) => numeric(number)?,
        Value::SingleQuotedString(text)
        | Value::DoubleQuotedString(text)
        | Value::NationalStringLiteral(text) => SqlValue::Text(text.clone()),
        Value::HexStringLiteral(digits) => hexadecimal(digits)?,
        Value::SingleQuotedByteStringLiteral(digits) => binary(digits)?,
        other => return Err(DataError::not_on_sqlite(format!("the literal `{other}`"))),
    })
}

/// `_binary '…'`, `_utf8mb4 '…'`: the name says how the bytes of the string are read.
pub(super) fn introduced(name: &str, literal: &Expr) -> Result<SqlValue, DataError> {
    let Expr::Value(literal) = literal else {
        return Err(unknown(literal));
    };
    let value = plain(&literal.value)?;
    let bytes = match &value {
        SqlValue::Text(text) => text.as_bytes(),
        SqlValue::Bits(bytes) => bytes,
        _ => return Err(unknown(&Expr::Value(literal.clone()))),
    };
    match name.to_ascii_lowercase().as_str() {
        "_binary" => Ok(SqlValue::Bytes(bytes.to_vec())),
        "_utf8mb4" | "_utf8mb3" | "_utf8" | "_ascii" => String::from_utf8(bytes.to_vec())
            .map(SqlValue::Text)
            .map_err(|_| invalid(format!("Invalid {} character string", &name[1..]))),
        // The letters that these character sets share.
        "_latin1" | "_gbk" | "_gb2312" | "_big5" if bytes.is_ascii() => {
            Ok(SqlValue::Text(String::from_utf8_lossy(bytes).into_owned()))
        }
        _ => Err(DataError::not_on_sqlite(format!("the introducer `{name}`"))),
    }
}

/// `DATE '2024-01-02'`, `TIMESTAMP '…'`, `TIME '…'`.
pub(super) fn typed(typed: &TypedString) -> Result<SqlValue, DataError> {
    let kind = match typed.data_type {
        DataType::Date => Kind::Date,
        DataType::Timestamp(..) => Kind::DateTime { fraction: 6 },
        DataType::Time(..) => Kind::Time { fraction: 6 },
        _ => return Err(DataError::not_on_sqlite(format!("`{typed}`"))),
    };
    let text = typed.value.value.clone().into_string().unwrap_or_default();
    temporal::canonical(&kind, &text)
        .map(|moment| {
            let whole = moment.strip_suffix(".000000").unwrap_or(&moment);
            SqlValue::Moment(whole.to_owned())
        })
        .ok_or_else(|| invalid(format!("Incorrect {} value: '{text}'", typed.data_type)))
}

/// The same number with the other sign.
pub(super) fn negative(value: SqlValue) -> Result<SqlValue, DataError> {
    Ok(match value {
        SqlValue::Null => SqlValue::Null,
        SqlValue::Number(number) => SqlValue::Number(match number.strip_prefix('-') {
            Some(number) => number.to_owned(),
            None => format!("-{number}"),
        }),
        SqlValue::Real(number) => SqlValue::Real(-number),
        other => match super::arithmetic::number(&other)? {
            Some(number) => negative(number.into_value())?,
            None => SqlValue::Null,
        },
    })
}

/// A number without a digit that says nothing, but for those behind the point.
fn numeric(number: &str) -> Result<SqlValue, DataError> {
    if number.contains(['e', 'E']) {
        let value = number.parse().ok().filter(|value: &f64| value.is_finite());
        return value.map(SqlValue::Real).ok_or_else(|| {
            invalid(format!(
                "Illegal double '{number}' value found during parsing"
            ))
        });
    }
    let number = number.trim_start_matches('0').trim_end_matches('.');
    let zero = if number.is_empty() || number.starts_with('.') {
        "0"
    } else {
        ""
    };
    Ok(SqlValue::Number(format!("{zero}{number}")))
}

fn hexadecimal(digits: &str) -> Result<SqlValue, DataError> {
    let even = if digits.len() % 2 == 1 {
        format!("0{digits}")
    } else {
        digits.to_owned()
    };
    hex::decode(even)
        .map(SqlValue::Bits)
        .map_err(|_| invalid(format!("X'{digits}' is not hexadecimal")))
}

fn binary(digits: &str) -> Result<SqlValue, DataError> {
    if !digits.bytes().all(|digit| matches!(digit, b'0' | b'1')) {
        return Err(invalid(format!("b'{digits}' is not binary")));
    }
    let bytes = digits.as_bytes().rchunks(8).rev().map(|chunk| {
        chunk
            .iter()
            .fold(0, |byte, digit| (byte << 1) | (digit - b'0'))
    });
    Ok(SqlValue::Bits(bytes.collect()))
}
