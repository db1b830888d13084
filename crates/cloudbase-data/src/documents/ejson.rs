//! EJSON, the form in which the service writes documents: JSON in which every value has its type.

mod de;
mod ser;

use cloudbase_core::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::de::Ejson;
pub(crate) use self::ser::{Encoded, Form};
use super::value::Value;
use crate::records::json_of;

/// `value` as EJSON text: the one encoder of all calls. `argument` is what the caller knows it as.
pub(crate) fn encode<T: Serialize + ?Sized>(
    argument: &str,
    value: &T,
    form: Form,
) -> Result<String> {
    json_of(argument, &Encoded { value, form })
}

/// `text` read as EJSON.
pub(crate) fn decode<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    cloudbase_core::from_json(text).map(|Ejson(value)| value)
}

/// What a value of the user's is in the database.
pub(crate) fn value_of<T: Serialize + ?Sized>(argument: &str, value: &T) -> Result<Value> {
    decode(encode(argument, value, Form::Canonical)?.as_bytes())
}

#[cfg(test)]
mod tests;
