//! Names of columns and fields.

use cloudbase_core::{Error, Result};

/// A column, perhaps of an embedded relation.
///
/// Text is read as a dotted path: `users.name` is the column `name` of the embedded relation
/// `users`. A dot inside a name is written in quotes (`"a.b"`), or the name is given literally
/// with [`literal`](Self::literal). Conditions on columns of a relation are not confirmed on MySQL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    pub(crate) path: Vec<String>,
    pub(crate) name: String,
}

impl ColumnRef {
    /// A column whose name is taken as it is, dots and quotes included.
    pub fn literal(name: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            name: name.into(),
        }
    }

    /// `argument` is what the column was given for, which an error about its path names.
    pub(crate) fn check(&self, argument: &str) -> Result<()> {
        let mut parts = self.path.iter().chain([&self.name]);
        if !self.path.is_empty() && parts.any(String::is_empty) {
            return Err(Error::argument(
                argument,
                "must not have an empty part in a column's name: \
                 a dot that belongs to a name is written in quotes, as in `\"a.b\"`",
            ));
        }
        for part in self.path.iter() {
            check_name("relation", part)?;
            if part == "not" {
                return Err(Error::argument(
                    "relation",
                    "must not be called `not`: give it an alias",
                ));
            }
        }
        check_name("column", &self.name)
    }
}

/// Rejects what no name can be.
pub(crate) fn check_name(argument: &str, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::argument(argument, "must not be empty"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::argument(
            argument,
            "must not contain control characters such as CR, LF or NUL",
        ));
    }
    Ok(())
}

impl From<&str> for ColumnRef {
    fn from(text: &str) -> Self {
        let mut parts = split_path(text);
        let name = parts.pop().unwrap_or_default();
        Self { path: parts, name }
    }
}

impl From<String> for ColumnRef {
    fn from(text: String) -> Self {
        if text.contains(['.', '"']) {
            text.as_str().into()
        } else {
            Self::literal(text)
        }
    }
}

impl From<&String> for ColumnRef {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// `a."b.c".d` into its parts. A quote that is never closed belongs to the name.
pub(crate) fn split_path(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"').and_then(unquote) {
            Some((part, after)) if after.is_empty() || after.starts_with('.') => (part, after),
            _ => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None => return parts,
        }
    }
}

/// Reads up to the closing quote, backslash escapes undone; gives the text and what follows.
pub(crate) fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            c if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((out, &text[at + 1..])),
            c => out.push(c),
        }
    }
    None
}
