//! Reads Extended JSON with the fields of objects in the order in which they were sent.

use std::fmt;

use bson::{Bson, Document};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de};

use super::scalar::typed;

/// How deep a document may be nested, as MongoDB has it.
const DEPTH: usize = 100;

/// Reads one value.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Decoder {
    /// What the server's date is.
    now_ms: i64,
    depth: usize,
}

impl Decoder {
    /// A decoder for which it is this time.
    pub(in super::super) fn at(now_ms: i64) -> Self {
        Self { now_ms, depth: 0 }
    }

    /// Reads a text that holds one value.
    pub(in super::super) fn value(self, text: &[u8]) -> Result<Bson, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_slice(text);
        let value = self.deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }

    /// Reads a text that holds one object.
    pub(in super::super) fn document(self, text: &[u8]) -> Result<Document, serde_json::Error> {
        match self.value(text)? {
            Bson::Document(document) => Ok(document),
            _ => Err(serde_json::Error::custom("expected an object")),
        }
    }

    fn inner<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH {
            return Err(E::custom(format!(
                "objects and arrays are nested more than {DEPTH} deep"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Decoder {
    type Value = Bson;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bson, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Decoder {
    type Value = Bson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an Extended JSON value")
    }

    fn visit_unit<E>(self) -> Result<Bson, E> {
        Ok(Bson::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Bson, E> {
        Ok(Bson::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Bson, E> {
        Ok(i32::try_from(value).map_or(Bson::Int64(value), Bson::Int32))
    }

    #[allow(clippy::cast_precision_loss, reason = "it fits no integer type")]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Bson, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Ok(Bson::Double(value as f64)),
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<Bson, E> {
        Ok(Bson::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Bson, E> {
        Ok(Bson::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Bson, E> {
        Ok(Bson::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bson, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Bson::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Bson, A::Error> {
        let inner = self.inner()?;
        let mut document = Document::new();
        while let Some(name) = fields.next_key::<String>()? {
            if name.matches('.').count() >= DEPTH {
                return Err(A::Error::custom(format!(
                    "a field path has more than {DEPTH} parts"
                )));
            }
            if name.contains('\0') {
                return Err(A::Error::custom("a field name contains U+0000"));
            }
            let value = fields.next_value_seed(inner)?;
            document.insert(name, value);
        }
        typed(document, self.now_ms).map_err(A::Error::custom)
    }
}
