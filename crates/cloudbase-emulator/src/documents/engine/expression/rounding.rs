//! `$ceil`, `$floor`, `$round`, `$trunc`: the type of the number stays.

use super::{
    super::{
        number::Number,
        rejection::{Result, reject},
    },
    Value,
    arithmetic::{integer, no_decimals},
    operator::{NULL, ONE, Operands, Positional, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$ceil", ONE, |operands| whole(operands, f64::ceil)),
    positional("$floor", ONE, |operands| whole(operands, f64::floor)),
    positional("$round", (1, 2), |operands| {
        to_place(operands, Mode::HalfEven)
    }),
    positional("$trunc", (1, 2), |operands| {
        to_place(operands, Mode::TowardZero)
    }),
];

#[derive(Debug, Clone, Copy)]
enum Mode {
    HalfEven,
    TowardZero,
}

fn whole(operands: &Operands<'_>, function: fn(f64) -> f64) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    Ok(some(match operands.number(0)? {
        Number::Double(value) => Number::Double(function(value)),
        Number::Decimal(_) => return Err(no_decimals(operands.operator)),
        integer => integer,
    }))
}

/// To a number of decimal places, a negative one counting to the left of the point.
fn to_place(operands: &Operands<'_>, mode: Mode) -> Result<Value> {
    let operator = operands.operator;
    if operands.is_null(0) || (operands.values.len() > 1 && operands.is_null(1)) {
        return Ok(NULL);
    }
    let place = if operands.values.len() > 1 {
        operands.int(1)?
    } else {
        0
    };
    if !(-20..=100).contains(&place) {
        reject!("{operator}: the place must be between -20 and 100, got {place}");
    }
    Ok(some(match operands.number(0)? {
        Number::Int(value) => round_integer(operator, value.into(), place, mode, true)?,
        Number::Long(value) => round_integer(operator, value, place, mode, false)?,
        Number::Double(value) => Number::Double(round_double(value, place, mode)),
        Number::Decimal(_) => return Err(no_decimals(operator)),
    }))
}

fn round_integer(
    operator: &str,
    value: i64,
    place: i32,
    mode: Mode,
    narrow: bool,
) -> Result<Number> {
    if place >= 0 {
        return Ok(integer(value, narrow));
    }
    let value = i128::from(value);
    let unit = 10_i128.pow(place.unsigned_abs());
    let (quotient, remainder) = (value / unit, value % unit);
    let away = match mode {
        Mode::TowardZero => false,
        Mode::HalfEven => {
            let twice = remainder.abs() * 2;
            twice > unit || (twice == unit && quotient % 2 != 0)
        }
    };
    let rounded = (quotient + if away { value.signum() } else { 0 }) * unit;
    match i64::try_from(rounded) {
        Ok(rounded) => Ok(integer(rounded, narrow)),
        Err(_) => reject!("{operator}: an int64 cannot hold the result"),
    }
}

fn round_double(value: f64, place: i32, mode: Mode) -> f64 {
    if !value.is_finite() {
        return value;
    }
    if place <= 0 {
        let unit = 10_f64.powi(-place);
        return match mode {
            Mode::HalfEven => (value / unit).round_ties_even() * unit,
            Mode::TowardZero => (value / unit).trunc() * unit,
        };
    }
    let places = usize::try_from(place).unwrap_or_default();
    let text = match mode {
        // Rounds the exact decimal expansion, a tie to the even digit.
        Mode::HalfEven => format!("{value:.places$}"),
        Mode::TowardZero => {
            // No double has more than 1,074 decimal places.
            let exact = format!("{value:.1074}");
            let end = exact
                .find('.')
                .map_or(exact.len(), |point| point + 1 + places);
            exact.get(..end).unwrap_or(&exact).to_owned()
        }
    };
    text.parse().unwrap_or(value)
}
