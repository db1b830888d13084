//! `$abs`, `$add`, `$divide`, `$mod`, `$multiply`, `$subtract`: numbers and dates.

use bson::{Bson, DateTime};

use super::{
    super::{
        number::Number,
        rejection::{Rejection, Result, reject},
    },
    Value,
    accumulator::Sum,
    operator::{ANY, NULL, ONE, Operands, Positional, TWO, is_null, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$abs", ONE, abs),
    positional("$add", ANY, add_all),
    positional("$divide", TWO, divide),
    positional("$mod", TWO, modulo),
    positional("$multiply", ANY, multiply),
    positional("$subtract", TWO, subtract),
];

/// What two numbers are combined by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

/// Combines two numbers in the wider of their types; what an int32 cannot hold becomes an int64. `None` if an int64 cannot
/// hold it, either.
pub(in super::super) fn combine(
    operator: &str,
    arithmetic: Arithmetic,
    left: Number,
    right: Number,
) -> Result<Option<Number>> {
    Ok(match (left, right) {
        (Number::Decimal(_), _) | (_, Number::Decimal(_)) => return Err(no_decimals(operator)),
        (Number::Double(_), _) | (_, Number::Double(_)) => {
            let (left, right) = (left.to_f64(), right.to_f64());
            Some(Number::Double(match arithmetic {
                Arithmetic::Add => left + right,
                Arithmetic::Subtract => left - right,
                Arithmetic::Multiply => left * right,
            }))
        }
        (left @ (Number::Int(_) | Number::Long(_)), right @ (Number::Int(_) | Number::Long(_))) => {
            let narrow = matches!((left, right), (Number::Int(_), Number::Int(_)));
            let (left, right) = (
                left.truncated().unwrap_or_default(),
                right.truncated().unwrap_or_default(),
            );
            let result = match arithmetic {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Subtract => left.checked_sub(right),
                Arithmetic::Multiply => left.checked_mul(right),
            };
            result.map(|result| integer(result, narrow))
        }
    })
}

fn or_double(
    operator: &str,
    arithmetic: Arithmetic,
    left: Number,
    right: Number,
) -> Result<Number> {
    match combine(operator, arithmetic, left, right)? {
        Some(result) => Ok(result),
        None => {
            let (left, right) = (
                Number::Double(left.to_f64()),
                Number::Double(right.to_f64()),
            );
            Ok(combine(operator, arithmetic, left, right)?.unwrap_or(Number::Double(f64::NAN)))
        }
    }
}

/// An int32 if the operands were and it holds the value, else an int64.
pub(super) fn integer(value: i64, narrow: bool) -> Number {
    match i32::try_from(value) {
        Ok(value) if narrow => Number::Int(value),
        _ => Number::Long(value),
    }
}

pub(super) fn no_decimals(operator: &str) -> Rejection {
    Rejection::new(format!(
        "{operator}: arithmetic on Decimal128 is not supported by the emulator"
    ))
}

fn abs(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    Ok(some(match operands.number(0)? {
        Number::Int(value) => integer(i64::from(value).abs(), true),
        Number::Long(value) => match value.checked_abs() {
            Some(value) => Number::Long(value),
            None => reject!("$abs: an int64 cannot hold the result"),
        },
        Number::Double(value) => Number::Double(value.abs()),
        Number::Decimal(_) => return Err(no_decimals("$abs")),
    }))
}

fn add_all(operands: &Operands<'_>) -> Result<Value> {
    let mut sum = Sum::new("$add");
    let mut date = None;
    for value in operands.values {
        match value {
            Some(Bson::DateTime(_)) if date.is_some() => {
                reject!("$add: only one date can be added")
            }
            Some(Bson::DateTime(value)) => date = Some(value.timestamp_millis()),
            value if is_null(value.as_ref()) => return Ok(NULL),
            Some(value) => match Number::from_bson(value) {
                Some(number) => sum.add(number)?,
                None => return Err(operands.wrong(value, "a number or a date")),
            },
            None => return Ok(NULL),
        }
    }
    match date {
        Some(date) => shift(date, sum.total(), 1),
        None => Ok(some(sum.total())),
    }
}

/// A date moved by milliseconds.
fn shift(date: i64, by: Number, sign: i64) -> Result<Value> {
    let by = match by {
        Number::Double(value) => Number::Double(value.round()),
        by => by,
    };
    by.truncated()
        .and_then(|by| by.checked_mul(sign))
        .and_then(|by| date.checked_add(by))
        .map(|date| some(DateTime::from_millis(date)))
        .ok_or_else(|| Rejection::new("the date is out of range"))
}

fn subtract(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    match (operands.get(0), operands.get(1)) {
        (Some(Bson::DateTime(left)), Some(Bson::DateTime(right))) => left
            .timestamp_millis()
            .checked_sub(right.timestamp_millis())
            .map(some)
            .ok_or_else(|| {
                Rejection::new("$subtract: the difference of the dates is out of range")
            }),
        (Some(Bson::DateTime(date)), _) => shift(date.timestamp_millis(), operands.number(1)?, -1),
        _ => or_double(
            "$subtract",
            Arithmetic::Subtract,
            operands.number(0)?,
            operands.number(1)?,
        )
        .map(some),
    }
}

fn multiply(operands: &Operands<'_>) -> Result<Value> {
    let mut product = Number::Int(1);
    for index in 0..operands.values.len() {
        if operands.is_null(index) {
            return Ok(NULL);
        }
        let factor = operands.number(index)?;
        product = or_double("$multiply", Arithmetic::Multiply, product, factor)?;
    }
    Ok(some(product))
}

fn divide(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let (dividend, divisor) = (operands.number(0)?, operands.number(1)?);
    if matches!(dividend, Number::Decimal(_)) || matches!(divisor, Number::Decimal(_)) {
        return Err(no_decimals("$divide"));
    }
    if divisor.is_zero() {
        reject!("$divide: cannot divide by zero");
    }
    Ok(some(dividend.to_f64() / divisor.to_f64()))
}

fn modulo(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let (dividend, divisor) = (operands.number(0)?, operands.number(1)?);
    if divisor.is_zero() {
        reject!("$mod: cannot divide by zero");
    }
    Ok(some(match (dividend, divisor) {
        (Number::Decimal(_), _) | (_, Number::Decimal(_)) => return Err(no_decimals("$mod")),
        (Number::Double(_), _) | (_, Number::Double(_)) => {
            Number::Double(dividend.to_f64() % divisor.to_f64())
        }
        (dividend, divisor) => {
            let narrow = matches!((dividend, divisor), (Number::Int(_), Number::Int(_)));
            let (dividend, divisor) = (
                dividend.truncated().unwrap_or_default(),
                divisor.truncated().unwrap_or(1),
            );
            integer(dividend.wrapping_rem(divisor), narrow)
        }
    }))
}
