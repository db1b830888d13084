//! Writes that return the rows that they touched: all, one, at most one.

use std::marker::PhantomData;

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Idempotency, Operation, Response, Result};
use serde::de::DeserializeOwned;

use super::columns::Columns;
use super::count::total_of;
use super::request::{JSON, OBJECT, Query};
use super::select::{at_most_one, rows};
use super::write::{Write, Written};
use crate::Row;
use crate::lenient::Lenient;

/// A write that returns the rows that it touched; awaited, it gives a `Vec<T>`.
///
/// Inserted rows come with what the database filled in (such as the id), deleted rows as they were.
/// Update or delete and the reading of the rows are one transaction.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Returning<T = Row> {
    query: Query,
    write: Write,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

impl<T> Returning<T> {
    pub(crate) fn new(
        query: Query,
        mut write: Write,
        columns: Columns,
        options: CallOptions,
    ) -> Self {
        // A repeated delete would find nothing to delete.
        if write.method == Method::DELETE {
            write.idempotency = Idempotency::Unsafe;
        }
        Self {
            query,
            write,
            columns,
            options,
            rows: PhantomData,
        }
    }

    /// Expects exactly one row; anything else is the service's error with status 406.
    pub fn single(self) -> ReturningSingle<T> {
        ReturningSingle {
            query: self.query,
            write: self.write,
            columns: self.columns,
            options: self.options,
            rows: self.rows,
        }
    }

    /// Expects one row or none. Several rows are an error, but stay written: the service is asked for a
    /// list, as it has the same error for none and for several where it is asked for
    /// [one row](Self::single).
    #[doc(alias = "maybeSingle")]
    pub fn maybe_single(self) -> ReturningMaybeSingle<T> {
        ReturningMaybeSingle {
            query: self.query,
            write: self.write,
            columns: self.columns,
            options: self.options,
            rows: self.rows,
        }
    }

    fn build(self) -> Result<Operation> {
        self.write
            .operation(&self.query, self.options, Some((&self.columns, JSON)))
    }
}

impl Returning<Row> {
    /// Says what a row is read into.
    pub fn rows<T: DeserializeOwned>(self) -> Returning<T> {
        Returning {
            query: self.query,
            write: self.write,
            columns: self.columns,
            options: self.options,
            rows: PhantomData,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Returning<T> {
    async fn respond(self) -> Result<Response<Vec<T>>> {
        Ok(self.send_with_written().await?.map(|(_, rows)| rows))
    }

    /// Like [`send_with_meta`](Self::send_with_meta), with how many rows were touched: also where the
    /// caller may write rows that it cannot read.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_written(self) -> Result<Response<(Written, Vec<T>)>> {
        if self.write.is_empty_batch() {
            let nothing = Written { affected: Some(0) };
            return Ok(Response::without_call(
                self.write.name,
                (nothing, Vec::new()),
            ));
        }
        let client = self.query.target.client.clone();
        let response = client.fetch(self.build()?).await?;
        let affected = total_of(response.headers());
        let rows = written_rows(&response)?;
        Ok(response.map(|_| (Written { affected }, rows)))
    }
}

/// The rows of a write, which has happened, whether they came or not.
fn written_rows<T: DeserializeOwned>(response: &Response<Bytes>) -> Result<Vec<T>> {
    if response.value().is_empty() {
        return Ok(Vec::new());
    }
    rows(response)
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a row does not fit `T` (the write has happened then).
    impl[T: DeserializeOwned + Send + 'static] Returning<T> => Vec<T>; call, product, write, operation
}

/// A write that returns its one row.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct ReturningSingle<T = Row> {
    query: Query,
    write: Write,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

impl<T> ReturningSingle<T> {
    fn build(self) -> Result<Operation> {
        self.write
            .operation(&self.query, self.options, Some((&self.columns, OBJECT)))
    }
}

impl<T: DeserializeOwned> ReturningSingle<T> {
    async fn respond(self) -> Result<Response<T>> {
        let client = self.query.target.client.clone();
        let response = client.fetch_json(self.build()?).await?;
        Ok(response.map(|Lenient(row)| row))
    }
}

cloudbase_core::request_builder! {
    /// As [`Returning::send`]; status 406 if there is not exactly one row.
    impl[T: DeserializeOwned + Send + 'static] ReturningSingle<T> => T; call, product, write, operation
}

/// A write that returns its row, if there is one; see [`Returning::maybe_single`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct ReturningMaybeSingle<T = Row> {
    query: Query,
    write: Write,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

cloudbase_core::request_builder! {
    /// As [`Returning::send`]; status 406 if there are several rows (all of them were written).
    impl[T: DeserializeOwned + Send + 'static] ReturningMaybeSingle<T> => Option<T>; call, product, write, operation
}

impl<T> ReturningMaybeSingle<T> {
    fn build(self) -> Result<Operation> {
        self.into_returning().build()
    }

    fn into_returning(self) -> Returning<T> {
        Returning {
            query: self.query,
            write: self.write,
            columns: self.columns,
            options: self.options,
            rows: self.rows,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> ReturningMaybeSingle<T> {
    async fn respond(self) -> Result<Response<Option<T>>> {
        let response = self.into_returning().respond().await?;
        response.try_map(at_most_one)
    }
}
