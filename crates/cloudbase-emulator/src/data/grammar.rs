//! The query grammar of MySQL REST: what a request asks for, as a tree.

mod cursor;
mod filter;
mod prefer;
mod query;
mod select;

pub(crate) use prefer::{CountPreference, Missing, Prefer, Resolution, Return};
pub(crate) use query::parse_query;

/// Nesting deeper than this is rejected: nobody writes it, and parsers recurse.
pub(crate) const MAX_DEPTH: usize = 48;

/// Everything that a query string says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Query {
    /// Columns and relations; empty means all columns.
    pub(crate) select: Vec<SelectItem>,
    /// Conditions, all of which must hold.
    pub(crate) filters: Vec<Filter>,
    /// Sort keys, the first is the strongest.
    pub(crate) order: Vec<OrderTerm>,
    /// At most so many rows.
    pub(crate) limit: Option<u64>,
    /// Leave out so many rows first.
    pub(crate) offset: Option<u64>,
    /// Unique columns named by an upsert.
    pub(crate) on_conflict: Vec<String>,
    /// Columns that an insert writes, when named.
    pub(crate) columns: Option<Vec<String>>,
    /// What was said about embedded relations, by dotted path.
    pub(crate) embedded: Vec<(Vec<String>, EmbedOption)>,
}

/// One entry of `select`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SelectItem {
    /// `*`
    All,
    /// `alias:column`
    Column {
        /// The column.
        name: String,
        /// The key in the response, when it differs.
        alias: Option<String>,
    },
    /// `alias:relation!hint(…)`
    Embed(Embed),
}

/// A relation to be embedded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Embed {
    /// Table, foreign-key column or constraint.
    pub(crate) target: String,
    /// Constraint or column that picks one of several relations.
    pub(crate) hint: Option<String>,
    /// Leave out parents without a match.
    pub(crate) inner: bool,
    /// The key in the response, when it differs from the target.
    pub(crate) alias: Option<String>,
    /// What to show of the related rows.
    pub(crate) items: Vec<SelectItem>,
}

impl Embed {
    /// The key under which the rows appear, which is also the name of the relation in paths.
    pub(crate) fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.target)
    }
}

/// `relation.order=…` and its kin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EmbedOption {
    /// A condition on the related rows.
    Filter(Filter),
    /// Sort keys of the related rows.
    Order(Vec<OrderTerm>),
    /// At most so many related rows for each parent.
    Limit(u64),
    /// Leave out so many related rows of each parent first.
    Offset(u64),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// All must hold.
    All(Vec<Filter>),
    /// One must hold.
    Any(Vec<Filter>),
    /// Must not hold.
    Not(Box<Filter>),
    /// A test of one column.
    Test {
        /// The column.
        column: String,
        /// What must be true of it.
        test: Test,
    },
}

/// What must be true of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// `eq`, `neq`, `gt`, `gte`, `lt`, `lte`
    Compare(Comparison, String),
    /// `like`, with `%` and `_`
    Like(String),
    /// `ilike`
    ILike(String),
    /// Like `like`, but case and accents count; only data models ask for it.
    LikeBinary(String),
    /// `match`
    Regexp(String),
    /// `in`
    In(Vec<String>),
    /// `is`
    Is(IsValue),
}

impl Test {
    /// The texts that the column is compared with.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::Compare(_, text)
            | Self::Like(text)
            | Self::ILike(text)
            | Self::LikeBinary(text)
            | Self::Regexp(text) => std::slice::from_ref(text),
            Self::In(texts) => texts.as_slice(),
            Self::Is(_) => &[],
        };
        texts.iter().map(String::as_str)
    }
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `eq`
    Equal,
    /// `neq`
    NotEqual,
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
}

/// The right side of `is`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsValue {
    /// `null`
    Null,
    /// `unknown`
    Unknown,
    /// `true`
    True,
    /// `false`
    False,
}

/// One sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderTerm {
    /// The column.
    pub(crate) column: String,
    /// Largest first.
    pub(crate) descending: bool,
    /// Where nulls go; `None` is MySQL's own rule (lowest).
    pub(crate) nulls_first: Option<bool>,
}
