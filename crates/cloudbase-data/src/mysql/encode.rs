//! The one place where conditions become query text.
//!
//! Invariant: a value never ends its own condition. At the top level everything after `column=op.`
//! is the value; in groups and lists a value with a separator is quoted and escaped.

use cloudbase_core::http::Uri;
use cloudbase_core::sdk::push_encoded;
use cloudbase_core::{Error, Result};

use super::filter::{Filter, Is, Node, Test};
use super::value::{Repr, Scalar};
use crate::column_ref::{ColumnRef, check_name};
use crate::order::{Nulls, Order};

/// How deep groups may nest.
pub(crate) const MAX_DEPTH: usize = 32;

/// Keys that mean something else than a column.
const RESERVED: &[&str] = &[
    "and",
    "columns",
    "limit",
    "not",
    "offset",
    "on_conflict",
    "or",
    "order",
    "select",
];

/// The pairs of a query string, form-encoded as they come.
#[derive(Debug, Default)]
pub(crate) struct QueryString {
    text: String,
}

impl QueryString {
    pub(crate) fn pair(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        push_form(&mut self.text, name);
        self.text.push('=');
        push_form(&mut self.text, value);
    }

    /// Adds conditions, all of which must hold; `path` is the relation that they are about.
    pub(crate) fn filters(&mut self, path: &[String], filters: &[Filter]) -> Result<()> {
        for filter in filters {
            match simplify(filter, false, 0)? {
                Flat::All(members) => {
                    for member in &members {
                        self.condition(path, member)?;
                    }
                }
                other => self.condition(path, &other)?,
            }
        }
        Ok(())
    }

    /// The path with this query.
    pub(crate) fn into_uri(self, path: &Uri) -> Result<Uri> {
        if self.text.is_empty() {
            return Ok(path.clone());
        }
        let text = format!("{}?{}", path.path(), self.text);
        Uri::try_from(text).map_err(|_| {
            Error::argument(
                "filter",
                "makes the URL longer than HTTP carries (64 KiB); filter by less or shorter values",
            )
        })
    }

    fn condition(&mut self, path: &[String], flat: &Flat<'_>) -> Result<()> {
        let (word, members) = match flat {
            Flat::Test(leaf) => {
                leaf.column.check("filter")?;
                let reserved = RESERVED.contains(&leaf.column.name.as_str());
                let mut full = path.to_vec();
                full.extend_from_slice(&leaf.column.path);
                if !reserved {
                    let mut value = String::new();
                    leaf.push(&mut value, Place::Top)?;
                    self.pair(&key(&full, &leaf.column.name), &value);
                    return Ok(());
                }
                // `order=eq.1` would sort; in a group the name can only be a column.
                let mut text = String::from("(");
                flat.push_member(&mut text, &leaf.column.path)?;
                text.push(')');
                self.pair(&key(&full, "and"), &text);
                return Ok(());
            }
            Flat::All(members) => ("and", members),
            Flat::Any(members) => ("or", members),
        };
        let relation = flat.relation()?;
        let mut full = path.to_vec();
        full.extend_from_slice(relation);
        for part in &full {
            check_name("relation", part)?;
        }
        let mut text = String::from("(");
        push_members(&mut text, members, relation)?;
        text.push(')');
        self.pair(&key(&full, word), &text);
        Ok(())
    }
}

/// A tree without negated groups, groups of one, and groups directly inside a group of their kind.
///
/// Negation moves down to the tests (De Morgan holds in SQL's three-valued logic too), because only
/// `column=not.op.value` is documented for MySQL.
enum Flat<'a> {
    All(Vec<Flat<'a>>),
    Any(Vec<Flat<'a>>),
    Test(Leaf<'a>),
}

struct Leaf<'a> {
    column: &'a ColumnRef,
    negated: bool,
    test: LeafTest<'a>,
}

enum LeafTest<'a> {
    Is(Is),
    In(Vec<&'a str>),
    Operator(&'a str, &'a str),
}

pub(super) fn too_deep() -> Error {
    let rule = format_args!("must not nest deeper than {MAX_DEPTH} groups");
    Error::argument("filter", rule)
}

fn simplify(filter: &Filter, negated: bool, depth: usize) -> Result<Flat<'_>> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    match &filter.0 {
        Node::TooDeep => Err(too_deep()),
        Node::Not(inner) => simplify(inner, !negated, depth + 1),
        Node::All(filters) => join(filters, negated, negated, depth),
        Node::Any(filters) => join(filters, !negated, negated, depth),
        Node::Test { column, test } => test_of(column, test, negated),
    }
}

fn join(filters: &[Filter], is_any: bool, negated: bool, depth: usize) -> Result<Flat<'_>> {
    if filters.is_empty() && (depth > 0 || is_any) {
        return Err(Error::argument("filter", "must not contain an empty group"));
    }
    let mut members = Vec::with_capacity(filters.len());
    for filter in filters {
        match (simplify(filter, negated, depth + 1)?, is_any) {
            (Flat::Any(inner), true) | (Flat::All(inner), false) => members.extend(inner),
            (other, _) => members.push(other),
        }
    }
    Ok(match (members.len(), is_any) {
        (1, _) => members.remove(0),
        (_, true) => Flat::Any(members),
        (_, false) => Flat::All(members),
    })
}

fn test_of<'a>(column: &'a ColumnRef, test: &'a Test, negated: bool) -> Result<Flat<'a>> {
    let leaf = |test, negated| {
        Flat::Test(Leaf {
            column,
            negated,
            test,
        })
    };
    Ok(match test {
        Test::Is(value) => leaf(LeafTest::Is(*value), negated),
        // `in.()` is no SQL: what is in no list is null and not null at once.
        Test::In(values) if values.is_empty() => {
            let null = leaf(LeafTest::Is(Is::Null), negated);
            let some = leaf(LeafTest::Is(Is::Null), !negated);
            if negated {
                Flat::Any(vec![null, some])
            } else {
                Flat::All(vec![null, some])
            }
        }
        Test::In(values) => {
            let values: Result<Vec<_>> = values
                .iter()
                .map(|value| match text(column, value)? {
                    Some(text) => Ok(text),
                    None => Err(Error::argument(
                        "filter",
                        "must not give null to `in_`: join it with `is_null` by `any`",
                    )),
                })
                .collect();
            match &*values? {
                // PostgreSQL takes `in.("")` for the empty list.
                [""] => leaf(LeafTest::Operator("eq", ""), negated),
                values => leaf(LeafTest::In(values.to_vec()), negated),
            }
        }
        Test::Operator(operator, value) => match (text(column, value)?, operator.as_ref()) {
            (Some(text), operator) => leaf(LeafTest::Operator(operator, text), negated),
            (None, "eq") => leaf(LeafTest::Is(Is::Null), negated),
            (None, "neq") => leaf(LeafTest::Is(Is::Null), !negated),
            (None, operator) => {
                return Err(Error::argument(
                    "filter",
                    format_args!("must not give null to `{operator}`"),
                ));
            }
        },
    })
}

fn text<'a>(column: &ColumnRef, value: &'a Scalar) -> Result<Option<&'a str>> {
    match &value.0 {
        Repr::Null => Ok(None),
        Repr::Text(text) => Ok(Some(text)),
        Repr::Invalid(rule) => Err(Error::argument(
            "filter value",
            format_args!("{rule} (column `{}`)", column.name),
        )),
    }
}

impl Flat<'_> {
    /// The relation that all tests of a group are about.
    fn relation(&self) -> Result<&[String]> {
        match self {
            Flat::Test(leaf) => {
                leaf.column.check("filter")?;
                Ok(&leaf.column.path)
            }
            Flat::All(members) | Flat::Any(members) => {
                let mut found: Option<&[String]> = None;
                for member in members {
                    let relation = member.relation()?;
                    if found.is_some_and(|found| found != relation) {
                        return Err(Error::argument(
                            "filter",
                            "must not mix columns of several relations in one group",
                        ));
                    }
                    found = Some(relation);
                }
                Ok(found.unwrap_or_default())
            }
        }
    }

    fn push_member(&self, out: &mut String, relation: &[String]) -> Result<()> {
        let (word, members) = match self {
            Self::Test(leaf) => {
                debug_assert_eq!(leaf.column.path, relation);
                push_name(out, &leaf.column.name, true);
                out.push('.');
                return leaf.push(out, Place::Group);
            }
            Self::All(members) => ("and(", members),
            Self::Any(members) => ("or(", members),
        };
        out.push_str(word);
        push_members(out, members, relation)?;
        out.push(')');
        Ok(())
    }
}

fn push_members(out: &mut String, members: &[Flat<'_>], relation: &[String]) -> Result<()> {
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        member.push_member(out, relation)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Everything up to the end of the pair is the value.
    Top,
    /// Separators end the value.
    Group,
}

impl Leaf<'_> {
    fn push(&self, out: &mut String, place: Place) -> Result<()> {
        if self.negated {
            out.push_str("not.");
        }
        match &self.test {
            LeafTest::Is(value) => {
                out.push_str("is.");
                out.push_str(value.as_str());
            }
            LeafTest::In(values) => {
                out.push_str("in.(");
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    push_value(out, value);
                }
                out.push(')');
            }
            LeafTest::Operator(operator, value) => {
                out.push_str(operator);
                out.push('.');
                match place {
                    Place::Top => out.push_str(value),
                    Place::Group => push_value(out, value),
                }
            }
        }
        Ok(())
    }
}

/// `a.desc,b.asc`
pub(crate) fn encode_order(terms: &[Order]) -> Result<String> {
    let mut out = String::new();
    for term in terms {
        term.column.check("order")?;
        if !term.column.path.is_empty() {
            return Err(relation_in_order(&term.column));
        }
        if !out.is_empty() {
            out.push(',');
        }
        push_name(&mut out, &term.column.name, false);
        out.push_str(if term.descending { ".desc" } else { ".asc" });
        match term.nulls {
            Some(Nulls::First) => out.push_str(".nullsfirst"),
            Some(Nulls::Last) => out.push_str(".nullslast"),
            None => {}
        }
    }
    Ok(out)
}

fn relation_in_order(column: &ColumnRef) -> Error {
    let (path, name) = (column.path.join("."), &column.name);
    let rule = format_args!(
        "must name columns of the table itself, but `{path}.{name}` is the column `{name}` of the relation \
         `{path}`: sort an embedded relation with `related`, and write a dot that belongs to a name in \
         quotes, as in `\"a.b\"`"
    );
    Error::argument("order", rule)
}

/// `path.name`, the key of a pair.
fn key(path: &[String], name: &str) -> String {
    let mut key = String::new();
    for part in path {
        push_name(&mut key, part, false);
        key.push('.');
    }
    push_name(&mut key, name, false);
    key
}

/// A name, in quotes if it holds what separates names (or, in a group, reads as a group).
pub(crate) fn push_name(out: &mut String, name: &str, in_group: bool) {
    let special = |c: char| matches!(c, '.' | ',' | ':' | '!' | '(' | ')' | '"' | '\\');
    let edge = name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace);
    let word = in_group && matches!(name, "and" | "or" | "not");
    if edge || word || name.contains(special) {
        push_quoted(out, name);
    } else {
        out.push_str(name);
    }
}

/// A value among others, in quotes if a bare one would end early or read differently.
pub(crate) fn push_value(out: &mut String, value: &str) {
    let special = |c: char| matches!(c, ',' | '(' | ')' | '"' | '\\' | '{' | '}');
    let edge = value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace);
    if value.is_empty() || edge || value.contains(special) {
        push_quoted(out, value);
    } else {
        out.push_str(value);
    }
}

pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// `application/x-www-form-urlencoded`, byte for byte as the JS SDK sends it.
fn push_form(out: &mut String, text: &str) {
    for (number, part) in text.split(' ').enumerate() {
        if number > 0 {
            out.push('+');
        }
        push_encoded(out, part, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_')
        });
    }
}

#[cfg(test)]
mod tests;
