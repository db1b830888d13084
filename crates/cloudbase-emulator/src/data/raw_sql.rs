//! SQL that a caller wrote, in MySQL's dialect, made fit for an engine.
//!
//! Only tokens are looked at: placeholders become bound values. MySQL gets strings and names as they were written; for SQLite
//! they are quoted again so that it reads the same, and what it would treat differently from MySQL is rejected.

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::engine::Dialect;
use super::error::DataError;

/// A statement ready to run.
#[derive(Debug, PartialEq)]
pub(crate) struct RawSql {
    pub(crate) text: String,
    pub(crate) gives_rows: bool,
    pub(crate) changes_schema: bool,
}

/// Where a placeholder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// `({{ list }})`
    InParentheses,
    /// `{{ list }}`
    Bare,
}

/// Keywords whose meaning SQLite does not share.
const NOT_ON_SQLITE: [&str; 9] = [
    "DIV",
    "XOR",
    "RLIKE",
    "DUPLICATE",
    "LOCK",
    "STRAIGHT_JOIN",
    "INTERVAL",
    "REGEXP_LIKE",
    "CALL",
];

/// Puts a template together. `bind` gives the text that stands for a parameter.
pub(crate) fn prepare(
    template: &str,
    dialect: Dialect,
    mut bind: impl FnMut(&str, Placeholder) -> Result<String, String>,
) -> Result<RawSql, DataError> {
    let tokens = Tokenizer::new(&MySqlDialect {}, template)
        // Strings for MySQL stay as they were written.
        .with_unescape(dialect == Dialect::Sqlite)
        .tokenize()
        .map_err(|error| DataError::invalid_param(format!("the SQL cannot be read: {error}")))?;
    let mut out = String::with_capacity(template.len());
    let mut first_word = None;
    let mut ended = false;
    let mut tokens = tokens.into_iter().peekable();
    let mut opened = false;
    while let Some(token) = tokens.next() {
        if ended && !matches!(token, Token::Whitespace(_) | Token::SemiColon) {
            return Err(DataError::invalid_param("one statement at a time"));
        }
        match token {
            // `{{ name }}` is two braces, a word, two braces.
            Token::LBrace if tokens.peek() == Some(&Token::LBrace) => {
                tokens.next();
                let name = placeholder(&mut tokens)?;
                let place = if opened {
                    Placeholder::InParentheses
                } else {
                    Placeholder::Bare
                };
                out.push_str(&bind(&name, place).map_err(DataError::invalid_param)?);
                opened = false;
                continue;
            }
            Token::Whitespace(_) => {
                out.push(' ');
                continue;
            }
            Token::SemiColon => {
                ended = true;
                continue;
            }
            Token::Placeholder(_) => {
                return Err(DataError::invalid_param(
                    "parameters are written {{ name }}, not ?",
                ));
            }
            Token::SingleQuotedString(ref text)
            | Token::DoubleQuotedString(ref text)
            | Token::NationalStringLiteral(ref text) => {
                if text.contains("{{") {
                    return Err(DataError::invalid_param(
                        "a parameter {{ name }} must not stand inside quotes",
                    ));
                }
                match dialect {
                    Dialect::MySql => out.push_str(&token.to_string()),
                    Dialect::Sqlite => push_string(&mut out, text),
                }
            }
            Token::Word(word) if word.quote_style.is_none() => {
                let upper = word.value.to_ascii_uppercase();
                if dialect == Dialect::Sqlite && NOT_ON_SQLITE.contains(&upper.as_str()) {
                    return Err(DataError::not_on_sqlite(format!("{upper} in raw SQL")));
                }
                first_word.get_or_insert(upper);
                out.push_str(&word.value);
            }
            Token::Word(ref word) => match dialect {
                Dialect::MySql => out.push_str(&token.to_string()),
                Dialect::Sqlite => {
                    out.push('`');
                    out.push_str(&word.value.replace('`', "``"));
                    out.push('`');
                }
            },
            // MySQL divides whole numbers into fractions.
            Token::Div if dialect == Dialect::Sqlite => out.push_str("* 1.0 /"),
            // In MySQL this is OR, in SQLite it joins strings.
            Token::StringConcat | Token::Spaceship | Token::Caret | Token::ExclamationMark
                if dialect == Dialect::Sqlite =>
            {
                return Err(DataError::not_on_sqlite(format!(
                    "the operator {token} in raw SQL"
                )));
            }
            Token::LParen => {
                out.push('(');
                opened = true;
                continue;
            }
            other => out.push_str(&other.to_string()),
        }
        opened = false;
    }
    let first = first_word.unwrap_or_default();
    let gives_rows = matches!(
        first.as_str(),
        "SELECT" | "WITH" | "SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN" | "VALUES"
    );
    let changes_schema = matches!(
        first.as_str(),
        "CREATE" | "ALTER" | "DROP" | "RENAME" | "TRUNCATE"
    );
    if dialect == Dialect::Sqlite {
        let known =
            gives_rows || matches!(first.as_str(), "INSERT" | "REPLACE" | "UPDATE" | "DELETE");
        if !known || matches!(first.as_str(), "SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN") {
            return Err(DataError::not_on_sqlite(format!("{first} as raw SQL")));
        }
    }
    Ok(RawSql {
        text: out.trim().to_owned(),
        gives_rows,
        changes_schema,
    })
}

fn placeholder(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = Token>>,
) -> Result<String, DataError> {
    let mut name = String::new();
    loop {
        match tokens.next() {
            Some(Token::RBrace) if tokens.peek() == Some(&Token::RBrace) => {
                tokens.next();
                break;
            }
            Some(Token::Whitespace(_)) => {}
            Some(token @ (Token::Word(_) | Token::Number(..) | Token::Period | Token::Minus)) => {
                name.push_str(&token.to_string());
            }
            _ => {
                return Err(DataError::invalid_param(
                    "a parameter is written {{ name }}",
                ));
            }
        }
    }
    if name.is_empty() {
        return Err(DataError::invalid_param("a parameter {{ }} has no name"));
    }
    Ok(name)
}

/// A string for SQLite, which knows no escapes.
fn push_string(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&text.replace('\'', "''"));
    out.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(template: &str) -> Result<(String, Vec<String>), DataError> {
        let mut names = Vec::new();
        let sql = prepare(template, Dialect::Sqlite, |name, place| {
            names.push(format!("{name} {place:?}"));
            Ok("?".to_owned())
        })?;
        Ok((sql.text, names))
    }

    #[test]
    fn placeholders_and_strings() {
        let (sql, names) = sqlite(
            "SELECT * FROM `book` WHERE id = {{ id }} AND t = \"it's\" AND n IN ({{list}}) /* c */ LIMIT 10;",
        )
        .unwrap();
        assert_eq!(
            sql,
            "SELECT * FROM `book` WHERE id = ? AND t = 'it''s' AND n IN (?)   LIMIT 10"
        );
        assert_eq!(names, ["id Bare", "list InParentheses"]);
        assert_eq!(sqlite("SELECT 'a\\'b\\\\c'").unwrap().0, "SELECT 'a''b\\c'");
        assert_eq!(sqlite("SELECT 7 / 2").unwrap().0, "SELECT 7 * 1.0 / 2");
    }

    #[test]
    fn strings_reach_mysql_as_written() {
        for sql in [
            r"SELECT N'a''b', n'it\'s'",
            r#"SELECT 'a\\b''c', "it""s", "it's", _utf8mb4'x''y', X'4142', b'101'"#,
            "SELECT `a``b` FROM `t`",
        ] {
            let prepared = prepare(sql, Dialect::MySql, |_, _| Err(String::new())).unwrap();
            // Prefixes are written in capitals.
            assert_eq!(
                prepared
                    .text
                    .replace(" N'it", " n'it")
                    .replace("B'1", "b'1"),
                sql
            );
        }
        assert_eq!(sqlite("SELECT N'a''b'").unwrap().0, "SELECT 'a''b'");
        assert!(sqlite("SELECT N'{{ a }}'").is_err());
    }

    #[test]
    fn rejections() {
        for template in [
            "SELECT '{{ x }}'",
            "SELECT ?",
            "SELECT 1; DROP TABLE t",
            "SELECT {{ }}",
            "SELECT {{ a",
            "SELECT 'open",
            "SELECT 7 DIV 2",
            "SELECT a || b",
            "PRAGMA table_info(t)",
            "ATTACH 'x' AS y",
            "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1",
            "",
        ] {
            assert!(sqlite(template).is_err(), "{template}");
        }
    }
}
