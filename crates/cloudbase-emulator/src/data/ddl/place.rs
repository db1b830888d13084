//! The statements of a script, each with its place: what cannot be used is named by it.

use sqlparser::ast::Statement;
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::data::error::DataError;

/// A statement is shown up to here.
const SHOWN: usize = 60;

/// Something that a script says, and where.
#[derive(Debug)]
pub(crate) struct Placed<T> {
    /// Absent for what no script says.
    place: Option<Place>,
    pub(crate) content: T,
}

#[derive(Debug)]
struct Place {
    /// From 1.
    line: u64,
    /// How the statement begins.
    head: String,
}

impl<T> Placed<T> {
    pub(crate) fn nowhere(content: T) -> Self {
        Self {
            place: None,
            content,
        }
    }

    pub(super) fn map<U>(self, with: impl FnOnce(T) -> U) -> Placed<U> {
        Placed {
            place: self.place,
            content: with(self.content),
        }
    }

    /// The content apart from its place.
    pub(crate) fn take(self) -> (Placed<()>, T) {
        let place = Placed {
            place: self.place,
            content: (),
        };
        (place, self.content)
    }
}

impl Placed<()> {
    /// The table that the statement was to make.
    pub(crate) fn created_table(&self) -> Option<String> {
        let head = &self.place.as_ref()?.head;
        let mut words = head
            .split(|c: char| c.is_whitespace() || c == '(')
            .filter(|word| !word.is_empty());
        let mut next_is = |expected: &str| {
            words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(expected))
        };
        if !next_is("CREATE") || !next_is("TABLE") {
            return None;
        }
        let name =
            words.find(|word| !["IF", "NOT", "EXISTS"].contains(&&*word.to_ascii_uppercase()))?;
        let name = name.rsplit('.').next().unwrap_or(name);
        Some(name.trim_matches(['`', '"', ';']).to_owned())
    }

    /// What is wrong here, in one line.
    pub(crate) fn report(&self, error: &DataError) -> String {
        match &self.place {
            Some(place) => format!("line {}, `{}`: {}", place.line, place.head, error.message),
            None => error.message.clone(),
        }
    }
}

/// Reads every statement of a script. One that the parser cannot read does not keep the others from being read.
pub(super) fn statements(sql: &str) -> Vec<Placed<Result<Statement, DataError>>> {
    let tokens = match Tokenizer::new(&MySqlDialect {}, sql).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => {
            let place = place(sql, error.location);
            let content = Err(DataError::invalid_request(error.message));
            return vec![Placed { place, content }];
        }
    };
    let mut parser = Parser::new(&MySqlDialect {}).with_tokens_with_locations(tokens);
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let first = parser.peek_token();
        if first.token == Token::EOF {
            return statements;
        }
        let parsed = parser.parse_statement().and_then(|statement| {
            let next = parser.peek_token();
            match next.token {
                Token::SemiColon | Token::EOF => Ok(statement),
                _ => parser
                    .expected("end of statement", next)
                    .map(|()| statement),
            }
        });
        if parsed.is_err() {
            while !matches!(parser.next_token().token, Token::SemiColon | Token::EOF) {}
        }
        statements.push(Placed {
            place: place(sql, first.span.start),
            content: parsed.map_err(|error| DataError::invalid_request(error.to_string())),
        });
    }
}

fn place(sql: &str, at: Location) -> Option<Place> {
    let index = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
    let mut lines = sql.split('\n').skip(index(at.line)?);
    let first: String = lines.next()?.chars().skip(index(at.column)?).collect();
    let mut head = first.trim().to_owned();
    for line in lines {
        if head.contains(';') || head.chars().count() > SHOWN {
            break;
        }
        head.push(' ');
        head.push_str(line.trim());
    }
    let end = head.find(';').unwrap_or(head.len());
    let head = head[..end].trim();
    let mut shown: String = head.chars().take(SHOWN).collect();
    if shown.len() < head.len() {
        shown.push('…');
    }
    Some(Place {
        line: at.line,
        head: shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_know_their_lines() {
        let sql = "-- a comment; with a semicolon\n\nSELECT 1;;\n  CREATE TABLE `shop`.`t`\n  (x INT); SELEC 2;\nINSERT INTO t VALUES (1)";
        let read: Vec<_> = statements(sql)
            .into_iter()
            .map(|statement| {
                let (place, content) = statement.take();
                let found = place
                    .place
                    .as_ref()
                    .map(|place| (place.line, place.head.clone()));
                (found.unwrap(), content.is_ok(), place.created_table())
            })
            .collect();
        let expected = [
            (3, "SELECT 1", true, None),
            (4, "CREATE TABLE `shop`.`t` (x INT)", true, Some("t")),
            (5, "SELEC 2", false, None),
            (6, "INSERT INTO t VALUES (1)", true, None),
        ];
        let expected = expected.map(
            |(line, head, is_ok, table): (u64, &str, bool, Option<&str>)| {
                ((line, head.to_owned()), is_ok, table.map(str::to_owned))
            },
        );
        assert_eq!(read, expected);
    }

    #[test]
    fn a_text_without_an_end_has_a_place() {
        let statements = statements("SELECT 1;\nSELECT 'x");
        let (place, content) = statements.into_iter().next().unwrap().take();
        let report = place.report(&content.unwrap_err());
        assert!(report.starts_with("line 2, "), "{report}");
    }
}
