//! `DELETE`: the rows that a filter finds.

use axum::response::Response;
use http::StatusCode;
use sea_query::Query;

use super::Request;
use super::update::keys;
use crate::data::engine::{Dialect, Session};
use crate::data::error::DataError;
use crate::data::fetch::{self, KEYS_PER_STATEMENT, key_condition};
use crate::data::permission::Access;
use crate::data::plan::Plan;
use crate::data::sql::Scope;
use crate::data::value::Cell;

/// Deletes rows, and shows them as they were if asked to.
pub(super) async fn delete(request: Request) -> Result<Response, DataError> {
    let table = request.catalog.table(&request.table)?;
    request.require_filter("DELETE")?;
    let mut plan = request
        .planner()
        .plan(table, &request.query, Access::Write)?;
    let dialect = request.dialect();
    let mut session = request.engine.session().await?;
    session.begin().await?;
    let returns = request.returns_rows();
    let response = if returns || (plan.limit.is_some() && dialect == Dialect::Sqlite) {
        let keys = keys(session.as_mut(), dialect, &plan).await?;
        let rows = if returns {
            Some(
                fetch::by_keys(
                    session.as_mut(),
                    dialect,
                    &mut plan,
                    &table.primary_key,
                    &keys,
                )
                .await?,
            )
        } else {
            None
        };
        let affected = by_keys(session.as_mut(), dialect, &plan, &keys).await?;
        let shown = rows.as_ref().map(|rows| (rows, &plan));
        request.written(affected, shown, StatusCode::OK, StatusCode::NO_CONTENT)?
    } else {
        let affected = by_filter(session.as_mut(), dialect, &plan).await?;
        request.written(affected, None, StatusCode::OK, StatusCode::NO_CONTENT)?
    };
    session.commit().await?;
    Ok(response)
}

async fn by_keys(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &Plan<'_>,
    keys: &[Vec<Cell>],
) -> Result<u64, DataError> {
    let table = plan.table;
    let mut affected = 0;
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let mut delete = Query::delete();
        delete.from_table(table.source());
        delete.and_where(key_condition(&table.name, &table.primary_key, chunk));
        affected += session.execute(dialect.build(&delete)).await?.affected;
    }
    Ok(affected)
}

async fn by_filter(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &Plan<'_>,
) -> Result<u64, DataError> {
    let table = plan.table;
    let mut delete = Query::delete();
    delete.from_table(table.source());
    for condition in fetch::conditions(dialect, plan, &table.name, true)? {
        delete.and_where(condition);
    }
    if let Some(limit) = plan.limit {
        let scope = Scope {
            dialect,
            table,
            name: &table.name,
            strict: true,
        };
        scope.order(&mut delete, &plan.order)?;
        delete.limit(limit);
    }
    Ok(session.execute(dialect.build(&delete)).await?.affected)
}
