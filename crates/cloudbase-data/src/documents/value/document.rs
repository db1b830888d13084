//! A document of no fixed shape.

use std::fmt;
use std::str::FromStr;

use cloudbase_core::{Error, Result};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::Value;
use crate::documents::ejson::{self, Form};

/// A document of no fixed shape: fields in order, each with its type.
///
/// ```
/// use cloudbase_data::documents::Document;
///
/// let mut todo = Document::new();
/// todo.insert("title", "milk");
/// todo.insert("n", 2);
/// assert_eq!(todo.to_ejson(), r#"{"title":"milk","n":{"$numberInt":"2"}}"#);
/// assert_eq!(todo.read::<u8>("n")?, 2);
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Document {
    fields: Vec<(String, Value)>,
}

impl Document {
    /// A document without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The document that `value` (a struct or map) is stored as.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if it is no struct or map,
    /// [`Encode`](cloudbase_core::ErrorKind::Encode) if it has no form in the database.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        Self::of_argument("document", value)
    }

    /// As [`of`](Self::of); `argument` is what the caller knows the value as.
    pub(crate) fn of_argument<T: Serialize + ?Sized>(argument: &str, value: &T) -> Result<Self> {
        match ejson::value_of(argument, value)? {
            Value::Document(document) => Ok(document),
            _ => Err(Error::argument(
                argument,
                "must be a struct or map: field names and values",
            )),
        }
    }

    /// Reads the document into a type.
    ///
    /// # Errors
    ///
    /// [`Decode`](cloudbase_core::ErrorKind::Decode), naming the path of the first value that does not
    /// fit.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T> {
        ejson::decode(ejson::encode("document", self, Form::Canonical)?.as_bytes())
    }

    /// The value of a field; `None` if there is no such field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value)
    }

    /// Reads a field into a type. An absent field reads as null, so `Option<T>` is `None` for both.
    ///
    /// # Errors
    ///
    /// [`Decode`](cloudbase_core::ErrorKind::Decode), naming the field, if the value does not fit `T`.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = self.get(name).unwrap_or(&Value::Null);
        let text = ejson::encode(name, value, Form::Canonical)?;
        ejson::decode(text.as_bytes()).map_err(|_| {
            let expected = std::any::type_name::<T>();
            let message = format!("the field does not fit {expected} at `{name}`");
            Error::new(cloudbase_core::ErrorKind::Decode, message)
        })
    }

    /// Sets a field, at the end or in the place of one of that name, whose value is returned.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        match self.get_mut(&name) {
            Some(found) => Some(std::mem::replace(found, value)),
            None => {
                self.fields.push((name, value));
                None
            }
        }
    }

    /// The value of a field, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let found = self.fields.iter_mut().find(|(field, _)| field == name);
        found.map(|(_, value)| value)
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(at).1)
    }

    /// Whether there is such a field, null or not.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(name, value)| (&**name, value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The document as canonical EJSON, in which every number has its type.
    pub fn to_ejson(&self) -> String {
        // Fields that are there twice are written twice, as they came.
        let value = ejson::Encoded {
            value: self,
            form: Form::Canonical,
        };
        serde_json::to_string(&value).unwrap_or_default()
    }

    pub(crate) fn read_from<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8).min(64));
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Self { fields })
    }

    /// The only field, if there is one only.
    pub(crate) fn only(&self) -> Option<(&str, &Value)> {
        match self.fields.as_slice() {
            [(name, value)] => Some((name, value)),
            _ => None,
        }
    }

    /// Adds a field whose name is known to be new.
    pub(crate) fn push(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.fields.push((name.into(), value.into()));
    }

    /// A document of one field.
    pub(crate) fn one(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            fields: vec![(name.into(), value.into())],
        }
    }
}

/// Reads EJSON, relaxed or canonical.
impl FromStr for Document {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        ejson::decode(text.as_bytes())
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Document, A::Error> {
                Document::read_from(map)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Document {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut document = Self::new();
        for (name, value) in fields {
            document.insert(name, value);
        }
        document
    }
}

impl IntoIterator for Document {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
