//! Values that JSON numbers would lose: decimals, large integers, dates.
//!
//! How the service writes them is not documented, so each is read from a string as well as from a
//! number, and keeps every digit.
//!
//! ```
//! use cloudbase_data::{DateTime, Decimal, lossless};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Order {
//!     #[serde(with = "lossless::integer")]
//!     id: u64,
//!     total: Decimal,
//!     paid_at: Option<DateTime>,
//! }
//!
//! let text = r#"{"id": "9007199254740993", "total": 19.90, "paid_at": "2024-01-02 03:04:05"}"#;
//! let order: Order = serde_json::from_str(text)?;
//! assert_eq!(order.id, 9_007_199_254_740_993);
//! assert_eq!(order.total.as_str(), "19.90");
//! assert_eq!(order.paid_at.and_then(|at| at.unix_millis()), Some(1_704_164_645_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod date_time;

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use self::date_time::{DateTime, DateTimeParts};

/// A text is not a value of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseValueError {
    pub(crate) expected: &'static str,
}

impl fmt::Display for ParseValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text is not {}", self.expected)
    }
}

impl std::error::Error for ParseValueError {}

/// A decimal number with all its digits, as `DECIMAL` columns hold it.
///
/// Carries no arithmetic: hand [`as_str`](Self::as_str) to the decimal crate of your choice. Read
/// from a JSON number or string; written as a string, which MySQL reads without loss.
///
/// Equality is of the text: `1.0` and `1.00` differ. Cannot be read inside `#[serde(flatten)]` or
/// an untagged enum, where the digits are gone already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// The number as text: digits, perhaps with sign, point and exponent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl FromStr for Decimal {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // `inf`, `nan` and hexadecimal never get past the check of characters.
        let plain = text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        if plain && text.parse::<f64>().is_ok() {
            Ok(Self(text.into()))
        } else {
            Err(ParseValueError {
                expected: "a decimal number",
            })
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! decimals {
    ($($type:ty),+) => {$(
        impl From<$type> for Decimal {
            fn from(value: $type) -> Self {
                Self(value.to_string().into())
            }
        }
    )+};
}

decimals!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar_text(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Integers that may come as strings: `#[serde(with = "cloudbase_data::lossless::integer")]`.
///
/// For any integer type. Written as a number. A number that JSON readers hold as a float is taken
/// only if it is a whole one below 2⁵³.
pub mod integer {
    use super::*;

    /// Reads an integer from a number or a string.
    ///
    /// # Errors
    ///
    /// If it is neither, or does not fit the type.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr,
        D: Deserializer<'de>,
    {
        deserializer
            .deserialize_any(Integer)?
            .parse()
            .map_err(|_| D::Error::custom(EXPECTED))
    }

    /// Writes the integer as a number.
    ///
    /// # Errors
    ///
    /// As the serializer.
    pub fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    /// The same for `Option`: `#[serde(default, with = "cloudbase_data::lossless::integer::option")]`.
    pub mod option {
        use super::*;

        /// Reads an integer from a number or a string, or `None` from null.
        ///
        /// # Errors
        ///
        /// If it is anything else, or does not fit the type.
        pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
        where
            T: FromStr,
            D: Deserializer<'de>,
        {
            let found = Option::<Text>::deserialize(deserializer)?;
            found
                .map(|text| text.0.parse().map_err(|_| D::Error::custom(EXPECTED)))
                .transpose()
        }

        /// Writes the integer as a number, `None` as null.
        ///
        /// # Errors
        ///
        /// As the serializer.
        pub fn serialize<T: Serialize, S: Serializer>(
            value: &Option<T>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            value.serialize(serializer)
        }
    }

    const EXPECTED: ParseValueError = ParseValueError {
        expected: "an integer of this type",
    };

    struct Text(String);

    impl<'de> Deserialize<'de> for Text {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Integer).map(Self)
        }
    }

    struct Integer;

    impl de::Visitor<'_> for Integer {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer or the text of one")
        }

        fn visit_i64<E>(self, value: i64) -> Result<String, E> {
            Ok(value.to_string())
        }

        fn visit_u64<E>(self, value: u64) -> Result<String, E> {
            Ok(value.to_string())
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<String, E> {
            if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
                Ok((value as i64).to_string())
            } else {
                Err(E::custom(EXPECTED))
            }
        }

        fn visit_str<E>(self, value: &str) -> Result<String, E> {
            Ok(value.to_owned())
        }
    }
}

/// The text of a JSON number or string.
pub(crate) fn scalar_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    text_of(raw.get()).map_err(D::Error::custom)
}

fn text_of(raw: &str) -> Result<String, ParseValueError> {
    let expected = "a number or string";
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map_err(|_| ParseValueError { expected }),
        Some(b'-' | b'0'..=b'9') => Ok(raw.to_owned()),
        _ => Err(ParseValueError { expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit_from_both_forms() {
        for (json, text) in [
            (
                "12345678901234567890.123456789000",
                "12345678901234567890.123456789000",
            ),
            (r#""-0.10""#, "-0.10"),
            ("1e400", "1e400"),
            ("7", "7"),
        ] {
            let decimal: Decimal = serde_json::from_str(json).unwrap();
            assert_eq!(decimal.as_str(), text);
            assert_eq!(
                serde_json::to_string(&decimal).unwrap(),
                format!("\"{text}\"")
            );
        }
        for bad in [
            "\"\"",
            "\"inf\"",
            "\"NaN\"",
            "\"1.2.3\"",
            "true",
            "null",
            "[1]",
            "\"0x1\"",
        ] {
            assert!(serde_json::from_str::<Decimal>(bad).is_err(), "{bad}");
        }
        // By way of a `Value`, the digits that an `f64` has.
        let value = serde_json::json!(1.5);
        assert_eq!(
            serde_json::from_value::<Decimal>(value).unwrap().as_str(),
            "1.5"
        );
    }

    #[test]
    fn integers_come_as_numbers_or_strings() {
        #[derive(Deserialize, Serialize, Debug, PartialEq)]
        struct Ids {
            #[serde(with = "integer")]
            big: u64,
            #[serde(default, with = "integer::option")]
            maybe: Option<i128>,
        }
        let ids: Ids =
            serde_json::from_str(r#"{"big":"18446744073709551615","maybe":-5}"#).unwrap();
        assert_eq!(
            ids,
            Ids {
                big: u64::MAX,
                maybe: Some(-5)
            }
        );
        assert_eq!(
            serde_json::to_string(&ids).unwrap(),
            r#"{"big":18446744073709551615,"maybe":-5}"#
        );
        let ids: Ids = serde_json::from_str(r#"{"big":1,"maybe":null}"#).unwrap();
        assert_eq!(
            ids,
            Ids {
                big: 1,
                maybe: None
            }
        );
        assert!(serde_json::from_str::<Ids>(r#"{"big":1.5}"#).is_err());
        assert!(serde_json::from_str::<Ids>(r#"{"big":-1}"#).is_err());
    }
}
