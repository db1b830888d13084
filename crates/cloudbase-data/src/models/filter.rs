//! Conditions on records, as the service's filter JSON.

mod depth;
mod reach;

use std::collections::BTreeMap;

use cloudbase_core::{Error, Result};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::request::raw;
use crate::invalid::Invalid;
use crate::reach::Reach;
use crate::records::json_of;

/// A condition on records: made by [`field`], joined by [`and`](Self::and), [`or`](Self::or),
/// [`all`](Self::all) and [`any`](Self::any); [`related`](Self::related) looks at other models.
///
/// ```
/// use cloudbase_data::models::{Filter, field};
///
/// let filter = field("done")
///     .eq(false)
///     .and(Filter::any([field("title").search("milk"), field("priority").gt(3)]))
///     .and(Filter::related("comments", field("comment").is_not_empty()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Conditions on the record itself, all of which must hold: JSON objects as text, in which
    /// values are written as in records.
    conditions: Vec<String>,
    /// Conditions on related records: the JSON text of each relation's.
    related: BTreeMap<String, String>,
    invalid: Option<Invalid>,
    /// How many groups stand around the innermost condition.
    depth: usize,
}

/// How deep groups may nest: with a list of conditions in each they are four levels of JSON, of which
/// parsers read 128.
const MAX_DEPTH: usize = 24;

/// Starts a condition on a field.
pub fn field(name: impl Into<String>) -> Field {
    Field(name.into())
}

/// A field, waiting for what must be true of it; made by [`field`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a field is no condition before it is compared"]
pub struct Field(String);

macro_rules! comparisons {
    ($($name:ident, $operator:literal, $doc:literal;)*) => {
        impl Field {$(
            #[doc = $doc]
            #[doc(alias = $operator)]
            pub fn $name(self, value: impl Serialize) -> Filter {
                self.test($operator, value)
            }
        )*}
    };
}

comparisons! {
    eq, "$eq", "The field equals `value`.";
    neq, "$neq", "The field does not equal `value`. Records with null in it are not matched on MySQL.";
    gt, "$gt", "The field is greater than `value`.";
    gte, "$gte", "The field is greater than `value` or equal.";
    lt, "$lt", "The field is less than `value`.";
    lte, "$lte", "The field is less than `value` or equal.";
}

impl Field {
    /// The field equals one of these.
    #[doc(alias = "$in")]
    pub fn in_<V: Serialize>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.test("$in", values.into_iter().collect::<Vec<_>>())
    }

    /// The field equals none of these. Records with null in it are not matched on MySQL.
    #[doc(alias = "$nin")]
    pub fn not_in<V: Serialize>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.test("$nin", values.into_iter().collect::<Vec<_>>())
    }

    /// The text contains this, with regard to case.
    #[doc(alias = "$search")]
    pub fn search(self, text: impl Into<String>) -> Filter {
        self.test("$search", text.into())
    }

    /// The text contains this, whatever the case.
    #[doc(alias = "$search_ci")]
    pub fn search_ci(self, text: impl Into<String>) -> Filter {
        self.test("$search_ci", text.into())
    }

    /// The text does not contain this, with regard to case.
    #[doc(alias = "$nsearch")]
    pub fn not_search(self, text: impl Into<String>) -> Filter {
        self.test("$nsearch", text.into())
    }

    /// The text does not contain this, whatever the case.
    #[doc(alias = "$nsearch_ci")]
    pub fn not_search_ci(self, text: impl Into<String>) -> Filter {
        self.test("$nsearch_ci", text.into())
    }

    /// The field has no value.
    #[doc(alias = "$empty")]
    pub fn is_empty(self) -> Filter {
        self.test("$empty", true)
    }

    /// The field has a value.
    #[doc(alias = "$nempty")]
    pub fn is_not_empty(self) -> Filter {
        self.test("$nempty", true)
    }

    fn test(self, operator: &'static str, value: impl Serialize) -> Filter {
        let mut filter = Filter::everything();
        if self.0.is_empty() {
            filter.reject("names an empty field");
        } else if self.0.starts_with('$') {
            filter.reject("names a field that begins with `$`, as operators do");
        }
        let value = Entry(operator, value);
        match json_of("filter", &Entry(&self.0, value)) {
            Ok(condition) => filter.conditions.push(condition),
            Err(error) => filter.invalid = Some((&error).into()),
        }
        filter
    }
}

/// `{key: value}`
struct Entry<'a, T>(&'a str, T);

impl<T: Serialize> Serialize for Entry<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}

impl Filter {
    /// No condition: every record.
    pub(crate) fn everything() -> Self {
        Self {
            conditions: Vec::new(),
            related: BTreeMap::new(),
            invalid: None,
            depth: 0,
        }
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.related.is_empty()
    }

    /// Notes a broken rule. The first one stands.
    fn reject(&mut self, rule: &str) {
        let error = || (&Error::argument("filter", rule)).into();
        self.invalid.get_or_insert_with(error);
    }

    /// Every one of these.
    #[doc(alias = "$and")]
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        filters.into_iter().fold(Self::everything(), Self::and)
    }

    /// At least one of these. Conditions on related records cannot be alternatives.
    #[doc(alias = "$or")]
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::everything();
        let mut members = Vec::new();
        for filter in filters {
            joined.invalid = joined.invalid.or(filter.invalid);
            joined.depth = joined.depth.max(filter.depth + 1);
            if !filter.related.is_empty() {
                joined.reject("has a condition on related records among alternatives");
            }
            match all_of(filter.conditions) {
                Some(condition) => members.push(condition),
                None => joined.reject("has an alternative without condition"),
            }
        }
        match members.len() {
            0 => joined.reject("has no alternatives"),
            1 => joined.conditions.append(&mut members),
            _ => joined.conditions.push(group("$or", &members)),
        }
        joined.within_depth()
    }

    /// The filter, emptied if it nests too deeply: each group more would copy all that is in it.
    fn within_depth(mut self) -> Self {
        if self.depth > MAX_DEPTH {
            self.conditions.clear();
            self.reject(&format!("must not nest deeper than {MAX_DEPTH} groups"));
        }
        self
    }

    /// Related records, by the relation's field, of which some match `filter`.
    ///
    /// For reading. In a write it can narrow down other conditions, but does not choose records on
    /// its own: whether the service heeds it there is not known.
    #[doc(alias = "relateWhere")]
    pub fn related(relation: impl Into<String>, filter: Self) -> Self {
        let mut outer = Self::everything();
        outer.invalid = filter.invalid;
        if !filter.related.is_empty() {
            outer.reject("nests conditions on related records");
        }
        let condition = all_of(filter.conditions).unwrap_or_else(nothing);
        outer
            .related
            .insert(relation.into(), format!(r#"{{"where":{condition}}}"#));
        outer
    }

    /// This and the other.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        let other = other.into();
        self.invalid = self.invalid.or(other.invalid);
        self.depth = self.depth.max(other.depth);
        self.conditions.extend(other.conditions);
        for (relation, condition) in other.related {
            if self.related.insert(relation, condition).is_some() {
                self.reject("has two conditions on the same relation");
            }
        }
        self
    }

    /// This or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// The JSON that is sent.
    pub(crate) fn encode(self) -> Result<Box<RawValue>> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.into());
        }
        let condition = all_of(self.conditions).unwrap_or_else(nothing);
        let mut json = String::from("{");
        if !self.related.is_empty() {
            let members = self.related.iter().map(|(relation, condition)| {
                json_of("filter", relation).map(|relation| format!("{relation}:{condition}"))
            });
            let members = members.collect::<Result<Vec<_>>>()?.join(",");
            json.push_str(&format!(r#""relateWhere":{{{members}}},"#));
        }
        json.push_str(&format!(r#""where":{condition}}}"#));
        raw(json)
    }

    /// The JSON of a write, which must not touch everything by accident: every record matches only if
    /// `everything` is what the user said.
    pub(crate) fn encode_write(self, everything: bool) -> Result<Box<RawValue>> {
        if !everything && self.invalid.is_none() && self.reach()? == Reach::Everything {
            return Err(Error::argument("filter", self.missing()));
        }
        self.encode()
    }

    /// How many records the conditions on the records themselves let through.
    fn reach(&self) -> Result<Reach> {
        let conditions = self.conditions.iter().map(|condition| {
            let condition: Value = serde_json::from_str(condition).map_err(|error| {
                Error::argument("filter", format_args!("must be JSON: {error}"))
            })?;
            Ok(reach::of(&condition))
        });
        Ok(Reach::all(conditions.collect::<Result<Vec<_>>>()?))
    }

    /// What a write lacks that has only such conditions.
    fn missing(&self) -> &'static str {
        if !self.related.is_empty() {
            "is required in `where`: a condition on a relation chooses no records of a write"
        } else if !self.conditions.is_empty() {
            "is required: what is there tests nothing, and every record would match"
        } else {
            "is required: without it every record would match"
        }
    }
}

/// One condition of several that must all hold, or none.
fn all_of(mut conditions: Vec<String>) -> Option<String> {
    match conditions.len() {
        0 | 1 => conditions.pop(),
        _ => Some(group("$and", &conditions)),
    }
}

fn group(operator: &str, members: &[String]) -> String {
    format!(r#"{{"{operator}":[{}]}}"#, members.join(","))
}

/// The condition that holds for everything.
fn nothing() -> String {
    "{}".to_owned()
}

/// The whole filter as the other SDKs write it: `{"where": {…}, "relateWhere": {…}}`.
impl From<Value> for Filter {
    fn from(json: Value) -> Self {
        let mut filter = Self::everything();
        let Some(json) = depth::within(json) else {
            filter.reject("must not be JSON of more than 128 levels");
            return filter;
        };
        let Value::Object(mut json) = json else {
            filter.reject("must be an object with `where`");
            return filter;
        };
        match json.remove("where") {
            None => {}
            Some(Value::Object(condition)) if condition.is_empty() => {}
            Some(condition @ Value::Object(_)) => filter.conditions.push(condition.to_string()),
            Some(_) => filter.reject("must have an object as `where`"),
        }
        match json.remove("relateWhere") {
            None => {}
            Some(Value::Object(related)) => {
                let texts = related.into_iter();
                filter.related = texts.map(|(name, json)| (name, json.to_string())).collect();
            }
            Some(_) => filter.reject("must have an object as `relateWhere`"),
        }
        if !json.is_empty() {
            filter.reject("must hold its conditions in `where` and `relateWhere`");
        }
        filter
    }
}

#[cfg(test)]
mod tests;
