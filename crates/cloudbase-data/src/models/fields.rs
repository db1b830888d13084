//! What to show of a record.

use cloudbase_core::{Error, Result};
use serde_json::{Map, Value};

use crate::invalid::Invalid;

/// The fields and relations of a response. Default: every field of the record, no relations.
///
/// ```
/// use cloudbase_data::models::Fields;
///
/// let fields = Fields::master().relation("comments", Fields::of(["_id", "comment"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    members: Map<String, Value>,
    invalid: Option<Invalid>,
}

impl Fields {
    /// Every field of the record itself.
    #[doc(alias = "$master")]
    pub fn master() -> Self {
        Self::of(["$master"])
    }

    /// These fields.
    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let members = names
            .into_iter()
            .map(|name| (name.into(), Value::Bool(true)));
        members.collect::<Map<_, _>>().into()
    }

    /// Adds a field, or a relation with all its fields.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.members.insert(name.into(), Value::Bool(true));
        self
    }

    /// Adds some fields of a relation.
    #[must_use]
    pub fn relation(mut self, name: impl Into<String>, fields: Self) -> Self {
        self.invalid = self.invalid.or(fields.invalid);
        self.members
            .insert(name.into(), Value::Object(fields.members));
        self
    }

    pub(crate) fn into_json(self) -> Result<Value> {
        match &self.invalid {
            Some(invalid) => Err(invalid.into()),
            None => Ok(Value::Object(self.members)),
        }
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
    fn from(members: Map<String, Value>) -> Self {
        Self {
            members,
            invalid: None,
        }
    }
}

/// The `select` of the other SDKs: `json!({ "$master": true, "comments": { "_id": true } })`.
impl From<Value> for Fields {
    fn from(json: Value) -> Self {
        match json {
            Value::Object(members) => members.into(),
            _ => Self {
                members: Map::new(),
                invalid: Some((&Error::argument("select", "must be a JSON object")).into()),
            },
        }
    }
}
