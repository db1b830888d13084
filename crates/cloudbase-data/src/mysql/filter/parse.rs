//! Reads the documented text form of conditions into a [`Filter`].

use std::borrow::Cow;

use cloudbase_core::{Error, Result};

use super::{Filter, Is, Test, all, any, not};
use crate::column_ref::{ColumnRef, split_path, unquote};
use crate::mysql::encode::MAX_DEPTH;
use crate::mysql::value::Scalar;

const OPERATORS: &[&str] = &[
    "adj",
    "cd",
    "cs",
    "eq",
    "fts",
    "gt",
    "gte",
    "ilike",
    "ilike(all)",
    "ilike(any)",
    "like",
    "like(all)",
    "like(any)",
    "lt",
    "lte",
    "match",
    "neq",
    "nxl",
    "nxr",
    "ov",
    "phfts",
    "plfts",
    "sl",
    "sr",
    "wfts",
];

pub(super) fn parse(key: &str, condition: &str) -> Result<Filter> {
    let mut path = split_path(key);
    let word = path.pop().unwrap_or_default();
    if (word == "and" || word == "or") && condition.trim_start().starts_with('(') {
        let negated = path.last().is_some_and(|part| part == "not");
        if negated {
            path.pop();
        }
        let mut reader = Reader {
            rest: condition.trim(),
            path: &path,
        };
        let filters = reader.group(0)?;
        if !reader.rest.is_empty() {
            return Err(invalid("has text after its closing parenthesis"));
        }
        let filter = if word == "or" {
            any(filters)
        } else {
            all(filters)
        };
        return Ok(if negated { not(filter) } else { filter });
    }
    let column = ColumnRef { path, name: word };
    let mut reader = Reader {
        rest: condition,
        path: &[],
    };
    let negated = reader.negation();
    let test = match reader.operator()? {
        Word::In => {
            let test = Test::In(reader.list()?);
            if !reader.rest.is_empty() {
                return Err(invalid("has text after the list of `in`"));
            }
            test
        }
        Word::Is => reader.is(|reader| std::mem::take(&mut reader.rest).into())?,
        Word::Other(operator) => Test::Operator(operator, reader.rest.into()),
    };
    Ok(wrap(negated, Filter::test(column, test)))
}

/// All conditions of a query string's decoded pairs; the inverse of the encoder.
pub(crate) fn parse_query<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Filter>> {
    pairs
        .into_iter()
        .map(|(key, value)| parse(key, value))
        .collect()
}

fn invalid(rule: impl std::fmt::Display) -> Error {
    Error::argument("filter", rule)
}

fn wrap(negated: bool, filter: Filter) -> Filter {
    if negated { not(filter) } else { filter }
}

enum Word {
    In,
    Is,
    Other(Cow<'static, str>),
}

struct Reader<'a> {
    rest: &'a str,
    /// The relation that a group is about.
    path: &'a [String],
}

impl Reader<'_> {
    fn eat(&mut self, text: char) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn negation(&mut self) -> bool {
        match self.rest.strip_prefix("not.") {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn until(&mut self, stops: &[char]) -> String {
        let end = self.rest.find(stops).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text.to_owned()
    }

    /// `eq.`; the dot belongs to it.
    fn operator(&mut self) -> Result<Word> {
        let Some((word, rest)) = self.rest.split_once('.') else {
            return Err(invalid("must have the form `operator.value`"));
        };
        let found = match word {
            "in" => Word::In,
            "is" => Word::Is,
            _ => match OPERATORS.binary_search(&word) {
                Ok(at) => Word::Other(Cow::Borrowed(OPERATORS[at])),
                // `fts(english)` names a configuration.
                Err(_) if configured(word) => Word::Other(Cow::Owned(word.to_owned())),
                Err(_) => return Err(invalid("uses an unknown operator")),
            },
        };
        self.rest = rest;
        Ok(found)
    }

    fn is(&mut self, text: impl FnOnce(&mut Self) -> String) -> Result<Test> {
        Ok(Test::Is(match text(self).to_ascii_lowercase().as_str() {
            "null" => Is::Null,
            "true" => Is::True,
            "false" => Is::False,
            "unknown" => Is::Unknown,
            _ => return Err(invalid("must give null, true, false or unknown to `is`")),
        }))
    }

    fn group(&mut self, depth: usize) -> Result<Vec<Filter>> {
        if depth >= MAX_DEPTH {
            return Err(invalid(format_args!(
                "must not nest deeper than {MAX_DEPTH} groups"
            )));
        }
        if !self.eat('(') {
            return Err(invalid("must have its conditions in parentheses"));
        }
        let mut filters = Vec::new();
        loop {
            self.blanks();
            filters.push(self.member(depth)?);
            self.blanks();
            if self.eat(',') {
                continue;
            }
            if self.eat(')') {
                return Ok(filters);
            }
            return Err(invalid("has an unclosed parenthesis"));
        }
    }

    fn member(&mut self, depth: usize) -> Result<Filter> {
        let start = self.rest;
        let negated = self.negation();
        for (word, is_any) in [("and", false), ("or", true)] {
            if let Some(rest) = self.rest.strip_prefix(word)
                && rest.starts_with('(')
            {
                self.rest = rest;
                let filters = self.group(depth + 1)?;
                return Ok(wrap(
                    negated,
                    if is_any { any(filters) } else { all(filters) },
                ));
            }
        }
        self.rest = start;
        let name = match self.rest.strip_prefix('"').and_then(unquote) {
            Some((name, rest)) => {
                self.rest = rest;
                name
            }
            None => self.until(&['.', ',', '(', ')']),
        };
        if !self.eat('.') {
            return Err(invalid(
                "must have members of the form `column.operator.value`",
            ));
        }
        let negated = self.negation();
        let column = ColumnRef {
            path: self.path.to_vec(),
            name,
        };
        let test = match self.operator()? {
            Word::In => Test::In(self.list()?),
            Word::Is => self.is(|reader| reader.element(')'))?,
            Word::Other(operator) => Test::Operator(operator, self.element(')').into()),
        };
        Ok(wrap(negated, Filter::test(column, test)))
    }

    /// `(a,"b,c")`, or the `[a,b]` of the operator page.
    fn list(&mut self) -> Result<Vec<Scalar>> {
        let close = if self.eat('[') {
            ']'
        } else if self.eat('(') {
            ')'
        } else {
            return Err(invalid("must give a list in parentheses to `in`"));
        };
        let mut values = Vec::new();
        if self.eat(close) {
            return Ok(values);
        }
        loop {
            values.push(self.element(close).into());
            if self.eat(',') {
                continue;
            }
            if self.eat(close) {
                return Ok(values);
            }
            return Err(invalid("has an unclosed list"));
        }
    }

    /// A value among others: quoted with backslash escapes, or bare up to the next separator.
    fn element(&mut self, close: char) -> String {
        if let Some((text, rest)) = self.rest.strip_prefix('"').and_then(unquote)
            && rest.starts_with([',', close])
        {
            self.rest = rest;
            return text;
        }
        // An array literal may hold commas.
        if self.rest.starts_with('{')
            && let Some(end) = self.rest.find('}')
            && self.rest[end + 1..].starts_with([',', close])
        {
            let (text, rest) = self.rest.split_at(end + 1);
            self.rest = rest;
            return text.to_owned();
        }
        self.until(&[',', close])
    }
}

fn configured(word: &str) -> bool {
    let Some((operator, configuration)) = word.split_once('(') else {
        return false;
    };
    matches!(operator, "fts" | "plfts" | "phfts" | "wfts")
        && configuration
            .strip_suffix(')')
            .is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}
