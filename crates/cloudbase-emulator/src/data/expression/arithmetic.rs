//! Numbers: exact ones stay exact, as MySQL's DECIMAL does.

use sqlparser::ast::BinaryOperator;

use super::value::{digits, to_whole};
use super::{DataError, SqlValue, invalid};
use crate::data::decimal::Decimal;

/// Digits that a division adds behind the point (`div_precision_increment`).
const DIVISION_DIGITS: u32 = 4;
/// Digits behind the point of any number.
const MOST_DIGITS: u32 = 30;

/// A number in an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// `digits` divided by ten to the power of `scale`.
    Exact {
        digits: i128,
        scale: u32,
    },
    Real(f64),
}

impl Number {
    fn exact(text: &str) -> Option<Self> {
        let scale = text
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        let scale = u32::try_from(scale)
            .ok()
            .filter(|scale| *scale <= MOST_DIGITS)?;
        let digits = text.replacen('.', "", 1).parse().ok()?;
        Some(Self::Exact { digits, scale })
    }

    pub(super) fn to_f64(self) -> f64 {
        match self {
            Self::Exact { .. } => self.to_string().parse().unwrap_or(f64::NAN),
            Self::Real(value) => value,
        }
    }

    pub(super) fn into_value(self) -> SqlValue {
        match self {
            Self::Exact { .. } => SqlValue::Number(self.to_string()),
            Self::Real(value) => SqlValue::Real(value),
        }
    }

    /// Towards the side that `up` says, to a whole number.
    fn whole(self, up: bool) -> Self {
        match self {
            Self::Exact { digits, scale } => {
                let unit = 10i128.pow(scale);
                let below = digits.div_euclid(unit);
                let more = up && digits.rem_euclid(unit) > 0;
                Self::Exact {
                    digits: below + i128::from(more),
                    scale: 0,
                }
            }
            Self::Real(value) => Self::Real(if up { value.ceil() } else { value.floor() }),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Real(value) => write!(f, "{value}"),
            Self::Exact { digits, scale: 0 } => write!(f, "{digits}"),
            Self::Exact { digits, scale } => {
                let sign = if digits < 0 { "-" } else { "" };
                let places = scale as usize;
                let text = format!("{:0width$}", digits.unsigned_abs(), width = places + 1);
                let (whole, fraction) = text.split_at(text.len() - places);
                write!(f, "{sign}{whole}.{fraction}")
            }
        }
    }
}

/// The value as a number; `None` for NULL.
pub(super) fn number(value: &SqlValue) -> Result<Option<Number>, DataError> {
    let whole = |digits: i128| Some(Number::Exact { digits, scale: 0 });
    let text = match value {
        SqlValue::Null => return Ok(None),
        SqlValue::Bool(value) => return Ok(whole(i128::from(*value))),
        SqlValue::Bits(bytes) => match to_whole(bytes) {
            Some(number) => return Ok(whole(number.into())),
            None => return Err(out_of_range()),
        },
        SqlValue::Moment(text) => digits(text),
        SqlValue::Number(text) => text.clone(),
        SqlValue::Real(value) => return Ok(Some(Number::Real(*value))),
        // A string counts as a floating-point number, if it is one.
        SqlValue::Text(_) | SqlValue::Bytes(_) | SqlValue::Json(_) => {
            let text = value.to_text().unwrap_or_default();
            let number = Decimal::parse(&text)
                .ok_or_else(|| invalid(format!("Truncated incorrect DOUBLE value: '{text}'")))?;
            return Ok(Some(Number::Real(number.to_f64())));
        }
    };
    Number::exact(&text).map(Some).ok_or_else(out_of_range)
}

/// `left op right`; `None` for an operator that is not arithmetic.
pub(super) fn apply(
    op: &BinaryOperator,
    left: &SqlValue,
    right: &SqlValue,
) -> Result<Option<SqlValue>, DataError> {
    use BinaryOperator::{Divide, Minus, Modulo, Multiply, MyIntegerDivide, Plus};
    if !matches!(
        op,
        Plus | Minus | Multiply | Divide | Modulo | MyIntegerDivide
    ) {
        return Ok(None);
    }
    let (Some(left), Some(right)) = (number(left)?, number(right)?) else {
        return Ok(Some(SqlValue::Null));
    };
    let divides = matches!(op, Divide | Modulo | MyIntegerDivide);
    if divides && right.to_f64() == 0.0 {
        return Err(invalid("Division by 0"));
    }
    let result = match (left, right) {
        (Number::Exact { .. }, Number::Exact { .. }) => exact(op, left, right),
        _ => {
            let (left, right) = (left.to_f64(), right.to_f64());
            let value = match op {
                Plus => left + right,
                Minus => left - right,
                Multiply => left * right,
                Modulo => left % right,
                MyIntegerDivide => (left / right).trunc(),
                _ => left / right,
            };
            value.is_finite().then_some(Number::Real(value))
        }
    };
    result
        .map(|number| Some(number.into_value()))
        .ok_or_else(out_of_range)
}

/// MySQL keeps digits in words, and cuts a quotient at the end of one.
fn division_scale(m: u32, n: u32) -> u32 {
    const WORD: u32 = 9;
    let whole_words = |digits: u32| digits.div_ceil(WORD) * WORD;
    let kept = whole_words(m) + whole_words(n);
    let more = DIVISION_DIGITS.saturating_sub(kept - m - n);
    whole_words(kept + more).min(MOST_DIGITS)
}

fn exact(op: &BinaryOperator, left: Number, right: Number) -> Option<Number> {
    use BinaryOperator::{Divide, Minus, Modulo, Multiply, MyIntegerDivide};
    let (
        Number::Exact {
            digits: a,
            scale: m,
        },
        Number::Exact {
            digits: b,
            scale: n,
        },
    ) = (left, right)
    else {
        return None;
    };
    let up = |digits: i128, by: u32| digits.checked_mul(10i128.checked_pow(by)?);
    let scale = m.max(n);
    let (aligned_a, aligned_b) = (up(a, scale - m)?, up(b, scale - n)?);
    let (digits, scale) = match op {
        Multiply => (a.checked_mul(b)?, m + n),
        Divide => {
            let scale = division_scale(m, n);
            (up(a, (scale + n).checked_sub(m)?)?.checked_div(b)?, scale)
        }
        Modulo => (aligned_a.checked_rem(aligned_b)?, scale),
        MyIntegerDivide => (aligned_a.checked_div(aligned_b)?, 0),
        Minus => (aligned_a.checked_sub(aligned_b)?, scale),
        _ => (aligned_a.checked_add(aligned_b)?, scale),
    };
    let whole = m == 0 && n == 0 && scale == 0;
    let fits = !whole || (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&digits);
    (fits && scale <= MOST_DIGITS).then_some(Number::Exact { digits, scale })
}

pub(super) fn floor(value: &SqlValue) -> Result<SqlValue, DataError> {
    Ok(number(value)?.map_or(SqlValue::Null, |number| number.whole(false).into_value()))
}

pub(super) fn ceiling(value: &SqlValue) -> Result<SqlValue, DataError> {
    Ok(number(value)?.map_or(SqlValue::Null, |number| number.whole(true).into_value()))
}

fn out_of_range() -> DataError {
    invalid("a number is out of range in an expression")
}
