//! How documents are sorted.

use cloudbase_core::{Error, Result};

use super::field::FieldPath;
use super::value::Document;

/// A sort key; made by [`asc`] and [`desc`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    path: FieldPath,
    descending: bool,
}

/// Sorts by a field, smallest first.
pub fn asc(path: impl Into<FieldPath>) -> Order {
    Order {
        path: path.into(),
        descending: false,
    }
}

/// Sorts by a field, largest first.
pub fn desc(path: impl Into<FieldPath>) -> Order {
    Order {
        path: path.into(),
        descending: true,
    }
}

impl Order {
    pub(crate) fn path(&self) -> Result<&str> {
        self.path.checked()
    }

    pub(crate) fn is_descending(&self) -> bool {
        self.descending
    }

    /// `{"a": 1, "b": -1}`, as the database's own commands have it.
    pub(crate) fn encode(order: &[Self]) -> Result<Document> {
        let mut sort = Document::new();
        for key in order {
            let direction = if key.descending { -1 } else { 1 };
            if sort.insert(key.path()?, direction).is_some() {
                return Err(Error::argument("order", "must name each field once"));
            }
        }
        Ok(sort)
    }
}
