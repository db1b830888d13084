//! Rust's types as values of the database.

use cloudbase_core::Timestamp;

use super::{Binary, BsonTimestamp, DateTime, Decimal128, Document, ObjectId, Regex, Value};

macro_rules! values {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

values!(
    bool => Bool, i8 => Int32, i16 => Int32, i32 => Int32, u8 => Int32, u16 => Int32, i64 => Int64,
    u32 => Int64, f32 => Double, f64 => Double, Decimal128 => Decimal128, &str => String,
    String => String, &String => String, char => String, Document => Document, ObjectId => ObjectId,
    DateTime => DateTime, Timestamp => DateTime, Binary => Binary, Regex => Regex,
    BsonTimestamp => Timestamp,
);

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<V: Into<Self>> From<Vec<V>> for Value {
    fn from(members: Vec<V>) -> Self {
        members.into_iter().collect()
    }
}

impl<V: Into<Self>, const N: usize> From<[V; N]> for Value {
    fn from(members: [V; N]) -> Self {
        members.into_iter().collect()
    }
}

impl<V: Into<Self>> FromIterator<V> for Value {
    fn from_iter<I: IntoIterator<Item = V>>(members: I) -> Self {
        Self::Array(members.into_iter().map(Into::into).collect())
    }
}

/// JSON is read as EJSON: an object such as `{"$oid": "…"}` becomes what it stands for, and a whole number
/// has 32 bits if it fits.
impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;

        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => integer(value),
                (None, value) => Self::Double(value.unwrap_or(f64::NAN)),
            },
            Json::String(value) => Self::String(value),
            Json::Array(members) => members.into_iter().collect(),
            Json::Object(fields) => super::interpret::interpret(fields.into_iter().collect()),
        }
    }
}

/// An integer of the size that it needs.
pub(crate) fn integer(value: i64) -> Value {
    i32::try_from(value).map_or(Value::Int64(value), Value::Int32)
}

/// As [`integer`]; beyond 64 bits with a sign the nearest double, as the database reads it.
pub(crate) fn unsigned(value: u64) -> Value {
    i64::try_from(value).map_or(Value::Double(value as f64), integer)
}

impl From<serde_json::Map<String, serde_json::Value>> for Document {
    fn from(fields: serde_json::Map<String, serde_json::Value>) -> Self {
        fields.into_iter().collect()
    }
}
