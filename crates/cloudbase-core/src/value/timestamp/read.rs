//! How a point in time may be written: as text, or as a date of a document.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::{RULE, Timestamp};

/// What is read.
#[derive(Clone, Copy)]
pub(super) enum Stated {
    /// A point in time: text, or `{"$date": …}`.
    Time,
    /// What stands in `$date`: milliseconds, also as `{"$numberLong": "…"}`, or text.
    Date,
}

impl Stated {
    fn millis<E: Error>(millis: Option<i64>) -> Result<Timestamp, E> {
        let at = millis.and_then(Timestamp::from_unix_millis);
        at.ok_or_else(|| E::custom(RULE))
    }
}

impl<'de> DeserializeSeed<'de> for Stated {
    type Value = Timestamp;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Stated {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a point in time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).ok_or_else(|| E::custom(RULE))
    }

    fn visit_i64<E: Error>(self, millis: i64) -> Result<Timestamp, E> {
        match self {
            Self::Time => Err(E::custom(RULE)),
            Self::Date => Self::millis(Some(millis)),
        }
    }

    fn visit_u64<E: Error>(self, millis: u64) -> Result<Timestamp, E> {
        self.visit_i64(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Timestamp, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Timestamp, A::Error> {
        match (self, map.next_key::<Key>()?) {
            (Self::Time, Some(Key::Date)) => map.next_value_seed(Self::Date),
            (Self::Date, Some(Key::Long)) => Self::millis(map.next_value::<String>()?.parse().ok()),
            _ => Err(A::Error::custom(RULE)),
        }
    }
}

#[derive(Deserialize)]
enum Key {
    #[serde(rename = "$date")]
    Date,
    #[serde(rename = "$numberLong")]
    Long,
}
