//! `schema.sql`: statements in MySQL's dialect, understood and not just passed on.

mod column;
mod emit;

use sqlparser::ast::{
    self, AlterTableOperation, Expr, IndexColumn, ObjectName, ObjectType, SetExpr, Statement,
    TableConstraint, TableObject,
};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::catalog::{Action, Column, DefaultValue, ForeignKey, Index, Table};
use super::error::DataError;
use super::script::{Placed, split};
use super::value::Given;

pub(crate) use emit::{create_index, create_table, drop_table};

/// One thing that a schema asks for.
#[derive(Debug)]
pub(crate) enum Step {
    Create {
        table: Table,
        if_not_exists: bool,
    },
    Drop {
        names: Vec<String>,
        if_exists: bool,
    },
    AddForeignKey {
        table: String,
        key: ForeignKey,
    },
    AddIndex {
        table: String,
        index: Index,
        unique: bool,
    },
    AddColumn {
        table: String,
        column: Column,
    },
    AddPrimaryKey {
        table: String,
        columns: Vec<String>,
    },
    Insert(Insert),
}

impl Step {
    /// The table that this works on; the first, where there are more.
    pub(crate) fn table(&self) -> Option<&str> {
        match self {
            Self::Create { table, .. } => Some(&table.name),
            Self::Drop { names, .. } => names.first().map(String::as_str),
            Self::AddForeignKey { table, .. }
            | Self::AddIndex { table, .. }
            | Self::AddColumn { table, .. }
            | Self::AddPrimaryKey { table, .. } => Some(table),
            Self::Insert(insert) => Some(&insert.table),
        }
    }
}

/// Rows of an `INSERT`; an element is absent for `DEFAULT`.
pub(crate) struct Insert {
    pub(crate) table: String,
    /// Empty: all columns in order.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<Given>>>,
    pub(crate) ignore: bool,
}

impl std::fmt::Debug for Insert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Insert")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// What each statement of a script asks for, or why it cannot be used.
pub(crate) type Script = Vec<Placed<Result<Vec<Step>, DataError>>>;

/// Reads a script. What the embedded engine could not do truthfully is refused here.
pub(crate) fn parse(sql: &str) -> Script {
    split(sql)
        .iter()
        .filter(|piece| piece.text.as_deref() != Ok(""))
        .map(|piece| {
            let text = piece.text.as_deref();
            let steps = text
                .map_err(|problem| DataError::invalid_request(problem.as_str()))
                .and_then(|text| understand(text, piece.line));
            Placed::in_script(piece, steps)
        })
        .collect()
}

/// What a statement that begins in `line` asks for.
fn understand(text: &str, line: usize) -> Result<Vec<Step>, DataError> {
    let unread = |error| unread(error, line);
    let mut parser = Parser::new(&MySqlDialect {})
        .try_with_sql(text)
        .map_err(unread)?;
    let statement = parser.parse_statement().map_err(unread)?;
    parser.expect_token(&Token::EOF).map_err(unread)?;
    let mut steps = Vec::new();
    step(statement, &mut steps)?;
    Ok(steps)
}

/// What the parser says about a text that begins in `line`, with the line of the script in place of the text's own.
fn unread(error: ParserError, line: usize) -> DataError {
    let (ParserError::TokenizerError(message) | ParserError::ParserError(message)) = error else {
        return DataError::invalid_request("the statement is nested too deeply");
    };
    let Some((what, place)) = message.rsplit_once(" at Line: ") else {
        return DataError::invalid_request(message);
    };
    let within: usize = place
        .split(',')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(1);
    DataError::invalid_request(format!("line {}: {what}", line + within.max(1) - 1))
}

fn step(statement: Statement, steps: &mut Vec<Step>) -> Result<(), DataError> {
    match statement {
        Statement::CreateTable(create) => {
            if create.query.is_some() || create.like.is_some() || create.temporary {
                return Err(refuse(
                    "CREATE TABLE … AS, … LIKE and CREATE TEMPORARY TABLE",
                ));
            }
            let if_not_exists = create.if_not_exists;
            let name = format!("table `{}`", last(&create.name)?);
            steps.push(Step::Create {
                table: column::table(create).map_err(|error| error.within(&name))?,
                if_not_exists,
            });
        }
        Statement::CreateIndex(create) => {
            let table = last(&create.table_name)?;
            let columns = index_columns(&create.columns)?;
            let name = match &create.name {
                Some(name) => last(name)?,
                None => columns.join("_"),
            };
            steps.push(Step::AddIndex {
                table,
                index: Index { name, columns },
                unique: create.unique,
            });
        }
        Statement::AlterTable(alter) => {
            let table = last(&alter.name)?;
            for operation in alter.operations {
                steps.push(alteration(&table, operation)?);
            }
        }
        Statement::Drop {
            object_type: ObjectType::Table,
            if_exists,
            names,
            ..
        } => {
            let names = names.iter().map(last).collect::<Result<_, _>>()?;
            steps.push(Step::Drop { names, if_exists });
        }
        Statement::Insert(insert) => steps.push(Step::Insert(insertion(insert)?)),
        // Dumps begin and end with these; they choose what is the case here anyway.
        Statement::Set(_)
        | Statement::Use(_)
        | Statement::LockTables { .. }
        | Statement::UnlockTables
        | Statement::CreateDatabase { .. }
        | Statement::StartTransaction { .. }
        | Statement::Commit { .. } => {}
        other => {
            let text = other.to_string();
            let head: String = text.chars().take(60).collect();
            return Err(refuse(&format!("schema: `{head}`")));
        }
    }
    Ok(())
}

fn alteration(table: &str, operation: AlterTableOperation) -> Result<Step, DataError> {
    let table = table.to_owned();
    Ok(match operation {
        AlterTableOperation::AddConstraint { constraint, .. } => match constraint {
            TableConstraint::ForeignKey(key) => Step::AddForeignKey {
                key: foreign_key(&table, &[], key)?,
                table,
            },
            TableConstraint::Unique(unique) => {
                let index = unique_index(unique)?;
                Step::AddIndex {
                    table,
                    index,
                    unique: true,
                }
            }
            TableConstraint::Index(index) => {
                let columns = index_columns(&index.columns)?;
                let name = index
                    .name
                    .map_or_else(|| columns.join("_"), |name| name.value);
                Step::AddIndex {
                    table,
                    index: Index { name, columns },
                    unique: false,
                }
            }
            TableConstraint::PrimaryKey(key) => Step::AddPrimaryKey {
                table,
                columns: index_columns(&key.columns)?,
            },
            other => return Err(refuse(&format!("ALTER TABLE … ADD {other}"))),
        },
        AlterTableOperation::AddColumn {
            column_def,
            column_position: None,
            ..
        } => {
            let (column, extra) = column::column(column_def)?;
            if extra.is_key() {
                return Err(refuse("ALTER TABLE … ADD COLUMN with a key"));
            }
            Step::AddColumn { table, column }
        }
        other => return Err(refuse(&format!("ALTER TABLE … {other}"))),
    })
}

fn insertion(insert: ast::Insert) -> Result<Insert, DataError> {
    let TableObject::TableName(name) = &insert.table else {
        return Err(refuse("INSERT into anything but a table"));
    };
    let table = last(name)?;
    if insert.on.is_some() || insert.replace_into {
        return Err(refuse("REPLACE and INSERT … ON DUPLICATE KEY in a schema"));
    }
    let values = insert
        .source
        .as_ref()
        .and_then(|source| match source.body.as_ref() {
            SetExpr::Values(values) => Some(values),
            _ => None,
        });
    let Some(values) = values else {
        return Err(refuse("INSERT … SELECT in a schema"));
    };
    let mut rows = Vec::with_capacity(values.rows.len());
    for row in &values.rows {
        rows.push(
            row.content
                .iter()
                .map(literal)
                .collect::<Result<Vec<_>, _>>()?,
        );
    }
    let columns = insert.columns.iter().map(last).collect::<Result<_, _>>()?;
    Ok(Insert {
        table,
        columns,
        rows,
        ignore: insert.ignore,
    })
}

/// A constant in an `INSERT`; `None` is `DEFAULT`.
fn literal(expression: &Expr) -> Result<Option<Given>, DataError> {
    if let Expr::Identifier(name) = expression
        && name.quote_style.is_none()
        && name.value.eq_ignore_ascii_case("default")
    {
        return Ok(None);
    }
    match column::constant(expression) {
        Some(DefaultValue::Constant(None)) => Ok(Some(Given::Null)),
        Some(DefaultValue::Constant(Some(text))) => Ok(Some(Given::String(text))),
        Some(DefaultValue::Now) => Ok(Some(Given::Now)),
        _ => Err(refuse(&format!(
            "the expression `{expression}` in an INSERT of a schema"
        ))),
    }
}

fn foreign_key(
    table: &str,
    own_columns: &[String],
    key: ast::ForeignKeyConstraint,
) -> Result<ForeignKey, DataError> {
    let columns: Vec<String> = if key.columns.is_empty() {
        own_columns.to_vec()
    } else {
        key.columns.into_iter().map(|column| column.value).collect()
    };
    let references: Vec<String> = key.referred_columns.into_iter().map(|c| c.value).collect();
    if references.len() != columns.len() {
        return Err(DataError::invalid_request(format!(
            "schema: a foreign key of table '{table}' names {} columns here and {} there",
            columns.len(),
            references.len()
        )));
    }
    Ok(ForeignKey {
        // MySQL numbers them; the number is given when the table is put together.
        name: key.name.map(|name| name.value).unwrap_or_default(),
        columns,
        table: last(&key.foreign_table)?,
        references,
        on_delete: action(key.on_delete)?,
        on_update: action(key.on_update)?,
    })
}

fn action(action: Option<ast::ReferentialAction>) -> Result<Action, DataError> {
    Ok(match action {
        None | Some(ast::ReferentialAction::Restrict | ast::ReferentialAction::NoAction) => {
            Action::Restrict
        }
        Some(ast::ReferentialAction::Cascade) => Action::Cascade,
        Some(ast::ReferentialAction::SetNull) => Action::SetNull,
        // InnoDB does not have it either.
        Some(ast::ReferentialAction::SetDefault) => return Err(refuse("ON DELETE SET DEFAULT")),
    })
}

fn unique_index(unique: ast::UniqueConstraint) -> Result<Index, DataError> {
    let columns = index_columns(&unique.columns)?;
    let name = unique.name.or(unique.index_name);
    Ok(Index {
        name: name.map_or_else(|| columns.join("_"), |name| name.value),
        columns,
    })
}

fn index_columns(columns: &[IndexColumn]) -> Result<Vec<String>, DataError> {
    columns
        .iter()
        .map(|column| match &column.column.expr {
            Expr::Identifier(name) => Ok(name.value.clone()),
            // `title(10)`: a prefix is only about the size of the index.
            Expr::Function(call) => last(&call.name),
            other => Err(refuse(&format!("an index over the expression `{other}`"))),
        })
        .collect()
}

fn last(name: &ObjectName) -> Result<String, DataError> {
    name.0
        .last()
        .and_then(|part| part.as_ident())
        .map(|name| name.value.clone())
        .ok_or_else(|| DataError::invalid_request(format!("schema: `{name}` is not a name")))
}

fn refuse(what: &str) -> DataError {
    DataError::not_on_sqlite(what)
}
