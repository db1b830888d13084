//! A place in a text, and the few moves that the parsers make.

use crate::data::error::DataError;

/// A position in the value of one query parameter.
pub(super) struct Cursor<'a> {
    parameter: &'a str,
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`, the value of `parameter`.
    pub(super) fn new(parameter: &'a str, text: &'a str) -> Self {
        Self {
            parameter,
            text,
            at: 0,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Back to a position that [`position`](Self::position) gave.
    pub(super) fn rewind(&mut self, position: usize) {
        self.at = position;
    }

    /// Steps over `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Steps over `expected` or fails.
    pub(super) fn expect(&mut self, expected: char) -> Result<(), DataError> {
        if self.peek() == Some(expected) {
            self.at += expected.len_utf8();
            return Ok(());
        }
        let found = match self.peek() {
            Some(found) => format!("{found:?}"),
            None => "the end".to_owned(),
        };
        Err(self.error(format!("expected {expected:?}, found {found}")))
    }

    /// The longest run of characters for which `belongs` is true, perhaps empty.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Everything up to the end.
    pub(super) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|c| c == ' ');
    }

    /// `"…"` with backslash escapes, or `None` (and no move) if that is not what comes next.
    pub(super) fn quoted(&mut self) -> Option<String> {
        let start = self.at;
        if !self.eat("\"") {
            return None;
        }
        let mut out = String::new();
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices() {
            match c {
                c if escaped => {
                    out.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.at += offset + 1;
                    return Some(out);
                }
                c => out.push(c),
            }
        }
        self.at = start;
        None
    }

    /// A name: quoted, or a run of characters that separate nothing.
    pub(super) fn name(&mut self) -> Result<String, DataError> {
        if let Some(quoted) = self.quoted() {
            return Ok(quoted);
        }
        let name = self
            .take_while(|c| !matches!(c, '.' | ',' | '(' | ')' | ':' | '!' | '"'))
            .trim();
        if name.is_empty() {
            return Err(self.error("expected a name"));
        }
        Ok(name.to_owned())
    }

    /// An error that names the parameter and the place in it.
    pub(super) fn error(&self, what: impl std::fmt::Display) -> DataError {
        DataError::invalid_param(format!(
            "query parameter {:?}, at byte {}: {what}",
            excerpt(self.parameter),
            self.at
        ))
    }
}

/// At most 60 characters: a message is no place for a megabyte.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
