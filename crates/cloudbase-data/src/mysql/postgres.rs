//! Operators that only a PostgreSQL environment has.
//!
//! The path and the grammar are the same, so the builders work there too; a MySQL environment
//! rejects what these functions make.

use std::fmt::Write as _;

use serde::Serialize;

use super::filter::Filter;
use super::value::{Repr, Scalar};
use crate::column_ref::ColumnRef;
use crate::records::json_of;

/// The column matches every pattern.
#[doc(alias = "likeAllOf")]
pub fn like_all_of<P: Into<Scalar>>(
    column: impl Into<ColumnRef>,
    patterns: impl IntoIterator<Item = P>,
) -> Filter {
    Filter::operator(column, "like(all)", array(patterns))
}

/// The column matches at least one pattern.
#[doc(alias = "likeAnyOf")]
pub fn like_any_of<P: Into<Scalar>>(
    column: impl Into<ColumnRef>,
    patterns: impl IntoIterator<Item = P>,
) -> Filter {
    Filter::operator(column, "like(any)", array(patterns))
}

/// The column matches every pattern, whatever the case.
#[doc(alias = "ilikeAllOf")]
pub fn ilike_all_of<P: Into<Scalar>>(
    column: impl Into<ColumnRef>,
    patterns: impl IntoIterator<Item = P>,
) -> Filter {
    Filter::operator(column, "ilike(all)", array(patterns))
}

/// The column matches at least one pattern, whatever the case.
#[doc(alias = "ilikeAnyOf")]
pub fn ilike_any_of<P: Into<Scalar>>(
    column: impl Into<ColumnRef>,
    patterns: impl IntoIterator<Item = P>,
) -> Filter {
    Filter::operator(column, "ilike(any)", array(patterns))
}

/// The array, range or JSON of the column contains all of `value`.
pub fn contains(column: impl Into<ColumnRef>, value: impl Into<Collection>) -> Filter {
    Filter::operator(column, "cs", value.into().0)
}

/// The array, range or JSON of the column lies within `value`.
#[doc(alias = "containedBy")]
pub fn contained_by(column: impl Into<ColumnRef>, value: impl Into<Collection>) -> Filter {
    Filter::operator(column, "cd", value.into().0)
}

/// The array or range of the column has something in common with `value`.
pub fn overlaps(column: impl Into<ColumnRef>, value: impl Into<Collection>) -> Filter {
    Filter::operator(column, "ov", value.into().0)
}

macro_rules! ranges {
    ($($name:ident, $operator:literal, $alias:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[doc(alias = $alias)]
        pub fn $name(column: impl Into<ColumnRef>, range: impl Into<Scalar>) -> Filter {
            Filter::operator(column, $operator, range)
        }
    )*};
}

ranges! {
    range_gt, "sr", "rangeGt", "The range lies wholly above `range` (written `[1,2)`).";
    range_gte, "nxl", "rangeGte", "The range does not reach below `range` (written `[1,2)`).";
    range_lt, "sl", "rangeLt", "The range lies wholly below `range` (written `[1,2)`).";
    range_lte, "nxr", "rangeLte", "The range does not reach above `range` (written `[1,2)`).";
    range_adjacent, "adj", "rangeAdjacent", "The range borders on `range` (written `[1,2)`).";
}

/// How the words of a text search are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextSearch {
    /// PostgreSQL's own query language: `'fat' & 'cat'`.
    #[default]
    Query,
    /// Plain words, all of which must occur.
    Plain,
    /// Plain words in this order.
    Phrase,
    /// As people type into a search box: quotes, `or`, `-`.
    WebSearch,
}

/// The text of the column matches a full-text query; `configuration` is a language such as
/// `english`, of letters, digits and `_`.
#[doc(alias = "textSearch")]
pub fn text_search(
    column: impl Into<ColumnRef>,
    query: impl Into<Scalar>,
    how: TextSearch,
    configuration: Option<&str>,
) -> Filter {
    let operator = match how {
        TextSearch::Query => "fts",
        TextSearch::Plain => "plfts",
        TextSearch::Phrase => "phfts",
        TextSearch::WebSearch => "wfts",
    };
    let Some(configuration) = configuration else {
        return Filter::operator(column, operator, query);
    };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if configuration.is_empty() || !configuration.chars().all(word) {
        let invalid = Scalar(Repr::Invalid(
            "has a text-search configuration that is no name".into(),
        ));
        return Filter::operator(column, operator, invalid);
    }
    Filter::operator(column, format!("{operator}({configuration})"), query)
}

/// The right side of a containment test: an array, a range, or JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection(Scalar);

impl Collection {
    /// A range in PostgreSQL's notation: `[1,2)`.
    pub fn range(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// JSON: what contains these keys and values.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        const ARGUMENT: &str = "filter value";
        Self(match json_of(ARGUMENT, value) {
            Ok(text) => text.into(),
            Err(error) => {
                let named = format!("`{ARGUMENT}` ");
                let rule = error.message().trim_start_matches(&named).to_owned();
                Scalar(Repr::Invalid(rule.into()))
            }
        })
    }
}

impl<V: Into<Scalar>, const N: usize> From<[V; N]> for Collection {
    fn from(values: [V; N]) -> Self {
        Self(array(values))
    }
}

impl<V: Into<Scalar>> From<Vec<V>> for Collection {
    fn from(values: Vec<V>) -> Self {
        Self(array(values))
    }
}

/// An array literal, `{a,"b,c"}`.
fn array<V: Into<Scalar>>(values: impl IntoIterator<Item = V>) -> Scalar {
    let mut out = String::from("{");
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match value.into().0 {
            Repr::Null => out.push_str("NULL"),
            Repr::Text(text) => push_element(&mut out, &text),
            Repr::Invalid(rule) => return Scalar(Repr::Invalid(rule)),
        }
    }
    out.push('}');
    out.into()
}

fn push_element(out: &mut String, text: &str) {
    let special = |c: char| matches!(c, ',' | '{' | '}' | '"' | '\\') || c.is_whitespace();
    if !text.is_empty() && !text.contains(special) && !text.eq_ignore_ascii_case("null") {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        let _ = out.write_char(c);
    }
    out.push('"');
}
