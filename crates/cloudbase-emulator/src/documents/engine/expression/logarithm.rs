//! `$exp`, `$ln`, `$log`, `$log10`, `$pow`, `$sqrt`.

use super::{
    super::{
        number::Number,
        rejection::{Result, reject},
    },
    Value,
    arithmetic::{integer, no_decimals},
    operator::{NULL, ONE, Operands, Positional, TWO, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$exp", ONE, |operands| of_double(operands, f64::exp)),
    positional("$ln", ONE, ln),
    positional("$log", TWO, log),
    positional("$log10", ONE, log10),
    positional("$pow", TWO, pow),
    positional("$sqrt", ONE, sqrt),
];

fn of_double(operands: &Operands<'_>, function: fn(f64) -> f64) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    double(operands, 0).map(|value| some(function(value)))
}

fn double(operands: &Operands<'_>, index: usize) -> Result<f64> {
    match operands.number(index)? {
        Number::Decimal(_) => Err(no_decimals(operands.operator)),
        number => Ok(number.to_f64()),
    }
}

/// A number above 0, or NaN.
fn positive(operands: &Operands<'_>, index: usize) -> Result<f64> {
    let value = double(operands, index)?;
    if value <= 0.0 {
        reject!(
            "{}: expected a positive number, got {value}",
            operands.operator
        );
    }
    Ok(value)
}

fn ln(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    positive(operands, 0).map(|value| some(value.ln()))
}

fn log10(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    positive(operands, 0).map(|value| some(value.log10()))
}

fn log(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let (value, base) = (positive(operands, 0)?, positive(operands, 1)?);
    if base == 1.0 {
        reject!("$log: the base cannot be 1");
    }
    Ok(some(value.ln() / base.ln()))
}

fn sqrt(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    let value = double(operands, 0)?;
    if value < 0.0 {
        reject!("$sqrt: expected a number that is not negative, got {value}");
    }
    Ok(some(value.sqrt()))
}

fn pow(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let (base, exponent) = (operands.number(0)?, operands.number(1)?);
    let (double_base, double_exponent) = (double(operands, 0)?, double(operands, 1)?);
    if base.is_zero() && double_exponent < 0.0 {
        reject!("$pow: cannot raise 0 to a negative power");
    }
    let by_double = double_base.powf(double_exponent);
    let narrow = matches!((base, exponent), (Number::Int(_), Number::Int(_)));
    let whole = match (base, exponent) {
        (Number::Double(_), _) | (_, Number::Double(_)) => None,
        (base, exponent) => base.truncated().zip(exponent.truncated()),
    };
    let exact = whole.and_then(|(base, exponent)| integer_power(base, exponent));
    Ok(some(match exact {
        Some(exact) => integer(exact, narrow),
        None => Number::Double(by_double),
    }))
}

/// The power if it is whole and an int64 holds it.
fn integer_power(base: i64, exponent: i64) -> Option<i64> {
    match (base, u32::try_from(exponent)) {
        (1, _) => Some(1),
        (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        (0, _) if exponent > 0 => Some(0),
        (base, Ok(exponent)) => base.checked_pow(exponent),
        (_, Err(_)) => None,
    }
}
