//! What a query asks for: columns, and relations embedded by foreign keys.

use cloudbase_core::{Error, Result};

use super::column::Column;
use super::encode::{QueryString, encode_order, push_name, push_quoted};
use super::filter::Filter;
use crate::column_ref::check_name;
use crate::order::Order;

/// The columns and relations of an answer.
///
/// Either the documented text (`"id,title,author_id(name)"`), or names (`["id", "title"]`), or
/// values put together by the methods. Names given as values are quoted where they need it.
///
/// ```
/// use cloudbase_data::mysql::{Columns, relation};
///
/// let columns = Columns::new()
///     .column("id")
///     .column("title")
///     .relation(relation("author_id").alias("author").columns(["id", "name"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Columns(Vec<Item>);

#[derive(Clone, Debug, PartialEq)]
enum Item {
    /// The documented text form; blanks outside quotes are gone.
    Text(String),
    Column {
        name: String,
        alias: Option<String>,
    },
    Relation(Relation),
}

impl Columns {
    /// Nothing yet; add with the methods.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Every column of the table: `*`.
    pub fn all() -> Self {
        Self(vec![Item::Text("*".to_owned())])
    }

    /// Adds a column.
    #[must_use]
    pub fn column(self, name: impl Into<String>) -> Self {
        self.with(Item::Column {
            name: name.into(),
            alias: None,
        })
    }

    /// Adds a column under another name. MySQL environments may know aliases of relations only.
    #[must_use]
    pub fn column_as(self, alias: impl Into<String>, name: impl Into<String>) -> Self {
        self.with(Item::Column {
            name: name.into(),
            alias: Some(alias.into()),
        })
    }

    /// Adds the rows of a related table.
    #[must_use]
    pub fn relation(self, relation: Relation) -> Self {
        self.with(Item::Relation(relation))
    }

    fn with(mut self, item: Item) -> Self {
        self.0.push(item);
        self
    }

    /// The value of `select`.
    pub(crate) fn encode(&self) -> Result<String> {
        check_items(&self.0)?;
        let mut out = String::new();
        push_items(&mut out, &self.0);
        Ok(out)
    }

    /// What is said about the relations, as pairs of their own.
    pub(crate) fn encode_related(&self, query: &mut QueryString, path: &[String]) -> Result<()> {
        for item in &self.0 {
            if let Item::Relation(relation) = item {
                let mut path = path.to_vec();
                path.push(relation.key().to_owned());
                relation.related.encode(query, &path)?;
                relation.columns.encode_related(query, &path)?;
            }
        }
        Ok(())
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self::all()
    }
}

/// The documented text form; blanks outside quotes do not count.
impl From<&str> for Columns {
    fn from(text: &str) -> Self {
        let mut quoted = false;
        let kept = text
            .chars()
            .filter(|c| {
                if *c == '"' {
                    quoted = !quoted;
                }
                quoted || !c.is_whitespace()
            })
            .collect();
        Self(vec![Item::Text(kept)])
    }
}

impl From<String> for Columns {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Columns {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl<S: Into<String>> FromIterator<S> for Columns {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        names.into_iter().fold(Self::new(), Self::column)
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Columns {
    fn from(names: [S; N]) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String>> From<Vec<S>> for Columns {
    fn from(names: Vec<S>) -> Self {
        names.into_iter().collect()
    }
}

impl From<&[&str]> for Columns {
    fn from(names: &[&str]) -> Self {
        names.iter().copied().collect()
    }
}

impl<T> From<Column<T>> for Columns {
    fn from(column: Column<T>) -> Self {
        Self::new().column(column.name())
    }
}

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
    /// The key in the answer, instead of the target.
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

    fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.target)
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

fn check_items(items: &[Item]) -> Result<()> {
    if items.is_empty() {
        return Err(Error::argument("columns", "must name at least one column"));
    }
    for item in items {
        match item {
            Item::Text(text) => check_text(text)?,
            Item::Column { name, alias } => {
                check_name("column", name)?;
                alias
                    .iter()
                    .try_for_each(|alias| check_name("alias", alias))?;
            }
            Item::Relation(relation) => {
                check_name("relation", &relation.target)?;
                relation
                    .alias
                    .iter()
                    .try_for_each(|alias| check_name("alias", alias))?;
                relation
                    .hint
                    .iter()
                    .try_for_each(|hint| check_name("constraint", hint))?;
                relation.columns.encode()?;
            }
        }
    }
    Ok(())
}

fn push_items(out: &mut String, items: &[Item]) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match item {
            Item::Text(text) => out.push_str(text),
            Item::Column { name, alias } => {
                if let Some(alias) = alias {
                    push_item_name(out, alias);
                    out.push(':');
                }
                push_item_name(out, name);
            }
            Item::Relation(relation) => {
                if let Some(alias) = &relation.alias {
                    push_item_name(out, alias);
                    out.push(':');
                }
                push_item_name(out, &relation.target);
                if let Some(hint) = &relation.hint {
                    out.push('!');
                    push_item_name(out, hint);
                }
                if relation.inner {
                    out.push_str("!inner");
                }
                out.push('(');
                push_items(out, &relation.columns.0);
                out.push(')');
            }
        }
    }
}

/// Blanks separate nothing in `select`, and an arrow would begin a JSON path, so a name that has some is
/// quoted.
fn push_item_name(out: &mut String, name: &str) {
    let special = |c: char| c.is_whitespace() || c == '*';
    if name != "*" && (name.contains(special) || name.contains("->")) {
        push_quoted(out, name);
    } else {
        push_name(out, name, false);
    }
}

fn check_text(text: &str) -> Result<()> {
    let (mut open, mut quoted, mut escaped) = (0_u32, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c.is_control() => {
                return Err(Error::argument(
                    "columns",
                    "must not contain control characters",
                ));
            }
            '(' if !quoted => open += 1,
            ')' if !quoted && open == 0 => {
                return Err(Error::argument("columns", "has an unopened parenthesis"));
            }
            ')' if !quoted => open -= 1,
            _ => {}
        }
    }
    if text.is_empty() {
        return Err(Error::argument("columns", "must not be empty"));
    }
    if open > 0 || quoted {
        return Err(Error::argument(
            "columns",
            "has an unclosed parenthesis or quote",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cloudbase_core::http::Uri;

    use super::*;
    use crate::mysql::{any, desc, eq};

    fn encoded(columns: impl Into<Columns>) -> String {
        columns.into().encode().unwrap()
    }

    #[test]
    fn text_loses_its_blanks_only() {
        assert_eq!(
            encoded("id, title,  cat:categories ( name )"),
            "id,title,cat:categories(name)"
        );
        assert_eq!(
            encoded("title,\"book shelves\" (name)"),
            "title,\"book shelves\"(name)"
        );
        for bad in ["", " ", "a(b", "a)b(", "\"a", "a\0"] {
            assert!(Columns::from(bad).encode().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn values_say_all_that_the_text_can() {
        let columns = Columns::new()
            .column("title")
            .column_as("t", "a b")
            .relation(relation("author_id").inner().columns(["name"]))
            .relation(
                relation("users")
                    .alias("created_by")
                    .by("posts_created_by_fk"),
            )
            .relation(
                relation("books").columns(
                    Columns::new()
                        .column("title")
                        .relation(relation("users").columns("name")),
                ),
            );
        assert_eq!(
            encoded(columns),
            "title,t:\"a b\",author_id!inner(name),created_by:users!posts_created_by_fk(*),\
             books(title,users(name))"
        );
        assert_eq!(encoded(["a,b", "*"]), "\"a,b\",*");
        assert!(Columns::new().encode().is_err());
        assert!(Columns::from([""]).encode().is_err());
    }

    #[test]
    fn bounds_of_relations_become_pairs() {
        let mut query = QueryString::default();
        let inner = relation("users")
            .alias("u")
            .filter(any([eq("a", 1), eq("b", 2)]))
            .limit(2);
        Columns::new()
            .relation(
                relation("cat")
                    .order(desc("k"))
                    .offset(1)
                    .columns(Columns::all().relation(inner)),
            )
            .encode_related(&mut query, &[])
            .unwrap();
        let uri = query.into_uri(&Uri::from_static("/t")).unwrap();
        assert_eq!(
            uri,
            "/t?cat.order=k.desc&cat.offset=1&cat.u.or=%28a.eq.1%2Cb.eq.2%29&cat.u.limit=2"
        );
    }
}
