//! Keys and checks of a table.

use sqlparser::ast::Expr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::check::condition;
use super::unsupported;
use super::words::Words as _;
use crate::data::catalog::{Action, ForeignKey, Index};
use crate::data::error::DataError;

/// What a table says that is no column.
#[derive(Debug)]
pub(crate) enum Key {
    Primary(Vec<String>),
    /// Its name is empty if it was given none; so are the others'.
    Unique(Index),
    Plain(Index),
    Foreign(ForeignKey),
    /// The expression as SQL; absent if it is not enforced.
    Check(Option<String>),
    /// A key that only makes a server quicker, or searches as no request of the gateway does.
    WithoutEffect,
}

/// Reads a key; none if something else stands here.
pub(super) fn key(parser: &mut Parser<'_>) -> Result<Option<Key>, DataError> {
    let mut symbol = String::new();
    let is_constraint = parser.take(&["CONSTRAINT"]);
    if is_constraint
        && !["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]
            .iter()
            .any(|word| parser.sees(&[word]))
    {
        symbol = parser.name()?;
    }
    if parser.take(&["PRIMARY", "KEY"]) {
        let (_, parts) = index(parser)?;
        return columns(&parts, "PRIMARY KEY").map(|columns| Some(Key::Primary(columns)));
    }
    if parser.take(&["UNIQUE"]) {
        let _ = parser.take(&["KEY"]) || parser.take(&["INDEX"]);
        return unique(parser, symbol).map(|index| Some(Key::Unique(index)));
    }
    if parser.take(&["FOREIGN", "KEY"]) {
        return foreign(parser, symbol).map(|key| Some(Key::Foreign(key)));
    }
    if parser.take(&["CHECK"]) {
        return check(parser).map(|check| Some(Key::Check(check)));
    }
    if is_constraint {
        let found = parser.next_token();
        return Ok(parser.expected("PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK", found)?);
    }
    if parser.take(&["FULLTEXT"]) {
        let _ = parser.take(&["KEY"]) || parser.take(&["INDEX"]);
        index(parser)?;
        return Ok(Some(Key::WithoutEffect));
    }
    if parser.sees(&["SPATIAL"]) {
        return Err(unsupported("a SPATIAL key"));
    }
    if parser.take(&["KEY"]) || parser.take(&["INDEX"]) {
        parser.take(&["IF", "NOT", "EXISTS"]);
        return plain(parser).map(Some);
    }
    Ok(None)
}

/// Reads a unique key from its name on. The name of its constraint goes before its own.
pub(super) fn unique(parser: &mut Parser<'_>, symbol: String) -> Result<Index, DataError> {
    let (name, parts) = index(parser)?;
    let name = if symbol.is_empty() { name } else { symbol };
    let columns = columns(&parts, "UNIQUE key")?;
    Ok(Index { name, columns })
}

/// Reads a key that is not unique from its name on.
pub(super) fn plain(parser: &mut Parser<'_>) -> Result<Key, DataError> {
    let (name, parts) = index(parser)?;
    let names = parts.into_iter().map(|part| match part {
        // A prefix is only about the size of the key.
        Part::Column(name) | Part::Prefix(name) => Some(name),
        Part::Expression => None,
    });
    Ok(match names.collect() {
        Some(columns) => Key::Plain(Index { name, columns }),
        None => Key::WithoutEffect,
    })
}

/// One of the things that a key is over.
enum Part {
    Column(String),
    Prefix(String),
    Expression,
}

/// Reads name, columns and options of a key.
fn index(parser: &mut Parser<'_>) -> Result<(String, Vec<Part>), DataError> {
    let mut name = String::new();
    if !parser.sees(&["USING"]) && parser.peek_token_ref().token != Token::LParen {
        name = parser.name()?;
    }
    if parser.take(&["USING"]) {
        parser.name()?;
    }
    let parts = parts(parser)?;
    options(parser)?;
    Ok((name, parts))
}

fn parts(parser: &mut Parser<'_>) -> Result<Vec<Part>, DataError> {
    parser.expect_token(&Token::LParen)?;
    let mut parts = Vec::new();
    loop {
        if parser.consume_token(&Token::LParen) {
            parser.parse_expr()?;
            parser.expect_token(&Token::RParen)?;
            parts.push(Part::Expression);
        } else {
            let name = parser.name()?;
            if parser.consume_token(&Token::LParen) {
                parser.parse_literal_uint()?;
                parser.expect_token(&Token::RParen)?;
                parts.push(Part::Prefix(name));
            } else {
                parts.push(Part::Column(name));
            }
        }
        let _ = parser.take(&["ASC"]) || parser.take(&["DESC"]);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(parts)
}

/// Reads the options of a key, none of which has an effect here.
fn options(parser: &mut Parser<'_>) -> Result<(), DataError> {
    loop {
        match parser.word().as_deref() {
            Some("VISIBLE" | "INVISIBLE" | "IGNORED") => parser.advance_token(),
            Some("NOT") if parser.take(&["NOT", "IGNORED"]) => {}
            Some("WITH") if parser.take(&["WITH", "PARSER"]) => drop(parser.name()?),
            Some(
                "USING"
                | "KEY_BLOCK_SIZE"
                | "COMMENT"
                | "ENGINE_ATTRIBUTE"
                | "SECONDARY_ENGINE_ATTRIBUTE",
            ) => {
                parser.advance_token();
                parser.value()?;
            }
            _ => return Ok(()),
        }
    }
}

fn columns(parts: &[Part], what: &str) -> Result<Vec<String>, DataError> {
    parts
        .iter()
        .map(|part| match part {
            Part::Column(name) => Ok(name.clone()),
            Part::Prefix(name) => Err(unsupported(&format!(
                "a {what} over the beginning of column '{name}'"
            ))),
            Part::Expression => Err(unsupported(&format!("a {what} over an expression"))),
        })
        .collect()
}

/// Reads `(expression) [NOT ENFORCED]`.
pub(super) fn check(parser: &mut Parser<'_>) -> Result<Option<String>, DataError> {
    parser.expect_token(&Token::LParen)?;
    let expression: Expr = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    if parser.take(&["NOT", "ENFORCED"]) {
        return Ok(None);
    }
    parser.take(&["ENFORCED"]);
    condition(expression).map(Some)
}

fn foreign(parser: &mut Parser<'_>, symbol: String) -> Result<ForeignKey, DataError> {
    parser.take(&["IF", "NOT", "EXISTS"]);
    let mut name = String::new();
    if parser.peek_token_ref().token != Token::LParen {
        name = parser.name()?;
    }
    let columns = names(parser)?;
    let name = if symbol.is_empty() { name } else { symbol };
    references(parser, name, columns)
}

/// Reads `REFERENCES …`.
pub(super) fn references(
    parser: &mut Parser<'_>,
    name: String,
    columns: Vec<String>,
) -> Result<ForeignKey, DataError> {
    if !parser.take(&["REFERENCES"]) {
        let found = parser.next_token();
        return Ok(parser.expected("REFERENCES", found)?);
    }
    let table = parser.table_name()?;
    let references = names(parser)?;
    if references.len() != columns.len() {
        return Err(DataError::invalid_request(format!(
            "a foreign key names {} columns here and {} in table '{table}'",
            columns.len(),
            references.len()
        )));
    }
    let mut key = ForeignKey {
        name,
        columns,
        table,
        references,
        on_delete: Action::Restrict,
        on_update: Action::Restrict,
    };
    loop {
        if parser.take(&["ON", "DELETE"]) {
            key.on_delete = action(parser)?;
        } else if parser.take(&["ON", "UPDATE"]) {
            key.on_update = action(parser)?;
        } else if parser.take(&["MATCH"]) {
            // InnoDB knows no other, and forgets the actions beside it.
            let kind = parser.name()?;
            if !kind.eq_ignore_ascii_case("SIMPLE") {
                return Err(unsupported(&format!("MATCH {kind} of a foreign key")));
            }
        } else {
            return Ok(key);
        }
    }
}

fn names(parser: &mut Parser<'_>) -> Result<Vec<String>, DataError> {
    parser.expect_token(&Token::LParen)?;
    let names = parser.parse_comma_separated(Parser::parse_identifier)?;
    parser.expect_token(&Token::RParen)?;
    Ok(names.into_iter().map(|name| name.value).collect())
}

fn action(parser: &mut Parser<'_>) -> Result<Action, DataError> {
    if parser.take(&["RESTRICT"]) || parser.take(&["NO", "ACTION"]) {
        Ok(Action::Restrict)
    } else if parser.take(&["CASCADE"]) {
        Ok(Action::Cascade)
    } else if parser.take(&["SET", "NULL"]) {
        Ok(Action::SetNull)
    } else if parser.take(&["SET", "DEFAULT"]) {
        // InnoDB does not have it either.
        Err(unsupported("SET DEFAULT of a foreign key"))
    } else {
        let found = parser.next_token();
        Ok(parser.expected("what a foreign key does", found)?)
    }
}
