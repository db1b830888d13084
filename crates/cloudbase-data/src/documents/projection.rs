//! Which fields of a document are read.

use cloudbase_core::{Error, Result};

use super::field::FieldPath;
use super::value::{Document, Value};
use crate::invalid::Invalid;

/// Which fields of a document are read: names of those to read, [`exclude`] for those to leave out, or the
/// JSON of the other SDKs.
///
/// ```
/// use cloudbase_data::documents::{Projection, exclude};
/// use serde_json::json;
///
/// let two = Projection::from(["title", "owner.name"]);
/// let most = exclude(["secret"]);
/// let first_three = Projection::from(json!({ "title": true, "tags": { "$slice": 3 } }));
/// ```
#[doc(alias = "field")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    fields: Document,
    invalid: Option<Invalid>,
}

/// Reads all fields but these.
pub fn exclude<P: Into<FieldPath>>(paths: impl IntoIterator<Item = P>) -> Projection {
    Projection::all(paths, 0)
}

impl Projection {
    fn all<P: Into<FieldPath>>(paths: impl IntoIterator<Item = P>, value: i32) -> Self {
        let mut projection = Self::default();
        for path in paths {
            let path = path.into();
            match path.checked() {
                Ok(path) => {
                    projection.fields.insert(path, value);
                }
                Err(error) => projection.reject(&error),
            }
        }
        projection
    }

    fn reject(&mut self, error: &Error) {
        self.invalid.get_or_insert_with(|| error.into());
    }

    /// Whether the id is among what is read.
    pub(crate) fn has_id(&self) -> bool {
        !matches!(self.fields.get("_id"), Some(Value::Int32(0)))
    }

    /// The JSON that is sent.
    pub(crate) fn encode(&self) -> Result<String> {
        match &self.invalid {
            Some(invalid) => Err(invalid.into()),
            None => super::ejson::encode("fields", &self.fields, super::ejson::Form::Relaxed),
        }
    }
}

impl<P: Into<FieldPath>, const N: usize> From<[P; N]> for Projection {
    fn from(paths: [P; N]) -> Self {
        Self::all(paths, 1)
    }
}

impl<P: Into<FieldPath>> From<Vec<P>> for Projection {
    fn from(paths: Vec<P>) -> Self {
        Self::all(paths, 1)
    }
}

/// True and false become 1 and 0; objects such as `{"$slice": 3}` stay.
impl From<Document> for Projection {
    fn from(fields: Document) -> Self {
        let number = |(path, value)| match value {
            Value::Bool(shown) => (path, Value::Int32(shown.into())),
            value => (path, value),
        };
        Self {
            fields: fields.into_iter().map(number).collect(),
            invalid: None,
        }
    }
}

/// As of a [`Document`].
impl From<serde_json::Value> for Projection {
    fn from(value: serde_json::Value) -> Self {
        match value.into() {
            Value::Document(fields) => fields.into(),
            _ => {
                let mut projection = Self::default();
                projection.reject(&Error::argument("fields", "must be a JSON object"));
                projection
            }
        }
    }
}
