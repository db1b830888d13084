//! Numbers that come as text: `{"$numberInt": "1"}`, without a copy of the text.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::key::end;

pub(super) fn int<'de, A: MapAccess<'de>>(map: &mut A) -> Result<i32, A::Error> {
    read(map, "the text of a 32-bit integer")
}

pub(super) fn long<'de, A: MapAccess<'de>>(map: &mut A) -> Result<i64, A::Error> {
    read(map, "the text of a 64-bit integer")
}

/// `f64` reads `Infinity`, `-Infinity` and `NaN` by itself.
pub(super) fn double<'de, A: MapAccess<'de>>(map: &mut A) -> Result<f64, A::Error> {
    read(map, "the text of a double")
}

/// The integer that a double is, if it is a whole one that 64 bits hold.
pub(super) fn whole(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let fits = value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value);
    fits.then_some(value as i64)
}

fn read<'de, T: FromStr, A: MapAccess<'de>>(
    map: &mut A,
    expected: &'static str,
) -> Result<T, A::Error> {
    let number = map.next_value_seed(Text {
        expected,
        number: PhantomData,
    })?;
    end(map)?;
    Ok(number)
}

struct Text<T> {
    expected: &'static str,
    number: PhantomData<T>,
}

impl<'de, T: FromStr> DeserializeSeed<'de> for Text<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T: FromStr> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse()
            .map_err(|_| E::invalid_type(serde::de::Unexpected::Other("other text"), &self))
    }
}
