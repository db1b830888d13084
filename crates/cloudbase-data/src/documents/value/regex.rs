//! Regular expressions.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::Value;
use super::keys::by_value;

/// A regular expression, as a condition ([`regexp`](crate::documents::regexp)) or as a stored value.
///
/// ```
/// use cloudbase_data::documents::Regex;
///
/// let starts_with_a = Regex::new("^a").options("i");
/// assert_eq!(starts_with_a.pattern(), "^a");
/// ```
#[doc(alias = "RegExp")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex {
    pattern: String,
    options: String,
}

impl Regex {
    /// A pattern without options.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            options: String::new(),
        }
    }

    /// Sets the options: `i` ignores case, `m` lets `^` and `$` match at lines, `s` lets `.` match a line
    /// break, `x` ignores blanks in the pattern.
    #[must_use]
    pub fn options(mut self, options: impl Into<String>) -> Self {
        self.options = options.into();
        self
    }

    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The [options](Self::options), empty by default.
    pub fn flags(&self) -> &str {
        &self.options
    }
}

impl From<&str> for Regex {
    fn from(pattern: &str) -> Self {
        Self::new(pattern)
    }
}

impl From<String> for Regex {
    fn from(pattern: String) -> Self {
        Self::new(pattern)
    }
}

impl Serialize for Regex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("$regex", &self.pattern)?;
        map.serialize_entry("$options", &self.options)?;
        map.end()
    }
}

by_value!(Regex, "a regular expression", Value::Regex(value) => Some(value));
