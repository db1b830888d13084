//! Statements that change nothing of what the gateway shows, and objects that this engine does not have.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::unsupported;
use super::words::Words as _;
use crate::data::error::DataError;

/// Whether the statement has no effect here; then it is read to its end.
pub(super) fn is_harmless(parser: &mut Parser<'_>, word: &str) -> Result<bool, DataError> {
    let is_harmless = match word {
        // One database is here.
        "USE"
        // Nobody else is there, and a script is carried out as a whole.
        | "LOCK" | "UNLOCK" | "BEGIN" | "COMMIT" | "SAVEPOINT" | "RELEASE"
        // Accounts and rights do not exist here.
        | "GRANT" | "REVOKE" | "FLUSH"
        // Upkeep, and rows that go nowhere.
        | "ANALYZE" | "OPTIMIZE" | "CHECK" | "REPAIR" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "DESC" => true,
        "START" => parser.sees(&["START", "TRANSACTION"]),
        "SELECT" => !sees_anywhere(parser, "INTO") && !assigns(parser),
        _ => false,
    };
    if is_harmless {
        to_the_end(parser);
    }
    Ok(is_harmless)
}

/// Passes over accounts and the removal of what is never here; anything else is rejected by its kind and name.
pub(super) fn object(parser: &mut Parser<'_>) -> Result<(), DataError> {
    let is_drop = parser.sees(&["DROP"]);
    let verb = parser.word().unwrap_or_default();
    parser.advance_token();
    loop {
        let next = parser.peek_token_ref().token.clone();
        match parser.word().as_deref() {
            Some("USER" | "ROLE") => {
                to_the_end(parser);
                return Ok(());
            }
            Some(
                kind @ ("VIEW" | "TRIGGER" | "PROCEDURE" | "FUNCTION" | "EVENT" | "SEQUENCE"
                | "SERVER" | "TABLESPACE" | "TABLE" | "INDEX" | "LOGFILE" | "PACKAGE"),
            ) => {
                let kind = kind.to_ascii_lowercase();
                parser.advance_token();
                let is_conditional = parser.take(&["IF", "EXISTS"]);
                parser.take(&["IF", "NOT", "EXISTS"]);
                let name = parser.table_name()?;
                if is_drop && is_conditional {
                    to_the_end(parser);
                    return Ok(());
                }
                return Err(unsupported(&format!("{verb} of the {kind} `{name}`")));
            }
            _ if next == Token::EOF => return Err(unsupported(&format!("`{verb} …`"))),
            _ => parser.advance_token(),
        }
    }
}

fn sees_anywhere(parser: &Parser<'_>, word: &str) -> bool {
    rest(parser).any(|token| is_word(token, word))
}

/// Whether a query sets a variable, or the id that `LAST_INSERT_ID()` reports, for the statements after it.
fn assigns(parser: &Parser<'_>) -> bool {
    let after = |place| rest(parser).nth(place);
    rest(parser).enumerate().any(|(place, token)| {
        let is_call = is_word(token, "LAST_INSERT_ID") && after(place + 1) == Some(&Token::LParen);
        *token == Token::Assignment || is_call && after(place + 2) != Some(&Token::RParen)
    })
}

fn rest<'a>(parser: &'a Parser<'_>) -> impl Iterator<Item = &'a Token> {
    (0..)
        .map(|place| &parser.peek_nth_token_ref(place).token)
        .take_while(|token| **token != Token::EOF)
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

/// Reads an assignment to its end: whether it sets something that later statements depend on.
pub(super) fn sets_for_later(parser: &mut Parser<'_>) -> bool {
    let mut is_used = false;
    while parser.peek_token_ref().token != Token::EOF {
        let word = parser.word().unwrap_or_default();
        let is_variable = word.starts_with('@') && !word.starts_with("@@");
        is_used |= is_variable || word.ends_with("SQL_MODE") || word.ends_with("TIMESTAMP");
        parser.advance_token();
    }
    is_used
}

fn to_the_end(parser: &mut Parser<'_>) {
    while parser.peek_token_ref().token != Token::EOF {
        parser.advance_token();
    }
}
