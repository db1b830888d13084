//! The first key of an object, which says whether the object is a value in EJSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StringDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};

/// A first key: one that a field's type decides about, or any other.
pub(super) enum Key<'de> {
    Int,
    Long,
    Double,
    Oid,
    Binary,
    Other(Cow<'de, str>),
}

impl<'de> Key<'de> {
    fn known(name: &str) -> Option<Self> {
        // Most keys are names of fields: one comparison, not five.
        match name.strip_prefix('$')? {
            "numberInt" => Some(Self::Int),
            "numberLong" => Some(Self::Long),
            "numberDouble" => Some(Self::Double),
            "oid" => Some(Self::Oid),
            "binary" => Some(Self::Binary),
            _ => None,
        }
    }

    fn into_text(self) -> Cow<'de, str> {
        match self {
            Self::Int => Cow::Borrowed("$numberInt"),
            Self::Long => Cow::Borrowed("$numberLong"),
            Self::Double => Cow::Borrowed("$numberDouble"),
            Self::Oid => Cow::Borrowed("$oid"),
            Self::Binary => Cow::Borrowed("$binary"),
            Self::Other(name) => name,
        }
    }

    /// The whole object that begins with this key.
    pub(super) fn into_map<A: MapAccess<'de>>(
        self,
        rest: A,
    ) -> MapAccessDeserializer<Peeked<'de, A>> {
        MapAccessDeserializer::new(Peeked::new(self, rest))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key::known(name).unwrap_or(Key::Other(Cow::Borrowed(name))))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key::known(name).unwrap_or_else(|| Key::Other(Cow::Owned(name.to_owned()))))
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// An object whose first key was read already.
pub(super) struct Peeked<'de, A> {
    first: Option<Cow<'de, str>>,
    rest: A,
}

impl<'de, A> Peeked<'de, A> {
    pub(super) fn new(first: Key<'de>, rest: A) -> Self {
        Self {
            first: Some(first.into_text()),
            rest,
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Peeked<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            None => self.rest.next_key_seed(seed),
            Some(Cow::Borrowed(name)) => seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some),
            Some(Cow::Owned(name)) => seed
                .deserialize(StringDeserializer::<A::Error>::new(name))
                .map(Some),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        let first = usize::from(self.first.is_some());
        self.rest.size_hint().map(|rest| rest + first)
    }
}

/// The value of the only key of an object.
pub(super) fn value_of<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    map: &mut A,
) -> Result<T, A::Error> {
    let value = map.next_value()?;
    end(map)?;
    Ok(value)
}

/// Checks that an object has no further keys.
pub(super) fn end<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    match map.next_key::<IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(A::Error::custom("a value in EJSON has one key only")),
    }
}
