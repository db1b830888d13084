//! The query commands: one test of one field each.

use cloudbase_core::Error;
use serde::Serialize;

use super::Filter;
use crate::documents::ejson;
use crate::documents::field::FieldPath;
use crate::documents::value::{Document, Regex, Value};

/// The field is equal to `value`: a list also if one of its members is, `None` (null) also if there is no
/// such field.
pub fn eq(path: impl Into<FieldPath>, value: impl Serialize) -> Filter {
    let path = path.into();
    let value = ejson::value_of(path.as_str(), &value).map(|value| match value {
        // Its keys could be taken for operators, and the expression for a test.
        Value::Document(_) | Value::Regex(_) => Value::from(Document::one("$eq", value)),
        value => value,
    });
    Filter::test(path, value)
}

/// The field is not equal to `value`; holds for documents without the field.
#[doc(alias = "ne")]
pub fn neq(path: impl Into<FieldPath>, value: impl Serialize) -> Filter {
    Filter::operator(path, "$ne", value)
}

/// The field is greater than `value`, and of its type: no text is greater than a number.
pub fn gt(path: impl Into<FieldPath>, value: impl Serialize) -> Filter {
    Filter::operator(path, "$gt", value)
}

/// The field is `value` or greater.
pub fn gte(path: impl Into<FieldPath>, value: impl Serialize) -> Filter {
    Filter::operator(path, "$gte", value)
}

/// The field is less than `value`.
pub fn lt(path: impl Into<FieldPath>, value: impl Serialize) -> Filter {
    Filter::operator(path, "$lt", value)
}

/// The field is `value` or less.
pub fn lte(path: impl Into<FieldPath>, value: impl Serialize) -> Filter {
    Filter::operator(path, "$lte", value)
}

/// The field is one of `values`, or a list with one of them. An empty list matches nothing.
#[doc(alias = "inList")]
#[doc(alias = "in")]
pub fn in_<V: Serialize>(
    path: impl Into<FieldPath>,
    values: impl IntoIterator<Item = V>,
) -> Filter {
    list(path, "$in", values)
}

/// The field is not among `values`; holds for documents without the field.
#[doc(alias = "notInList")]
pub fn nin<V: Serialize>(
    path: impl Into<FieldPath>,
    values: impl IntoIterator<Item = V>,
) -> Filter {
    list(path, "$nin", values)
}

/// The field is a list that has all of `values`. An empty list matches nothing.
pub fn all<V: Serialize>(
    path: impl Into<FieldPath>,
    values: impl IntoIterator<Item = V>,
) -> Filter {
    list(path, "$all", values)
}

/// The field is there, null or not; with `false`, it is not.
pub fn exists(path: impl Into<FieldPath>, exists: bool) -> Filter {
    Filter::operator(path, "$exists", exists)
}

/// The field is a list of so many members.
pub fn size(path: impl Into<FieldPath>, members: u32) -> Filter {
    Filter::test(
        path,
        Ok(Document::one(
            "$size",
            crate::documents::value::integer(members.into()),
        )),
    )
}

/// The field, divided by `divisor`, leaves `remainder`.
#[doc(alias = "mod")]
pub fn modulo(path: impl Into<FieldPath>, divisor: i64, remainder: i64) -> Filter {
    let integer = crate::documents::value::integer;
    let operands = [integer(divisor), integer(remainder)];
    Filter::test(
        path,
        match divisor {
            0 => Err(Error::argument("divisor", "must not be 0")),
            _ => Ok(Document::one("$mod", operands)),
        },
    )
}

/// The field is a list, and one of its members meets all of `filter`: conditions on the member's fields,
/// or on the member itself as [`element`](crate::documents::element).
///
/// ```
/// use cloudbase_data::documents::{elem_match, element, gt, lt};
///
/// let of_fields = elem_match("items", gt("n", 3) & lt("price", 10));
/// let of_numbers = elem_match("scores", element::<i32>().gt(3));
/// ```
#[doc(alias = "elemMatch")]
pub fn elem_match(path: impl Into<FieldPath>, filter: impl Into<Filter>) -> Filter {
    let filter = filter.into();
    let depth = filter.depth + 1;
    let condition = filter.into_member();
    let matched = Filter::test(path, condition.map(|it| Document::one("$elemMatch", it)));
    Filter { depth, ..matched }
}

/// The text in the field matches a regular expression.
///
/// ```
/// use cloudbase_data::documents::{Regex, regexp};
///
/// let starts_with_a = regexp("name", Regex::new("^a").options("i"));
/// let has_milk = regexp("title", "milk");
/// ```
#[doc(alias = "RegExp")]
pub fn regexp(path: impl Into<FieldPath>, pattern: impl Into<Regex>) -> Filter {
    let regex = pattern.into();
    let mut operators = Document::one("$regex", regex.pattern());
    if !regex.flags().is_empty() {
        operators.push("$options", regex.flags());
    }
    Filter::test(path, Ok(operators))
}

/// An expression of the aggregation holds for the document, such as
/// `json!({ "$gt": ["$spent", "$budget"] })`.
pub fn expr(expression: impl Serialize) -> Filter {
    whole("$expr", expression)
}

/// The document has the shape of this JSON schema.
#[doc(alias = "jsonSchema")]
pub fn json_schema(schema: impl Serialize) -> Filter {
    whole("$jsonSchema", schema)
}

fn whole(key: &'static str, value: impl Serialize) -> Filter {
    match ejson::value_of(key, &value) {
        Ok(value) => Filter::of(Document::one(key, value)),
        Err(error) => Filter::rejected(&error),
    }
}

fn list<V: Serialize>(
    path: impl Into<FieldPath>,
    operator: &str,
    values: impl IntoIterator<Item = V>,
) -> Filter {
    let values: Vec<V> = values.into_iter().collect();
    Filter::operator(path, operator, values)
}
