//! Ids that the database makes.

use std::fmt;
use std::str::FromStr;

use cloudbase_core::Error;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::keys::entry;

/// The id that the database gives a document without one: 12 bytes, shown as 24 hexadecimal digits.
///
/// A field of type `String` reads one too, as its digits; written back it would be text. Below
/// `#[serde(flatten)]`, `tag` or `untagged` only this type reads one.
///
/// ```
/// use cloudbase_data::documents::ObjectId;
///
/// let id: ObjectId = "507f1f77bcf86cd799439011".parse()?;
/// assert_eq!(id.to_string(), "507f1f77bcf86cd799439011");
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// The id of these bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    pub const fn bytes(self) -> [u8; 12] {
        self.0
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut bytes = [0; 12];
        if digits.len() != 24 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? << 4 | digit(1)?) as u8;
        }
        Some(Self(bytes))
    }
}

impl FromStr for ObjectId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
            .ok_or_else(|| Error::argument("object id", "must be 24 hexadecimal digits"))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("$oid", &format_args!("{self}"))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl<'de> Visitor<'de> for IdVisitor {
            type Value = ObjectId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ObjectId")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ObjectId, E> {
                let id = ObjectId::parse(text);
                id.ok_or_else(|| E::invalid_value(de::Unexpected::Other("other text"), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ObjectId, A::Error> {
                entry(map, &["$oid"])
            }
        }

        deserializer.deserialize_any(IdVisitor)
    }
}
