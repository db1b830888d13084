//! The value of a `Decimal128`: what comparing needs of it.

use std::cmp::Ordering;

use bson::Decimal128;

/// `NaN`, ±infinity, or `±coefficient × 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Decimal {
    NaN,
    Infinity {
        negative: bool,
    },
    Finite {
        negative: bool,
        coefficient: u128,
        exponent: i32,
    },
}

/// The largest coefficient of 34 digits; a stored one beyond it counts as zero.
const MAX_COEFFICIENT: u128 = 10_u128.pow(34) - 1;
const EXPONENT_BIAS: i32 = 6176;

impl Decimal {
    pub(super) fn decode(value: &Decimal128) -> Self {
        let bits = u128::from_le_bytes(value.bytes());
        let negative = bits >> 127 == 1;
        // The five bits after the sign say which of the forms follows.
        match (bits >> 122) & 0x1f {
            0x1f => Self::NaN,
            0x1e => Self::Infinity { negative },
            // The form with an implicit 0b100 before the coefficient: always beyond 34 digits, hence zero.
            form if form >> 3 == 3 => Self::Finite {
                negative,
                coefficient: 0,
                exponent: 0,
            },
            _ => {
                let coefficient = bits & ((1 << 113) - 1);
                Self::Finite {
                    negative,
                    coefficient: if coefficient > MAX_COEFFICIENT {
                        0
                    } else {
                        coefficient
                    },
                    exponent: ((bits >> 113) & 0x3fff) as i32 - EXPONENT_BIAS,
                }
            }
        }
    }

    pub(super) fn from_integer(value: i64) -> Self {
        Self::Finite {
            negative: value < 0,
            coefficient: u128::from(value.unsigned_abs()),
            exponent: 0,
        }
    }

    /// The nearest double.
    pub(super) fn to_f64(self) -> f64 {
        match self {
            Self::NaN => f64::NAN,
            Self::Infinity { negative: false } => f64::INFINITY,
            Self::Infinity { negative: true } => f64::NEG_INFINITY,
            Self::Finite {
                negative,
                coefficient,
                exponent,
            } => {
                let sign = if negative { "-" } else { "" };
                // Always a number as Rust reads it.
                format!("{sign}{coefficient}e{exponent}")
                    .parse()
                    .unwrap_or(f64::NAN)
            }
        }
    }

    /// The sign, the significant digits without zeros at the end, and the power of ten of the first digit. `None` for zero
    /// and for what is not finite.
    fn normalized(self) -> Option<(bool, String, i64)> {
        let Self::Finite {
            negative,
            coefficient,
            exponent,
        } = self
        else {
            return None;
        };
        if coefficient == 0 {
            return None;
        }
        let digits = coefficient.to_string();
        let magnitude = i64::from(exponent) + digits.len() as i64;
        let significant = digits.trim_end_matches('0').to_owned();
        Some((negative, significant, magnitude))
    }

    /// By exact value; NaN is below every number.
    pub(super) fn compare(self, other: Self) -> Ordering {
        self.class()
            .cmp(&other.class())
            .then_with(|| compare_finite(self.normalized(), other.normalized()))
    }

    /// By exact value: a double has a finite decimal expansion of at most 767 digits.
    pub(super) fn compare_double(self, other: f64) -> Ordering {
        let other_class = match other {
            other if other.is_nan() => 0,
            f64::NEG_INFINITY => 1,
            f64::INFINITY => 3,
            _ => 2,
        };
        self.class()
            .cmp(&other_class)
            .then_with(|| compare_finite(self.normalized(), expand(other)))
    }

    fn class(self) -> u8 {
        match self {
            Self::NaN => 0,
            Self::Infinity { negative: true } => 1,
            Self::Finite { .. } => 2,
            Self::Infinity { negative: false } => 3,
        }
    }
}

type Normalized = Option<(bool, String, i64)>;

fn compare_finite(left: Normalized, right: Normalized) -> Ordering {
    let sign = |value: &Normalized| match value {
        None => 0,
        Some((true, ..)) => -1,
        Some((false, ..)) => 1,
    };
    let by_sign = sign(&left).cmp(&sign(&right));
    match (left, right) {
        (Some((negative, left, left_magnitude)), Some((_, right, right_magnitude)))
            if by_sign.is_eq() =>
        {
            let by_size = left_magnitude
                .cmp(&right_magnitude)
                .then_with(|| left.cmp(&right));
            if negative { by_size.reverse() } else { by_size }
        }
        _ => by_sign,
    }
}

/// The exact decimal digits of a double, in the form of [`Decimal::normalized`].
fn expand(value: f64) -> Normalized {
    if value == 0.0 || !value.is_finite() {
        return None;
    }
    let text = format!("{:.766e}", value.abs());
    let (digits, exponent) = text.split_once('e')?;
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let exponent: i64 = exponent.parse().ok()?;
    Some((
        value < 0.0,
        digits.trim_end_matches('0').to_owned(),
        exponent + 1,
    ))
}
