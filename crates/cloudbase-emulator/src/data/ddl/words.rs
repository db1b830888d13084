//! The words of a statement: MySQL has many that the parser has no rule for.

use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::data::error::DataError;

/// Reads words from where a parser stands.
pub(super) trait Words {
    /// The unquoted word that comes next, in capitals.
    fn word(&self) -> Option<String>;

    /// Whether these unquoted words come next.
    fn sees(&self, words: &[&str]) -> bool;

    /// Goes past these unquoted words if they come next.
    fn take(&mut self, words: &[&str]) -> bool;

    /// A name, quoted or not.
    fn name(&mut self) -> Result<String, DataError>;

    /// The last part of a name that may have its database before it.
    fn table_name(&mut self) -> Result<String, DataError>;

    /// The value of an option, after an equals sign that may be there.
    fn value(&mut self) -> Result<String, DataError>;

    /// Goes on to the end of the statement, or to a comma or closing parenthesis that belongs to what is around.
    fn skip(&mut self);

    /// Nothing may come next.
    fn end(&mut self) -> Result<(), DataError>;
}

impl Words for Parser<'_> {
    fn word(&self) -> Option<String> {
        match &self.peek_token_ref().token {
            Token::Word(word) if word.quote_style.is_none() => {
                Some(word.value.to_ascii_uppercase())
            }
            _ => None,
        }
    }

    fn sees(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(place, expected)| {
            matches!(
                &self.peek_nth_token_ref(place).token,
                Token::Word(word)
                    if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected)
            )
        })
    }

    fn take(&mut self, words: &[&str]) -> bool {
        let sees = self.sees(words);
        if sees {
            words.iter().for_each(|_| self.advance_token());
        }
        sees
    }

    fn name(&mut self) -> Result<String, DataError> {
        Ok(self.parse_identifier()?.value)
    }

    fn table_name(&mut self) -> Result<String, DataError> {
        super::last(&self.parse_object_name(false)?)
    }

    fn value(&mut self) -> Result<String, DataError> {
        let _ = self.consume_token(&Token::Eq);
        let next = self.next_token();
        match next.token {
            Token::Word(word) => Ok(word.value),
            Token::Number(text, _)
            | Token::SingleQuotedString(text)
            | Token::DoubleQuotedString(text) => Ok(text),
            _ => Ok(self.expected("the value of an option", next)?),
        }
    }

    fn skip(&mut self) {
        let mut depth = 0usize;
        loop {
            match &self.peek_token_ref().token {
                Token::EOF => return,
                Token::Comma | Token::RParen if depth == 0 => return,
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.advance_token();
        }
    }

    fn end(&mut self) -> Result<(), DataError> {
        Ok(self.expect_token(&Token::EOF).map(drop)?)
    }
}

/// What the parser says, with its place in short.
impl From<ParserError> for DataError {
    fn from(error: ParserError) -> Self {
        let (ParserError::TokenizerError(message) | ParserError::ParserError(message)) = error
        else {
            return Self::invalid_request("the statement is nested too deeply");
        };
        let message = match message.rsplit_once(" at Line: ") {
            Some((what, place)) => {
                let line = place.split(',').next().unwrap_or(place);
                format!("line {line}: {}", what.replace("Expected: ", "expected "))
            }
            None => message,
        };
        Self::invalid_request(format!(
            "{message}; if MySQL can run it, start the emulator on a real database with --mysql mysql://…"
        ))
    }
}
