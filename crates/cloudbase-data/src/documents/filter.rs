//! Conditions on documents, as values.

mod commands;
mod geo;

use std::ops::{BitAnd, BitOr, Not};

use cloudbase_core::{Error, Result};
use serde::Serialize;

pub use self::commands::{
    all, elem_match, eq, exists, expr, gt, gte, in_, json_schema, lt, lte, modulo, neq, nin,
    regexp, size,
};
pub use self::geo::{GeoNear, geo_intersects, geo_near, geo_within};
use super::ejson;
use super::field::FieldPath;
use super::value::{Document, Value};
use crate::invalid::Invalid;

/// How deep groups may nest: the database takes no documents of more than 100 levels.
const MAX_DEPTH: usize = 32;

/// A condition on documents.
///
/// Made by the functions of this module ([`eq`], [`gt`], [`in_`], …) or the methods of a typed
/// [`Field`](super::Field), and joined by `&`, `|` and `!`. JSON of the other SDKs is a filter too, commands
/// such as `{"$gt": 1}` and keys such as `$or` included; it is sent as it is. A nested object in it is
/// compared as a whole, as the database does; write `owner.name` for a field of it.
///
/// An invalid condition is reported when the call is sent.
///
/// ```
/// use cloudbase_data::documents::{Filter, eq, gt, in_};
/// use serde_json::json;
///
/// let filter = eq("done", false) & (gt("stars", 3) | in_("tags", ["new", "hot"])) & !eq("owner", "me");
/// let raw = Filter::from(json!({ "$or": [{ "done": true }, { "stars": { "$gt": 3 } }] }));
/// let both = filter & raw;
/// ```
///
/// An update is no condition:
///
/// ```compile_fail
/// use cloudbase_data::documents::{eq, inc};
///
/// let filter = eq("done", false) & inc("edits", 1);
/// ```
#[doc(alias = "DbCommand")]
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a condition does nothing by itself"]
pub struct Filter {
    document: Document,
    /// Whether it is on the element of a list, not on its fields.
    of_element: bool,
    depth: usize,
    invalid: Option<Invalid>,
}

impl Filter {
    /// A condition that every document meets.
    pub fn everything() -> Self {
        Self::default()
    }

    /// The JSON that is sent, each value with its type.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) or [`Encode`](cloudbase_core::ErrorKind::Encode)
    /// if a part of it is invalid.
    pub fn to_document(&self) -> Result<Document> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.into());
        }
        if self.of_element {
            let rule =
                "must name a field: `element()` stands in `elem_match` and `pull_where` only";
            return Err(Error::argument("filter", rule));
        }
        Ok(self.document.clone())
    }

    /// As [`to_document`](Self::to_document), for a call that must not touch everything.
    pub(crate) fn to_choosing_document(&self) -> Result<Document> {
        let document = self.to_document()?;
        match passes_everything(&document) {
            false => Ok(document),
            true => Err(Error::argument(
                "filter",
                "must choose documents: a write without a condition would touch all of them",
            )),
        }
    }

    /// The conditions on a member of a list, whether on itself or on its fields.
    pub(super) fn into_member(self) -> Result<Document> {
        match &self.invalid {
            Some(invalid) => Err(invalid.into()),
            None => Ok(self.document),
        }
    }

    fn of(document: Document) -> Self {
        Self {
            document,
            ..Self::default()
        }
    }

    fn rejected(error: &Error) -> Self {
        Self {
            invalid: Some(error.into()),
            ..Self::default()
        }
    }

    /// The operators of a test of one field.
    fn test(path: impl Into<FieldPath>, operators: Result<impl Into<Value>>) -> Self {
        let path = path.into();
        let build = || {
            let operators = operators?.into();
            if path.is_element() {
                let Value::Document(document) = operators else {
                    return Ok(Document::one("$eq", operators));
                };
                return Ok(document);
            }
            Ok(Document::one(path.checked()?, operators))
        };
        match build() {
            Ok(document) => Self {
                document,
                of_element: path.is_element(),
                ..Self::default()
            },
            Err(error) => Self::rejected(&error),
        }
    }

    /// A test by one operator with a value of the user's.
    fn operator(path: impl Into<FieldPath>, operator: &str, value: impl Serialize) -> Self {
        let path = path.into();
        let value = ejson::value_of(path.as_str(), &value);
        Self::test(path, value.map(|value| Document::one(operator, value)))
    }

    fn group(operator: &'static str, members: Vec<Self>) -> Self {
        if members.is_empty() {
            let name = operator.trim_start_matches('$');
            return Self::rejected(&Error::argument(name, "must have at least one condition"));
        }
        let depth = 1 + members.iter().map(|member| member.depth).max().unwrap_or(0);
        let invalid = members.iter().find_map(|member| member.invalid.clone());
        if depth > MAX_DEPTH {
            return Self::rejected(&Error::argument(
                "filter",
                format_args!("must not nest groups more than {MAX_DEPTH} deep"),
            ));
        }
        if members.iter().any(|member| member.of_element) {
            return Self::rejected(&Error::argument(
                "filter",
                "must not have groups of conditions on `element()`: the database has none",
            ));
        }
        let members = members.into_iter().map(|member| member.document);
        Self {
            document: Document::one(operator, members.collect::<Value>()),
            of_element: false,
            depth,
            invalid,
        }
    }

    /// The conditions of a group of this kind, or itself as the only one.
    fn into_members(self, operator: &str) -> Vec<Self> {
        match self.document.only() {
            Some((key, Value::Array(members))) if key == operator && self.invalid.is_none() => {
                let depth = self.depth.saturating_sub(1);
                let member = |value: &Value| match value {
                    Value::Document(document) => Some(Self {
                        document: document.clone(),
                        depth,
                        ..Self::default()
                    }),
                    _ => None,
                };
                let found: Option<Vec<_>> = members.iter().map(member).collect();
                found.unwrap_or_else(|| vec![self])
            }
            _ => vec![self],
        }
    }

    /// Whether both can stand in one object: they test different fields, and nothing but fields.
    fn is_apart_from(&self, other: &Self) -> bool {
        let plain = |filter: &Self| {
            filter.of_element || filter.document.iter().all(|(key, _)| !key.starts_with('$'))
        };
        let apart = |(key, _): (&str, &Value)| !other.document.contains(key);
        self.of_element == other.of_element
            && plain(self)
            && plain(other)
            && self.document.iter().all(apart)
    }

    fn is_everything(&self) -> bool {
        self.document.is_empty() && self.invalid.is_none()
    }
}

/// Both hold. Tests of different fields become one object, anything else an `$and`.
impl BitAnd for Filter {
    type Output = Self;

    fn bitand(mut self, other: Self) -> Self {
        if self.is_everything() {
            return other;
        }
        if other.is_everything() {
            return self;
        }
        if self.is_apart_from(&other) {
            for (key, value) in other.document {
                self.document.push(key, value);
            }
            self.invalid = self.invalid.or(other.invalid);
            self.depth = self.depth.max(other.depth);
            return self;
        }
        let mut members = self.into_members("$and");
        members.push(other);
        Self::group("$and", members)
    }
}

/// One of both holds.
impl BitOr for Filter {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let mut members = self.into_members("$or");
        members.push(other);
        Self::group("$or", members)
    }
}

/// The opposite; holds for documents without the field too.
impl Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        if self.of_element {
            let document = Document::one("$not", self.document);
            return Self { document, ..self };
        }
        match self.document.only() {
            Some((path, value)) if !path.starts_with('$') => {
                let test = match value {
                    Value::Document(document)
                        if document.iter().any(|(key, _)| key.starts_with('$')) =>
                    {
                        value.clone()
                    }
                    // `{"$regex": …}` of JSON, which the database matches too.
                    Value::Regex(_) => value.clone(),
                    value => Document::one("$eq", value.clone()).into(),
                };
                let document = Document::one(path, Document::one("$not", test));
                Self { document, ..self }
            }
            _ => Self::group("$nor", vec![self]),
        }
    }
}

/// All of `filters` hold.
pub fn and(filters: impl IntoIterator<Item = Filter>) -> Filter {
    let all = filters.into_iter();
    all.fold(Filter::everything(), BitAnd::bitand)
}

/// One of `filters` holds.
pub fn or(filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter::group("$or", filters.into_iter().collect())
}

/// None of `filters` holds.
pub fn nor(filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter::group("$nor", filters.into_iter().collect())
}

/// The opposite of `filter`, as `!filter`; holds for documents without the field too.
pub fn not(filter: Filter) -> Filter {
    !filter
}

/// The filter of the other SDKs, sent as it is.
impl From<Document> for Filter {
    fn from(document: Document) -> Self {
        Self::of(document)
    }
}

/// The filter of the other SDKs, sent as it is.
impl From<serde_json::Value> for Filter {
    fn from(value: serde_json::Value) -> Self {
        match value.into() {
            Value::Document(document) => Self::of(document),
            // `{"$regex": …}`, which names no field.
            Value::Regex(regex) => super::element::<String>().regexp(regex),
            _ => Self::rejected(&Error::argument("filter", "must be a JSON object")),
        }
    }
}

/// Whether the form of a condition says that it chooses nothing.
fn passes_everything(document: &Document) -> bool {
    let passes = |member: &Value| member.as_document().is_some_and(passes_everything);
    document.iter().all(|(key, value)| match (key, value) {
        ("$and", Value::Array(members)) => members.iter().all(passes),
        ("$or", Value::Array(members)) => members.iter().any(passes),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
