//! Relations: rows of other tables that come with those of a query.

use cloudbase_core::Result;

use super::columns::{Columns, push_item_name};
use super::encode::{QueryString, encode_order, push_name};
use super::filter::Filter;
use crate::column_ref::check_name;
use crate::order::Order;

/// The rows of another table that a foreign key leads to (an object) or that lead here (an array).
///
/// Found by a real foreign key of the database. Give the foreign-key column, the table, or the name
/// of the constraint; where a table is related in several ways, add [`by`](Self::by). A relation of
/// a table to itself needs an [`alias`](Self::alias).
///
/// ```
/// use cloudbase_data::mysql::{desc, eq, relation};
///
/// let comments = relation("comments")
///     .columns(["id", "body"])
///     .filter(eq("hidden", false))
///     .order(desc("id"))
///     .limit(3);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    target: String,
    alias: Option<String>,
    hint: Option<String>,
    inner: bool,
    columns: Columns,
    related: Related,
}

/// A relation by foreign-key column, table or constraint, with all its columns.
pub fn relation(target: impl Into<String>) -> Relation {
    Relation {
        target: target.into(),
        alias: None,
        hint: None,
        inner: false,
        columns: Columns::all(),
        related: Related::new(),
    }
}

impl Relation {
    /// The key in the response, instead of the target.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// The constraint or column that says which of several relations is meant.
    #[must_use]
    pub fn by(mut self, constraint: impl Into<String>) -> Self {
        self.hint = Some(constraint.into());
        self
    }

    /// Leaves rows out that have no match; they come with null otherwise.
    #[must_use]
    pub fn inner(mut self) -> Self {
        self.inner = true;
        self
    }

    /// What to show of the related rows. Default: every column.
    #[must_use]
    pub fn columns(mut self, columns: impl Into<Columns>) -> Self {
        self.columns = columns.into();
        self
    }

    /// Shows only related rows for which this holds. Not confirmed on MySQL.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.related = self.related.filter(filter);
        self
    }

    /// Sorts the related rows; further calls add weaker keys. Not confirmed on MySQL.
    #[must_use]
    pub fn order(mut self, term: Order) -> Self {
        self.related = self.related.order(term);
        self
    }

    /// At most so many related rows for each row. Not confirmed on MySQL: all of them may come.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.related = self.related.limit(rows);
        self
    }

    /// Leaves the first related rows of each row out. Not confirmed on MySQL.
    #[must_use]
    pub fn offset(mut self, rows: u64) -> Self {
        self.related = self.related.offset(rows);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check_name("relation", &self.target)?;
        if let Some(alias) = &self.alias {
            check_name("alias", alias)?;
        }
        if let Some(hint) = &self.hint {
            check_name("constraint", hint)?;
        }
        self.columns.encode().map(drop)
    }

    /// Appends the relation as `select` names it.
    pub(super) fn push(&self, out: &mut String) {
        if let Some(alias) = &self.alias {
            push_item_name(out, alias);
            out.push(':');
        }
        push_item_name(out, &self.target);
        if let Some(hint) = &self.hint {
            out.push('!');
            push_item_name(out, hint);
        }
        if self.inner {
            out.push_str("!inner");
        }
        out.push('(');
        self.columns.push(out);
        out.push(')');
    }

    /// What is said about its rows, as pairs of their own; `path` leads to it.
    pub(super) fn encode_related(&self, query: &mut QueryString, path: &[String]) -> Result<()> {
        let mut path = path.to_vec();
        path.push(self.alias.as_ref().unwrap_or(&self.target).clone());
        self.related.encode(query, &path)?;
        self.columns.encode_related(query, &path)
    }
}

/// Conditions, order and bounds of an embedded relation: for
/// [`Select::related`](super::Select::related), where the relation is named in text. None of it is
/// confirmed on MySQL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Related {
    filters: Vec<Filter>,
    order: Vec<Order>,
    limit: Option<u64>,
    offset: Option<u64>,
}

impl Related {
    /// No conditions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows only related rows for which this holds. Not confirmed on MySQL.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Sorts the related rows; further calls add weaker keys. Not confirmed on MySQL.
    #[must_use]
    pub fn order(mut self, term: Order) -> Self {
        self.order.push(term);
        self
    }

    /// At most so many related rows for each row. Not confirmed on MySQL: all of them may come.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Leaves the first related rows of each row out. Not confirmed on MySQL.
    #[must_use]
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = Some(rows);
        self
    }

    pub(crate) fn encode(&self, query: &mut QueryString, path: &[String]) -> Result<()> {
        query.filters(path, &self.filters)?;
        let mut prefix = String::new();
        for part in path {
            check_name("relation", part)?;
            push_name(&mut prefix, part, false);
            prefix.push('.');
        }
        if !self.order.is_empty() {
            query.pair(&format!("{prefix}order"), &encode_order(&self.order)?);
        }
        if let Some(offset) = self.offset {
            query.pair(&format!("{prefix}offset"), &offset.to_string());
        }
        if let Some(limit) = self.limit {
            query.pair(&format!("{prefix}limit"), &limit.to_string());
        }
        Ok(())
    }
}
