//! Builds the path and query of a call.

use http::Uri;

use crate::error::{Error, Result};
use crate::value::percent_encoding::{is_unreserved, push_encoded};

/// Builds `/v1/functions/hello?webfn=true` out of parts that need no care.
///
/// ```
/// use cloudbase_core::PathBuilder;
///
/// let uri = PathBuilder::new("/v1/functions").segment("name", "a b")?.query("q", "x&y").build()?;
/// assert_eq!(uri, "/v1/functions/a%20b?q=x%26y");
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "setters return the builder"]
pub struct PathBuilder {
    text: String,
}

impl PathBuilder {
    /// Starts with a fixed prefix that begins with `/`.
    pub fn new(prefix: &str) -> Self {
        let mut text = String::with_capacity(prefix.len() + 64);
        text.push_str(prefix);
        Self { text }
    }

    /// Adds one path segment, encoded. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// If it is empty, `.` or `..`, or has control characters.
    pub fn segment(mut self, argument: &str, value: &str) -> Result<Self> {
        check_segment(argument, value)?;
        self.text.push('/');
        push_encoded(&mut self.text, value, is_unreserved);
        Ok(self)
    }

    /// Adds a path of several segments, `/` kept, each encoded. A leading `/` is optional, a
    /// trailing one is kept, and what is percent-encoded already is encoded once more.
    ///
    /// # Errors
    ///
    /// If a segment is `.` or `..`, or has control characters.
    pub fn path(mut self, argument: &str, value: &str) -> Result<Self> {
        for part in value.strip_prefix('/').unwrap_or(value).split('/') {
            if !part.is_empty() {
                check_segment(argument, part)?;
            }
            self.text.push('/');
            push_encoded(&mut self.text, part, is_unreserved);
        }
        Ok(self)
    }

    /// Adds a query parameter, name and value encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let has_query = self.text.contains('?');
        self.text.push(if has_query { '&' } else { '?' });
        push_encoded(&mut self.text, name, is_unreserved);
        self.text.push('=');
        push_encoded(&mut self.text, value, is_unreserved);
        self
    }

    /// Adds a query parameter if there is a value.
    pub fn query_opt(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The path and query so far, for who goes on by other rules.
    #[doc(hidden)]
    pub fn into_text(self) -> String {
        self.text
    }

    /// The path and query.
    ///
    /// # Errors
    ///
    /// If it is longer than HTTP libraries carry (64 KiB).
    pub fn build(self) -> Result<Uri> {
        Uri::from_maybe_shared(bytes::Bytes::from(self.text))
            // All that was put in is encoded: only the length can be wrong.
            .map_err(|error| {
                Error::argument("url", "must not be longer than HTTP carries (64 KiB)")
                    .with_source(error)
            })
    }
}

fn check_segment(argument: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(Error::argument(argument, "must not be empty"));
    }
    if value == "." || value == ".." {
        return Err(Error::argument(argument, "must not be `.` or `..`"));
    }
    if value.chars().any(char::is_control) {
        return Err(Error::argument(
            argument,
            "must not contain control characters such as CR, LF or NUL",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
