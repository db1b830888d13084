//! What the types of EJSON share: their one key, and the two types that are nothing but a key.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::Value;

/// The name of a newtype whose content is written as it stands, its numbers too.
pub(crate) const PLAIN: &str = "$cloudbase::Plain";

/// Content of a value in EJSON whose numbers are plain in every form of it.
pub(super) struct Plain<T>(pub(super) T);

impl<T: Serialize> Serialize for Plain<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(PLAIN, &self.0)
    }
}

/// Writes `{key: value}`.
pub(super) fn write_entry<S: Serializer, T: Serialize + ?Sized>(
    serializer: S,
    key: &'static str,
    value: &T,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// The value of an object whose one key is among `keys`.
pub(super) fn entry<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    mut map: A,
    keys: &'static [&'static str],
) -> Result<T, A::Error> {
    if map.next_key_seed(OneOf(keys))?.is_none() {
        return Err(de::Error::invalid_length(0, &OneOf(keys)));
    }
    let value = map.next_value()?;
    match map.next_key::<IgnoredAny>()? {
        None => Ok(value),
        Some(_) => Err(de::Error::invalid_length(2, &OneOf(keys))),
    }
}

struct OneOf(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for OneOf {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for OneOf {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the one key `{}`", self.0.join("` or `"))
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        match self.0.contains(&key) {
            true => Ok(()),
            false => Err(E::invalid_type(de::Unexpected::Other("another key"), &self)),
        }
    }
}

/// Reads a type by way of [`Value`], whose variant it is.
macro_rules! by_value {
    ($type:ident, $expected:literal, $($found:pat => $read:expr),+) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let wrong = || serde::de::Error::invalid_type(
                    serde::de::Unexpected::Other("another type"), &$expected);
                match <$crate::documents::value::Value as serde::Deserialize>::deserialize(deserializer)? {
                    $($found => $read.ok_or_else(wrong),)+
                    _ => Err(wrong()),
                }
            }
        }
    };
}

pub(super) use by_value;

macro_rules! bounds {
    ($($(#[$doc:meta])* $name:ident = $key:literal),+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct $name;

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                write_entry(serializer, $key, &Plain(1))
            }
        }

        by_value!($name, $key, Value::$name => Some(Self));

        impl From<$name> for Value {
            fn from(_: $name) -> Self {
                Self::$name
            }
        }
    )+};
}

bounds!(
    /// What sorts before every other value.
    MinKey = "$minKey",
    /// What sorts after every other value.
    MaxKey = "$maxKey"
);
