//! Numbers of four types, compared by their exact value.

use std::cmp::Ordering;

use bson::Bson;

use super::decimal::Decimal;

/// A number of any type, narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i32),
    Long(i64),
    Double(f64),
    Decimal(Decimal),
}

impl Number {
    /// `None` for what is not a number: a bool and a date are none.
    pub(super) fn from_bson(value: &Bson) -> Option<Self> {
        match value {
            Bson::Int32(value) => Some(Self::Int(*value)),
            Bson::Int64(value) => Some(Self::Long(*value)),
            Bson::Double(value) => Some(Self::Double(*value)),
            Bson::Decimal128(value) => Some(Self::Decimal(Decimal::decode(value))),
            _ => None,
        }
    }

    /// By exact value whatever the types; NaN equals itself and is below every number, −0 equals 0.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self.integer(), other.integer()) {
            (Some(left), Some(right)) => left.cmp(&right),
            (Some(left), None) => other.compare_integer(left).reverse(),
            (None, Some(right)) => self.compare_integer(right),
            (None, None) => match (self, other) {
                (Self::Decimal(left), Self::Decimal(right)) => left.compare(right),
                (Self::Decimal(left), right) => left.compare_double(right.to_f64()),
                (left, Self::Decimal(right)) => right.compare_double(left.to_f64()).reverse(),
                (left, right) => compare_doubles(left.to_f64(), right.to_f64()),
            },
        }
    }

    fn compare_integer(self, other: i64) -> Ordering {
        match self {
            Self::Int(value) => i64::from(value).cmp(&other),
            Self::Long(value) => value.cmp(&other),
            Self::Double(value) => compare_double_with_integer(value, other),
            Self::Decimal(value) => value.compare(Decimal::from_integer(other)),
        }
    }

    fn integer(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value.into()),
            Self::Long(value) => Some(value),
            Self::Double(_) | Self::Decimal(_) => None,
        }
    }

    pub(super) fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value.into(),
            Self::Long(value) => value as f64,
            Self::Double(value) => value,
            Self::Decimal(value) => value.to_f64(),
        }
    }

    pub(super) fn is_nan(self) -> bool {
        matches!(self, Self::Decimal(Decimal::NaN))
            || matches!(self, Self::Double(value) if value.is_nan())
    }

    pub(super) fn is_zero(self) -> bool {
        self.compare(Self::Int(0)).is_eq()
    }

    /// The value if it is whole and an `i64` holds it.
    pub(super) fn whole(self) -> Option<i64> {
        self.truncated()
            .filter(|truncated| self.compare(Self::Long(*truncated)).is_eq())
    }

    /// The value without its fraction, if an `i64` holds it.
    pub(super) fn truncated(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value.into()),
            Self::Long(value) => Some(value),
            Self::Double(value) => double_to_i64(value.trunc()),
            Self::Decimal(Decimal::Finite {
                negative,
                coefficient,
                exponent,
            }) => {
                let power = 10_u128.checked_pow(exponent.unsigned_abs());
                let magnitude = match power {
                    _ if coefficient == 0 => 0,
                    Some(power) if exponent >= 0 => coefficient.checked_mul(power)?,
                    Some(power) => coefficient / power,
                    None if exponent >= 0 => return None,
                    None => 0,
                };
                let magnitude = i128::try_from(magnitude).ok()?;
                i64::try_from(if negative { -magnitude } else { magnitude }).ok()
            }
            Self::Decimal(_) => None,
        }
    }
}

/// A double without a fraction as an `i64`, unless it is out of range or NaN.
pub(super) fn double_to_i64(value: f64) -> Option<i64> {
    // 2^63 is a double, 2^63 − 1 is not.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&value).then_some(value as i64)
}

fn compare_doubles(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right)
        .unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

/// Exactly: never by rounding the integer.
fn compare_double_with_integer(double: f64, integer: i64) -> Ordering {
    if double.is_nan() {
        return Ordering::Less;
    }
    match double_to_i64(double.trunc()) {
        Some(truncated) => truncated
            .cmp(&integer)
            .then_with(|| compare_doubles(double.fract(), 0.0)),
        None if double > 0.0 => Ordering::Greater,
        None => Ordering::Less,
    }
}

impl From<Number> for Bson {
    /// Decimals are not computed, only compared: one becomes the nearest double.
    fn from(number: Number) -> Self {
        match number {
            Number::Int(value) => Self::Int32(value),
            Number::Long(value) => Self::Int64(value),
            Number::Double(value) => Self::Double(value),
            Number::Decimal(value) => Self::Double(value.to_f64()),
        }
    }
}
