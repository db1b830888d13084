//! Reading rows: all, counted, one, at most one.

use std::marker::PhantomData;

use bytes::Bytes;
use cloudbase_core::http::StatusCode;
use cloudbase_core::{
    CallOptions, Error, ErrorCode, ItemStream, Operation, PageStream, Response, Result,
};
use serde::de::DeserializeOwned;

use super::columns::Columns;
use super::count::{Count, total_of};
use super::pages::Source;
use super::relation::Related;
use super::request::{OBJECT, Query, Shape, filter_methods, order_methods};
use crate::Row;
use crate::lenient::Lenient;

/// Reads rows of a table; awaited, it gives a `Vec<T>`.
///
/// `T` is what the context asks for; where nothing does, say [`rows::<T>()`](Self::rows), with
/// [`Row`] for rows of no fixed shape.
///
/// Safe to repeat, so it is retried after transient failures.
///
/// ```no_run
/// use cloudbase_data::mysql::{MySql, desc};
///
/// #[derive(serde::Deserialize)]
/// struct Todo { id: i64, title: String }
///
/// # async fn run(mysql: MySql) -> cloudbase_core::Result<()> {
/// let todos: Vec<Todo> = mysql
///     .from("todos")
///     .select("id,title")
///     .eq("done", false)
///     .order(desc("id"))
///     .limit(20)
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Select<T = Row> {
    pub(crate) query: Query,
    pub(crate) columns: Columns,
    pub(crate) options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

filter_methods!(Select<T>);
order_methods!(Select<T>);
impl<T> Select<T> {
    pub(crate) fn new(query: Query, columns: Columns) -> Self {
        Self {
            query,
            columns,
            options: CallOptions::default(),
            rows: PhantomData,
        }
    }

    fn retype<U>(self) -> Select<U> {
        Select {
            query: self.query,
            columns: self.columns,
            options: self.options,
            rows: PhantomData,
        }
    }

    /// Leaves the first rows out.
    pub fn offset(mut self, rows: u64) -> Self {
        self.query.offset = Some(rows);
        self
    }

    /// The rows from position `from` to `to`, both included, counted from 0.
    pub fn range(mut self, from: u64, to: u64) -> Self {
        match to.checked_sub(from).and_then(|rows| rows.checked_add(1)) {
            Some(rows) => {
                self.query.offset = Some(from);
                self.query.limit = Some(rows);
            }
            None => self
                .query
                .reject(&Error::argument("range", "must not end before it begins")),
        }
        self
    }

    /// Conditions, order and bounds of an embedded relation, by its key in the response. Not confirmed on
    /// MySQL.
    #[doc(alias = "referencedTable")]
    pub fn related(mut self, relation: impl Into<String>, related: Related) -> Self {
        self.query.related.push((relation.into(), related));
        self
    }

    /// Counts all matching rows as well, whatever the limit: the response is a [`Page`].
    #[doc(alias = "count")]
    pub fn with_count(mut self) -> WithCount<T> {
        let options = std::mem::take(&mut self.options);
        WithCount {
            select: self,
            options,
        }
    }

    /// Counts the matching rows and reads none of them. Limit and order do not matter; the relations
    /// among the columns do.
    #[doc(alias = "head")]
    pub fn count(self) -> Count {
        Count::from_parts(self.query, self.columns, self.options)
    }

    /// Exactly one row: anything else is the service's error with status 406, for which
    /// [`is_not_found`](cloudbase_core::Error::is_not_found) is true if its message says that there is no
    /// row. To know "none" from "several" for sure, use [`maybe_single`](Self::maybe_single).
    pub fn single(self) -> Single<T> {
        let Self {
            query,
            columns,
            options,
            rows,
        } = self;
        Single {
            query,
            columns,
            options,
            rows,
        }
    }

    /// One row or none; several are an error with status 406.
    #[doc(alias = "maybeSingle")]
    pub fn maybe_single(self) -> MaybeSingle<T> {
        let Self {
            query,
            columns,
            options,
            rows,
        } = self;
        MaybeSingle {
            query,
            columns,
            options,
            rows,
        }
    }

    fn build(self) -> Result<Operation> {
        let shape = Shape {
            columns: Some(&self.columns),
            ..Shape::read("mysql.select")
        };
        Ok(self.query.operation(shape)?.options(self.options))
    }
}

impl Select<Row> {
    /// Says what a row is read into.
    pub fn rows<T: DeserializeOwned>(self) -> Select<T> {
        self.retype()
    }
}

impl<T: DeserializeOwned> Select<T> {
    // Not an `async fn`, whose future would hold the builder three times.
    fn respond(self) -> impl Future<Output = Result<Response<Vec<T>>>> {
        let client = self.query.target.client.clone();
        let operation = self.build();
        async move {
            let response = client.fetch(operation?).await?;
            let rows = rows(&response)?;
            Ok(response.map(|_| rows))
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Select<T> {
    /// All matching rows as pages of at most `size` rows, the next one fetched while one is worked
    /// on. A [`limit`](Self::limit) bounds the whole; an [`offset`](Self::offset) is where it begins.
    ///
    /// Pages are cut by position: sort by something unique (such as the primary key), else rows
    /// may come twice or not at all, and rows that others add or remove meanwhile shift the rest.
    /// To walk a very large or busy table, filter by `id > last` instead.
    ///
    /// # Errors
    ///
    /// The first failure is the last item.
    pub fn pages(self, size: u32) -> PageStream<Vec<T>> {
        PageStream::new(Source::new(self, size), true)
    }

    /// All matching rows one by one; never holds more than one page of `size` rows in memory. See
    /// [`pages`](Self::pages) for order, limit and errors.
    pub fn stream(self, size: u32) -> ItemStream<Vec<T>> {
        PageStream::new(Source::new(self, size), false).items()
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a row does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] Select<T> => Vec<T>; call, product, operation
}

/// Rows, and how many there are in all.
#[doc(alias = "MySqlResponse")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows match in all; absent if the service did not say.
    pub total: Option<u64>,
}

/// A [`Select`] that counts as well; awaited, it gives a [`Page`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct WithCount<T = Row> {
    select: Select<T>,
    options: CallOptions,
}

impl<T> WithCount<T> {
    fn build(self) -> Result<Operation> {
        let shape = Shape {
            columns: Some(&self.select.columns),
            prefer: &["count=exact"],
            ..Shape::read("mysql.select")
        };
        Ok(self.select.query.operation(shape)?.options(self.options))
    }
}

impl WithCount<Row> {
    /// Says what a row is read into.
    pub fn rows<T: DeserializeOwned>(self) -> WithCount<T> {
        WithCount {
            select: self.select.retype(),
            options: self.options,
        }
    }
}

impl<T: DeserializeOwned> WithCount<T> {
    async fn respond(self) -> Result<Response<Page<T>>> {
        let client = self.select.query.target.client.clone();
        let response = client.fetch(self.build()?).await?;
        let total = total_of(response.headers());
        let rows = rows(&response)?;
        Ok(response.map(|_| Page { rows, total }))
    }
}

cloudbase_core::request_builder! {
    /// As [`Select::send`].
    impl[T: DeserializeOwned + Send + 'static] WithCount<T> => Page<T>; call, product, operation
}

/// A [`Select`] of exactly one row.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Single<T = Row> {
    query: Query,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

impl<T> Single<T> {
    fn build(self) -> Result<Operation> {
        let shape = Shape {
            columns: Some(&self.columns),
            accept: OBJECT,
            ..Shape::read("mysql.select")
        };
        Ok(self.query.operation(shape)?.options(self.options))
    }
}

impl<T: DeserializeOwned> Single<T> {
    async fn respond(self) -> Result<Response<T>> {
        let client = self.query.target.client.clone();
        let response = client.fetch_json(self.build()?).await?;
        Ok(response.map(|Lenient(row)| row))
    }
}

cloudbase_core::request_builder! {
    /// As [`Select::send`]; status 406 if there is not exactly one row.
    impl[T: DeserializeOwned + Send + 'static] Single<T> => T; call, product, operation
}

/// A [`Select`] of one row or none.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct MaybeSingle<T = Row> {
    query: Query,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

impl<T> MaybeSingle<T> {
    fn build(mut self) -> Result<Operation> {
        // Two rows are enough to know that there is more than one.
        self.query.limit = Some(self.query.limit.map_or(2, |limit| limit.min(2)));
        let shape = Shape {
            columns: Some(&self.columns),
            ..Shape::read("mysql.select")
        };
        Ok(self.query.operation(shape)?.options(self.options))
    }
}

impl<T: DeserializeOwned> MaybeSingle<T> {
    async fn respond(self) -> Result<Response<Option<T>>> {
        let client = self.query.target.client.clone();
        let response = client.fetch(self.build()?).await?;
        let rows = rows(&response)?;
        response.try_map(|_| at_most_one(rows))
    }
}

cloudbase_core::request_builder! {
    /// As [`Select::send`]; status 406 if there are several rows.
    impl[T: DeserializeOwned + Send + 'static] MaybeSingle<T> => Option<T>; call, product, operation
}

/// The rows of a response: a list, if an empty one. Only 204 says by itself that there are none.
pub(crate) fn rows<T: DeserializeOwned>(response: &Response<Bytes>) -> Result<Vec<T>> {
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Vec::new());
    }
    response.read_json().map(|Lenient(rows)| rows)
}

pub(crate) fn at_most_one<T>(mut rows: Vec<T>) -> Result<Option<T>> {
    if rows.len() > 1 {
        return Err(Error::api(
            StatusCode::NOT_ACCEPTABLE,
            Some(ErrorCode::INVALID_REQUEST),
            "more than one row matches",
        ));
    }
    Ok(rows.pop())
}
