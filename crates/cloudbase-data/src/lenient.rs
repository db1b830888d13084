//! Reads what a database writes in several ways into the type that the caller has for it.
//!
//! A MySQL boolean is a `TINYINT(1)` and comes as `1`; large integers and decimals may come as
//! strings. Fields of type `bool`, integer and float take all of these; everything else is read as
//! serde does.

use std::fmt;

use serde::Deserialize;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// A `T`, read leniently.
pub(crate) struct Lenient<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Reader(deserializer)).map(Self)
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

macro_rules! passed_on {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(Nested(visitor))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<D> {
    type Error = D::Error;

    hinted!(Flag: deserialize_bool);
    hinted!(Number: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64);
    passed_on!(deserialize_any deserialize_i128 deserialize_u128 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_unit deserialize_seq deserialize_map deserialize_identifier
        deserialize_ignored_any);

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, Nested(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Nested(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, Nested(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, Nested(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, Nested(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Nested(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! handed_on {
    ($($method:ident: $type:ty),+) => {$(
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )+};
}

/// Carries leniency into what is nested.
struct Nested<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Nested<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    handed_on!(
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128,
        visit_f64: f64, visit_char: char, visit_str: &str, visit_borrowed_str: &'de str,
        visit_string: String, visit_bytes: &[u8], visit_borrowed_bytes: &'de [u8],
        visit_byte_buf: Vec<u8>
    );

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Reader(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Reader(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Nested(seq))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Nested(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(data)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Nested<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(Nested(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Nested<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(Nested(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Nested<T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.0.deserialize(Reader(deserializer))
    }
}

/// A `bool` from `true`, `1` or `"1"`.
struct Flag<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Flag<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    handed_on!(visit_bool: bool);

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

    handed_on!(visit_i64: i64, visit_u64: u64, visit_f64: f64);

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
