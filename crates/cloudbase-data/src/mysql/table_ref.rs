//! Where a call to a table begins.

use serde::Serialize;

use super::columns::Columns;
use super::count::Count;
use super::filter::{Filter, Is};
use super::insert::{Insert, Upsert};
use super::query_options::Filters;
use super::relation::Related;
use super::request::{Query, changes_of, rows_of};
use super::select::{Select, WithCount};
use super::update::{Delete, Update};
use super::value::Scalar;
use crate::column_ref::ColumnRef;
use crate::order::Order;

/// A table, before it is said what to do with it. Conditions, order and bounds lead to a [`Select`] of
/// all columns.
///
/// ```no_run
/// # use cloudbase_data::{Row, mysql::{MySql, desc}};
/// # async fn run(mysql: MySql) -> cloudbase_core::Result<()> {
/// let newest: Vec<Row> = mysql.from("todos").gt("id", 3).order(desc("id")).limit(10).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is read or written"]
pub struct TableRef {
    pub(super) query: Query,
}

impl TableRef {
    /// Reads these columns and relations; `T` is what the context wants a row to be.
    pub fn select<T>(self, columns: impl Into<Columns>) -> Select<T> {
        Select::new(self.query, columns.into())
    }

    /// Adds a row (a struct or map) or many (a list of them). An empty list adds nothing and sends
    /// nothing.
    pub fn insert<T: Serialize + ?Sized>(self, rows: &T) -> Insert {
        Insert::new(self.query, rows_of(rows))
    }

    /// Adds rows, or changes those that have the same key. An empty list does nothing and sends nothing.
    pub fn upsert<T: Serialize + ?Sized>(self, rows: &T) -> Upsert {
        Upsert::new(self.query, rows_of(rows))
    }

    /// Sets these columns (a struct or map) in the rows that match the conditions to follow.
    pub fn update<T: Serialize + ?Sized>(self, changes: &T) -> Update {
        Update::new(self.query, changes_of(changes))
    }

    /// Removes the rows that match the conditions to follow.
    pub fn delete(self) -> Delete {
        Delete::new(self.query)
    }

    /// Counts rows.
    pub fn count(self) -> Count {
        self.all::<crate::Row>().count()
    }

    /// Reads all rows with their number: awaited, it gives a [`Page`](super::Page).
    pub fn with_count<T>(self) -> WithCount<T> {
        self.all().with_count()
    }

    fn all<T>(self) -> Select<T> {
        self.select(Columns::all())
    }
}

macro_rules! begins {
    ($($name:ident($($argument:ident: $type:ty),*);)+) => {
        /// The beginnings of a [`Select`] of all columns.
        impl TableRef {$(
            #[doc = concat!("Reads all columns; see [`Select::", stringify!($name), "`].")]
            #[allow(clippy::should_implement_trait, reason = "named as the condition is")]
            pub fn $name<T>(self, $($argument: $type),*) -> Select<T> {
                self.all().$name($($argument),*)
            }
        )+}
    };
}

begins! {
    filter(filter: Filter);
    filters(filters: impl Into<Filters>);
    eq_all(values: impl IntoIterator<Item = (impl Into<ColumnRef>, impl Into<Scalar>)>);
    eq(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    neq(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    gt(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    gte(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    lt(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    lte(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    like(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    ilike(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    regexp(column: impl Into<ColumnRef>, value: impl Into<Scalar>);
    in_(column: impl Into<ColumnRef>, values: impl IntoIterator<Item = impl Into<Scalar>>);
    is(column: impl Into<ColumnRef>, value: Is);
    is_null(column: impl Into<ColumnRef>);
    is_not_null(column: impl Into<ColumnRef>);
    not(filter: Filter);
    or(filters: impl IntoIterator<Item = Filter>);
    related(relation: impl Into<String>, related: Related);
    order(term: Order);
    limit(rows: u64);
    offset(rows: u64);
    range(from: u64, to: u64);
}
