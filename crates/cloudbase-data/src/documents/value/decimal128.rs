//! Decimal numbers.

use std::fmt;
use std::str::FromStr;

use cloudbase_core::Error;
use serde::ser::{Serialize, Serializer};

use super::Value;
use super::keys::{by_value, write_entry};

/// A decimal number of up to 34 digits, with the digits that it was given.
///
/// Carries no arithmetic: hand [`as_str`](Self::as_str) to the decimal crate of your choice. Equality is
/// of the text: `1.0` and `1.00` differ.
///
/// ```
/// use cloudbase_data::documents::Decimal128;
///
/// let price: Decimal128 = "19.90".parse()?;
/// assert_eq!(price.as_str(), "19.90");
/// assert!("nineteen".parse::<Decimal128>().is_err());
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal128(Box<str>);

impl Decimal128 {
    /// The number as text: digits, perhaps with sign, point and exponent; `NaN`, `Infinity` or
    /// `-Infinity`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = text.strip_prefix(['+', '-']).unwrap_or(text);
        let special = matches!(
            number.to_ascii_lowercase().as_str(),
            "nan" | "inf" | "infinity"
        );
        (special || is_decimal(number)).then(|| Self(text.into()))
    }
}

/// Whether `number` has digits, at most 34 that count, and an exponent in range.
fn is_decimal(number: &str) -> bool {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
        None => (number, Some(0)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    let significant = digits().skip_while(|digit| *digit == b'0').count();
    digits().all(|digit| digit.is_ascii_digit())
        && digits().next().is_some()
        && significant <= 34
        && exponent.is_some_and(|exponent| (-6176..=6144).contains(&exponent))
}

impl FromStr for Decimal128 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).ok_or_else(|| {
            Error::argument(
                "decimal",
                "must be a decimal number of up to 34 digits: `19.90`, `-1E+3`",
            )
        })
    }
}

impl fmt::Display for Decimal128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Decimal128 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_entry(serializer, "$numberDecimal", &*self.0)
    }
}

by_value!(Decimal128, "a decimal number",
    Value::Decimal128(value) => Some(value),
    Value::Int32(value) => Self::parse(&value.to_string()),
    Value::Int64(value) => Self::parse(&value.to_string()),
    Value::String(value) => Self::parse(&value));
