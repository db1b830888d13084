//! `schema.sql`: statements in MySQL's dialect, understood and not just passed on.

mod alter;
mod check;
mod column;
mod data_type;
mod default;
mod emit;
mod harmless;
mod insert;
mod key;
mod options;
mod table;
mod words;

use sqlparser::ast::{self, Expr, ObjectName, Statement};
use sqlparser::dialect::MySqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::catalog::{Table, TextOptions};
use super::error::DataError;
use super::script::{Placed, split, without_foreign_escapes};
use words::Words as _;

pub(crate) use alter::{Change, Place};
pub(crate) use column::Definition;
pub(crate) use default::{default, invalid as invalid_default};
pub(crate) use emit::{
    DEFAULT_FUNCTION, computed, counted, create_index, create_table, drop_table,
};
pub(crate) use insert::{Insert, NewValue, OnDuplicate};
pub(crate) use key::Key;

/// One thing that a schema asks for.
#[derive(Debug)]
pub(crate) enum Step {
    Create {
        table: Table,
        /// The first number that is given out, where that is not 1.
        next_id: Option<u64>,
        if_not_exists: bool,
    },
    /// A table with the columns and keys of another.
    CreateLike {
        name: String,
        like: String,
        if_not_exists: bool,
    },
    Drop {
        names: Vec<String>,
        if_exists: bool,
    },
    Alter {
        table: String,
        changes: Vec<Change>,
    },
    /// Removes all rows.
    Empty {
        table: String,
        /// Rows are numbered from 1 again.
        restart: bool,
    },
    Insert(Insert),
    /// `SET variable = value, …`
    Set(Vec<(String, Expr)>),
}

impl Step {
    /// The table that this works on; the first, where there are more.
    pub(crate) fn table(&self) -> Option<&str> {
        match self {
            Self::Create { table, .. } => Some(&table.name),
            Self::Drop { names, .. } => names.first().map(String::as_str),
            Self::CreateLike { name: table, .. }
            | Self::Alter { table, .. }
            | Self::Empty { table, .. } => Some(table),
            Self::Insert(insert) => Some(&insert.table),
            Self::Set(_) => None,
        }
    }
}

/// What each statement of a script asks for, or why it cannot be used.
pub(crate) type Script = Vec<Placed<Result<Vec<Step>, DataError>>>;

/// Reads a script. What the embedded engine could not do truthfully is rejected here.
pub(crate) fn parse(sql: &str) -> Script {
    let mut reader = Reader::default();
    split(sql)
        .iter()
        .filter(|piece| piece.text.as_deref() != Ok(""))
        .map(|piece| {
            let text = piece.text.as_deref();
            let steps = text
                .map_err(|problem| DataError::invalid_request(problem.as_str()))
                .and_then(|text| reader.statement(text, piece.line));
            Placed::in_script(piece, steps)
        })
        .collect()
}

/// Reads statements one after the other, and remembers what those before said about those after.
#[derive(Debug, Default)]
struct Reader {
    /// What the database says about text.
    text: TextOptions,
    has_tables: bool,
}

impl Reader {
    /// What a statement that begins in `line` asks for.
    fn statement(&mut self, text: &str, line: usize) -> Result<Vec<Step>, DataError> {
        if text.starts_with("--") {
            return Err(DataError::invalid_request(
                "a comment begins with two hyphens and a blank, as MySQL wants it",
            ));
        }
        let mut parser =
            Parser::new(&MySqlDialect {}).with_tokens_with_locations(tokens(text, line)?);
        let steps = self.steps(&mut parser)?;
        parser.end()?;
        Ok(steps)
    }

    fn steps(&mut self, parser: &mut Parser<'_>) -> Result<Vec<Step>, DataError> {
        let step = match parser.word().as_deref() {
            Some("CREATE") => return self.create(parser),
            Some("ALTER") => return self.alter(parser),
            Some("DROP") => return self.drop(parser),
            Some("RENAME") if parser.take(&["RENAME", "TABLE"]) => return renames(parser),
            Some("TRUNCATE") => {
                parser.advance_token();
                parser.take(&["TABLE"]);
                Step::Empty {
                    table: parser.table_name()?,
                    restart: true,
                }
            }
            // Conditions would have to be understood as MySQL understands them.
            Some("DELETE") if parser.take(&["DELETE", "FROM"]) => {
                let table = parser.table_name()?;
                if parser.sees(&["WHERE"]) {
                    return Err(unsupported(&format!("DELETE FROM `{table}` WHERE …")));
                }
                Step::Empty {
                    table,
                    restart: false,
                }
            }
            Some("INSERT" | "REPLACE") => match parser.parse_statement()? {
                Statement::Insert(insert) => Step::Insert(insert::insert(insert)?),
                other => return Err(unsupported(&format!("`{other}`"))),
            },
            Some("SET") => return settings(parser),
            Some(word) if harmless::is_harmless(parser, word)? => return Ok(Vec::new()),
            _ => {
                let head: Vec<String> = (0..3)
                    .map(|place| parser.peek_nth_token_ref(place).to_string())
                    .collect();
                return Err(unsupported(&format!("`{} …`", head.join(" "))));
            }
        };
        Ok(vec![step])
    }

    fn create(&mut self, parser: &mut Parser<'_>) -> Result<Vec<Step>, DataError> {
        let step = if parser.take(&["CREATE", "TABLE"]) {
            self.has_tables = true;
            table::create(parser, &self.text)?
        } else if parser.take(&["CREATE", "DATABASE"]) || parser.take(&["CREATE", "SCHEMA"]) {
            parser.take(&["IF", "NOT", "EXISTS"]);
            parser.name()?;
            self.text = options::database(parser)?;
            return Ok(Vec::new());
        } else if parser.take(&["CREATE", "TEMPORARY"]) {
            return Err(unsupported("a temporary table"));
        } else if parser.take(&["CREATE", "UNIQUE", "INDEX"]) {
            let index = parser.name()?;
            index_on(parser, index, true)?
        } else if parser.take(&["CREATE", "INDEX"]) || parser.take(&["CREATE", "FULLTEXT", "INDEX"])
        {
            let index = parser.name()?;
            index_on(parser, index, false)?
        } else {
            return harmless::object(parser).map(|()| Vec::new());
        };
        Ok(vec![step])
    }

    fn alter(&mut self, parser: &mut Parser<'_>) -> Result<Vec<Step>, DataError> {
        if parser.take(&["ALTER", "DATABASE"]) || parser.take(&["ALTER", "SCHEMA"]) {
            parser.name()?;
            self.text = options::database(parser)?.within(&self.text);
            return Ok(Vec::new());
        }
        if parser.take(&["ALTER", "TABLE"])
            || parser.take(&["ALTER", "ONLINE", "TABLE"])
            || parser.take(&["ALTER", "IGNORE", "TABLE"])
        {
            return Ok(vec![alter::alter(parser)?]);
        }
        harmless::object(parser).map(|()| Vec::new())
    }

    fn drop(&mut self, parser: &mut Parser<'_>) -> Result<Vec<Step>, DataError> {
        if parser.take(&["DROP", "TABLE"]) {
            let if_exists = parser.take(&["IF", "EXISTS"]);
            let mut names = vec![parser.table_name()?];
            while parser.consume_token(&Token::Comma) {
                names.push(parser.table_name()?);
            }
            let _ = parser.take(&["RESTRICT"]) || parser.take(&["CASCADE"]);
            return Ok(vec![Step::Drop { names, if_exists }]);
        }
        if parser.take(&["DROP", "DATABASE"]) || parser.take(&["DROP", "SCHEMA"]) {
            parser.take(&["IF", "EXISTS"]);
            parser.name()?;
            return match self.has_tables {
                false => Ok(Vec::new()),
                true => Err(unsupported("DROP DATABASE after a table of the script")),
            };
        }
        if parser.take(&["DROP", "INDEX"]) {
            let index = parser.name()?;
            parser.expect_keyword_is(Keyword::ON)?;
            let table = parser.table_name()?;
            let changes = vec![Change::DropIndex(index)];
            return Ok(vec![Step::Alter { table, changes }]);
        }
        harmless::object(parser).map(|()| Vec::new())
    }
}

/// The tokens of a statement, placed in its script.
fn tokens(text: &str, line: usize) -> Result<Vec<TokenWithSpan>, DataError> {
    let before = line.saturating_sub(1) as u64;
    let text = without_foreign_escapes(text);
    let mut tokens = Tokenizer::new(&MySqlDialect {}, &text)
        .tokenize_with_location()
        .map_err(|mut error| {
            error.location.line += before;
            ParserError::from(error)
        })?;
    for token in &mut tokens {
        // The parser would bind it closer than a comparison.
        if token.token == Token::Overlap {
            token.token = Token::make_keyword("AND");
        }
        token.span.start.line += before;
        token.span.end.line += before;
    }
    Ok(tokens)
}

/// `CREATE INDEX` from after the name of the index on.
fn index_on(parser: &mut Parser<'_>, index: String, is_unique: bool) -> Result<Step, DataError> {
    if parser.take(&["USING"]) {
        parser.name()?;
    }
    parser.expect_keyword_is(Keyword::ON)?;
    let table = parser.table_name()?;
    let mut key = match is_unique {
        true => Key::Unique(key::unique(parser, index.clone())?),
        false => key::plain(parser)?,
    };
    if let Key::Plain(plain) = &mut key {
        plain.name = index;
    }
    while ["ALGORITHM", "LOCK"]
        .iter()
        .any(|word| parser.take(&[word]))
    {
        parser.value()?;
    }
    let changes = vec![Change::AddKey(key)];
    Ok(Step::Alter { table, changes })
}

/// `RENAME TABLE a TO b, …` from after the words on.
fn renames(parser: &mut Parser<'_>) -> Result<Vec<Step>, DataError> {
    let mut steps = Vec::new();
    loop {
        let table = parser.table_name()?;
        parser.expect_keyword_is(Keyword::TO)?;
        let changes = vec![Change::Rename(parser.table_name()?)];
        steps.push(Step::Alter { table, changes });
        if !parser.consume_token(&Token::Comma) {
            return Ok(steps);
        }
    }
}

/// What `SET` sets for the session. Most variables change nothing here, whatever their values look like.
fn settings(parser: &mut Parser<'_>) -> Result<Vec<Step>, DataError> {
    let set = match parser.try_parse(|parser| parser.parse_statement()) {
        Ok(Statement::Set(set)) => set,
        Ok(other) => return Err(unsupported(&format!("`{other}`"))),
        Err(error) => {
            return match harmless::sets_for_later(parser) {
                true => Err(error.into()),
                false => Ok(Vec::new()),
            };
        }
    };
    let assignments = match set {
        ast::Set::SingleAssignment {
            scope,
            hivevar: _,
            variable,
            values,
        } => values
            .into_iter()
            .map(|value| (scope, variable.clone(), value))
            .collect(),
        ast::Set::MultipleAssignments { assignments } => assignments
            .into_iter()
            .map(|ast::SetAssignment { scope, name, value }| (scope, name, value))
            .collect(),
        // Character sets are one here, roles none, and a script is carried out as a whole.
        ast::Set::SetNames { .. }
        | ast::Set::SetNamesDefault {}
        | ast::Set::SetRole { .. }
        | ast::Set::SetTransaction { .. } => Vec::new(),
        other @ (ast::Set::ParenthesizedAssignments { .. }
        | ast::Set::SetSessionAuthorization(_)
        | ast::Set::SetSessionParam(_)
        | ast::Set::SetTimeZone { .. }) => return Err(unsupported(&format!("`{other}`"))),
    };
    let own = assignments
        .into_iter()
        .filter(|(scope, ..)| *scope != Some(ast::ContextModifier::Global));
    let own = own.map(|(_, variable, value)| (variable.to_string(), value));
    Ok(vec![Step::Set(own.collect())])
}

fn last(name: &ObjectName) -> Result<String, DataError> {
    name.0
        .last()
        .and_then(|part| part.as_ident())
        .map(|name| name.value.clone())
        .ok_or_else(|| DataError::invalid_request(format!("schema: `{name}` is not a name")))
}

fn unsupported(what: &str) -> DataError {
    DataError::not_on_sqlite(what)
}
