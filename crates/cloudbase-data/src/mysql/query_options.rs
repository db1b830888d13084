//! The short forms of the Flutter SDK: one call with all it needs, filters as a map of texts.

use std::collections::{BTreeMap, HashMap};

use cloudbase_core::Result;
use serde::Serialize;

use super::MySql;
use super::columns::Columns;
use super::count::Count;
use super::filter::Filter;
use super::insert::Insert;
use super::select::Select;
use super::update::{Delete, Update};
use crate::order::Order;

/// Conditions in the documented text form: a column (or `and`, `or`) and `operator.value`.
///
/// Any map or list of pairs will do; with a list one column can have two bounds. The text is read
/// into [`Filter`]s and encoded again. It is meant for conditions that are written down: make those
/// that hold values of others with [`eq`](super::eq) and its kin.
///
/// ```
/// use cloudbase_data::mysql::Filters;
///
/// let adults = Filters::from([("age", "gte.18"), ("age", "lt.65"), ("name", "like.%张%")]);
/// let everyone = Filters::none();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters(Vec<(String, String)>);

impl Filters {
    /// No conditions.
    pub fn none() -> Self {
        Self::default()
    }

    pub(crate) fn parse(&self) -> Result<Vec<Filter>> {
        super::filter::parse_query(
            self.0
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        )
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Filters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for Filters {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> From<Vec<(K, V)>> for Filters {
    fn from(pairs: Vec<(K, V)>) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> From<HashMap<K, V>> for Filters {
    fn from(map: HashMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> From<BTreeMap<K, V>> for Filters {
    fn from(map: BTreeMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// Options of [`MySql::query`].
///
/// ```
/// use cloudbase_data::mysql::QueryOptions;
///
/// let options = QueryOptions::new().select("id,title").filters([("done", "is.false")]).limit(20);
/// ```
#[doc(alias = "MySqlQueryOptions")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryOptions {
    select: Columns,
    filters: Filters,
    order: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

impl QueryOptions {
    /// Every column of every row.
    pub fn new() -> Self {
        Self::default()
    }

    /// The columns and relations to read. Default: all columns.
    #[must_use]
    pub fn select(mut self, columns: impl Into<Columns>) -> Self {
        self.select = columns.into();
        self
    }

    /// The conditions.
    #[must_use]
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters = filters.into();
        self
    }

    /// The order in text form: `created_at.desc,id.asc`.
    #[must_use]
    pub fn order(mut self, order: impl Into<String>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Leaves the first rows out.
    #[must_use]
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = Some(rows);
        self
    }
}

impl MySql {
    /// Reads rows; add [`with_count`](Select::with_count) for the total.
    ///
    /// ```no_run
    /// # use cloudbase_data::{Row, mysql::{MySql, QueryOptions}};
    /// # async fn run(mysql: MySql) -> cloudbase_core::Result<()> {
    /// let rows: Vec<Row> = mysql
    ///     .query("todos", QueryOptions::new().filters([("title", "like.%milk%")]).order("id.asc"))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn query<T>(&self, table: impl Into<String>, options: QueryOptions) -> Select<T> {
        let mut select = self
            .from(table)
            .select(options.select)
            .filters(options.filters);
        select.query.limit = options.limit;
        select.query.offset = options.offset;
        if let Some(order) = options.order
            && let Some(terms) = select.query.accept(Order::parse(&order))
        {
            select.query.order = terms;
        }
        select
    }

    /// Adds a row or a list of rows. Upserts are [`from(table).upsert(…)`](super::TableRef::upsert).
    pub fn insert<T: Serialize + ?Sized>(&self, table: impl Into<String>, rows: &T) -> Insert {
        self.from(table).insert(rows)
    }

    /// Changes the rows that match; at least one filter is needed.
    pub fn update<T: Serialize + ?Sized>(
        &self,
        table: impl Into<String>,
        changes: &T,
        filters: impl Into<Filters>,
    ) -> Update {
        self.from(table).update(changes).filters(filters)
    }

    /// Removes the rows that match; at least one filter is needed.
    pub fn delete(&self, table: impl Into<String>, filters: impl Into<Filters>) -> Delete {
        self.from(table).delete().filters(filters)
    }

    /// Counts the rows that match.
    pub fn count(&self, table: impl Into<String>, filters: impl Into<Filters>) -> Count {
        self.from(table).count().filters(filters)
    }
}
