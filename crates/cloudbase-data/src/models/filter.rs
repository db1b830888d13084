//! Conditions on records, as the service's filter JSON.

use cloudbase_core::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};

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
    /// Conditions on the record itself, all of which must hold.
    conditions: Vec<Value>,
    /// Conditions on related records.
    related: Map<String, Value>,
    refused: Option<&'static str>,
}

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
    neq, "$neq", "The field does not equal `value`.";
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

    /// The field equals none of these.
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

    fn test(self, operator: &str, value: impl Serialize) -> Filter {
        let mut filter = Filter::everything();
        if self.0.is_empty() {
            filter.refused = Some("names an empty field");
        } else if self.0.starts_with('$') {
            filter.refused = Some("names a field that begins with `$`, as operators do");
        }
        match serde_json::to_value(value) {
            Ok(value) => filter
                .conditions
                .push(json!({ self.0: { operator: value } })),
            Err(_) => filter.refused = Some("has a value that cannot be written as JSON"),
        }
        filter
    }
}

impl Filter {
    /// No condition: every record.
    pub(crate) fn everything() -> Self {
        Self {
            conditions: Vec::new(),
            related: Map::new(),
            refused: None,
        }
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
            joined.refused = joined.refused.or(filter.refused);
            if !filter.related.is_empty() {
                joined.refused = Some("has a condition on related records among alternatives");
            }
            match filter.into_where() {
                Some(condition) => members.push(condition),
                None => {
                    joined.refused = joined
                        .refused
                        .or(Some("has an alternative without condition"))
                }
            }
        }
        match members.len() {
            0 => joined.refused = joined.refused.or(Some("has no alternatives")),
            1 => joined.conditions.append(&mut members),
            _ => joined.conditions.push(json!({ "$or": members })),
        }
        joined
    }

    /// Related records, by the relation's field, of which some match `filter`.
    #[doc(alias = "relateWhere")]
    pub fn related(relation: impl Into<String>, filter: Self) -> Self {
        let mut outer = Self::everything();
        outer.refused = filter.refused;
        if !filter.related.is_empty() {
            outer.refused = Some("nests conditions on related records");
        }
        let condition = filter.into_where().unwrap_or_else(|| json!({}));
        outer
            .related
            .insert(relation.into(), json!({ "where": condition }));
        outer
    }

    /// This and the other.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        let other = other.into();
        self.refused = self.refused.or(other.refused);
        self.conditions.extend(other.conditions);
        for (relation, condition) in other.related {
            if self.related.insert(relation, condition).is_some() {
                self.refused = Some("has two conditions on the same relation");
            }
        }
        self
    }

    /// This or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.related.is_empty()
    }

    fn into_where(mut self) -> Option<Value> {
        match self.conditions.len() {
            0 => None,
            1 => self.conditions.pop(),
            _ => Some(json!({ "$and": self.conditions })),
        }
    }

    /// The JSON that is sent.
    pub(crate) fn encode(mut self) -> Result<Value> {
        if let Some(rule) = self.refused {
            return Err(Error::argument("filter", rule));
        }
        let related = std::mem::take(&mut self.related);
        let mut json = Map::new();
        json.insert(
            "where".to_owned(),
            self.into_where().unwrap_or_else(|| json!({})),
        );
        if !related.is_empty() {
            json.insert("relateWhere".to_owned(), Value::Object(related));
        }
        Ok(Value::Object(json))
    }

    /// The JSON of a write, which must not touch everything by accident.
    pub(crate) fn encode_some(self) -> Result<Value> {
        if self.refused.is_none() && self.is_everything() {
            return Err(Error::argument(
                "filter",
                "is required: without it every record would match",
            ));
        }
        self.encode()
    }

    /// The JSON of a write to many records, to all of them only if `everything` is what the user said.
    pub(crate) fn encode_many(self, everything: bool) -> Result<Value> {
        if everything {
            self.encode()
        } else {
            self.encode_some()
        }
    }
}

/// The whole filter as the other SDKs write it: `{"where": {…}, "relateWhere": {…}}`.
impl From<Value> for Filter {
    fn from(json: Value) -> Self {
        let mut filter = Self::everything();
        let Value::Object(mut json) = json else {
            filter.refused = Some("must be an object with `where`");
            return filter;
        };
        match json.remove("where") {
            None => {}
            Some(Value::Object(condition)) if condition.is_empty() => {}
            Some(Value::Object(condition)) => filter.conditions.push(Value::Object(condition)),
            Some(_) => filter.refused = Some("must have an object as `where`"),
        }
        match json.remove("relateWhere") {
            None => {}
            Some(Value::Object(related)) => filter.related = related,
            Some(_) => filter.refused = Some("must have an object as `relateWhere`"),
        }
        if !json.is_empty() {
            filter.refused = Some("must hold its conditions in `where` and `relateWhere`");
        }
        filter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(filter: impl Into<Filter>) -> Value {
        filter.into().encode().unwrap()
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_operator_is_spelled_as_documented() {
        for (filter, condition) in [
            (field("a").eq(1), r#"{"$eq":1}"#),
            (field("a").neq("x"), r#"{"$neq":"x"}"#),
            (field("a").gt(1.5), r#"{"$gt":1.5}"#),
            (field("a").gte(1), r#"{"$gte":1}"#),
            (field("a").lt(1), r#"{"$lt":1}"#),
            (field("a").lte(1), r#"{"$lte":1}"#),
            (field("a").in_([1, 2]), r#"{"$in":[1,2]}"#),
            (field("a").not_in(["x"]), r#"{"$nin":["x"]}"#),
            (field("a").search("x"), r#"{"$search":"x"}"#),
            (field("a").search_ci("x"), r#"{"$search_ci":"x"}"#),
            (field("a").not_search("x"), r#"{"$nsearch":"x"}"#),
            (field("a").not_search_ci("x"), r#"{"$nsearch_ci":"x"}"#),
            (field("a").is_empty(), r#"{"$empty":true}"#),
            (field("a").is_not_empty(), r#"{"$nempty":true}"#),
        ] {
            assert_eq!(encoded(filter), json!({"where": {"a": read(condition)}}));
        }
    }

    #[test]
    fn groups_and_relations_nest() {
        let filter = field("done").eq(false).and(
            field("a")
                .eq(1)
                .or(Filter::all([field("b").eq(2), field("c").eq(3)])),
        );
        assert_eq!(
            encoded(filter.and(Filter::related("comments", field("comment").is_not_empty()))),
            read(
                r#"{"relateWhere":{"comments":{"where":{"comment":{"$nempty":true}}}},"where":{"$and":[{"done":{"$eq":false}},{"$or":[{"a":{"$eq":1}},{"$and":[{"b":{"$eq":2}},{"c":{"$eq":3}}]}]}]}}"#
            )
        );
        assert_eq!(encoded(Filter::all([])), json!({"where": {}}));
        let json = json!({"where": {"a": {"$eq": 1}, "b": {"$eq": 2}}, "relateWhere": {"c": {"where": {}}}});
        assert_eq!(encoded(json.clone()), json);
    }

    #[test]
    fn what_the_service_would_misread_is_refused() {
        for filter in [
            field("").eq(1),
            field("$or").eq(1),
            Filter::any([]),
            Filter::any([field("a").eq(1), Filter::all([])]),
            Filter::any([field("a").eq(1), Filter::related("c", field("d").eq(1))]),
            Filter::related("a", Filter::related("b", field("c").eq(1))),
            Filter::related("a", field("b").eq(1)).and(Filter::related("a", field("c").eq(1))),
            json!([]).into(),
            json!({"done": {"$eq": false}}).into(),
            json!({"where": 1}).into(),
        ] {
            assert!(filter.clone().encode().is_err(), "{filter:?}");
        }
        assert!(Filter::all([]).encode_some().is_err());
        assert!(Filter::from(json!({"where": {}})).encode_some().is_err());
        assert!(field("a").eq(1).encode_some().is_ok());
    }
}
