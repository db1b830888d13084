//! Rows of a script on their way into a table.

use rusqlite::{Connection, params_from_iter};
use sea_query::{Alias, Expr, OnConflict, Query, SqliteQueryBuilder};

use super::counter;
use super::errors::translate;
use super::script::rejected;
use crate::data::catalog::{Column, Table};
use crate::data::ddl::{Insert, NewValue, OnDuplicate, counted};
use crate::data::defaults::{InsertValue, insert_value_in, now};
use crate::data::engine::Dialect;
use crate::data::error::DataError;
use crate::data::expression::{self, SqlSession, evaluate};
use crate::data::value::Cell;

/// Inserts the rows. What they generated is the session's `LAST_INSERT_ID()` then.
pub(super) fn insert(
    connection: &Connection,
    table: &Table,
    insert: &Insert,
    session: &mut SqlSession,
) -> Result<(), DataError> {
    let all: Vec<String>;
    let given = if insert.columns.is_empty() {
        all = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        &all
    } else {
        &insert.columns
    };
    for name in given {
        table.column(name, "field list")?;
    }
    let sql = statement(table, &insert.on_duplicate, session)?;
    let mut prepared = connection
        .prepare_cached(&sql)
        .map_err(|error| translate(&error))?;
    let mut first_id = None;
    for (number, row) in insert.rows.iter().enumerate() {
        let is_empty = row.is_empty() && insert.columns.is_empty();
        if row.len() != given.len() && !is_empty {
            return Err(rejected(format!(
                "Column count doesn't match value count at row {} (table '{}')",
                number + 1,
                table.name
            )));
        }
        let mut generates = false;
        let mut cells = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let at = given
                .iter()
                .position(|name| name.eq_ignore_ascii_case(&column.name));
            let value = at.and_then(|at| row.get(at));
            let value = stored(column, value, number + 1, session)?;
            generates |= column.auto_increment && value == InsertValue::Default;
            match value {
                InsertValue::Cell(cell) => cells.push(cell),
                InsertValue::Default => cells.push(Cell::Null),
            }
        }
        let inserted = prepared
            .execute(params_from_iter(&cells))
            .map_err(|error| translate(&error))?;
        if generates && inserted > 0 && first_id.is_none() {
            let next = counted(table).map(|_| counter::next_id(connection, &table.name));
            let next = next.transpose()?.flatten();
            first_id = match next.and_then(|next| i64::try_from(next).ok()) {
                Some(next) => Some(next - 1),
                None => Some(connection.last_insert_rowid()),
            };
        }
    }
    if let Some(id) = first_id {
        session.last_insert_id = id;
    }
    Ok(())
}

/// What a column gets for an expression, or for none.
fn stored(
    column: &Column,
    expression: Option<&sqlparser::ast::Expr>,
    row: usize,
    session: &SqlSession,
) -> Result<InsertValue, DataError> {
    let value = expression
        .filter(|expression| !expression::is_default(expression))
        .map(|expression| evaluate(expression, session)?.given(column))
        .transpose()
        .map_err(|error| error.within(&format!("column `{}`", column.name)))?;
    insert_value_in(
        &session.mode,
        Dialect::Sqlite,
        column,
        value,
        row,
        session.now_ms(),
    )
}

/// The statement that inserts a row of all columns.
fn statement(
    table: &Table,
    on_duplicate: &OnDuplicate,
    session: &SqlSession,
) -> Result<String, DataError> {
    let mut statement = Query::insert();
    statement.into_table(Alias::new(&table.name));
    statement.columns(table.columns.iter().map(|column| Alias::new(&column.name)));
    statement
        .values(table.columns.iter().map(|_| Expr::cust("?")))
        .map_err(|error| DataError::internal(error.to_string()))?;
    if let OnDuplicate::Update(assignments) = on_duplicate {
        statement.on_conflict(update(table, assignments, session)?);
    }
    let sql = statement.to_string(SqliteQueryBuilder);
    let verb = match on_duplicate {
        OnDuplicate::Fail | OnDuplicate::Update(_) => return Ok(sql),
        OnDuplicate::Skip => "INSERT OR IGNORE INTO",
        OnDuplicate::Replace => "INSERT OR REPLACE INTO",
    };
    Ok(sql.replacen("INSERT INTO", verb, 1))
}

fn update(
    table: &Table,
    assignments: &[(String, NewValue)],
    session: &SqlSession,
) -> Result<OnConflict, DataError> {
    // Without columns it is about every key of the table.
    let mut conflict = OnConflict::new();
    for (name, value) in assignments {
        let column = table.column(name, "field list")?;
        let value = match value {
            NewValue::OfNewRow => Expr::col((Alias::new("excluded"), Alias::new(&column.name))),
            NewValue::Same => Expr::col((Alias::new(&table.name), Alias::new(&column.name))),
            NewValue::Expression(expression) => match stored(column, Some(expression), 1, session)?
            {
                InsertValue::Cell(cell) => Expr::val(sea_query::Value::from(cell)),
                InsertValue::Default => {
                    return Err(DataError::not_on_sqlite(format!(
                        "`{name} = DEFAULT` in ON DUPLICATE KEY UPDATE"
                    )));
                }
            },
        };
        conflict.value(Alias::new(&column.name), value);
    }
    for column in table.columns.iter().filter(|column| column.touch) {
        if !assignments
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(&column.name))
        {
            let now = now(column, session.now_ms());
            conflict.value(
                Alias::new(&column.name),
                Expr::val(sea_query::Value::from(now)),
            );
        }
    }
    Ok(conflict)
}
