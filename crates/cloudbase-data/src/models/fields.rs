//! What to show of a record.

use serde_json::{Map, Value};

/// The fields and relations of an answer. Default: every field of the record, no relations.
///
/// ```
/// use cloudbase_data::models::Fields;
///
/// let fields = Fields::master().relation("comments", Fields::of(["_id", "comment"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Every field of the record itself.
    #[doc(alias = "$master")]
    pub fn master() -> Self {
        Self::of(["$master"])
    }

    /// These fields.
    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(
            names
                .into_iter()
                .map(|name| (name.into(), Value::Bool(true)))
                .collect(),
        )
    }

    /// Adds a field, or a relation with all its fields.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.0.insert(name.into(), Value::Bool(true));
        self
    }

    /// Adds some fields of a relation.
    #[must_use]
    pub fn relation(mut self, name: impl Into<String>, fields: Self) -> Self {
        self.0.insert(name.into(), Value::Object(fields.0));
        self
    }

    pub(crate) fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self::master()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Fields {
    fn from(names: [S; N]) -> Self {
        Self::of(names)
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(json: Map<String, Value>) -> Self {
        Self(json)
    }
}
