//! Conditions as a tree that the query grammar can say: simplified, then written.

use cloudbase_core::{Error, Result};

use super::quote::{push_name, push_value};
use crate::column_ref::ColumnRef;
use crate::mysql::filter::{Filter, Is, Node, Test};
use crate::mysql::value::{Repr, Scalar};

/// How deep groups may nest.
pub(crate) const MAX_DEPTH: usize = 32;

/// A tree without negated groups, groups of one, and groups directly inside a group of their kind.
///
/// Negation moves down to the tests (De Morgan holds in SQL's three-valued logic too), because only
/// `column=not.op.value` is documented for MySQL.
pub(super) enum Flat<'a> {
    All(Vec<Flat<'a>>),
    Any(Vec<Flat<'a>>),
    Test(Leaf<'a>),
}

pub(super) struct Leaf<'a> {
    pub(super) column: &'a ColumnRef,
    pub(super) negated: bool,
    pub(super) test: LeafTest<'a>,
}

pub(super) enum LeafTest<'a> {
    Is(Is),
    In(Vec<&'a str>),
    Operator(&'a str, &'a str),
}

pub(crate) fn too_deep() -> Error {
    let rule = format_args!("must not nest deeper than {MAX_DEPTH} groups");
    Error::argument("filter", rule)
}

/// The tree of a filter, which is negated and in groups as deep as said.
pub(super) fn simplify(filter: &Filter, negated: bool, depth: usize) -> Result<Flat<'_>> {
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
    pub(super) fn relation(&self) -> Result<&[String]> {
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

    pub(super) fn push_member(&self, out: &mut String, relation: &[String]) -> Result<()> {
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

pub(super) fn push_members(
    out: &mut String,
    members: &[Flat<'_>],
    relation: &[String],
) -> Result<()> {
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        member.push_member(out, relation)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Everything up to the end of the pair is the value.
    Top,
    /// Separators end the value.
    Group,
}

impl Leaf<'_> {
    pub(super) fn push(&self, out: &mut String, place: Place) -> Result<()> {
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
