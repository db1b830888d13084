//! The one place where conditions become query text.
//!
//! Invariant: a value never ends its own condition. At the top level everything after `column=op.`
//! is the value; in groups and lists a value with a separator is quoted and escaped.

mod conditions;
mod quote;

use cloudbase_core::http::Uri;
use cloudbase_core::sdk::push_encoded;
use cloudbase_core::{Error, PathBuilder, Result};

use self::conditions::{Flat, Place, push_members, simplify};
pub(crate) use self::conditions::{MAX_DEPTH, too_deep};
pub(crate) use self::quote::{push_name, push_quoted};
use super::filter::Filter;
use crate::column_ref::{ColumnRef, check_name};
use crate::order::{Nulls, Order};

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

/// A path with the pairs of its query string, form-encoded as they come.
#[derive(Debug)]
pub(crate) struct QueryString {
    text: String,
    is_empty: bool,
}

impl QueryString {
    /// Nothing yet, after this path.
    pub(crate) fn of(path: PathBuilder) -> Self {
        Self {
            text: path.into_text(),
            is_empty: true,
        }
    }

    pub(crate) fn pair(&mut self, name: &str, value: &str) {
        self.text.push(if self.is_empty { '?' } else { '&' });
        self.is_empty = false;
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
    pub(crate) fn into_uri(self) -> Result<Uri> {
        Uri::try_from(self.text).map_err(|_| {
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
