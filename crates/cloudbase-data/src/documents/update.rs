//! Changes of documents, as values.

mod commands;

use std::ops::Add;

use cloudbase_core::{Error, Result};
use serde::Serialize;

pub use self::commands::{
    Push, add_all_to_set, add_to_set, bit_and, bit_or, bit_xor, current_date, inc, max, min, mul,
    pop, pull, pull_all, pull_where, push, push_all, remove, rename, set, set_on_insert, shift,
    unshift, unshift_all,
};
use super::field::FieldPath;
use super::geo;
use super::value::{Document, Value};
use crate::invalid::Invalid;

/// A change of a document.
///
/// Made by the functions of this module ([`set`], [`inc`], [`push`], …) or the methods of a typed
/// [`Field`](super::Field), and joined by `+`. Each field is changed once. JSON of the other SDKs is an
/// update too: operators such as `$inc` as they are, all else is set, fields of nested objects one by one
/// (`{"a": {"b": 1}}` sets `a.b`); use [`set`] to replace an object.
///
/// An invalid change is reported when the call is sent.
///
/// ```
/// use cloudbase_data::documents::{Update, inc, push, set};
/// use serde_json::json;
///
/// let update = set("done", true) + inc("edits", 1) + push("tags", "shop");
/// let raw = Update::from(json!({ "owner": { "name": "Lin" }, "$inc": { "edits": 1 } }));
/// ```
///
/// It is neither a condition nor a value:
///
/// ```compile_fail
/// # use cloudbase_data::documents::{Collection, inc};
/// # fn run(todos: Collection) {
/// todos.doc("a").set(&inc("edits", 1));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a change does nothing by itself"]
pub struct Update {
    /// By operator: paths and their operands.
    operators: Document,
    invalid: Option<Invalid>,
}

impl Update {
    /// The JSON that is sent, each value with its type.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) or [`Encode`](cloudbase_core::ErrorKind::Encode)
    /// if there is no change, or a part of it is invalid.
    pub fn to_document(&self) -> Result<Document> {
        match &self.invalid {
            Some(invalid) => Err(invalid.into()),
            None if self.operators.is_empty() => {
                Err(Error::argument("update", "must change at least one field"))
            }
            None => Ok(self.operators.clone()),
        }
    }

    fn rejected(error: &Error) -> Self {
        Self {
            operators: Document::new(),
            invalid: Some(error.into()),
        }
    }

    /// One change of one field.
    fn change(
        operator: &'static str,
        path: impl Into<FieldPath>,
        operand: impl FnOnce(&str) -> Result<Value>,
    ) -> Self {
        let path = path.into();
        let build = || {
            let path = path.checked()?;
            check_not_id(path)?;
            Ok((path.to_owned(), operand(path)?))
        };
        match build() {
            Ok((path, operand)) => Self {
                operators: Document::one(operator, Document::one(path, operand)),
                invalid: None,
            },
            Err(error) => Self::rejected(&error),
        }
    }

    fn add_operator(&mut self, operator: String, changes: Document) -> Result<()> {
        for (path, _) in changes.iter() {
            check_not_id(path)?;
            let taken = |(_, changes): (&str, &Value)| {
                changes.as_document().is_some_and(|it| it.contains(path))
            };
            if self.operators.iter().any(taken) {
                let rule = format_args!("must change each field once, and changes `{path}` twice");
                return Err(Error::argument("update", rule));
            }
        }
        match self.operators.get_mut(&operator) {
            Some(Value::Document(known)) => {
                for (path, operand) in changes {
                    known.push(path, operand);
                }
            }
            _ => self.operators.push(operator, changes),
        }
        Ok(())
    }

    /// The update of the other SDKs: `$` keys are operators, the rest is set.
    fn read(document: Document) -> Result<Self> {
        let mut update = Self::default();
        let mut fields = Document::new();
        for (key, value) in document {
            if key.starts_with('$') {
                let Value::Document(changes) = value else {
                    let rule = format_args!("must have an object of fields in `{key}`");
                    return Err(Error::argument("update", rule));
                };
                update.add_operator(key, changes)?;
            } else {
                flatten(key, value, &mut fields);
            }
        }
        if !fields.is_empty() {
            update.add_operator("$set".to_owned(), fields)?;
        }
        Ok(update)
    }
}

/// Both changes.
impl Add for Update {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.invalid = self.invalid.or(other.invalid);
        for (operator, changes) in other.operators {
            let Value::Document(changes) = changes else {
                continue;
            };
            if let Err(error) = self.add_operator(operator, changes) {
                self.invalid.get_or_insert_with(|| (&error).into());
            }
        }
        self
    }
}

/// Sets the fields of `value` (a struct or map), those of nested objects one by one: what is not there
/// stays as it is. Lists, places and empty objects are set as a whole, and objects with a name that is no part
/// of a path: one that is empty, begins with `$` or has a dot.
///
/// ```
/// use cloudbase_data::documents::merge;
/// use serde_json::json;
///
/// let update = merge(&json!({ "title": "milk", "owner": { "name": "Lin" } }));
/// assert_eq!(
///     update.to_document()?.to_ejson(),
///     r#"{"$set":{"owner.name":"Lin","title":"milk"}}"#
/// );
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
pub fn merge<T: Serialize + ?Sized>(value: &T) -> Update {
    let read = || {
        let document = Document::of_argument("update", value)?;
        if let Some((key, _)) = document.iter().find(|(key, _)| key.starts_with('$')) {
            let rule = format_args!("must not have operators such as `{key}` among its fields");
            return Err(Error::argument("update", rule));
        }
        Update::read(document)
    };
    read().unwrap_or_else(|error| Update::rejected(&error))
}

impl From<Document> for Update {
    fn from(document: Document) -> Self {
        Self::read(document).unwrap_or_else(|error| Self::rejected(&error))
    }
}

impl From<serde_json::Value> for Update {
    fn from(value: serde_json::Value) -> Self {
        match value.into() {
            Value::Document(document) => document.into(),
            _ => Self::rejected(&Error::argument("update", "must be a JSON object")),
        }
    }
}

/// Adds `value` to `fields`, the fields of an object under their paths.
fn flatten(path: String, value: Value, fields: &mut Document) {
    match value {
        Value::Document(document)
            if !document.is_empty() && !geo::is_shape(&document) && has_paths(&document) =>
        {
            for (name, value) in document {
                flatten(format!("{path}.{name}"), value, fields);
            }
        }
        value => fields.push(path, value),
    }
}

/// Whether each name of the object can be a part of a path. `$` begins a value in EJSON that the SDK does not
/// know, such as the date of the server.
fn has_paths(document: &Document) -> bool {
    let is_part = |name: &str| !name.is_empty() && !name.starts_with('$') && !name.contains('.');
    document.iter().all(|(name, _)| is_part(name))
}

fn check_not_id(path: &str) -> Result<()> {
    match path {
        "_id" => Err(Error::argument("update", "must not change `_id`")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
