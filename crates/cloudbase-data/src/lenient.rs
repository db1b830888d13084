//! Reads what a database writes in several ways into the type that the caller has for it.
//!
//! A MySQL boolean is a `TINYINT(1)` and comes as `1`; large integers and decimals may come as
//! strings. Fields of type `bool`, integer and float take all of these; everything else is read as
//! serde does.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Unexpected, Visitor};

use crate::nested::{Reading, handed_on, passed_on};

/// A `T`, read leniently.
pub(crate) struct Lenient<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Reader(deserializer)).map(Self)
    }
}

/// Leniently, and so everything nested.
#[derive(Clone, Copy)]
struct Leniently;

impl Reading for Leniently {
    fn reader<'de, D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> impl Deserializer<'de, Error = D::Error> {
        Reader(deserializer)
    }
}

struct Reader<D>(D);

macro_rules! hinted {
    ($wrap:ident: $($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.deserialize_any($wrap(visitor))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<D> {
    type Error = D::Error;

    hinted!(Flag: deserialize_bool);
    hinted!(Number: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64);
    passed_on!(Leniently:
        deserialize_any() deserialize_i128() deserialize_u128() deserialize_char()
        deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str) deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    );

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// A `bool` from `true`, `1` or `"1"`.
struct Flag<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Flag<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    handed_on!(0: visit_bool: bool);

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        match value {
            0 => self.0.visit_bool(false),
            1 => self.0.visit_bool(true),
            _ => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        match value {
            "0" | "false" => self.0.visit_bool(false),
            "1" | "true" => self.0.visit_bool(true),
            _ => Err(E::invalid_type(Unexpected::Other("text"), &self)),
        }
    }
}

/// A number from `1` or `"1"`.
struct Number<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Number<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    handed_on!(0: visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        if let Ok(number) = value.parse() {
            self.0.visit_u64(number)
        } else if let Ok(number) = value.parse() {
            self.0.visit_i64(number)
        } else if let Some(number) = value.parse().ok().filter(|number: &f64| number.is_finite()) {
            self.0.visit_f64(number)
        } else {
            Err(E::invalid_type(Unexpected::Other("text"), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{DateTime, Decimal, Row};

    #[derive(Debug, Deserialize, PartialEq)]
    struct Everything {
        flag: bool,
        maybe: Option<bool>,
        big: u64,
        small: i8,
        float: f64,
        text: String,
        price: Decimal,
        at: DateTime,
        list: Vec<(bool, u32)>,
        map: BTreeMap<String, bool>,
        kind: Kind,
        huge: i128,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Open,
    }

    #[test]
    fn numbers_and_flags_come_in_every_spelling() {
        let one = r#"{"flag":1,"maybe":"0","big":"18446744073709551615","small":"-7","float":"1.5",
            "text":"1","price":1.10,"at":"2024-01-02","list":[[1,"2"]],"map":{"a":0},"kind":"open",
            "huge":170141183460469231731687303715884105727}"#;
        let other = r#"{"flag":true,"maybe":false,"big":18446744073709551615,"small":-7,"float":1.5,
            "text":"1","price":"1.10","at":"2024-01-02","list":[[true,2]],"map":{"a":false},"kind":"open",
            "huge":170141183460469231731687303715884105727}"#;
        let read = |text| serde_json::from_str::<Lenient<Everything>>(text).unwrap().0;
        assert_eq!(read(one), read(other));
        assert_eq!(read(one).big, u64::MAX);
        let null: Lenient<Option<bool>> = serde_json::from_str("null").unwrap();
        assert_eq!(null.0, None);
    }

    #[test]
    fn what_is_in_a_variant_is_read_as_everything_else() {
        #[derive(Debug, Deserialize, PartialEq)]
        enum Choice {
            One(u64),
            Two(bool, i32),
            Named { share: f64 },
        }
        let text = r#"[{"One":"1"},{"Two":[1,"-2"]},{"Named":{"share":"0.5"}}]"#;
        let choices: Lenient<Vec<Choice>> = serde_json::from_str(text).unwrap();
        let share = 0.5;
        let expected = [
            Choice::One(1),
            Choice::Two(true, -2),
            Choice::Named { share },
        ];
        assert_eq!(choices.0, expected);
    }

    #[test]
    fn what_does_not_fit_is_rejected_without_being_shown() {
        for text in ["2", "-1", "\"yes\"", "null", "[]", "1.0"] {
            assert!(
                serde_json::from_str::<Lenient<bool>>(text).is_err(),
                "{text}"
            );
        }
        for text in [
            "\"\"",
            "\"hunter2\"",
            "\"NaN\"",
            "256",
            "\"-1\"",
            "true",
            "null",
        ] {
            let error = serde_json::from_str::<Lenient<u8>>(text)
                .err()
                .unwrap()
                .to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn rows_keep_their_text() {
        let text = r#"[{"a":1.10,"b":{"c":[1.0]}}]"#;
        let rows: Lenient<Vec<Row>> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&rows.0).unwrap(), text);
    }
}
