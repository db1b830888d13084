//! Values of the document database: its types that JSON and Rust do not have, and documents without a
//! type of yours.

mod binary;
mod convert;
mod date_time;
mod decimal128;
mod document;
mod interpret;
mod keys;
mod object_id;
mod regex;
mod timestamp;

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

pub use self::binary::Binary;
pub(crate) use self::convert::integer;
pub use self::date_time::DateTime;
pub use self::decimal128::Decimal128;
pub use self::document::Document;
pub(crate) use self::keys::PLAIN;
pub use self::keys::{MaxKey, MinKey};
pub use self::object_id::ObjectId;
pub use self::regex::Regex;
pub use self::timestamp::BsonTimestamp;

/// A value of any type that the database has.
///
/// ```
/// use cloudbase_data::documents::{Document, Value};
///
/// let document: Document = r#"{"n": {"$numberLong": "7"}, "f": {"$numberDouble": "1.0"}, "none": null}"#.parse()?;
/// assert_eq!(document.get("n"), Some(&Value::Int64(7)));
/// assert_eq!(document.get("f"), Some(&Value::Double(1.0)));
/// assert_eq!(document.get("none"), Some(&Value::Null));
/// assert_eq!(document.get("absent"), None);
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`, which is not the same as an absent field.
    #[default]
    Null,
    /// A bool.
    Bool(bool),
    /// An integer of 32 bits.
    Int32(i32),
    /// An integer of 64 bits, whatever its size.
    Int64(i64),
    /// A floating point number, also one that is whole.
    Double(f64),
    /// A decimal number of up to 34 digits.
    Decimal128(Decimal128),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// A document within the document.
    Document(Document),
    /// An id that the database made.
    ObjectId(ObjectId),
    /// A point in time, in milliseconds.
    DateTime(DateTime),
    /// Bytes.
    Binary(Binary),
    /// A regular expression.
    Regex(Regex),
    /// A timestamp of the database's own replication.
    Timestamp(BsonTimestamp),
    /// What sorts before everything.
    MinKey,
    /// What sorts after everything.
    MaxKey,
}

impl Value {
    /// The bool, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one of 32 or 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int32(value) => Some((*value).into()),
            Self::Int64(value) => Some(*value),
            _ => None,
        }
    }

    /// The number as a double, if it is a double or an integer of 32 bits.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int32(value) => Some((*value).into()),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The members, if it is a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(value) => Some(value),
            _ => None,
        }
    }

    /// The document, if it is one.
    pub fn as_document(&self) -> Option<&Document> {
        match self {
            Self::Document(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => value.serialize(serializer),
            Self::Int32(value) => value.serialize(serializer),
            Self::Int64(value) => value.serialize(serializer),
            Self::Double(value) => value.serialize(serializer),
            Self::Decimal128(value) => value.serialize(serializer),
            Self::String(value) => value.serialize(serializer),
            Self::Array(value) => value.serialize(serializer),
            Self::Document(value) => value.serialize(serializer),
            Self::ObjectId(value) => value.serialize(serializer),
            Self::DateTime(value) => value.serialize(serializer),
            Self::Binary(value) => value.serialize(serializer),
            Self::Regex(value) => value.serialize(serializer),
            Self::Timestamp(value) => value.serialize(serializer),
            Self::MinKey => MinKey.serialize(serializer),
            Self::MaxKey => MaxKey.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of a document")
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_none<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                Value::deserialize(deserializer)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i32<E: Error>(self, value: i32) -> Result<Value, E> {
                Ok(Value::Int32(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Int64(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
                Ok(convert::unsigned(value))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Double(value))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
                Ok(Value::String(value.to_owned()))
            }

            fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
                Ok(Value::String(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = seq.next_element()? {
                    members.push(member);
                }
                Ok(Value::Array(members))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                Document::read_from(map).map(interpret::interpret)
            }
        }

        deserializer.deserialize_any(ValueVisitor)
    }
}
