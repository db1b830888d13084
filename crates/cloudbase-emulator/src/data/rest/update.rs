//! `PATCH`: changed columns of the rows that a filter finds.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use sea_query::{Alias, Expr, Query};

use super::Request;
use super::body;
use crate::data::catalog::{Column, Table};
use crate::data::defaults::{check_engine, now};
use crate::data::engine::{Dialect, Session};
use crate::data::error::{Cause, DataError};
use crate::data::fetch::{self, KEYS_PER_STATEMENT, key_condition};
use crate::data::permission::{Access, OWNER};
use crate::data::plan::Plan;
use crate::data::sql::Scope;
use crate::data::value::{Cell, Given, to_cell};

/// Updates rows.
pub(super) async fn patch(request: Request, body: Bytes) -> Result<Response, DataError> {
    let table = request.catalog.table(&request.table)?;
    request.require_filter("UPDATE")?;
    let changes = changes(&request, table, &body)?;
    let mut plan = request
        .planner()
        .plan(table, &request.query, Access::Write)?;
    let dialect = request.dialect();
    let mut session = request.engine.session().await?;
    session.begin().await?;
    let returns = request.returns_rows();
    // SQLite's UPDATE knows no LIMIT, and rows that are to be shown must be found again.
    let response = if returns || (plan.limit.is_some() && dialect == Dialect::Sqlite) {
        let keys = keys(session.as_mut(), dialect, &plan).await?;
        let affected = by_keys(session.as_mut(), dialect, table, &changes, &keys).await?;
        if returns {
            let keys = moved(table, keys, &changes);
            let rows = fetch::by_keys(
                session.as_mut(),
                dialect,
                &mut plan,
                &table.primary_key,
                &keys,
            )
            .await?;
            request.written(
                affected,
                Some((&rows, &plan)),
                StatusCode::OK,
                StatusCode::NO_CONTENT,
            )?
        } else {
            request.written(affected, None, StatusCode::OK, StatusCode::NO_CONTENT)?
        }
    } else {
        let affected = by_filter(session.as_mut(), dialect, &plan, &changes).await?;
        request.written(affected, None, StatusCode::OK, StatusCode::NO_CONTENT)?
    };
    session.commit().await?;
    Ok(response)
}

/// Columns and their new values.
type Changes<'a> = Vec<(&'a Column, Cell)>;

fn changes<'a>(request: &Request, table: &'a Table, body: &[u8]) -> Result<Changes<'a>, DataError> {
    let object = body::object(body)?;
    let mut changes: Changes<'_> = Vec::with_capacity(object.len());
    for (name, raw) in &object {
        let column = table.column(name, "field list")?;
        if column.generated {
            return Err(DataError::database(
                Cause::Other,
                format!("The value specified for generated column '{name}' is not allowed."),
            ));
        }
        if column.name == OWNER && request.actor.owner().is_some() {
            return Err(DataError::invalid_request(format!(
                "the permission column {OWNER} is the server's to write"
            )));
        }
        let cell = to_cell(column, Given::new(raw), 1)?;
        if cell == Cell::Null && !column.nullable {
            return Err(DataError::database(
                Cause::Other,
                format!("Column '{}' cannot be null", column.name),
            ));
        }
        check_engine(request.dialect(), column, &cell)?;
        changes.push((column, cell));
    }
    if changes.is_empty() {
        return Err(DataError::invalid_request(
            "UPDATE requires columns to change",
        ));
    }
    if request.dialect() == Dialect::Sqlite {
        for column in table.columns.iter().filter(|column| column.touch) {
            if !changes.iter().any(|(known, _)| known.name == column.name) {
                changes.push((column, now(column, request.now_ms)));
            }
        }
    }
    Ok(changes)
}

/// The keys of the rows that the plan's conditions match, in its order and within its limit.
pub(super) async fn keys(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &Plan<'_>,
) -> Result<Vec<Vec<Cell>>, DataError> {
    let table = plan.table;
    if table.primary_key.is_empty() {
        return Err(DataError::invalid_request(format!(
            "this needs a primary key, which table '{}' has not",
            table.name
        )));
    }
    let mut select = Query::select();
    select.from_as(table.source(), Alias::new("t"));
    for name in &table.primary_key {
        select.column((Alias::new("t"), Alias::new(name)));
    }
    for condition in fetch::conditions(dialect, plan, "t", true)? {
        select.and_where(condition);
    }
    let scope = Scope {
        dialect,
        table,
        name: "t",
        strict: true,
    };
    scope.order(&mut select, &plan.order)?;
    fetch::limit(&mut select, plan.limit, 0);
    if dialect == Dialect::MySql {
        select.lock_exclusive();
    }
    Ok(session.query(dialect.build(&select)).await?.rows)
}

fn statement(table: &Table, changes: &Changes<'_>) -> sea_query::UpdateStatement {
    let mut update = Query::update();
    update.table(table.source());
    for (column, cell) in changes {
        let value = Expr::val(sea_query::Value::from(cell.clone()));
        update.value(Alias::new(&column.name), value);
    }
    update
}

async fn by_keys(
    session: &mut dyn Session,
    dialect: Dialect,
    table: &Table,
    changes: &Changes<'_>,
    keys: &[Vec<Cell>],
) -> Result<u64, DataError> {
    let mut affected = 0;
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let mut update = statement(table, changes);
        update.and_where(key_condition(&table.name, &table.primary_key, chunk));
        affected += session.execute(dialect.build(&update)).await?.affected;
    }
    Ok(affected)
}

async fn by_filter(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &Plan<'_>,
    changes: &Changes<'_>,
) -> Result<u64, DataError> {
    let table = plan.table;
    let mut update = statement(table, changes);
    for condition in fetch::conditions(dialect, plan, &table.name, true)? {
        update.and_where(condition);
    }
    if let Some(limit) = plan.limit {
        let scope = Scope {
            dialect,
            table,
            name: &table.name,
            strict: true,
        };
        scope.order(&mut update, &plan.order)?;
        update.limit(limit);
    }
    Ok(session.execute(dialect.build(&update)).await?.affected)
}

/// Where the rows are now, if the change was to their key.
fn moved(table: &Table, keys: Vec<Vec<Cell>>, changes: &Changes<'_>) -> Vec<Vec<Cell>> {
    let mut keys = keys;
    for (place, name) in table.primary_key.iter().enumerate() {
        if let Some((_, cell)) = changes.iter().find(|(column, _)| column.name == *name) {
            for key in &mut keys {
                key[place].clone_from(cell);
            }
        }
    }
    keys
}
