//! What a query asks for: columns, and [relations](super::relation) embedded by foreign keys.

use cloudbase_core::{Error, Result};

use super::column::Column;
use super::encode::{QueryString, push_name, push_quoted};
use super::relation::Relation;
use crate::column_ref::check_name;

/// The columns and relations of a response.
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
        let mut out = String::with_capacity(64);
        self.push(&mut out);
        Ok(out)
    }

    /// Appends the value of `select`, unchecked.
    pub(super) fn push(&self, out: &mut String) {
        push_items(out, &self.0);
    }

    /// What is said about the relations, as pairs of their own.
    pub(crate) fn encode_related(&self, query: &mut QueryString, path: &[String]) -> Result<()> {
        for item in &self.0 {
            if let Item::Relation(relation) = item {
                relation.encode_related(query, path)?;
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
        let mut kept = String::with_capacity(text.len());
        kept.extend(text.chars().filter(|c| {
            if *c == '"' {
                quoted = !quoted;
            }
            quoted || !c.is_whitespace()
        }));
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
            Item::Relation(relation) => relation.check()?,
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
            Item::Relation(relation) => relation.push(out),
        }
    }
}

/// Blanks separate nothing in `select`, and an arrow would begin a JSON path, so a name that has some is
/// quoted.
pub(super) fn push_item_name(out: &mut String, name: &str) {
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
mod tests;
