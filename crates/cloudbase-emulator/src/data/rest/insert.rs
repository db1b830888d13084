//! `POST`: new rows, and rows that may be there already.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use sea_query::{Alias, Expr, ExprTrait as _, InsertStatement, OnConflict, Query};

use super::Request;
use super::body::{self, Row};
use crate::data::catalog::{Column, Table};
use crate::data::defaults::{InsertValue, insert_value, now};
use crate::data::engine::{Dialect, Session, Statement};
use crate::data::error::{Cause, DataError};
use crate::data::fetch;
use crate::data::grammar::{Missing, Resolution};
use crate::data::permission::{Access, OWNER, Reach};
use crate::data::value::{Cell, Given};

/// Values bound by one statement.
const VALUES_PER_STATEMENT: usize = 20_000;

/// Inserts the rows of the body.
pub(super) async fn post(request: Request, body: Bytes) -> Result<Response, DataError> {
    let table = request.catalog.table(&request.table)?;
    if !request.query.filters.is_empty() {
        return Err(DataError::invalid_param(
            "filters do not apply to an insert",
        ));
    }
    let mut plan = request
        .planner()
        .plan(table, &request.query, Access::Write)?;
    let (rows, _) = body::rows(&body)?;
    let mut insertion = Insertion::new(&request, table, &plan.reach, &rows)?;
    for (number, row) in rows.iter().enumerate() {
        insertion.add(row, number + 1)?;
    }
    let returns = request.returns_rows();
    if returns && table.primary_key.is_empty() {
        return Err(DataError::invalid_request(format!(
            "return=representation needs a primary key, which table '{}' has not",
            table.name
        )));
    }
    let mut session = request.engine.session().await?;
    session.begin().await?;
    let session_ref = session.as_mut();
    let (affected, keys) = if request.prefer.resolution.is_some() {
        insertion.upsert(session_ref, returns).await?
    } else if returns {
        insertion.one_by_one(session_ref).await?
    } else {
        (insertion.in_bulk(session_ref).await?, Vec::new())
    };
    let response = if returns {
        let rows = fetch::by_keys(
            session_ref,
            request.dialect(),
            &mut plan,
            &table.primary_key,
            &keys,
        )
        .await?;
        request.written(
            affected,
            Some((&rows, &plan)),
            StatusCode::CREATED,
            StatusCode::CREATED,
        )?
    } else {
        request.written(affected, None, StatusCode::CREATED, StatusCode::CREATED)?
    };
    session.commit().await?;
    Ok(response)
}

/// The rows of one request as values for columns.
struct Insertion<'a> {
    request: &'a Request,
    dialect: Dialect,
    table: &'a Table,
    reach: &'a Reach,
    /// Columns of the statement.
    columns: Vec<&'a Column>,
    /// Columns that the request speaks of.
    mentioned: Vec<&'a Column>,
    rows: Vec<Vec<InsertValue>>,
}

impl<'a> Insertion<'a> {
    fn new(
        request: &'a Request,
        table: &'a Table,
        reach: &'a Reach,
        rows: &[Row],
    ) -> Result<Self, DataError> {
        let dialect = request.dialect();
        let mut mentioned: Vec<&Column> = Vec::new();
        let mut mention = |name: &str| {
            let column = table.column(name, "field list")?;
            if column.generated {
                return Err(DataError::database(
                    Cause::Other,
                    format!("The value specified for generated column '{name}' is not allowed."),
                ));
            }
            if !mentioned.iter().any(|known| known.name == column.name) {
                mentioned.push(column);
            }
            Ok(())
        };
        match &request.query.columns {
            Some(names) => names.iter().try_for_each(|name| mention(name))?,
            None => rows
                .iter()
                .flat_map(Row::keys)
                .try_for_each(|name| mention(name))?,
        }
        for name in &request.query.on_conflict {
            table.column(name, "on_conflict")?;
        }
        // SQLite has no DEFAULT inside VALUES: there, every column gets its value here.
        let columns = table
            .columns
            .iter()
            .filter(|column| !column.generated)
            .filter(|column| {
                dialect == Dialect::Sqlite
                    || column.name == OWNER
                    || mentioned.iter().any(|known| known.name == column.name)
            })
            .collect();
        Ok(Self {
            request,
            dialect,
            table,
            reach,
            columns,
            mentioned,
            rows: Vec::new(),
        })
    }

    fn add(&mut self, row: &Row, number: usize) -> Result<(), DataError> {
        let find = |column: &Column| {
            row.get(&column.name).or_else(|| {
                row.iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(&column.name))
                    .map(|(_, v)| v)
            })
        };
        let mut values = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let mentioned = self.mentioned.iter().any(|known| known.name == column.name);
            let mut given = match find(column) {
                Some(raw) if mentioned => Some(Given::new(raw)),
                _ if mentioned && self.request.prefer.missing != Some(Missing::Default) => {
                    Some(Given::Null)
                }
                _ => None,
            };
            // The server says whose row it is; only the administrator may say otherwise.
            if column.name == OWNER
                && let Some(owner) = self.request.actor.owner()
            {
                given = Some(Given::String(owner.to_owned()));
            }
            values.push(insert_value(
                self.dialect,
                column,
                given,
                number,
                self.request.now_ms,
            )?);
        }
        self.rows.push(values);
        Ok(())
    }

    fn statement(&self, rows: &[Vec<InsertValue>]) -> Result<InsertStatement, DataError> {
        let mut insert = Query::insert();
        insert.into_table(self.table.source());
        insert.columns(self.columns.iter().map(|column| Alias::new(&column.name)));
        for row in rows {
            let values: Vec<Expr> = row.iter().map(|value| self.expression(value)).collect();
            insert
                .values(values)
                .map_err(|error| DataError::internal(error.to_string()))?;
        }
        if self.columns.is_empty() {
            insert.or_default_values();
        }
        Ok(insert)
    }

    fn expression(&self, value: &InsertValue) -> Expr {
        match (value, self.dialect) {
            (InsertValue::Cell(cell), _) => Expr::val(sea_query::Value::from(cell.clone())),
            // Only a number that SQLite gives out is left to it.
            (InsertValue::Default, Dialect::Sqlite) => Expr::cust("NULL"),
            (InsertValue::Default, Dialect::MySql) => Expr::keyword_default(),
        }
    }

    async fn in_bulk(&self, session: &mut dyn Session) -> Result<u64, DataError> {
        let per_statement = (VALUES_PER_STATEMENT / self.columns.len().max(1)).clamp(1, 1_000);
        let mut affected = 0;
        for rows in self.rows.chunks(per_statement) {
            affected += session
                .execute(self.build(self.statement(rows)?))
                .await?
                .affected;
        }
        Ok(affected)
    }

    async fn one_by_one(
        &self,
        session: &mut dyn Session,
    ) -> Result<(u64, Vec<Vec<Cell>>), DataError> {
        let mut keys = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let insert = self.statement(std::slice::from_ref(row))?;
            let done = session.execute(self.build(insert)).await?;
            keys.push(self.key(row, done.insert_id)?);
        }
        Ok((keys.len() as u64, keys))
    }

    /// The primary key of a row that was inserted.
    fn key(&self, row: &[InsertValue], insert_id: u64) -> Result<Vec<Cell>, DataError> {
        self.table
            .primary_key
            .iter()
            .map(|name| {
                let at = self
                    .columns
                    .iter()
                    .position(|column| column.name.eq_ignore_ascii_case(name));
                if let Some(InsertValue::Cell(cell)) = at.map(|at| &row[at]) {
                    return Ok(cell.clone());
                }
                let column = self.table.column(name, "key")?;
                match (column.auto_increment, &column.default) {
                    (true, _) => {
                        Ok(i64::try_from(insert_id).map_or(Cell::UInt(insert_id), Cell::Int))
                    }
                    (false, Some(crate::data::catalog::DefaultValue::Constant(Some(text)))) => {
                        crate::data::value::to_cell(column, Given::String(text.clone()), 1)
                    }
                    _ => Err(DataError::invalid_request(format!(
                        "return=representation: the database made up the key column '{name}', \
                         and MySQL does not report it; send a value for it"
                    ))),
                }
            })
            .collect()
    }

    async fn upsert(
        &self,
        session: &mut dyn Session,
        returns: bool,
    ) -> Result<(u64, Vec<Vec<Cell>>), DataError> {
        let mut affected = 0;
        let mut keys = Vec::new();
        for row in &self.rows {
            let existing = self.existing(session, row).await?;
            let mut insert = self.statement(std::slice::from_ref(row))?;
            let ignores = self.request.prefer.resolution == Some(Resolution::Ignore);
            insert.on_conflict(self.conflict(ignores));
            let done = session.execute(self.build(insert)).await?;
            let skipped = ignores && existing.is_some();
            affected += u64::from(!skipped);
            if returns && !skipped {
                keys.push(match existing {
                    Some(key) => key,
                    None => self.key(row, done.insert_id)?,
                });
            }
        }
        Ok((affected, keys))
    }

    fn conflict(&self, ignores: bool) -> OnConflict {
        let mut conflict = OnConflict::new();
        let primary = |column: &Column| self.table.primary_key.contains(&column.name);
        let updated: Vec<&Column> = self
            .mentioned
            .iter()
            .copied()
            .filter(|column| !primary(column) && column.name != OWNER)
            .collect();
        if ignores || updated.is_empty() {
            let key = if self.table.primary_key.is_empty() {
                self.columns
                    .first()
                    .map(|column| column.name.clone())
                    .into_iter()
                    .collect()
            } else {
                self.table.primary_key.clone()
            };
            conflict.do_nothing_on(key.into_iter().map(Alias::new));
            return conflict;
        }
        conflict.update_columns(updated.iter().map(|column| Alias::new(&column.name)));
        if self.dialect == Dialect::Sqlite {
            for column in self.table.columns.iter().filter(|column| column.touch) {
                if !updated.iter().any(|known| known.name == column.name) {
                    let now = now(column, self.request.now_ms);
                    conflict.value(
                        Alias::new(&column.name),
                        Expr::val(sea_query::Value::from(now)),
                    );
                }
            }
        }
        conflict
    }

    /// The primary key of the row that `row` would collide with. A row of another user is
    /// rejected.
    async fn existing(
        &self,
        session: &mut dyn Session,
        row: &[InsertValue],
    ) -> Result<Option<Vec<Cell>>, DataError> {
        let mut any = sea_query::Condition::any();
        let keys = std::iter::once(&self.table.primary_key)
            .chain(self.table.unique.iter().map(|index| &index.columns));
        for key in keys.filter(|key| !key.is_empty()) {
            let mut all = sea_query::Condition::all();
            let mut whole = true;
            for name in key {
                let at = self
                    .columns
                    .iter()
                    .position(|column| column.name.eq_ignore_ascii_case(name));
                match at.map(|at| &row[at]) {
                    Some(InsertValue::Cell(cell)) if *cell != Cell::Null => {
                        let value = Expr::val(sea_query::Value::from(cell.clone()));
                        all = all.add(Expr::col(Alias::new(name)).eq(value));
                    }
                    _ => whole = false,
                }
            }
            if whole {
                any = any.add(all);
            }
        }
        if any.is_empty() {
            return Ok(None);
        }
        let mut select = Query::select();
        select.from(self.table.source()).cond_where(any).limit(1);
        for name in &self.table.primary_key {
            select.column(Alias::new(name));
        }
        if let Reach::Own(_) = self.reach {
            select.column(Alias::new(OWNER));
        }
        if self.table.primary_key.is_empty() {
            select.expr(Expr::val(1i64));
        }
        let found = session
            .query(self.dialect.build(&select))
            .await?
            .rows
            .into_iter()
            .next();
        let Some(mut found) = found else {
            return Ok(None);
        };
        if let Reach::Own(owner) = self.reach
            && found.get(self.table.primary_key.len()) != Some(&Cell::Text(owner.clone()))
        {
            return Err(DataError::forbidden(format!(
                "Permission denied: the row that is there in table '{}' is not yours",
                self.table.name
            )));
        }
        found.truncate(self.table.primary_key.len());
        Ok(Some(found))
    }

    fn build(&self, insert: InsertStatement) -> Statement {
        self.dialect.build(&insert)
    }
}
