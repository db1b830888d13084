//! `ALTER TABLE`: its operations, each of which is carried out, known to have no effect here, or rejected.

use sqlparser::ast::Expr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::column::{Definition, column};
use super::key::{Key, key};
use super::options::{TableOptions, table_option, text_option};
use super::words::Words as _;
use super::{Step, unsupported};
use crate::data::catalog::TextOptions;
use crate::data::error::DataError;

/// One thing that is changed about a table.
#[derive(Debug)]
pub(crate) enum Change {
    Add {
        definition: Definition,
        place: Place,
        if_not_exists: bool,
    },
    /// MODIFY, and CHANGE with another name.
    Redefine {
        old: String,
        definition: Definition,
        place: Place,
    },
    DropColumn {
        name: String,
        if_exists: bool,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    Default {
        column: String,
        default: Option<Expr>,
    },
    AddKey(Key),
    DropPrimaryKey,
    /// A key, or a foreign key, by its name.
    DropIndex(String),
    DropForeignKey(String),
    DropConstraint(String),
    RenameIndex {
        from: String,
        to: String,
    },
    Rename(String),
    AutoIncrement(u64),
    /// The default of columns to come; with `convert` also of those that are there.
    Text {
        text: TextOptions,
        convert: bool,
    },
}

/// Where a column goes.
#[derive(Debug, PartialEq)]
pub(crate) enum Place {
    /// Where it is; a new one at the end.
    Stays,
    First,
    After(String),
}

/// Reads what follows `ALTER TABLE`.
pub(super) fn alter(parser: &mut Parser<'_>) -> Result<Step, DataError> {
    parser.take(&["IF", "EXISTS"]);
    let table = parser.table_name()?;
    let within = format!("table `{table}`");
    let mut changes = Vec::new();
    loop {
        operation(parser, &mut changes).map_err(|error| error.within(&within))?;
        if parser.peek_token_ref().token == Token::EOF {
            return Ok(Step::Alter { table, changes });
        }
        parser.expect_token(&Token::Comma)?;
    }
}

fn operation(parser: &mut Parser<'_>, changes: &mut Vec<Change>) -> Result<(), DataError> {
    let Some(word) = parser.word() else {
        return parser.end();
    };
    match word.as_str() {
        "ADD" => {
            parser.advance_token();
            return add(parser, changes);
        }
        "MODIFY" | "CHANGE" => {
            parser.advance_token();
            parser.take(&["COLUMN"]);
            let old = (word == "CHANGE").then(|| parser.name()).transpose()?;
            let definition = column(parser)?;
            let old = old.unwrap_or_else(|| definition.column.name.clone());
            let place = place(parser)?;
            changes.push(Change::Redefine {
                old,
                definition,
                place,
            });
        }
        "DROP" => {
            parser.advance_token();
            return drop_part(parser, changes);
        }
        "RENAME" => {
            parser.advance_token();
            changes.push(rename(parser)?);
        }
        "ALTER" => {
            parser.advance_token();
            return alter_part(parser, changes);
        }
        "CONVERT" if parser.take(&["CONVERT", "TO"]) => {
            let mut text = TextOptions::default();
            while text_option(parser, &mut text)? {}
            changes.push(Change::Text {
                text,
                convert: true,
            });
        }
        // How the change is made, in which order rows lie, and where.
        "ALGORITHM" | "LOCK" => {
            parser.advance_token();
            parser.value()?;
        }
        "FORCE" | "PARTITION" | "COALESCE" | "REORGANIZE" | "REMOVE" => parser.skip(),
        "DISABLE" | "ENABLE" if parser.take(&[&word, "KEYS"]) => {}
        "WITH" | "WITHOUT" if parser.take(&[&word, "VALIDATION"]) => {}
        "ORDER" if parser.take(&["ORDER", "BY"]) => {
            while parser.peek_token_ref().token != Token::EOF {
                parser.advance_token();
            }
        }
        "DISCARD" | "IMPORT" | "EXCHANGE" | "TRUNCATE" => {
            return Err(unsupported(&format!("ALTER TABLE … {word}")));
        }
        _ => {
            let mut options = TableOptions::default();
            // Without a comma one option may follow the other.
            while let Some(word) = parser.word() {
                if !table_option(parser, &word, &mut options)? {
                    return Err(unsupported(&format!("ALTER TABLE … {word}")));
                }
            }
            changes.extend(options.auto_increment.map(Change::AutoIncrement));
            if options.text != TextOptions::default() {
                changes.push(Change::Text {
                    text: options.text,
                    convert: false,
                });
            }
        }
    }
    Ok(())
}

fn add(parser: &mut Parser<'_>, changes: &mut Vec<Change>) -> Result<(), DataError> {
    if parser.sees(&["PARTITION"]) {
        parser.skip();
        return Ok(());
    }
    if let Some(key) = key(parser)? {
        changes.push(Change::AddKey(key));
        return Ok(());
    }
    parser.take(&["COLUMN"]);
    let if_not_exists = parser.take(&["IF", "NOT", "EXISTS"]);
    if !parser.consume_token(&Token::LParen) {
        let definition = column(parser)?;
        changes.push(Change::Add {
            definition,
            place: place(parser)?,
            if_not_exists,
        });
        return Ok(());
    }
    loop {
        match key(parser)? {
            Some(key) => changes.push(Change::AddKey(key)),
            None => changes.push(Change::Add {
                definition: column(parser)?,
                place: Place::Stays,
                if_not_exists,
            }),
        }
        if !parser.consume_token(&Token::Comma) {
            return Ok(parser.expect_token(&Token::RParen).map(drop)?);
        }
    }
}

fn place(parser: &mut Parser<'_>) -> Result<Place, DataError> {
    Ok(if parser.take(&["FIRST"]) {
        Place::First
    } else if parser.take(&["AFTER"]) {
        Place::After(parser.name()?)
    } else {
        Place::Stays
    })
}

fn drop_part(parser: &mut Parser<'_>, changes: &mut Vec<Change>) -> Result<(), DataError> {
    if parser.sees(&["PARTITION"]) {
        return Err(unsupported("DROP PARTITION, which removes rows"));
    }
    changes.push(if parser.take(&["PRIMARY", "KEY"]) {
        Change::DropPrimaryKey
    } else if parser.take(&["KEY"]) || parser.take(&["INDEX"]) {
        Change::DropIndex(parser.name()?)
    } else if parser.take(&["FOREIGN", "KEY"]) {
        Change::DropForeignKey(parser.name()?)
    } else if parser.take(&["CONSTRAINT"]) {
        Change::DropConstraint(parser.name()?)
    } else if parser.take(&["CHECK"]) {
        return Err(unsupported("DROP CHECK"));
    } else {
        parser.take(&["COLUMN"]);
        let if_exists = parser.take(&["IF", "EXISTS"]);
        let name = parser.name()?;
        let _ = parser.take(&["RESTRICT"]) || parser.take(&["CASCADE"]);
        Change::DropColumn { name, if_exists }
    });
    Ok(())
}

fn rename(parser: &mut Parser<'_>) -> Result<Change, DataError> {
    let pair = |parser: &mut Parser<'_>| {
        let from = parser.name()?;
        if !parser.take(&["TO"]) {
            let found = parser.next_token();
            return Ok(parser.expected("TO", found)?);
        }
        Ok::<_, DataError>((from, parser.name()?))
    };
    if parser.take(&["COLUMN"]) {
        let (from, to) = pair(parser)?;
        return Ok(Change::RenameColumn { from, to });
    }
    if parser.take(&["KEY"]) || parser.take(&["INDEX"]) {
        let (from, to) = pair(parser)?;
        return Ok(Change::RenameIndex { from, to });
    }
    let _ = parser.take(&["TO"]) || parser.take(&["AS"]);
    Ok(Change::Rename(parser.table_name()?))
}

/// `ALTER [COLUMN] … SET DEFAULT`, `ALTER INDEX … INVISIBLE`.
fn alter_part(parser: &mut Parser<'_>, changes: &mut Vec<Change>) -> Result<(), DataError> {
    if parser.take(&["INDEX"]) || parser.take(&["KEY"]) {
        parser.skip();
        return Ok(());
    }
    if parser.sees(&["CHECK"]) || parser.sees(&["CONSTRAINT"]) {
        return Err(unsupported("ALTER TABLE … ALTER CHECK"));
    }
    parser.take(&["COLUMN"]);
    let column = parser.name()?;
    let default = if parser.take(&["DROP", "DEFAULT"]) {
        None
    } else if parser.take(&["SET", "DEFAULT"]) {
        Some(parser.parse_expr()?)
    } else {
        return Err(unsupported(&format!(
            "ALTER COLUMN `{column}` {}",
            parser.peek_token_ref()
        )));
    };
    changes.push(Change::Default { column, default });
    Ok(())
}
