//! Fetching the rows of a plan, relation by relation, and writing them as JSON.

use std::collections::HashMap;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement};

use super::catalog::Column;
use super::engine::{Dialect, Session};
use super::error::DataError;
use super::permission::{OWNER, Reach};
use super::plan::{EmbedPlan, Plan, Source};
use super::sql;
use super::sql::Scope;
use super::value::{Cell, write_json, write_string};

mod key;

pub(crate) use key::{Key, join_key};

/// Keys looked up by one statement.
pub(crate) const KEYS_PER_STATEMENT: usize = 500;

/// The rows of a plan.
pub(crate) struct Fetched {
    pub(crate) rows: Vec<Vec<Cell>>,
    embeds: Vec<FetchedEmbed>,
}

/// Related rows, and which of them belong to which parent.
struct FetchedEmbed {
    fetched: Fetched,
    of_parent: Vec<Vec<usize>>,
}

/// The conditions of a plan itself: filters, reach, inner relations.
pub(crate) fn conditions(
    dialect: Dialect,
    plan: &Plan<'_>,
    name: &str,
    strict: bool,
) -> Result<Vec<Expr>, DataError> {
    let scope = Scope {
        dialect,
        table: plan.table,
        name,
        strict,
    };
    let mut conditions = scope.conditions(&plan.filters)?;
    if let Reach::Own(owner) = &plan.reach {
        conditions.push(scope.column(OWNER).eq(owner.as_str()));
    }
    for (place, embed) in plan
        .embeds
        .iter()
        .enumerate()
        .filter(|(_, embed)| embed.inner)
    {
        let inner_name = format!("{name}_{place}");
        let mut exists = Query::select();
        exists
            .expr(Expr::val(1i64))
            .from_as(embed.plan.table.source(), Alias::new(&inner_name));
        for (here, there) in &embed.relation.on {
            exists.and_where(
                Expr::col((Alias::new(&inner_name), Alias::new(there))).eq(scope.column(here)),
            );
        }
        for condition in self::conditions(dialect, &embed.plan, &inner_name, strict)? {
            exists.and_where(condition);
        }
        conditions.push(Expr::exists(exists));
    }
    Ok(conditions)
}

/// `SELECT columns FROM table AS t`, without conditions.
fn select(plan: &Plan<'_>) -> SelectStatement {
    let mut select = Query::select();
    select.from_as(plan.table.source(), Alias::new("t"));
    for column in &plan.columns {
        select.column((
            Alias::new("t"),
            Alias::new(&plan.table.columns[*column].name),
        ));
    }
    if plan.columns.is_empty() {
        select.expr(Expr::val(1i64));
    }
    select
}

/// Fetches a page of rows with everything below them.
pub(crate) async fn page(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &Plan<'_>,
) -> Result<Fetched, DataError> {
    let mut select = select(plan);
    for condition in conditions(dialect, plan, "t", false)? {
        select.and_where(condition);
    }
    let scope = sql::Scope {
        dialect,
        table: plan.table,
        name: "t",
        strict: false,
    };
    scope.order(&mut select, &plan.order)?;
    limit(&mut select, plan.limit, plan.offset);
    let rows = session.query(dialect.build(&select)).await?.rows;
    below(session, dialect, plan, rows).await
}

/// Neither engine has OFFSET without LIMIT.
pub(crate) fn limit(select: &mut SelectStatement, limit: Option<u64>, offset: u64) {
    if limit.is_some() || offset > 0 {
        select.limit(limit.unwrap_or(i64::MAX as u64));
    }
    if offset > 0 {
        select.offset(offset);
    }
}

/// How many rows the plan's conditions match.
pub(crate) async fn count(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &Plan<'_>,
) -> Result<u64, DataError> {
    let mut select = Query::select();
    select
        .expr(Expr::cust("COUNT(*)"))
        .from_as(plan.table.source(), Alias::new("t"));
    for condition in conditions(dialect, plan, "t", false)? {
        select.and_where(condition);
    }
    Ok(session.query(dialect.build(&select)).await?.count())
}

/// Fetches rows by key, in the order of the keys, with everything below them. The plan's own
/// filters do not count: the rows are those that a write has touched.
pub(crate) async fn by_keys(
    session: &mut dyn Session,
    dialect: Dialect,
    plan: &mut Plan<'_>,
    key_columns: &[String],
    keys: &[Vec<Cell>],
) -> Result<Fetched, DataError> {
    let hidden: Vec<usize> = key_columns
        .iter()
        .filter_map(|name| {
            plan.table
                .columns
                .iter()
                .position(|c| c.name.eq_ignore_ascii_case(name))
        })
        .collect();
    let mut places = Vec::new();
    for column in hidden {
        places.push(
            plan.columns
                .iter()
                .position(|known| *known == column)
                .unwrap_or_else(|| {
                    plan.columns.push(column);
                    plan.columns.len() - 1
                }),
        );
    }
    let kinds: Vec<&Column> = places
        .iter()
        .map(|p| &plan.table.columns[plan.columns[*p]])
        .collect();
    let mut found: HashMap<Vec<Key>, Vec<Cell>> = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let mut select = select(plan);
        select.and_where(key_condition("t", key_columns, chunk));
        for row in session.query(dialect.build(&select)).await?.rows {
            let key = kinds
                .iter()
                .zip(&places)
                .map(|(c, p)| join_key(c, &row[*p]))
                .collect();
            found.insert(key, row);
        }
    }
    let rows = keys
        .iter()
        .filter_map(|key| {
            let key: Vec<Key> = kinds
                .iter()
                .zip(key)
                .map(|(c, cell)| join_key(c, cell))
                .collect();
            found.remove(&key)
        })
        .collect();
    below(session, dialect, plan, rows).await
}

/// `(a, b) IN ((1, 2), …)`
pub(crate) fn key_condition(table: &str, columns: &[String], keys: &[Vec<Cell>]) -> Expr {
    let column = |name: &String| Expr::col((Alias::new(table), Alias::new(name)));
    if let [one] = columns {
        let values: Vec<Expr> = keys
            .iter()
            .filter_map(|key| key.first())
            .map(|cell| Expr::val(sea_query::Value::from(cell.clone())))
            .collect();
        return column(one).is_in(values);
    }
    // Row values in IN lists are not understood by SQLite.
    let mut any = sea_query::Condition::any();
    for key in keys {
        let mut all = sea_query::Condition::all();
        for (name, cell) in columns.iter().zip(key) {
            all = all.add(column(name).eq(Expr::val(sea_query::Value::from(cell.clone()))));
        }
        any = any.add(all);
    }
    any.into()
}

/// Follows the relations below rows that are there.
fn below<'s>(
    session: &'s mut dyn Session,
    dialect: Dialect,
    plan: &'s Plan<'_>,
    rows: Vec<Vec<Cell>>,
) -> BoxFuture<'s, Result<Fetched, DataError>> {
    async move {
        let mut embeds = Vec::with_capacity(plan.embeds.len());
        for embed in &plan.embeds {
            embeds.push(related(&mut *session, dialect, plan, embed, &rows).await?);
        }
        Ok(Fetched { rows, embeds })
    }
    .boxed()
}

async fn related(
    session: &mut dyn Session,
    dialect: Dialect,
    parent: &Plan<'_>,
    embed: &EmbedPlan<'_>,
    parents: &[Vec<Cell>],
) -> Result<FetchedEmbed, DataError> {
    let plan = &embed.plan;
    let parent_columns: Vec<&Column> = embed
        .parent_keys
        .iter()
        .map(|place| &parent.table.columns[parent.columns[*place]])
        .collect();
    let own_columns: Vec<&Column> = embed
        .own_keys
        .iter()
        .map(|place| &plan.table.columns[plan.columns[*place]])
        .collect();
    let names: Vec<String> = own_columns
        .iter()
        .map(|column| column.name.clone())
        .collect();

    let mut keys: Vec<Vec<Cell>> = Vec::new();
    let mut seen: HashMap<Vec<Key>, Vec<usize>> = HashMap::new();
    let mut parent_key: Vec<Option<Vec<Key>>> = Vec::with_capacity(parents.len());
    for row in parents {
        let cells: Vec<&Cell> = embed.parent_keys.iter().map(|place| &row[*place]).collect();
        if cells.iter().any(|cell| **cell == Cell::Null) {
            parent_key.push(None);
            continue;
        }
        let key: Vec<Key> = parent_columns
            .iter()
            .zip(&cells)
            .map(|(c, cell)| join_key(c, cell))
            .collect();
        if seen.insert(key.clone(), Vec::new()).is_none() {
            keys.push(cells.into_iter().cloned().collect());
        }
        parent_key.push(Some(key));
    }

    let mut rows = Vec::new();
    let scope = Scope {
        dialect,
        table: plan.table,
        name: "t",
        strict: false,
    };
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let mut select = select(plan);
        select.and_where(key_condition("t", &names, chunk));
        for condition in conditions(dialect, plan, "t", false)? {
            select.and_where(condition);
        }
        scope.order(&mut select, &plan.order)?;
        rows.extend(session.query(dialect.build(&select)).await?.rows);
    }
    for (place, row) in rows.iter().enumerate() {
        let key: Vec<Key> = own_columns
            .iter()
            .zip(&embed.own_keys)
            .map(|(c, at)| join_key(c, &row[*at]))
            .collect();
        if let Some(members) = seen.get_mut(&key) {
            members.push(place);
        }
    }
    let skip = usize::try_from(plan.offset).unwrap_or(usize::MAX);
    let take = plan.limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    let of_parent = parent_key
        .into_iter()
        .map(|key| {
            let members = key.and_then(|key| seen.get(&key));
            members
                .into_iter()
                .flatten()
                .copied()
                .skip(skip)
                .take(take)
                .collect()
        })
        .collect();
    let fetched = below(session, dialect, plan, rows).await?;
    Ok(FetchedEmbed { fetched, of_parent })
}

impl Fetched {
    /// Writes all rows as a JSON array.
    pub(crate) fn write_array(&self, plan: &Plan<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 * self.rows.len() + 2);
        self.write_rows(plan, &mut out, 0..self.rows.len());
        out
    }

    /// Writes one row as a JSON object.
    pub(crate) fn write_object(&self, plan: &Plan<'_>, row: usize) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_row(plan, &mut out, row);
        out
    }

    fn write_rows(&self, plan: &Plan<'_>, out: &mut Vec<u8>, rows: impl Iterator<Item = usize>) {
        out.push(b'[');
        for (number, row) in rows.enumerate() {
            if number > 0 {
                out.push(b',');
            }
            self.write_row(plan, out, row);
        }
        out.push(b']');
    }

    fn write_row(&self, plan: &Plan<'_>, out: &mut Vec<u8>, row: usize) {
        out.push(b'{');
        for (number, output) in plan.outputs.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            write_string(out, &output.key);
            out.push(b':');
            match output.source {
                Source::Column(place) => {
                    let column = &plan.table.columns[plan.columns[place]];
                    write_json(out, Some(&column.kind), &self.rows[row][place]);
                }
                Source::Embed(place) => {
                    let (embed, below) = (&plan.embeds[place], &self.embeds[place]);
                    let members = &below.of_parent[row];
                    if !embed.relation.to_one {
                        below
                            .fetched
                            .write_rows(&embed.plan, out, members.iter().copied());
                    } else if let Some(member) = members.first() {
                        below.fetched.write_row(&embed.plan, out, *member);
                    } else {
                        out.extend_from_slice(b"null");
                    }
                }
            }
        }
        out.push(b'}');
    }
}
