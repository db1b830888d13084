//! Conditions as values: a tree that one encoder turns into the query grammar.

mod parse;

use std::borrow::Cow;

use super::encode::MAX_DEPTH;
use super::value::Scalar;
use crate::column_ref::ColumnRef;

pub(crate) use self::parse::parse_query;

/// A condition on rows: a comparison, or several joined by [`all`], [`any`] and [`not`].
///
/// A value, not a string: whatever it holds, it stays one condition. Made by the functions of this
/// module ([`eq`], [`like`], [`in_`], …), by the methods of a typed [`Column`](super::Column), or
/// from the documented text form by [`Filter::parse`]. Groups nest up to 32 deep; a call with a
/// deeper filter fails before anything is sent.
///
/// ```
/// use cloudbase_data::mysql::{all, any, eq, gt, like, not};
///
/// let filter = all([
///     eq("done", false),
///     any([like("title", "%milk%"), gt("priority", 3)]),
///     not(eq("owner", "a,b) or (1=1")),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(pub(crate) Node);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test {
        column: ColumnRef,
        test: Test,
    },
    /// A tree that was deeper than can be sent. What was in it is gone: to drop, clone or compare it
    /// would take as much stack as it is deep.
    TooDeep,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Is(Is),
    In(Vec<Scalar>),
    /// Every operator that takes one value.
    Operator(Cow<'static, str>, Scalar),
}

/// The right side of SQL's `IS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Is {
    /// `IS NULL`
    Null,
    /// `IS TRUE`
    True,
    /// `IS FALSE`
    False,
    /// `IS UNKNOWN`
    Unknown,
}

impl Is {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

impl Filter {
    pub(crate) fn test(column: impl Into<ColumnRef>, test: Test) -> Self {
        Self(Node::Test {
            column: column.into(),
            test,
        })
    }

    pub(crate) fn operator(
        column: impl Into<ColumnRef>,
        operator: impl Into<Cow<'static, str>>,
        value: impl Into<Scalar>,
    ) -> Self {
        Self::test(column, Test::Operator(operator.into(), value.into()))
    }

    /// A group as it is kept: no tree grows deeper than can be sent.
    fn group(node: Node) -> Self {
        let group = Self(node);
        match group.depth() {
            depth if depth > MAX_DEPTH => Self(Node::TooDeep),
            _ => group,
        }
    }

    /// How many groups stand around the innermost test.
    fn depth(&self) -> usize {
        match &self.0 {
            Node::All(filters) | Node::Any(filters) => {
                1 + filters.iter().map(Self::depth).max().unwrap_or_default()
            }
            Node::Not(filter) => 1 + filter.depth(),
            Node::Test { .. } => 0,
            Node::TooDeep => MAX_DEPTH + 1,
        }
    }

    /// Reads the documented text form of a condition: `("age", "gt.18")`, `("id", "in.(3,4)")`,
    /// `("name", "not.like.%a%")`, and groups under the keys `and` and `or`:
    /// `("or", "(id.eq.1,name.like.%x%)")`.
    ///
    /// The result is an ordinary filter; what is sent is encoded again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) if the text is not of that form
    /// or names an unknown operator. Never make such text out of values: build the filter instead.
    ///
    /// ```
    /// use cloudbase_data::mysql::{Filter, gt};
    ///
    /// assert_eq!(Filter::parse("age", "gt.18")?, gt("age", 18));
    /// # Ok::<(), cloudbase_core::Error>(())
    /// ```
    pub fn parse(column: &str, condition: &str) -> cloudbase_core::Result<Self> {
        parse::parse(column, condition)
    }

    /// This and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self.0 {
            Node::All(mut filters) if other.depth() < MAX_DEPTH => {
                filters.push(other);
                Self(Node::All(filters))
            }
            node => all([Self(node), other]),
        }
    }

    /// This or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self.0 {
            Node::Any(mut filters) if other.depth() < MAX_DEPTH => {
                filters.push(other);
                Self(Node::Any(filters))
            }
            node => any([Self(node), other]),
        }
    }
}

impl std::ops::Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        not(self)
    }
}

/// `column = value`; with `None`, `column IS NULL`.
pub fn eq(column: impl Into<ColumnRef>, value: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "eq", value)
}

/// `column != value`; with `None`, `column IS NOT NULL`.
///
/// Rows with null in the column are not matched, as in SQL: add `is_null(column)` with [`any`] where
/// they should be.
pub fn neq(column: impl Into<ColumnRef>, value: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "neq", value)
}

/// `column > value`
pub fn gt(column: impl Into<ColumnRef>, value: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "gt", value)
}

/// `column >= value`
pub fn gte(column: impl Into<ColumnRef>, value: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "gte", value)
}

/// `column < value`
pub fn lt(column: impl Into<ColumnRef>, value: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "lt", value)
}

/// `column <= value`
pub fn lte(column: impl Into<ColumnRef>, value: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "lte", value)
}

/// `column LIKE pattern`: `%` stands for any text, `_` for any character; see [`escape_like`].
pub fn like(column: impl Into<ColumnRef>, pattern: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "like", pattern)
}

/// `column LIKE pattern` whatever the case. The JS SDK offers it for MySQL; the operator table of
/// the MySQL HTTP API does not list it. There, [`like`] on a column with a case-insensitive
/// collation (the default) does the same.
pub fn ilike(column: impl Into<ColumnRef>, pattern: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "ilike", pattern)
}

/// `column REGEXP pattern`
#[doc(alias = "match")]
pub fn regexp(column: impl Into<ColumnRef>, pattern: impl Into<Scalar>) -> Filter {
    Filter::operator(column, "match", pattern)
}

/// `column IN (…)`. An empty list matches no row; a null in the list is rejected when sent.
#[doc(alias = "in")]
pub fn in_<V: Into<Scalar>>(
    column: impl Into<ColumnRef>,
    values: impl IntoIterator<Item = V>,
) -> Filter {
    let mut seen: Vec<Scalar> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for value in values {
        let value = value.into();
        if known.insert(value.clone()) {
            seen.push(value);
        }
    }
    Filter::test(column, Test::In(seen))
}

/// `column IS …`
pub fn is(column: impl Into<ColumnRef>, value: Is) -> Filter {
    Filter::test(column, Test::Is(value))
}

/// `column IS NULL`
pub fn is_null(column: impl Into<ColumnRef>) -> Filter {
    is(column, Is::Null)
}

/// `column IS NOT NULL`
pub fn is_not_null(column: impl Into<ColumnRef>) -> Filter {
    not(is_null(column))
}

/// The opposite. As in SQL, a comparison with null stays unknown either way: rows with null in the column
/// match neither the filter nor its opposite, `not(in_(..))` included.
pub fn not(filter: Filter) -> Filter {
    Filter::group(Node::Not(Box::new(filter)))
}

/// Every one of these. Of none, on its own: no condition.
#[doc(alias = "and")]
pub fn all(filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter::group(Node::All(filters.into_iter().collect()))
}

/// At least one of these. Of none: rejected when sent.
#[doc(alias = "or")]
pub fn any(filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter::group(Node::Any(filters.into_iter().collect()))
}

/// Takes the meaning from `%`, `_` and `\`, so that text can be part of a [`like`] pattern.
///
/// ```
/// use cloudbase_data::mysql::{escape_like, like};
///
/// let typed = "100%";
/// let filter = like("title", format!("%{}%", escape_like(typed)));
/// assert_eq!(filter, like("title", r"%100\%%"));
/// ```
pub fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
