//! Taking lists apart.

use cloudbase_core::Result;

use super::Value;
use crate::documents::field::FieldPath;
use crate::documents::value::Document;

/// A list whose members become documents.
///
/// ```
/// use cloudbase_data::documents::aggregate::Unwind;
///
/// let with_places = Unwind::new("items").index("at").keep_empty();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "does nothing by itself"]
pub struct Unwind {
    path: FieldPath,
    index: Option<String>,
    keep_empty: bool,
}

impl Unwind {
    /// The list in the field with this path, with or without `$` before it.
    pub fn new(path: impl AsRef<str>) -> Self {
        let path = path.as_ref();
        Self {
            path: path.strip_prefix('$').unwrap_or(path).into(),
            index: None,
            keep_empty: false,
        }
    }

    /// Puts the position of the member into the field `name`, counted from 0.
    #[doc(alias = "includeArrayIndex")]
    pub fn index(mut self, name: impl Into<String>) -> Self {
        self.index = Some(name.into());
        self
    }

    /// Lets documents through whose list is empty, null or absent. Default: they are left out.
    #[doc(alias = "preserveNullAndEmptyArrays")]
    pub fn keep_empty(mut self) -> Self {
        self.keep_empty = true;
        self
    }

    pub(super) fn encode(&self) -> Result<Value> {
        let path = format!("${}", self.path.checked()?);
        if self.index.is_none() && !self.keep_empty {
            return Ok(path.into());
        }
        let mut unwind = Document::one("path", path);
        if let Some(index) = &self.index {
            unwind.push("includeArrayIndex", index);
        }
        if self.keep_empty {
            unwind.push("preserveNullAndEmptyArrays", true);
        }
        Ok(unwind.into())
    }
}

impl From<&str> for Unwind {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for Unwind {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}
