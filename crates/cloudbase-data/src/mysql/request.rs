//! What all calls to a table share: where it is, which rows, and how the call is put together.

use cloudbase_core::http::Method;
use cloudbase_core::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use cloudbase_core::{Client, Envelope, Error, Idempotency, Operation, PathBuilder, Result};
use serde::Serialize;

use super::columns::Columns;
use super::encode::{QueryString, encode_order};
use super::filter::Filter;
use super::relation::Related;
use super::row_filter;
use crate::invalid::Invalid;
use crate::order::Order;
use crate::records::{check_members, json_of};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Asks for one object instead of an array of one.
pub(crate) const OBJECT: &str = "application/vnd.pgrst.object+json";
pub(crate) const JSON: &str = "application/json";

/// A table of an instance and database.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) client: Client,
    pub(crate) instance: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) table: String,
}

impl Target {
    fn path(&self) -> Result<PathBuilder> {
        let mut path = PathBuilder::new("/v1/rdb/rest");
        if let Some(instance) = &self.instance {
            if self.database.is_none() {
                return Err(Error::argument("instance", "needs a `database` as well"));
            }
            path = path.segment("instance", instance)?;
        }
        if let Some(database) = &self.database {
            path = path.segment("database", database)?;
        }
        path.segment("table", &self.table)
    }
}

/// Which rows of which table, in which order.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) target: Target,
    pub(crate) filters: Vec<Filter>,
    pub(crate) related: Vec<(String, Related)>,
    pub(crate) order: Vec<Order>,
    pub(crate) offset: Option<u64>,
    pub(crate) limit: Option<u64>,
    invalid: Option<Invalid>,
}

impl Query {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            filters: Vec::new(),
            related: Vec::new(),
            order: Vec::new(),
            offset: None,
            limit: None,
            invalid: None,
        }
    }

    /// Keeps the first invalid argument.
    pub(crate) fn reject(&mut self, error: &Error) {
        self.invalid.get_or_insert_with(|| error.into());
    }

    /// What `parsed` holds, or nothing, and the error is kept.
    pub(crate) fn accept<T>(&mut self, parsed: Result<T>) -> Option<T> {
        parsed.map_err(|error| self.reject(&error)).ok()
    }

    /// Puts a call together: `before` and `select` around the conditions, as the JS SDK orders them.
    pub(crate) fn operation(&self, shape: Shape<'_>) -> Result<Operation> {
        self.build(shape)
            .map_err(|error| error.with_operation(shape.name))
    }

    fn build(&self, shape: Shape<'_>) -> Result<Operation> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.into());
        }
        let mut query = QueryString::of(self.target.path()?);
        for (name, value) in shape.pairs {
            query.pair(name, value);
        }
        let reads = matches!(*shape.method, Method::GET | Method::HEAD);
        if reads && let Some(columns) = shape.columns {
            query.pair("select", &columns.encode()?);
        }
        query.filters(&[], &self.filters)?;
        if shape.needs_filter {
            row_filter::require(&self.filters)?;
        }
        if !reads && let Some(columns) = shape.columns {
            query.pair("select", &columns.encode()?);
        }
        if let Some(columns) = shape.columns {
            columns.encode_related(&mut query, &[])?;
        }
        for (relation, related) in &self.related {
            related.encode(&mut query, &crate::column_ref::split_path(relation))?;
        }
        if !self.order.is_empty() {
            query.pair("order", &encode_order(&self.order)?);
        }
        if let Some(offset) = self.offset {
            query.pair("offset", &offset.to_string());
        }
        if let Some(limit) = self.limit {
            query.pair("limit", &limit.to_string());
        }
        let mut operation = Operation::new(
            shape.name,
            "/v1/rdb/rest/{table}",
            shape.method.clone(),
            query.into_uri()?,
        )
        .accept(shape.accept)
        .envelope(match shape.accept {
            // One row is an object, and may have a column of that name.
            OBJECT => Envelope::Gateway,
            _ => Envelope::Coded,
        })
        .idempotency(shape.idempotency);
        if !shape.prefer.is_empty() {
            let value = HeaderValue::from_str(&shape.prefer.join(", ")).map_err(|_| {
                Error::argument(
                    "prefer",
                    "must consist of visible ASCII characters and spaces",
                )
            })?;
            operation = operation.header(PREFER, value);
        }
        if let Some(body) = shape.body {
            operation = operation
                .header(CONTENT_TYPE, HeaderValue::from_static(JSON))
                .body(body.clone());
        }
        Ok(operation)
    }
}

/// What distinguishes one kind of call from another.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) name: &'static str,
    pub(crate) method: &'a Method,
    /// Pairs that come before everything else.
    pub(crate) pairs: &'a [(&'a str, &'a str)],
    pub(crate) columns: Option<&'a Columns>,
    pub(crate) prefer: &'a [&'a str],
    pub(crate) accept: &'static str,
    pub(crate) body: Option<&'a bytes::Bytes>,
    pub(crate) needs_filter: bool,
    pub(crate) idempotency: Idempotency,
}

impl Shape<'_> {
    pub(crate) fn read(name: &'static str) -> Self {
        Self {
            name,
            method: &Method::GET,
            pairs: &[],
            columns: None,
            prefer: &[],
            accept: JSON,
            body: None,
            needs_filter: false,
            idempotency: Idempotency::Safe,
        }
    }
}

/// The rows to insert as JSON: an object, or a list of objects. A row of no columns has their defaults,
/// as `INSERT INTO t () VALUES ()` says.
pub(crate) fn rows_of<T: Serialize + ?Sized>(rows: &T) -> Result<bytes::Bytes> {
    const RULE: &str = "must be a struct or map, or a list of them: column names and values";
    let json = json_of("rows", rows)?;
    match json.as_bytes().first() {
        Some(b'{') => {}
        Some(b'[') => check_members("rows", &json, RULE, false)?,
        _ => return Err(Error::argument("rows", RULE)),
    }
    Ok(json.into())
}

/// The columns to change and their values as JSON.
pub(crate) fn changes_of<T: Serialize + ?Sized>(changes: &T) -> Result<bytes::Bytes> {
    const RULE: &str = "must be one struct or map, not a list";
    let json = json_of("changes", changes)?;
    match json.as_str() {
        "{}" => Err(Error::argument("changes", "must have at least one column")),
        json if json.starts_with('{') => Ok(()),
        _ => Err(Error::argument("changes", RULE)),
    }?;
    Ok(json.into())
}

/// Gives a builder with a field `query: Query` the conditions as methods.
macro_rules! filter_methods {
    ($type:ident $(<$generic:ident>)?) => {
        impl $(<$generic>)? $type $(<$generic>)? {
            /// Only rows for which this holds; further calls narrow it down.
            pub fn filter(mut self, filter: $crate::mysql::Filter) -> Self {
                self.query.filters.push(filter);
                self
            }

            /// Conditions in the documented text form: pairs of a column (or `and`, `or`) and
            /// `operator.value`. For values of your own use the methods: they cannot be misread.
            pub fn filters(mut self, filters: impl Into<$crate::mysql::Filters>) -> Self {
                let parsed = filters.into().parse();
                if let Some(filters) = self.query.accept(parsed) {
                    self.query.filters.extend(filters);
                }
                self
            }

            /// Each of these columns has this value.
            #[doc(alias = "match")]
            pub fn eq_all<C, V>(mut self, values: impl IntoIterator<Item = (C, V)>) -> Self
            where
                C: Into<$crate::mysql::ColumnRef>,
                V: Into<$crate::mysql::Scalar>,
            {
                let filters = values.into_iter().map(|(column, value)| $crate::mysql::eq(column, value));
                self.query.filters.extend(filters);
                self
            }

            filter_methods!(@one
                eq: "`column = value`; with `None`, `column IS NULL`.",
                neq: "`column != value`; with `None`, `column IS NOT NULL`. Rows with null are not matched, as in SQL.",
                gt: "`column > value`",
                gte: "`column >= value`",
                lt: "`column < value`",
                lte: "`column <= value`",
                like: "`column LIKE value`, `%` for any text and `_` for any character.",
                ilike: "`column LIKE value` whatever the case; see [`ilike`](crate::mysql::ilike()): not confirmed on MySQL.",
                regexp: "`column REGEXP value`"
            );

            /// `column IN (…)`; an empty list matches nothing.
            #[doc(alias = "in")]
            pub fn in_<V: Into<$crate::mysql::Scalar>>(
                self,
                column: impl Into<$crate::mysql::ColumnRef>,
                values: impl IntoIterator<Item = V>,
            ) -> Self {
                self.filter($crate::mysql::in_(column, values))
            }

            /// `column IS …`
            pub fn is(
                self,
                column: impl Into<$crate::mysql::ColumnRef>,
                value: $crate::mysql::Is,
            ) -> Self {
                self.filter($crate::mysql::is(column, value))
            }

            /// `column IS NULL`
            pub fn is_null(self, column: impl Into<$crate::mysql::ColumnRef>) -> Self {
                self.filter($crate::mysql::is_null(column))
            }

            /// `column IS NOT NULL`
            pub fn is_not_null(self, column: impl Into<$crate::mysql::ColumnRef>) -> Self {
                self.filter($crate::mysql::is_not_null(column))
            }

            /// Only rows for which this does not hold. As in SQL, a comparison with null stays unknown either
            /// way: rows with null in that column are not matched.
            #[allow(clippy::should_implement_trait)]
            pub fn not(self, filter: $crate::mysql::Filter) -> Self {
                self.filter($crate::mysql::not(filter))
            }

            /// At least one of these.
            pub fn or(self, filters: impl IntoIterator<Item = $crate::mysql::Filter>) -> Self {
                self.filter($crate::mysql::any(filters))
            }
        }
    };
    (@one $($name:ident: $doc:literal),+) => {$(
        #[doc = $doc]
        pub fn $name(
            self,
            column: impl Into<$crate::mysql::ColumnRef>,
            value: impl Into<$crate::mysql::Scalar>,
        ) -> Self {
            self.filter($crate::mysql::$name(column, value))
        }
    )+};
}

/// Gives a builder with a field `query: Query` order and limit as methods.
macro_rules! order_methods {
    ($type:ident $(<$generic:ident>)?) => {
        impl $(<$generic>)? $type $(<$generic>)? {
            /// Sorts by this; further calls add weaker keys.
            pub fn order(mut self, term: $crate::mysql::Order) -> Self {
                self.query.order.push(term);
                self
            }

            /// At most so many rows. The service's own default and maximum are not documented.
            pub fn limit(mut self, rows: u64) -> Self {
                self.query.limit = Some(rows);
                self
            }
        }
    };
}

pub(crate) use {filter_methods, order_methods};
